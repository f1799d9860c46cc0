"""Rows of the constraint Jacobian of one environment and what is asked of each.

A row r has its Jacobian `row_J[e, r, :]`, its stiffness against violation `row_D` = 1 / R, its
reference acceleration `row_aref`, and for dry friction its largest force `row_floss` (else 0).
Rows come in the order equality, friction, limit; `n_rows[e]` counts them. The formulas are those
of the MuJoCo documentation, chapter Computation, section Constraint model.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_kinematics import BALL, FREE, moves_body, point_velocity, read_quat
from genesis_state.kernels.spatial import (
    angular,
    cross_motion,
    linear,
    quat_conj,
    quat_mul,
    quat_rotate,
    quat_to_rotvec,
)

EQUALITY, FRICTION, LIMIT = 0, 1, 2  # kinds of a row
CONNECT, WELD, JOINT = 0, 1, 2  # kinds of an equality, numbered as mujoco.mjtEq
MIN_VALUE = 1e-15


@ti.func
def impedance(imp, violation):
    """Impedance in (0, 1) at a signed violation [m or rad], for solimp = (d0, dw, width, mid, power)."""
    d0 = ti.min(ti.max(imp[0], 0.0001), 0.9999)
    dw = ti.min(ti.max(imp[1], 0.0001), 0.9999)
    width = ti.max(0.0, imp[2])
    mid = ti.min(ti.max(imp[3], 0.0001), 0.9999)
    power = ti.max(1.0, imp[4])
    r = 0.5 * (d0 + dw)
    if d0 != dw and width > MIN_VALUE:
        x = ti.abs(violation) / width
        if x >= 1.0:
            r = dw
        elif x <= 0.0:
            r = d0
        else:
            y = x
            if power == 2.0:
                if x <= mid:
                    y = x * x / mid
                else:
                    y = 1.0 - (1.0 - x) * (1.0 - x) / (1.0 - mid)
            elif power != 1.0:
                if x <= mid:
                    y = ti.pow(x, power) / ti.pow(mid, power - 1.0)
                else:
                    y = 1.0 - ti.pow(1.0 - x, power) / ti.pow(1.0 - mid, power - 1.0)
            r = d0 + y * (dw - d0)
    return r


@ti.func
def finish_row(
    e, r, n: ti.template(), d: ti.template(), ref, imp, inverse_weight, position, violation, floss, h
):
    """Sets `row_D`, `row_aref`, `row_floss` of row `r` whose Jacobian is in place.

    `position` is this row's share of the violation, `violation` that of the whole constraint.
    """
    i = impedance(imp, violation)
    dw = ti.min(ti.max(imp[1], 0.0001), 0.9999)
    stiffness = 0.0
    damping = 0.0
    if ref[0] > 0.0:
        # solref = (time constant, damping ratio); no faster than the time step can follow
        time_constant = ti.max(ref[0], 2.0 * h)
        stiffness = 1.0 / ti.max(MIN_VALUE, dw * dw * time_constant * time_constant * ref[1] * ref[1])
        damping = 2.0 / ti.max(MIN_VALUE, dw * time_constant)
    else:
        # solref = (-stiffness, -damping)
        stiffness = -ref[0] / ti.max(MIN_VALUE, dw * dw)
        damping = -ref[1] / ti.max(MIN_VALUE, dw)
    if floss > 0.0:
        stiffness = 0.0
    velocity = 0.0
    for k in range(n.dofs):
        velocity += d.row_J[e, r, k] * d.dofs_vel[e, k]
    d.row_aref[e, r] = -damping * velocity - stiffness * i * position
    d.row_D[e, r] = 1.0 / ti.max(MIN_VALUE, (1.0 - i) / i * inverse_weight)
    d.row_floss[e, r] = floss


@ti.func
def clear_row(e, r, n: ti.template(), d: ti.template()):
    """A zero Jacobian for row `r`."""
    for k in range(n.dofs):
        d.row_J[e, r, k] = 0.0


@ti.func
def axis_rate(e, m: ti.template(), d: ti.template(), i):
    """Rate of the motion axis of dof `i`; the axes of a ball turn with the body itself."""
    rate = d.cdof_dot[e, i]
    j = m.dof_joint[i]
    kind = m.joint_type[j]
    if kind == BALL or (kind == FREE and i >= m.joint_dof_start[j] + 3):
        rate = cross_motion(d.cvel[e, m.dof_body[i]], d.cdof[e, i])
    return rate


@ti.func
def body_equality(e, m: ti.template(), n: ti.template(), d: ti.template(), c, h):
    """Rows of connect and weld `c`: two frames, one on each body, that should coincide."""
    b1 = m.eq_object1[c]
    b2 = m.eq_object2[c]
    weld = m.eq_type[c] == WELD
    first = d.n_rows[e]
    size = 3
    if weld:
        size = 6
    p1 = d.xpos[e, b1] + quat_rotate(d.xquat[e, b1], m.eq_anchor1[c])
    p2 = d.xpos[e, b2] + quat_rotate(d.xquat[e, b2], m.eq_anchor2[c])
    error = p1 - p2
    q1 = quat_mul(d.xquat[e, b1], m.eq_quat1[c])
    q2 = quat_conj(quat_mul(d.xquat[e, b2], m.eq_quat2[c]))
    scale = m.eq_torque_scale[c]
    turn = quat_mul(q2, q1)
    turn_error = scale * ti.Vector([turn[1], turn[2], turn[3]])
    violation = error.dot(error)
    if weld:
        violation += turn_error.dot(turn_error)
    violation = ti.sqrt(violation)

    # J qdot is the relative velocity; J_rate gathers the part of its rate that is not J qddot.
    com1 = d.tree_com[e, m.body_root[b1]]
    com2 = d.tree_com[e, m.body_root[b2]]
    v1 = point_velocity(e, m, d, b1, p1)
    v2 = point_velocity(e, m, d, b2, p2)
    J_rate = ti.Vector([0.0, 0.0, 0.0])
    turn_rate = ti.Vector([0.0, 0.0, 0.0])
    for i in range(n.dofs):
        lin = ti.Vector([0.0, 0.0, 0.0])
        ang = ti.Vector([0.0, 0.0, 0.0])
        on1 = moves_body(m, i, b1)
        on2 = moves_body(m, i, b2)
        if on1 or on2:
            axis = d.cdof[e, i]
            rate = axis_rate(e, m, d, i)
            w = angular(axis)
            qd = d.dofs_vel[e, i]
            if on1:
                lin += linear(axis) + w.cross(p1 - com1)
                ang += w
                J_rate += qd * (linear(rate) + angular(rate).cross(p1 - com1) + w.cross(v1))
                turn_rate += qd * angular(rate)
            if on2:
                lin -= linear(axis) + w.cross(p2 - com2)
                ang -= w
                J_rate -= qd * (linear(rate) + angular(rate).cross(p2 - com2) + w.cross(v2))
                turn_rate -= qd * angular(rate)
        for k in ti.static(range(3)):
            d.row_J[e, first + k, i] = lin[k]
        if weld:
            t = quat_mul(quat_mul(q2, ti.Vector([0.0, ang[0], ang[1], ang[2]])), q1)
            for k in ti.static(range(3)):
                d.row_J[e, first + 3 + k, i] = 0.5 * scale * t[1 + k]

    ref = m.eq_solref[c]
    imp = m.eq_solimp[c]
    for k in ti.static(range(3)):
        weight = m.body_invweight[b1][0] + m.body_invweight[b2][0]
        finish_row(e, first + k, n, d, ref, imp, weight, error[k], violation, 0.0, h)
        d.row_aref[e, first + k] -= J_rate[k]
    if weld:
        w1 = angular(d.cvel[e, b1])
        w2 = angular(d.cvel[e, b2])
        dw = ti.Vector([0.0, 0.0, 0.0, 0.0])
        a = ti.Vector([0.0, 0.0, 0.0, 0.0])
        for k in ti.static(range(3)):
            dw[1 + k] = w1[k] - w2[k]
            a[1 + k] = turn_rate[k]
        q1_rate = 0.5 * quat_mul(ti.Vector([0.0, w1[0], w1[1], w1[2]]), q1)
        q2_rate = -0.5 * quat_mul(q2, ti.Vector([0.0, w2[0], w2[1], w2[2]]))
        rate = quat_mul(quat_mul(q2_rate, dw), q1)
        rate += quat_mul(quat_mul(q2, a), q1)
        rate += quat_mul(quat_mul(q2, dw), q1_rate)
        for k in ti.static(range(3)):
            weight = m.body_invweight[b1][1] + m.body_invweight[b2][1]
            finish_row(e, first + 3 + k, n, d, ref, imp, weight, turn_error[k], violation, 0.0, h)
            d.row_aref[e, first + 3 + k] -= 0.5 * scale * rate[1 + k]
    d.n_rows[e] = first + size


@ti.func
def joint_equality(e, m: ti.template(), n: ti.template(), d: ti.template(), c, h):
    """Row of equality `c`: one joint is a quartic of another, or a constant."""
    j1 = m.eq_object1[c]
    j2 = m.eq_object2[c]
    r = d.n_rows[e]
    clear_row(e, r, n, d)
    i1 = m.joint_dof_start[j1]
    q1 = m.joint_q_start[j1]
    position = d.qpos[e, q1] - m.qpos0[q1] - m.eq_polynomial[c][0]
    weight = m.dof_invweight[i1]
    d.row_J[e, r, i1] = 1.0
    if j2 >= 0:
        i2 = m.joint_dof_start[j2]
        q2 = m.joint_q_start[j2]
        x = d.qpos[e, q2] - m.qpos0[q2]
        p = m.eq_polynomial[c]
        position -= x * (p[1] + x * (p[2] + x * (p[3] + x * p[4])))
        d.row_J[e, r, i2] = -(p[1] + x * (2.0 * p[2] + x * (3.0 * p[3] + x * 4.0 * p[4])))
        weight += m.dof_invweight[i2]
    finish_row(e, r, n, d, m.eq_solref[c], m.eq_solimp[c], weight, position, position, 0.0, h)
    d.n_rows[e] = r + 1


@ti.func
def joint_limit(e, m: ti.template(), n: ti.template(), d: ti.template(), j, h):
    """Rows of the limits of joint `j` that are nearer than its margin."""
    i = m.joint_dof_start[j]
    q = m.joint_q_start[j]
    margin = m.joint_margin[j]
    ref = m.joint_solref[j]
    imp = m.joint_solimp[j]
    weight = m.dof_invweight[i]
    if m.joint_type[j] == BALL:
        turn = quat_to_rotvec(read_quat(d.qpos, e, q))
        angle = ti.sqrt(turn.dot(turn))
        gap = ti.max(m.joint_range[j][0], m.joint_range[j][1]) - angle - margin
        if gap < 0.0:
            r = d.n_rows[e]
            clear_row(e, r, n, d)
            axis = ti.Vector([1.0, 0.0, 0.0])
            if not angle < MIN_VALUE:
                axis = turn / angle
            for k in ti.static(range(3)):
                d.row_J[e, r, i + k] = -axis[k]
            finish_row(e, r, n, d, ref, imp, weight, gap, gap, 0.0, h)
            d.n_rows[e] = r + 1
    else:
        for side in range(2):
            sign = 1.0 - 2.0 * side  # lower limit first
            bound = m.joint_range[j][0]
            if side == 1:
                bound = m.joint_range[j][1]
            gap = sign * (d.qpos[e, q] - bound) - margin
            if gap < 0.0:
                r = d.n_rows[e]
                clear_row(e, r, n, d)
                d.row_J[e, r, i] = sign
                finish_row(e, r, n, d, ref, imp, weight, gap, gap, 0.0, h)
                d.n_rows[e] = r + 1


@ti.func
def make_rows(e, m: ti.template(), n: ti.template(), d: ti.template(), h):
    """All constraint rows of environment `e`, and how many are equalities."""
    d.n_rows[e] = 0
    if ti.static(n.equalities > 0):
        for c in range(n.equalities):
            if m.eq_active[c] != 0:
                if m.eq_type[c] == JOINT:
                    joint_equality(e, m, n, d, c, h)
                else:
                    body_equality(e, m, n, d, c, h)
    d.n_equality_rows[e] = d.n_rows[e]
    if ti.static(n.friction_dofs > 0):
        for i in range(n.dofs):
            floss = m.dof_frictionloss[i]
            if floss > 0.0:
                r = d.n_rows[e]
                clear_row(e, r, n, d)
                d.row_J[e, r, i] = 1.0
                weight = m.dof_invweight[i]
                finish_row(e, r, n, d, m.dof_solref[i], m.dof_solimp[i], weight, 0.0, 0.0, floss, h)
                d.n_rows[e] = r + 1
    if ti.static(n.limited_joints > 0):
        for j in range(n.joints):
            if m.joint_limited[j] != 0:
                joint_limit(e, m, n, d, j, h)
