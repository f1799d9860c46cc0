"""What users ask of rigid bodies between two steps, from saved fields alone.

Scratch fields are written before they are read, so no reading depends on what a step left there.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_actuation import actuation
from genesis_state.kernels.rigid_dynamics import passive_force
from genesis_state.kernels.rigid_kinematics import (
    com_position,
    com_velocity,
    forward_kinematics,
    point_velocity,
)
from genesis_state.kernels.rigid_step import write_links
from genesis_state.kernels.spatial import angular


@ti.kernel
def refresh_slice(
    m: ti.template(),
    n: ti.template(),
    d: ti.template(),
    start: ti.i32,
    stride: ti.i32,
    count: ti.i32,
):
    """`qpos` → `links_pos`, `links_quat` of `count` environments, `stride` apart from `start` on."""
    for k in range(count):
        e = start + k * stride
        forward_kinematics(e, m, n, d, d.qpos)
        write_links(e, n, d)


@ti.kernel
def refresh_envs(
    m: ti.template(),
    n: ti.template(),
    d: ti.template(),
    envs: ti.types.ndarray(dtype=ti.i32, ndim=1),
):
    """`qpos` → `links_pos`, `links_quat` of the environments listed."""
    for k in range(envs.shape[0]):
        e = envs[k]
        forward_kinematics(e, m, n, d, d.qpos)
        write_links(e, n, d)


@ti.kernel
def link_velocities(
    m: ti.template(), n: ti.template(), d: ti.template(), out: ti.types.ndarray(ndim=3)
):
    """`qpos`, `dofs_vel` → angular velocity and velocity of the origin of every link."""
    for e in range(n.envs):
        forward_kinematics(e, m, n, d, d.qpos)
        com_position(e, m, n, d)
        com_velocity(e, m, n, d)
        for b in range(1, n.bodies):
            turn = angular(d.cvel[e, b])
            move = point_velocity(e, m, d, b, d.xpos[e, b])
            for k in ti.static(range(3)):
                out[e, b - 1, k] = turn[k]
                out[e, b - 1, 3 + k] = move[k]


@ti.kernel
def control_force(
    m: ti.template(), n: ti.template(), d: ti.template(), out: ti.types.ndarray(ndim=2)
):
    """State, controls and commands → force of actuators and PD control on every dof."""
    for e in range(n.envs):
        if ti.static(n.gravity_compensated > 0):
            forward_kinematics(e, m, n, d, d.qpos)
            com_position(e, m, n, d)
            passive_force(e, m, n, d)
        else:
            for i in range(n.dofs):
                d.qfrc_gravcomp[e, i] = 0.0
        actuation(e, m, n, d, m.timestep[0])
        for i in range(n.dofs):
            out[e, i] = d.qfrc_actuator[e, i]
