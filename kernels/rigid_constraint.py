"""Rows of the constraint Jacobian of one environment and what is asked of each.

A row r has its Jacobian `row_J[e, r, :]` (given from dof `row_first` up to but without `row_end`,
zero elsewhere), its stiffness against violation `row_D` = 1 / R, its reference acceleration
`row_aref`, and for dry friction its largest force `row_floss` (else 0).
Rows come in the order equality, friction, limit, each of joints before tendons; `n_rows[e]` counts
them. The formulas are those
of the MuJoCo documentation, chapter Computation, section Constraint model.

Rows are first collected, then finished in one loop: a function is inlined wherever it is called,
and compile time grows faster than the code.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_kinematics import BALL, FREE, moves_body, point_velocity, read_quat
from genesis_state.kernels.rigid_parameters import body_invweight, dof_frictionloss, dof_invweight
from genesis_state.kernels.rigid_row import (
    EQUALITY,
    FRICTION,
    LIMIT,
    TENDON_FRICTION,
    new_row,
    quartic,
)
from genesis_state.kernels.rigid_tendon_rows import (
    tendon_equality,
    tendon_friction,
    tendon_limits,
)
from genesis_state.kernels.spatial import (
    angular,
    cross_motion,
    linear,
    quat_conj,
    quat_mul,
    quat_rotate,
    quat_to_rotvec,
)

CONNECT, WELD, JOINT, TENDON = 0, 1, 2, 3  # kinds of an equality, numbered as mujoco.mjtEq
MIN_VALUE = 1e-15


@ti.func
def impedance(imp, violation):
    """Impedance in (0, 1) at a signed violation [m or rad].

    `imp` is solimp: d0, dw, width [m or rad], mid, power.
    """
    d0 = ti.min(ti.max(imp[0], 0.0001), 0.9999)
    dw = ti.min(ti.max(imp[1], 0.0001), 0.9999)
    width = ti.max(0.0, imp[2])
    mid = ti.min(ti.max(imp[3], 0.0001), 0.9999)
    power = ti.max(1.0, imp[4])
    r = 0.5 * (d0 + dw)
    if d0 != dw and width > MIN_VALUE:
        x = ti.abs(violation) / width
        y = ti.min(x, 1.0)
        if power != 1.0 and x > 0.0 and x < 1.0:
            # Two arcs that meet at mid; the usual power of two needs no call of pow.
            arc = x
            span = mid
            if x > mid:
                arc = 1.0 - x
                span = 1.0 - mid
            y = arc * arc / span
            if power != 2.0:
                y = ti.pow(arc, power) / ti.pow(span, power - 1.0)
            if x > mid:
                y = 1.0 - y
        r = d0 + y * (dw - d0)
    return r


@ti.func
def reference(ref, imp, h):
    """Stiffness [1/s^2] and damping [1/s] that `ref`, solref, asks for.

    solref is (-stiffness, -damping), or (time constant, damping ratio) if positive; then no faster
    than the time step `h` can follow, unless it is zero.
    """
    dw = ti.min(ti.max(imp[1], 0.0001), 0.9999)
    stiffness = -ref[0] / (dw * dw)
    damping = -ref[1] / dw
    if ref[0] > 0.0:
        tau = dw * ti.max(ref[0], 2.0 * h)
        stiffness = 1.0 / ti.max(MIN_VALUE, tau * tau * ref[1] * ref[1])
        damping = 2.0 / ti.max(MIN_VALUE, tau)
    return stiffness, damping


@ti.func
def finish_rows(e, m: ti.template(), n: ti.template(), d: ti.template(), h):
    """Sets `row_D`, `row_aref`, `row_floss` of every row; `h` as in `reference`."""
    for r in range(d.n_rows[e]):
        kind = d.row_kind[e, r]
        s = d.row_source[e, r]
        ref = ti.Vector([0.0, 0.0])
        imp = ti.Vector([0.0] * 5)
        floss = 0.0
        if kind == FRICTION:
            ref = m.dof_solref[s]
            imp = m.dof_solimp[s]
            floss = dof_frictionloss(e, s, m, n, d)
        elif kind == LIMIT:
            ref = m.joint_solref[s]
            imp = m.joint_solimp[s]
        elif kind == EQUALITY:
            if s < n.equalities:
                ref = m.eq_solref[s]
                imp = m.eq_solimp[s]
            else:  # a weld that was made on the way
                ref = ti.Vector([0.02, 1.0])
                imp = ti.Vector([0.9, 0.95, 0.001, 0.5, 2.0])
        if ti.static(n.tendons > 0):
            if kind == TENDON_FRICTION:
                ref = m.tendon_friction_solref[s]
                imp = m.tendon_friction_solimp[s]
                floss = m.tendon_frictionloss[s]
            elif kind > TENDON_FRICTION:
                ref = m.tendon_limit_solref[s]
                imp = m.tendon_limit_solimp[s]
        i = impedance(imp, d.row_violation[e, r])
        stiffness, damping = reference(ref, imp, h)
        velocity = 0.0
        for k in range(d.row_first[e, r], d.row_end[e, r]):
            velocity += d.row_J[e, r, k] * d.dofs_vel[e, k]
        # Dry friction resists motion, not displacement: its position is zero.
        pull = stiffness * i * d.row_position[e, r]
        d.row_aref[e, r] = -damping * velocity - pull - d.row_J_rate[e, r]
        d.row_D[e, r] = 1.0 / ti.max(MIN_VALUE, (1.0 - i) / i * d.row_weight[e, r])
        d.row_floss[e, r] = floss


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
def pure(v):
    """The quaternion with no scalar part and vector part `v`."""
    return ti.Vector([0.0, v[0], v[1], v[2]])


@ti.func
def holds(e, n: ti.template(), d: ti.template(), c):
    """Whether equality `c` holds; behind the model's come those welds that may be made."""
    r = False
    if ti.static(n.equalities > 0):
        if c < n.equalities:
            r = d.eq_active[e, c]
    if ti.static(n.welds > 0):
        if c >= n.equalities:
            r = d.weld_link1[e, c - n.equalities] >= 0
    return r


