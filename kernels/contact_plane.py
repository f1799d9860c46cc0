"""Where a plane touches a sphere, a capsule, a cylinder or a box.

Every function is given the pair's number and reach [m], and for both geoms the centre, the rotation
matrix and the size (MuJoCo's); it appends the contacts. The plane is the first geom, with its third
axis as the normal; a contact is where a point of the second is nearest to it.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_contact_list import add_contact
from genesis_state.kernels.spatial import column


@ti.func
def plane_round(e, n: ti.template(), d: ti.template(), pair, reach, p1, R1, s1, p2, R2, s2):
    """Plane and sphere or capsule: one contact at each end; a sphere has no length and one end."""
    normal = column(R1, 2)
    axis = column(R2, 2)
    tangent = ti.Vector([0.0, 0.0, 0.0])
    ends = 1
    if s2[1] > 0.0:
        tangent = axis
        ends = 2
    end = p2 + s2[1] * axis
    for _ in range(ends):
        dist = normal.dot(end - p1) - s2[0]
        if dist <= reach:
            add_contact(e, n, d, pair, end - (s2[0] + 0.5 * dist) * normal, normal, dist, tangent)
        end = p2 - s2[1] * axis


@ti.func
def plane_cylinder(e, n: ti.template(), d: ti.template(), pair, reach, p1, R1, s1, p2, R2, s2):
    """Plane and cylinder: the lowest point, the one above it on the other rim, two on its own."""
    normal = column(R1, 2)
    # In the cylinder's frame a point of a rim stays on it, however little the cylinder leans.
    up = R2.transpose() @ normal
    lean = ti.sqrt(up[0] * up[0] + up[1] * up[1])
    down = ti.Vector([1.0, 0.0])
    if lean > 4.0 * n.eps:
        down = ti.Vector([-up[0], -up[1]]) / lean
    half = -s2[1]
    if not up[2] > 0.0:
        half = s2[1]
    height = normal.dot(p2 - p1)
    for k in range(4):
        along = s2[0]
        across = 0.0
        z = half
        if k == 1:
            z = -half
        if k >= 2:
            # The three points of the lower rim are an equilateral triangle.
            along = -0.5 * s2[0]
            across = ti.sqrt(0.75) * s2[0]
            if (k == 2) != (half > 0.0):
                across = -across
        point = ti.Vector(
            [along * down[0] + across * down[1], along * down[1] - across * down[0], z]
        )
        dist = height + up.dot(point)
        if dist <= reach:
            pos = p2 + R2 @ point - 0.5 * dist * normal
            add_contact(e, n, d, pair, pos, normal, dist, ti.Vector([0.0, 0.0, 0.0]))


@ti.func
def plane_box(e, n: ti.template(), d: ti.template(), pair, reach, p1, R1, s1, p2, R2, s2):
    """Plane and box: corners of the lower half, four at most."""
    normal = column(R1, 2)
    up = R2.transpose() @ normal
    height = normal.dot(p2 - p1)
    found = 0
    for k in range(8):
        corner = -s2
        if k & 1:
            corner[0] = s2[0]
        if k & 2:
            corner[1] = s2[1]
        if k & 4:
            corner[2] = s2[2]
        above = up.dot(corner)
        dist = height + above
        if found < 4 and above <= 0.0 and dist <= reach:
            found += 1
            pos = p2 + R2 @ corner - 0.5 * dist * normal
            add_contact(e, n, d, pair, pos, normal, dist, ti.Vector([0.0, 0.0, 0.0]))
