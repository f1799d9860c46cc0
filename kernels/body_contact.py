"""Contact of points of matter with the geoms of rigid bodies, two ways and without a stiffness.

A point is a node of a grid, a particle or a vertex, with a mass and the velocity that it would have
if nothing were in its way. Where it moves into a geom it takes the velocity of the body there,
along the normal, or whole where Coulomb friction holds it. Which points touch, and which of them
stick, is decided before the bodies move; the bodies then move with the touching masses attached
(`rigid_coupling`), and the points take the velocity that they have afterwards. What a body receives
is the opposite of what matter receives, to rounding.

`rm`, `rn`, `rd` are the model, sizes and fields of the rigid solver; `w` has the variables of
`BodyContactState`.
"""

from genesis_state.kernels.dealing import environment, n_blocks, n_iterations
from genesis_state.kernels.geom_distance import geom_distance
from genesis_state.kernels.geom_kinds import PLANE
from genesis_state.kernels.lang import ti
from genesis_state.kernels.spatial import angular, column, spatial, symmetric_outer, velocity_at

RECOVERY = 0.1  # part of its depth by which a point that is inside comes out in a substep
RECOVERY_SPEED = 0.5  # and the fastest it does so [m/s]


@ti.func
def may_touch(e, g, lower, upper, reach, rm: ti.template(), rd: ti.template()):
    """Whether a point in the box from `lower` to `upper` may be within reach of geom `g`."""
    near = True
    if rm.coupled_geom_type[g] == PLANE:
        normal = column(rd.coupled_geom_rot[e, g], 2)
        centre = 0.5 * (lower + upper)
        height = normal.dot(centre - rd.coupled_geom_pos[e, g])
        near = height - abs(normal).dot(upper - centre) < reach
    else:
        for k in ti.static(range(3)):
            if (
                upper[k] < rd.coupled_geom_lower[e, g][k] - reach
                or lower[k] > rd.coupled_geom_upper[e, g][k] + reach
            ):
                near = False
    return near


@ti.func
def near_geoms(e, lower, upper, reach, rm: ti.template(), rn: ti.template(), rd: ti.template()):
    """First geom that points in a box may be within reach of, and one past the last."""
    first = rn.coupled_geoms
    end = 0
    for g in range(rn.coupled_geoms):
        if may_touch(e, g, lower, upper, reach, rm, rd):
            first = ti.min(first, g)
            end = g + 1
    return first, end


