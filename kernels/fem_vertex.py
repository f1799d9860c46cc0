"""Vertices: what the elements do to each, how it moves by itself, on the floor, and when held."""

from genesis_state.kernels.body_contact import add_point, allowed_closing
from genesis_state.kernels.lang import ti
from genesis_state.kernels.spatial import quat_rotate, spatial, velocity_at

HARD, SPRING = 1, 2  # how a vertex is held


@ti.func
def vertex_mass(e, v, m: ti.template(), r: ti.template()):
    """A quarter of the mass of every active element that a vertex belongs to."""
    volume = 0.0
    for c in range(m.vertex_corner[v], m.vertex_corner[v + 1]):
        k = m.corner_element[c]
        if r.active[e, k]:
            volume += m.element_volume[k]
    return 0.25 * r.rho[e, m.vertex_material[v]] * volume


@ti.func
def vertex_force(e, v, m: ti.template(), r: ti.template()):
    """Sum of what the elements put on a vertex, in their order."""
    force = ti.Vector([0.0, 0.0, 0.0])
    for c in range(m.vertex_corner[v], m.vertex_corner[v + 1]):
        force += r.corner_force[e, c]
    return force


@ti.func
def on_floor(e, v, m: ti.template(), r: ti.template(), u):
    """Velocity of a vertex that does not pass the floor, with Coulomb friction there."""
    least = -allowed_closing(r.pos[e, v][2] - m.floor[0], m.timestep[0])
    after = u
    if u[2] < least:
        slip = ti.sqrt(u[0] * u[0] + u[1] * u[1])
        held = r.friction_mu[e, m.vertex_material[v]] * (least - u[2])
        kept = 0.0
        if slip > held:
            kept = 1.0 - held / slip
        after = ti.Vector([kept * u[0], kept * u[1], least])
    return after


@ti.func
def to_target(e, v, n: ti.template(), r: ti.template(), rn: ti.template(), rd: ti.template()):
    """From a held vertex to where it should be [m]."""
    target = r.constraint_target[e, v]
    if ti.static(n.coupled):
        b = r.constraint_body[e, v]
        if 0 < b < rn.bodies:
            target = rd.xpos[e, b] + quat_rotate(rd.xquat[e, b], target)
    return target - r.pos[e, v]


@ti.func
def holder(e, v, n: ti.template(), r: ti.template(), rn: ti.template()):
    """Body that holds a vertex, 0 for the world."""
    b = 0
    if ti.static(n.coupled):
        if 0 < r.constraint_body[e, v] < rn.bodies:
            b = r.constraint_body[e, v]
    return b


@ti.func
def body_at(
    e, b, x, velocity: ti.template(), n: ti.template(), rm: ti.template(), rd: ti.template()
):
    """Velocity at `x` of body `b`, from the field of all bodies' velocities."""
    u = ti.Vector([0.0, 0.0, 0.0])
    if ti.static(n.coupled):
        u = velocity_at(velocity[e, b], x - rd.tree_com[e, rm.body_root[b]])
    return u


@ti.func
def sprung(u, body, offset, stiffness, h):
    """Velocity of a vertex on a critically damped spring, backward in time.

    Args:
        u: Its velocity otherwise.
        body: That of what holds it.
        offset: From it to its target [m].
        stiffness: For each kilogram [1/s^2].
        h: Time step [s].
    """
    drag = 2.0 * h * ti.sqrt(stiffness)
    pull = h * h * stiffness
    return (u + h * stiffness * offset + (drag + pull) * body) / (1.0 + drag + pull)


@ti.func
def spring_slope(e, v, m: ti.template(), r: ti.template()):
    """How much more a spring pulls a vertex back for each metre of displacement [N/m]."""
    k = r.constraint_stiffness[e, v]
    return r.mass[e, v] * (k + 2.0 * ti.sqrt(k) / m.timestep[0])


@ti.func
def spring_pull(
    e,
    v,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Force of a spring on a vertex that does not move in the substep [N]."""
    k = r.constraint_stiffness[e, v]
    b = holder(e, v, n, r, rn)
    body = body_at(e, b, r.pos[e, v], r.body_velocity, n, rm, rd)
    return r.mass[e, v] * (k * to_target(e, v, n, r, rn, rd) + 2.0 * ti.sqrt(k) * body)


@ti.func
def pull_body(e, lane, b, x, impulse, w: ti.template(), rm: ti.template(), rd: ti.template()):
    """Adds an impulse [N s] at `x` to what a lane gives to body `b`."""
    if rm.body_last_dof[b] >= 0:
        arm = x - rd.tree_com[e, rm.body_root[b]]
        w.lane_momentum[e, lane, b] = w.lane_momentum[e, lane, b] + spatial(
            arm.cross(impulse), impulse
        )


@ti.func
def attach_to_body(
    e, lane, b, x, mass, velocity, w: ti.template(), rm: ti.template(), rd: ti.template()
):
    """Adds a mass at `x` that body `b` takes along, `velocity` what it would have otherwise."""
    if rm.body_last_dof[b] >= 0:
        arm = x - rd.tree_com[e, rm.body_root[b]]
        for k in ti.static(range(3)):
            axis = ti.Vector([0.0, 0.0, 0.0])
            axis[k] = 1.0
            add_point(e, lane, b, mass, spatial(arm.cross(axis), axis), velocity[k], w)


@ti.func
def not_a_place(x):
    """Whether a position is not one."""
    s = x.sum()
    return ti.math.isnan(s) or ti.math.isinf(s)
