"""Laws of elastic solids: a deformation gradient F → energy and stress.

Stresses are Piola's first, P [Pa], the derivative of the energy by F.
"""

from genesis_state.kernels.decomposition import (
    cofactor,
    determinant,
    inner,
    rotation_of,
    signed_svd,
)
from genesis_state.kernels.lang import ti
from genesis_state.kernels.spatial import column

LINEAR, COROTATED, NEO_HOOKEAN = range(3)


@ti.func
def identity():
    """The 3x3 identity."""
    return ti.Matrix.identity(float, 3)


@ti.func
def neo_hookean_moduli(mu, lam):
    """Its own mu, lam and alpha, with which small strains obey the Lame parameters given.

    Smith, de Goes and Kim 2018, "Stable neo-Hookean flesh simulation", section 3.4.
    """
    own_mu = 4.0 / 3.0 * mu
    own_lam = lam + 5.0 / 6.0 * mu
    return own_mu, own_lam, 1.0 + 0.75 * own_mu / own_lam


@ti.func
def rotated_hooke(f, rot, mu, lam):
    """R (2 mu e + lam tr(e) 1) with the strain e = sym(R^T F) - 1."""
    stretch = rot.transpose() @ f
    strain = 0.5 * (stretch + stretch.transpose()) - identity()
    return rot @ (2.0 * mu * strain + lam * strain.trace() * identity())


@ti.func
def neo_hookean_stress(f, mu, lam):
    """mu (1 - 1 / (|F|^2 + 1)) F + lam (J - alpha) cof F, with its own moduli."""
    own_mu, own_lam, alpha = neo_hookean_moduli(mu, lam)
    c = cofactor(f)
    J = column(f, 0).dot(column(c, 0))
    return own_mu * (1.0 - 1.0 / (inner(f, f) + 1.0)) * f + own_lam * (J - alpha) * c


@ti.func
def stress(e, k, n: ti.template(), r: ti.template(), kind, f):
    """First Piola stress at `f` of entity `k`, whose law is `kind`."""
    mu = r.mu[e, k]
    lam = r.lam[e, k]
    p = ti.Matrix.zero(float, 3, 3)
    if ti.static(LINEAR in n.kinds):
        if kind == LINEAR:
            p = rotated_hooke(f, identity(), mu, lam)
    if ti.static(COROTATED in n.kinds):
        if kind == COROTATED:
            p = rotated_hooke(f, rotation_of(f, n.eps), mu, lam)
    if ti.static(NEO_HOOKEAN in n.kinds):
        if kind == NEO_HOOKEAN:
            p = neo_hookean_stress(f, mu, lam)
    return p


@ti.func
def response(e, k, n: ti.template(), r: ti.template(), kind, f):
    """Stress at `f` of entity `k`, and how it changes with f.

    Returns:
        P, and matrices U, V, `stretching`, `turning`: with f = U S V^T, the second derivative of
        the energy in the axes U and V couples the diagonal entries of f by `stretching`, and each
        pair f_ij, f_ji by a 2x2 matrix, which has `turning`_ji on its diagonal and `turning`_ij
        off it for i < j. All of it is positive semidefinite. Where the law is linear in a rotated
        frame, V is the transposed rotation, U is the identity, and both matrices are zero: that
        derivative needs `mu` and `lam` alone.
    """
    mu = r.mu[e, k]
    lam = r.lam[e, k]
    p = ti.Matrix.zero(float, 3, 3)
    u = identity()
    v = identity()
    stretching = ti.Matrix.zero(float, 3, 3)
    turning = ti.Matrix.zero(float, 3, 3)
    if ti.static(LINEAR in n.kinds or COROTATED in n.kinds):
        if kind != NEO_HOOKEAN:
            rot = identity()
            if ti.static(COROTATED in n.kinds):
                if kind == COROTATED:
                    rot = rotation_of(f, n.eps)
            p = rotated_hooke(f, rot, mu, lam)
            v = rot.transpose()
    if ti.static(NEO_HOOKEAN in n.kinds):
        if kind == NEO_HOOKEAN:
            p = neo_hookean_stress(f, mu, lam)
            u, s, v = signed_svd(f, n.eps)
            stretching, turning = neo_hookean_curvature(s, mu, lam, n.eps)
    return p, u, v, stretching, turning


@ti.func
def density(e, k, n: ti.template(), r: ti.template(), kind, f):
    """Energy per volume [J/m^3] at `f` of entity `k`, whose law is `kind`."""
    mu = r.mu[e, k]
    lam = r.lam[e, k]
    energy = 0.0
    if ti.static(LINEAR in n.kinds or COROTATED in n.kinds):
        if kind != NEO_HOOKEAN:
            stretch = f
            if ti.static(COROTATED in n.kinds):
                if kind == COROTATED:
                    stretch = rotation_of(f, n.eps).transpose() @ f
            strain = 0.5 * (stretch + stretch.transpose()) - identity()
            energy = mu * inner(strain, strain) + 0.5 * lam * strain.trace() ** 2
    if ti.static(NEO_HOOKEAN in n.kinds):
        if kind == NEO_HOOKEAN:
            own_mu, own_lam, alpha = neo_hookean_moduli(mu, lam)
            norm2 = inner(f, f)
            J = determinant(f) - alpha
            energy = 0.5 * (own_mu * (norm2 - 3.0 - ti.log(norm2 + 1.0)) + own_lam * J * J)
    return energy


@ti.func
def neo_hookean_curvature(s, mu, lam, eps: ti.template()):
    """Second derivative of the energy by F in the axes of its stretches `s`, made positive.

    Smith, de Goes and Kim 2018, section 4: one 3x3 matrix for the stretches, and for each pair of
    axes the eigenvalues of their twist and flip; negative eigenvalues are taken as zero.

    Returns:
        The 3x3 matrix of the stretches; and a matrix with, for axes i < j, half the sum of the two
        eigenvalues at (j, i) and half of flip less twist at (i, j).
    """
    own_mu, own_lam, alpha = neo_hookean_moduli(mu, lam)
    norm2 = s.dot(s)
    shear = own_mu * (1.0 - 1.0 / (norm2 + 1.0))
    bulk = own_lam * (s[0] * s[1] * s[2] - alpha)
    others = ti.Vector([s[1] * s[2], s[2] * s[0], s[0] * s[1]])
    stretching = 2.0 * own_mu / (norm2 + 1.0) ** 2 * s.outer_product(s)
    stretching += own_lam * others.outer_product(others)
    turning = ti.Matrix.zero(float, 3, 3)
    for i in ti.static(range(3)):
        stretching[i, i] += shear
        for j in ti.static(range(i + 1, 3)):
            third = ti.static(3 - i - j)
            stretching[i, j] += bulk * s[third]
            stretching[j, i] += bulk * s[third]
            twist = ti.max(shear + bulk * s[third], 0.0)
            flip = ti.max(shear - bulk * s[third], 0.0)
            turning[j, i] = 0.5 * (twist + flip)
            turning[i, j] = 0.5 * (flip - twist)
    return positive_part(stretching, eps), turning


@ti.func
def positive_part(a, eps: ti.template()):
    """The symmetric 3x3 matrix nearest to `a` without negative eigenvalues.

    By U diag(s) V^T with the signs of the eigenvalues in U^T V: (a + |a|) / 2.
    """
    _u, s, v = signed_svd(a, eps)
    magnitude = ti.Matrix.zero(float, 3, 3)
    for i in ti.static(range(3)):
        magnitude += ti.abs(s[i]) * column(v, i).outer_product(column(v, i))
    half = 0.5 * (a + magnitude)
    return 0.5 * (half + half.transpose())
