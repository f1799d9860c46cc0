"""Springs and dampers whose stiffness or damping is a polynomial, as MuJoCo has them.

The force is -x (k + p0 x + p1 x^2) of a spring and -v (c + p0 |v| + p1 v^2) of a damper, which acts
alike both ways. Most have k or c alone.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.rigid_parameters import dof_damping


@ti.func
def coefficient(linear, poly, x):
    """What `x` is multiplied with: `linear` + p0 x + p1 x^2."""
    return linear + x * (poly[0] + x * poly[1])


@ti.func
def slope(linear, poly, x):
    """Derivative of x * `coefficient` by x."""
    return linear + x * (2.0 * poly[0] + x * 3.0 * poly[1])


@ti.func
def damper(e, i, m: ti.template(), n: ti.template(), d: ti.template()):
    """Force of the damper of dof `i` per negative velocity [N s/m, N m s/rad]."""
    damping = dof_damping(e, i, m, n, d)
    if ti.static(n.polynomial_dampers > 0):
        damping = coefficient(damping, m.dof_damping_poly[i], ti.abs(d.dofs_vel[e, i]))
    return damping


@ti.func
def damper_slope(e, i, m: ti.template(), n: ti.template(), d: ti.template()):
    """-d force / d velocity of the damper of dof `i` [N s/m, N m s/rad]."""
    damping = dof_damping(e, i, m, n, d)
    if ti.static(n.polynomial_dampers > 0):
        damping = slope(damping, m.dof_damping_poly[i], ti.abs(d.dofs_vel[e, i]))
    return damping


@ti.func
def spring(j, stiffness, x, m: ti.template(), n: ti.template()):
    """Force of the spring of joint `j` per negative displacement, at the displacement `x`."""
    k = stiffness
    if ti.static(n.polynomial_springs > 0):
        k = coefficient(stiffness, m.joint_stiffness_poly[j], x)
    return k


@ti.func
def has_spring(j, stiffness, m: ti.template(), n: ti.template()):
    """Whether joint `j` has a spring at all."""
    there = stiffness != 0.0
    if ti.static(n.polynomial_springs > 0):
        poly = m.joint_stiffness_poly[j]
        there = there or poly[0] != 0.0 or poly[1] != 0.0
    return there
