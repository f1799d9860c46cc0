"""Constraint rows of tendons: equalities between lengths, dry friction, limits of length."""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_parameters import tendon_invweight
from genesis_state.kernels.rigid_row import (
    EQUALITY,
    TENDON_FRICTION,
    TENDON_LOWER,
    new_row,
    quartic,
)


@ti.func
def first_dof(t, m: ti.template()):
    """The first dof that tendon `t` pulls; of one that pulls none, dof 0."""
    first = 0
    if m.tendon_J_size[t] > 0:
        first = m.tendon_J_column[m.tendon_J_start[t]]
    return first


@ti.func
def end_dof(t, m: ti.template()):
    """One past the last dof that tendon `t` pulls."""
    end = 0
    if m.tendon_J_size[t] > 0:
        end = m.tendon_J_column[m.tendon_J_start[t] + m.tendon_J_size[t] - 1] + 1
    return end


@ti.func
def add_to_row(e, r, t, factor, m: ti.template(), d: ti.template()):
    """Adds `factor` times the Jacobian of tendon `t` to that of row `r`."""
    start = m.tendon_J_start[t]
    for k in range(start, start + m.tendon_J_size[t]):
        i = m.tendon_J_column[k]
        d.row_J[e, r, i] = d.row_J[e, r, i] + factor * d.tendon_J[e, k]


@ti.func
def tendon_equality(e, m: ti.template(), n: ti.template(), d: ti.template(), c):
    """Row of equality `c`: the length of one tendon is a quartic of another's, or a constant."""
    t1 = m.eq_object1[c]
    t2 = m.eq_object2[c]
    p = m.eq_polynomial[c]
    first = first_dof(t1, m)
    end = end_dof(t1, m)
    position = d.tendon_length[e, t1] - m.tendon_length0[t1] - p[0]
    weight = tendon_invweight(e, t1, m, n, d)
    slope = 0.0
    if t2 >= 0:
        value, slope_there = quartic(p, d.tendon_length[e, t2] - m.tendon_length0[t2])
        position -= value
        slope = slope_there
        weight += tendon_invweight(e, t2, m, n, d)
        first = ti.min(first, first_dof(t2, m))
        end = ti.max(end, end_dof(t2, m))
    r = new_row(e, d, EQUALITY, c, first, end, position, position, weight)
    add_to_row(e, r, t1, 1.0, m, d)
    if t2 >= 0:
        add_to_row(e, r, t2, -slope, m, d)


@ti.func
def tendon_friction(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """A row for every tendon with dry friction."""
    for t in range(n.tendons):
        if m.tendon_frictionloss[t] > 0.0:
            weight = tendon_invweight(e, t, m, n, d)
            r = new_row(e, d, TENDON_FRICTION, t, first_dof(t, m), end_dof(t, m), 0.0, 0.0, weight)
            add_to_row(e, r, t, 1.0, m, d)


@ti.func
def tendon_limits(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Rows of the limits of length that are nearer than their margin, the lower limit first."""
    for k in range(2 * n.tendons):
        t = k // 2
        if m.tendon_limited[t] != 0:
            sign = 1.0 - 2.0 * (k % 2)
            gap = sign * (d.tendon_length[e, t] - m.tendon_range[t][k % 2]) - m.tendon_margin[t]
            if gap < 0.0:
                weight = tendon_invweight(e, t, m, n, d)
                r = new_row(
                    e, d, TENDON_LOWER + k % 2, t, first_dof(t, m), end_dof(t, m), gap, gap, weight
                )
                add_to_row(e, r, t, sign, m, d)
