"""How actuators that act on more than one dof do so: their lengths and moments.

Such an actuator has a transmission t with a length, and a moment for each of the dofs that it may
act on: entries `moment_start[t]` to `moment_start[t] + moment_size[t]`, of the dofs `moment_dof`.
Which dofs these are is known when the scene is built. An actuator of a hinge or slide needs none
of this, see rigid_actuation.py.

To add a kind, write its `transmission_length` and its `moment` in `transmissions`.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_kinematics import read_quat
from genesis_state.kernels.spatial import (
    angular,
    linear,
    quat_conj,
    quat_mul,
    quat_rotate,
    quat_to_rotvec,
)

# Kinds of transmissions. A frame is a site's.
BALL, FREE_JOINT, FRAME, FRAMES, SLIDER_CRANK, ADHESION, TENDON = 0, 1, 2, 3, 4, 5, 6
NO_CONTROL, FORCE, VELOCITY, POSITION = 0, 1, 2, 3  # who drives a dof: actuators, or a command


@ti.func
def read_gear(m: ti.template(), t, half):
    """Three gears of transmission `t`: of the translation (`half` 0) or of the rotation (1)."""
    return ti.Vector([m.transmission_gear[t, 3 * half + k] for k in ti.static(range(3))])


@ti.func
def joint_transmission(e, m: ti.template(), d: ti.template(), t, kind):
    """A ball's rotation vector along the gear; of a free joint, which has no length, the gear."""
    q = m.transmission_q[t]
    half = 0
    if kind == FREE_JOINT:
        half = 1
        q += 3
    turn = read_quat(d.qpos, e, q)
    axis = read_gear(m, t, half)
    if m.transmission_in_parent[t] != 0:
        axis = quat_rotate(quat_conj(turn), axis)
    entry = m.moment_start[t]
    if kind == FREE_JOINT:
        for k in ti.static(range(3)):
            d.moment[e, entry + k] = m.transmission_gear[t, k]
        entry += 3
    else:
        d.transmission_length[e, t] = quat_to_rotvec(turn).dot(axis)
    for k in ti.static(range(3)):
        d.moment[e, entry + k] = axis[k]


@ti.func
def frame_transmission(e, m: ti.template(), d: ti.template(), t, kind):
    """Actuators between frames on two bodies: forces and torques on each, per unit of force.

    The dofs that `FRAMES` may act on are those that move one of them against the other.
    """
    b1 = m.transmission_body1[t]
    b2 = m.transmission_body2[t]
    p1 = d.xpos[e, b1] + quat_rotate(d.xquat[e, b1], m.transmission_pos1[t])
    p2 = d.xpos[e, b2] + quat_rotate(d.xquat[e, b2], m.transmission_pos2[t])
    q1 = quat_mul(d.xquat[e, b1], m.transmission_quat1[t])
    q2 = quat_mul(d.xquat[e, b2], m.transmission_quat2[t])
    zero = ti.Vector([0.0, 0.0, 0.0])
    force = zero
    torque1 = zero
    torque2 = zero
    if kind == SLIDER_CRANK:
        # The slider lies on the axis of the second frame, at the end of a rod from the first.
        axis = quat_rotate(q2, ti.Vector([0.0, 0.0, 1.0]))
        arm = p1 - p2
        along = arm.dot(axis)
        rod = m.transmission_rod[t]
        rest = along * along + rod * rod - arm.dot(arm)
        gear = m.transmission_gear[t, 0]
        length = along
        force = axis
        turn = arm
        if rest > 0.0:
            root = ti.sqrt(rest)
            length = along - root
            force = (1.0 - along / root) * axis + arm / root
            turn = (1.0 - along / root) * arm
        d.transmission_length[e, t] = gear * length
        force = gear * force
        torque2 = gear * axis.cross(turn)
    else:
        push = read_gear(m, t, 0)
        turn = read_gear(m, t, 1)
        if kind == FRAME:
            force = quat_rotate(q1, push)
            torque1 = quat_rotate(q1, turn)
        else:
            force = quat_rotate(q2, push)
            torque1 = quat_rotate(q2, turn)
            torque2 = -torque1
            place = quat_rotate(quat_conj(q2), p1 - p2)
            angle = quat_to_rotvec(quat_mul(quat_conj(q2), q1))
            d.transmission_length[e, t] = place.dot(push) + angle.dot(turn)
    torque1 += (p1 - d.tree_com[e, m.body_root[b1]]).cross(force)
    torque2 -= (p2 - d.tree_com[e, m.body_root[b2]]).cross(force)
    for s in range(m.moment_start[t], m.moment_start[t] + m.moment_size[t]):
        axis = d.cdof[e, m.moment_dof[s]]
        moment = 0.0
        if (m.moment_moves[s] & 1) != 0:
            moment += angular(axis).dot(torque1) + linear(axis).dot(force)
        if (m.moment_moves[s] & 2) != 0:
            moment += angular(axis).dot(torque2) - linear(axis).dot(force)
        d.moment[e, s] = moment


