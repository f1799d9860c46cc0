"""One constraint row: how it begins, and its cost as a function of x = J a - aref.

The cost is quadratic for equalities, a Huber function for dry friction, one-sided for limits.
"""

from genesis_state.kernels.lang import ti

# Kinds of a row; those of tendons come last.
EQUALITY, FRICTION, LIMIT, TENDON_FRICTION, TENDON_LOWER, TENDON_UPPER = 0, 1, 2, 3, 4, 5


@ti.func
def new_row(e, d: ti.template(), kind, source, first, end, position, violation, weight):
    """Appends a row with a zero Jacobian over the dofs `first` to `end` and returns its number.

    `source` is the equality, dof, joint or tendon whose parameters hold, `position` this row's
    share of the violation, `violation` that of the whole constraint, `weight` the mean inverse
    inertia that it meets.
    """
    r = d.n_rows[e]
    d.n_rows[e] = r + 1
    d.row_kind[e, r] = kind
    d.row_source[e, r] = source
    d.row_first[e, r] = first
    d.row_end[e, r] = end
    d.row_position[e, r] = position
    d.row_violation[e, r] = violation
    d.row_weight[e, r] = weight
    d.row_J_rate[e, r] = 0.0
    for k in range(first, end):
        d.row_J[e, r, k] = 0.0
    return r


@ti.func
def quartic(p, x):
    """What a coupling adds to its constant p[0] at `x`, and the derivative."""
    value = x * (p[1] + x * (p[2] + x * (p[3] + x * p[4])))
    slope = p[1] + x * (2.0 * p[2] + x * (3.0 * p[3] + x * 4.0 * p[4]))
    return value, slope


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
