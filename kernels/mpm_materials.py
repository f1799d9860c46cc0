"""Laws of materials: a trial deformation gradient → the elastic one that is left, and the stress.

Stresses are Kirchhoff's, tau = P F^T [Pa], which is what MLS-MPM scatters.
"""

from genesis_state.kernels.decomposition import determinant, rotation_of, signed_svd
from genesis_state.kernels.lang import ti

COROTATED, NEO_HOOKEAN, LIQUID, VISCOUS, VON_MISES, CLAMPED, SNOW, SAND = range(8)
PLASTIC = frozenset((VON_MISES, CLAMPED, SNOW, SAND))  # the last ones
HARDENING = 10.0  # xi of Stomakhin et al. 2013, table 2
LEAST_STRETCH = 1e-4  # below it the logarithm of a stretch means nothing


@ti.func
def identity():
    """The 3x3 identity."""
    return ti.Matrix.identity(float, 3)


@ti.func
def scaled_columns(u, s):
    """U diag(s)."""
    return ti.Matrix([[u[i, k] * s[k] for k in range(3)] for i in range(3)])


@ti.func
def in_axes(u, s):
    """U diag(s) U^T, symmetric to the bit: what is not turns the matter, and it gains spin."""
    a = scaled_columns(u, s) @ u.transpose()
    return 0.5 * (a + a.transpose())


@ti.func
def corotated_stress(f, r, mu, lam):
    """2 mu (F - R) F^T + lam J (J - 1) 1 (Stomakhin et al. 2012, "Energetically consistent
    invertible elasticity", with J (J - 1) for its volume term), symmetric to the bit."""
    J = determinant(f)
    a = (f - r) @ f.transpose()
    return mu * (a + a.transpose()) + lam * J * (J - 1.0) * identity()


@ti.func
def corotated_principal(s, mu, lam):
    """The same stress along the axes of the stretches `s`."""
    J = s[0] * s[1] * s[2]
    return 2.0 * mu * (s - 1.0) * s + lam * J * (J - 1.0)


@ti.func
def neo_hookean_stress(f, mu, lam, eps: ti.template()):
    """mu (F F^T - 1) + lam ln J 1 (Bonet and Wood 2008, section 6.4.3).

    Inside out it stays the finite stress of next to no volume.
    """
    J = ti.max(determinant(f), eps)
    return mu * (f @ f.transpose() - identity()) + lam * ti.log(J) * identity()


@ti.func
def logarithms(s):
    """Hencky strain of the stretches."""
    x = s
    for k in ti.static(range(3)):
        x[k] = ti.log(ti.max(ti.abs(s[k]), LEAST_STRETCH))
    return x


@ti.func
def yielded_von_mises(s, limit):
    """Stretches whose deviatoric Hencky strain is no longer than `limit`: the radial return of
    J2 plasticity (Simo and Hughes 1998, section 3.3)."""
    strain = logarithms(s)
    deviator = strain - strain.sum() / 3.0
    length = ti.sqrt(deviator.dot(deviator))
    kept = s
    if length > limit:
        strain -= (1.0 - limit / length) * deviator
        kept = ti.exp(strain)
    return kept


@ti.func
def yielded_sand(s, volume, mu, lam, slope):
    """Stretches within the Drucker-Prager cone, and the volume gained while it was torn apart.

    Klar et al. 2016, "Drucker-Prager elastoplasticity for sand animation", section 7.3, with the
    volume correction of Tampubolon et al. 2017, section 4.4.
    """
    strain = logarithms(s) + volume / 3.0
    trace = strain.sum()
    deviator = strain - trace / 3.0
    length = ti.sqrt(deviator.dot(deviator))
    kept = ti.Vector([1.0, 1.0, 1.0])
    left = trace
    if trace < 0.0:
        left = 0.0
        excess = length + (3.0 * lam + 2.0 * mu) / (2.0 * mu) * trace * slope
        if excess > 0.0:
            strain -= excess / length * deviator
        kept = s
        if excess > 0.0 or volume != 0.0:
            kept = ti.exp(strain)
    return kept, left


@ti.func
def deformed(e, k, n: ti.template(), r: ti.template(), kind, trial, spin, Jp):
    """What a trial deformation gradient becomes in a substep.

    Args:
        e, k: Environment and entity, whose parameters hold.
        kind: The entity's law.
        trial: (1 + h C) F.
        spin: h C, the displacement gradient of the substep.
        Jp: Plastic volume before it.

    Returns:
        F, Jp and the Kirchhoff stress [Pa].
    """
    mu = r.mu[e, k]
    lam = r.lam[e, k]
    f = trial
    tau = ti.Matrix.zero(float, 3, 3)
    left = Jp
    if ti.static(COROTATED in n.kinds):
        if kind == COROTATED:
            tau = corotated_stress(f, rotation_of(f, n.eps), mu, lam)
    if ti.static(NEO_HOOKEAN in n.kinds):
        if kind == NEO_HOOKEAN:
            tau = neo_hookean_stress(f, mu, lam, n.eps)
    if ti.static(LIQUID in n.kinds or VISCOUS in n.kinds):
        if kind == LIQUID or kind == VISCOUS:
            J = determinant(f)
            side = ti.exp(ti.log(ti.max(J, n.eps)) / 3.0)
            f = side * identity()
            tau = lam * J * (J - 1.0) * identity()
            if ti.static(VISCOUS in n.kinds):
                if kind == VISCOUS:
                    tau += mu * (spin + spin.transpose())
    if ti.static(n.plastic):
        if kind >= VON_MISES:
            u, s, v = signed_svd(trial, n.eps)
            kept = s
            stiffness = 1.0
            if ti.static(VON_MISES in n.kinds):
                if kind == VON_MISES:
                    kept = yielded_von_mises(s, r.yield_stress[e, k] / (2.0 * mu))
            if ti.static(CLAMPED in n.kinds or SNOW in n.kinds):
                if kind == CLAMPED or kind == SNOW:
                    low = 1.0 - r.yield_lower[e, k]
                    high = 1.0 + r.yield_higher[e, k]
                    for i in ti.static(range(3)):
                        kept[i] = ti.math.clamp(s[i], low, high)
            if ti.static(SNOW in n.kinds):
                if kind == SNOW:
                    left = Jp * (s[0] * s[1] * s[2]) / (kept[0] * kept[1] * kept[2])
                    stiffness = ti.exp(HARDENING * (1.0 - left))
            if ti.static(SAND in n.kinds):
                if kind == SAND:
                    kept, left = yielded_sand(s, Jp, mu, lam, r.slope[e, k])
            # What does not yield stays as it is, to the bit.
            if kept[0] != s[0] or kept[1] != s[1] or kept[2] != s[2]:
                f = scaled_columns(u, kept) @ v.transpose()
            if ti.static(SAND in n.kinds):
                if kind == SAND:
                    strain = logarithms(kept)
                    tau = in_axes(u, 2.0 * mu * strain + lam * strain.sum())
            if kind != SAND:
                tau = in_axes(u, corotated_principal(kept, stiffness * mu, stiffness * lam))
    return f, left, tau


@ti.func
def find_slopes(e, n: ti.template(), r: ti.template(), w: ti.template()):
    """Friction angles → slopes of the cone in Hencky strain (Klar et al. 2016, equation 29)."""
    if ti.static(SAND in n.kinds):
        for k in range(n.materials):
            s = ti.sin(r.friction_angle[e, k])
            w.slope[e, k] = ti.sqrt(2.0 / 3.0) * 2.0 * s / (3.0 - s)
