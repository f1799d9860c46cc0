"""Particles to grid as it is usually done: particle by particle, with float atomics.

The sums depend on which thread comes first. Only the benchmark uses this.
"""

# pyright: reportInvalidTypeForm=false, reportIndexIssue=false
# Kernel bodies are Taichi's language.

from genesis_state.kernels.lang import ti
from genesis_state.kernels.mpm_grid import first_node, grid_position, node_number, weights
from genesis_state.kernels.mpm_materials import deformed


@ti.kernel
def scatter(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Particles → momentum and mass on the grid, in the order of the tiles."""
    for e, q in ti.ndrange(n.envs, n.particles):
        if q < r.slot_start[e, r.color_start[e, 8]]:
            p = r.order[e, q]
            h = m.timestep[0]
            k = m.particle_material[p]
            volume = m.material_volume[k]
            mass = r.rho[e, k] * volume
            C = r.C[e, p]
            spin = h * C
            before = r.F[e, p]
            trial = before + spin @ before
            F, Jp, tau = deformed(e, k, n, r, m.material_kind[k], trial, spin, r.Jp[e, p])
            w.F[e, p] = F
            w.Jp[e, p] = Jp
            affine = (mass * m.cell[0]) * C - (4.0 * h * volume / m.cell[0]) * tau
            g = grid_position(m, n, r.pos[e, p])
            base = first_node(g)
            f = g - base
            s = weights(f)
            first = node_number(n, base[0], base[1], base[2])
            for i, j, o in ti.static(ti.ndrange(3, 3, 3)):
                weight = s[i][0] * s[j][1] * s[o][2]
                momentum = mass * r.vel[e, p] + affine @ (ti.Vector([i, j, o]) - f)
                node = first + node_number(n, i, j, o)
                for c in ti.static(range(3)):
                    ti.atomic_add(w.grid[e, node][c], weight * momentum[c])
                ti.atomic_add(w.grid[e, node][3], weight * mass)