@ti.func
def kind_of(m: ti.template(), n: ti.template(), c):
    """Kind of equality `c`."""
    r = WELD
    if ti.static(n.equalities > 0):
        if c < n.equalities:
            r = m.eq_type[c]
    return r


@ti.func
def body_frames(e, m: ti.template(), n: ti.template(), d: ti.template(), c):
    """Bodies that equality `c` ties together, frames on them, whether it is a weld, its scale."""
    b1 = 0
    b2 = 0
    anchor1 = ti.Vector([0.0, 0.0, 0.0])
    anchor2 = ti.Vector([0.0, 0.0, 0.0])
    quat1 = ti.Vector([1.0, 0.0, 0.0, 0.0])
    quat2 = ti.Vector([1.0, 0.0, 0.0, 0.0])
    weld = True
    scale = 1.0
    if ti.static(n.body_equalities > 0):
        if c < n.equalities:
            b1 = m.eq_object1[c]
            b2 = m.eq_object2[c]
            anchor1 = m.eq_anchor1[c]
            anchor2 = m.eq_anchor2[c]
            quat1 = m.eq_quat1[c]
            quat2 = m.eq_quat2[c]
            weld = m.eq_type[c] == WELD
            scale = m.eq_torque_scale[c]
    if ti.static(n.welds > 0):
        if c >= n.equalities:
            k = c - n.equalities
            b1 = d.weld_link1[e, k] + 1
            b2 = d.weld_link2[e, k] + 1
            anchor2 = d.weld_pos[e, k]
            quat1 = d.weld_quat[e, k]
    return b1, b2, anchor1, anchor2, quat1, quat2, weld, scale


