"""Friction of one environment solved once more as if it were rigid, after the constraint solver.

The solver lets what sticks creep, as softly as its other constraints give way. Here all forces stay
but those of dry friction and those along the tangents of contacts, which are to minimize

    1/2 f^T A f + f^T (J a - aref at f = 0),   A = J M^-1 J^T

within |f| <= frictionloss and within each contact's cone at its normal force: no softness is added
to A (MuJoCo documentation, chapter Computation, section Constraint solver, NoSlip). These forces
are the slips. Sweeps go through them in MuJoCo's order of rows and keep `Ma`, all forces together,
from which J a = (M^-1 J^T) . Ma follows. They end with the one that lowers the cost by less than
the tolerance, in the whole environment: MuJoCo does so for each group of things that touch, unless
its flag `island` is disabled.

A pair of opposing edges of a pyramid keeps its sum: what is left is the force along that tangent,
between plus and minus friction times that sum. An elliptic cone is solved for all its tangents.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_contact import read_cone, write_contact_forces
from genesis_state.kernels.rigid_dynamics import factor, solve
from genesis_state.kernels.rigid_parameters import mean_inertia
from genesis_state.kernels.rigid_row import row_derivatives
from genesis_state.kernels.subroutine import subroutine

MIN_VALUE = 1e-15
MIN_DIAGONAL = 1e-10  # of A, and of what is inverted with it
WORSE = 1e-10  # a change that costs more than this is taken back


@ti.func
def new_slip(e, d: ti.template(), of, axis, force, limit, aref):
    """Appends a slip: of row `of` if `axis` is 0, else along that axis of contact `of`."""
    s = d.n_slips[e]
    d.n_slips[e] = s + 1
    d.slip_of[e, s] = of
    d.slip_axis[e, s] = axis
    d.slip_force[e, s] = force
    d.slip_limit[e, s] = limit
    d.slip_aref[e, s] = aref


@ti.func
def find_slips(e, n: ti.template(), d: ti.template()):
    """Forces of the solver → the slips; returns the cost that the softness of constraints has."""
    softness = 0.0
    d.n_slips[e] = 0
    for r in range(d.n_rows[e]):
        _cost, slope, _curvature = row_derivatives(e, r, d, d.row_x[e, r])
        softness += 0.5 * slope * slope / d.row_D[e, r]
        if d.row_floss[e, r] > 0.0:
            new_slip(e, d, r, 0, -slope, d.row_floss[e, r], d.row_aref[e, r])
    if ti.static(n.contacts > 0):
        for c in range(d.n_contacts[e]):
            dim = d.contact_dim[e, c]
            if dim > 0:
                D = d.contact_D[e, c]
                if ti.static(n.elliptic):
                    softness += 0.5 * d.contact_f[e, c, 0] * d.contact_f[e, c, 0] / D
                for k in range(1, dim):
                    mu = d.contact_mu[e, c, k]
                    force = d.contact_f[e, c, k]
                    limit = d.contact_f[e, c, 0]
                    if ti.static(n.elliptic):
                        soft = force * d.contact_mu[e, c, 0] / mu
                        softness += 0.5 * soft * soft / D
                    else:
                        plus = ti.max(-D * (d.contact_x[e, c, 0] + mu * d.contact_x[e, c, k]), 0.0)
                        minus = ti.max(-D * (d.contact_x[e, c, 0] - mu * d.contact_x[e, c, k]), 0.0)
                        softness += 0.5 * (plus * plus + minus * minus) / D
                        limit = mu * (plus + minus)
                    if limit > 0.0:
                        new_slip(e, d, c, k, force, limit, d.contact_aref[e, c, k])
    return softness


@ti.func
def add_slip(e, s, scale, n: ti.template(), d: ti.template(), y: ti.template()):
    """y += scale J^T of slip `s`."""
    of = d.slip_of[e, s]
    axis = d.slip_axis[e, s]
    if axis == 0:
        for i in range(d.row_first[e, of], d.row_end[e, of]):
            y[e, i] = y[e, i] + scale * d.row_J[e, of, i]
    if ti.static(n.contacts > 0):
        if axis > 0:
            for t in range(d.contact_n_dofs[e, of]):
                i = d.contact_dof[e, of, t]
                y[e, i] = y[e, i] + scale * d.contact_J[e, of * n.span + t, axis]


@ti.func
def find_columns(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """M's factors and the slips → their `slip_column` and `slip_A`."""
    for s in range(d.n_slips[e]):
        for i in range(n.dofs):
            d.search[e, i] = 0.0
        add_slip(e, s, 1.0, n, d, d.search)
        # Against itself, and for a cone against those before it: then J M^-1 of these is known.
        first = s
        if ti.static(n.elliptic):
            if d.slip_axis[e, s] > 0:
                first = s - d.slip_axis[e, s] + 1
        for t in range(first, s):
            A = 0.0
            for i in range(n.dofs):
                A += d.slip_column[e, t, i] * d.search[e, i]
            d.slip_A[e, s, t - first] = A
            d.slip_A[e, t, s - first] = A
        for i in range(n.dofs):
            d.slip_column[e, s, i] = d.search[e, i]
        solve(e, m, n, d.M_factor, d.search)
        A = 0.0
        for i in range(n.dofs):
            A += d.slip_column[e, s, i] * d.search[e, i]
            d.slip_column[e, s, i] = d.search[e, i]
        d.slip_A[e, s, s - first] = A
        if ti.static(not n.elliptic):
            axis = d.slip_axis[e, s]
            if axis > 0:
                mu = d.contact_mu[e, d.slip_of[e, s], axis]
                # Too heavy to tell the edges apart: the force is zero.
                if 4.0 * mu * mu * A < MIN_VALUE:
                    d.slip_limit[e, s] = 0.0


