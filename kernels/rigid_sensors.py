"""What sensors on links measure in a step: accelerations, and forces through their joints.

Recursive Newton-Euler with the accelerations that the solver found, in the same order of bodies
as the bias force. All is that of the state the step begins from.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_constraint import (
    JOINT,
    TENDON,
    body_frames,
    holds,
    kind_of,
    pure,
)
from genesis_state.kernels.rigid_coupling import take_off_coupling
from genesis_state.kernels.rigid_kinematics import point_acceleration
from genesis_state.kernels.rigid_parameters import gravity
from genesis_state.kernels.rigid_row import row_derivatives
from genesis_state.kernels.rigid_tendon import direction_of, segment_end
from genesis_state.kernels.rigid_tension import add_coupling_tension, tensions
from genesis_state.kernels.spatial import (
    angular,
    cross_force,
    inertia_mul,
    linear,
    quat_conj,
    quat_mul,
    quat_rotate,
    spatial,
)


@ti.func
def body_accelerations(e, m: ti.template(), n: ti.template(), d: ti.template(), world):
    """`dofs_acc` and the velocities → `cacc`; `world` is the acceleration of the world."""
    d.cacc[e, 0] = world
    for b in range(1, n.bodies):
        a = d.cacc[e, m.body_parent[b]]
        for i in range(m.body_dof_start[b], m.body_dof_start[b] + m.body_n_dofs[b]):
            a += d.cdof_dot[e, i] * d.dofs_vel[e, i] + d.cdof[e, i] * d.dofs_acc[e, i]
        d.cacc[e, b] = a


@ti.func
def take_off(e, m: ti.template(), d: ti.template(), b, force, torque, point):
    """Takes a force [N] at `point` and a torque [N m] off what the joint of body `b` carries."""
    if b > 0:
        arm = point - d.tree_com[e, m.body_root[b]]
        d.cfrc[e, b] = d.cfrc[e, b] - spatial(torque + arm.cross(force), force)


@ti.func
def take_off_contacts(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Forces of contacts, with their torques."""
    for c in range(d.n_contacts[e]):
        if d.contact_dim[e, c] > 0:
            pair = d.contact_pair[e, c]
            turn = ti.Vector([0.0, 0.0, 0.0])
            for k in ti.static(range(3, n.cone_dim)):
                turn[k - 3] = d.contact_f[e, c, k]
            force = d.contact_force[e, c]
            torque = d.contact_frame[e, c].transpose() @ turn
            b = m.geom_body[m.pair_geom2[pair]]
            for _ in range(2):
                take_off(e, m, d, b, force, torque, d.contact_pos[e, c])
                b = m.geom_body[m.pair_geom1[pair]]
                force = -force
                torque = -torque


@ti.func
def row_force(e, d: ti.template(), r):
    """Forces of three equality rows from `r` on."""
    force = ti.Vector([0.0, 0.0, 0.0])
    for k in ti.static(range(3)):
        _cost, slope, _curvature = row_derivatives(e, r + k, d, d.row_x[e, r + k])
        force[k] = -slope
    return force


