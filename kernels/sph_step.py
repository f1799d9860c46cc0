"""One substep of smoothed particle hydrodynamics: look around, push, meet bodies, move.

Kernels take the fields they read (`r`) and the fields they write (`w`) apart; a step passes the
same ones for both. Work is dealt to threads by lane, see `lanes.py`. Nothing but scratch is written
before the bodies have moved.

`rm`, `rn`, `rd` are the model, sizes and fields of the rigid solver; all three are the SPH solver's
own where there are no rigid bodies, which `n.coupled` tells.
"""

from genesis_state.kernels import neighbours
from genesis_state.kernels.body_contact import (
    clear_contact,
    collided,
    geoms_ahead,
    keep_all_velocities,
    near_geoms,
    sum_all_contact,
)
from genesis_state.kernels.dealing import n_blocks, n_iterations
from genesis_state.kernels.lanes import (
    each_env,
    each_lane,
    each_lane_with_bodies,
    lane_of,
    stop_failed_envs,
)
from genesis_state.kernels.lang import ti
from genesis_state.kernels.neighbours import lane_slots
from genesis_state.kernels.sph_forces import (
    find_density,
    find_force,
    material_mass,
    slot_material,
)
from genesis_state.kernels.sph_pressure import find_softness, go_on, push_lane, relax_lane
from genesis_state.kernels.sph_walls import SEEN, see_surfaces, walled


