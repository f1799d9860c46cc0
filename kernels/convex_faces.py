"""Contacts of two shapes whose nearest points and normal are known: one, or a patch of several.

If both touch with a face, a disc, or a straight line that is within some degrees of square to the
normal, the smaller of the two is clipped to the larger, and every corner of what is left is a
contact with a depth of its own (I. E. Sutherland, G. W. Hodgman, "Reentrant polygon clipping",
1974). All of them are points of the two surfaces, opposite each other along the normal, and those
farther apart than contacts reach are left out: as a box tips over, its corners leave one by one.

The patch lies in a frame of its own: x and y across the normal, z along it.
"""

import math

from genesis_state.kernels.convex_normal import facing, settle_normal
from genesis_state.kernels.convex_support import (
    core_radii,
    core_radius,
    has_patch,
    has_shape,
    relative_pose,
)
from genesis_state.kernels.geom_kinds import (
    BOX,
    CAPSULE,
    CYLINDER,
    ELLIPSOID,
    MESH,
    MOST,
    SPHERE,
    TYPES,
)
from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_contact_list import add_contact
from genesis_state.kernels.spatial import frame_around
from genesis_state.kernels.subroutine import subroutine

FACE = math.cos(math.radians(8.0))  # of the angle between the normals of faces that touch
EDGE = math.sin(math.radians(8.0))  # of the angle between a face and an edge on it
PARALLEL = math.sin(math.radians(1.0))  # of the angle between two lines that touch along them
DISC = 6  # corners that stand for a disc


@ti.func
def hull_feature(e, m: ti.template(), d: ti.template(), side, hull, scale, u):
    """Face, edge or vertex of a hull that is farthest along `u`; returns the number of corners."""
    first, face = facing(m, hull, scale, u, FACE)
    d.polygon[e, side, 0] = scale * m.hull_vertex[first]
    count = 1
    if face >= 0:
        count = m.hull_face_size[face]
        for k in range(count):
            v = m.hull_face_vertex[m.hull_face_start[face] + k]
            d.polygon[e, side, k] = scale * m.hull_vertex[v]
    else:
        best = EDGE
        begin = m.hull_edge_start[first]
        for k in range(begin, begin + m.hull_n_edges[first]):
            end = scale * m.hull_vertex[m.hull_edge[k]]
            along = end - d.polygon[e, side, 0]
            slope = ti.abs(along.dot(u)) / ti.sqrt(along.dot(along))
            if slope < best:
                best = slope
                d.polygon[e, side, 1] = end
                count = 2
    return count


@ti.func
def feature(e, m: ti.template(), d: ti.template(), side, g, shape, u):
    """What of a shape's core faces `u`: corners in its own frame; returns how many."""
    size = m.geom_size[g]
    count = 1
    if shape == CAPSULE or shape == CYLINDER:
        rim = ti.Vector([0.0, 0.0, 0.0])
        if shape == CYLINDER:
            around = ti.sqrt(u[0] * u[0] + u[1] * u[1])
            if around > EDGE:
                rim = ti.Vector([u[0], u[1], 0.0]) * (size[0] / around)
        end = size[1] if u[2] >= 0.0 else -size[1]
        if ti.abs(u[2]) < EDGE:
            count = 2
        elif shape == CYLINDER and ti.abs(u[2]) > FACE:
            count = DISC
        for k in range(count):
            if count == DISC:
                angle = k * (2.0 * math.pi / DISC)
                rim = ti.Vector([size[0] * ti.cos(angle), size[0] * ti.sin(angle), 0.0])
            d.polygon[e, side, k] = rim + ti.Vector(
                [0.0, 0.0, end if k != 1 or count != 2 else -end]
            )
    elif shape == BOX or shape == MESH:
        scale = ti.Vector([1.0, 1.0, 1.0])
        if shape == BOX:
            scale = size
        count = hull_feature(e, m, d, side, m.geom_hull[g], scale, u)
    return count


@ti.func
def patch_frame(normal):
    """Rotation matrix whose last row is `normal`."""
    frame = frame_around(normal, ti.Vector([0.0, 0.0, 0.0]))
    return ti.Matrix([[frame[(k + 1) % 3, i] for i in range(3)] for k in range(3)])


