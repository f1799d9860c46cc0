"""Cost of one contact as a function of x = J a - aref in its frame, and its derivatives.

`x` holds the normal first, then two tangents, spin and two rolls as far as the scene needs them.
`mu` are the friction coefficients at the same places, zero beyond the contact's own dimension;
mu[0] is that of the elliptic cone, friction[0] / sqrt(impratio). `D` is the stiffness.

A pyramid is a sum of one-sided quadratics over its edges x_0 +- mu_k x_k, with k below `dim`. A
contact without friction is one whose two edges coincide, each half as stiff. The elliptic cone has
three zones: without force, quadratic, and between them the squared distance from the cone
(MuJoCo documentation, chapter Computation, section Constraint solver).
"""

from genesis_state.kernels.lang import ti

FREE, STICKING, SLIDING = 0, 1, 2  # zones of the elliptic cone


@ti.func
def elliptic_zone(mu, x):
    """The zone, and x where the cone is regular: normal N, T = |U|, tangents U."""
    U = x * mu
    N = U[0]
    U[0] = 0.0
    T = ti.sqrt(U.dot(U))
    zone = SLIDING
    if N >= mu[0] * T:
        zone = FREE
    elif mu[0] * N + T <= 0.0:
        zone = STICKING
    return zone, N, T, U


@ti.func
def cone_along(n: ti.template(), D, mu, dim, x, v):
    """Cost at `x`, and its slope and curvature in the direction `v`."""
    cost = 0.0
    slope = 0.0
    curvature = 0.0
    if ti.static(n.elliptic):
        zone, N, T, U = elliptic_zone(mu, x)
        V = v * mu
        if zone == STICKING:
            stiffness = D / (mu[0] * mu[0])
            U[0] = N
            cost = 0.5 * stiffness * U.dot(U)
            slope = stiffness * U.dot(V)
            curvature = stiffness * V.dot(V)
        elif zone == SLIDING:
            stiffness = D / (mu[0] * mu[0] * (1.0 + mu[0] * mu[0]))
            gap = N - mu[0] * T
            turn = U.dot(V) / T
            rate = V[0] - mu[0] * turn
            V[0] = 0.0
            bend = (V.dot(V) - turn * turn) / T
            cost = 0.5 * stiffness * gap * gap
            slope = stiffness * gap * rate
            curvature = stiffness * (rate * rate - gap * mu[0] * bend)
    else:
        for k in ti.static(range(1, n.cone_dim)):
            if k < dim:
                for sign in ti.static((1.0, -1.0)):
                    edge = x[0] + sign * mu[k] * x[k]
                    if edge < 0.0:
                        rate = v[0] + sign * mu[k] * v[k]
                        cost += 0.5 * D * edge * edge
                        slope += D * edge * rate
                        curvature += D * rate * rate
    return cost, slope, curvature


@ti.func
def cone_force(n: ti.template(), D, mu, dim, x):
    """-d cost / d x: force along the normal and the tangents, torque about the same axes."""
    force = ti.Vector.zero(float, n.cone_dim)
    if ti.static(n.elliptic):
        zone, N, T, U = elliptic_zone(mu, x)
        if zone == STICKING:
            U[0] = N
            force = -D / (mu[0] * mu[0]) * U * mu
        elif zone == SLIDING:
            push = -D / (mu[0] * (1.0 + mu[0] * mu[0])) * (N - mu[0] * T)
            force = -push / T * U * mu
            force[0] = push
    else:
        for k in ti.static(range(1, n.cone_dim)):
            if k < dim:
                plus = -D * ti.min(x[0] + mu[k] * x[k], 0.0)
                minus = -D * ti.min(x[0] - mu[k] * x[k], 0.0)
                force[0] += plus + minus
                force[k] = mu[k] * (plus - minus)
    return force


@ti.func
def cone_pieces(n: ti.template(), mu, dim, x):
    """Which quadratic the cost is near `x`, as a number; -1 where it is none."""
    piece = 0
    if ti.static(n.elliptic):
        zone, _N, _T, _U = elliptic_zone(mu, x)
        piece = zone
        if zone == SLIDING:
            piece = -1
    else:
        for k in ti.static(range(1, n.cone_dim)):
            if k < dim:
                if x[0] + mu[k] * x[k] < 0.0:
                    piece += 1 << (2 * k)
                if x[0] - mu[k] * x[k] < 0.0:
                    piece += 2 << (2 * k)
    return piece


@ti.func
def cone_hessian(n: ti.template(), D, mu, dim, x):
    """Second derivatives of the cost by `x`."""
    C = ti.Matrix.zero(float, n.cone_dim, n.cone_dim)
    if ti.static(n.elliptic):
        zone, N, T, U = elliptic_zone(mu, x)
        if zone == STICKING:
            for k in ti.static(range(n.cone_dim)):
                C[k, k] = D / (mu[0] * mu[0]) * mu[k] * mu[k]
        elif zone == SLIDING:
            stiffness = D / (mu[0] * mu[0] * (1.0 + mu[0] * mu[0]))
            U /= T
            across = mu[0] * (mu[0] - N / T)
            for k in ti.static(range(1, n.cone_dim)):
                C[0, k] = C[k, 0] = -stiffness * mu[0] * mu[0] * U[k] * mu[k]
                for l in ti.static(range(1, n.cone_dim)):
                    C[k, l] = stiffness * mu[0] * N / T * U[k] * U[l] * mu[k] * mu[l]
                C[k, k] += stiffness * across * mu[k] * mu[k]
            C[0, 0] = stiffness * mu[0] * mu[0]
    else:
        for k in ti.static(range(1, n.cone_dim)):
            if k < dim:
                for sign in ti.static((1.0, -1.0)):
                    if x[0] + sign * mu[k] * x[k] < 0.0:
                        C[0, 0] += D
                        C[0, k] += sign * D * mu[k]
                        C[k, k] += D * mu[k] * mu[k]
                C[k, 0] = C[0, k]
    return C


@ti.func
def cone_stretch(n: ti.template(), C, J):
    """C J, without the products of which C is known to be zero."""
    w = C @ J
    if ti.static(not n.elliptic):
        # The edges of a pyramid couple each tangent with the normal alone.
        w = C[0, 0] * J
        for k in ti.static(range(1, n.cone_dim)):
            w[k] = C[0, k] * J[0] + C[k, k] * J[k]
        w[0] = C[0, 0] * J[0]
        for k in ti.static(range(1, n.cone_dim)):
            w[0] += C[0, k] * J[k]
    return w
