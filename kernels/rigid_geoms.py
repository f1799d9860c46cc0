"""Where geoms are, and the axis-aligned boxes around them."""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.spatial import quat_mul, quat_rotate, quat_to_matrix


@ti.func
def geom_frame(e, b, pos, quat, center, half, d: ti.template()):
    """A geom of body `b` with its box, in the body's frame → in the world.

    Returns:
        Its position, its rotation matrix, and the corners of a box around it.
    """
    world = d.xpos[e, b] + quat_rotate(d.xquat[e, b], pos)
    rot = quat_to_matrix(quat_mul(d.xquat[e, b], quat))
    middle = world + rot @ center
    extent = abs(rot) @ half
    return world, rot, middle - extent, middle + extent


@ti.func
def place_geoms(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Body frames → frames of the geoms that can collide, and boxes without any margin."""
    for g in range(n.geoms):
        pos, rot, lower, upper = geom_frame(
            e,
            m.geom_body[g],
            m.geom_body_pos[g],
            m.geom_body_quat[g],
            m.geom_center[g],
            m.geom_half[g],
            d,
        )
        d.geom_pos[e, g] = pos
        d.geom_rot[e, g] = rot
        d.geom_lower[e, g] = lower
        d.geom_upper[e, g] = upper


@ti.func
def place_coupled_geoms(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Body frames → frames of the geoms that continua touch, and the boxes around them."""
    for g in range(n.coupled_geoms):
        pos, rot, lower, upper = geom_frame(
            e,
            m.coupled_geom_body[g],
            m.coupled_geom_body_pos[g],
            m.coupled_geom_body_quat[g],
            m.coupled_geom_center[g],
            m.coupled_geom_half[g],
            d,
        )
        d.coupled_geom_pos[e, g] = pos
        d.coupled_geom_rot[e, g] = rot
        d.coupled_geom_lower[e, g] = lower
        d.coupled_geom_upper[e, g] = upper
