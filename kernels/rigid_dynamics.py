"""Joint-space inertia, bias and passive forces of one environment.

The inertia matrix M is kept in the sparse rows of its lower triangle: row i holds the dofs above
i in the tree, from the root down, and i itself last (`M_row_start`, `M_row_size`, `M_column`).
It is factored as L^T D L without fill-in (Featherstone 2008, section 6.5).
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_kinematics import BALL, FREE, read_quat
from genesis_state.kernels.rigid_parameters import (
    body_mass,
    dof_armature,
    dof_damping,
    gravity,
    joint_stiffness,
)
from genesis_state.kernels.spatial import (
    angular,
    cross_force,
    inertia_mul,
    linear,
    quat_conj,
    quat_mul,
    quat_to_rotvec,
)


@ti.func
def mass_matrix(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Composite rigid body algorithm: `cinert`, `cdof` → `M`."""
    for b in range(1, n.bodies):
        d.crb[e, b] = d.cinert[e, b]
    for k in range(1, n.bodies):
        b = n.bodies - k
        if m.body_parent[b] > 0:
            d.crb[e, m.body_parent[b]] = d.crb[e, m.body_parent[b]] + d.crb[e, b]
    for i in range(n.dofs):
        momentum = inertia_mul(d.crb[e, m.dof_body[i]], d.cdof[e, i])
        start = m.M_row_start[i]
        size = m.M_row_size[i]
        for k in range(size):
            d.M[e, start + k] = d.cdof[e, m.M_column[start + k]].dot(momentum)
        d.M[e, start + size - 1] = d.M[e, start + size - 1] + dof_armature(e, i, m, n, d)


@ti.func
def factor(e, m: ti.template(), n: ti.template(), a: ti.template()):
    """Rows of a matrix with M's sparsity → its L^T D L factors, in place; diagonal holds 1 / D."""
    for r in range(n.dofs):
        k = n.dofs - 1 - r
        start = m.M_row_start[k]
        size = m.M_row_size[k]
        inverse = 1.0 / a[e, start + size - 1]
        for t in range(1, size):
            c = size - 1 - t
            row = m.M_row_start[m.M_column[start + c]]
            scale = a[e, start + c] * inverse
            for s in range(c + 1):
                a[e, row + s] = a[e, row + s] - a[e, start + s] * scale
            a[e, start + c] = scale
        a[e, start + size - 1] = inverse


@ti.func
def factor_and_solve(e, m: ti.template(), n: ti.template(), a: ti.template(), x: ti.template()):
    """`factor` and `solve` in one, for a matrix that is solved with once."""
    for r in range(n.dofs):
        k = n.dofs - 1 - r
        start = m.M_row_start[k]
        size = m.M_row_size[k]
        inverse = 1.0 / a[e, start + size - 1]
        xk = x[e, k]
        for t in range(1, size):
            c = size - 1 - t
            i = m.M_column[start + c]
            row = m.M_row_start[i]
            scale = a[e, start + c] * inverse
            for s in range(c + 1):
                a[e, row + s] = a[e, row + s] - a[e, start + s] * scale
            a[e, start + c] = scale
            x[e, i] = x[e, i] - scale * xk
        a[e, start + size - 1] = inverse
        x[e, k] = xk * inverse
    solve_upwards(e, m, n, a, x)


@ti.func
def solve_upwards(e, m: ti.template(), n: ti.template(), a: ti.template(), x: ti.template()):
    """`x` → L^-1 x in place."""
    for i in range(n.dofs):
        start = m.M_row_start[i]
        xi = x[e, i]
        for s in range(m.M_row_size[i] - 1):
            xi -= a[e, start + s] * x[e, m.M_column[start + s]]
        x[e, i] = xi


