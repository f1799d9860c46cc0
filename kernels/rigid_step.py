"""One time step of the rigid solver: forward dynamics, then one of three integrators.

One kernel does a whole step of all environments, or a few kernels where functions cannot be called;
each environment is a loop iteration of its own, so its result depends on nothing but its own bytes.
"""

from genesis_state.kernels.dealing import dealt, n_blocks, n_iterations
from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_actuation import (
    INTEGRATOR,
    STATELESS,
    next_activation,
)
from genesis_state.kernels.rigid_contact import make_constraints
from genesis_state.kernels.rigid_coupling import (
    add_coupling_inertia,
    take_off_coupling_inertia,
)
from genesis_state.kernels.rigid_dynamics import (
    bias_force,
    damper,
    factor,
    factor_and_solve,
    mass_matrix,
    passive_force,
)
from genesis_state.kernels.rigid_free_body import solve_free_bodies
from genesis_state.kernels.rigid_kinematics import (
    BALL,
    FREE,
    com_position,
    com_velocity,
    forward_kinematics,
    read_vec3,
)
from genesis_state.kernels.rigid_momentum import keep_momentum
from genesis_state.kernels.rigid_narrow_phase import find_contacts
from genesis_state.kernels.rigid_newton import constrained_acceleration
from genesis_state.kernels.rigid_noslip import stop_slip
from genesis_state.kernels.rigid_sensors import write_sensors
from genesis_state.kernels.rigid_smooth import smooth_force
from genesis_state.kernels.rigid_tendon import (
    add_tendon_armature,
    add_tendon_bias,
    add_tendon_damping,
    add_tendon_springs,
    tendon_position,
    tendon_velocities,
)
from genesis_state.kernels.rigid_transmission import add_transmission_damping, nearest_setpoint
from genesis_state.kernels.spatial import quat_integrate, rotvec_rate
from genesis_state.kernels.subroutine import calls, subroutine

EULER, RK4, IMPLICITFAST = 0, 1, 3  # numbered as mujoco.mjtIntegrator
LARGEST = 1e10  # a coordinate beyond this counts as an error, as does one that is not a number


@subroutine
def forward_dynamics(e: ti.i32, m: ti.template(), n: ti.template(), d: ti.template(), h: float):
    """Body frames, velocities and controls → `dofs_acc`; without calls, `qfrc_smooth` only.

    Where actuators pull on what touches, contacts come before them, see rigid_newton.py.
    """
    com_position(e, m, n, d)
    if ti.static(n.tendons > 0):
        tendon_position(e, m, n, d, d.qpos)
    mass_matrix(e, m, n, d)
    if ti.static(n.armature_tendons > 0):
        add_tendon_armature(e, m, n, d)
    if ti.static(n.coupled):
        add_coupling_inertia(e, n, d)
    if ti.static(not n.newton):
        for k in range(n.M_entries):
            d.M_factor[e, k] = d.M[e, k]
        factor(e, m, n, d.M_factor)
    com_velocity(e, m, n, d)
    if ti.static(n.tendons > 0):
        tendon_velocities(e, m, n, d)
    passive_force(e, m, n, d)
    if ti.static(n.spring_tendons > 0):
        add_tendon_springs(e, m, n, d)
    bias_force(e, m, n, d)
    if ti.static(n.armature_tendons > 0):
        add_tendon_bias(e, m, n, d)
    if ti.static(n.adhesions == 0):
        smooth_force(e, m, n, d, h)
    if ti.static(calls()):
        constrained_acceleration(e, m, n, d, h)


@ti.func
def integrate_positions(
    e, m: ti.template(), n: ti.template(), d: ti.template(), vel: ti.template(), h
):
    """`qpos` → where the velocities `vel` take it in time `h`."""
    for j in range(n.joints):
        i = m.joint_dof_start[j]
        q = m.joint_q_start[j]
        kind = m.joint_type[j]
        if kind == FREE or kind == BALL:
            if kind == FREE:
                for k in ti.static(range(3)):
                    d.qpos[e, q + k] = d.qpos[e, q + k] + h * vel[e, i + k]
                i += 3
                q += 3
            quat = ti.Vector([d.qpos[e, q], d.qpos[e, q + 1], d.qpos[e, q + 2], d.qpos[e, q + 3]])
            quat = quat_integrate(quat, ti.Vector([vel[e, i], vel[e, i + 1], vel[e, i + 2]]), h)
            for k in ti.static(range(4)):
                d.qpos[e, q + k] = quat[k]
        else:
            d.qpos[e, q] = d.qpos[e, q] + h * vel[e, i]


