"""Conjugate gradients on the linear system of an implicit substep, for one environment.

What is held keeps the part of `step` that it was given: the residual and the search direction have
no component along it (Baraff and Witkin 1998, "Large steps in cloth simulation", section 5; that
this is conjugate gradients in the space left is shown by Ascher and Boxerman 2003). The
preconditioner inverts the blocks on the diagonal. Sums go through the vertices in order.
"""

from genesis_state.kernels.fem_pads import FREE, SLIDES, multiply_pads, push_faces
from genesis_state.kernels.lang import ti
from genesis_state.kernels.subroutine import subroutine


@ti.func
def allowed(e, v, r: ti.template(), x):
    """The part of a vector that a vertex is free to move along."""
    y = x
    kind = r.touch[e, v]
    if kind == SLIDES:
        normal = r.touch_normal[e, v]
        y = x - normal.dot(x) * normal
    elif kind != FREE:
        y = ti.Vector([0.0, 0.0, 0.0])
    return y


@ti.func
def row(e, v, m: ti.template(), r: ti.template(), x: ti.template()):
    """Row `v` of the matrix times the field `x`."""
    y = ti.Vector([0.0, 0.0, 0.0])
    for s in range(m.row_start[v], m.row_start[v + 1]):
        y += r.matrix[e, s] @ x[e, m.block_column[s]]
    return y


@ti.func
def right_side(e, v, r: ti.template()):
    """Forces on a vertex, those of friction where it slides among them."""
    b = r.right[e, v]
    if r.touch[e, v] == SLIDES:
        b += r.touch_drag[e, v]
    return b


@subroutine
def solve(
    e: ti.i32,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    forces: ti.i32,
    tolerance: float,
):
    """Improves what is free of `step`; what then has to hold the vertices is in `image` [N].

    Args:
        e: Environment.
        m, n, r, w: Model, sizes and fields.
        forces: Whether the right side is that of the substep; otherwise it is zero.
        tolerance: Norm of the residual at which it ends [N]; if negative, a part of the first.
    """
    unbalance(e, forces, m, n, r, w)
    rr = 0.0
    rz = 0.0
    for v in range(n.vertices):
        left = allowed(e, v, r, -r.image[e, v])
        z = allowed(e, v, r, r.inverse[e, v] @ left)
        w.residual[e, v] = left
        w.search[e, v] = z
        rr += left.dot(left)
        rz += left.dot(z)
    enough = tolerance * tolerance
    if tolerance < 0.0:
        enough *= rr
    k = 0
    while k < m.pcg_iterations[0] and rr > enough:
        k += 1
        curvature = multiply(e, m, n, r, w)
        if curvature > 0.0:
            alpha = rz / curvature
            rr = 0.0
            before = rz
            rz = 0.0
            for v in range(n.vertices):
                w.step[e, v] = r.step[e, v] + alpha * r.search[e, v]
                left = r.residual[e, v] - alpha * r.image[e, v]
                w.residual[e, v] = left
                z = allowed(e, v, r, r.inverse[e, v] @ left)
                w.image[e, v] = z
                rr += left.dot(left)
                rz += left.dot(z)
            beta = rz / before
            for v in range(n.vertices):
                w.search[e, v] = r.image[e, v] + beta * r.search[e, v]
        else:
            k = m.pcg_iterations[0]
    unbalance(e, forces, m, n, r, w)


@ti.func
def unbalance(e, forces, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """What has to hold each vertex for `step` to be the solution [N] → `image`."""
    for v in range(n.vertices):
        force = row(e, v, m, r, r.step)
        if forces != 0:
            force -= right_side(e, v, r)
        w.image[e, v] = force
    if ti.static(n.faces > 0):
        push_faces(e, forces, -1.0, m, r, w.image)


@ti.func
def multiply(e, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """The matrix times `search`, what is free of it → `image`.

    Returns:
        The product of the two.
    """
    curvature = 0.0
    if ti.static(n.faces > 0):
        for v in range(n.vertices):
            w.image[e, v] = row(e, v, m, r, r.search)
        multiply_pads(e, m, r, r.search, w.image)
        for v in range(n.vertices):
            q = allowed(e, v, r, r.image[e, v])
            w.image[e, v] = q
            curvature += q.dot(r.search[e, v])
    else:
        for v in range(n.vertices):
            q = allowed(e, v, r, row(e, v, m, r, r.search))
            w.image[e, v] = q
            curvature += q.dot(r.search[e, v])
    return curvature
