"""Where a plane touches an ellipsoid or a mesh."""

from genesis_state.kernels.convex_support import hull_support
from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_contact_list import add_contact
from genesis_state.kernels.spatial import column


@ti.func
def plane_ellipsoid(e, n: ti.template(), d: ti.template(), pair, reach, p1, R1, s1, p2, R2, s2):
    """Plane and ellipsoid: the lowest point."""
    normal = column(R1, 2)
    s = s2 * (R2.transpose() @ normal)
    point = p2 - R2 @ (s2 * s) / ti.sqrt(s.dot(s))
    dist = normal.dot(point - p1)
    if dist <= reach:
        zero = ti.Vector([0.0, 0.0, 0.0])
        add_contact(e, n, d, pair, point - 0.5 * dist * normal, normal, dist, zero)


@ti.func
def face_vertex(m: ti.template(), face, k):
    """Vertex `k` of a face, counted round and round."""
    return m.hull_face_vertex[m.hull_face_start[face] + k % m.hull_face_size[face]]


@ti.func
def quad_area(m: ti.template(), face, k, quad):
    """Area of the quadrilateral of four of a face's vertices, counted from vertex `k` [m^2]."""
    a = m.hull_vertex[face_vertex(m, face, k + quad[0])]
    b = m.hull_vertex[face_vertex(m, face, k + quad[1])]
    c = m.hull_vertex[face_vertex(m, face, k + quad[2])]
    d = m.hull_vertex[face_vertex(m, face, k + quad[3])]
    diagonals = (c - a).cross(d - b)
    return 0.5 * ti.sqrt(diagonals.dot(diagonals))


@ti.func
def large_quad(m: ti.template(), face, k):
    """Four vertices of a face, the first of them vertex `k`, with a large area between them.

    The last three go on in turn, each as long as that makes the area larger.
    """
    quad = ti.Vector([0, 1, 2, 3])
    area = quad_area(m, face, k, quad)
    moving = 3
    while moving > 0:
        quad[moving] += 1
        grown = quad_area(m, face, k, quad)
        if grown > area:
            area = grown
            if moving == 3:
                moving = 2
        else:
            quad[moving] -= 1
            # Once the last has moved, all three have their turn and it begins again.
            if moving == 3:
                moving = 0
            elif moving == 2:
                moving = 1
            else:
                moving = 3
    return quad


@ti.func
def plane_mesh(
    e, m: ti.template(), n: ti.template(), d: ti.template(), pair, reach, p1, R1, s1, p2, R2, s2
):
    """Plane and mesh: the lowest vertex, and the rest of the lowest face that it belongs to.

    Of a face with more than four vertices it is four that are far apart, so a round bottom rests
    on four points.
    """
    g = m.pair_geom2[pair]
    normal = column(R1, 2)
    up = R2.transpose() @ normal
    height = normal.dot(p2 - p1)
    lowest = hull_support(m, m.geom_hull[g], -up, -1)
    face = -1
    steepest = 1.0
    begin = m.hull_corner_start[lowest]
    for k in range(begin, begin + m.hull_n_corners[lowest]):
        f = m.hull_corner[k]
        if m.hull_face_normal[f].dot(up) < steepest:
            steepest = m.hull_face_normal[f].dot(up)
            face = f
    count = 1
    first = 0
    quad = ti.Vector([0, 1, 2, 3])
    if face >= 0 and height + up.dot(m.hull_vertex[lowest]) <= reach:
        count = ti.min(m.hull_face_size[face], 4)
        for k in range(m.hull_face_size[face]):
            if face_vertex(m, face, k) == lowest:
                first = k
        if m.hull_face_size[face] > 4:
            quad = large_quad(m, face, first)
    for k in range(count):
        v = lowest
        if k > 0:
            v = face_vertex(m, face, first + quad[k])
        point = m.hull_vertex[v]
        dist = height + up.dot(point)
        if dist <= reach:
            zero = ti.Vector([0.0, 0.0, 0.0])
            pos = p2 + R2 @ point - 0.5 * dist * normal
            add_contact(e, n, d, pair, pos, normal, dist, zero)
