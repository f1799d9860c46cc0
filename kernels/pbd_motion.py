"""How particles of position based dynamics move before and after constraints correct them.

`rm`, `rn`, `rd` are the model, sizes and fields of the rigid solver.
"""

from genesis_state.kernels.body_contact import (
    add_point,
    allowed_closing,
    clear_contact,
    collided,
    may_touch,
)
from genesis_state.kernels.lang import ti
from genesis_state.kernels.pbd_materials import CLOTH, LIQUID
from genesis_state.kernels.rigid_parameters import body_mass
from genesis_state.kernels.spatial import angular, quat_rotate, spatial, velocity_at

# Part of a body's mass that what is fixed to it may lean on: no free body yields more than its
# inertia lets it, and that of a rod at its end is a quarter of its mass.
LEVERAGE = 0.25
FASTEST = 1e9  # m/s


@ti.func
def mass_of(e, p, m: ti.template(), r: ti.template()):
    """Mass of a particle [kg]."""
    return r.rho[e, m.particle_material[p]] * m.particle_amount[p]


@ti.func
def carrier(e, p, n: ti.template(), r: ti.template()):
    """The body that a particle is fixed to, 0 for none."""
    b = 0
    if ti.static(n.coupled):
        if not r.free[e, p]:
            b = r.attached_body[e, p]
    return b


@ti.func
def count_attached(e, n: ti.template(), r: ti.template(), w: ti.template()):
    """How many particles are fixed to each body."""
    for b in range(n.bodies):
        w.n_attached[e, b] = 0
    for p in range(n.particles):
        b = carrier(e, p, n, r)
        if b > 0 and r.active[e, p]:
            w.n_attached[e, b] = w.n_attached[e, b] + 1


@ti.func
def seat(e, p, b, r: ti.template(), rd: ti.template()):
    """Where a particle is fixed on body `b` [m]."""
    return rd.xpos[e, b] + quat_rotate(rd.xquat[e, b], r.attached_pos[e, p])


@ti.func
def slowed(e, p, v, mass, m: ti.template(), r: ti.template()):
    """Velocity after a drag c |v| v in which the new v is used, so that it cannot turn around."""
    drag = r.air_resistance[e, m.particle_material[p]]
    return v / (1.0 + m.timestep[0] * drag * ti.sqrt(v.dot(v)) / mass)


@ti.func
def boundless(v):
    """Whether a velocity is not a number, or next to infinite; a wall would hide that."""
    wild = False
    for k in ti.static(range(3)):
        if not (ti.abs(v[k]) < FASTEST):
            wild = True
    return wild


@ti.func
def lost(x, m: ti.template()):
    """Whether a particle is outside the domain, or nowhere."""
    out = False
    for k in ti.static(range(3)):
        low = m.lower[0][k] - m.particle_size[0]
        high = m.upper[0][k] + m.particle_size[0]
        if not (x[k] >= low and x[k] <= high):
            out = True
    return out