@ti.func
def place_features(e, m: ti.template(), d: ti.template(), pair, F, R, t):
    """Writes what of the two surfaces faces the other, in the patch's frame; returns the counts."""
    kind = m.pair_kind[pair]
    counts = ti.Vector([0, 0])
    for side in range(2):
        g = m.pair_geom1[pair]
        shape = kind // TYPES
        normal = ti.Vector([F[2, 0], F[2, 1], F[2, 2]])
        u = normal
        if side == 1:
            g = m.pair_geom2[pair]
            shape = kind % TYPES
            u = -(R.transpose() @ normal)
        count = feature(e, m, d, side, g, shape, u)
        radius = core_radius(shape, m.geom_size[g])
        for k in range(count):
            p = d.polygon[e, side, k]
            if side == 1:
                p = R @ p + t - radius * normal
            else:
                p += radius * normal
            d.polygon[e, side, k] = F @ p
        counts[side] = count
    return counts


@ti.func
def clip(e, d: ti.template(), source, points, a, out):
    """Part of a polygon or segment in stage `source` on the inner side of a line.

    The line goes through `a`, square to `out`. The result is in the other stage; returns how many
    points it has.
    """
    target = 5 - source
    kept = 0
    last = d.polygon[e, source, points - 1]
    height = out.dot(ti.Vector([last[0] - a[0], last[1] - a[1]]))
    for k in range(points):
        p = d.polygon[e, source, k]
        h = out.dot(ti.Vector([p[0] - a[0], p[1] - a[1]]))
        crosses = (h > 0.0) != (height > 0.0)
        if crosses and (points > 2 or k == 1):
            d.polygon[e, target, kept] = last + (p - last) * (height / (height - h))
            kept += 1
        if not h > 0.0:
            d.polygon[e, target, kept] = p
            kept += 1
        last = p
        height = h
    return kept


@ti.func
def clip_patch(e, d: ti.template(), counts, nearest, reach, close):
    """Clips one feature to the other; returns how many points are left and the stage they are in.

    The points are midway between the surfaces, with their distances in `polygon_dist`; those
    nearer than `close` to their neighbour are left out. None is nearer than the `nearest`: faces
    that were merged are not quite flat.
    """
    clipper = 0 if counts[0] >= counts[1] else 1
    corners = counts[clipper]
    points = counts[1 - clipper]
    for k in range(points):
        d.polygon[e, 2, k] = d.polygon[e, 1 - clipper, k]
    base = d.polygon[e, clipper, 0]
    along = d.polygon[e, clipper, 1] - base
    square = along[0] * along[0] + along[1] * along[1]
    slope = ti.Vector([along[0], along[1]]) * (along[2] / square)
    turn = 0.0  # 1 if the corners go round the normal, -1 if against
    if corners > 2:
        area = ti.Vector([0.0, 0.0, 0.0])
        last = along
        for k in range(2, corners):
            p = d.polygon[e, clipper, k] - base
            area += last.cross(p)
            last = p
        turn = ti.math.sign(area[2])
        slope = -ti.Vector([area[0], area[1]]) / area[2]
    else:
        other = d.polygon[e, 2, 1] - d.polygon[e, 2, 0]
        length = ti.sqrt(square * (other[0] * other[0] + other[1] * other[1]))
        if not ti.abs(along[0] * other[1] - along[1] * other[0]) < PARALLEL * length:
            points = 0
    stage = 2
    for k in range(corners):
        if points > 0:
            a = d.polygon[e, clipper, k]
            ab = d.polygon[e, clipper, (k + 1) % corners] - a
            out = turn * ti.Vector([ab[1], -ab[0]])
            if corners == 2:
                out = -ti.Vector([ab[0], ab[1]])
            points = clip(e, d, stage, points, a, out)
            stage = 5 - stage
    kept = 0
    for k in range(points):
        p = d.polygon[e, stage, k]
        z = base[2] + slope[0] * (p[0] - base[0]) + slope[1] * (p[1] - base[1])
        dist = p[2] - z
        if clipper == 1:
            dist = z - p[2]
        p[2] = 0.5 * (p[2] + z)
        distinct = dist <= reach
        if kept > 0:
            before = p - d.polygon[e, stage, kept - 1]
            after = p - d.polygon[e, stage, 0]
            distinct = distinct and ti.min(before.dot(before), after.dot(after)) > close * close
        if distinct:
            d.polygon[e, stage, kept] = p
            d.polygon_dist[e, kept] = ti.max(dist, nearest)
            kept += 1
    return kept, stage


