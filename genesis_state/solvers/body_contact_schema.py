"""Variables that every solver of matter has which touches rigid bodies."""

from genesis_state.schema import Schema, StateVar


class BodyContactState(Schema):
    """What touches the bodies, lane by lane, and whether an environment has stopped.

    A spatial vector of body b is about `tree_com` of the rigid solver, with world axes; a symmetric
    6x6 matrix is kept as in `spatial.py`. A lane is a share of an environment's work that one
    thread takes.
    """

    error = StateVar(
        "Whether matter left the domain or stopped being a number", dtype="bool", role="memory"
    )

    failed = StateVar("Whether a lane has found that it has", dtype="bool", role="scratch")
    body_velocity = StateVar(
        "Spatial velocity of rigid bodies before the substep", ("body",), (6,), role="scratch"
    )
    lane_inertia = StateVar(
        "What touches a body, for each lane: inertia", ("lane", "body"), (21,), role="scratch"
    )
    lane_momentum = StateVar("Likewise: momentum", ("lane", "body"), (6,), role="scratch")
