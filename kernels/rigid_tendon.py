"""Tendons of one environment: how long they are, how fast they grow, and what they do to dofs.

A fixed tendon is a sum of joint coordinates, a spatial one a path of straight segments from site to
site, each divided by what pulleys stand before it. The Jacobian J of length by dofs is sparse: the
entries of tendon t are `tendon_J[e, k]` for the dofs `tendon_J_column[k]`, in rising order, with k
from `tendon_J_start[t]` on, `tendon_J_size[t]` of them.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_kinematics import (
    moves_body,
    point_acceleration,
    point_velocity,
)
from genesis_state.kernels.spatial import angular, linear, quat_rotate

MIN_LENGTH = 1e-15  # a shorter segment [m] has no direction and is given the x axis


@ti.func
def coefficient(linear_part, poly, x):
    """Force of a spring or damper per negative `x`: `linear_part` + p0 x + p1 x^2."""
    return linear_part + x * (poly[0] + x * poly[1])


@ti.func
def slope(linear_part, poly, x):
    """Derivative of x * `coefficient` by x."""
    return linear_part + x * (2.0 * poly[0] + x * 3.0 * poly[1])


@ti.func
def segment_end(e, b, pos, d: ti.template()):
    """Where in the world a site is that lies at `pos` of body `b` [m]."""
    return d.xpos[e, b] + quat_rotate(d.xquat[e, b], pos)


@ti.func
def direction_of(along):
    """Unit vector along a segment."""
    length = along.norm()
    direction = ti.Vector([1.0, 0.0, 0.0])
    if length >= MIN_LENGTH:
        direction = along / length
    return direction


@ti.func
def tendon_position(e, m: ti.template(), n: ti.template(), d: ti.template(), qpos: ti.template()):
    """`qpos` and the body frames → `tendon_length`, `tendon_J`."""
    for t in range(n.tendons):
        d.tendon_length[e, t] = 0.0
    for k in range(n.tendon_entries):
        d.tendon_J[e, k] = 0.0
    for s in range(n.tendon_joints):
        t = m.tendon_joint_of[s]
        k = m.tendon_joint_entry[s]
        coef = m.tendon_joint_coef[s]
        d.tendon_length[e, t] = d.tendon_length[e, t] + coef * qpos[e, m.tendon_joint_q[s]]
        d.tendon_J[e, k] = d.tendon_J[e, k] + coef
    if ti.static(n.tendon_segments > 0):
        for s in range(n.tendon_segments):
            t = m.tendon_segment_of[s]
            b1 = m.tendon_segment_body1[s]
            b2 = m.tendon_segment_body2[s]
            p1 = segment_end(e, b1, m.tendon_segment_pos1[s], d)
            p2 = segment_end(e, b2, m.tendon_segment_pos2[s], d)
            scale = m.tendon_segment_scale[s]
            d.tendon_length[e, t] = d.tendon_length[e, t] + scale * (p2 - p1).norm()
            if b1 != b2:
                pull = scale * direction_of(p2 - p1)
                start = m.tendon_J_start[t]
                for k in range(start, start + m.tendon_J_size[t]):
                    i = m.tendon_J_column[k]
                    first = moves_body(m, i, b1)
                    # What moves both ends leaves the segment as long as it is.
                    if first != moves_body(m, i, b2):
                        end = p2
                        sign = 1.0
                        if first:
                            end = p1
                            sign = -1.0
                        axis = d.cdof[e, i]
                        arm = end - d.tree_com[e, m.body_root[m.dof_body[i]]]
                        move = linear(axis) + angular(axis).cross(arm)
                        d.tendon_J[e, k] = d.tendon_J[e, k] + sign * pull.dot(move)


@ti.func
def tendon_velocities(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """`tendon_J`, `dofs_vel` → `tendon_velocity`."""
    for t in range(n.tendons):
        velocity = 0.0
        start = m.tendon_J_start[t]
        for k in range(start, start + m.tendon_J_size[t]):
            velocity += d.tendon_J[e, k] * d.dofs_vel[e, m.tendon_J_column[k]]
        d.tendon_velocity[e, t] = velocity


@ti.func
def add_along_tendon(e, t, force, m: ti.template(), d: ti.template(), qfrc: ti.template()):
    """Adds to `qfrc` what a force along tendon `t` does to the dofs, J^T `force`."""
    start = m.tendon_J_start[t]
    for k in range(start, start + m.tendon_J_size[t]):
        i = m.tendon_J_column[k]
        qfrc[e, i] = qfrc[e, i] + d.tendon_J[e, k] * force


@ti.func
def add_tendon_square(e, t, factor, m: ti.template(), d: ti.template(), a: ti.template()):
    """Adds `factor` J^T J of tendon `t` to a matrix with M's rows; what has no place there is lost.

    As in MuJoCo: entries between dofs of which neither is above the other are none of M.
    """
    start = m.tendon_J_start[t]
    for s in range(start, start + m.tendon_J_size[t]):
        J = d.tendon_J[e, s]
        if J != 0.0:
            i = m.tendon_J_column[s]
            row = m.M_row_start[i]
            k = start
            for r in range(row, row + m.M_row_size[i]):
                c = m.M_column[r]
                while m.tendon_J_column[k] < c:  # both rise, and both hold i
                    k += 1
                if m.tendon_J_column[k] == c:
                    a[e, r] = a[e, r] + factor * J * d.tendon_J[e, k]


@ti.func
def add_tendon_armature(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Adds the armature of tendons to `M`."""
    for t in range(n.tendons):
        if m.tendon_armature[t] != 0.0:
            add_tendon_square(e, t, m.tendon_armature[t], m, d, d.M)


