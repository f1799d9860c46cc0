"""Where spheres and capsules touch each other, and a sphere a cylinder.

Arguments as in `contact_plane`. A sphere is a capsule of half length zero.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_contact_list import add_contact
from genesis_state.kernels.spatial import MIN_NORM, column

TINY = 1e-30  # keeps a quotient of zeros a number, and is one in 32 bits
PARALLEL = 1e-8  # squared sine of the angle below which capsules lie side by side


@ti.func
def in_segment(x):
    """The place nearest to `x` on a segment that goes from -1 to 1."""
    return ti.math.clamp(x, -1.0, 1.0)


@ti.func
def round_round(e, n: ti.template(), d: ti.template(), pair, reach, p1, R1, s1, p2, R2, s2):
    """Spheres and capsules: where their axes are nearest.

    Capsules side by side touch at both ends of the stretch that they share.
    """
    axis1 = column(R1, 2)
    axis2 = column(R2, 2)
    half1 = s1[1] * axis1
    half2 = s2[1] * axis2
    # Where |x1 half1 - x2 half2 - offset| is least: a x1 - b x2 = u and b x1 - c x2 = v.
    offset = p2 - p1
    a = half1.dot(half1)
    b = half1.dot(half2)
    c = half2.dot(half2)
    u = half1.dot(offset)
    v = half2.dot(offset)
    across = half1.cross(half2)
    det = across.dot(across)
    side_by_side = 0.0 < a and 0.0 < c and det < PARALLEL * a * c
    x1 = in_segment(offset.cross(half2).dot(across) / ti.max(det, TINY))
    x2 = in_segment((b * x1 - v) / ti.max(c, TINY))
    x1 = in_segment((b * x2 + u) / ti.max(a, TINY))
    for k in range(ti.select(side_by_side, 2, 1)):
        if side_by_side:
            x1 = 2.0 * k - 1.0
            wish = (b * x1 - v) / c
            x2 = in_segment(wish)
            if x2 != wish:
                x1 = in_segment((b * x2 + u) / a)
        centre = p1 + x1 * half1
        gap = p2 + x2 * half2 - centre
        length = ti.sqrt(gap.dot(gap))
        dist = length - s1[0] - s2[0]
        if dist <= reach:
            normal = gap / ti.max(length, TINY)
            if not length > ti.max(MIN_NORM, 4.0 * n.eps * (s1[0] + s2[0])):
                normal = axis1.cross(axis2)
                length = ti.sqrt(normal.dot(normal))
                if length > MIN_NORM:
                    normal /= length
                else:
                    normal = ti.Vector([1.0, 0.0, 0.0])
            pos = centre + (s1[0] + 0.5 * dist) * normal
            add_contact(e, n, d, pair, pos, normal, dist, ti.Vector([0.0, 0.0, 0.0]))


@ti.func
def sphere_cylinder(e, n: ti.template(), d: ti.template(), pair, reach, p1, R1, s1, p2, R2, s2):
    """Sphere and cylinder: the side, a cap or a rim."""
    centre = R2.transpose() @ (p1 - p2)
    radius = ti.sqrt(centre[0] * centre[0] + centre[1] * centre[1])
    out = ti.Vector([1.0, 0.0])
    if radius > MIN_NORM:
        out = ti.Vector([centre[0], centre[1]]) / radius
    beside = radius - s2[0]
    above = ti.abs(centre[2]) - s2[1]
    # The nearest point's direction from the centre, as parts along the radius and the axis.
    gap = beside
    radial = 1.0
    axial = 0.0
    if beside > 0.0 and above > 0.0:
        gap = ti.sqrt(beside * beside + above * above)
        radial = beside / gap
        axial = above / gap
    elif above > beside:
        gap = above
        radial = 0.0
        axial = 1.0
    if not centre[2] > 0.0:
        axial = -axial
    dist = gap - s1[0]
    if dist <= reach:
        normal = -(R2 @ ti.Vector([radial * out[0], radial * out[1], axial]))
        pos = p1 + (s1[0] + 0.5 * dist) * normal
        add_contact(e, n, d, pair, pos, normal, dist, ti.Vector([0.0, 0.0, 0.0]))