@ti.func
def thin_patch(e, d: ti.template(), points, stage):
    """Moves the deepest point to the front, and behind it those farthest out in some directions."""
    for slot in range(MOST):
        angle = slot * (2.0 * math.pi / MOST)
        x = ti.cos(angle)
        y = ti.sin(angle)
        best = slot
        top = -1e30
        for k in range(slot, points):
            p = d.polygon[e, stage, k]
            out = x * p[0] + y * p[1]
            if slot == 0:
                out = -d.polygon_dist[e, k]
            if out > top:
                top = out
                best = k
        p = d.polygon[e, stage, slot]
        dist = d.polygon_dist[e, slot]
        d.polygon[e, stage, slot] = d.polygon[e, stage, best]
        d.polygon_dist[e, slot] = d.polygon_dist[e, best]
        d.polygon[e, stage, best] = p
        d.polygon_dist[e, best] = dist


@ti.func
def is_ball_like(shape):
    """Whether a shape touches anything in a single point."""
    return shape == SPHERE or shape == ELLIPSOID


@ti.func
def is_curved(shape):
    """Whether the core of a shape has curved surfaces."""
    return shape == ELLIPSOID or shape == CYLINDER


@subroutine
def convex_faces(e: ti.i32, m: ti.template(), n: ti.template(), d: ti.template(), pair: ti.i32):
    """`convex_normal` and the nearest points of a pair → its contacts."""
    c = m.pair_class[pair]
    reach = m.class_margin[c] + m.class_gap[c]
    kind = m.pair_kind[pair]
    g1 = m.pair_geom1[pair]
    g2 = m.pair_geom2[pair]
    small = ti.min(m.geom_radius[g1], m.geom_radius[g2])
    R, t = relative_pose(e, m, d, pair)
    size = ti.sqrt(t.dot(t)) + m.geom_radius[g1] + m.geom_radius[g2]
    r1, r2 = core_radii(m, pair)
    normal = d.convex_normal[e]
    point = d.convex_point[e]
    dist = d.convex_dist[e]
    if ti.static(has_shape(n, CYLINDER) or has_shape(n, ELLIPSOID)):
        if is_curved(kind // TYPES) or is_curved(kind % TYPES):
            normal, point, dist = settle_normal(m, n, pair, R, t, size, normal, point, dist)
    nearest = dist - r1 - r2
    F = patch_frame(normal)
    points = 0
    stage = 2
    if ti.static(has_patch(n) and n.multiccd):
        if nearest <= reach and not is_ball_like(kind // TYPES) and not is_ball_like(kind % TYPES):
            counts = place_features(e, m, d, pair, F, R, t)
            if counts.min() > 1:
                points_, stage_ = clip_patch(e, d, counts, nearest, reach, 1e-3 * small)
                stage = stage_
                if points_ > MOST:
                    thin_patch(e, d, points_, stage)
                points = ti.min(points_, MOST)
    least = 1e30
    for k in range(points):
        least = ti.min(least, d.polygon_dist[e, k])
    if nearest <= reach and not least - nearest < ti.max(1e-5 * small, 16.0 * n.eps * size):
        points = ti.min(points, MOST - 1)
        middle = point + (r1 + 0.5 * nearest) * normal
        d.polygon[e, stage, points] = F @ middle
        d.polygon_dist[e, points] = nearest
        points += 1
    R1 = d.geom_rot[e, g1]
    back = R1 @ F.transpose()
    out = R1 @ normal
    for k in range(points):
        pos = d.geom_pos[e, g1] + back @ d.polygon[e, stage, k]
        zero = ti.Vector([0.0, 0.0, 0.0])
        add_contact(e, n, d, pair, pos, out, d.polygon_dist[e, k], zero)