@ti.func
def geoms_ahead(
    e,
    lower,
    upper,
    reach,
    speed,
    m: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """First geom that points in a box, none faster than `speed`, may meet in a substep, and one
    past the last."""
    first = rn.coupled_geoms
    end = 0
    centre = 0.5 * (lower + upper)
    half = upper - centre
    for g in range(rn.coupled_geoms):
        b = rm.coupled_geom_body[g]
        v = w.body_velocity[e, b]
        middle = velocity_at(v, centre - rd.tree_com[e, rm.body_root[b]])
        spin = angular(v)
        fastest = ti.sqrt(middle.dot(middle)) + ti.sqrt(spin.dot(spin) * half.dot(half))
        if may_touch(e, g, lower, upper, reach + m.timestep[0] * (speed + fastest), rm, rd):
            first = ti.min(first, g)
            end = g + 1
    return first, end


@ti.func
def add_point(e, lane, b, mass, g, along, w: ti.template()):
    """Adds a mass that moves with body `b` along the motion `g`, its free velocity `along`."""
    w.lane_inertia[e, lane, b] = w.lane_inertia[e, lane, b] + symmetric_outer(mass, g)
    w.lane_momentum[e, lane, b] = w.lane_momentum[e, lane, b] + mass * along * g


@ti.func
def add_whole_point(e, lane, b, mass, arm, velocity, w: ti.template()):
    """Adds a mass at `arm` from the origin that moves with body `b` along all three axes."""
    for k in ti.static(range(3)):
        axis = ti.Vector([0.0, 0.0, 0.0])
        axis[k] = 1.0
        add_point(e, lane, b, mass, spatial(arm.cross(axis), axis), velocity[k], w)


@ti.func
def allowed_closing(gap, h):
    """Speed [m/s] at which a point may come nearer to a surface, `gap` [m] beyond its reach.

    It then lies within reach at the end of the substep, and no faster point passes through. One
    that is inside comes out slowly: what it gains by that is not worth mentioning.
    """
    return ti.max(ti.max(gap, RECOVERY * gap) / h, -RECOVERY_SPEED)


@ti.func
def collided(
    e,
    lane,
    x,
    reach,
    velocity,
    mass,
    first,
    end,
    ahead: ti.template(),
    collect: ti.template(),
    m: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Velocity of a point after contact with geoms `first` to `end`.

    Args:
        e, lane: Environment, and the lane that asks.
        x: Position [m].
        reach: Distance from a surface at which it touches [m].
        velocity, mass: Of the point [m/s], [kg].
        first, end: Range of geoms.
        ahead: Whether the point moves with its velocity, so that contact has to be seen in advance.
            A node of a grid does not move.
        collect: Whether the bodies have not moved yet: then what touches them is added to the
            lane's sums, and the result has no meaning.
        m, w: Model, with `timestep`, and fields of the point's solver.
        rm, rn, rd: Model, sizes and fields of the rigid solver.
    """
    h = m.timestep[0]
    expected = velocity  # after the geoms so far, had no body changed its velocity
    result = velocity
    # What moves must not be pushed through the floor by a heavy body: all that is fixed comes last.
    for turn in range(ti.static(2 if ahead and not collect else 1)):
        if turn == 1:
            expected = result
        for g in range(first, end):
            b = rm.coupled_geom_body[g]
            fixed = rm.body_last_dof[b] < 0
            considered = True
            if ti.static(ahead):
                considered = fixed == (turn == 1)
            if considered:
                arm = x - rd.tree_com[e, rm.body_root[b]]
                before = velocity_at(w.body_velocity[e, b], arm)
                slip = expected - before
                seen = reach
                if ti.static(ahead):
                    seen += h * ti.sqrt(slip.dot(slip))
                if may_touch(e, g, x, x, seen, rm, rd):
                    rot = rd.coupled_geom_rot[e, g]
                    distance, out = geom_distance(
                        rm, rn, g, rot.transpose() @ (x - rd.coupled_geom_pos[e, g])
                    )
                    normal = rot @ out
                    allowed = 0.0
                    if ti.static(ahead):
                        allowed = allowed_closing(distance - reach, h)
                    closing = slip.dot(normal) + allowed
                    if distance < seen and closing < 0.0:
                        slip -= slip.dot(normal) * normal
                        speed = ti.sqrt(slip.dot(slip))
                        held = -closing * rd.coupled_geom_friction[e, g]
                        sticks = speed <= held
                        braking = ti.Vector([0.0, 0.0, 0.0])
                        if not sticks:
                            braking = -(held / speed) * slip
                        # It is to have the body's velocity but for the closing that is allowed.
                        wanted = expected + allowed * normal
                        if ti.static(collect):
                            if not fixed:
                                if sticks:
                                    add_whole_point(e, lane, b, mass, arm, wanted, w)
                                else:
                                    along = spatial(arm.cross(normal), normal)
                                    add_point(e, lane, b, mass, along, wanted.dot(normal), w)
                                    push = spatial(arm.cross(-mass * braking), -mass * braking)
                                    w.lane_momentum[e, lane, b] = w.lane_momentum[e, lane, b] + push
                        else:
                            change = velocity_at(rd.cvel[e, b], arm) - wanted
                            if not sticks:
                                change = change.dot(normal) * normal + braking
                            result += change
                        if sticks:
                            expected = before - allowed * normal
                        else:
                            expected += braking - closing * normal
    return result


@ti.func
def keep_velocities(e, w: ti.template(), rn: ti.template(), rd: ti.template()):
    """Remembers the bodies' velocities before the substep."""
    for b in range(rn.bodies):
        w.body_velocity[e, b] = rd.cvel[e, b]


@ti.func
def clear_contact(e, lane, w: ti.template(), rn: ti.template()):
    """Empties a lane's sums."""
    for b in range(rn.bodies):
        w.lane_inertia[e, lane, b] = ti.Vector([0.0] * 21)
        w.lane_momentum[e, lane, b] = ti.Vector([0.0] * 6)


@ti.func
def sum_contact(e, n: ti.template(), w: ti.template(), rn: ti.template(), rd: ti.template()):
    """Adds the lanes' sums, in the order of the lanes, to what touches each body."""
    for b in range(1, rn.bodies):
        A = rd.coupling_inertia[e, b]
        p = rd.coupling_momentum[e, b]
        for lane in range(n.lanes):
            A += w.lane_inertia[e, lane, b]
            p += w.lane_momentum[e, lane, b]
        rd.coupling_inertia[e, b] = A
        rd.coupling_momentum[e, b] = p


@ti.func
def keep_all_velocities(n: ti.template(), w: ti.template(), rn: ti.template(), rd: ti.template()):
    """`keep_velocities` of all environments."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs) == 1))
    for i in range(ti.static(n_iterations(n.envs))):
        e = environment(i, n.envs)
        if e < n.envs:
            keep_velocities(e, w, rn, rd)


@ti.func
def sum_all_contact(n: ti.template(), w: ti.template(), rn: ti.template(), rd: ti.template()):
    """`sum_contact` of all environments that have not stopped."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs) == 1))
    for i in range(ti.static(n_iterations(n.envs))):
        e = environment(i, n.envs)
        if e < n.envs:
            if not w.error[e]:
                sum_contact(e, n, w, rn, rd)
