"""Distance of two convex cores, or how far they overlap.

Apart: E. G. Gilbert, D. W. Johnson, S. S. Keerthi, "A fast procedure for computing the distance
between complex objects in three-dimensional space" (1988). The point of a simplex nearest to zero
is the best of what its edges and triangles offer, each of which is a point of the simplex however
thin it is; Johnson's recursion, which the paper uses, is not safe when rounded (M. Montanari,
N. Petrinic, E. Barbieri, "Improving the GJK algorithm for faster and more reliable distance
queries between convex objects", 2017, has the reasons and another remedy).

Overlapping: G. van den Bergen, "Proximity queries and penetration depth computation on 3D game
objects" (2001), an expanding polytope. It starts with a triangle, flat, with two sides, through
support points of its own instead of the last simplex, and its faces have signed distances from
zero: zero need not be inside, so that shapes that just touch need no special care.
"""

from genesis_state.kernels.convex_faces import convex_faces
from genesis_state.kernels.convex_support import core_radii, difference_support, relative_pose
from genesis_state.kernels.lang import ti
from genesis_state.kernels.subroutine import subroutine

FAR, APART, OVERLAP = 0, 1, 2  # convex_found
FIRST_STEPS = 48  # most simplices; a few are needed for flat shapes, more for curved ones
NEVER = 1e30  # offset of a face that is not to be looked at


@ti.func
def nearest_in_simplex(e, d: ti.template(), count, eps):
    """Point nearest to zero in the simplex of the first `count` vertices.

    Returns the point, its weights on the vertices and whether zero is inside a tetrahedron.
    """
    nearest = d.difference_vertex[e, 0]
    weights = ti.Vector([1.0, 0.0, 0.0, 0.0])
    least = nearest.dot(nearest)
    inside = False
    for i in range(count - 1):
        a = d.difference_vertex[e, i]
        for j in range(i + 1, count):
            ab = d.difference_vertex[e, j] - a
            s = 0.0
            if ab.dot(ab) > 0.0:
                s = ti.min(ti.max(-a.dot(ab) / ab.dot(ab), 0.0), 1.0)
            p = a + s * ab
            if p.dot(p) < least:
                least = p.dot(p)
                nearest = p
                weights = ti.Vector([0.0, 0.0, 0.0, 0.0])
                weights[i] = 1.0 - s
                weights[j] = s
            for k in range(j + 1, count):
                ac = d.difference_vertex[e, k] - a
                normal = ab.cross(ac)
                square = normal.dot(normal)
                if square > 64.0 * eps * eps * ab.dot(ab) * ac.dot(ac):
                    wj = -a.cross(ac).dot(normal) / square
                    wk = -ab.cross(a).dot(normal) / square
                    p = normal * (a.dot(normal) / square)
                    if wj > 0.0 and wk > 0.0 and wj + wk < 1.0 and p.dot(p) < least:
                        least = p.dot(p)
                        nearest = p
                        weights = ti.Vector([0.0, 0.0, 0.0, 0.0])
                        weights[i] = 1.0 - wj - wk
                        weights[j] = wj
                        weights[k] = wk
    if count == 4:
        a = d.difference_vertex[e, 0]
        ab = d.difference_vertex[e, 1] - a
        ac = d.difference_vertex[e, 2] - a
        ad = d.difference_vertex[e, 3] - a
        volume = ab.cross(ac).dot(ad)
        wb = -a.cross(ac).dot(ad) / volume
        wc = -ab.cross(a).dot(ad) / volume
        wd = -ab.cross(ac).dot(a) / volume
        inside = wb > 0.0 and wc > 0.0 and wd > 0.0 and wb + wc + wd < 1.0
    return nearest, weights, inside


@ti.func
def approach(e, m: ti.template(), n: ti.template(), d: ti.template(), pair, R, t, reach):
    """Distance of the cores → `convex_found` and, where they are apart but near, the rest of it.

    Where they overlap `convex_normal` is the last direction, from which the expansion starts.
    """
    v = -t
    if not v.dot(v) > 0.0:
        v = ti.Vector([1.0, 0.0, 0.0])
    distance = ti.sqrt(v.dot(v))
    point = v
    weights = ti.Vector([0.0, 0.0, 0.0, 0.0])
    start = ti.Vector([-1, -1])
    count = 0
    size = 0.0
    found = -1
    step = 0
    u = -v / distance
    while found < 0:
        u = -v / distance
        a, w, start_ = difference_support(m, n, pair, R, t, u, start)
        start = start_
        size = ti.max(size, w.dot(w))
        lower = -u.dot(w)
        if lower > reach:
            found = FAR
        elif step > 0 and not distance - lower > 8.0 * n.eps * ti.sqrt(size):
            found = APART
        else:
            d.difference_vertex[e, count] = w
            d.difference_point[e, count] = a
            v, weights_, inside = nearest_in_simplex(e, d, count + 1, n.eps)
            last = distance
            distance = ti.sqrt(v.dot(v))
            if inside or not distance > 0.25 * ti.sqrt(n.eps * size):
                found = OVERLAP
            elif step > 0 and not distance < last:
                found = APART  # all digits are used up
            else:
                weights = weights_
                kept = 0
                point = ti.Vector([0.0, 0.0, 0.0])
                for k in range(count + 1):
                    if weights[k] > 0.0:
                        d.difference_vertex[e, kept] = d.difference_vertex[e, k]
                        d.difference_point[e, kept] = d.difference_point[e, k]
                        point += weights[k] * d.difference_point[e, k]
                        kept += 1
                count = kept
                step += 1
                if step == FIRST_STEPS:
                    found = APART
    if ti.math.isnan(distance):
        found = FAR
    d.convex_found[e] = found
    d.convex_normal[e] = u
    d.convex_point[e] = point
    d.convex_dist[e] = distance


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


@subroutine
def convex_contacts(e: ti.i32, m: ti.template(), n: ti.template(), d: ti.template(), pair: ti.i32):
    """The contacts of a near pair of convex shapes."""
    c = m.pair_class[pair]
    r1, r2 = core_radii(m, pair)
    R, t = relative_pose(e, m, d, pair)
    approach(e, m, n, d, pair, R, t, m.class_margin[c] + m.class_gap[c] + r1 + r2)
    if d.convex_found[e] != FAR:
        convex_depth(e, m, n, d, pair)
