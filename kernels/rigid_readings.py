"""What users ask of rigid bodies between two steps, from saved fields alone.

Scratch fields are written before they are read, so no reading depends on what a step left there.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_actuation import actuation
from genesis_state.kernels.rigid_dynamics import passive_force
from genesis_state.kernels.rigid_kinematics import (
    FREE,
    HINGE,
    SLIDE,
    com_position,
    com_velocity,
    forward_kinematics,
    moves_body,
    point_acceleration,
    read_vec3,
)
from genesis_state.kernels.rigid_sensors import body_accelerations
from genesis_state.kernels.rigid_step import write_links
from genesis_state.kernels.rigid_tendon import tendon_position
from genesis_state.kernels.spatial import angular, quat_rotate


@ti.kernel
def refresh_slice(
    m: ti.template(),
    n: ti.template(),
    d: ti.template(),
    start: ti.i32,
    stride: ti.i32,
    count: ti.i32,
):
    """`qpos` → `links_pos`, `links_quat` of `count` environments from `start` on."""
    for k in range(count):
        e = start + k * stride
        forward_kinematics(e, m, n, d, d.qpos)
        write_links(e, n, d)


@ti.kernel
def refresh_chosen(
    m: ti.template(),
    n: ti.template(),
    d: ti.template(),
    chosen: ti.types.ndarray(dtype=ti.i32, ndim=1),
):
    """`qpos` → `links_pos`, `links_quat` of every environment whose entry is not 0."""
    for e in range(n.envs):
        if chosen[e] != 0:
            forward_kinematics(e, m, n, d, d.qpos)
            write_links(e, n, d)


@ti.func
def velocity_of(e, b, first: ti.template(), out: ti.template()):
    """Three entries from `first` on of what was written for body `b`; the world is at rest."""
    v = ti.Vector([0.0, 0.0, 0.0])
    if b > 0:
        for k in ti.static(range(3)):
            v[k] = out[e, b - 1, first + k]
    return v


@ti.kernel
def link_velocities(
    m: ti.template(), n: ti.template(), d: ti.template(), out: ti.types.ndarray(ndim=3)
):
    """`qpos`, `dofs_vel` → angular velocity and velocity of the origin of every link."""
    for e in range(n.envs):
        forward_kinematics(e, m, n, d, d.qpos)
        for b in range(1, n.bodies):
            parent = m.body_parent[b]
            origin = d.xpos[e, b]
            turn = velocity_of(e, parent, 0, out)
            move = velocity_of(e, parent, 3, out) + turn.cross(origin - d.xpos[e, parent])
            for j in range(m.body_joint_start[b], m.body_joint_start[b] + m.body_n_joints[b]):
                i = m.joint_dof_start[j]
                kind = m.joint_type[j]
                if kind == SLIDE:
                    move += d.xaxis[e, j] * d.dofs_vel[e, i]
                elif kind == HINGE:
                    spin = d.xaxis[e, j] * d.dofs_vel[e, i]
                    turn += spin
                    move += spin.cross(origin - d.xanchor[e, j])
                else:
                    if kind == FREE:
                        move += read_vec3(d.dofs_vel, e, i)
                        i += 3
                    spin = quat_rotate(d.xquat[e, b], read_vec3(d.dofs_vel, e, i))
                    turn += spin
                    move += spin.cross(origin - d.xanchor[e, j])
            for k in ti.static(range(3)):
                out[e, b - 1, k] = turn[k]
                out[e, b - 1, 3 + k] = move[k]


@ti.kernel
def link_accelerations(
    m: ti.template(), n: ti.template(), d: ti.template(), out: ti.types.ndarray(ndim=3)
):
    """`qpos`, `dofs_vel`, `dofs_acc` → angular and linear acceleration of every link's origin."""
    for e in range(n.envs):
        forward_kinematics(e, m, n, d, d.qpos)
        com_position(e, m, n, d)
        com_velocity(e, m, n, d)
        body_accelerations(e, m, n, d, ti.Vector([0.0] * 6))
        for b in range(1, n.bodies):
            turn = angular(d.cacc[e, b])
            move = point_acceleration(e, m, d, b, d.xpos[e, b])
            for k in ti.static(range(3)):
                out[e, b - 1, k] = turn[k]
                out[e, b - 1, 3 + k] = move[k]


