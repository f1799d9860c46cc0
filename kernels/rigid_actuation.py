"""What the controls do: MuJoCo actuators and per-dof PD control, of one environment.

A dof whose control mode is not `NO_CONTROL` is driven by its own command and takes nothing from
actuators.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_transmission import (
    FORCE,
    NO_CONTROL,
    POSITION,
    VELOCITY,
    nearest_setpoint,
    transmission_velocity,
    transmissions,
    transmit,
)

STATELESS, INTEGRATOR, FILTER, FILTER_EXACT = 0, 1, 2, 3  # activation dynamics, as mujoco.mjtDyn


@ti.func
def pd_force(e, i, q, d: ti.template()):
    """Command force of dof `i`, whose coordinate is `qpos[q]`, clipped to its force range."""
    force = d.control_force[e, i]
    mode = d.control_mode[e, i]
    if mode != FORCE:
        force = d.dofs_kv[e, i] * (d.control_vel[e, i] - d.dofs_vel[e, i])
        if mode == POSITION:
            force += d.dofs_kp[e, i] * (d.control_pos[e, i] - d.qpos[e, q])
    return ti.min(ti.max(force, d.dofs_force_lower[e, i]), d.dofs_force_upper[e, i])


@ti.func
def pd_damping(e, i, force, d: ti.template()):
    """-d force / d velocity of the command force of dof `i`; zero where it is clipped."""
    kv = 0.0
    mode = d.control_mode[e, i]
    if mode == VELOCITY or mode == POSITION:
        if force > d.dofs_force_lower[e, i] and force < d.dofs_force_upper[e, i]:
            kv = d.dofs_kv[e, i]
    return kv


@ti.func
def next_activation(m: ti.template(), u, act, act_dot, h):
    """Activation of actuator `u` after time `h`."""
    r = act
    if m.actuator_dynamics[u] == FILTER_EXACT:
        tau = ti.max(1e-15, m.actuator_time_constant[u])
        r += act_dot * tau * (1.0 - ti.exp(-h / tau))
    else:
        r += act_dot * h
    if m.actuator_act_limited[u] != 0:
        r = ti.min(ti.max(r, m.actuator_act_range[u][0]), m.actuator_act_range[u][1])
    return r


@ti.func
def clipped(m: ti.template(), u, force):
    """Force of actuator `u` within its range, and whether it was inside."""
    inside = True
    r = force
    if m.actuator_force_limited[u] != 0:
        low = m.actuator_force_range[u][0]
        high = m.actuator_force_range[u][1]
        inside = force > low and force < high
        r = ti.min(ti.max(force, low), high)
    return r, inside


@ti.func
def add_up_tendons(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`transmission_force` → `tendon_act_force`."""
    for k in range(n.tendons):
        d.tendon_act_force[e, k] = 0.0
    for t in range(n.transmissions):
        k = m.transmission_tendon[t]
        if k >= 0:
            d.tendon_act_force[e, k] = d.tendon_act_force[e, k] + d.transmission_force[e, t]