@ti.func
def integrate_activations(e, m: ti.template(), n: ti.template(), d: ti.template(), h):
    """`act` → its value after time `h` with the rate `act_dot`."""
    if ti.static(n.actuation):
        for u in range(n.actuators):
            if m.actuator_dynamics[u] != STATELESS:
                a = m.actuator_act_start[u]
                act = next_activation(m, u, d.act[e, a], d.act_dot[e, a], h)
                if ti.static(n.transmissions > 0):
                    t = m.actuator_transmission[u]
                    if t >= 0 and m.actuator_dynamics[u] == INTEGRATOR:
                        act = nearest_setpoint(m, t, act, d.transmission_length[e, t])
                d.act[e, a] = act


@ti.func
def velocity_step(e, m: ti.template(), n: ti.template(), d: ti.template(), h):
    """`dofs_vel` → its value after time `h`, damping taken at the end of the step.

    (M + h D) a = f, with D the joint damping, and for implicitfast also what tendons and actuators
    damp. The velocity gain of PD control is always in D.
    """
    for k in range(n.M_entries):
        d.M_factor[e, k] = d.M[e, k]
    for i in range(n.dofs):
        damping = 0.0
        if ti.static(n.euler_damping or n.integrator == IMPLICITFAST):
            _force, damping = damper(e, i, m, n, d)
        if ti.static(n.integrator == IMPLICITFAST) or d.control_mode[e, i] != 0:
            damping += d.actuator_damping[e, i]
        d.M_factor[e, m.M_row_start[i] + m.M_row_size[i] - 1] = (
            d.M_factor[e, m.M_row_start[i] + m.M_row_size[i] - 1] + h * damping
        )
        d.step_acc[e, i] = d.qfrc_smooth[e, i] + d.qfrc_constraint[e, i]
    if ti.static(n.integrator == IMPLICITFAST and n.damped_tendons > 0):
        add_tendon_damping(e, m, n, d, h, d.M_factor)
    if ti.static(n.integrator == IMPLICITFAST and n.transmissions > 0 and n.actuation):
        add_transmission_damping(e, m, n, d, h)
    factor_and_solve(e, m, n, d.M_factor, d.step_acc)
    if ti.static(n.integrator == IMPLICITFAST):
        solve_free_bodies(e, m, n, d, h)
    for i in range(n.dofs):
        d.dofs_vel[e, i] = d.dofs_vel[e, i] + h * d.step_acc[e, i]


@ti.func
def runge_kutta_start(e, n: ti.template(), d: ti.template()):
    """Remembers the state at the start of the step and clears the sums."""
    for q in range(n.qs):
        d.rk_qpos[e, q] = d.qpos[e, q]
    for i in range(n.dofs):
        d.rk_vel[e, i] = d.dofs_vel[e, i]
        d.rk_rate[e, i] = 0.0
        d.rk_mean_rate[e, i] = 0.0
        d.rk_mean_acc[e, i] = 0.0
    for a in range(n.activations):
        d.rk_act[e, a] = d.act[e, a]
        d.rk_mean_act_dot[e, a] = 0.0


@ti.func
def runge_kutta_rate(e, m: ti.template(), n: ti.template(), d: ti.template(), reach):
    """`rk_rate` → that of this stage, which lies `reach` times the old one from the start.

    Where coordinates are rotations, they are rotation vectors from the start, which do not grow at
    the angular velocity.
    """
    for j in range(n.joints):
        i = m.joint_dof_start[j]
        kind = m.joint_type[j]
        if kind == FREE:
            for k in ti.static(range(3)):
                d.rk_rate[e, i + k] = d.dofs_vel[e, i + k]
            i += 3
        if kind == FREE or kind == BALL:
            rate = rotvec_rate(reach * read_vec3(d.rk_rate, e, i), read_vec3(d.dofs_vel, e, i))
            for k in ti.static(range(3)):
                d.rk_rate[e, i + k] = rate[k]
        else:
            d.rk_rate[e, i] = d.dofs_vel[e, i]