@ti.func
def body_equality(e, m: ti.template(), n: ti.template(), d: ti.template(), c):
    """Rows of connect and weld `c`: two frames, one on each body, that should coincide."""
    b1, b2, anchor1, anchor2, quat1, quat2, weld, scale = body_frames(e, m, n, d, c)
    p1 = d.xpos[e, b1] + quat_rotate(d.xquat[e, b1], anchor1)
    p2 = d.xpos[e, b2] + quat_rotate(d.xquat[e, b2], anchor2)
    error = p1 - p2
    q1 = quat_mul(d.xquat[e, b1], quat1)
    q2 = quat_conj(quat_mul(d.xquat[e, b2], quat2))
    turn = quat_mul(q2, q1)
    turn_error = scale * ti.Vector([turn[1], turn[2], turn[3]])
    violation2 = error.dot(error)
    if weld:
        violation2 += turn_error.dot(turn_error)
    violation = ti.sqrt(violation2)
    weight = body_invweight(e, b1, m, n, d) + body_invweight(e, b2, m, n, d)
    first = d.n_rows[e]
    for k in ti.static(range(3)):
        new_row(e, d, EQUALITY, c, 0, n.dofs, error[k], violation, weight[0])
    if weld:
        for k in ti.static(range(3)):
            new_row(e, d, EQUALITY, c, 0, n.dofs, turn_error[k], violation, weight[1])

    # J qdot is the relative velocity, and J qddot + J_rate the relative acceleration.
    com1 = d.tree_com[e, m.body_root[b1]]
    com2 = d.tree_com[e, m.body_root[b2]]
    v1 = point_velocity(e, m, d, b1, p1)
    v2 = point_velocity(e, m, d, b2, p2)
    J_rate = ti.Vector([0.0, 0.0, 0.0])
    turn_rate = ti.Vector([0.0, 0.0, 0.0])
    for i in range(n.dofs):
        lin = ti.Vector([0.0, 0.0, 0.0])
        ang = ti.Vector([0.0, 0.0, 0.0])
        axis = d.cdof[e, i]
        rate = axis_rate(e, m, d, i)
        w = angular(axis)
        qd = d.dofs_vel[e, i]
        if moves_body(m, i, b1):
            lin += linear(axis) + w.cross(p1 - com1)
            ang += w
            J_rate += qd * (linear(rate) + angular(rate).cross(p1 - com1) + w.cross(v1))
            turn_rate += qd * angular(rate)
        if moves_body(m, i, b2):
            lin -= linear(axis) + w.cross(p2 - com2)
            ang -= w
            J_rate -= qd * (linear(rate) + angular(rate).cross(p2 - com2) + w.cross(v2))
            turn_rate -= qd * angular(rate)
        for k in ti.static(range(3)):
            d.row_J[e, first + k, i] = lin[k]
        if weld:
            t = quat_mul(quat_mul(q2, pure(ang)), q1)
            for k in ti.static(range(3)):
                d.row_J[e, first + 3 + k, i] = 0.5 * scale * t[1 + k]
    for k in ti.static(range(3)):
        d.row_J_rate[e, first + k] = J_rate[k]
    if weld:
        # The weld's error is the vector part of q2* q1: three terms by the product rule.
        w1 = angular(d.cvel[e, b1])
        w2 = angular(d.cvel[e, b2])
        relative = pure(w1 - w2)
        q1_rate = 0.5 * quat_mul(pure(w1), q1)
        q2_rate = -0.5 * quat_mul(q2, pure(w2))
        t = quat_mul(quat_mul(q2_rate, relative) + quat_mul(q2, pure(turn_rate)), q1)
        t += quat_mul(quat_mul(q2, relative), q1_rate)
        for k in ti.static(range(3)):
            d.row_J_rate[e, first + 3 + k] = 0.5 * scale * t[1 + k]


