"""Pressures that leave a liquid no denser than at rest: DFSPH.

J. Bender and D. Koschier, "Divergence-free SPH for incompressible and viscous fluids", IEEE Trans.
Vis. Comput. Graph. 23 (2017): per substep one solve for a velocity that compresses nothing, and,
after all other forces, one for positions that are no denser than at rest. Each is a relaxed Jacobi
iteration on the pressures, which here are kept instead of the velocities: they never pull, may fall
again, and the forces that follow from them are opposite between two particles to the bit. While
velocities are judged, walls and bodies hold back what would pass them.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.neighbours import lane_slots
from genesis_state.kernels.sph_forces import material_mass, slot_material
from genesis_state.kernels.sph_kernel import spline_slope
from genesis_state.kernels.sph_walls import held_back, let_go

RELAXATION = 0.5  # of the Jacobi iteration: neighbours push the same particle at the same time


@ti.func
def slope_at(m: ti.template(), d):
    """grad W at the distance `d` [1/m^4]."""
    scale = 1.0 / m.reach[0]
    z = scale * ti.sqrt(d.dot(d))
    return (m.kernel_scale[0] * scale * scale * spline_slope(z)) * d


@ti.func
def find_softness(e, i, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """How much a push of slot `i` relieves its own compression, and by how much to relax it."""
    k = slot_material(e, i, m, n, r)
    x = r.slot_pos[e, i]
    own = ti.Vector([0.0, 0.0, 0.0])
    others = 0.0
    for q in range(r.neighbour_start[e, i], r.neighbour_end[e, i]):
        j = r.neighbour[e, q]
        slope = slope_at(m, x - r.slot_pos[e, j])
        own += slope
        others += slope.dot(slope) / material_mass(e, slot_material(e, j, m, n, r), m, r)
    stiff = m.timestep[0] ** 2 * (own.dot(own) / material_mass(e, k, m, r) + others)
    softness = 0.0
    if stiff > 0.0:
        softness = RELAXATION / (m.material_rest_volume[k] * stiff)
    w.slot_softness[e, i] = softness


@ti.func
def push_lane(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Pushes → velocities of a lane's slots, free and held back by walls and bodies."""
    if w.solving[e]:
        begin, end = lane_slots(e, lane, n, r)
        for i in range(begin, end):
            x = r.slot_pos[e, i]
            push = r.slot_push[e, i]
            force = ti.Vector([0.0, 0.0, 0.0])
            for q in range(r.neighbour_start[e, i], r.neighbour_end[e, i]):
                j = r.neighbour[e, q]
                force -= (push + r.slot_push[e, j]) * slope_at(m, x - r.slot_pos[e, j])
            k = slot_material(e, i, m, n, r)
            force += let_go(e, i, push, m.material_rest_volume[k], force, r)
            mass = material_mass(e, k, m, r)
            v = r.slot_target[e, i] + (m.timestep[0] / mass) * force
            w.slot_free[e, i] = v
            w.slot_vel[e, i] = held_back(e, i, v, m, n, r)


@ti.func
def strongest(e, i, m: ti.template(), n: ti.template(), r: ti.template()):
    """The most that a slot may push, p = rho (particle size / substep)^2.

    What is squeezed between bodies without a way out would otherwise push without end; and matter
    that is faster than a particle size in a substep moves too fast anyway.
    """
    k = slot_material(e, i, m, n, r)
    speed = m.particle_size[0] / m.timestep[0]
    volume = m.material_rest_volume[k]
    return r.rho[e, k] * speed * speed * volume * volume


@ti.func
def relax_lane(
    e, lane, divergence, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()
):
    """Velocities → what is compressed too much, summed up, and the pushes against it."""
    h = m.timestep[0]
    begin, end = lane_slots(e, lane, n, r)
    total = 0.0
    for i in range(begin, end):
        x = r.slot_pos[e, i]
        v = r.slot_vel[e, i]
        rate = 0.0
        for q in range(r.neighbour_start[e, i], r.neighbour_end[e, i]):
            j = r.neighbour[e, q]
            rate += slope_at(m, x - r.slot_pos[e, j]).dot(v - r.slot_vel[e, j])
        rate *= m.material_rest_volume[slot_material(e, i, m, n, r)]
        rate += r.slot_wall_slope[e, i].dot(v) - r.slot_wall_rate[e, i]
        room = 1.0 - r.slot_density[e, i]
        if divergence != 0:
            room = ti.max(room, 0.0)
        excess = h * rate - room
        push = r.slot_push[e, i]
        softness = r.slot_softness[e, i]
        pushed = ti.max(push + softness * excess, 0.0)
        pushed = ti.min(pushed, strongest(e, i, m, n, r))
        w.slot_push[e, i] = pushed
        if softness > 0.0:  # what no push can change does not count
            total += ti.abs(pushed - push) / softness
    w.lane_compression[e, lane] = total


@ti.func
def go_on(e, most, n: ti.template(), r: ti.template(), w: ti.template()):
    """Whether the mean compression of an environment is still more than `most`."""
    total = 0.0
    for lane in range(n.lanes):
        total += r.lane_compression[e, lane]
    w.solving[e] = total > most * r.n_slots[e]
