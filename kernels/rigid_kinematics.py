"""Where the bodies are and how they move: forward kinematics and centre-of-mass frames.

Every function works on one environment `e`. `m` are the model's fields, `d` the solver's
per-environment fields, `n` its sizes (see solvers/rigid/schema.py). All spatial quantities are
expressed at the centre of mass of the kinematic tree, with world axes.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_parameters import body_com, body_inertia, body_mass, tree_mass
from genesis_state.kernels.spatial import (
    angular,
    cross_motion,
    inertia_about,
    linear,
    quat_from_axis_angle,
    quat_mul,
    quat_normalized,
    quat_rotate,
    quat_to_matrix,
    spatial,
    velocity_at,
)

FREE, BALL, SLIDE, HINGE = 0, 1, 2, 3  # joint types, numbered as mujoco.mjtJoint


@ti.func
def read_vec3(a: ti.template(), e, i):
    """Three entries of the vector of environment `e` from `i` on."""
    return ti.Vector([a[e, i], a[e, i + 1], a[e, i + 2]])


@ti.func
def read_quat(a: ti.template(), e, i):
    """Four entries of the vector of environment `e` from `i` on, as a unit quaternion."""
    return quat_normalized(ti.Vector([a[e, i], a[e, i + 1], a[e, i + 2], a[e, i + 3]]))


@ti.func
def forward_kinematics(
    e, m: ti.template(), n: ti.template(), d: ti.template(), qpos: ti.template()
):
    """`qpos`, `mocap_pos`, `mocap_quat` → `xpos`, `xquat` of bodies, `xanchor`, `xaxis` of joints.

    A mocap body hangs in the world and has no joints.
    """
    d.xpos[e, 0] = ti.Vector([0.0, 0.0, 0.0])
    d.xquat[e, 0] = ti.Vector([1.0, 0.0, 0.0, 0.0])
    for b in range(1, n.bodies):
        joint_start = m.body_joint_start[b]
        n_joints = m.body_n_joints[b]
        parent = m.body_parent[b]
        pos = d.xpos[e, parent] + quat_rotate(d.xquat[e, parent], m.body_pos[b])
        quat = quat_mul(d.xquat[e, parent], m.body_quat[b])
        if ti.static(n.mocaps > 0):
            k = m.body_mocap[b]
            if k >= 0:
                pos = d.mocap_pos[e, k]
                quat = quat_normalized(d.mocap_quat[e, k])
        for j in range(joint_start, joint_start + n_joints):
            q = m.joint_q_start[j]
            kind = m.joint_type[j]
            if kind == FREE:
                pos = read_vec3(qpos, e, q)
                quat = read_quat(qpos, e, q + 3)
                d.xanchor[e, j] = pos
                d.xaxis[e, j] = ti.Vector([0.0, 0.0, 1.0])
            else:
                axis = quat_rotate(quat, m.joint_axis[j])
                anchor = pos
                if ti.static(n.joint_offsets > 0):
                    anchor += quat_rotate(quat, m.joint_pos[j])
                if kind == SLIDE:
                    pos += axis * (qpos[e, q] - m.qpos0[q])
                else:
                    turn = ti.Vector([1.0, 0.0, 0.0, 0.0])
                    if kind == BALL:
                        turn = read_quat(qpos, e, q)
                    else:
                        turn = quat_from_axis_angle(m.joint_axis[j], qpos[e, q] - m.qpos0[q])
                    quat = quat_mul(quat, turn)
                    # The anchor stays where it is, whatever the joint's place in the body.
                    if ti.static(n.joint_offsets > 0):
                        pos = anchor - quat_rotate(quat, m.joint_pos[j])
                d.xanchor[e, j] = anchor
                d.xaxis[e, j] = axis
        d.xpos[e, b] = pos
        d.xquat[e, b] = quat_normalized(quat)


@ti.func
def com_position(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Centres of mass, spatial inertias `cinert` and motion axes `cdof`, from the kinematics."""
    for b in range(n.bodies):
        d.tree_com[e, b] = ti.Vector([0.0, 0.0, 0.0])
    for b in range(1, n.bodies):
        com = d.xpos[e, b] + quat_rotate(d.xquat[e, b], body_com(e, b, m, n, d))
        d.xipos[e, b] = com
        root = m.body_root[b]
        d.tree_com[e, root] = d.tree_com[e, root] + com * body_mass(e, b, m, n, d)
    for b in range(1, n.bodies):
        if m.body_root[b] == b:
            mass = tree_mass(e, b, m, n, d)
            if mass > 1e-15:
                d.tree_com[e, b] = d.tree_com[e, b] / mass
            else:
                d.tree_com[e, b] = d.xipos[e, b]
    for b in range(1, n.bodies):
        offset = d.xipos[e, b] - d.tree_com[e, m.body_root[b]]
        iquat = quat_mul(d.xquat[e, b], m.body_iquat[b])
        mass = body_mass(e, b, m, n, d)
        d.cinert[e, b] = inertia_about(body_inertia(e, b, m, n, d), iquat, offset, mass)
    zero = ti.Vector([0.0, 0.0, 0.0])
    for j in range(n.joints):
        b = m.joint_body[j]
        i = m.joint_dof_start[j]
        kind = m.joint_type[j]
        offset = d.tree_com[e, m.body_root[b]] - d.xanchor[e, j]
        if kind == SLIDE:
            d.cdof[e, i] = spatial(zero, d.xaxis[e, j])
        elif kind == HINGE:
            d.cdof[e, i] = spatial(d.xaxis[e, j], d.xaxis[e, j].cross(offset))
        else:
            if kind == FREE:
                for k in ti.static(range(3)):
                    axis = zero
                    axis[k] = 1.0
                    d.cdof[e, i + k] = spatial(zero, axis)
                i += 3
            r = quat_to_matrix(d.xquat[e, b])
            for k in ti.static(range(3)):
                axis = ti.Vector([r[0, k], r[1, k], r[2, k]])
                d.cdof[e, i + k] = spatial(axis, axis.cross(offset))


