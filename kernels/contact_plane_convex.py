"""Where a plane touches an ellipsoid or a mesh."""

from genesis_state.kernels.convex_support import hull_support
from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_contact_list import add_contact
from genesis_state.kernels.spatial import column

MOST = 3  # contacts of a mesh on a plane
APART = 0.3  # least distance of a contact from the first one, as a share of the geom's radius


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
def plane_mesh(
    e, m: ti.template(), n: ti.template(), d: ti.template(), pair, reach, p1, R1, s1, p2, R2, s2
):
    """Plane and mesh: the lowest vertex, and those of its neighbours that are low enough.

    MuJoCo's choice of points (its mjc_PlaneConvex): three at most, in the order of the neighbours,
    none of the others close to the first.
    """
    g = m.pair_geom2[pair]
    hull = m.geom_hull[g]
    normal = column(R1, 2)
    up = R2.transpose() @ normal
    height = normal.dot(p2 - p1)
    first = m.hull_vertex_start[hull]
    lowest = hull_support(m, hull, -up, -1)
    near = APART * m.geom_radius[g]
    found = 0
    begin = m.hull_edge_start[lowest]
    count = m.hull_n_edges[lowest]
    if count == 0:  # no neighbours are known: every vertex may be one
        count = m.hull_n_vertices[hull]
    middle = ti.Vector([0.0, 0.0, 0.0])
    for k in range(-1, count):
        v = lowest
        if k >= 0:
            v = first + k
            if m.hull_n_edges[lowest] > 0:
                v = m.hull_edge[begin + k]
        point = m.hull_vertex[v]
        dist = height + up.dot(point)
        point = p2 + R2 @ point
        apart = point - middle
        if (
            dist <= reach
            and found < MOST
            and (k < 0 or (found > 0 and v != lowest and apart.dot(apart) >= near * near))
        ):
            point -= 0.5 * dist * normal
            if k < 0:
                middle = point
            zero = ti.Vector([0.0, 0.0, 0.0])
            add_contact(e, n, d, pair, point, normal, dist, zero)
            found += 1