@ti.func
def take_off_equalities(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Forces of connects and welds, with the torque that does the work of a weld's last rows.

    Those of equalities between tendons are added to `tendon_force`.
    """
    r = 0
    for c in range(n.equalities + n.welds):
        if holds(e, n, d, c):
            kind = kind_of(m, n, c)
            if kind == JOINT:
                r += 1
            elif kind == TENDON:
                if ti.static(n.tendon_equalities > 0 and n.tendon_segments > 0):
                    add_coupling_tension(e, m, d, c, r)
                r += 1
            else:
                b1, b2, anchor1, anchor2, quat1, quat2, weld, scale = body_frames(e, m, n, d, c)
                force = row_force(e, d, r)
                torque = ti.Vector([0.0, 0.0, 0.0])
                r += 3
                if weld:
                    # The rows ask for the vector part of q2* q1, see `body_equality`.
                    q1 = quat_mul(d.xquat[e, b1], quat1)
                    q2 = quat_mul(d.xquat[e, b2], quat2)
                    work = quat_mul(quat_mul(q2, pure(row_force(e, d, r))), quat_conj(q1))
                    for k in ti.static(range(3)):
                        torque[k] = 0.5 * scale * work[1 + k]
                    r += 3
                for _ in range(2):
                    point = d.xpos[e, b1] + quat_rotate(d.xquat[e, b1], anchor1)
                    take_off(e, m, d, b1, force, torque, point)
                    b1 = b2
                    anchor1 = anchor2
                    force = -force
                    torque = -torque


@ti.func
def take_off_tendons(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """What tendons that go through sites pull at both ends of their segments."""
    zero = ti.Vector([0.0, 0.0, 0.0])
    for s in range(n.tendon_segments):
        b1 = m.tendon_segment_body1[s]
        b2 = m.tendon_segment_body2[s]
        if b1 != b2:
            p1 = segment_end(e, b1, m.tendon_segment_pos1[s], d)
            p2 = segment_end(e, b2, m.tendon_segment_pos2[s], d)
            scale = m.tendon_segment_scale[s] * d.tendon_force[e, m.tendon_segment_of[s]]
            force = scale * direction_of(p2 - p1)
            take_off(e, m, d, b1, -force, zero, p1)
            take_off(e, m, d, b2, force, zero, p2)


@ti.func
def joint_forces(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`cacc` and all outer forces → `cfrc`, what each body gets from its parent."""
    for b in range(1, n.bodies):
        v = d.cvel[e, b]
        d.cfrc[e, b] = inertia_mul(d.cinert[e, b], d.cacc[e, b]) + cross_force(
            v, inertia_mul(d.cinert[e, b], v)
        )
        applied = d.links_applied_force[e, b - 1]
        take_off(e, m, d, b, linear(applied), angular(applied), d.xipos[e, b])
    if ti.static(n.contacts > 0):
        take_off_contacts(e, m, n, d)
    if ti.static(n.tendon_segments > 0):
        tensions(e, m, n, d)
    if ti.static(n.body_equalities + n.welds + n.tendon_equalities * n.tendon_segments > 0):
        take_off_equalities(e, m, n, d)
    if ti.static(n.tendon_segments > 0):
        take_off_tendons(e, m, n, d)
    if ti.static(n.coupled):
        take_off_coupling(e, m, n, d)
    for k in range(1, n.bodies):
        b = n.bodies - k
        if m.body_parent[b] > 0:
            d.cfrc[e, m.body_parent[b]] = d.cfrc[e, m.body_parent[b]] + d.cfrc[e, b]


@ti.func
def write_sensors(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """The state and `dofs_acc`, with the forces found with it → what every sensor reads."""
    g = gravity(e, m, n, d)
    body_accelerations(e, m, n, d, ti.Vector([0.0, 0.0, 0.0, -g[0], -g[1], -g[2]]))
    if ti.static(n.imus > 0):
        for s in range(n.imus):
            b = m.imu_body[s]
            quat = quat_conj(quat_mul(d.xquat[e, b], m.imu_quat[s]))
            point = d.xpos[e, b] + quat_rotate(d.xquat[e, b], m.imu_pos[s])
            d.imu_lin_acc[e, s] = quat_rotate(quat, point_acceleration(e, m, d, b, point))
            d.imu_ang_vel[e, s] = quat_rotate(quat, angular(d.cvel[e, b]))
    if ti.static(n.joint_wrenches > 0):
        joint_forces(e, m, n, d)
        for s in range(n.joint_wrenches):
            b = m.joint_wrench_body[s]
            quat = quat_conj(quat_mul(d.xquat[e, b], m.joint_wrench_quat[s]))
            point = d.xpos[e, b] + quat_rotate(d.xquat[e, b], m.joint_wrench_pos[s])
            force = linear(d.cfrc[e, b])
            arm = point - d.tree_com[e, m.body_root[b]]
            d.joint_wrench_force[e, s] = quat_rotate(quat, force)
            d.joint_wrench_torque[e, s] = quat_rotate(
                quat, angular(d.cfrc[e, b]) - arm.cross(force)
            )