@ti.func
def solve(e, m: ti.template(), n: ti.template(), a: ti.template(), x: ti.template()):
    """`x` → A^-1 x in place, with the factors of `factor`."""
    for r in range(n.dofs):
        i = n.dofs - 1 - r
        start = m.M_row_start[i]
        size = m.M_row_size[i]
        xi = x[e, i]
        for s in range(size - 1):
            x[e, m.M_column[start + s]] = x[e, m.M_column[start + s]] - a[e, start + s] * xi
        x[e, i] = xi * a[e, start + size - 1]
    solve_upwards(e, m, n, a, x)


@ti.func
def inverse_form(e, m: ti.template(), n: ti.template(), a: ti.template(), x: ti.template()):
    """x^T A^-1 x, with the factors of `factor`: half of `solve`. Leaves something else in `x`."""
    form = 0.0
    for r in range(n.dofs):
        i = n.dofs - 1 - r
        start = m.M_row_start[i]
        size = m.M_row_size[i]
        xi = x[e, i]
        if xi != 0.0:
            for s in range(size - 1):
                x[e, m.M_column[start + s]] = x[e, m.M_column[start + s]] - a[e, start + s] * xi
        form += a[e, start + size - 1] * xi * xi
    return form


@ti.func
def mul_mass(
    e, m: ti.template(), n: ti.template(), d: ti.template(), x: ti.template(), y: ti.template()
):
    """y = M x."""
    for i in range(n.dofs):
        y[e, i] = 0.0
    for i in range(n.dofs):
        start = m.M_row_start[i]
        size = m.M_row_size[i]
        xi = x[e, i]
        yi = d.M[e, start + size - 1] * xi
        for s in range(size - 1):
            c = m.M_column[start + s]
            yi += d.M[e, start + s] * x[e, c]
            y[e, c] = y[e, c] + d.M[e, start + s] * xi
        y[e, i] = y[e, i] + yi