@ti.kernel
def look_around(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Particles → slots with their neighbours and their density."""
    each_lane(find_places, m, n, r, w)
    if ti.static(n.coupled):
        keep_all_velocities(n, w, rn, rd)
    each_env(neighbours.sort_cells, m, n, r, w)
    each_lane(fill_slots, m, n, r, w)
    each_lane_with_bodies(look_around_lane, m, n, r, w, rm, rn, rd)


@ti.func
def find_places(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """A lane's particles → their cells; nothing has failed yet."""
    if lane == 0:
        w.failed[e] = False
    neighbours.find_cells(e, lane, r.pos, m, n, r, w)


@ti.func
def fill_slots(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Particles → a lane's slots with their positions and velocities."""
    neighbours.place_slots(e, lane, r.pos, n, r, w)
    place_velocities(e, lane, n, r, w)


@ti.func
def look_around_lane(
    e,
    lane,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """A lane's slots → their neighbours and densities."""
    neighbours.list_neighbours(e, lane, m, n, r, w)
    find_densities(e, lane, m, n, r, w, rm, rn, rd)


@ti.func
def place_velocities(e, lane, n: ti.template(), r: ti.template(), w: ti.template()):
    """Velocities of particles → those of a lane's slots, and where a solve for pressure starts."""
    begin, end = lane_slots(e, lane, n, r)
    for i in range(begin, end):
        w.slot_vel[e, i] = r.vel[e, r.slot_particle[e, i]]


@ti.func
def lane_box(e, begin, end, r: ti.template()):
    """Corners of a box around slots; the same corner twice if there are none."""
    lower = r.slot_pos[e, begin]
    upper = lower
    for i in range(begin + 1, end):
        lower = ti.min(lower, r.slot_pos[e, i])
        upper = ti.max(upper, r.slot_pos[e, i])
    return lower, upper


@ti.func
def find_densities(
    e,
    lane,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Densities of a lane's slots, that of walls and bodies with them."""
    begin, end = lane_slots(e, lane, n, r)
    first = 0
    last = 0
    if ti.static(n.coupled):
        clear_contact(e, lane, w, rn)
        if begin < end:
            lower, upper = lane_box(e, begin, end, r)
            first, last = near_geoms(e, lower, upper, SEEN * m.reach[0], rm, rn, rd)
    for i in range(begin, end):
        beyond = see_surfaces(e, i, first, last, m, n, r, w, rm, rn, rd)
        find_density(e, i, beyond, m, n, r, w)
        if ti.static(n.solves):
            find_softness(e, i, m, n, r, w)


@ti.func
def free_velocity(e, i, v, m: ti.template(), n: ti.template(), r: ti.template()):
    """Velocity `v` of slot `i` after gravity and the forces between particles."""
    mass = material_mass(e, slot_material(e, i, m, n, r), m, r)
    return v + m.timestep[0] * (m.gravity[0] + find_force(e, i, m, n, r) / mass)


@ti.func
def accelerate_lane(
    e,
    lane,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """A lane's slots → their free velocities, and what touches rigid bodies."""
    begin, end = lane_slots(e, lane, n, r)
    for s in range(begin, end):
        w.slot_free[e, s] = free_velocity(e, s, r.slot_vel[e, s], m, n, r)
    if ti.static(n.coupled):
        meet_lane(e, lane, m, n, r, w, rm, rn, rd)


@ti.kernel
def accelerate(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Forces between particles → free velocities; and what touches rigid bodies."""
    each_lane_with_bodies(accelerate_lane, m, n, r, w, rm, rn, rd)
    finish_approach(n, w, rn, rd)


@ti.func
def meet_lane(
    e,
    lane,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Slots that touch bodies → the inertia and momentum that they add to these."""
    begin, end = lane_slots(e, lane, n, r)
    first = 0
    last = 0
    if begin < end:
        lower, upper = lane_box(e, begin, end, r)
        fastest = 0.0
        for i in range(begin, end):
            fastest = ti.max(fastest, w.slot_free[e, i].dot(w.slot_free[e, i]))
        size = 0.5 * m.particle_size[0]
        first, last = geoms_ahead(e, lower, upper, size, ti.sqrt(fastest), m, w, rm, rn, rd)
    w.lane_first_geom[e, lane] = first
    w.lane_end_geom[e, lane] = last
    for i in range(begin, end):
        meet(e, lane, i, first, last, True, m, n, r, w, rm, rn, rd)


@ti.func
def meet(
    e,
    lane,
    i,
    first,
    end,
    collect: ti.template(),
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Velocity of slot `i` after contact with bodies; see `collided`."""
    mass = material_mass(e, slot_material(e, i, m, n, r), m, r)
    size = 0.5 * m.particle_size[0]
    x = r.slot_pos[e, i]
    v = r.slot_free[e, i]
    return collided(e, lane, x, size, v, mass, first, end, True, collect, m, w, rm, rn, rd)


@ti.func
def finish_approach(n: ti.template(), w: ti.template(), rn: ti.template(), rd: ti.template()):
    """Stops environments in which a lane failed, and adds up what touches in the others."""
    stop_failed_envs(n, w)
    if ti.static(n.coupled):
        sum_all_contact(n, w, rn, rd)


@ti.func
def move_lane(
    e,
    lane,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """A lane's slots → velocities that no body and no wall opposes, and positions."""
    begin, end = lane_slots(e, lane, n, r)
    for s in range(begin, end):
        v = r.slot_free[e, s]
        if not v.dot(v) < ti.math.inf:  # before the walls make a number of it
            w.failed[e] = True
        if ti.static(n.coupled):
            first = r.lane_first_geom[e, lane]
            last = r.lane_end_geom[e, lane]
            v = meet(e, lane, s, first, last, False, m, n, r, w, rm, rn, rd)
        v = walled(r.slot_pos[e, s], v, m)
        x = r.slot_pos[e, s] + m.timestep[0] * v
        p = r.slot_particle[e, s]
        w.vel[e, p] = v
        w.pos[e, p] = x
        if ti.static(n.solves):
            w.pressure[e, p] = r.slot_push[e, s]
        for k in ti.static(range(3)):
            if not (x[k] >= m.wall_lower[0][k] and x[k] <= m.wall_upper[0][k]):
                w.failed[e] = True


@ti.kernel
def move(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Free velocities → velocities that no body and no wall opposes, and positions."""
    each_lane_with_bodies(move_lane, m, n, r, w, rm, rn, rd)
    stop_failed_envs(n, w)


@ti.func
def start_from_rest(
    e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()
):
    """The velocities that are there, and no pressure."""
    begin, end = lane_slots(e, lane, n, r)
    for s in range(begin, end):
        w.slot_target[e, s] = r.slot_vel[e, s]
        w.slot_push[e, s] = 0.0
    if lane == 0:
        w.solving[e] = True


@ti.kernel
def begin_divergence_solve(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """`start_from_rest` of all lanes."""
    each_lane(start_from_rest, m, n, r, w)


@ti.func
def start_from_last(
    e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()
):
    """Free velocities without pressure, and the pressure of the last substep."""
    begin, end = lane_slots(e, lane, n, r)
    for s in range(begin, end):
        w.slot_target[e, s] = free_velocity(e, s, r.slot_free[e, s], m, n, r)
        w.slot_early_push[e, s] = r.slot_push[e, s]
        w.slot_push[e, s] = r.pressure[e, r.slot_particle[e, s]]
    if lane == 0:
        w.solving[e] = True


@ti.kernel
def begin_density_solve(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """`start_from_last` of all lanes."""
    each_lane(start_from_last, m, n, r, w)


@ti.kernel
def relax(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    divergence: ti.i32,
    most: float,
) -> ti.i32:
    """One iteration on the pressures; returns how many environments need another one."""
    each_lane(push_lane, m, n, r, w)
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            if w.solving[e]:
                relax_lane(e, lane, divergence, m, n, r, w)
    left = 0
    ti.loop_config(serialize=True)
    for e in range(n.envs):
        if not w.error[e]:
            if w.solving[e]:
                go_on(e, most, n, r, w)
                if w.solving[e]:
                    left += 1
    return left


@ti.kernel
def meet_bodies(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Free velocities → what touches rigid bodies."""
    if ti.static(n.coupled):
        each_lane_with_bodies(meet_lane, m, n, r, w, rm, rn, rd)
    finish_approach(n, w, rn, rd)
