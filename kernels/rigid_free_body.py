"""Implicit integration of bodies that float alone, gyroscopic forces included.

For a free joint without children the 6x6 block of M + h D is decoupled from all else, so the
derivative of the bias force, which is not symmetric, can be kept: A = M + h (D + B), solved by
Gaussian elimination.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_dynamics import damper
from genesis_state.kernels.rigid_parameters import body_inertia, body_mass
from genesis_state.kernels.rigid_tendon import add_tendon_damping_of
from genesis_state.kernels.spatial import quat_mul, quat_to_matrix


@ti.func
def cross_matrix(v):
    """Matrix of the cross product v x."""
    return ti.Matrix([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])


@ti.func
def add_bias_derivative(e, m: ti.template(), n: ti.template(), d: ti.template(), b, i, h):
    """Adds h B to `free_A`, where B = d (bias force) / d (velocity) of the free body `b`.

    With the centre of mass at s from the joint, angular velocity w and inertia I, all in world
    axes, the bias force is f = mass w x (w x s), and the bias torque s x f + w x I w.
    """
    r = quat_to_matrix(d.xquat[e, b])
    p = quat_to_matrix(quat_mul(d.xquat[e, b], m.body_iquat[b]))
    mass = body_mass(e, b, m, n, d)
    s = d.xipos[e, b] - d.xpos[e, b]
    w = r @ ti.Vector([d.dofs_vel[e, i + 3], d.dofs_vel[e, i + 4], d.dofs_vel[e, i + 5]])
    principal = ti.Matrix.diag(3, 1.0)
    for k in ti.static(range(3)):
        principal[k, k] = body_inertia(e, b, m, n, d)[k]
    inertia = p @ principal @ p.transpose()
    # d (w x (w x s)) / d w = -[w x s]x - [w]x [s]x
    K = -cross_matrix(w.cross(s)) - cross_matrix(w) @ cross_matrix(s)
    C = mass * cross_matrix(s) @ K + cross_matrix(w) @ inertia - cross_matrix(inertia @ w)
    lin = mass * K @ r
    rot = r.transpose() @ C @ r
    for a in ti.static(range(3)):
        for c in ti.static(range(3)):
            d.free_A[e, a, 3 + c] = d.free_A[e, a, 3 + c] + h * lin[a, c]
            d.free_A[e, 3 + a, 3 + c] = d.free_A[e, 3 + a, 3 + c] + h * rot[a, c]


@ti.func
def add_free_damping(e, m: ti.template(), n: ti.template(), d: ti.template(), i, h):
    """Adds h moment^T damping moment of all transmissions to `free_A`, for the six dofs from `i`.

    PD control drives no free joint.
    """
    for t in range(n.transmissions):
        damping = h * d.transmission_damping[e, t]
        if damping != 0.0:
            start = m.moment_start[t]
            for s in range(start, start + m.moment_size[t]):
                r = m.moment_dof[s] - i
                if r >= 0 and r < 6:
                    for k in range(start, start + m.moment_size[t]):
                        c = m.moment_dof[k] - i
                        if c >= 0 and c < 6:
                            d.free_A[e, r, c] = (
                                d.free_A[e, r, c] + damping * d.moment[e, s] * d.moment[e, k]
                            )


@ti.func
def eliminate(e, d: ti.template(), i):
    """`step_acc[i : i + 6]` → free_A^-1 `step_acc`, in place, with row pivoting."""
    for k in range(6):
        pivot = k
        for r in range(k + 1, 6):
            if ti.abs(d.free_A[e, r, k]) > ti.abs(d.free_A[e, pivot, k]):
                pivot = r
        if pivot != k:
            for c in range(6):
                swap = d.free_A[e, k, c]
                d.free_A[e, k, c] = d.free_A[e, pivot, c]
                d.free_A[e, pivot, c] = swap
            swap = d.step_acc[e, i + k]
            d.step_acc[e, i + k] = d.step_acc[e, i + pivot]
            d.step_acc[e, i + pivot] = swap
        for r in range(k + 1, 6):
            scale = d.free_A[e, r, k] / d.free_A[e, k, k]
            for c in range(k, 6):
                d.free_A[e, r, c] = d.free_A[e, r, c] - scale * d.free_A[e, k, c]
            d.step_acc[e, i + r] = d.step_acc[e, i + r] - scale * d.step_acc[e, i + k]
    for t in range(6):
        k = 5 - t
        x = d.step_acc[e, i + k]
        for c in range(k + 1, 6):
            x -= d.free_A[e, k, c] * d.step_acc[e, i + c]
        d.step_acc[e, i + k] = x / d.free_A[e, k, k]


@ti.func
def solve_free_bodies(e, m: ti.template(), n: ti.template(), d: ti.template(), h):
    """`step_acc` of every lone free body, gyroscopic forces taken at the end of the step."""
    if ti.static(n.lone_bodies > 0):
        for k in range(n.lone_bodies):
            b = m.lone_body[k]
            i = m.body_dof_start[b]
            for r in range(6):
                for c in range(6):
                    d.free_A[e, r, c] = 0.0
            for r in range(6):
                start = m.M_row_start[i + r]
                for s in range(m.M_row_size[i + r]):
                    c = m.M_column[start + s] - i
                    d.free_A[e, r, c] = d.M[e, start + s]
                    d.free_A[e, c, r] = d.M[e, start + s]
                _force, damping = damper(e, i + r, m, n, d)
                d.free_A[e, r, r] = d.free_A[e, r, r] + h * (damping + d.actuator_damping[e, i + r])
                d.step_acc[e, i + r] = d.qfrc_smooth[e, i + r] + d.qfrc_constraint[e, i + r]
            if ti.static(n.damped_tendons > 0):
                add_tendon_damping_of(e, m, n, d, i, h, d.free_A)
            if ti.static(n.transmissions > 0 and n.actuation):
                add_free_damping(e, m, n, d, i, h)
            add_bias_derivative(e, m, n, d, b, i, h)
            eliminate(e, d, i)
