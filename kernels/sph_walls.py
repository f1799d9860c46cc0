"""Walls of the domain and surfaces of rigid bodies, as the density of the liquid sees them.

Beyond a surface there is no liquid, and yet no hole: it counts as matter at rest. Every surface is
taken for flat. A particle cannot come nearer to it than half a size, which it finds when it moves
(`sph_step`), and then presses on it with what the particles behind it press on itself. What cannot
move lets go of particles that nothing presses on it (`let_go`): none hangs there as a film.
"""

from genesis_state.kernels.body_contact import allowed_closing, may_touch
from genesis_state.kernels.geom_distance import geom_distance
from genesis_state.kernels.lang import ti
from genesis_state.kernels.spatial import velocity_at
from genesis_state.kernels.sph_kernel import wall_share, wall_share_slope

SURFACES = 3  # of rigid bodies, that a particle sees besides the walls of the domain
SEEN = 0.75  # parts of the reach from which on a surface adds to the density


@ti.func
def nearer_wall(x, k: ti.template(), m: ti.template()):
    """Distance from the nearer one of the two walls across axis `k`, and the way off it."""
    low = x[k] - m.wall_lower[0][k]
    high = m.wall_upper[0][k] - x[k]
    way = 1.0
    if high < low:
        way = -1.0
    return ti.min(low, high), way


@ti.func
def see_surfaces(
    e,
    i,
    first,
    end,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """What walls and geoms `first` to `end` add to the density of slot `i`, in parts of rest's.

    Shares of surfaces at right angles overlap as parts of space do, 1 - (1 - a) (1 - b). Of one
    that lies along another, such as a floor on the bottom of the domain, only what is more counts.

    Writes the slope of what cannot move adds; and where the pressure is solved for, that of all of
    it, and how fast particles may move.
    """
    x = r.slot_pos[e, i]
    scale = 1.0 / m.reach[0]
    free = 1.0  # what no surface takes
    slope = ti.Vector([0.0, 0.0, 0.0])
    firm = ti.Vector([0.0, 0.0, 0.0])
    rate = 0.0
    wall = ti.Vector([0.0, 0.0, 0.0])
    ways = ti.Vector([0.0, 0.0, 0.0])
    for k in ti.static(range(3)):
        distance, way = nearer_wall(x, k, m)
        a = distance * scale
        if a < SEEN:
            wall[k] = wall_share(a)
            ways[k] = way
            free *= 1.0 - wall[k]
            firm[k] = way * scale * wall_share_slope(ti.max(a, 0.25))
            if ti.static(n.solves):
                slope[k] = way * scale * wall_share_slope(a)
    if ti.static(n.coupled):
        found = 0
        seen = ti.Matrix.zero(float, SURFACES, 4)
        for g in range(first, end):
            if found < SURFACES and may_touch(e, g, x, x, SEEN * m.reach[0], rm, rd):
                rot = rd.coupled_geom_rot[e, g]
                distance, out = geom_distance(
                    rm, rn, g, rot.transpose() @ (x - rd.coupled_geom_pos[e, g])
                )
                a = distance * scale
                if a < SEEN:
                    normal = rot @ out
                    whole = wall_share(a)
                    share = whole
                    for k in ti.static(range(3)):
                        along = ti.max(normal[k] * ways[k], 0.0)
                        share -= along * ti.min(share, wall[k])
                    for q in range(found):
                        along = 0.0
                        for k in ti.static(range(3)):
                            along += normal[k] * seen[q, k]
                        share -= ti.max(along, 0.0) * ti.min(share, seen[q, 3])
                    free *= 1.0 - share
                    for k in ti.static(range(3)):
                        seen[found, k] = normal[k]
                    seen[found, 3] = share
                    b = rm.coupled_geom_body[g]
                    if rm.body_last_dof[b] < 0:
                        steepest = scale * wall_share_slope(ti.max(a, 0.25))
                        firm += (steepest * share / whole) * normal
                    if ti.static(n.solves):
                        speed = normal.dot(
                            velocity_at(w.body_velocity[e, b], x - rd.tree_com[e, rm.body_root[b]])
                        )
                        steep = scale * wall_share_slope(a) * share / whole
                        slope += steep * normal
                        rate += steep * speed
                        least = speed - allowed_closing(
                            distance - 0.5 * m.particle_size[0], m.timestep[0]
                        )
                        w.slot_surface[e, SURFACES * i + found] = ti.Vector(
                            [normal[0], normal[1], normal[2], least]
                        )
                    found += 1
        if ti.static(n.solves):
            w.slot_n_surfaces[e, i] = found
    w.slot_firm_slope[e, i] = firm
    if ti.static(n.solves):
        w.slot_wall_slope[e, i] = slope
        w.slot_wall_rate[e, i] = rate
    return 1.0 - free


@ti.func
def let_go(e, i, push, rest, pressed, r: ti.template()):
    """Force by which walls and bodies that cannot move let go of slot `i` [N].

    Liquid in their place would push as the particle does itself: 2 p V^2 / rest along the slope of
    what they add. Contact gives what particles in front press back with, `pressed`; only what is
    more counts here.
    """
    force = ti.Vector([0.0, 0.0, 0.0])
    slope = r.slot_firm_slope[e, i]
    steep = ti.sqrt(slope.dot(slope))
    if steep > 0.0:
        off = -slope / steep
        force = ti.max(2.0 * push * steep / rest + pressed.dot(off), 0.0) * off
    return force


@ti.func
def walled(x, velocity, m: ti.template()):
    """Velocity of a particle that keeps half a size off the walls, along which it slips."""
    v = velocity
    h = m.timestep[0]
    for k in ti.static(range(3)):
        room = 0.5 * m.particle_size[0]
        v[k] = ti.max(v[k], -allowed_closing(x[k] - m.wall_lower[0][k] - room, h))
        v[k] = ti.min(v[k], allowed_closing(m.wall_upper[0][k] - x[k] - room, h))
    return v


@ti.func
def held_back(e, i, velocity, m: ti.template(), n: ti.template(), r: ti.template()):
    """What no wall and no body lets pass of a velocity, as bodies move before the step."""
    v = velocity
    if ti.static(n.coupled):
        for q in range(r.slot_n_surfaces[e, i]):
            s = r.slot_surface[e, SURFACES * i + q]
            normal = ti.Vector([s[0], s[1], s[2]])
            v += ti.max(s[3] - v.dot(normal), 0.0) * normal
    return walled(r.slot_pos[e, i], v, m)
