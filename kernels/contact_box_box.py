"""Where two boxes touch. Arguments as in `contact_plane`.

First the axis along which the boxes are farthest apart, or overlap least, among the normals of the
faces and of pairs of edges (S. Gottschalk, "Separating axis theorem", University of North Carolina
TR96-024, 1996). If it belongs to a face, the contacts are the corners of what this face and the
opposite one of the other box have in common, seen along the axis; else there is one, between two
edges.
"""

from genesis_state.kernels.contact_round import TINY
from genesis_state.kernels.geom_kinds import MOST
from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_contact_list import add_contact
from genesis_state.kernels.spatial import column

EDGE_BIAS = 1e-6  # by so much of its distance an edge axis must beat those of the faces,
ALIKE_BIAS = 0.05  # and by so much if it is hardly another direction:
ALIKE = 0.99  # if the cosine of the angle to the best face axis is larger


@ti.func
def farthest_axis(offset, rot, s1, s2, reach, eps):
    """Axis along which two boxes are farthest apart.

    Faces go before edges, as their contacts hold a box in place, and the first box goes before the
    second, so that rounding does not make boxes at rest change from one to the other.

    Args:
        offset: From the first centre to the second, in the first box's frame [m].
        rot: First box from second box axes.
        s1: Half sizes of the first [m].
        s2: Half sizes of the second [m].
        reach: Largest distance of a contact [m].
        eps: Precision of a float.

    Returns:
        Number of the axis: 0-2 and 3-5 for the faces of the boxes, 6 + 3 i + j for edge i of the
        first and j of the second, -1 if the boxes are out of reach; the unit vector in the first
        box's frame, pointing either way; and the distance along it [m].
    """
    slack = 8.0 * eps * (s1.sum() + s2.sum())
    apart1 = abs(offset) - s1 - abs(rot) @ s2
    apart2 = abs(rot.transpose() @ offset) - s2 - abs(rot).transpose() @ s1
    code = 0
    dist = apart1[0]
    axis = ti.Vector([1.0, 0.0, 0.0])
    for i in ti.static(range(1, 3)):
        if apart1[i] > dist + slack:
            code = i
            dist = apart1[i]
            axis = ti.Vector([0.0, 0.0, 0.0])
            axis[i] = 1.0
    for i in ti.static(range(3)):
        if apart2[i] > dist + slack:
            code = 3 + i
            dist = apart2[i]
            axis = column(rot, i)
    face_code = code
    face_dist = dist
    face = axis
    edges = 9
    if ti.max(apart1.max(), apart2.max()) > reach + slack:
        edges = 0
        code = -1
    for k in range(edges):
        # Edges that are parallel have no normal, and need none: the faces tell.
        edge = ti.Vector([0.0, 0.0, 0.0])
        edge[k // 3] = 1.0
        normal = edge.cross(column(rot, k % 3))
        square = normal.dot(normal)
        if square > eps:
            normal /= ti.sqrt(square)
            apart = ti.abs(normal.dot(offset)) - abs(normal).dot(s1)
            apart -= abs(rot.transpose() @ normal).dot(s2)
            if apart > reach + slack:
                code = -1
                break
            if apart - EDGE_BIAS * ti.abs(apart) > dist + slack:
                code = 6 + k
                dist = apart
                axis = normal
    if code >= 6 and ti.abs(axis.dot(face)) > ALIKE:
        if dist < face_dist + ALIKE_BIAS * ti.abs(face_dist) + slack:
            code = face_code
            dist = face_dist
            axis = face
    return code, axis, dist


@ti.func
def between_edges(i, j, axis, offset, rot, s1, s2):
    """Midpoint between edge `i` of the first box and `j` of the second, in the first's frame.

    Args:
        i: Axis along which the first edge leads.
        j: Axis of the second box along which its edge leads.
        axis: Unit vector normal to both, from the first to the second.
        offset: From the first centre to the second [m].
        rot: First box from second box axes.
        s1: Half sizes of the first [m].
        s2: Half sizes of the second [m].
    """
    corner1 = ti.select(axis >= 0.0, s1, -s1)
    corner2 = ti.select(rot.transpose() @ axis >= 0.0, -s2, s2)
    corner1[i] = 0.0
    corner2[j] = 0.0
    end2 = offset + rot @ corner2
    along2 = column(rot, j)
    # The edges are corner1 + x1 (unit vector i) and end2 + x2 along2.
    gap = end2 - corner1
    cosine = along2[i]
    gap1 = gap[i]
    gap2 = along2.dot(gap)
    x1 = (gap1 - cosine * gap2) / ti.max(1.0 - cosine * cosine, TINY)
    x1 = ti.math.clamp(x1, -s1[i], s1[i])
    x2 = ti.math.clamp(cosine * x1 - gap2, -s2[j], s2[j])
    corner1[i] = ti.math.clamp(gap1 + cosine * x2, -s1[i], s1[i])
    return 0.5 * (corner1 + end2 + x2 * along2)


@ti.func
def common_corners(k, wide, centre, du, dv, eps):
    """The `k`-th part of the corners that a rectangle and a parallelogram have in common.

    They are those corners of either that are inside the other, and where their sides cross; each
    part has two at most. Where they nearly coincide rounding may make one of them twice.

    The rectangle is in the plane of x and y around the origin; the parallelogram may lean, and is
    seen along z.

    Args:
        k: Side of the parallelogram, 0-3, or 4 + corner of the rectangle.
        wide: Half sides of the rectangle [m], a little too large so that what touches it is inside.
        centre: Centre of the parallelogram [m].
        du: From its centre to the middle of a side [m].
        dv: And of another.
        eps: Precision of a float.

    Returns:
        The two points, those of the parallelogram above the corners, and how many there are.
    """
    first = centre
    second = centre
    count = 0
    sign = 1.0 if k & 2 else -1.0
    if k < 4:
        # One side: what the rectangle leaves of it begins at `first`; if it does not reach to the
        # beginning of the next, it ends at `second`.
        step = 2.0 * sign * du
        first = centre - sign * (du + dv)
        if k & 1:
            step = 2.0 * sign * dv
            first = centre + sign * (du - dv)
        begin = 0.0
        end = 1.0
        for i in ti.static(range(2)):
            rate = step[i]
            if ti.abs(rate) < TINY:
                rate = TINY
            enter = (-wide[i] - first[i]) / rate
            leave = (wide[i] - first[i]) / rate
            begin = ti.max(begin, ti.min(enter, leave))
            end = ti.min(end, ti.max(enter, leave))
        if begin <= end + 16.0 * eps:
            count = 2 if end < 1.0 else 1
        second = first + end * step
        first += begin * step
    else:
        x = wide[0] if k & 1 else -wide[0]
        y = sign * wide[1]
        area = du[0] * dv[1] - du[1] * dv[0]
        u = ((x - centre[0]) * dv[1] - (y - centre[1]) * dv[0]) / area
        v = (du[0] * (y - centre[1]) - du[1] * (x - centre[0])) / area
        if ti.max(ti.abs(u), ti.abs(v)) < 1.0 + 32.0 * eps:
            count = 1
        first = ti.Vector([x, y, centre[2] + u * du[2] + v * dv[2]])
    return first, second, count


@ti.func
def box_box(e, n: ti.template(), d: ti.template(), pair, reach, p1, R1, s1, p2, R2, s2):
    """Two boxes: up to eight contacts of faces, or one of edges."""
    offset = R1.transpose() @ (p2 - p1)
    rot = R1.transpose() @ R2
    code, axis, dist = farthest_axis(offset, rot, s1, s2, reach, n.eps)
    if axis.dot(offset) < 0.0:
        axis = -axis
    normal = R1 @ axis
    # A contact is at `origin`, plus x, y and half of z along the columns of `frame`: z is its
    # distance.
    origin = p1
    frame = R1
    first = ti.Vector([0.0, 0.0, dist])
    second = first
    count = 1
    parts = 0
    centre = first
    du = first
    dv = first
    wide = first
    if code >= 6:
        parts = 1
        edges = code - 6
        middle = between_edges(edges // 3, edges % 3, axis, offset, rot, s1, s2)
        origin = p1 + R1 @ (middle - 0.5 * dist * axis)
        frame = ti.Matrix.cols([normal, normal, normal])
    elif code >= 0:
        parts = 8
        # The face that the axis belongs to is that of `1`, the other box is `2`.
        other = p2 - p1
        rot2 = R2
        size1 = s1
        size2 = s2
        out = normal
        rot1 = R1
        if code >= 3:
            other = -other
            origin = p2
            rot1 = R2
            rot2 = R1
            size1 = s2
            size2 = s1
            out = -normal
        k = code % 3
        frame = ti.Matrix.cols([column(rot1, (k + 1) % 3), column(rot1, (k + 2) % 3), out])
        origin += size1[k] * out
        wide = (1.0 + 64.0 * n.eps) * ti.Vector([size1[(k + 1) % 3], size1[(k + 2) % 3], 0.0])
        view = frame.transpose() @ rot2
        j = 0
        if ti.abs(view[2, 1]) > ti.abs(view[2, j]):
            j = 1
        if ti.abs(view[2, 2]) > ti.abs(view[2, j]):
            j = 2
        down = size2[j] * column(view, j)
        if down[2] > 0.0:
            down = -down
        centre = frame.transpose() @ other + down
        centre[2] -= size1[k]
        du = size2[(j + 1) % 3] * column(view, (j + 1) % 3)
        dv = size2[(j + 2) % 3] * column(view, (j + 2) % 3)
    found = 0
    for k in range(parts):
        if code < 6:
            first, second, count = common_corners(k, wide, centre, du, dv, n.eps)
        for _ in range(count):
            if found < MOST and first[2] <= reach:
                found += 1
                pos = origin + frame @ ti.Vector([first[0], first[1], 0.5 * first[2]])
                add_contact(e, n, d, pair, pos, normal, first[2], ti.Vector([0.0, 0.0, 0.0]))
            first = second
