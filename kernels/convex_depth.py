"""How far two convex cores overlap.

The polytope that G. van den Bergen expands inside the difference of the two ("Proximity queries and
penetration depth computation on 3D game objects", 2001). It starts with a triangle, flat, with two
sides, through support points of its own instead of the last simplex of the distance query, and its
faces have signed distances from zero: zero need not be inside, so that shapes that just touch need
no special care.
"""

from genesis_state.kernels.convex_faces import convex_faces
from genesis_state.kernels.convex_support import difference_support, relative_pose
from genesis_state.kernels.lang import ti
from genesis_state.kernels.subroutine import subroutine

FAR, APART, OVERLAP = 0, 1, 2  # convex_found
NEVER = 1e30  # offset of a face that is not to be looked at


@ti.func
def closest_face(e, d: ti.template(), faces):
    """Face of the polytope with the least distance from zero, or -1."""
    best = -1
    least = 0.1 * NEVER
    for f in range(faces):
        if d.difference_offset[e, f] < least:
            least = d.difference_offset[e, f]
            best = f
    return best


@ti.func
def cut_edge(e, d: ti.template(), edges, i, j):
    """Adds edge (i, j) to the rim of a hole, or takes away its twin (j, i); returns how many."""
    twin = -1
    for k in range(edges):
        if d.difference_edge[e, k][0] == j and d.difference_edge[e, k][1] == i:
            twin = k
    kept = edges
    if twin >= 0:
        kept = edges - 1
        d.difference_edge[e, twin] = d.difference_edge[e, kept]
    else:
        d.difference_edge[e, edges] = ti.Vector([i, j])
        kept = edges + 1
    return kept


@ti.func
def cut_hole(e, n: ti.template(), d: ti.template(), faces, chosen, w, slack):
    """Takes away the faces that `w` sees; returns how many faces and rim edges there are."""
    edges = 0
    left = faces
    f = 0
    hit = chosen
    while f < left:
        if f == hit or d.difference_normal[e, f].dot(w) > d.difference_offset[e, f] + slack:
            corner = d.difference_face[e, f]
            for k in range(3):
                i = corner[0]
                j = corner[1]
                if k == 1:
                    i = corner[1]
                    j = corner[2]
                elif k == 2:
                    i = corner[2]
                    j = corner[0]
                if edges < n.polytope_vertex:
                    edges = cut_edge(e, d, edges, i, j)
            left -= 1
            d.difference_face[e, f] = d.difference_face[e, left]
            d.difference_normal[e, f] = d.difference_normal[e, left]
            d.difference_offset[e, f] = d.difference_offset[e, left]
            if hit == left:
                hit = f
            elif hit == f:
                hit = -1
        else:
            f += 1
    return left, edges


@ti.func
def add_face(e, d: ti.template(), f, corner, eps):
    """Writes face `f`; one without area is never chosen."""
    a = d.difference_vertex[e, corner[0]]
    ab = d.difference_vertex[e, corner[1]] - a
    ac = d.difference_vertex[e, corner[2]] - a
    normal = ab.cross(ac)
    square = normal.dot(normal)
    offset = NEVER
    if square > 16.0 * eps * eps * ab.dot(ab) * ac.dot(ac):
        normal = normal / ti.sqrt(square)
        offset = normal.dot(a)
    d.difference_face[e, f] = corner
    d.difference_normal[e, f] = normal
    d.difference_offset[e, f] = offset