@ti.kernel
def control_force(
    m: ti.template(), n: ti.template(), d: ti.template(), out: ti.types.ndarray(ndim=2)
):
    """State, controls and commands → force of actuators and PD control on every dof."""
    for e in range(n.envs):
        if ti.static(n.gravity_compensated + n.transmissions > 0):
            forward_kinematics(e, m, n, d, d.qpos)
            com_position(e, m, n, d)
        if ti.static(n.tendons > 0):
            tendon_position(e, m, n, d, d.qpos)
        if ti.static(n.gravity_compensated > 0):
            passive_force(e, m, n, d)
        else:
            for i in range(n.dofs):
                d.qfrc_gravcomp[e, i] = 0.0
        actuation(e, m, n, d, m.timestep[0])
        for i in range(n.dofs):
            out[e, i] = d.qfrc_actuator[e, i]


@ti.kernel
def link_jacobian(
    m: ti.template(),
    n: ti.template(),
    d: ti.template(),
    envs: ti.types.ndarray(dtype=ti.i32, ndim=1),
    qpos: ti.types.ndarray(ndim=2),
    body: ti.i32,
    dof_start: ti.i32,
    points: ti.types.ndarray(ndim=2),
    pose: ti.types.ndarray(ndim=2),
    jacobian: ti.types.ndarray(ndim=3),
):
    """Trial positions → pose of a body and the Jacobian of a point of it.

    Row k is about environment `envs[k]`, whose scratch it uses. `qpos` are coordinates of the
    whole scene, `points` are in the body's frame; `pose` is the point's position and the body's
    quaternion. The Jacobian has rows of velocity, then of angular velocity, in world axes.
    """
    for k in range(envs.shape[0]):
        e = envs[k]
        for q in range(n.qs):
            d.trial_qpos[e, q] = qpos[k, q]
        forward_kinematics(e, m, n, d, d.trial_qpos)
        quat = d.xquat[e, body]
        point = ti.Vector([points[k, 0], points[k, 1], points[k, 2]])
        at = d.xpos[e, body] + quat_rotate(quat, point)
        for c in ti.static(range(3)):
            pose[k, c] = at[c]
        for c in ti.static(range(4)):
            pose[k, 3 + c] = quat[c]
        for column in range(jacobian.shape[2]):
            i = dof_start + column
            move = ti.Vector([0.0, 0.0, 0.0])
            turn = ti.Vector([0.0, 0.0, 0.0])
            if moves_body(m, i, body):
                j = m.dof_joint[i]
                kind = m.joint_type[j]
                part = i - m.joint_dof_start[j]
                if kind == SLIDE:
                    move = d.xaxis[e, j]
                elif kind == FREE and part < 3:
                    move[part] = 1.0
                else:
                    if kind == HINGE:
                        turn = d.xaxis[e, j]
                    else:
                        axis = ti.Vector([0.0, 0.0, 0.0])
                        axis[part % 3] = 1.0
                        turn = quat_rotate(d.xquat[e, m.joint_body[j]], axis)
                    move = turn.cross(at - d.xanchor[e, j])
            for c in ti.static(range(3)):
                jacobian[k, c, column] = move[c]
                jacobian[k, 3 + c, column] = turn[c]


@ti.kernel
def damped_step(
    jacobian: ti.types.ndarray(ndim=3),
    error: ti.types.ndarray(ndim=2),
    damping: float,
    step: ti.types.ndarray(ndim=2),
):
    """J and an error of six numbers → step = J^T (J J^T + damping^2)^-1 error, for every row.

    One small system for each row: a batched library call costs more to share out than to solve,
    and its rounding may depend on the batch.
    """
    for k in range(jacobian.shape[0]):
        # The lower half of the matrix, then of its Cholesky factor.
        L = ti.Matrix.zero(float, 6, 6)
        for column in range(jacobian.shape[2]):
            for a in ti.static(range(6)):
                for b in ti.static(range(a + 1)):
                    L[a, b] += jacobian[k, a, column] * jacobian[k, b, column]
        y = ti.Vector.zero(float, 6)
        for a in ti.static(range(6)):
            L[a, a] += damping * damping
            y[a] = error[k, a]
        for a in ti.static(range(6)):
            for b in ti.static(range(a + 1)):
                for c in ti.static(range(b)):
                    L[a, b] -= L[a, c] * L[b, c]
                if ti.static(a == b):
                    L[a, a] = ti.sqrt(L[a, a])
                else:
                    L[a, b] /= L[b, b]
        for a in ti.static(range(6)):
            for c in ti.static(range(a)):
                y[a] -= L[a, c] * y[c]
            y[a] /= L[a, a]
        for i in ti.static(range(6)):
            for c in ti.static(range(i)):
                y[5 - i] -= L[5 - c, 5 - i] * y[5 - c]
            y[5 - i] /= L[5 - i, 5 - i]
        for column in range(jacobian.shape[2]):
            x = 0.0
            for a in ti.static(range(6)):
                x += jacobian[k, a, column] * y[a]
            step[k, column] = x
