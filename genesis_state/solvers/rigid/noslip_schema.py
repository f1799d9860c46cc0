"""Variables of the noslip solver: forces of friction, each a slip, that are solved once more."""

from genesis_state.schema import Schema, StateVar


class NoslipState(Schema):
    """Dry friction and tangents of contacts in a step; no slips where noslip is not asked for."""

    n_slips = StateVar("Slips", dtype="int", role="scratch")
    slip_of = StateVar("Its row or contact", ("slip",), dtype="int", role="scratch")
    slip_axis = StateVar(
        "Its axis in the contact's frame, 0 for a row", ("slip",), dtype="int", role="scratch"
    )
    slip_force = StateVar("Force along it", ("slip",), role="scratch")
    slip_limit = StateVar(
        "Its largest, or the normal force that an elliptic cone has", ("slip",), role="scratch"
    )
    slip_aref = StateVar("Reference acceleration", ("slip",), role="scratch")
    slip_x = StateVar("J a - aref", ("slip",), role="scratch")
    slip_column = StateVar("M^-1 J^T", ("slip", "dof"), role="scratch")
    slip_A = StateVar(
        "J M^-1 J^T with itself, or with the tangents of its elliptic contact",
        ("slip", "slip_dim"),
        role="scratch",
    )

    noslip_tolerance = StateVar("Gain at which noslip stops, scaled", role="model")
    noslip_iterations = StateVar("Most sweeps", dtype="int", role="model")
