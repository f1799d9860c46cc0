"""Physical parameters that each environment may have of its own, where the options ask for it."""

from genesis_state.schema import Schema, StateVar


class ParameterState(Schema):
    """What stands in for the model's constants of the same meaning.

    Bodies are MuJoCo's, the world first. Tree masses, inverse weights and the scale of inertia
    follow from the others, see `refresh_constants`.
    """

    bodies_mass = StateVar("Mass of each body [kg]", ("own_body",), role="param")
    bodies_inertia = StateVar("Principal moments [kg m^2]", ("own_body",), (3,), role="param")
    bodies_com = StateVar(
        "Centre of mass in the body's frame [m]", ("own_body",), (3,), role="param"
    )
    dofs_damping = StateVar("Damping [N s/m, N m s/rad]", ("own_dof",), role="param")
    dofs_armature = StateVar("Armature [kg, kg m^2]", ("own_dof",), role="param")
    dofs_frictionloss = StateVar("Dry friction [N, N m]", ("own_dof",), role="param")
    joints_stiffness = StateVar(
        "Stiffness of each joint [N/m, N m/rad]", ("own_joint",), role="param"
    )
    geoms_friction = StateVar(
        "Friction of each geom that can touch: sliding, spinning [m], rolling [m]",
        ("own_geom",),
        (3,),
        role="param",
    )
    envs_gravity = StateVar(
        "Acceleration of free fall [m/s^2]", ("own_gravity",), (3,), role="param"
    )

    bodies_tree_mass = StateVar("Mass of each body's subtree [kg]", ("own_body",), role="param")
    bodies_invweight = StateVar(
        "Mean inverse inertia, translation and rotation", ("weighed_body",), (2,), role="param"
    )
    dofs_invweight = StateVar("Mean inverse inertia of each dof", ("weighed_dof",), role="param")
    inertia_scale = StateVar("Mean diagonal of M", ("weighed",), role="param")

    pair_friction_from = StateVar(
        "Whose friction a pair has: 0 its own, 1 the first geom's, 2 the second's, 3 the larger",
        ("own_pair",),
        dtype="int",
        role="model",
    )
