"""Rotations and stretches in 3x3 matrices."""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.spatial import column

NEWTON = 16  # more iterations than a matrix that is far from singular needs
SWEEPS = 8  # likewise of Jacobi's method
FAR = 1e-3  # det F / |F|^3 below which Newton's method is slow


@ti.func
def cofactor(f):
    """Cofactors of a 3x3 matrix: det(f) times its inverse transposed."""
    return ti.Matrix.cols(
        [
            column(f, 1).cross(column(f, 2)),
            column(f, 2).cross(column(f, 0)),
            column(f, 0).cross(column(f, 1)),
        ]
    )


@ti.func
def inner(a, b):
    """Sum of the products of the entries of two matrices."""
    return (a * b).sum()


@ti.func
def determinant(f):
    """Determinant of a 3x3 matrix."""
    return column(f, 0).dot(column(f, 1).cross(column(f, 2)))


@ti.func
def inverse_of_symmetric(a, det):
    """Inverse of a symmetric 3x3 matrix with this determinant."""
    return cofactor(a) / det


@ti.func
def made_orthogonal(b, v, p: ti.template(), q: ti.template(), eps):
    """One rotation of Jacobi's method that makes columns p and q of `b` orthogonal, `v` along.

    Returns:
        b, v and whether they have been turned.
    """
    x = column(b, p)
    y = column(b, q)
    xx = x.dot(x)
    yy = y.dot(y)
    xy = x.dot(y)
    turned = False
    if ti.abs(xy) > 4.0 * eps * ti.sqrt(xx) * ti.sqrt(yy):
        turned = True
        angle = 0.5 * (yy - xx) / xy
        t = 1.0 / (ti.abs(angle) + ti.sqrt(angle * angle + 1.0))
        if angle < 0.0:
            t = -t
        c = 1.0 / ti.sqrt(t * t + 1.0)
        s = t * c
        for k in ti.static(range(3)):
            b[k, p] = c * x[k] - s * y[k]
            b[k, q] = s * x[k] + c * y[k]
            vp = v[k, p]
            v[k, p] = c * vp - s * v[k, q]
            v[k, q] = s * vp + c * v[k, q]
    return b, v, turned


@ti.func
def signed_svd(f, eps: ti.template()):
    """U, s, V with f = U diag(s) V^T, both U and V rotations; the least of s has the sign of det f.

    V makes the columns of f V orthogonal (Jacobi's method on one side; M. Hestenes, "Inversion of
    matrices by biorthogonalization and related results", J. SIAM 6, 1958), U are their directions,
    the longest first, so that a column without length gets one too. `eps` is the precision of a
    float.
    """
    b = f
    v = ti.Matrix.identity(float, 3)
    sweep = 0
    while sweep < SWEEPS:
        sweep += 1
        b, v, first_turned = made_orthogonal(b, v, 0, 1, eps)
        b, v, second_turned = made_orthogonal(b, v, 0, 2, eps)
        b, v, third_turned = made_orthogonal(b, v, 1, 2, eps)
        if not (first_turned or second_turned or third_turned):
            sweep = SWEEPS
    length = ti.Vector([column(b, k).dot(column(b, k)) for k in ti.static(range(3))])
    # Which column is the longest, and which the shortest.
    first = 0
    most = length[0]
    for k in ti.static(range(1, 3)):
        if length[k] > most:
            first = k
            most = length[k]
    last = 2
    if first == 2:
        last = 1
    least = ti.select(first == 2, length[1], length[2])
    for k in ti.static(range(2)):
        if k != first and length[k] < least:
            last = k
            least = length[k]
    second = 3 - first - last
    u1 = unit(picked(b, first), ti.Vector([1.0, 0.0, 0.0]))
    b2 = picked(b, second)
    u2 = unit(b2 - u1 * u1.dot(b2), across(u1))
    u3 = u1.cross(u2)
    # V has determinant 1; so has U if its columns are in V's order.
    if second == (first + 2) % 3:
        u3 = -u3
    u = ti.Matrix.zero(float, 3, 3)
    s = ti.Vector([0.0, 0.0, 0.0])
    for k in ti.static(range(3)):
        direction = u3
        if k == first:
            direction = u1
        if k == second:
            direction = u2
        s[k] = direction.dot(column(b, k))
        for i in ti.static(range(3)):
            u[i, k] = direction[i]
    return u, s, v


@ti.func
def picked(b, k):
    """Column `k` of a 3x3 matrix, `k` known only when it runs."""
    x = column(b, 0)
    if k == 1:
        x = column(b, 1)
    if k == 2:
        x = column(b, 2)
    return x


@ti.func
def unit(x, otherwise):
    """`x` scaled to length one, or another vector where it has no length."""
    length = ti.sqrt(x.dot(x))
    y = otherwise
    if length > 0.0:
        y = x / length
    return y


@ti.func
def across(u):
    """A unit vector orthogonal to the unit vector `u`."""
    t = ti.Vector([0.0, 0.0, 0.0])
    if ti.abs(u[0]) < 0.6:
        t[0] = 1.0
    else:
        t[1] = 1.0
    return u.cross(t).normalized()


@ti.func
def rotation_of(f, eps: ti.template()):
    """The rotation nearest to `f`, the R of its polar decomposition; a rotation even if det f < 0.

    Newton's method (N. Higham, "Computing the polar decomposition - with applications", SIAM J.
    Sci. Stat. Comput. 7, 1986), and U V^T where f is nearly singular or inside out.
    """
    norm2 = inner(f, f)
    r = f
    det = determinant(f)
    if det > FAR * norm2 * ti.sqrt(norm2):
        r = f * ti.sqrt(3.0 / norm2)
        k = 0
        while k < NEWTON:
            c = cofactor(r)
            next_r = 0.5 * (r + c / column(r, 0).dot(column(c, 0)))
            change = next_r - r
            r = next_r
            k += 1
            # It squares the error: what is left after a step this small is below rounding.
            if inner(change, change) < 0.25 * eps:
                k = NEWTON
    else:
        u, _s, v = signed_svd(f, eps)
        r = u @ v.transpose()
    return r
