"""Quaternions (w, x, y, z), spatial vectors (angular, linear) and spatial inertias.

Notation follows R. Featherstone, "Rigid Body Dynamics Algorithms" (2008), chapter 2. A spatial
inertia about a point is kept as ten numbers: the rotational inertia (xx, yy, zz, xy, xz, yz),
the first mass moment (x, y, z) and the mass. A symmetric 6x6 matrix is kept as its lower triangle,
row by row: entry (i, j), j <= i, is number i (i + 1) / 2 + j of 21.
"""

from genesis_state.kernels.lang import ti

MIN_NORM = 1e-15  # below this a direction has no meaning


@ti.func
def quat_mul(a, b):
    """Hamilton product."""
    return ti.Vector(
        [
            a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3],
            a[0] * b[1] + a[1] * b[0] + a[2] * b[3] - a[3] * b[2],
            a[0] * b[2] - a[1] * b[3] + a[2] * b[0] + a[3] * b[1],
            a[0] * b[3] + a[1] * b[2] - a[2] * b[1] + a[3] * b[0],
        ]
    )


@ti.func
def quat_conj(q):
    """Inverse of a unit quaternion."""
    return ti.Vector([q[0], -q[1], -q[2], -q[3]])


@ti.func
def quat_rotate(q, v):
    """`v` turned by the unit quaternion `q`."""
    u = ti.Vector([q[1], q[2], q[3]])
    t = 2.0 * u.cross(v)
    return v + q[0] * t + u.cross(t)


@ti.func
def quat_normalized(q):
    """`q` scaled to length one; the identity where its length is zero."""
    n = ti.sqrt(q.dot(q))
    r = ti.Vector([1.0, 0.0, 0.0, 0.0])
    if not n < MIN_NORM:
        r = q / n
    return r


@ti.func
def quat_from_axis_angle(axis, angle):
    """Rotation by `angle` [rad] about the unit vector `axis`."""
    s = ti.sin(0.5 * angle)
    return ti.Vector([ti.cos(0.5 * angle), axis[0] * s, axis[1] * s, axis[2] * s])


@ti.func
def quat_to_rotvec(q):
    """Rotation vector [rad] of a unit quaternion, of length at most pi."""
    v = ti.Vector([q[1], q[2], q[3]])
    s = ti.sqrt(v.dot(v))
    r = ti.Vector([0.0, 0.0, 0.0])
    if not s < MIN_NORM:
        angle = 2.0 * ti.atan2(s, q[0])
        if angle > ti.math.pi:
            angle -= 2.0 * ti.math.pi
        r = v * (angle / s)
    return r


@ti.func
def quat_integrate(q, w, h):
    """`q` after turning for time `h` with angular velocity `w`, both in the body's own frame."""
    n = ti.sqrt(w.dot(w))
    axis = ti.Vector([1.0, 0.0, 0.0])
    if not n < MIN_NORM:
        axis = w / n
    return quat_mul(quat_normalized(q), quat_from_axis_angle(axis, h * n))


@ti.func
def rotvec_rate(u, w):
    """Rate of the rotation vector `u` of a body that turns with `w` [rad/s], in its own frame.

    The inverse of the derivative of the exponential map, with which Runge-Kutta steps keep their
    order on rotations (H. Munthe-Kaas, "Runge-Kutta methods on Lie groups", BIT 38, 1998).
    """
    angle2 = u.dot(u)
    c = 1.0 / 12.0 + angle2 / 720.0  # near zero, where the quotient below loses its digits
    if angle2 > 1e-4:
        angle = ti.sqrt(angle2)
        c = (1.0 - 0.5 * angle / ti.tan(0.5 * angle)) / angle2
    t = u.cross(w)
    return w + 0.5 * t + c * u.cross(t)


@ti.func
def quat_to_matrix(q):
    """Rotation matrix of a unit quaternion."""
    w, x, y, z = q[0], q[1], q[2], q[3]
    return ti.Matrix(
        [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
            [2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)],
            [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)],
        ]
    )


@ti.func
def column(r, k):
    """Column `k` of a 3x3 matrix."""
    return ti.Vector([r[0, k], r[1, k], r[2, k]])


