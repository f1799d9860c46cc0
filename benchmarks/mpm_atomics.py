"""Particles to grid in a fixed order of sums, and as it is usually done: with float atomics.

The sums of the latter depend on which thread comes first.
"""

# pyright: reportInvalidTypeForm=false, reportIndexIssue=false
# Kernel bodies are Taichi's language.

from genesis_state.kernels.lang import ti
from genesis_state.kernels.mpm_grid import (
    COLORS,
    first_node,
    grid_position,
    node_number,
    weights,
)
from genesis_state.kernels.mpm_step import scatter_lanes


@ti.kernel
def scatter_in_order(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Particles → momentum and mass on the grid, one color after the other."""
    for color in ti.static(range(COLORS)):
        scatter_lanes(m, n, r, w, color)


@ti.kernel
def scatter_atomically(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Particles → momentum and mass on the grid, in the order of the tiles."""
    for e, q in ti.ndrange(n.envs, n.particles):
        if q < r.slot_start[e, r.color_start[e, COLORS]]:
            p = r.order[e, q]
            k = m.particle_material[p]
            mass = r.rho[e, k] * m.material_volume[k]
            g = grid_position(m, n, r.pos[e, p])
            base = first_node(g)
            f = g - base
            s = weights(f)
            first = node_number(n, base[0], base[1], base[2])
            for i, j, o in ti.static(ti.ndrange(3, 3, 3)):
                weight = s[i][0] * s[j][1] * s[o][2]
                momentum = mass * r.vel[e, p] + w.affine[e, p] @ (ti.Vector([i, j, o]) - f)
                node = first + node_number(n, i, j, o)
                for c in ti.static(range(3)):
                    ti.atomic_add(w.grid[e, node][c], weight * momentum[c])
                ti.atomic_add(w.grid[e, node][3], weight * mass)
