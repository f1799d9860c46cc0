"""Physical parameters of the bodies of one environment: its own where it has any, else the model's.

What an environment has of its own is known at compile time (`n.own_links` and the like), so that a
scene that asks for nothing pays nothing.
"""

from genesis_state.kernels.lang import ti

MIN_FRICTION = 1e-5


@ti.func
def body_mass(e, b, m: ti.template(), n: ti.template(), d: ti.template()):
    """Mass of body `b` [kg]."""
    return d.bodies_mass[e, b] if ti.static(n.own_links) else m.body_mass[b]


@ti.func
def tree_mass(e, b, m: ti.template(), n: ti.template(), d: ti.template()):
    """Mass of body `b` and all below it [kg]."""
    return d.bodies_tree_mass[e, b] if ti.static(n.own_links) else m.body_subtree_mass[b]


@ti.func
def body_inertia(e, b, m: ti.template(), n: ti.template(), d: ti.template()):
    """Principal moments of body `b` [kg m^2]."""
    return d.bodies_inertia[e, b] if ti.static(n.own_links) else m.body_inertia[b]


@ti.func
def body_com(e, b, m: ti.template(), n: ti.template(), d: ti.template()):
    """Centre of mass of body `b` in its frame [m]."""
    return d.bodies_com[e, b] if ti.static(n.own_links) else m.body_ipos[b]


@ti.func
def body_invweight(e, b, m: ti.template(), n: ti.template(), d: ti.template()):
    """Mean inverse inertia of body `b`, translation and rotation."""
    return d.bodies_invweight[e, b] if ti.static(n.own_weights) else m.body_invweight[b]


@ti.func
def dof_invweight(e, i, m: ti.template(), n: ti.template(), d: ti.template()):
    """Mean inverse inertia of dof `i`."""
    return d.dofs_invweight[e, i] if ti.static(n.own_weights) else m.dof_invweight[i]


@ti.func
def tendon_invweight(e, t, m: ti.template(), n: ti.template(), d: ti.template()):
    """Mean inverse inertia along tendon `t`."""
    return d.tendons_invweight[e, t] if ti.static(n.own_weights) else m.tendon_invweight[t]


@ti.func
def mean_inertia(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Scale of M, for the solver's tolerance."""
    return d.inertia_scale[e, 0] if ti.static(n.own_weights) else m.mean_inertia[0]


@ti.func
def dof_damping(e, i, m: ti.template(), n: ti.template(), d: ti.template()):
    """Damping of dof `i` [N s/m, N m s/rad]."""
    r = 0.0
    if ti.static(n.dampers):
        r = d.dofs_damping[e, i] if ti.static(n.own_dofs) else m.dof_damping[i]
    return r


@ti.func
def dof_armature(e, i, m: ti.template(), n: ti.template(), d: ti.template()):
    """Armature of dof `i` [kg, kg m^2]."""
    return d.dofs_armature[e, i] if ti.static(n.own_dofs) else m.dof_armature[i]


@ti.func
def dof_frictionloss(e, i, m: ti.template(), n: ti.template(), d: ti.template()):
    """Dry friction of dof `i` [N, N m]."""
    return d.dofs_frictionloss[e, i] if ti.static(n.own_dofs) else m.dof_frictionloss[i]


@ti.func
def joint_stiffness(e, j, m: ti.template(), n: ti.template(), d: ti.template()):
    """Stiffness of joint `j` [N/m, N m/rad]."""
    return d.joints_stiffness[e, j] if ti.static(n.own_dofs) else m.joint_stiffness[j]


@ti.func
def gravity(e, m: ti.template(), n: ti.template(), d: ti.template()):
    """Acceleration of free fall [m/s^2]."""
    return d.envs_gravity[e, 0] if ti.static(n.own_gravity) else m.gravity[0]


@ti.func
def pair_friction(e, pair, m: ti.template(), n: ti.template(), d: ti.template()):
    """Friction of a pair of geoms: sliding twice, spinning [m], rolling twice [m]."""
    friction = m.class_friction[m.pair_class[pair]]
    if ti.static(n.own_geoms):
        source = m.pair_friction_from[pair]
        if source != 0:
            first = d.geoms_friction[e, m.pair_geom1[pair]]
            second = d.geoms_friction[e, m.pair_geom2[pair]]
            mixed = ti.max(first, second)
            if source == 1:
                mixed = first
            elif source == 2:
                mixed = second
            for k, kind in ti.static(enumerate((0, 0, 1, 2, 2))):
                friction[k] = ti.max(MIN_FRICTION, mixed[kind])
    return friction