@ti.func
def slip_acceleration(e, s, n: ti.template(), d: ti.template()):
    """J a - aref of slip `s`."""
    x = -d.slip_aref[e, s]
    for i in range(n.dofs):
        x += d.slip_column[e, s, i] * d.Ma[e, i]
    return x


@ti.func
def solve_interval(e, s, n: ti.template(), d: ti.template()):
    """The best force of slip `s` within its limit, all others as they are; returns the gain."""
    x = slip_acceleration(e, s, n, d)
    A = ti.max(d.slip_A[e, s, 0], MIN_VALUE)
    before = d.slip_force[e, s]
    limit = d.slip_limit[e, s]
    force = ti.min(ti.max(before - x / A, -limit), limit)
    change = force - before
    cost = change * (0.5 * A * change + x)
    if cost > WORSE:
        cost = 0.0
    else:
        d.slip_force[e, s] = force
        add_slip(e, s, change, n, d, d.Ma)
    return -cost


@ti.func
def best_in_ball(A, b, radius, dim, size: ti.template()):
    """The v with |v| <= radius that minimizes 1/2 v^T A v + v^T b, zero where A is singular.

    Newton's method finds the multiplier, with MuJoCo's tolerances. Beyond `dim`, A is that of the
    identity and b zero.
    """
    v = ti.Vector.zero(float, size)
    multiplier = 0.0
    regular = True
    done = False
    for _ in range(20):
        if not done:
            # L D L^T of A plus the multiplier, then v and (A + multiplier)^-1 v.
            L = A
            determinant = 1.0
            least = 1.0
            for k in ti.static(range(size)):
                L[k, k] += multiplier
                for j in ti.static(range(k)):
                    for i in ti.static(range(j)):
                        L[k, j] -= L[k, i] * L[j, i] * L[i, i]
                    L[k, j] /= L[j, j]
                    L[k, k] -= L[k, j] * L[k, j] * L[j, j]
                if k < dim:
                    determinant *= L[k, k]
                    least = ti.min(least, L[k, k])
            # Of two and three dimensions MuJoCo looks at the determinant, of more at each pivot.
            if dim <= 3:
                least = determinant
            if not least >= MIN_DIAGONAL:
                regular = False
                done = True
            else:
                v = -b
                w = v
                for turn in ti.static(range(2)):
                    for k in ti.static(range(size)):
                        for j in ti.static(range(k)):
                            w[k] -= L[k, j] * w[j]
                    for k in ti.static(range(size - 1, -1, -1)):
                        w[k] /= L[k, k]
                        for j in ti.static(range(k + 1, size)):
                            w[k] -= L[j, k] * w[j]
                    if ti.static(turn == 0):
                        v = w
                excess = v.dot(v) - radius * radius
                step = 0.5 * excess / v.dot(w)
                if excess < 1e-10 or step < 1e-10:
                    done = True
                else:
                    multiplier += step
    if not regular:
        v = ti.Vector.zero(float, size)
    elif multiplier != 0.0:
        v *= ti.sqrt(radius * radius / ti.max(MIN_VALUE, v.dot(v)))
    return v


