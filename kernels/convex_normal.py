"""The exact normal where a curved surface touches a flat one.

A direction that is off by a small angle t overestimates the depth by about t^2 times the radius of
curvature, so that rounding hides angles of the square root of the precision: in 32 bits a cylinder
that lies on a box would roll away. Normals of flat and of straight pieces are known exactly, and
one that is as good as the normal that was found takes its place.
"""

from genesis_state.kernels.convex_support import difference_support, hull_support
from genesis_state.kernels.geom_kinds import BOX, CAPSULE, CYLINDER, ELLIPSOID, MESH, TYPES
from genesis_state.kernels.lang import ti

CLOSE = 0.9995  # cosine of the angle from which normals are tried


@ti.func
def facing(m: ti.template(), hull, scale, u, least):
    """Vertex of a hull that is farthest along `u`, and the face at it that is turned most that way.

    The face is -1 if the cosine between its normal and `u` is below `least`.
    """
    vertex = hull_support(m, hull, scale * u, -1)
    face = -1
    best = least
    begin = m.hull_corner_start[vertex]
    for k in range(begin, begin + m.hull_n_corners[vertex]):
        aligned = m.hull_face_normal[m.hull_corner[k]].dot(u)
        if aligned > best:
            best = aligned
            face = m.hull_corner[k]
    return vertex, face


@ti.func
def known_normal(m: ti.template(), g, shape, u):
    """Normal of a face or of a straight line of a shape, if `u` is close to one; else zero."""
    normal = ti.Vector([0.0, 0.0, 0.0])
    if shape == CAPSULE or shape == CYLINDER:
        around = ti.sqrt(u[0] * u[0] + u[1] * u[1])
        if around > CLOSE:
            normal = ti.Vector([u[0], u[1], 0.0]) / around
        elif shape == CYLINDER and ti.abs(u[2]) > CLOSE:
            normal = ti.Vector([0.0, 0.0, ti.math.sign(u[2])])
    elif shape == BOX or shape == MESH:
        scale = ti.Vector([1.0, 1.0, 1.0])
        if shape == BOX:
            scale = m.geom_size[g]
        _vertex, face = facing(m, m.geom_hull[g], scale, u, CLOSE)
        if face >= 0:
            normal = m.hull_face_normal[face]
    return normal


@ti.func
def settle_normal(m: ti.template(), n: ti.template(), pair, R, t, size, normal, point, dist):
    """Replaces a pair's normal by a known one that is as good.

    Takes and returns the normal, the point of the first core and the distance of the cores; `size`
    is what lengths are rounded relative to.
    """
    kind = m.pair_kind[pair]
    slack = 8.0 * n.eps * size
    best = normal
    nearest = point
    known = False
    for side in range(2):
        g = m.pair_geom1[pair]
        shape = kind // TYPES
        u = normal
        if side == 1:
            g = m.pair_geom2[pair]
            shape = kind % TYPES
            u = -(R.transpose() @ normal)
        tried = known_normal(m, g, shape, u)
        if side == 1:
            tried = -(R @ tried)
        a, w, _start = difference_support(m, n, pair, R, t, tried, ti.Vector([-1, -1]))
        # The first one is kept unless the second is truly better.
        if tried.dot(tried) > 0.5 and -tried.dot(w) >= dist + (slack if known else -slack):
            known = True
            best = tried
            dist = -tried.dot(w)
            if kind // TYPES == ELLIPSOID:
                nearest = a
            elif kind % TYPES == ELLIPSOID:
                nearest = a - w - dist * tried
    return best, nearest, dist
