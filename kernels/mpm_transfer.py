"""Particles to grid and back: MLS-MPM with affine velocities.

Y. Hu et al., "A moving least squares material point method with displacement discontinuity and
two-way rigid body coupling", ACM Trans. Graph. 37 (2018), equation 29 and section 4; transfers of
C. Jiang et al., "The affine particle-in-cell method", ACM Trans. Graph. 34 (2015).
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.mpm_grid import (
    COLORS,
    first_node,
    grid_position,
    in_domain,
    node_number,
    weights,
)
from genesis_state.kernels.mpm_materials import deformed
from genesis_state.kernels.subroutine import subroutine


@ti.func
def deform_particle(e, p, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """One particle: its deformation after the substep, and the momentum that nodes get by it.

    At a distance of x cells a node gets `affine` x: mass times C x, and the stress' impulse.
    """
    h = m.timestep[0]
    k = m.particle_material[p]
    volume = m.material_volume[k]
    C = r.C[e, p]
    spin = h * C
    before = r.F[e, p]
    F, Jp, tau = deformed(e, k, n, r, m.material_kind[k], before + spin @ before, spin, r.Jp[e, p])
    w.F[e, p] = F
    w.Jp[e, p] = Jp
    w.affine[e, p] = (r.rho[e, k] * volume * m.cell[0]) * C - (
        4.0 * h * volume * m.cells_per_metre[0]
    ) * tau


@ti.func
def deform_lane(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """A lane's active particles, in the order of their numbers, in which they lie in memory."""
    begin = lane * n.share
    for i in range(begin, begin + w.lane_n_listed[e, lane]):
        deform_particle(e, w.listed[e, i], m, n, r, w)


@ti.func
def scatter_particle(
    e, p, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template(), zero
):
    """One particle: its mass and momentum onto the grid.

    `zero` is a zero that the compiler does not know: with it all four lanes of a node are alike,
    and it adds them in one instruction.
    """
    k = m.particle_material[p]
    mass = r.rho[e, k] * m.material_volume[k]
    affine = w.affine[e, p]
    g = grid_position(m, n, r.pos[e, p])
    base = first_node(g)
    f = g - base
    s = weights(f)
    v = r.vel[e, p]
    at = ti.Vector([mass * v[0], mass * v[1], mass * v[2], mass])
    x = ti.Vector([affine[0, 0], affine[1, 0], affine[2, 0], zero])
    y = ti.Vector([affine[0, 1], affine[1, 1], affine[2, 1], zero])
    z = ti.Vector([affine[0, 2], affine[1, 2], affine[2, 2], zero])
    first = node_number(n, base[0], base[1], base[2])
    for i in ti.static(range(3)):
        at_i = s[i][0] * (at + (i - f[0]) * x)
        y_i = s[i][0] * y
        z_i = s[i][0] * z
        for j in ti.static(range(3)):
            at_j = s[j][1] * (at_i + (j - f[1]) * y_i)
            z_j = s[j][1] * z_i
            for k3 in ti.static(range(3)):
                node = first + node_number(n, i, j, k3)
                w.grid[e, node] = w.grid[e, node] + s[k3][2] * (at_j + (k3 - f[2]) * z_j)


@subroutine
def scatter_tile(
    e: ti.i32,
    slot: ti.i32,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
):
    """The particles of one tile, in order."""
    zero = 0.0 * m.cell[0]
    for q in range(w.slot_start[e, slot], w.slot_start[e, slot + 1]):
        scatter_particle(e, w.order[e, q], m, n, r, w, zero)


@ti.func
def gather_particle(e, p, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """One particle: velocity and its gradient from the grid, and the position that follows."""
    g = grid_position(m, n, r.pos[e, p])
    base = first_node(g)
    f = g - base
    s = weights(f)
    first = node_number(n, base[0], base[1], base[2])
    v = ti.Vector([0.0] * 4)
    x = ti.Vector([0.0] * 4)
    y = ti.Vector([0.0] * 4)
    z = ti.Vector([0.0] * 4)
    for i in ti.static(range(3)):
        v_i = ti.Vector([0.0] * 4)
        y_i = ti.Vector([0.0] * 4)
        z_i = ti.Vector([0.0] * 4)
        for j in ti.static(range(3)):
            node = first + node_number(n, i, j, 0)
            g0 = s[0][2] * w.grid[e, node]
            g1 = s[1][2] * w.grid[e, node + 1]
            g2 = s[2][2] * w.grid[e, node + 2]
            v_j = s[j][1] * (g0 + g1 + g2)
            v_i += v_j
            y_i += (j - f[1]) * v_j
            z_i += s[j][1] * ((0.0 - f[2]) * g0 + (1.0 - f[2]) * g1 + (2.0 - f[2]) * g2)
        v += s[i][0] * v_i
        x += ((i - f[0]) * s[i][0]) * v_i
        y += s[i][0] * y_i
        z += s[i][0] * z_i
    slope = 4.0 * m.cells_per_metre[0]
    C = ti.Matrix.zero(float, 3, 3)
    for k in ti.static(range(3)):
        C[k, 0] = slope * x[k]
        C[k, 1] = slope * y[k]
        C[k, 2] = slope * z[k]
    velocity = ti.Vector([v[0], v[1], v[2]])
    pos = r.pos[e, p] + m.timestep[0] * velocity
    w.C[e, p] = C
    w.vel[e, p] = velocity
    w.pos[e, p] = pos
    if not in_domain(n, grid_position(m, n, pos)):
        w.failed[e] = True


@ti.func
def gather_lane(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """A lane's share of the particles, in the order of the tiles."""
    total = w.slot_start[e, w.color_start[e, COLORS]]
    begin = total * lane // n.lanes
    end = total * (lane + 1) // n.lanes
    for q in range(begin, end):
        gather_particle(e, w.order[e, q], m, n, r, w)
