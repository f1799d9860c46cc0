"""Tetrahedra with linear shape functions: deformation gradients and forces."""

from genesis_state.kernels.fem_laws import stress
from genesis_state.kernels.lang import ti
from genesis_state.kernels.spatial import column


@ti.func
def deformation(e, k, m: ti.template(), x: ti.template()):
    """Deformation gradient of element `k` with its vertices at the field `x`."""
    x0 = x[e, m.element_vertex[k, 0]]
    edges = ti.Matrix.cols(
        [
            x[e, m.element_vertex[k, 1]] - x0,
            x[e, m.element_vertex[k, 2]] - x0,
            x[e, m.element_vertex[k, 3]] - x0,
        ]
    )
    return edges @ m.rest_inverse[k]


@ti.func
def push_corners(e, k, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Forces of element `k` on its corners: -V P times the gradients of the shape functions."""
    if r.active[e, k]:
        i = m.element_material[k]
        f = deformation(e, k, m, r.pos)
        p = stress(e, i, n, r, m.material_kind[i], f)
        h = (-m.element_volume[k]) * (p @ m.rest_inverse[k].transpose())
        w.corner_force[e, m.element_corner[k, 0]] = -(column(h, 0) + column(h, 1) + column(h, 2))
        w.corner_force[e, m.element_corner[k, 1]] = column(h, 0)
        w.corner_force[e, m.element_corner[k, 2]] = column(h, 1)
        w.corner_force[e, m.element_corner[k, 3]] = column(h, 2)
    else:
        for a in ti.static(range(4)):
            w.corner_force[e, m.element_corner[k, a]] = ti.Vector([0.0, 0.0, 0.0])
