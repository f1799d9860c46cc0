"""How far a point is from a geom, and in which direction.

All is in the geom's own frame; shapes and sizes are MuJoCo's.
"""

from genesis_state.kernels.geom_kinds import (
    BOX,
    CAPSULE,
    CYLINDER,
    ELLIPSOID,
    MESH,
    PLANE,
    SPHERE,
)
from genesis_state.kernels.lang import ti
from genesis_state.kernels.spatial import MIN_NORM


@ti.func
def sphere_distance(x, radius):
    """Signed distance and normal of a sphere around the origin; at its centre the normal is x."""
    length = ti.sqrt(x.dot(x))
    normal = ti.Vector([1.0, 0.0, 0.0])
    if not length < MIN_NORM:
        normal = x / length
    return length - radius, normal


@ti.func
def capsule_distance(x, radius, half):
    """Likewise of a capsule along z, `half` the length of its axis."""
    z = ti.min(ti.max(x[2], -half), half)
    return sphere_distance(ti.Vector([x[0], x[1], x[2] - z]), radius)


@ti.func
def ellipsoid_distance(x, size):
    """Estimate of the distance from an ellipsoid, exact to first order at its surface.

    With f = |x / size| - 1 it is f / |grad f|, and the normal is grad f / |grad f|: that of the
    ellipsoid of the same shape on which the point lies. Both are exact for a sphere.
    """
    k = ti.sqrt((x / size).dot(x / size))
    slope = x / (size * size)
    length = ti.sqrt(slope.dot(slope))
    dist = -ti.min(size[0], size[1], size[2])
    normal = ti.Vector([0.0, 0.0, 0.0])
    if k < MIN_NORM:
        done = False
        for i in ti.static(range(3)):
            if not done and size[i] == -dist:
                normal[i] = 1.0
                done = True
    else:
        dist = k * (k - 1.0) / length
        normal = slope / length
    return dist, normal


@ti.func
def slab_distance(x, half):
    """Signed distance of a coordinate from the slab of that half width, and the way out."""
    way = 1.0
    if x < 0.0:
        way = -1.0
    return way * x - half, way


@ti.func
def cylinder_distance(x, radius, half):
    """Signed distance and normal of a cylinder along z, `half` its half length."""
    round_, radial = sphere_distance(ti.Vector([x[0], x[1], 0.0]), radius)
    flat, way = slab_distance(x[2], half)
    axial = ti.Vector([0.0, 0.0, way])
    corner = ti.sqrt(round_ * round_ + flat * flat)
    dist = round_
    normal = radial
    if round_ > 0.0 and flat > 0.0 and not corner < MIN_NORM:
        dist = corner
        normal = (round_ * radial + flat * axial) / corner
    elif flat > round_:
        dist = flat
        normal = axial
    return dist, normal


@ti.func
def box_distance(x, half):
    """Signed distance and normal of a box, `half` its half sizes."""
    dist = 0.0
    normal = ti.Vector([0.0, 0.0, 0.0])
    out = ti.Vector([0.0, 0.0, 0.0])
    for i in ti.static(range(3)):
        flat, way = slab_distance(x[i], half[i])
        out[i] = ti.max(flat, 0.0) * way
        if ti.static(i == 0):
            dist = flat
            normal[0] = way
        elif flat > dist:
            dist = flat
            normal = ti.Vector([0.0, 0.0, 0.0])
            normal[i] = way
    length = ti.sqrt(out.dot(out))
    if not length < MIN_NORM:
        dist = length
        normal = out / length
    return dist, normal


@ti.func
def hull_distance(m: ti.template(), g, x):
    """Largest distance from the planes of a hull's faces, and that face's normal.

    Inside it is the distance from the surface. Outside it is that too where a face is nearest, and
    less than it where an edge or a corner is.
    """
    first = m.coupled_geom_first_face[g]
    dist = m.coupled_face_normal[first].dot(x) - m.coupled_face_offset[first]
    face = first
    for f in range(first + 1, first + m.coupled_geom_n_faces[g]):
        above = m.coupled_face_normal[f].dot(x) - m.coupled_face_offset[f]
        if above > dist:
            dist = above
            face = f
    return dist, m.coupled_face_normal[face]


@ti.func
def geom_distance(m: ti.template(), n: ti.template(), g, x):
    """Signed distance [m] of a point from coupled geom `g`, negative inside, and the unit normal.

    Exact for planes, spheres, capsules, cylinders and boxes; see `ellipsoid_distance` and
    `hull_distance` for the others. Where several points of the surface are nearest, one is taken.

    Args:
        m, n: The rigid model's fields and its sizes.
        g: Number among the geoms that continua touch.
        x: The point in the geom's frame [m].
    """
    kind = m.coupled_geom_type[g]
    size = m.coupled_geom_size[g]
    dist = 0.0
    normal = ti.Vector([0.0, 0.0, 1.0])
    if ti.static(PLANE in n.coupled_types):
        if kind == PLANE:
            dist = x[2]
    if ti.static(SPHERE in n.coupled_types):
        if kind == SPHERE:
            dist, normal = sphere_distance(x, size[0])
    if ti.static(CAPSULE in n.coupled_types):
        if kind == CAPSULE:
            dist, normal = capsule_distance(x, size[0], size[1])
    if ti.static(ELLIPSOID in n.coupled_types):
        if kind == ELLIPSOID:
            dist, normal = ellipsoid_distance(x, size)
    if ti.static(CYLINDER in n.coupled_types):
        if kind == CYLINDER:
            dist, normal = cylinder_distance(x, size[0], size[1])
    if ti.static(BOX in n.coupled_types):
        if kind == BOX:
            dist, normal = box_distance(x, size)
    if ti.static(MESH in n.coupled_types):
        if kind == MESH:
            dist, normal = hull_distance(m, g, x)
    return dist, normal
