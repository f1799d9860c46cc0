"""Equalities of a model, and welds that are made and undone between steps."""

from genesis_state.schema import Schema, StateVar


class EqualityState(Schema):
    """Which equalities hold in each environment, and what they ask."""

    eq_active = StateVar(
        "Whether each equality holds",
        ("equality",),
        dtype="bool",
        reset=True,
        role="memory",
        command=True,
    )
    weld_link1 = StateVar(
        "First link of each weld, -1 where none is made",
        ("weld",),
        dtype="int",
        reset=-1,
        role="memory",
        command=True,
    )
    weld_link2 = StateVar(
        "Second link", ("weld",), dtype="int", reset=-1, role="memory", command=True
    )
    weld_pos = StateVar(
        "Origin of the first link in the second's frame [m]",
        ("weld",),
        (3,),
        role="memory",
        command=True,
    )
    weld_quat = StateVar(
        "Orientation of the second link in the first's frame",
        ("weld",),
        (4,),
        role="memory",
        command=True,
    )

    eq_type = StateVar(
        "0 connect, 1 weld, 2 joint, 3 tendon", ("equality",), dtype="int", role="model"
    )
    eq_object1 = StateVar("First body, joint or tendon", ("equality",), dtype="int", role="model")
    eq_object2 = StateVar(
        "Second body, joint or tendon, or -1", ("equality",), dtype="int", role="model"
    )
    eq_anchor1 = StateVar("Anchor on the first body [m]", ("equality",), (3,), role="model")
    eq_anchor2 = StateVar("Anchor on the second body [m]", ("equality",), (3,), role="model")
    eq_quat1 = StateVar("Weld frame on the first body", ("equality",), (4,), role="model")
    eq_quat2 = StateVar("Weld frame on the second body", ("equality",), (4,), role="model")
    eq_torque_scale = StateVar("Metres per radian of a weld", ("equality",), role="model")
    eq_polynomial = StateVar(
        "Coupling of joints or tendons, constant term first", ("equality",), (5,), role="model"
    )
    eq_solref = StateVar("solref", ("equality",), (2,), role="model")
    eq_solimp = StateVar("solimp", ("equality",), (5,), role="model")
