"""Contact of grid nodes with the geoms of rigid bodies, two ways and without a stiffness.

Matter at a node that moves into a geom takes the velocity of the body there, along the normal, or
whole where Coulomb friction holds it. Which nodes touch, and which of them stick, is decided before
the bodies move; the bodies then move with the touching masses attached (`rigid_coupling`), and the
nodes take the velocity that they have afterwards. What a body receives is the opposite of what
matter receives, to rounding.

`rm`, `rn`, `rd` are the model, sizes and fields of the rigid solver.
"""

from genesis_state.kernels.geom_distance import geom_distance
from genesis_state.kernels.geom_kinds import PLANE
from genesis_state.kernels.lang import ti
from genesis_state.kernels.mpm_grid import TILE
from genesis_state.kernels.spatial import angular, column, linear, spatial

REACH = 0.5  # cells from a surface to where matter touches it: no plate is missed between nodes


@ti.func
def node_position(m: ti.template(), n: ti.template(), node):
    """World position [m] of a node."""
    return m.cell[0] * (node + ti.Vector(ti.static([float(k) for k in n.lower])))


@ti.func
def may_touch(
    e,
    g,
    corner,
    m: ti.template(),
    n: ti.template(),
    rm: ti.template(),
    rd: ti.template(),
):
    """Whether a node of the tile that begins at `corner` may be within reach of geom `g`."""
    reach = REACH * m.cell[0]
    half = ti.Vector([0.5 * (TILE - 1) * m.cell[0]] * 3)
    centre = node_position(m, n, corner) + half
    near = True
    if rm.coupled_geom_type[g] == PLANE:
        normal = column(rd.coupled_geom_rot[e, g], 2)
        height = normal.dot(centre - rd.coupled_geom_pos[e, g]) - abs(normal).dot(half)
        near = height < reach
    else:
        for k in ti.static(range(3)):
            if (
                centre[k] + half[k] < rd.coupled_geom_lower[e, g][k] - reach
                or centre[k] - half[k] > rd.coupled_geom_upper[e, g][k] + reach
            ):
                near = False
    return near


@ti.func
def geoms_at_tile(
    e,
    corner,
    m: ti.template(),
    n: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """First geom that nodes of a tile may touch, and one past the last."""
    first = rn.coupled_geoms
    end = 0
    for g in range(rn.coupled_geoms):
        if may_touch(e, g, corner, m, n, rm, rd):
            first = ti.min(first, g)
            end = g + 1
    return first, end


@ti.func
def point_velocity(e, velocity, b, x, rm: ti.template(), rd: ti.template()):
    """Velocity at `x` of body `b`, whose spatial velocity is given."""
    return linear(velocity) + angular(velocity).cross(x - rd.tree_com[e, rm.body_root[b]])


@ti.func
def add_point(e, lane, b, mass, g, along, w: ti.template()):
    """Adds a mass that moves with body `b` along the motion `g`, its free velocity `along`."""
    A = w.lane_inertia[e, lane, b]
    for i in ti.static(range(6)):
        for j in ti.static(range(i + 1)):
            A[i * (i + 1) // 2 + j] += mass * g[i] * g[j]
    w.lane_inertia[e, lane, b] = A
    w.lane_momentum[e, lane, b] = w.lane_momentum[e, lane, b] + mass * along * g


@ti.func
def collided(
    e,
    lane,
    node,
    velocity,
    mass,
    first,
    end,
    collect: ti.template(),
    m: ti.template(),
    n: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Velocity of a node's matter after contact with geoms `first` to `end`.

    With `collect` the bodies have not moved yet: what touches them is added to the lane's sums.
    """
    reach = REACH * m.cell[0]
    x = node_position(m, n, node)
    expected = velocity  # after the geoms so far, had no body changed its velocity
    result = velocity
    for g in range(first, end):
        near = rm.coupled_geom_type[g] == PLANE
        if not near:
            near = True
            for k in ti.static(range(3)):
                if (
                    x[k] < rd.coupled_geom_lower[e, g][k] - reach
                    or x[k] > rd.coupled_geom_upper[e, g][k] + reach
                ):
                    near = False
        if near:
            rot = rd.coupled_geom_rot[e, g]
            local = rot.transpose() @ (x - rd.coupled_geom_pos[e, g])
            distance, out = geom_distance(rm, rn, g, local)
            if distance < reach:
                normal = rot @ out
                b = rm.coupled_geom_body[g]
                before = point_velocity(e, w.body_velocity[e, b], b, x, rm, rd)
                slip = expected - before
                closing = slip.dot(normal)
                if closing < 0.0:
                    slip -= closing * normal
                    speed = ti.sqrt(slip.dot(slip))
                    held = -closing * rd.coupled_geom_friction[e, g]
                    sticks = speed <= held
                    braking = ti.Vector([0.0, 0.0, 0.0])
                    if not sticks:
                        braking = -(held / speed) * slip
                    if ti.static(collect):
                        if rm.body_last_dof[b] >= 0:
                            arm = x - rd.tree_com[e, rm.body_root[b]]
                            if sticks:
                                for k in ti.static(range(3)):
                                    axis = ti.Vector([0.0, 0.0, 0.0])
                                    axis[k] = 1.0
                                    along = spatial(arm.cross(axis), axis)
                                    add_point(e, lane, b, mass, along, expected[k], w)
                            else:
                                along = spatial(arm.cross(normal), normal)
                                add_point(e, lane, b, mass, along, expected.dot(normal), w)
                                push = -mass * braking
                                w.lane_momentum[e, lane, b] = w.lane_momentum[e, lane, b] + spatial(
                                    arm.cross(push), push
                                )
                    else:
                        after = point_velocity(e, rd.cvel[e, b], b, x, rm, rd) - expected
                        if not sticks:
                            after = after.dot(normal) * normal + braking
                        result += after
                    expected = before if sticks else expected - closing * normal + braking
    return result


@ti.func
def clear_contact(e, lane, w: ti.template(), rn: ti.template()):
    """Empties a lane's sums."""
    for b in range(rn.bodies):
        w.lane_inertia[e, lane, b] = ti.Vector([0.0] * 21)
        w.lane_momentum[e, lane, b] = ti.Vector([0.0] * 6)


@ti.func
def sum_contact(e, n: ti.template(), w: ti.template(), rn: ti.template(), rd: ti.template()):
    """The lanes' sums, in the order of the lanes → what touches each body."""
    for b in range(1, rn.bodies):
        A = rd.coupling_inertia[e, b]
        p = rd.coupling_momentum[e, b]
        for lane in range(n.lanes):
            A += w.lane_inertia[e, lane, b]
            p += w.lane_momentum[e, lane, b]
        rd.coupling_inertia[e, b] = A
        rd.coupling_momentum[e, b] = p