@ti.func
def joint_equality(e, m: ti.template(), n: ti.template(), d: ti.template(), c):
    """Row of equality `c`: one joint is a quartic of another, or a constant."""
    j1 = m.eq_object1[c]
    j2 = m.eq_object2[c]
    i1 = m.joint_dof_start[j1]
    q1 = m.joint_q_start[j1]
    p = m.eq_polynomial[c]
    position = d.qpos[e, q1] - m.qpos0[q1] - p[0]
    weight = dof_invweight(e, i1, m, n, d)
    slope = 0.0
    i2 = i1
    if j2 >= 0:
        i2 = m.joint_dof_start[j2]
        q2 = m.joint_q_start[j2]
        value, slope_there = quartic(p, d.qpos[e, q2] - m.qpos0[q2])
        position -= value
        slope = slope_there
        weight += dof_invweight(e, i2, m, n, d)
    first = ti.min(i1, i2)
    end = ti.max(i1, i2) + 1
    r = new_row(e, d, EQUALITY, c, first, end, position, position, weight)
    d.row_J[e, r, i1] = 1.0
    d.row_J[e, r, i2] = d.row_J[e, r, i2] - slope


@ti.func
def joint_limits(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Rows of the joint limits that are nearer than their margin, the lower limit first."""
    for k in range(2 * n.joints):
        j = k // 2
        side = k % 2
        if m.joint_limited[j] != 0:
            i = m.joint_dof_start[j]
            q = m.joint_q_start[j]
            axis = ti.Vector([1.0 - 2.0 * side, 0.0, 0.0])
            gap = d.qpos[e, q] - m.joint_range[j][0]
            if side == 1:
                gap = m.joint_range[j][1] - d.qpos[e, q]
            size = 1
            if m.joint_type[j] == BALL:
                # One limit, on the angle of the rotation from the reference.
                size = 3
                turn = quat_to_rotvec(read_quat(d.qpos, e, q))
                angle = ti.sqrt(turn.dot(turn))
                gap = ti.max(m.joint_range[j][0], m.joint_range[j][1]) - angle
                if not angle < MIN_VALUE:
                    axis = -turn / angle
            gap -= m.joint_margin[j]
            if gap < 0.0 and not (size == 3 and side == 1):
                r = new_row(e, d, LIMIT, j, i, i + size, gap, gap, dof_invweight(e, i, m, n, d))
                for a in ti.static(range(3)):
                    if a < size:
                        d.row_J[e, r, i + a] = axis[a]


@ti.func
def make_rows(e, m: ti.template(), n: ti.template(), d: ti.template(), h):
    """All constraint rows of environment `e`, and how many are equalities."""
    d.n_rows[e] = 0
    if ti.static(n.equalities + n.welds > 0):
        for c in range(n.equalities + n.welds):
            if holds(e, n, d, c):
                kind = kind_of(m, n, c)
                if kind == JOINT:
                    if ti.static(n.equalities > n.body_equalities + n.tendon_equalities):
                        joint_equality(e, m, n, d, c)
                elif kind == TENDON:
                    if ti.static(n.tendon_equalities > 0):
                        tendon_equality(e, m, n, d, c)
                elif ti.static(n.body_equalities + n.welds > 0):
                    body_equality(e, m, n, d, c)
    d.n_equality_rows[e] = d.n_rows[e]
    if ti.static(n.friction_dofs > 0):
        for i in range(n.dofs):
            if dof_frictionloss(e, i, m, n, d) > 0.0:
                r = new_row(e, d, FRICTION, i, i, i + 1, 0.0, 0.0, dof_invweight(e, i, m, n, d))
                d.row_J[e, r, i] = 1.0
    if ti.static(n.friction_tendons > 0):
        tendon_friction(e, m, n, d)
    if ti.static(n.limited_joints > 0):
        joint_limits(e, m, n, d)
    if ti.static(n.limited_tendons > 0):
        tendon_limits(e, m, n, d)
    if ti.static(n.rows > 0):
        finish_rows(e, m, n, d, h)