@ti.func
def add_tendon_bias(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Adds to `qfrc_bias` what armature takes as J turns: J^T armature (dJ/dt) v; `tendon_rate`.

    `cacc` has to be that of `bias_force`.
    """
    for t in range(n.tendons):
        d.tendon_rate[e, t] = 0.0
    for s in range(n.tendon_segments):
        t = m.tendon_segment_of[s]
        b1 = m.tendon_segment_body1[s]
        b2 = m.tendon_segment_body2[s]
        if m.tendon_armature[t] != 0.0 and b1 != b2:
            p1 = segment_end(e, b1, m.tendon_segment_pos1[s], d)
            p2 = segment_end(e, b2, m.tendon_segment_pos2[s], d)
            direction = direction_of(p2 - p1)
            velocity = point_velocity(e, m, d, b2, p2) - point_velocity(e, m, d, b1, p1)
            across = velocity - direction * direction.dot(velocity)
            rate = direction.dot(
                point_acceleration(e, m, d, b2, p2) - point_acceleration(e, m, d, b1, p1)
            )
            length = (p2 - p1).norm()
            if length > MIN_LENGTH:
                rate += across.dot(velocity) / length
            rate *= m.tendon_segment_scale[s]
            d.tendon_rate[e, t] = d.tendon_rate[e, t] + rate
    for t in range(n.tendons):
        force = m.tendon_armature[t] * d.tendon_rate[e, t]
        if force != 0.0:
            add_along_tendon(e, t, force, m, d, d.qfrc_bias)


@ti.func
def tendon_spring_force(e, t, m: ti.template(), d: ti.template()):
    """Force of spring and damper along tendon `t`; a spring may be slack over a range."""
    length = d.tendon_length[e, t]
    rest = m.tendon_rest_range[t]
    x = ti.max(length - rest[1], 0.0) + ti.min(length - rest[0], 0.0)
    force = -x * coefficient(m.tendon_stiffness[t], m.tendon_stiffness_poly[t], x)
    v = d.tendon_velocity[e, t]
    return force - v * coefficient(m.tendon_damping[t], m.tendon_damping_poly[t], ti.abs(v))


@ti.func
def add_tendon_springs(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Adds springs and dampers of tendons to `qfrc_passive`."""
    for t in range(n.tendons):
        force = tendon_spring_force(e, t, m, d)
        if force != 0.0:
            add_along_tendon(e, t, force, m, d, d.qfrc_passive)


@ti.func
def tendon_damper_slope(e, t, m: ti.template(), d: ti.template()):
    """-d force / d velocity of the damper of tendon `t` [N s/m]."""
    v = ti.abs(d.tendon_velocity[e, t])
    return slope(m.tendon_damping[t], m.tendon_damping_poly[t], v)


@ti.func
def add_tendon_damping(
    e, m: ti.template(), n: ti.template(), d: ti.template(), h, a: ti.template()
):
    """Adds `h` times the damping of tendons to a matrix with M's rows."""
    for t in range(n.tendons):
        damping = tendon_damper_slope(e, t, m, d)
        if damping != 0.0:
            add_tendon_square(e, t, h * damping, m, d, a)


@ti.func
def add_tendon_damping_of(
    e, m: ti.template(), n: ti.template(), d: ti.template(), i, h, a: ti.template()
):
    """Adds `h` times the damping of tendons between the six dofs from `i` on to a 6 x 6 matrix."""
    for t in range(n.tendons):
        damping = tendon_damper_slope(e, t, m, d)
        start = m.tendon_J_start[t]
        end = start + m.tendon_J_size[t]
        for s in range(start, end):
            r = m.tendon_J_column[s] - i
            if r >= 0 and r < 6:
                for k in range(start, end):
                    c = m.tendon_J_column[k] - i
                    if c >= 0 and c < 6:
                        a[e, r, c] = a[e, r, c] + h * damping * (
                            d.tendon_J[e, s] * d.tendon_J[e, k]
                        )