@ti.func
def bias_force(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Recursive Newton-Euler without joint accelerations → `qfrc_bias` (Coriolis and gravity)."""
    zero = ti.Vector([0.0] * 6)
    g = gravity(e, m, n, d)
    d.cacc[e, 0] = ti.Vector([0.0, 0.0, 0.0, -g[0], -g[1], -g[2]])
    for b in range(1, n.bodies):
        a = d.cacc[e, m.body_parent[b]]
        dof_start = m.body_dof_start[b]
        for i in range(dof_start, dof_start + m.body_n_dofs[b]):
            a += d.cdof_dot[e, i] * d.dofs_vel[e, i]
        d.cacc[e, b] = a
        v = d.cvel[e, b]
        d.cfrc[e, b] = inertia_mul(d.cinert[e, b], a) + cross_force(
            v, inertia_mul(d.cinert[e, b], v)
        )
    d.cfrc[e, 0] = zero
    for k in range(1, n.bodies):
        b = n.bodies - k
        if m.body_parent[b] > 0:
            d.cfrc[e, m.body_parent[b]] = d.cfrc[e, m.body_parent[b]] + d.cfrc[e, b]
    for i in range(n.dofs):
        d.qfrc_bias[e, i] = d.cdof[e, i].dot(d.cfrc[e, m.dof_body[i]])


@ti.func
def add_wrench(e, m: ti.template(), d: ti.template(), b, force, torque, point, qfrc: ti.template()):
    """Adds to `qfrc` a force [N] at `point` and a torque [N m] on body `b`, all in world axes."""
    arm = point - d.tree_com[e, m.body_root[b]]
    moment = torque + arm.cross(force)
    i = m.body_last_dof[b]
    while i >= 0:
        axis = d.cdof[e, i]
        qfrc[e, i] = qfrc[e, i] + angular(axis).dot(moment) + linear(axis).dot(force)
        i = m.dof_parent[i]


@ti.func
def damper(e, i, m: ti.template(), n: ti.template(), d: ti.template()):
    """Damping of dof `i` at its velocity: force per velocity, and the derivative of the force."""
    force = dof_damping(e, i, m, n, d)
    slope = force
    if ti.static(n.damping_polynomials > 0):
        speed = ti.abs(d.dofs_vel[e, i])
        linear_part = m.dof_damping_polynomial[i][0] * speed
        square_part = m.dof_damping_polynomial[i][1] * speed * speed
        force += linear_part + square_part
        slope += 2.0 * linear_part + 3.0 * square_part
    return force, slope


@ti.func
def spring(j, stiffness, stretch, m: ti.template(), n: ti.template()):
    """Force per stretch of joint `j`'s spring, at this stretch [m, rad]."""
    r = stiffness
    if ti.static(n.stiffness_polynomials > 0):
        p = m.joint_stiffness_polynomial[j]
        r += stretch * (p[0] + stretch * p[1])
    return r


@ti.func
def has_spring(j, stiffness, m: ti.template(), n: ti.template()):
    """Whether joint `j` has a spring."""
    r = stiffness != 0.0
    if ti.static(n.stiffness_polynomials > 0):
        p = m.joint_stiffness_polynomial[j]
        r = r or p[0] != 0.0 or p[1] != 0.0
    return r


@ti.func
def spring_forces(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Adds the springs of joints to `qfrc_passive`."""
    for j in range(n.joints):
        stiffness = joint_stiffness(e, j, m, n, d)
        if has_spring(j, stiffness, m, n):
            i = m.joint_dof_start[j]
            q = m.joint_q_start[j]
            kind = m.joint_type[j]
            if kind == FREE or kind == BALL:
                if kind == FREE:
                    stretch = ti.Vector(
                        [d.qpos[e, q + k] - m.qpos_spring[q + k] for k in ti.static(range(3))]
                    )
                    pull = spring(j, stiffness, stretch.norm(), m, n)
                    for k in ti.static(range(3)):
                        d.qfrc_passive[e, i + k] = d.qfrc_passive[e, i + k] - pull * stretch[k]
                    i += 3
                    q += 3
                rest = ti.Vector([m.qpos_spring[q + k] for k in ti.static(range(4))])
                turn = quat_to_rotvec(quat_mul(quat_conj(rest), read_quat(d.qpos, e, q)))
                pull = spring(j, stiffness, turn.norm(), m, n)
                for k in ti.static(range(3)):
                    d.qfrc_passive[e, i + k] = d.qfrc_passive[e, i + k] - pull * turn[k]
            else:
                stretch = d.qpos[e, q] - m.qpos_spring[q]
                pull = spring(j, stiffness, stretch, m, n)
                d.qfrc_passive[e, i] = d.qfrc_passive[e, i] - pull * stretch


@ti.func
def passive_force(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Springs, dampers and gravity compensation → `qfrc_passive`, `qfrc_gravcomp`."""
    for i in range(n.dofs):
        damping, _slope = damper(e, i, m, n, d)
        d.qfrc_passive[e, i] = -damping * d.dofs_vel[e, i]
        d.qfrc_gravcomp[e, i] = 0.0
    if ti.static(n.springs):
        spring_forces(e, m, n, d)
    if ti.static(n.gravity_compensated > 0):
        zero = ti.Vector([0.0, 0.0, 0.0])
        for b in range(1, n.bodies):
            if m.body_gravcomp[b] != 0.0:
                force = gravity(e, m, n, d) * (-body_mass(e, b, m, n, d) * m.body_gravcomp[b])
                add_wrench(e, m, d, b, force, zero, d.xipos[e, b], d.qfrc_gravcomp)
        for j in range(n.joints):
            if m.joint_act_gravcomp[j] == 0:
                i = m.joint_dof_start[j]
                for k in range(i, i + m.joint_n_dofs[j]):
                    d.qfrc_passive[e, k] = d.qfrc_passive[e, k] + d.qfrc_gravcomp[e, k]


@ti.func
def applied_force(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """External forces and torques on links → added to `qfrc_smooth`."""
    for b in range(1, n.bodies):
        f = d.links_applied_force[e, b - 1]
        if f.dot(f) > 0.0:
            add_wrench(e, m, d, b, linear(f), angular(f), d.xipos[e, b], d.qfrc_smooth)
