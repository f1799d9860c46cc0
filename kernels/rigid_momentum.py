"""Free bodies whose momentum is kept to rounding, so that body and matter together keep theirs.

MuJoCo's integrators take the velocities of a free joint along while the body turns under them, so
that a body that spins keeps its momentum to first order in the time step only. Where continua
touch bodies, each lone free body goes on with what its momentum has become instead: its centre of
mass moves in a straight line, and its angular momentum stays in the world.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_kinematics import read_vec3
from genesis_state.kernels.rigid_parameters import body_com, body_inertia
from genesis_state.kernels.spatial import quat_mul, quat_rotate, quat_to_matrix, spatial


@ti.func
def keep_momentum(
    e, m: ti.template(), n: ti.template(), d: ti.template(), h, implicit: ti.template()
):
    """Velocity and place of every lone body after a step → those that have its momentum.

    The velocities that the step solved for fulfil M (v' - v) = h (f - c) in the axes where it
    started, c(v) the force of inertia. Momentum is what f changes, so that h c is put back;
    with `implicit`, c is that of the new velocity to first order. `lone_velocity` holds v'.
    """
    for k in range(n.lone_bodies):
        b = m.lone_body[k]
        i = m.body_dof_start[b]
        q = m.joint_q_start[m.body_joint_start[b]]
        turn = quat_to_matrix(d.xquat[e, b])
        axes = quat_to_matrix(quat_mul(d.xquat[e, b], m.body_iquat[b]))
        arm = quat_rotate(d.xquat[e, b], body_com(e, b, m, n, d))
        after = turn @ read_vec3(d.dofs_vel, e, i + 3)
        change = h * (turn @ read_vec3(d.step_acc, e, i + 3))
        before = after - change
        held = axes @ (body_inertia(e, b, m, n, d) * (axes.transpose() @ before))
        swing = before.cross(before.cross(arm))
        gyro = before.cross(held)
        if ti.static(implicit):
            changed = axes @ (body_inertia(e, b, m, n, d) * (axes.transpose() @ change))
            swing += change.cross(before.cross(arm)) + before.cross(change.cross(arm))
            gyro += change.cross(held) + before.cross(changed)
        speed = read_vec3(d.dofs_vel, e, i) + after.cross(arm)
        d.lone_velocity[e, k] = spatial(after, speed)
        speed += h * swing
        spin = axes @ (body_inertia(e, b, m, n, d) * (axes.transpose() @ after)) + h * gyro
        quat = ti.Vector([d.qpos[e, q + 3 + c] for c in ti.static(range(4))])
        axes = quat_to_matrix(quat_mul(quat, m.body_iquat[b]))
        omega = axes @ ((axes.transpose() @ spin) / body_inertia(e, b, m, n, d))
        local = quat_to_matrix(quat).transpose() @ omega
        arm = quat_rotate(quat, body_com(e, b, m, n, d))
        place = d.xipos[e, b] + (h * speed - arm)
        speed -= omega.cross(arm)
        for c in ti.static(range(3)):
            d.dofs_vel[e, i + c] = speed[c]
            d.dofs_vel[e, i + 3 + c] = local[c]
            d.qpos[e, q + c] = place[c]