@ti.func
def runge_kutta_stage(e, m: ti.template(), n: ti.template(), d: ti.template(), stage, h):
    """Adds stage 0..3 to the means and moves to where the next stage is evaluated."""
    weight = 1.0 / 6.0
    reached = 0.5 * h
    reach = 0.5 * h
    if stage == 1 or stage == 2:
        weight = 1.0 / 3.0
    if stage == 3:
        reached = h
    if stage >= 2:
        reach = h
    runge_kutta_rate(e, m, n, d, reached)
    for i in range(n.dofs):
        d.rk_mean_rate[e, i] = d.rk_mean_rate[e, i] + weight * d.rk_rate[e, i]
        d.rk_mean_acc[e, i] = d.rk_mean_acc[e, i] + weight * d.dofs_acc[e, i]
    for a in range(n.activations):
        d.rk_mean_act_dot[e, a] = d.rk_mean_act_dot[e, a] + weight * d.act_dot[e, a]
    for q in range(n.qs):
        d.qpos[e, q] = d.rk_qpos[e, q]
    if stage < 3:
        for a in range(n.activations):
            d.act[e, a] = d.rk_act[e, a] + reach * d.act_dot[e, a]
    else:
        for i in range(n.dofs):
            d.rk_rate[e, i] = d.rk_mean_rate[e, i]
            d.dofs_acc[e, i] = d.rk_mean_acc[e, i]
        for a in range(n.activations):
            d.act[e, a] = d.rk_act[e, a]
            d.act_dot[e, a] = d.rk_mean_act_dot[e, a]
        integrate_activations(e, m, n, d, h)
    integrate_positions(e, m, n, d, d.rk_rate, reach)
    for i in range(n.dofs):
        d.dofs_vel[e, i] = d.rk_vel[e, i] + reach * d.dofs_acc[e, i]


@ti.func
def write_links(e, n: ti.template(), d: ti.template()):
    """Body frames → the public `links_pos`, `links_quat`."""
    for b in range(1, n.bodies):
        d.links_pos[e, b - 1] = d.xpos[e, b]
        d.links_quat[e, b - 1] = d.xquat[e, b]


@ti.func
def bad(x):
    """Whether `x` is not a number or far too large."""
    return ti.math.isnan(x) or ti.abs(x) > LARGEST


@ti.func
def find_error(e, n: ti.template(), d: ti.template()):
    """Flags the environment if its state is no longer a state."""
    for q in range(n.qs):
        if bad(d.qpos[e, q]):
            d.error[e] = True
    for i in range(n.dofs):
        if bad(d.dofs_vel[e, i]) or bad(d.dofs_acc[e, i]):
            d.error[e] = True


@ti.func
def integrate(e, m: ti.template(), n: ti.template(), d: ti.template(), stage, h):
    """`dofs_acc` → the state after time `h`, or at the next of four stages."""
    if ti.static(n.integrator == RK4):
        if stage == 0:
            runge_kutta_start(e, n, d)
        runge_kutta_stage(e, m, n, d, stage, h)
    else:
        velocity_step(e, m, n, d, h)
        integrate_positions(e, m, n, d, d.dofs_vel, h)
        if ti.static(n.coupled):
            keep_momentum(e, m, n, d, h, n.integrator == IMPLICITFAST)
        integrate_activations(e, m, n, d, h)


@ti.func
def publish(e, m: ti.template(), n: ti.template(), d: ti.template(), last):
    """What is read between steps: link frames, net forces, the error flag."""
    write_links(e, n, d)
    for i in range(n.dofs):
        d.dofs_force[e, i] = d.qfrc_smooth[e, i] + d.qfrc_constraint[e, i]
    if ti.static(n.coupled):
        take_off_coupling_inertia(e, m, n, d)
    if last != 0:
        clear_applied_forces(e, n, d)
    find_error(e, n, d)


@ti.func
def clear_applied_forces(e, n: ti.template(), d: ti.template()):
    """Forces on links act in one step only."""
    for b in range(n.bodies - 1):
        d.links_applied_force[e, b] = ti.Vector([0.0] * 6)