@ti.func
def predict(
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
    """A lane's particles → where they would go if nothing tied them, `vel`, `shift`, `weight`."""
    h = m.timestep[0]
    begin = lane * n.share
    for p in range(begin, ti.min(begin + n.share, n.particles)):
        v = r.vel[e, p]
        weight = -1.0
        if r.active[e, p]:
            if lost(r.pos[e, p], m):
                w.failed[e] = True
            mass = mass_of(e, p, m, r)
            b = carrier(e, p, n, r)
            weight = 0.0
            if r.free[e, p]:
                weight = 1.0 / mass
            if ti.static(n.coupled):
                if b > 0:
                    if rm.body_last_dof[b] >= 0:
                        # Ties pull it as if it had a part of the body's mass, see `free_velocity`.
                        weight = 1.0 / (
                            mass + LEVERAGE * body_mass(e, b, rm, rn, rd) / w.n_attached[e, b]
                        )
                    else:
                        v = (seat(e, p, b, r, rd) - r.pos[e, p]) / h
            if weight > 0.0:
                v += h * m.gravity[0]
                if ti.static(CLOTH in n.kinds):
                    if m.material_kind[m.particle_material[p]] == CLOTH:
                        v = slowed(e, p, v, mass, m, r)
            w.vel[e, p] = v
        w.weight[e, p] = weight
        w.shift[e, p] = h * v


@ti.func
def free_velocity(e, p, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Velocity of a particle after all corrections, if no body were in its way.

    What is fixed to a body was corrected by the same impulses as if it had its own mass.
    """
    shift = w.shift[e, p]
    if ti.static(n.liquid and n.coupled):
        if m.material_kind[m.particle_material[p]] == LIQUID:
            shift -= w.push[e, p]
    v = shift / m.timestep[0]
    if ti.static(n.coupled):
        if carrier(e, p, n, r) > 0:
            before = r.vel[e, p]
            v = before + (v - before) / (w.weight[e, p] * mass_of(e, p, m, r))
    return v


@ti.func
def lane_geoms(
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
    """First geom that a lane's particles may touch in the substep, and one past the last."""
    begin = lane * n.share
    lower = ti.Vector([ti.math.inf] * 3)
    upper = ti.Vector([-ti.math.inf] * 3)
    farthest = 0.0
    for p in range(begin, ti.min(begin + n.share, n.particles)):
        if w.weight[e, p] > 0.0:
            lower = ti.min(lower, r.pos[e, p])
            upper = ti.max(upper, r.pos[e, p])
            farthest = ti.max(farthest, w.shift[e, p].dot(w.shift[e, p]))
    first = rn.coupled_geoms
    end = 0
    if lower[0] <= upper[0]:
        centre = 0.5 * (lower + upper)
        half = upper - centre
        for g in range(rn.coupled_geoms):
            b = rm.coupled_geom_body[g]
            v = w.body_velocity[e, b]
            at_centre = velocity_at(v, centre - rd.tree_com[e, rm.body_root[b]])
            spin = angular(v)
            fastest = ti.sqrt(at_centre.dot(at_centre)) + ti.sqrt(spin.dot(spin) * half.dot(half))
            reach = 0.5 * m.particle_size[0] + ti.sqrt(farthest) + m.timestep[0] * fastest
            if may_touch(e, g, lower, upper, reach, rm, rd):
                first = ti.min(first, g)
                end = g + 1
    return first, end


@ti.func
def meet(
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
    """A lane's particles → what it adds to the bodies that they touch or are fixed to."""
    clear_contact(e, lane, w, rn)
    reach = 0.5 * m.particle_size[0]
    first, end = lane_geoms(e, lane, m, n, r, w, rm, rn, rd)
    begin = lane * n.share
    for p in range(begin, ti.min(begin + n.share, n.particles)):
        if w.weight[e, p] > 0.0:
            b = carrier(e, p, n, r)
            if b > 0 or first < end:
                x = r.pos[e, p]
                v = free_velocity(e, p, m, n, r, w)
                mass = mass_of(e, p, m, r)
                if b > 0:
                    arm = x - rd.tree_com[e, rm.body_root[b]]
                    # The body moves on before the particle is put back in its place there.
                    w.place[e, p] = seat(e, p, b, r, rd)
                    v -= (w.place[e, p] - x) / m.timestep[0]
                    for k in ti.static(range(3)):
                        axis = ti.Vector([0.0, 0.0, 0.0])
                        axis[k] = 1.0
                        add_point(e, lane, b, mass, spatial(arm.cross(axis), axis), v[k], w)
                else:
                    collided(e, lane, x, reach, v, mass, first, end, True, True, m, w, rm, rn, rd)


@ti.func
def walled(x, v, m: ti.template()):
    """Velocity of a particle that cannot pass the walls of the domain, along which it slips."""
    u = v
    h = m.timestep[0]
    reach = 0.5 * m.particle_size[0]
    for k in ti.static(range(3)):
        u[k] = ti.max(u[k], -allowed_closing(x[k] - m.lower[0][k] - reach, h))
        u[k] = ti.min(u[k], allowed_closing(m.upper[0][k] - x[k] - reach, h))
    return u


@ti.func
def settle(
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
    """A lane's particles → velocities after contact, and the positions that follow."""
    reach = 0.5 * m.particle_size[0]
    first = 0
    end = 0
    if ti.static(n.coupled):
        first, end = lane_geoms(e, lane, m, n, r, w, rm, rn, rd)
    begin = lane * n.share
    for p in range(begin, ti.min(begin + n.share, n.particles)):
        if w.weight[e, p] >= 0.0:
            x = r.pos[e, p]
            v = free_velocity(e, p, m, n, r, w)
            if ti.static(n.coupled):
                b = carrier(e, p, n, r)
                if b > 0 and w.weight[e, p] > 0.0:
                    arm = x - rd.tree_com[e, rm.body_root[b]]
                    v = velocity_at(rd.cvel[e, b], arm) + (w.place[e, p] - x) / m.timestep[0]
                elif w.weight[e, p] > 0.0 and first < end:
                    mass = mass_of(e, p, m, r)
                    v = collided(
                        e, lane, x, reach, v, mass, first, end, True, False, m, w, rm, rn, rd
                    )
            if boundless(v):
                w.failed[e] = True
            v = walled(x, v, m)
            x += m.timestep[0] * v
            w.vel[e, p] = v
            w.pos[e, p] = x
            if lost(x, m):
                w.failed[e] = True
