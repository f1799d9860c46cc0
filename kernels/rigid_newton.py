"""Newton's method for the constrained acceleration of one environment.

Gauss' principle: the acceleration minimizes

    1/2 (a - a_smooth)^T M (a - a_smooth) + sum over rows of s_r(J_r a - aref_r)

with s_r quadratic for equalities, a Huber function for dry friction and one-sided for limits
(MuJoCo documentation, chapter Computation, section Constraint solver). The search is exact and
everything is decided by this environment alone.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_constraint import make_rows
from genesis_state.kernels.rigid_dynamics import factor, mul_mass, solve
from genesis_state.kernels.rigid_narrow_phase import find_contacts
from genesis_state.kernels.subroutine import subroutine


@ti.func
def row_derivatives(e, r, d: ti.template(), x):
    """Cost, its slope and its curvature in row `r` at J a - aref = x."""
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
def rows_at(e, d: ti.template(), a: ti.template(), y: ti.template()):
    """y = J a - aref; returns the rows' total cost."""
    total = 0.0
    for r in range(d.n_rows[e]):
        x = -d.row_aref[e, r]
        for k in range(d.row_first[e, r], d.row_end[e, r]):
            x += d.row_J[e, r, k] * a[e, k]
        y[e, r] = x
        cost, _slope, _curvature = row_derivatives(e, r, d, x)
        total += cost
    return total


