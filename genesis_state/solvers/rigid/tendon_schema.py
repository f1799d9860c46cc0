"""Variables of tendons. Lengths are in m, or where fixed tendons add up angles, in rad."""

from genesis_state.schema import Schema, StateVar


class TendonState(Schema):
    """Tendons in a step, and what the model says of them.

    A fixed tendon is a sum of joint coordinates, a spatial one a path of segments between sites.
    Forces, stiffness and the like are per length of the tendon.
    """

    tendon_length = StateVar("Length [m]", ("tendon",), role="scratch")
    tendon_velocity = StateVar("Its rate [m/s]", ("tendon",), role="scratch")
    tendon_J = StateVar(
        "Derivatives of the lengths by dofs, tendon by tendon", ("tendon_entry",), role="scratch"
    )
    tendon_rate = StateVar("dJ/dt v where it has inertia [m/s^2]", ("tendon",), role="scratch")
    tendon_force = StateVar("All that pulls along it, for sensors [N]", ("tendon",), role="scratch")
    tendon_act_force = StateVar("Force of its actuators [N]", ("tendon",), role="scratch")
    tendons_invweight = StateVar(
        "Mean inverse inertia along each tendon", ("weighed_tendon",), role="param"
    )

    tendon_J_start = StateVar("First entry of tendon_J", ("tendon",), dtype="int", role="model")
    tendon_J_size = StateVar("Entries of tendon_J", ("tendon",), dtype="int", role="model")
    tendon_J_column = StateVar(
        "Dof of each entry of tendon_J, rising within a tendon",
        ("tendon_entry",),
        dtype="int",
        role="model",
    )
    tendon_joint_of = StateVar(
        "Tendon that a joint is part of", ("tendon_joint",), dtype="int", role="model"
    )
    tendon_joint_q = StateVar("Its position", ("tendon_joint",), dtype="int", role="model")
    tendon_joint_entry = StateVar(
        "Its entry of tendon_J", ("tendon_joint",), dtype="int", role="model"
    )
    tendon_joint_coef = StateVar("Its coefficient", ("tendon_joint",), role="model")
    tendon_segment_of = StateVar(
        "Tendon that a segment is part of", ("tendon_segment",), dtype="int", role="model"
    )
    tendon_segment_body1 = StateVar(
        "Body where it begins", ("tendon_segment",), dtype="int", role="model"
    )
    tendon_segment_body2 = StateVar(
        "Body where it ends", ("tendon_segment",), dtype="int", role="model"
    )
    tendon_segment_pos1 = StateVar(
        "Where it begins in that body's frame [m]", ("tendon_segment",), (3,), role="model"
    )
    tendon_segment_pos2 = StateVar(
        "Where it ends in that body's frame [m]", ("tendon_segment",), (3,), role="model"
    )
    tendon_segment_scale = StateVar(
        "What it counts for, one over the pulley's divisor", ("tendon_segment",), role="model"
    )

    tendon_stiffness = StateVar("Stiffness [N/m]", ("tendon",), role="model")
    tendon_stiffness_poly = StateVar(
        "What it grows by with the stretch and its square", ("tendon",), (2,), role="model"
    )
    tendon_rest_range = StateVar(
        "Lengths between which the spring is slack [m]", ("tendon",), (2,), role="model"
    )
    tendon_damping = StateVar("Damping [N s/m]", ("tendon",), role="model")
    tendon_damping_poly = StateVar(
        "What it grows by with the speed and its square", ("tendon",), (2,), role="model"
    )
    tendon_armature = StateVar("Inertia along the tendon [kg]", ("tendon",), role="model")
    tendon_frictionloss = StateVar("Dry friction [N]", ("tendon",), role="model")
    tendon_friction_solref = StateVar("solref of dry friction", ("tendon",), (2,), role="model")
    tendon_friction_solimp = StateVar("solimp of dry friction", ("tendon",), (5,), role="model")
    tendon_limited = StateVar("Whether it has limits", ("tendon",), dtype="int", role="model")
    tendon_range = StateVar("Limits [m]", ("tendon",), (2,), role="model")
    tendon_margin = StateVar("Distance at which limits act [m]", ("tendon",), role="model")
    tendon_limit_solref = StateVar("solref of the limits", ("tendon",), (2,), role="model")
    tendon_limit_solimp = StateVar("solimp of the limits", ("tendon",), (5,), role="model")
    tendon_act_force_limited = StateVar(
        "Whether the force of all its actuators is limited", ("tendon",), dtype="int", role="model"
    )
    tendon_act_force_range = StateVar("Its limits [N]", ("tendon",), (2,), role="model")
    tendon_length0 = StateVar("Length in the model as written [m]", ("tendon",), role="model")
    tendon_invweight = StateVar("Mean inverse inertia", ("tendon",), role="model")
