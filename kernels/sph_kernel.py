"""The smoothing kernel: a cubic spline, in units of its reach H, and what a flat wall adds to it.

W(r) = k f(r / H) with k = 8 / (pi H^3), and f(q) = 2 (1 - q)^3 - 8 (1/2 - q)^3 where the brackets
are positive (J. J. Monaghan, "Smoothed particle hydrodynamics", Annu. Rev. Astron. Astrophys. 30,
1992). H is two particle sizes: then particles on a cubic lattice of that size d have
sum W d^3 = 1.00000.
"""

from genesis_state.kernels.lang import ti


@ti.func
def spline(q):
    """f(q) for 0 <= q <= 1."""
    u = 1.0 - q
    v = ti.max(0.5 - q, 0.0)
    return 2.0 * u * u * u - 8.0 * v * v * v


@ti.func
def spline_slope(q):
    """f'(q) / q: the gradient of W at a distance d is k / H^2 times this times d."""
    u = 1.0 - q
    return ti.select(q < 0.5, 18.0 * q - 12.0, -6.0 * u * u / ti.max(q, 0.5))


@ti.func
def plane_sum(z):
    """Integral of W over a plane z H away, times H: sum of a layer of particles, for 0 <= z."""
    u = ti.max(1.0 - z, 0.0)
    v = ti.max(0.5 - z, 0.0)
    return u**4 * (8.0 - 6.4 * u) - v**4 * (16.0 - 25.6 * v)


@ti.func
def plane_sum_slope(z):
    """Derivative of `plane_sum`."""
    u = ti.max(1.0 - z, 0.0)
    v = ti.max(0.5 - z, 0.0)
    return -32.0 * u**3 * (1.0 - u) + 64.0 * v**3 * (1.0 - 2.0 * v)


@ti.func
def wall_share(a):
    """What a flat wall adds to sum W d^3 of a particle whose centre is `a` H away from it.

    The wall counts as layers of particles at rest, the first of them half a size d behind its
    surface: matter on a lattice that begins half a size before it has the density of rest up to
    the wall. The volume map of J. Bender et al., "Volume maps: an implicit boundary representation
    for SPH" (2019), which is an integral over the wall, would be too much by 4 % there.
    """
    z = ti.max(a, -0.25)
    return 0.5 * (plane_sum(z + 0.25) + plane_sum(z + 0.75))


@ti.func
def wall_share_slope(a):
    """Derivative of `wall_share`."""
    slope = 0.0
    if a >= 0.25:
        slope = 0.5 * plane_sum_slope(a + 0.25)
    return slope