@ti.func
def warm_start(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`dofs_acc` → the better of itself and `acc_smooth`, with its `Ma` and `row_x`."""
    mul_mass(e, m, n, d, d.dofs_acc, d.Ma)
    warm = rows_at(e, d, d.dofs_acc, d.row_x)
    for i in range(n.dofs):
        difference = d.dofs_acc[e, i] - d.acc_smooth[e, i]
        warm += 0.5 * difference * (d.Ma[e, i] - d.qfrc_smooth[e, i])
    cold = rows_at(e, d, d.acc_smooth, d.row_Jv)
    # Not "warm > cold": a warm start that is not a number must not survive.
    if not warm <= cold:
        for i in range(n.dofs):
            d.dofs_acc[e, i] = d.acc_smooth[e, i]
            d.Ma[e, i] = d.qfrc_smooth[e, i]
        for r in range(d.n_rows[e]):
            d.row_x[e, r] = d.row_Jv[e, r]


@ti.func
def gradient(e, n: ti.template(), d: ti.template()):
    """`grad` of the cost and `qfrc_constraint`; returns |grad|^2."""
    for i in range(n.dofs):
        d.qfrc_constraint[e, i] = 0.0
    for r in range(d.n_rows[e]):
        _cost, slope, _curvature = row_derivatives(e, r, d, d.row_x[e, r])
        if slope != 0.0:
            for k in range(d.row_first[e, r], d.row_end[e, r]):
                d.qfrc_constraint[e, k] = d.qfrc_constraint[e, k] - d.row_J[e, r, k] * slope
    norm2 = 0.0
    for i in range(n.dofs):
        g = d.Ma[e, i] - d.qfrc_smooth[e, i] - d.qfrc_constraint[e, i]
        d.grad[e, i] = g
        norm2 += g * g
    return norm2


@ti.func
def sparse_direction(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`search` = -H^-1 grad where every row acts on one dof, so that H is as sparse as M."""
    for k in range(n.M_entries):
        d.M_factor[e, k] = d.M[e, k]
    for r in range(d.n_rows[e]):
        _cost, _slope, curvature = row_derivatives(e, r, d, d.row_x[e, r])
        i = d.row_first[e, r]
        k = m.M_row_start[i] + m.M_row_size[i] - 1
        J = d.row_J[e, r, i]
        d.M_factor[e, k] = d.M_factor[e, k] + curvature * J * J
    factor(e, m, n, d.M_factor)
    for i in range(n.dofs):
        d.search[e, i] = -d.grad[e, i]
    solve(e, m, n, d.M_factor, d.search)


@ti.func
def dense_direction(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`search` = -H^-1 grad by a dense Cholesky factor of H."""
    for i in range(n.dofs):
        for k in range(i + 1):
            d.H[e, i, k] = 0.0
    for i in range(n.dofs):
        start = m.M_row_start[i]
        for s in range(m.M_row_size[i]):
            d.H[e, i, m.M_column[start + s]] = d.M[e, start + s]
    for r in range(d.n_rows[e]):
        _cost, _slope, curvature = row_derivatives(e, r, d, d.row_x[e, r])
        if curvature > 0.0:
            first = d.row_first[e, r]
            for i in range(first, d.row_end[e, r]):
                Ji = d.row_J[e, r, i]
                if Ji != 0.0:
                    for k in range(first, i + 1):
                        d.H[e, i, k] = d.H[e, i, k] + curvature * Ji * d.row_J[e, r, k]
    for i in range(n.dofs):
        for k in range(i + 1):
            x = d.H[e, i, k]
            for s in range(k):
                x -= d.H[e, i, s] * d.H[e, k, s]
            if i == k:
                d.H[e, i, i] = 1.0 / ti.sqrt(ti.max(x, 1e-15))
            else:
                d.H[e, i, k] = x * d.H[e, k, k]
    for i in range(n.dofs):
        x = -d.grad[e, i]
        for s in range(i):
            x -= d.H[e, i, s] * d.search[e, s]
        d.search[e, i] = x * d.H[e, i, i]
    for r in range(n.dofs):
        i = n.dofs - 1 - r
        x = d.search[e, i]
        for s in range(i + 1, n.dofs):
            x -= d.H[e, s, i] * d.search[e, s]
        d.search[e, i] = x * d.H[e, i, i]


@ti.func
def newton_direction(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`search` = -H^-1 grad with H = M + J^T D J over the active rows."""
    if ti.static(n.coupling_rows > 0):
        dense_direction(e, m, n, d)
    else:
        sparse_direction(e, m, n, d)


@ti.func
def branch(e, r, d: ti.template(), x):
    """Which piece of its cost row `r` is on at J a - aref = x."""
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


@ti.func
def move_along_search(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`Mv` = M search, `row_Jv` = J search; returns whether a step of one stays on one quadratic.

    If no row changes its piece, the cost is quadratic all along the way and the Newton step ends
    exactly at the minimum.
    """
    mul_mass(e, m, n, d, d.search, d.Mv)
    same = True
    for r in range(d.n_rows[e]):
        v = 0.0
        for k in range(d.row_first[e, r], d.row_end[e, r]):
            v += d.row_J[e, r, k] * d.search[e, k]
        d.row_Jv[e, r] = v
        if branch(e, r, d, d.row_x[e, r]) != branch(e, r, d, d.row_x[e, r] + v):
            same = False
    return same


@ti.func
def line_search(e, n: ti.template(), d: ti.template(), gradient_tolerance, iterations):
    """Exact step along `search`; returns it and by how much it lowers the cost.

    The slope of a convex function of one variable grows: Newton steps towards its root are kept
    between the last points where it was seen negative and positive.
    """
    linear_term = 0.0
    square_term = 0.0
    for i in range(n.dofs):
        linear_term += d.search[e, i] * (d.Ma[e, i] - d.qfrc_smooth[e, i])
        square_term += d.search[e, i] * d.Mv[e, i]
    low = 0.0
    high = -1.0  # none seen yet
    alpha = 0.0
    following = 0.0
    improvement = 0.0
    done = False
    for _ in range(iterations):
        if not done:
            alpha = following
            slope = linear_term + alpha * square_term
            curvature = square_term
            improvement = -alpha * (linear_term + 0.5 * alpha * square_term)
            for r in range(d.n_rows[e]):
                x = d.row_x[e, r]
                v = d.row_Jv[e, r]
                if v != 0.0:
                    before, _s, _c = row_derivatives(e, r, d, x)
                    cost, row_slope, row_curvature = row_derivatives(e, r, d, x + alpha * v)
                    improvement += before - cost
                    slope += row_slope * v
                    curvature += row_curvature * v * v
            if slope < 0.0:
                low = alpha
            else:
                high = alpha
            following = alpha - slope / curvature
            if high >= 0.0 and not (following > low and following < high):
                following = 0.5 * (low + high)
            if not ti.abs(slope) >= gradient_tolerance or following == alpha:
                done = True
    if not improvement > 0.0:
        alpha = 0.0
    return alpha, improvement


@subroutine
def constrained_acceleration(
    e: ti.i32, m: ti.template(), n: ti.template(), d: ti.template(), h: float
):
    """`acc_smooth` and the state → the constraint rows, `dofs_acc`, `qfrc_constraint`."""
    if ti.static(n.contacts > 0):
        find_contacts(e, m, n, d)
    make_rows(e, m, n, d, h)
    if d.n_rows[e] == 0:
        for i in range(n.dofs):
            d.dofs_acc[e, i] = d.acc_smooth[e, i]
            d.qfrc_constraint[e, i] = 0.0
    else:
        warm_start(e, m, n, d)
        scale = 1.0 / (m.mean_inertia[0] * n.dofs)
        tolerance = m.tolerance[0]
        done = False
        for _ in range(m.iterations[0]):
            if not done:
                norm = ti.sqrt(gradient(e, n, d))
                if not scale * norm >= tolerance:
                    done = True
                else:
                    newton_direction(e, m, n, d)
                    alpha = 1.0
                    done = move_along_search(e, m, n, d)
                    if not done:
                        length2 = 0.0
                        for i in range(n.dofs):
                            length2 += d.search[e, i] * d.search[e, i]
                        ls_tolerance = tolerance * m.ls_tolerance[0] * ti.sqrt(length2) / scale
                        step, improvement = line_search(e, n, d, ls_tolerance, m.ls_iterations[0])
                        alpha = step
                        done = not improvement * scale >= tolerance
                    for i in range(n.dofs):
                        d.dofs_acc[e, i] = d.dofs_acc[e, i] + alpha * d.search[e, i]
                        d.Ma[e, i] = d.Ma[e, i] + alpha * d.Mv[e, i]
                    for r in range(d.n_rows[e]):
                        d.row_x[e, r] = d.row_x[e, r] + alpha * d.row_Jv[e, r]
        gradient(e, n, d)