@ti.func
def solve_cone(e, s, n: ti.template(), d: ti.template()):
    """The best tangential forces of an elliptic contact whose first slip is `s`; the gain."""
    size = ti.static(n.cone_dim - 1)
    c = d.slip_of[e, s]
    dim = d.contact_dim[e, c] - 1
    for t in range(s, s + dim):
        d.slip_x[e, t] = slip_acceleration(e, t, n, d)
    A = ti.Matrix.identity(float, size)
    mu = ti.Vector.zero(float, size)
    before = ti.Vector.zero(float, size)
    x = ti.Vector.zero(float, size)
    for k in ti.static(range(size)):
        if k < dim:
            mu[k] = d.contact_mu[e, c, k + 1]
            before[k] = d.slip_force[e, s + k]
            x[k] = d.slip_x[e, s + k]
            for j in ti.static(range(size)):
                if j < dim:
                    A[k, j] = d.slip_A[e, s + k, j]
            A[k, k] = ti.max(A[k, k], MIN_DIAGONAL)
    b = x - A @ before
    # Forces over friction are within a ball.
    scaled = A
    for k in ti.static(range(size)):
        for j in ti.static(range(size)):
            if k < dim and j < dim:
                scaled[k, j] *= mu[k] * mu[j]
    force = ti.Vector.zero(float, size)
    normal = d.slip_limit[e, s]
    if normal >= MIN_VALUE:
        force = mu * best_in_ball(scaled, mu * b, normal, dim, size)
    change = force - before
    cost = 0.5 * change.dot(A @ change) + change.dot(x)
    if cost > WORSE:
        cost = 0.0
    else:
        for t in range(d.contact_n_dofs[e, c]):
            i = d.contact_dof[e, c, t]
            J = read_cone(d.contact_J, e, c * n.span + t, n)
            for k in ti.static(range(size)):
                d.Ma[e, i] = d.Ma[e, i] + J[k + 1] * change[k]
        for k in ti.static(range(size)):
            if k < dim:
                d.slip_force[e, s + k] = force[k]
    return -cost


@ti.func
def sweep(e, n: ti.template(), d: ti.template()):
    """One turn through all slips; returns by how much it lowers the cost."""
    gain = 0.0
    for s in range(d.n_slips[e]):
        if ti.static(not n.elliptic) or d.slip_axis[e, s] == 0:
            gain += solve_interval(e, s, n, d)
        if ti.static(n.elliptic and n.contacts > 0):
            if d.slip_axis[e, s] == 1:
                gain += solve_cone(e, s, n, d)
    return gain


@ti.func
def write_slips(e, n: ti.template(), d: ti.template()):
    """Forces of the slips → `contact_f`, `contact_force`, and `row_x`, where it has this force."""
    for s in range(d.n_slips[e]):
        of = d.slip_of[e, s]
        if d.slip_axis[e, s] == 0:
            d.row_x[e, of] = -d.slip_force[e, s] / d.row_D[e, of]
        if ti.static(n.contacts > 0):
            if d.slip_axis[e, s] > 0:
                d.contact_f[e, of, d.slip_axis[e, s]] = d.slip_force[e, s]
    if ti.static(n.contacts > 0):
        write_contact_forces(e, n, d)


@subroutine
def stop_slip(e: ti.i32, m: ti.template(), n: ti.template(), d: ti.template()):
    """The solver's forces and accelerations → those with friction that does not creep."""
    if d.n_rows[e] + d.n_contacts[e] > 0:
        if ti.static(n.newton):  # else it is factored
            for k in range(n.M_entries):
                d.M_factor[e, k] = d.M[e, k]
            factor(e, m, n, d.M_factor)
        softness = find_slips(e, n, d)
        find_columns(e, m, n, d)
        for i in range(n.dofs):
            d.Ma[e, i] = d.qfrc_smooth[e, i] + d.qfrc_constraint[e, i]
        scale = 1.0 / (mean_inertia(e, m, n, d) * n.dofs)
        done = False
        for k in range(m.noslip_iterations[0]):
            if not done:
                gain = sweep(e, n, d)
                # What the solver paid for softness is not owed any more.
                if k == 0:
                    gain += softness
                done = gain * scale < m.noslip_tolerance[0]
        for i in range(n.dofs):
            d.qfrc_constraint[e, i] = d.Ma[e, i] - d.qfrc_smooth[e, i]
            d.dofs_acc[e, i] = d.Ma[e, i]
        solve(e, m, n, d.M_factor, d.dofs_acc)
        write_slips(e, n, d)
