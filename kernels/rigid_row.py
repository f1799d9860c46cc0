"""Cost of one constraint row as a function of x = J a - aref, and its derivatives.

Quadratic for equalities, a Huber function for dry friction, one-sided for limits.
"""

from genesis_state.kernels.lang import ti


@ti.func
def row_derivatives(e, r, d: ti.template(), x):
    """Cost, its slope and its curvature in row `r`."""
    D = d.row_D[e, r]
    cost = 0.5 * D * x * x
    slope = D * x
    curvature = D
    if r >= d.n_equality_rows[e]:
        floss = d.row_floss[e, r]
        if floss > 0.0:
            if ti.abs(slope) >= floss:
                cost = floss * (ti.abs(x) - 0.5 * floss / D)
                slope = floss * ti.math.sign(x)
                curvature = 0.0
        elif x >= 0.0:
            cost = 0.0
            slope = 0.0
            curvature = 0.0
    return cost, slope, curvature


@ti.func
def row_piece(e, r, d: ti.template(), x):
    """Which piece of its cost row `r` is on."""
    piece = 0
    if r >= d.n_equality_rows[e]:
        floss = d.row_floss[e, r]
        force = d.row_D[e, r] * x
        if floss > 0.0:
            if force >= floss:
                piece = 1
            elif force <= -floss:
                piece = 2
        elif x >= 0.0:
            piece = 3
    return piece
