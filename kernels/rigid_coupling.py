"""How rigid bodies and continua act on each other: a perfectly inelastic contact, implicit.

The continuum finds what touches a body and gives, for each body b, the spatial inertia A_b of all
that and the momentum p_b that it would have if it were free. The rigid step then solves

    (M + sum J_b^T A_b J_b) a = f + sum J_b^T (p_b - A_b V_b) / h

with V_b = J_b v the velocity of the body, so that it has received p_b - A_b V_b+ when it moves on
with V_b+ = J_b (v + h a): what touches it has the body's velocity, and momentum is kept. All is
about `tree_com` of the body's tree, with world axes, where the bodies are when the step starts.

A point of mass m at x that touches along the unit vector n and would have velocity u has the
inertia m g g^T and the momentum m (n . u) g, with g = ((x - tree_com) x n, n).
"""

from genesis_state.kernels.dealing import environment, n_blocks, n_iterations
from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_geoms import place_coupled_geoms
from genesis_state.kernels.rigid_kinematics import (
    com_position,
    com_velocity,
    forward_kinematics,
)
from genesis_state.kernels.spatial import symmetric_mul


@ti.func
def stop_bodies(e, n: ti.template(), d: ti.template()):
    """No body moves: velocities in an environment that stopped."""
    for b in range(n.bodies):
        d.cvel[e, b] = ti.Vector([0.0] * 6)


@ti.kernel
def begin_coupling(m: ti.template(), n: ti.template(), d: ti.template()):
    """The state → where geoms are, `tree_com`, `cvel`; and no sums yet."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs) == 1))
    for i in range(ti.static(n_iterations(n.envs))):
        e = environment(i, n.envs)
        if e < n.envs:
            forward_kinematics(e, m, n, d, d.qpos)
            com_position(e, m, n, d)
            com_velocity(e, m, n, d)
            place_coupled_geoms(e, m, n, d)
            if d.error[e]:
                stop_bodies(e, n, d)
            for b in range(n.bodies):
                d.coupling_inertia[e, b] = ti.Vector([0.0] * 21)
                d.coupling_momentum[e, b] = ti.Vector([0.0] * 6)


@ti.func
def touched(e, d: ti.template(), b):
    """Whether anything touches body `b`: a mass along any of the three axes, or an impulse."""
    a = d.coupling_inertia[e, b]
    return a[9] + a[14] + a[20] > 0.0 or abs(d.coupling_momentum[e, b]).sum() > 0.0


@ti.func
def sum_up_the_tree(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """The continuum's sums → `coupling_composite`, `coupling_wrench`, `coupling_touched`."""
    d.coupling_touched[e] = 0
    for b in range(n.bodies):
        d.coupling_composite[e, b] = d.coupling_inertia[e, b]
        d.coupling_wrench[e, b] = ti.Vector([0.0] * 6)
        if touched(e, d, b) and m.body_last_dof[b] >= 0:
            d.coupling_touched[e] = 1
            free = symmetric_mul(d.coupling_inertia[e, b], d.cvel[e, b])
            d.coupling_wrench[e, b] = (d.coupling_momentum[e, b] - free) / m.timestep[0]
    if d.coupling_touched[e] != 0:
        for k in range(1, n.bodies):
            b = n.bodies - k
            p = m.body_parent[b]
            if p > 0:
                d.coupling_composite[e, p] = d.coupling_composite[e, p] + d.coupling_composite[e, b]
                d.coupling_wrench[e, p] = d.coupling_wrench[e, p] + d.coupling_wrench[e, b]


@ti.kernel
def gather_coupling(m: ti.template(), n: ti.template(), d: ti.template()):
    """The continuum's sums → what a step adds to the inertia of the joints and to their forces."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs) == 1))
    for k in range(ti.static(n_iterations(n.envs))):
        e = environment(k, n.envs)
        if e < n.envs:
            sum_up_the_tree(e, m, n, d)
            if d.coupling_touched[e] != 0:
                for i in range(n.dofs):
                    b = m.dof_body[i]
                    momentum = symmetric_mul(d.coupling_composite[e, b], d.cdof[e, i])
                    start = m.M_row_start[i]
                    for s in range(start, start + m.M_row_size[i]):
                        d.coupling_M[e, s] = d.cdof[e, m.M_column[s]].dot(momentum)
                    d.qfrc_coupling[e, i] = d.cdof[e, i].dot(d.coupling_wrench[e, b])


@ti.func
def add_coupling_inertia(e, n: ti.template(), d: ti.template()):
    """Adds to `M` the inertia of what touches."""
    if d.coupling_touched[e] != 0:
        for s in range(n.M_entries):
            d.M[e, s] = d.M[e, s] + d.coupling_M[e, s]


@ti.func
def add_coupling_force(e, n: ti.template(), d: ti.template()):
    """Adds to `qfrc_smooth` the force of its momentum."""
    if d.coupling_touched[e] != 0:
        for i in range(n.dofs):
            d.qfrc_smooth[e, i] = d.qfrc_smooth[e, i] + d.qfrc_coupling[e, i]


@ti.func
def take_off_coupling_inertia(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Takes off `dofs_force` what moves only that which touches."""
    if d.coupling_touched[e] != 0:
        for i in range(n.dofs):
            start = m.M_row_start[i]
            last = start + m.M_row_size[i] - 1
            force = d.coupling_M[e, last] * d.dofs_acc[e, i]
            for s in range(start, last):
                c = m.M_column[s]
                force += d.coupling_M[e, s] * d.dofs_acc[e, c]
                d.dofs_force[e, c] = d.dofs_force[e, c] - d.coupling_M[e, s] * d.dofs_acc[e, i]
            d.dofs_force[e, i] = d.dofs_force[e, i] - force


@ti.func
def take_off_coupling(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Takes off `cfrc` what continua put on each body, as it follows from `dofs_acc`."""
    d.coupling_acc[e, 0] = ti.Vector([0.0] * 6)
    for b in range(1, n.bodies):
        a = d.coupling_acc[e, m.body_parent[b]]
        for i in range(m.body_dof_start[b], m.body_dof_start[b] + m.body_n_dofs[b]):
            a += d.cdof[e, i] * d.dofs_acc[e, i]
        d.coupling_acc[e, b] = a
        if touched(e, d, b):
            h = m.timestep[0]
            left = symmetric_mul(d.coupling_inertia[e, b], d.cvel[e, b] + h * a)
            d.cfrc[e, b] = d.cfrc[e, b] - (d.coupling_momentum[e, b] - left) / h


@ti.kernel
def end_coupling(m: ti.template(), n: ti.template(), d: ti.template()):
    """New joint velocities → `cvel`, with the motion axes from which the step started."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs) == 1))
    for k in range(ti.static(n_iterations(n.envs))):
        e = environment(k, n.envs)
        if e < n.envs:
            if d.error[e]:
                stop_bodies(e, n, d)
            else:
                d.cvel[e, 0] = ti.Vector([0.0] * 6)
                for b in range(1, n.bodies):
                    v = d.cvel[e, m.body_parent[b]]
                    for i in range(m.body_dof_start[b], m.body_dof_start[b] + m.body_n_dofs[b]):
                        v += d.cdof[e, i] * d.dofs_vel[e, i]
                    d.cvel[e, b] = v
                for lone in range(n.lone_bodies):
                    d.cvel[e, m.lone_body[lone]] = d.lone_velocity[e, lone]