@ti.func
def com_velocity(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Spatial velocities `cvel` of the bodies and the rates `cdof_dot` of the motion axes."""
    zero = ti.Vector([0.0] * 6)
    d.cvel[e, 0] = zero
    for b in range(1, n.bodies):
        v = d.cvel[e, m.body_parent[b]]
        joint_start = m.body_joint_start[b]
        for j in range(joint_start, joint_start + m.body_n_joints[b]):
            i = m.joint_dof_start[j]
            kind = m.joint_type[j]
            if kind == SLIDE or kind == HINGE:
                d.cdof_dot[e, i] = cross_motion(v, d.cdof[e, i])
                v += d.cdof[e, i] * d.dofs_vel[e, i]
            else:
                if kind == FREE:
                    for k in ti.static(range(3)):
                        d.cdof_dot[e, i + k] = zero
                        v[3 + k] += d.dofs_vel[e, i + k]
                    i += 3
                parent = v  # all three axes of a ball turn with what carries it
                for k in ti.static(range(3)):
                    d.cdof_dot[e, i + k] = cross_motion(parent, d.cdof[e, i + k])
                    v += d.cdof[e, i + k] * d.dofs_vel[e, i + k]
        d.cvel[e, b] = v


@ti.func
def point_velocity(e, m: ti.template(), d: ti.template(), b, point):
    """Linear velocity [m/s], world axes, of the point of body `b` that is at `point`."""
    return velocity_at(d.cvel[e, b], point - d.tree_com[e, m.body_root[b]])


@ti.func
def point_acceleration(e, m: ti.template(), d: ti.template(), b, point):
    """Linear acceleration [m/s^2], world axes, of the point of body `b` that is at `point`.

    With `cacc`, whatever that leaves out.
    """
    a = d.cacc[e, b]
    offset = point - d.tree_com[e, m.body_root[b]]
    spin = angular(d.cvel[e, b]).cross(point_velocity(e, m, d, b, point))
    return linear(a) + angular(a).cross(offset) + spin


@ti.func
def moves_body(m: ti.template(), i, b):
    """Whether dof `i` moves body `b`: it belongs to `b` or to one of its ancestors."""
    return m.dof_body[i] <= b and b <= m.body_last[m.dof_body[i]]