@ti.func
def expand(e, m: ti.template(), n: ti.template(), d: ti.template(), pair, R, t):
    """Least translation that parts the overlapping cores → `convex_normal` and the like.

    Every direction that is looked at gives an upper bound of the depth, every face that is closest
    a lower one; the best direction is kept, so that a face that rounding has tilted does no harm.
    """
    u = d.convex_normal[e]
    first = u
    start = ti.Vector([-1, -1])
    size = 0.0
    faces = 0
    chosen = -1
    depth = NEVER
    corner = ti.Vector([0, 1, 2])
    vertices = 0
    tolerance = 0.0
    done = False
    while not done:
        lower = -NEVER
        if vertices == 1:
            u = -first
        elif vertices == 2:
            a = d.difference_vertex[e, 0]
            along = d.difference_vertex[e, 1] - a
            along /= ti.sqrt(along.dot(along))
            u = -t - a  # the difference of the centres is inside
            u -= along * u.dot(along)
            if not u.dot(u) > n.eps * size:
                u = along.cross(ti.Vector([along[1], along[2], -along[0]]))
            u /= ti.sqrt(u.dot(u))
        elif vertices > 2:
            chosen = closest_face(e, d, faces)
            if chosen >= 0:
                u = d.difference_normal[e, chosen]
                lower = d.difference_offset[e, chosen]
            else:
                done = True
        a, w, start_ = difference_support(m, n, pair, R, t, u, start)
        start = start_
        size = ti.max(size, w.dot(w))
        tolerance = ti.max(16.0 * n.eps, 1e-12) * ti.sqrt(size)
        upper = u.dot(w)
        if upper < depth and vertices > 2 and not done:
            depth = upper
            d.convex_normal[e] = u
            corner = d.difference_face[e, chosen]
        if vertices > 2 and not depth - lower > tolerance:
            done = True
        known = False
        for k in range(vertices):
            apart = d.difference_vertex[e, k] - w
            if not apart.dot(apart) > 1e-3 * tolerance * tolerance:
                known = True
        if not done and vertices > 2 and known:
            d.difference_offset[e, chosen] = NEVER
        elif not done:
            d.difference_vertex[e, vertices] = w
            d.difference_point[e, vertices] = a
            edges = 0
            if vertices == 2:
                d.difference_edge[e, 0] = ti.Vector([0, 1])
                d.difference_edge[e, 1] = ti.Vector([1, 0])
                edges = 2
            elif vertices > 2:
                faces, edges = cut_hole(e, n, d, faces, chosen, w, 0.25 * tolerance)
            for k in range(edges):
                if faces < 2 * n.polytope_vertex:
                    i = d.difference_edge[e, k][0]
                    j = d.difference_edge[e, k][1]
                    add_face(e, d, faces, ti.Vector([i, j, vertices]), n.eps)
                    faces += 1
            vertices += 1
            if vertices == n.polytope_vertex:
                done = True
    d.convex_dist[e] = -depth
    d.convex_point[e] = nearest_point(e, d, faces, corner, depth + 4.0 * tolerance)
    if not depth < 0.1 * NEVER:
        d.convex_found[e] = FAR


@ti.func
def nearest_point(e, d: ti.template(), faces, first, most):
    """Point of the first shape that belongs to the polytope's point nearest to zero.

    Of the faces with offsets up to `most`, or if there is none the face `first`, it is on the one
    that zero is above: flat pieces of the boundary are several triangles.
    """
    point = ti.Vector([0.0, 0.0, 0.0])
    best = -NEVER
    for f in range(-1, faces):
        corner = first
        offset = NEVER
        if f >= 0:
            corner = d.difference_face[e, f]
            offset = d.difference_offset[e, f]
        if f < 0 or offset < most:
            a = d.difference_vertex[e, corner[0]]
            ab = d.difference_vertex[e, corner[1]] - a
            ac = d.difference_vertex[e, corner[2]] - a
            normal = ab.cross(ac)
            square = normal.dot(normal)
            weight = ti.Vector([1.0, 0.0, 0.0])
            inside = -0.5 * NEVER
            if square > 0.0:
                weight[1] = -a.cross(ac).dot(normal) / square
                weight[2] = -ab.cross(a).dot(normal) / square
                weight[0] = 1.0 - weight[1] - weight[2]
                if f >= 0:
                    inside = weight.min()
                weight = ti.max(weight, 0.0)
                weight /= weight.sum()
            if inside > best:
                best = inside
                point = ti.Vector([0.0, 0.0, 0.0])
                for k in ti.static(range(3)):
                    point += weight[k] * d.difference_point[e, corner[k]]
    return point


@subroutine
def convex_depth(e: ti.i32, m: ti.template(), n: ti.template(), d: ti.template(), pair: ti.i32):
    """The depth of two cores that overlap, then the contacts."""
    if d.convex_found[e] == OVERLAP:
        R, t = relative_pose(e, m, d, pair)
        expand(e, m, n, d, pair, R, t)
    if d.convex_found[e] != FAR:
        convex_faces(e, m, n, d, pair)