def step(m, n, d, substeps: int, last: bool = True) -> None:
    """Moves every environment without an error forward by `substeps` time steps.

    Unless these are the last of a scene's step, sensors read nothing and forces on links stay.
    """
    if calls():
        step_at_once(m, n, d, substeps, last)
        return
    stages = 4 if n.integrator == RK4 else 1
    for k in range(substeps * stages):
        begin_stage(m, n, d)
        find_constraints(m, n, d)
        end_stage(m, n, d, k % stages, last and k == (substeps - 1) * stages)
    finish_step(m, n, d, last)


@ti.kernel
def step_at_once(
    m: ti.template(), n: ti.template(), d: ti.template(), substeps: ti.i32, last: ti.i32
):
    """A whole step.

    The loop goes round once more than there are stages, for the frames of the last state: Taichi
    inlines every call, and its compile time grows with the square of the code.
    """
    # For so few environments no thread is worth waking.
    ti.loop_config(serialize=ti.static(n_blocks(n.envs, n.worth_a_thread) == 1))
    for i in range(ti.static(n_iterations(n.envs, n.worth_a_thread))):
        e = dealt(i, n.envs, n.worth_a_thread)
        acts = False
        if e < n.envs:
            acts = not d.error[e]
        if acts:
            stages = ti.static(4 if n.integrator == RK4 else 1)
            for k in range(substeps * stages + 1):
                forward_kinematics(e, m, n, d, d.qpos)
                if k < substeps * stages:
                    forward_dynamics(e, m, n, d, m.timestep[0])
                    if ti.static(n.slips > 0):
                        stop_slip(e, m, n, d)
                    if ti.static(n.imus + n.joint_wrenches > 0):
                        if last != 0 and k == (substeps - 1) * stages:
                            write_sensors(e, m, n, d)
                    integrate(e, m, n, d, k % stages, m.timestep[0])
            publish(e, m, n, d, last)


@ti.kernel
def begin_stage(m: ti.template(), n: ti.template(), d: ti.template()):
    """Positions and velocities → body frames, inertia and forces."""
    for e in range(n.envs):
        if not d.error[e]:
            forward_kinematics(e, m, n, d, d.qpos)
            forward_dynamics(e, m, n, d, m.timestep[0])


@ti.kernel
def find_constraints(m: ti.template(), n: ti.template(), d: ti.template()):
    """Body frames → constraint rows and contacts."""
    for e in range(n.envs):
        if not d.error[e]:
            make_constraints(e, m, n, d, m.timestep[0])


@ti.kernel
def end_stage(m: ti.template(), n: ti.template(), d: ti.template(), stage: ti.i32, sense: ti.i32):
    """Forces and constraints → accelerations, readings if wanted, and the state that follows."""
    for e in range(n.envs):
        if not d.error[e]:
            constrained_acceleration(e, m, n, d, m.timestep[0])
            if ti.static(n.slips > 0):
                stop_slip(e, m, n, d)
            if ti.static(n.imus + n.joint_wrenches > 0):
                if sense != 0:
                    write_sensors(e, m, n, d)
            integrate(e, m, n, d, stage, m.timestep[0])


@ti.kernel
def finish_step(m: ti.template(), n: ti.template(), d: ti.template(), last: ti.i32):
    """The state → what is read between steps."""
    for e in range(n.envs):
        if not d.error[e]:
            forward_kinematics(e, m, n, d, d.qpos)
            publish(e, m, n, d, last)


@ti.kernel
def refresh_links(m: ti.template(), n: ti.template(), d: ti.template()):
    """`qpos` → `links_pos`, `links_quat`, after coordinates were set from outside."""
    for e in range(n.envs):
        forward_kinematics(e, m, n, d, d.qpos)
        write_links(e, n, d)


@ti.kernel
def detect_contacts(m: ti.template(), n: ti.template(), d: ti.template()):
    """`qpos` → the list of contacts, before any force is known."""
    for e in range(n.envs):
        forward_kinematics(e, m, n, d, d.qpos)
        find_contacts(e, m, n, d)
        for c in range(d.n_contacts[e]):
            d.contact_force[e, c] = ti.Vector([0.0, 0.0, 0.0])