@ti.func
def limit_tendons(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Scales the forces on a tendon if together they are beyond its limit."""
    add_up_tendons(e, m, n, d)
    for t in range(n.transmissions):
        k = m.transmission_tendon[t]
        if k >= 0:
            total = d.tendon_act_force[e, k]
            if m.tendon_act_force_limited[k] != 0 and total != 0.0:
                within = m.tendon_act_force_range[k]
                bound = ti.min(ti.max(total, within[0]), within[1])
                if bound != total:
                    d.transmission_force[e, t] = d.transmission_force[e, t] * (bound / total)


@ti.func
def undamp_limited_tendons(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """No damping along tendons whose forces together are, to rounding, at their limit."""
    add_up_tendons(e, m, n, d)
    for t in range(n.transmissions):
        k = m.transmission_tendon[t]
        if k >= 0:
            if m.tendon_act_force_limited[k] != 0:
                total = d.tendon_act_force[e, k]
                within = m.tendon_act_force_range[k]
                near = ti.max(ti.abs(within[0]), ti.abs(within[1])) * ti.max(1e-10, 8.0 * n.eps)
                if total <= within[0] + near or total >= within[1] - near:
                    d.transmission_damping[e, t] = 0.0


@ti.func
def transmission_forces(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`transmission_force` → `qfrc_actuator`, within the ranges of tendons and actuators."""
    if ti.static(n.force_limited_tendons > 0):
        limit_tendons(e, m, n, d)
    for t in range(n.transmissions):
        force, inside = clipped(m, m.transmission_actuator[t], d.transmission_force[e, t])
        if not inside:
            d.transmission_damping[e, t] = 0.0
        d.transmission_force[e, t] = force
        transmit(e, m, d, t, force)
    if ti.static(n.force_limited_tendons > 0):
        undamp_limited_tendons(e, m, n, d)


@ti.func
def drive_actuator(e, m: ti.template(), n: ti.template(), d: ti.template(), u, h):
    """Adds the force of actuator `u` to `qfrc_actuator`, or sets that along its transmission; its
    damping, and its `act_dot`.
    """
    i = m.actuator_dof[u]
    t = m.actuator_transmission[u]
    gear = m.actuator_gear[u]
    length = 0.0
    velocity = 0.0
    if i >= 0:
        length = d.qpos[e, m.actuator_q[u]] * gear
        velocity = d.dofs_vel[e, i] * gear
    elif ti.static(n.transmissions > 0):
        length = d.transmission_length[e, t]
        velocity = transmission_velocity(e, m, d, t)
    control = d.ctrl[e, u]
    if m.actuator_ctrl_limited[u] != 0:
        low = m.actuator_ctrl_range[u][0]
        control = ti.min(ti.max(control, low), m.actuator_ctrl_range[u][1])
    dynamics = m.actuator_dynamics[u]
    drive = control
    if dynamics != STATELESS:
        a = m.actuator_act_start[u]
        act = d.act[e, a]
        rate = control
        if dynamics != INTEGRATOR:
            rate = (control - act) / ti.max(1e-15, m.actuator_time_constant[u])
        d.act_dot[e, a] = rate
        drive = act
        if m.actuator_act_early[u] != 0:
            drive = next_activation(m, u, act, rate, h)
    if ti.static(n.transmissions > 0):
        if t >= 0:
            drive = nearest_setpoint(m, t, drive, length)
    gain = m.actuator_gain[u]
    bias = m.actuator_bias[u]
    force = (gain[0] + gain[1] * length + gain[2] * velocity) * drive
    force += bias[0] + bias[1] * length + bias[2] * velocity
    damping = -(gain[2] * drive + bias[2])
    if i >= 0:
        force, inside = clipped(m, u, force)
        if not inside:
            damping = 0.0
        d.qfrc_actuator[e, i] = d.qfrc_actuator[e, i] + gear * force
        d.actuator_damping[e, i] = d.actuator_damping[e, i] + gear * gear * damping
    elif ti.static(n.transmissions > 0):
        d.transmission_force[e, t] = force
        d.transmission_damping[e, t] = damping


@ti.func
def actuation(e, m: ti.template(), n: ti.template(), d: ti.template(), h):
    """Controls → `qfrc_actuator`, `act_dot`, `actuator_damping` and `transmission_damping`.

    `actuator_damping` is -d force / d velocity of what drives a single dof, joint damping apart,
    and `transmission_damping` likewise along each transmission; the implicit integrator adds them
    to the inertia matrix.
    """
    for i in range(n.dofs):
        d.qfrc_actuator[e, i] = 0.0
        d.actuator_damping[e, i] = 0.0
    if ti.static(n.actuation):
        if ti.static(n.transmissions > 0):
            transmissions(e, m, n, d)
        for u in range(n.actuators):
            drive_actuator(e, m, n, d, u, h)
        if ti.static(n.transmissions > 0):
            transmission_forces(e, m, n, d)
    joint_forces(e, m, n, d)


@ti.func
def joint_forces(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """What each joint takes of `qfrc_actuator`, or PD control in its place."""
    for j in range(n.joints):
        i = m.joint_dof_start[j]
        if ti.static(n.actuation):
            if m.joint_act_gravcomp[j] != 0:
                for k in range(i, i + m.joint_n_dofs[j]):
                    d.qfrc_actuator[e, k] = d.qfrc_actuator[e, k] + d.qfrc_gravcomp[e, k]
            if m.joint_act_force_limited[j] != 0:
                low = m.joint_act_force_range[j][0]
                high = m.joint_act_force_range[j][1]
                force = d.qfrc_actuator[e, i]
                if force <= low or force >= high:
                    d.actuator_damping[e, i] = 0.0
                d.qfrc_actuator[e, i] = ti.min(ti.max(force, low), high)
        for k in range(i, i + m.joint_n_dofs[j]):
            if d.control_mode[e, k] != NO_CONTROL:
                force = pd_force(e, k, m.joint_q_start[j] + k - i, d)
                d.qfrc_actuator[e, k] = force
                d.actuator_damping[e, k] = pd_damping(e, k, force, d)
