"""The linear system of an implicit substep: its matrix, block by block, and its right side.

With the displacement d of a substep of length h, the incremental potential is

    1/2 |d - h v - h^2 g|^2 M / h^2 + alpha / (2 h) |d|^2 M + beta / (2 h) d K d + energy(x + d)

whose minimum is the implicit Euler step with Rayleigh damping alpha M + beta K. Newton's matrix is
(1 + alpha h) M / h^2 + (1 + beta / h) K with K made of positive semidefinite matrices of elements.
It is kept as blocks of 3x3, row by row (compressed sparse rows); elements are added in their order.
"""

from genesis_state.kernels.decomposition import determinant, inverse_of_symmetric
from genesis_state.kernels.fem_elements import deformation
from genesis_state.kernels.fem_laws import COROTATED, LINEAR, NEO_HOOKEAN, density, response
from genesis_state.kernels.fem_vertex import SPRING, spring_pull, spring_slope
from genesis_state.kernels.lang import ti


@ti.func
def begin_system(
    e,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Inertia, and springs that hold vertices → the diagonal and the right side at the iterate."""
    h = m.timestep[0]
    drag = 1.0 + m.damping_alpha[0] * h
    for s in range(n.blocks):
        w.matrix[e, s] = ti.Matrix.zero(float, 3, 3)
    for v in range(n.vertices):
        inertia = r.mass[e, v] / (h * h)
        w.matrix[e, m.diagonal_block[v]] = drag * inertia * ti.Matrix.identity(float, 3)
        ahead = h * r.vel[e, v] + h * h * m.gravity[0]
        w.right[e, v] = inertia * (ahead - drag * r.displacement[e, v])
        if ti.static(n.constrained):
            if r.constrained[e, v] == SPRING:
                slope = spring_slope(e, v, m, r)
                s = m.diagonal_block[v]
                w.matrix[e, s] = w.matrix[e, s] + slope * ti.Matrix.identity(float, 3)
                pull = spring_pull(e, v, m, n, r, rm, rn, rd) - slope * r.displacement[e, v]
                w.right[e, v] = w.right[e, v] + pull


@ti.func
def add_element(e, k, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Adds the stiffness of element `k` to the matrix and its forces to the right side."""
    i = m.element_material[k]
    kind = m.material_kind[i]
    mu = r.mu[e, i]
    lam = r.lam[e, i]
    f = deformation(e, k, m, r.iterate)
    # In axes in which the law is simple.
    p, u, v, stretching, turning = response(e, i, n, r, kind, f)
    for a in range(4):
        g = m.shape_gradient[k, a]
        w.turned_gradient[e, a] = v.transpose() @ g
        x = m.element_vertex[k, a]
        w.right[e, x] = w.right[e, x] - m.element_volume[k] * (p @ g)
    beta = m.damping_beta[0] / m.timestep[0]
    for a in range(4):
        ga = r.turned_gradient[e, a]
        xa = m.element_vertex[k, a]
        for b in range(a, 4):
            gb = r.turned_gradient[e, b]
            xb = m.element_vertex[k, b]
            block = ti.Matrix.zero(float, 3, 3)
            if ti.static(LINEAR in n.kinds or COROTATED in n.kinds):
                if kind != NEO_HOOKEAN:
                    block = mu * gb.outer_product(ga) + lam * ga.outer_product(gb)
                    block += mu * ga.dot(gb) * ti.Matrix.identity(float, 3)
            if ti.static(NEO_HOOKEAN in n.kinds):
                if kind == NEO_HOOKEAN:
                    block = in_turned_axes(u, stretching, turning, ga, gb)
            block = m.element_volume[k] * block
            damping = beta * (block @ r.displacement[e, xb])
            w.right[e, xa] = w.right[e, xa] - damping
            block_ab = m.element_block[k, 4 * a + b]
            w.matrix[e, block_ab] = w.matrix[e, block_ab] + (1.0 + beta) * block
            if a != b:
                damping_b = beta * (block.transpose() @ r.displacement[e, xa])
                w.right[e, xb] = w.right[e, xb] - damping_b
                block_ba = m.element_block[k, 4 * b + a]
                w.matrix[e, block_ba] = w.matrix[e, block_ba] + (1.0 + beta) * block.transpose()


@ti.func
def in_turned_axes(u, stretching, turning, ga, gb):
    """Second derivative of the energy by the places of two corners, see `response`."""
    local = ti.Matrix.zero(float, 3, 3)
    for i in ti.static(range(3)):
        for j in ti.static(range(3)):
            if ti.static(i == j):
                local[i, i] += stretching[i, i] * ga[i] * gb[i]
            else:
                low, high = ti.static(max(i, j), min(i, j))
                local[i, i] += turning[low, high] * ga[j] * gb[j]
                local[i, j] += stretching[i, j] * ga[i] * gb[j] + turning[high, low] * ga[j] * gb[i]
    return u @ local @ u.transpose()


@ti.func
def invert_diagonal(e, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Inverse of each block on the diagonal; zero for a vertex without a mass."""
    for v in range(n.vertices):
        a = r.matrix[e, m.diagonal_block[v]]
        inverse = ti.Matrix.zero(float, 3, 3)
        if r.mass[e, v] > 0.0:
            inverse = inverse_of_symmetric(a, determinant(a))
        w.inverse[e, v] = inverse


@ti.func
def potential(
    e,
    scale,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """The incremental potential [J] at `displacement` plus `scale` times `step`."""
    h = m.timestep[0]
    drag = m.damping_alpha[0] * h
    beta = m.damping_beta[0] / h
    total = 0.0
    for v in range(n.vertices):
        d = r.displacement[e, v] + scale * r.step[e, v]
        w.iterate[e, v] = r.pos[e, v] + d
        ballistic = d - h * r.vel[e, v] - h * h * m.gravity[0]
        inertia = r.mass[e, v] / (h * h)
        total += 0.5 * inertia * (ballistic.dot(ballistic) + drag * d.dot(d))
        if ti.static(n.constrained):
            if r.constrained[e, v] == SPRING:
                total += 0.5 * spring_slope(e, v, m, r) * d.dot(d)
                total -= spring_pull(e, v, m, n, r, rm, rn, rd).dot(d)
        # d K d, with K as it is in the matrix.
        image = ti.Vector([0.0, 0.0, 0.0])
        for s in range(m.row_start[v], m.row_start[v + 1]):
            c = m.block_column[s]
            image += r.matrix[e, s] @ (r.displacement[e, c] + scale * r.step[e, c])
        image -= (1.0 + drag) * inertia * d
        total += 0.5 * beta / (1.0 + beta) * d.dot(image)
    for k in range(n.elements):
        if r.active[e, k]:
            i = m.element_material[k]
            f = deformation(e, k, m, r.iterate)
            total += m.element_volume[k] * density(e, i, n, r, m.material_kind[i], f)
    return total
