"""The constrained acceleration of one environment, by Newton's method or conjugate gradients.

Gauss' principle: the acceleration minimizes

    1/2 (a - a_smooth)^T M (a - a_smooth) + sum of s(J a - aref) over rows and contacts

with the costs s of rigid_row.py and rigid_cone.py (MuJoCo documentation, chapter Computation,
section Constraint solver). The line search is exact and everything is decided by this environment
alone.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_cone import cone_along, cone_force, cone_pieces
from genesis_state.kernels.rigid_contact import (
    make_constraints,
    read_cone,
    write_contact_forces,
)
from genesis_state.kernels.rigid_dynamics import factor_and_solve, mul_mass, solve
from genesis_state.kernels.rigid_hessian import assemble, find_pattern, solve_hessian
from genesis_state.kernels.rigid_parameters import mean_inertia
from genesis_state.kernels.rigid_row import row_derivatives, row_piece
from genesis_state.kernels.rigid_smooth import smooth_force
from genesis_state.kernels.subroutine import calls, subroutine


@ti.func
def warm_start(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`dofs_acc` of the last step → its `Ma`, `row_x`, `contact_x`.

    Newton's method comes from there to the minimum in hardly more iterations than from the better
    of it and the acceleration without constraints, which would have to be found first.
    """
    total = 0.0
    for i in range(n.dofs):
        total += d.dofs_acc[e, i]
    # A start that is not a number must not survive.
    if ti.static(not n.warm_start) or ti.math.isnan(total) or ti.math.isinf(total):
        for i in range(n.dofs):
            d.dofs_acc[e, i] = 0.0
    mul_mass(e, m, n, d, d.dofs_acc, d.Ma)
    for r in range(d.n_rows[e]):
        x = -d.row_aref[e, r]
        for k in range(d.row_first[e, r], d.row_end[e, r]):
            x += d.row_J[e, r, k] * d.dofs_acc[e, k]
        d.row_x[e, r] = x
    if ti.static(n.contacts > 0):
        for c in range(d.n_contacts[e]):
            if d.contact_dim[e, c] > 0:
                x = -read_cone(d.contact_aref, e, c, n)
                for s in range(d.contact_n_dofs[e, c]):
                    i = d.contact_dof[e, c, s]
                    x += read_cone(d.contact_J, e, c * n.span + s, n) * d.dofs_acc[e, i]
                for k in ti.static(range(n.cone_dim)):
                    d.contact_x[e, c, k] = x[k]


@ti.func
def move_rows(e, n: ti.template(), d: ti.template(), step):
    """x += step * Jv in all rows and contacts."""
    for r in range(d.n_rows[e]):
        d.row_x[e, r] = d.row_x[e, r] + step * d.row_Jv[e, r]
    if ti.static(n.contacts > 0):
        for c in range(d.n_contacts[e]):
            for k in ti.static(range(n.cone_dim)):
                d.contact_x[e, c, k] = d.contact_x[e, c, k] + step * d.contact_Jv[e, c, k]


@ti.func
def gradient(e, n: ti.template(), d: ti.template()):
    """`grad` of the cost, `qfrc_constraint` and `contact_f`; returns |grad|^2."""
    for i in range(n.dofs):
        d.qfrc_constraint[e, i] = 0.0
    for r in range(d.n_rows[e]):
        _cost, slope, _curvature = row_derivatives(e, r, d, d.row_x[e, r])
        if slope != 0.0:
            for k in range(d.row_first[e, r], d.row_end[e, r]):
                d.qfrc_constraint[e, k] = d.qfrc_constraint[e, k] - d.row_J[e, r, k] * slope
    if ti.static(n.contacts > 0):
        for c in range(d.n_contacts[e]):
            dim = d.contact_dim[e, c]
            if dim > 0:
                mu = read_cone(d.contact_mu, e, c, n)
                f = cone_force(n, d.contact_D[e, c], mu, dim, read_cone(d.contact_x, e, c, n))
                for k in ti.static(range(n.cone_dim)):
                    d.contact_f[e, c, k] = f[k]
                if f[0] != 0.0:
                    for s in range(d.contact_n_dofs[e, c]):
                        i = d.contact_dof[e, c, s]
                        J = read_cone(d.contact_J, e, c * n.span + s, n)
                        d.qfrc_constraint[e, i] = d.qfrc_constraint[e, i] + f.dot(J)
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
    for i in range(n.dofs):
        d.search[e, i] = -d.grad[e, i]
    factor_and_solve(e, m, n, d.M_factor, d.search)


