"""Distance of two convex cores.

E. G. Gilbert, D. W. Johnson, S. S. Keerthi, "A fast procedure for computing the distance
between complex objects in three-dimensional space" (1988). The point of a simplex nearest to zero
is the best of what its edges and triangles offer, each of which is a point of the simplex however
thin it is; Johnson's recursion, which the paper uses, is not safe when rounded (M. Montanari,
N. Petrinic, E. Barbieri, "Improving the GJK algorithm for faster and more reliable distance
queries between convex objects", 2017, has the reasons and another remedy).
"""

from genesis_state.kernels.convex_depth import APART, FAR, OVERLAP, convex_depth
from genesis_state.kernels.convex_support import core_radii, difference_support, relative_pose
from genesis_state.kernels.lang import ti
from genesis_state.kernels.subroutine import subroutine

FIRST_STEPS = 48  # most simplices; a few are needed for flat shapes, more for curved ones


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


@subroutine
def convex_contacts(e: ti.i32, m: ti.template(), n: ti.template(), d: ti.template(), pair: ti.i32):
    """The contacts of a near pair of convex shapes."""
    c = m.pair_class[pair]
    r1, r2 = core_radii(m, pair)
    R, t = relative_pose(e, m, d, pair)
    approach(e, m, n, d, pair, R, t, m.class_margin[c] + m.class_gap[c] + r1 + r2)
    if d.convex_found[e] != FAR:
        convex_depth(e, m, n, d, pair)
