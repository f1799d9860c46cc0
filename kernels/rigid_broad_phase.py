"""Which pairs of geoms are so near that they may touch.

Pairs with a plane are looked at one by one, and so are all pairs of a scene with few of them. Else
geoms are swept along an axis (D. Baraff, "Dynamic simulation of non-penetrating rigid bodies",
PhD thesis, Cornell 1992, section 2.3.1): sorted by where they begin, each is compared with those
that begin before it ends. The order is found anew each time, so that it depends on positions alone.
"""

from genesis_state.kernels.geom_kinds import PLANE, TYPES
from genesis_state.kernels.lang import ti


@ti.func
def add_near(e, n: ti.template(), d: ti.template(), pair):
    """Appends a pair, or flags the environment if there is no room left."""
    k = d.n_near[e]
    if k < n.near:
        d.near_pair[e, k] = pair
        d.n_near[e] = k + 1
    else:
        d.overflow[e] = True


@ti.func
def boxes_overlap(e, d: ti.template(), g, h, reach):
    """Whether the boxes of two geoms are nearer than `reach` along every axis."""
    apart = ti.max(
        d.geom_lower[e, g] - d.geom_upper[e, h], d.geom_lower[e, h] - d.geom_upper[e, g]
    ).max()
    return not apart > reach


@ti.func
def list_pairs(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Appends those of the listed pairs that are near."""
    for pair in range(n.listed_pairs):
        g = m.pair_geom1[pair]
        h = m.pair_geom2[pair]
        c = m.pair_class[pair]
        reach = m.class_margin[c] + m.class_gap[c]
        near = False
        if m.pair_kind[pair] // TYPES == PLANE:
            # The normal is its third axis.
            rot = d.geom_rot[e, g]
            normal = ti.Vector([rot[0, 2], rot[1, 2], rot[2, 2]])
            height = normal.dot(d.geom_pos[e, h] - d.geom_pos[e, g])
            near = not height > reach + m.geom_radius[h]
        else:
            near = boxes_overlap(e, d, g, h, reach)
        if near:
            add_near(e, n, d, pair)


@ti.func
def sweep_axis(e, n: ti.template(), d: ti.template()):
    """The axis along which geoms are spread most."""
    total = ti.Vector([0.0, 0.0, 0.0])
    square = ti.Vector([0.0, 0.0, 0.0])
    for g in range(n.swept_geoms):
        total += d.geom_pos[e, g]
        square += d.geom_pos[e, g] ** 2
    spread = square - total * total / n.swept_geoms
    axis = 0
    if spread[1] > spread[0]:
        axis = 1
    if spread[2] > ti.max(spread[0], spread[1]):
        axis = 2
    return axis


@ti.func
def sort_geoms(e, m: ti.template(), n: ti.template(), d: ti.template(), axis):
    """`sweep_order`: geoms by their lower end along an axis, ties by number (Shell's method)."""
    for g in range(n.swept_geoms):
        d.sweep_order[e, g] = g
    gap = 1
    while 3 * gap + 1 < n.swept_geoms:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, n.swept_geoms):
            g = d.sweep_order[e, i]
            start = d.geom_lower[e, g][axis] - m.geom_reach[g]
            k = i
            moving = True
            while moving:
                moving = False
                if k >= gap:
                    h = d.sweep_order[e, k - gap]
                    other = d.geom_lower[e, h][axis] - m.geom_reach[h]
                    if other > start or (other == start and h > g):
                        d.sweep_order[e, k] = h
                        k -= gap
                        moving = True
            d.sweep_order[e, k] = g
        gap = gap // 3


@ti.func
def sweep_pairs(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Appends the pairs without a plane that are near."""
    axis = sweep_axis(e, n, d)
    sort_geoms(e, m, n, d, axis)
    for i in range(n.swept_geoms):
        g = d.sweep_order[e, i]
        end = d.geom_upper[e, g][axis] + m.geom_reach[g]
        k = i + 1
        while k < n.swept_geoms:
            h = d.sweep_order[e, k]
            k += 1
            if d.geom_lower[e, h][axis] - m.geom_reach[h] > end:
                k = n.swept_geoms
            else:
                pair = m.pair_of[g, h]
                if pair >= 0:
                    c = m.pair_class[pair]
                    if boxes_overlap(e, d, g, h, m.class_margin[c] + m.class_gap[c]):
                        add_near(e, n, d, pair)


@ti.func
def find_near_pairs(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Geom poses and boxes → `near_pair`."""
    d.n_near[e] = 0
    list_pairs(e, m, n, d)
    if ti.static(n.swept_geoms > 0):
        sweep_pairs(e, m, n, d)