@ti.func
def conjugate_direction(e, m: ti.template(), n: ti.template(), d: ti.template(), k):
    """`search` of iteration `k`: -M^-1 grad, conjugate to the last one after Polak and Ribiere."""
    top = 0.0
    bottom = 0.0
    for i in range(n.dofs):
        d.Mgrad[e, i] = d.grad[e, i]
    solve(e, m, n, d.M_factor, d.Mgrad)
    if k == 0:
        for i in range(n.dofs):
            d.search[e, i] = 0.0
    else:
        for i in range(n.dofs):
            top += d.grad[e, i] * (d.Mgrad[e, i] - d.Mgrad_before[e, i])
            bottom += d.grad_before[e, i] * d.Mgrad_before[e, i]
    beta = 0.0
    if top > 0.0:
        beta = top / ti.max(bottom, 1e-15)
    for i in range(n.dofs):
        d.search[e, i] = beta * d.search[e, i] - d.Mgrad[e, i]
        d.grad_before[e, i] = d.grad[e, i]
        d.Mgrad_before[e, i] = d.Mgrad[e, i]


@ti.func
def find_direction(e, m: ti.template(), n: ti.template(), d: ti.template(), k):
    """`search` of iteration `k`."""
    if ti.static(not n.newton):
        conjugate_direction(e, m, n, d, k)
    elif ti.static(n.coupling_rows + n.contacts == 0):
        sparse_direction(e, m, n, d)
    else:
        if ti.static(not n.fixed_pattern):
            if k == 0:
                find_pattern(e, m, n, d)
        assemble(e, m, n, d)
        for i in range(n.dofs):
            d.search[e, i] = -d.grad[e, i]
        solve_hessian(e, m, n, d, d.search)


