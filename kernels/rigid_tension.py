"""What pulls along each tendon in a step, all forces together."""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_row import (
    TENDON_FRICTION,
    TENDON_UPPER,
    quartic,
    row_derivatives,
)
from genesis_state.kernels.rigid_tendon import tendon_spring_force


@ti.func
def tensions(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Forces and accelerations of the step → `tendon_force`, positive where it makes longer.

    Springs and dampers, actuators, inertia, dry friction and limits; see `add_coupling_tension` for
    equalities.
    """
    for t in range(n.tendons):
        force = tendon_spring_force(e, t, m, d)
        if m.tendon_armature[t] != 0.0:
            rate = d.tendon_rate[e, t]
            start = m.tendon_J_start[t]
            for k in range(start, start + m.tendon_J_size[t]):
                rate += d.tendon_J[e, k] * d.dofs_acc[e, m.tendon_J_column[k]]
            force -= m.tendon_armature[t] * rate
        d.tendon_force[e, t] = force
    if ti.static(n.actuation):
        for s in range(n.transmissions):
            t = m.transmission_tendon[s]
            if t >= 0:
                pull = m.transmission_gear[s, 0] * d.transmission_force[e, s]
                d.tendon_force[e, t] = d.tendon_force[e, t] + pull
    if ti.static(n.friction_tendons + n.limited_tendons > 0):
        for r in range(d.n_equality_rows[e], d.n_rows[e]):
            kind = d.row_kind[e, r]
            if kind >= TENDON_FRICTION:
                t = d.row_source[e, r]
                _cost, slope, _curvature = row_derivatives(e, r, d, d.row_x[e, r])
                if kind == TENDON_UPPER:
                    slope = -slope
                d.tendon_force[e, t] = d.tendon_force[e, t] - slope


@ti.func
def add_coupling_tension(e, m: ti.template(), d: ti.template(), c, r):
    """Adds to `tendon_force` the force of equality `c` between tendons, whose row is `r`."""
    _cost, slope, _curvature = row_derivatives(e, r, d, d.row_x[e, r])
    t = m.eq_object1[c]
    d.tendon_force[e, t] = d.tendon_force[e, t] - slope
    t = m.eq_object2[c]
    if t >= 0:
        x = d.tendon_length[e, t] - m.tendon_length0[t]
        _value, ratio = quartic(m.eq_polynomial[c], x)
        d.tendon_force[e, t] = d.tendon_force[e, t] + slope * ratio
