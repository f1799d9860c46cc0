"""What actuators are, and what a step computes of them."""

from genesis_state.schema import Schema, StateVar


class ActuatorState(Schema):
    """Constants and scratch of actuators.

    An actuator of a hinge or slide acts on one dof with a constant gear. Every other has a
    transmission: a length, and a moment for each of the dofs that it may act on.
    """

    actuator_damping = StateVar(
        "-d qfrc_actuator / d velocity of what drives a single dof", ("dof",), role="scratch"
    )
    act_dot = StateVar("Rates of the activations", ("activation",), role="scratch")
    transmission_length = StateVar("Length [m, rad]", ("transmission",), role="scratch")
    transmission_force = StateVar("Force along it", ("transmission",), role="scratch")
    transmission_damping = StateVar("-d force / d velocity", ("transmission",), role="scratch")
    moment = StateVar("Generalized force per force", ("moment_entry",), role="scratch")

    actuator_dof = StateVar(
        "Dof it drives, or -1 if it has a transmission", ("actuator",), dtype="int", role="model"
    )
    actuator_q = StateVar("Coordinate of this dof", ("actuator",), dtype="int", role="model")
    actuator_gear = StateVar("Gear to this dof", ("actuator",), role="model")
    actuator_transmission = StateVar(
        "Transmission, or -1", ("actuator",), dtype="int", role="model"
    )
    actuator_dynamics = StateVar(
        "0 none, 1 integrator, 2 filter, 3 exact", ("actuator",), dtype="int", role="model"
    )
    actuator_act_start = StateVar("Activation, or -1", ("actuator",), dtype="int", role="model")
    actuator_act_early = StateVar(
        "Whether the next activation drives", ("actuator",), dtype="int", role="model"
    )
    actuator_time_constant = StateVar("Of the filter [s]", ("actuator",), role="model")
    actuator_gain = StateVar(
        "Gain: constant, per length, per velocity", ("actuator",), (3,), role="model"
    )
    actuator_bias = StateVar(
        "Bias: constant, per length, per velocity", ("actuator",), (3,), role="model"
    )
    actuator_ctrl_limited = StateVar(
        "Whether the control is clipped", ("actuator",), dtype="int", role="model"
    )
    actuator_ctrl_range = StateVar("Its range", ("actuator",), (2,), role="model")
    actuator_force_limited = StateVar(
        "Whether the force is clipped", ("actuator",), dtype="int", role="model"
    )
    actuator_force_range = StateVar("Its range", ("actuator",), (2,), role="model")
    actuator_act_limited = StateVar(
        "Whether the activation is clipped", ("actuator",), dtype="int", role="model"
    )
    actuator_act_range = StateVar("Its range", ("actuator",), (2,), role="model")

    transmission_actuator = StateVar("Whose it is", ("transmission",), dtype="int", role="model")
    transmission_kind = StateVar(
        "0 ball, 1 free joint, 2 one frame, 3 two frames, 4 slider and crank, 5 adhesion, 6 tendon",
        ("transmission",),
        dtype="int",
        role="model",
    )
    transmission_q = StateVar(
        "First coordinate of its joint", ("transmission",), dtype="int", role="model"
    )
    transmission_tendon = StateVar(
        "Its tendon, or -1", ("transmission",), dtype="int", role="model"
    )
    transmission_in_parent = StateVar(
        "Whether the gear is in the parent's frame", ("transmission",), dtype="int", role="model"
    )
    transmission_body1 = StateVar(
        "Body of the first frame", ("transmission",), dtype="int", role="model"
    )
    transmission_body2 = StateVar(
        "Body of the second", ("transmission",), dtype="int", role="model"
    )
    transmission_pos1 = StateVar(
        "First frame in its body [m]", ("transmission",), (3,), role="model"
    )
    transmission_quat1 = StateVar("Likewise, w x y z", ("transmission",), (4,), role="model")
    transmission_pos2 = StateVar(
        "Second frame in its body [m]", ("transmission",), (3,), role="model"
    )
    transmission_quat2 = StateVar("Likewise, w x y z", ("transmission",), (4,), role="model")
    transmission_gear = StateVar("Gears", ("transmission", "six"), role="model")
    transmission_rod = StateVar("Length of the crank's rod [m]", ("transmission",), role="model")
    transmission_period = StateVar(
        "Full turn of a servo of a rotation, else 0", ("transmission",), role="model"
    )
    moment_start = StateVar(
        "First entry of its moment", ("transmission",), dtype="int", role="model"
    )
    moment_size = StateVar("Entries of it", ("transmission",), dtype="int", role="model")
    moment_dof = StateVar("Dof of an entry", ("moment_entry",), dtype="int", role="model")
    moment_moves = StateVar(
        "Which frames this dof moves: 1 the first, 2 the second, 3 both",
        ("moment_entry",),
        dtype="int",
        role="model",
    )
    moment_pair_transmission = StateVar(
        "Transmission of two entries that M couples", ("moment_pair",), dtype="int", role="model"
    )
    moment_pair_first = StateVar("One entry", ("moment_pair",), dtype="int", role="model")
    moment_pair_second = StateVar("The other", ("moment_pair",), dtype="int", role="model")
    moment_pair_M = StateVar(
        "Entry of M that couples them", ("moment_pair",), dtype="int", role="model"
    )
