"""Contact in implicit substeps: which vertices touch what, and what the bodies feel of it.

A vertex that touches is held by the surface: it moves with the body along the normal, at least by
`touch_rise`, or with all three of its components where friction makes it stick. Which ones touch is
found by solving with a guess, letting go what is pulled, adding what would pass a surface, and so
on. A vertex touches one geom at a time, the one that it would be deepest in.
"""

from genesis_state.kernels.body_contact import allowed_closing, may_touch
from genesis_state.kernels.fem_faces import face_point
from genesis_state.kernels.fem_pads import (
    FREE,
    HELD,
    SLIDES,
    STICKS,
    impose_pads,
    list_pads,
    pad_body,
    pad_carried,
    pad_force,
)
from genesis_state.kernels.fem_vertex import HARD, body_at, holder, to_target
from genesis_state.kernels.geom_distance import geom_distance
from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_parameters import body_mass

YIELDING = 0.25  # part of its mass with which a body answers to friction: of a ball it is 2/7
PASSES = 10  # most times that the set of touching vertices is changed


@ti.func
def find_touch(
    e,
    v,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Which surface a vertex may touch in the substep, and whether it would by itself."""
    h = m.timestep[0]
    x = r.pos[e, v]
    ahead = h * r.vel[e, v] + h * h * m.gravity[0]
    body = -1
    normal = ti.Vector([0.0, 0.0, 1.0])
    rise = 0.0
    friction = 0.0
    least = 0.0
    across = 0.0
    if ti.static(n.floor):
        body = 0
        rise = -h * allowed_closing(x[2] - m.floor[0], h)
        friction = r.friction_mu[e, m.vertex_material[v]]
        least = ahead[2] - rise
        across = ti.sqrt(ahead[0] * ahead[0] + ahead[1] * ahead[1])
    if ti.static(n.coupled):
        for g in range(rn.coupled_geoms):
            b = rm.coupled_geom_body[g]
            slip = ahead - h * body_at(e, b, x, w.body_velocity, n, rm, rd)
            # Elastic forces may take it farther than its velocity does.
            seen = m.touch_reach[0] + 2.0 * ti.sqrt(slip.dot(slip))
            if may_touch(e, g, x, x, seen, rm, rd):
                rot = rd.coupled_geom_rot[e, g]
                gap, out = geom_distance(
                    rm, rn, g, rot.transpose() @ (x - rd.coupled_geom_pos[e, g])
                )
                up = rot @ out
                lift = -h * allowed_closing(gap, h)
                left = slip.dot(up) - lift
                if gap < seen and (body < 0 or left < least):
                    body = b
                    normal = up
                    rise = lift
                    friction = rd.coupled_geom_friction[e, g]
                    least = left
                    across = (slip - slip.dot(up) * up).norm()
    w.touch_body[e, v] = body
    w.touch_normal[e, v] = normal
    w.touch_rise[e, v] = rise
    w.touch_friction[e, v] = friction
    kind = FREE
    if body >= 0 and least < 0.0:
        # As a mass point by itself would.
        kind = SLIDES
        if across <= -friction * least:
            kind = STICKS
    return kind


@ti.func
def touching(friction):
    """How a vertex begins to touch: it sticks if it can."""
    kind = SLIDES
    if friction > 0.0:
        kind = STICKS
    return kind


@ti.func
def begin_touch(
    e,
    v,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """What may hold a vertex in this substep → `touch` and all that belongs to it."""
    kind = FREE
    w.touch_body[e, v] = -1
    w.touch_drag[e, v] = ti.Vector([0.0, 0.0, 0.0])
    if not r.mass[e, v] > 0.0:
        kind = HELD
    else:
        held = 0
        if ti.static(n.constrained):
            held = r.constrained[e, v]
            if held == HARD:
                kind = HELD
                w.touch_body[e, v] = holder(e, v, n, r, rn)
                w.held_velocity[e, v] = to_target(e, v, n, r, rn, rd) / m.timestep[0]
        if held != HARD and m.vertex_outside[v] != 0:
            kind = find_touch(e, v, m, n, r, w, rm, rn, rd)
    w.touch[e, v] = kind


@ti.func
def carried(
    e,
    v,
    velocity: ti.template(),
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    rm: ti.template(),
    rd: ti.template(),
):
    """Displacement [m] of a vertex that moves along with the body that it may touch."""
    d = ti.Vector([0.0, 0.0, 0.0])
    b = r.touch_body[e, v]
    if b >= 0:
        d = m.timestep[0] * body_at(e, b, r.pos[e, v], velocity, n, rm, rd)
    return d


@ti.func
def impose(
    e,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rd: ti.template(),
):
    """Gives to `step` what is held, for bodies that keep their velocities."""
    for v in range(n.vertices):
        kind = r.touch[e, v]
        if kind != FREE:
            d = carried(e, v, w.body_velocity, m, n, r, rm, rd)
            normal = r.touch_normal[e, v]
            if kind == HELD:
                if ti.static(n.constrained):
                    if r.mass[e, v] > 0.0:
                        d += m.timestep[0] * r.held_velocity[e, v]
            else:
                d += r.touch_rise[e, v] * normal
            wanted = d - r.displacement[e, v]
            if kind == SLIDES:
                now = r.step[e, v]
                wanted = now + normal.dot(wanted - now) * normal
            w.step[e, v] = wanted
    if ti.static(n.faces > 0):
        impose_pads(e, m, r, w, rm, rd)


@ti.func
def review(
    e,
    force_tolerance,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """A solution → which vertices touch after all.

    Args:
        e: Environment.
        force_tolerance: Force that does not count [N].
        m, n, r, w, rm, rn, rd: Models, sizes and fields.

    Returns:
        Whether any of it changed.
    """
    changed = False
    if ti.static(n.coupled):
        limit_friction(e, m, n, r, w, rm, rn, rd)
    for v in range(n.vertices):
        kind = r.touch[e, v]
        if r.touch_body[e, v] >= 0 and kind != HELD:
            slip = r.displacement[e, v] + r.step[e, v]
            slip -= carried(e, v, w.body_velocity, m, n, r, rm, rd)
            after, drag, other = reviewed(
                kind,
                r.image[e, v],
                slip,
                r.touch_normal[e, v],
                r.touch_rise[e, v] - 0.1 * m.newton_threshold[0],
                r.touch_friction[e, v],
                r.touch_drag[e, v],
                force_tolerance,
                most_friction(e, r.touch_body[e, v], n, r),
            )
            changed = changed or other
            w.touch[e, v] = after
            w.touch_drag[e, v] = drag
    if ti.static(n.faces > 0):
        for f in range(n.faces):
            if r.face_geom[e, f] >= 0:
                weights = r.face_weights[e, f]
                slip = face_point(e, f, weights, m, r.displacement)
                slip += face_point(e, f, weights, m, r.step)
                body = r.body_velocity[e, pad_body(e, f, r, rm)]
                slip -= pad_carried(e, f, body, m, r, rm, rd)
                after, drag, other = reviewed(
                    r.pad_kind[e, f],
                    pad_force(e, f, m, r),
                    slip,
                    r.face_normal[e, f],
                    r.pad_rise[e, f] - 0.1 * m.newton_threshold[0],
                    r.pad_friction[e, f],
                    r.pad_drag[e, f],
                    force_tolerance,
                    most_friction(e, pad_body(e, f, r, rm), n, r),
                )
                changed = changed or other
                w.pad_kind[e, f] = after
                w.pad_drag[e, f] = drag
        list_pads(e, n, r, w)
    return changed


@ti.func
def limit_friction(
    e,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Friction [N] for each metre of slip at which a body that can move slips no more.

    Friction is found with bodies that keep their velocities, and would turn a light one about.
    """
    for b in range(rn.bodies):
        w.friction_limit[e, b] = -1.0
        if rm.body_last_dof[b] >= 0:
            mass = 0.0
            for other in range(rn.bodies):
                if rm.body_root[other] == rm.body_root[b]:
                    mass += body_mass(e, other, rm, rn, rd)
            points = 0.0
            for v in range(n.vertices):
                if r.touch_body[e, v] == b and r.touch[e, v] != FREE:
                    points += 1.0
            if ti.static(n.faces > 0):
                for i in range(r.n_pads[e]):
                    if pad_body(e, r.pad[e, i], r, rm) == b:
                        points += 1.0
            h = m.timestep[0]
            w.friction_limit[e, b] = YIELDING * mass / (ti.max(points, 1.0) * h * h)


@ti.func
def most_friction(e, b, n: ti.template(), r: ti.template()):
    """`friction_limit` of a body; negative if there is none."""
    limit = -1.0
    if ti.static(n.coupled):
        limit = r.friction_limit[e, b]
    return limit


@ti.func
def reviewed(kind, force, slip, normal, rise, friction, drag, tolerance, yielding):
    """How a point touches after all.

    Args:
        kind: How it does in a solution.
        force: What holds it there, friction apart if it slides [N].
        slip: How far it moves beside the body [m].
        normal: Of the body's surface.
        rise: How far it has to move along it at least [m].
        friction: Coefficient.
        drag: Force of friction in the solution, if it slides [N].
        tolerance: Force that does not count [N].
        yielding: Most friction for each metre of slip [N/m], if it is not negative.

    Returns:
        Its kind and drag, which are those of the solution unless the last is true: that there has
        to be another one.
    """
    after = kind
    force_of_friction = drag
    changed = False
    push = force.dot(normal)
    way = slip - slip.dot(normal) * normal
    length = ti.sqrt(way.dot(way))
    most = friction * ti.max(push, 0.0)
    if yielding >= 0.0:
        most = ti.min(most, yielding * length)
    if kind == FREE:
        if slip.dot(normal) < rise:
            after = touching(friction)
    elif push < -tolerance:
        after = FREE
    elif kind == STICKS:
        across = force - push * normal
        needed = ti.sqrt(across.dot(across))
        if needed > friction * ti.max(push, 0.0) + tolerance:
            after = SLIDES
            force_of_friction = most / needed * across
    elif friction > 0.0:
        if way.dot(drag) > 0.0 or not length > 0.0:
            after = STICKS
        else:
            braking = -most / length * way
            change = braking - drag
            limit = ti.max(0.01 * most, tolerance)
            if change.dot(change) > limit * limit:
                changed = True
                force_of_friction = braking
    return after, force_of_friction, changed or after != kind
