"""Support points of convex shapes, and of the difference of two.

The support point of a shape in a direction is its farthest point that way. A sphere, a capsule and
an ellipsoid are a smaller shape, the core, with a ball swept along it: the algorithms run on the
cores and the radii are added to what they find, which is far more precise than to work on curved
surfaces. An ellipsoid has such a core for every ball that fits its sharpest end, of radius
min^2 / max of its half axes.

Everything is expressed in the frame of the pair's first geom. The difference of two shapes is the
set of all a - b, a from the first and b from the second; the shapes overlap where it contains zero.
"""

from genesis_state.kernels.geom_kinds import (
    BOX,
    CAPSULE,
    CYLINDER,
    ELLIPSOID,
    MESH,
    SPHERE,
    TYPES,
    kind,
)
from genesis_state.kernels.lang import ti

# Kinds of the pairs that have no closed form.
CONVEX_KINDS = tuple(
    kind(first, second)
    for first, others in (
        (SPHERE, (ELLIPSOID, MESH)),
        (CAPSULE, (ELLIPSOID, CYLINDER, MESH)),
        (ELLIPSOID, (ELLIPSOID, CYLINDER, BOX, MESH)),
        (CYLINDER, (CYLINDER, BOX, MESH)),
        (BOX, (MESH,)),
        (MESH, (MESH,)),
    )
    for second in others
)
FEW = 16  # vertices up to which looking at all of them is fastest
SHARE = 0.9  # of an ellipsoid's largest ball, so that its core keeps a volume


def has_shape(n, shape: int) -> bool:
    """Whether a shape takes part in any pair without a closed form."""
    return any(shape in (k // TYPES, k % TYPES) for k in n.kinds.intersection(CONVEX_KINDS))


def has_patch(n) -> bool:
    """Whether any pair without a closed form can touch in more than one point."""
    return any(
        not {SPHERE, ELLIPSOID}.intersection((k // TYPES, k % TYPES))
        for k in n.kinds.intersection(CONVEX_KINDS)
    )


@ti.func
def core_radius(shape, size):
    """Radius of the ball that is swept along the core of a shape [m]."""
    radius = 0.0
    if shape == SPHERE or shape == CAPSULE:
        radius = size[0]
    elif shape == ELLIPSOID:
        least = ti.min(size[0], size[1], size[2])
        radius = SHARE * least * least / ti.max(size[0], size[1], size[2])
    return radius


@ti.func
def hull_support(m: ti.template(), hull, u, start):
    """Vertex of a hull that is farthest along `u`, in the hull's frame.

    From the vertex `start`, or if that is -1 from one of a table by direction, it climbs from
    neighbour to neighbour; a convex hull has no other local maximum.
    """
    first = m.hull_vertex_start[hull]
    count = m.hull_n_vertices[hull]
    best = start
    if m.hull_climbs[hull] == 0:
        best = first
        top = m.hull_vertex[first].dot(u)
        for v in range(first + 1, first + count):
            x = m.hull_vertex[v].dot(u)
            if x > top:
                top = x
                best = v
    else:
        if best < 0:
            cell = 0
            for k in ti.static(range(3)):
                cell *= 3
                if u[k] > -0.4:
                    cell += 1
                if u[k] > 0.4:
                    cell += 1
            best = m.hull_seed[27 * hull + cell]
        top = m.hull_vertex[best].dot(u)
        last = -1
        while best != last:
            last = best
            begin = m.hull_edge_start[last]
            for k in range(begin, begin + m.hull_n_edges[last]):
                v = m.hull_edge[k]
                x = m.hull_vertex[v].dot(u)
                if x > top:
                    top = x
                    best = v
    return best


@ti.func
def core_support(m: ti.template(), n: ti.template(), g, shape, u, start):
    """Support point of the core of geom `g` along the unit vector `u`, in its own frame.

    For a mesh `start` is where the search begins; also returns the vertex it found.
    """
    size = m.geom_size[g]
    p = ti.Vector([0.0, 0.0, 0.0])
    vertex = start
    if ti.static(has_shape(n, CAPSULE)):
        if shape == CAPSULE:
            p[2] = size[1] if u[2] >= 0.0 else -size[1]
    if ti.static(has_shape(n, CYLINDER)):
        if shape == CYLINDER:
            p[2] = size[1] if u[2] >= 0.0 else -size[1]
            around = ti.sqrt(u[0] * u[0] + u[1] * u[1])
            if around > n.eps:
                p[0] = size[0] * u[0] / around
                p[1] = size[0] * u[1] / around
    if ti.static(has_shape(n, ELLIPSOID)):
        if shape == ELLIPSOID:
            s = size * u
            p = size * s / ti.sqrt(s.dot(s)) - core_radius(shape, size) * u
    if ti.static(has_shape(n, BOX)):
        if shape == BOX:
            for k in ti.static(range(3)):
                p[k] = size[k] if u[k] >= 0.0 else -size[k]
    if ti.static(has_shape(n, MESH)):
        if shape == MESH:
            vertex = hull_support(m, m.geom_hull[g], u, start)
            p = m.hull_vertex[vertex]
    return p, vertex


@ti.func
def difference_support(m: ti.template(), n: ti.template(), pair, R, t, u, start):
    """Support point of the difference of a pair's cores along the unit vector `u`.

    `R`, `t` are the second geom's axes and centre in the first one's frame. Returns the point of
    the first core, that of the difference, and the vertices from which to start next time.
    """
    pair_kind = m.pair_kind[pair]
    found = start
    a = ti.Vector([0.0, 0.0, 0.0])
    b = ti.Vector([0.0, 0.0, 0.0])
    for side in range(2):  # a loop, so that the code of all shapes is there once
        g = m.pair_geom1[pair]
        shape = pair_kind // TYPES
        along = u
        begin = start[0]
        if side == 1:
            g = m.pair_geom2[pair]
            shape = pair_kind % TYPES
            along = -(R.transpose() @ u)
            begin = start[1]
        p, vertex = core_support(m, n, g, shape, along, begin)
        if side == 0:
            a = p
            found[0] = vertex
        else:
            b = R @ p + t
            found[1] = vertex
    return a, a - b, found


@ti.func
def relative_pose(e, m: ti.template(), d: ti.template(), pair):
    """Axes and centre of a pair's second geom in the frame of its first."""
    g1 = m.pair_geom1[pair]
    g2 = m.pair_geom2[pair]
    inverse = d.geom_rot[e, g1].transpose()
    return inverse @ d.geom_rot[e, g2], inverse @ (d.geom_pos[e, g2] - d.geom_pos[e, g1])


@ti.func
def core_radii(m: ti.template(), pair):
    """Radii of the balls around the two cores [m]."""
    pair_kind = m.pair_kind[pair]
    r1 = core_radius(pair_kind // TYPES, m.geom_size[m.pair_geom1[pair]])
    r2 = core_radius(pair_kind % TYPES, m.geom_size[m.pair_geom2[pair]])
    return r1, r2