@ti.func
def tendon_transmission(e, m: ti.template(), d: ti.template(), t):
    """An actuator that pulls a tendon: its length and Jacobian times the gear."""
    tendon = m.transmission_tendon[t]
    gear = m.transmission_gear[t, 0]
    d.transmission_length[e, t] = gear * d.tendon_length[e, tendon]
    for k in range(m.moment_size[t]):
        moment = gear * d.tendon_J[e, m.tendon_J_start[tendon] + k]
        d.moment[e, m.moment_start[t] + k] = moment


@ti.func
def adhesion(e, m: ti.template(), d: ti.template(), t):
    """The mean, over all contacts of a body, of what pulls its surface and the other's together."""
    start = m.moment_start[t]
    for s in range(m.moment_size[t]):
        d.moment[e, start + s] = 0.0
    body = m.transmission_body1[t]
    count = 0
    for c in range(d.n_contacts[e]):
        pair = d.contact_pair[e, c]
        b1 = m.geom_body[m.pair_geom1[pair]]
        b2 = m.geom_body[m.pair_geom2[pair]]
        if b1 == body or b2 == body:
            count += 1
            normal = d.contact_normal[e, c]
            # A dof that moves both bodies comes to nothing.
            for side in range(2):
                b = b1 if side == 0 else b2
                sign = 1.0 - 2.0 * side
                torque = (d.contact_pos[e, c] - d.tree_com[e, m.body_root[b]]).cross(normal)
                i = m.body_last_dof[b]
                while i >= 0:
                    axis = d.cdof[e, i]
                    pull = angular(axis).dot(torque) + linear(axis).dot(normal)
                    d.moment[e, start + i] = d.moment[e, start + i] + sign * pull
                    i = m.dof_parent[i]
    for s in range(m.moment_size[t]):
        d.moment[e, start + s] = d.moment[e, start + s] / ti.max(count, 1)


@ti.func
def transmissions(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Where bodies are and what touches → `transmission_length`, `moment`."""
    for t in range(n.transmissions):
        d.transmission_length[e, t] = 0.0
        kind = m.transmission_kind[t]
        if kind == BALL or kind == FREE_JOINT:
            joint_transmission(e, m, d, t, kind)
        if ti.static(n.frame_transmissions > 0):
            if kind == FRAME or kind == FRAMES or kind == SLIDER_CRANK:
                frame_transmission(e, m, d, t, kind)
        if ti.static(n.adhesions > 0):
            if kind == ADHESION:
                adhesion(e, m, d, t)
        if ti.static(n.tendons > 0):
            if kind == TENDON:
                tendon_transmission(e, m, d, t)


@ti.func
def transmission_velocity(e, m: ti.template(), d: ti.template(), t):
    """Rate of the length of transmission `t`, or what stands for it where there is none."""
    velocity = 0.0
    for s in range(m.moment_start[t], m.moment_start[t] + m.moment_size[t]):
        velocity += d.moment[e, s] * d.dofs_vel[e, m.moment_dof[s]]
    return velocity


@ti.func
def transmit(e, m: ti.template(), d: ti.template(), t, force):
    """Adds to `qfrc_actuator` what the force of transmission `t` does to each dof."""
    for s in range(m.moment_start[t], m.moment_start[t] + m.moment_size[t]):
        i = m.moment_dof[s]
        d.qfrc_actuator[e, i] = d.qfrc_actuator[e, i] + d.moment[e, s] * force


@ti.func
def nearest_setpoint(m: ti.template(), t, setpoint, length):
    """Of the setpoints that a servo of a rotation cannot tell apart, the nearest to `length`."""
    nearest = setpoint
    period = m.transmission_period[t]
    if period > 0.0:
        nearest -= period * ti.round((setpoint - length) / period)
    return nearest


@ti.func
def add_transmission_damping(e, m: ti.template(), n: ti.template(), d: ti.template(), h):
    """Adds h times the damping of transmissions to `M_factor`: of moment^T damping moment, those
    entries that M has. A dof that PD control drives takes nothing from them.
    """
    for k in range(n.moment_pairs):
        t = m.moment_pair_transmission[k]
        damping = h * d.transmission_damping[e, t]
        if damping != 0.0:
            first = m.moment_pair_first[k]
            second = m.moment_pair_second[k]
            if (
                d.control_mode[e, m.moment_dof[first]] == NO_CONTROL
                and d.control_mode[e, m.moment_dof[second]] == NO_CONTROL
            ):
                entry = m.moment_pair_M[k]
                d.M_factor[e, entry] = (
                    d.M_factor[e, entry] + damping * d.moment[e, first] * d.moment[e, second]
                )
