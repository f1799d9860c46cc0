"""Contact in implicit substeps: which vertices touch what, and what the bodies feel of it.

A vertex that touches is held by the surface: it moves with the body along the normal, at least by
`touch_rise`, or with all three of its components where friction makes it stick. Which ones touch is
found by solving with a guess, letting go what is pulled, adding what would pass a surface, and so
on. A vertex touches one geom at a time, the one that it would be deepest in.
"""

from genesis_state.kernels.body_contact import allowed_closing, may_touch
from genesis_state.kernels.fem_solve import FREE, HELD, SLIDES, STICKS, right_side, row
from genesis_state.kernels.fem_vertex import HARD, body_at, holder, to_target
from genesis_state.kernels.geom_distance import geom_distance
from genesis_state.kernels.lang import ti

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


@ti.func
def review(
    e,
    force_tolerance,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rd: ti.template(),
):
    """A solution → which vertices touch after all.

    Args:
        e: Environment.
        force_tolerance: Force that does not count [N].
        m, n, r, w, rm, rd: Models, sizes and fields.

    Returns:
        Whether any of it changed.
    """
    changed = False
    for v in range(n.vertices):
        kind = r.touch[e, v]
        if r.touch_body[e, v] >= 0 and kind != HELD:
            normal = r.touch_normal[e, v]
            friction = r.touch_friction[e, v]
            slip = r.displacement[e, v] + r.step[e, v]
            slip -= carried(e, v, w.body_velocity, m, n, r, rm, rd)
            drag = r.touch_drag[e, v]
            after = kind
            if kind == FREE:
                if slip.dot(normal) < r.touch_rise[e, v] - 0.1 * m.newton_threshold[0]:
                    after = touching(friction)
            else:
                force = row(e, v, m, r, r.step) - right_side(e, v, r)
                push = force.dot(normal)
                force -= push * normal
                slip -= slip.dot(normal) * normal
                if push < -force_tolerance:
                    after = FREE
                elif kind == STICKS:
                    needed = ti.sqrt(force.dot(force))
                    if needed > friction * ti.max(push, 0.0) + force_tolerance:
                        after = SLIDES
                        drag = friction * ti.max(push, 0.0) / needed * force
                elif friction > 0.0:
                    length = ti.sqrt(slip.dot(slip))
                    if slip.dot(drag) > 0.0 or not length > 0.0:
                        after = STICKS
                    else:
                        braking = -friction * ti.max(push, 0.0) / length * slip
                        change = braking - drag
                        limit = ti.max(0.01 * friction * push, force_tolerance)
                        if change.dot(change) > limit * limit:
                            changed = True
                            drag = braking
            # What was solved with stays as it was, unless there is another solution to come.
            changed = changed or after != kind
            w.touch[e, v] = after
            w.touch_drag[e, v] = drag
    return changed
