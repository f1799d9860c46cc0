"""Densities of particles, and the forces that they put on each other.

A particle of volume V at rest has the density rho0 delta, with delta = V sum_j W_ij and the
particle itself in the sum (B. Solenthaler and R. Pajarola, "Density contrast SPH interfaces",
2008): neighbours of another mass do not blur it. All forces between two particles are opposite to
the bit.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.sph_kernel import spline, spline_slope
from genesis_state.kernels.sph_walls import let_go

# 2 (d + 2) in three dimensions (J. J. Monaghan, "Smoothed particle hydrodynamics", Rep. Prog. Phys.
# 68, 2005, section 4.3), and what keeps it finite where particles meet.
VISCOSITY_FACTOR = 10.0
VISCOSITY_FLOOR = 0.01


@ti.func
def slot_material(e, i, m: ti.template(), n: ti.template(), r: ti.template()):
    """Entity that a slot's particle belongs to."""
    k = 0
    if ti.static(n.materials > 1):
        k = m.particle_material[r.slot_particle[e, i]]
    return k


@ti.func
def material_mass(e, k, m: ti.template(), r: ti.template()):
    """Mass of a particle of entity `k` [kg]."""
    return r.rho[e, k] * m.material_volume[k]


@ti.func
def find_density(
    e, i, beyond, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()
):
    """Density of slot `i` in parts of that of rest, of which `beyond` is from walls and bodies.

    Writes it, the volume that the particle takes, and with an equation of state its pressure:
    `slot_push` is p (V / delta)^2.
    """
    k = slot_material(e, i, m, n, r)
    scale = 1.0 / m.reach[0]
    x = r.slot_pos[e, i]
    total = 1.0
    for q in range(r.neighbour_start[e, i], r.neighbour_end[e, i]):
        d = x - r.slot_pos[e, r.neighbour[e, q]]
        total += spline(scale * ti.sqrt(d.dot(d)))
    rest = m.material_rest_volume[k]
    density = rest * m.kernel_scale[0] * total + beyond
    volume = rest / density
    w.slot_density[e, i] = density
    w.slot_volume[e, i] = volume
    if ti.static(not n.solves):
        p = 0.0
        if density > 1.0:
            p = r.stiffness[e, k] * (ti.pow(density, r.exponent[e, k]) - 1.0)
        w.slot_push[e, i] = p * volume * volume


@ti.func
def find_force(e, i, m: ti.template(), n: ti.template(), r: ti.template()):
    """Force on slot `i` by the particles around it [N].

    Viscosity: 2 (d + 2) nu (v . x) / (r^2 + 0.01 H^2) grad W, as in Monaghan 2005. Surface tension:
    -gamma m W x (M. Becker and M. Teschner, "Weakly compressible SPH for free surface flows", 2007,
    section 3.2), with the W of a particle size for what is nearer. Pressure, where an equation of
    state gives it: -(p_i V_i^2 + p_j V_j^2) grad W, with V the volumes taken.
    """
    scale = 1.0 / m.reach[0]
    steepness = m.kernel_scale[0] * scale * scale
    floor = VISCOSITY_FLOOR * m.reach[0] * m.reach[0]
    x = r.slot_pos[e, i]
    v = r.slot_vel[e, i]
    push = 0.0
    if ti.static(not n.solves):
        push = r.slot_push[e, i]
    k = slot_material(e, i, m, n, r)
    mass = material_mass(e, k, m, r)
    viscosity = VISCOSITY_FACTOR * r.rho[e, k] * r.mu[e, k]
    tension = m.kernel_scale[0] * r.gamma[e, k] * mass
    volume = r.slot_volume[e, i]
    force = ti.Vector([0.0, 0.0, 0.0])
    pressed = ti.Vector([0.0, 0.0, 0.0])
    for q in range(r.neighbour_start[e, i], r.neighbour_end[e, i]):
        j = r.neighbour[e, q]
        d = x - r.slot_pos[e, j]
        squared = d.dot(d)
        z = scale * ti.sqrt(squared)
        viscous = viscosity
        pull = tension
        if ti.static(n.materials > 1):
            o = slot_material(e, j, m, n, r)
            if o != k:
                other = material_mass(e, o, m, r)
                viscous = 0.5 * (viscosity + VISCOSITY_FACTOR * r.rho[e, o] * r.mu[e, o])
                mean = 2.0 * mass * other / (mass + other)
                pull = m.kernel_scale[0] * 0.5 * (r.gamma[e, k] + r.gamma[e, o]) * mean
        rubbed = viscous * volume * r.slot_volume[e, j] * (v - r.slot_vel[e, j]).dot(d)
        slope = steepness * spline_slope(z)
        along = slope * rubbed / (squared + floor) - pull * spline(ti.max(z, 0.5))
        force += along * d
        if ti.static(not n.solves):
            pressed -= (slope * (push + r.slot_push[e, j])) * d
    if ti.static(not n.solves):
        pressed += let_go(e, i, push, m.material_rest_volume[k], pressed, r)
    return force + pressed
