"""Where the geoms that can collide are, and the axis-aligned boxes around them."""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.spatial import quat_mul, quat_rotate, quat_to_matrix


@ti.func
def place_geoms(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Body frames → `geom_pos`, `geom_rot`, and `geom_lower`, `geom_upper` without any margin."""
    for g in range(n.geoms):
        b = m.geom_body[g]
        pos = d.xpos[e, b] + quat_rotate(d.xquat[e, b], m.geom_body_pos[g])
        rot = quat_to_matrix(quat_mul(d.xquat[e, b], m.geom_body_quat[g]))
        centre = pos + rot @ m.geom_center[g]
        half = abs(rot) @ m.geom_half[g]
        d.geom_pos[e, g] = pos
        d.geom_rot[e, g] = rot
        d.geom_lower[e, g] = centre - half
        d.geom_upper[e, g] = centre + half