@ti.func
def move_along_search(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`Mv` = M search, `row_Jv`, `contact_Jv` = J search; whether one step stays on one quadratic.

    If nothing changes its piece, the cost is quadratic all along the way and the Newton step ends
    exactly at the minimum.
    """
    mul_mass(e, m, n, d, d.search, d.Mv)
    same = True
    for r in range(d.n_rows[e]):
        v = 0.0
        for k in range(d.row_first[e, r], d.row_end[e, r]):
            v += d.row_J[e, r, k] * d.search[e, k]
        d.row_Jv[e, r] = v
        if row_piece(e, r, d, d.row_x[e, r]) != row_piece(e, r, d, d.row_x[e, r] + v):
            same = False
    if ti.static(n.contacts > 0):
        for c in range(d.n_contacts[e]):
            dim = d.contact_dim[e, c]
            if dim > 0:
                v = ti.Vector.zero(float, n.cone_dim)
                for s in range(d.contact_n_dofs[e, c]):
                    i = d.contact_dof[e, c, s]
                    v += read_cone(d.contact_J, e, c * n.span + s, n) * d.search[e, i]
                for k in ti.static(range(n.cone_dim)):
                    d.contact_Jv[e, c, k] = v[k]
                mu = read_cone(d.contact_mu, e, c, n)
                x = read_cone(d.contact_x, e, c, n)
                before = -2
                for _ in range(2):
                    piece = cone_pieces(n, mu, dim, x)
                    if piece == -1 or (before != -2 and piece != before):
                        same = False
                    before = piece
                    x += v
    return same and ti.static(bool(n.newton))


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
    for k in range(iterations):
        if not done:
            alpha = following
            # Summed as differences, which are far smaller than the costs.
            improvement = -alpha * (linear_term + 0.5 * alpha * square_term)
            slope = linear_term + alpha * square_term
            curvature = square_term
            for r in range(d.n_rows[e]):
                v = d.row_Jv[e, r]
                if v != 0.0:
                    x = d.row_x[e, r] + alpha * v
                    cost, row_slope, row_curvature = row_derivatives(e, r, d, x)
                    if k == 0:
                        d.row_cost[e, r] = cost
                    improvement += d.row_cost[e, r] - cost
                    slope += row_slope * v
                    curvature += row_curvature * v * v
            if ti.static(n.contacts > 0):
                for c in range(d.n_contacts[e]):
                    dim = d.contact_dim[e, c]
                    if dim > 0:
                        v = read_cone(d.contact_Jv, e, c, n)
                        x = read_cone(d.contact_x, e, c, n) + alpha * v
                        mu = read_cone(d.contact_mu, e, c, n)
                        cost, cone_slope, cone_curvature = cone_along(
                            n, d.contact_D[e, c], mu, dim, x, v
                        )
                        if k == 0:
                            d.contact_cost[e, c] = cost
                        improvement += d.contact_cost[e, c] - cost
                        slope += cone_slope
                        curvature += cone_curvature
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


@ti.func
def free_acceleration(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`dofs_acc` where nothing constrains it."""
    for i in range(n.dofs):
        d.qfrc_constraint[e, i] = 0.0
        d.dofs_acc[e, i] = d.qfrc_smooth[e, i]
    if ti.static(n.newton):
        for k in range(n.M_entries):
            d.M_factor[e, k] = d.M[e, k]
        factor_and_solve(e, m, n, d.M_factor, d.dofs_acc)
    else:  # it is factored anyway
        solve(e, m, n, d.M_factor, d.dofs_acc)
    d.grad_norm[e] = 0.0


@subroutine
def descent(
    e: ti.i32,
    m: ti.template(),
    n: ti.template(),
    d: ti.template(),
    h: float,
    k: ti.i32,
    last: ti.i32,
):
    """First half of iteration `k`: `grad`, its scaled norm and, unless there is no need, `search`.

    Before the first iteration come constraints, forces that follow from what touches, and the
    start: a function that is called may call one other only, and this keeps each of them small.
    """
    constrained = True
    if k == 0:
        if ti.static(calls()):
            make_constraints(e, m, n, d, h)
        if ti.static(n.adhesions > 0):
            smooth_force(e, m, n, d, h)
        constrained = d.n_rows[e] + d.n_contacts[e] > 0
        if constrained:
            warm_start(e, m, n, d)
        else:
            free_acceleration(e, m, n, d)
    if ti.static(n.rows + n.contacts > 0):
        if constrained:
            d.grad_norm[e] = ti.sqrt(gradient(e, n, d)) / (mean_inertia(e, m, n, d) * n.dofs)
            if last == 0 and d.grad_norm[e] >= m.tolerance[0]:
                find_direction(e, m, n, d, k)


@subroutine
def constrained_acceleration(
    e: ti.i32, m: ti.template(), n: ti.template(), d: ti.template(), h: float
):
    """`qfrc_smooth` and the state → `dofs_acc`, `qfrc_constraint`, forces of contacts."""
    scale = 1.0 / (mean_inertia(e, m, n, d) * n.dofs)
    tolerance = m.tolerance[0]
    arrived = False  # all that is left is to read off the forces
    done = False
    for k in range(m.iterations[0] + 1):
        if not done:
            last = arrived or k == m.iterations[0]
            descent(e, m, n, d, h, k, ti.cast(last, ti.i32))
            if last or not d.grad_norm[e] >= tolerance:
                done = True
            else:
                alpha = 1.0
                arrived = move_along_search(e, m, n, d)
                if not arrived:
                    length2 = 0.0
                    for i in range(n.dofs):
                        length2 += d.search[e, i] * d.search[e, i]
                    ls_tolerance = tolerance * m.ls_tolerance[0] * ti.sqrt(length2) / scale
                    step, improvement = line_search(e, n, d, ls_tolerance, m.ls_iterations[0])
                    alpha = step
                    arrived = not improvement * scale >= tolerance
                for i in range(n.dofs):
                    d.dofs_acc[e, i] = d.dofs_acc[e, i] + alpha * d.search[e, i]
                    d.Ma[e, i] = d.Ma[e, i] + alpha * d.Mv[e, i]
                move_rows(e, n, d, alpha)
    if ti.static(n.contacts > 0):
        write_contact_forces(e, n, d)