@ti.func
def frame_around(normal, tangent):
    """`normal` and two tangents in rows; the first is `tangent`, or y, or z, made orthogonal."""
    t = tangent
    if t.dot(t) < 0.25:
        t = ti.Vector([0.0, 0.0, 0.0])
        if ti.abs(normal[1]) < 0.5:
            t[1] = 1.0
        else:
            t[2] = 1.0
    t -= normal * normal.dot(t)
    t /= ti.sqrt(t.dot(t))
    return ti.Matrix.rows([normal, t, normal.cross(t)])


@ti.func
def angular(s):
    """Angular half of a spatial vector."""
    return ti.Vector([s[0], s[1], s[2]])


@ti.func
def linear(s):
    """Linear half of a spatial vector."""
    return ti.Vector([s[3], s[4], s[5]])


@ti.func
def spatial(a, b):
    """Spatial vector with angular part `a` and linear part `b`."""
    return ti.Vector([a[0], a[1], a[2], b[0], b[1], b[2]])


@ti.func
def moved_origin(momentum, by):
    """A spatial momentum, or force, about an origin that lies `by` [m] from the one it had."""
    return momentum - spatial(by.cross(linear(momentum)), ti.Vector([0.0, 0.0, 0.0]))


@ti.func
def cross_motion(v, m):
    """Rate of change of the motion vector `m` carried along with velocity `v`."""
    w = angular(v)
    return spatial(w.cross(angular(m)), w.cross(linear(m)) + linear(v).cross(angular(m)))


@ti.func
def cross_force(v, f):
    """Rate of change of the force vector `f` carried along with velocity `v`."""
    w = angular(v)
    return spatial(w.cross(angular(f)) + linear(v).cross(linear(f)), w.cross(linear(f)))


@ti.func
def inertia_about(inertia, q, offset, mass):
    """Spatial inertia about a point.

    `inertia` are the principal moments [kg m^2] in the frame turned by `q`, `offset` [m] leads
    from the point to the centre of mass.
    """
    r = quat_to_matrix(q)
    h = mass * offset
    i = ti.Vector([0.0] * 10)
    for k in ti.static(range(3)):
        i[0] += r[0, k] * r[0, k] * inertia[k]
        i[1] += r[1, k] * r[1, k] * inertia[k]
        i[2] += r[2, k] * r[2, k] * inertia[k]
        i[3] += r[0, k] * r[1, k] * inertia[k]
        i[4] += r[0, k] * r[2, k] * inertia[k]
        i[5] += r[1, k] * r[2, k] * inertia[k]
    i[0] += h[1] * offset[1] + h[2] * offset[2]
    i[1] += h[0] * offset[0] + h[2] * offset[2]
    i[2] += h[0] * offset[0] + h[1] * offset[1]
    i[3] -= h[0] * offset[1]
    i[4] -= h[0] * offset[2]
    i[5] -= h[1] * offset[2]
    i[6] = h[0]
    i[7] = h[1]
    i[8] = h[2]
    i[9] = mass
    return i


@ti.func
def inertia_mul(i, v):
    """Momentum of a spatial inertia `i` that moves with velocity `v`."""
    w = angular(v)
    u = linear(v)
    h = ti.Vector([i[6], i[7], i[8]])
    iw = ti.Vector(
        [
            i[0] * w[0] + i[3] * w[1] + i[4] * w[2],
            i[3] * w[0] + i[1] * w[1] + i[5] * w[2],
            i[4] * w[0] + i[5] * w[1] + i[2] * w[2],
        ]
    )
    return spatial(iw + h.cross(u), i[9] * u - h.cross(w))


@ti.func
def velocity_at(v, arm):
    """Linear velocity at `arm` from the origin of a body's spatial velocity."""
    return linear(v) + angular(v).cross(arm)


@ti.func
def symmetric_outer(s, v):
    """s v v^T of a spatial vector, a symmetric 6x6 matrix of 21 numbers."""
    a = ti.Vector([0.0] * 21)
    for i in ti.static(range(6)):
        for j in ti.static(range(i + 1)):
            a[i * (i + 1) // 2 + j] = s * v[i] * v[j]
    return a


@ti.func
def symmetric_mul(a, v):
    """A v of a symmetric 6x6 matrix of 21 numbers and a spatial vector."""
    r = ti.Vector([0.0] * 6)
    for i in ti.static(range(6)):
        for j in ti.static(range(6)):
            low, high = ti.static(min(i, j), max(i, j))
            r[i] += a[high * (high + 1) // 2 + low] * v[j]
    return r
