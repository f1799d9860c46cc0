"""Variables of the coupling with continua: what particles and soft bodies touch, and what they do.

They have room only where the scene has such a solver. A spatial vector of body b is about
`tree_com[body_root[b]]`, with world axes; a symmetric 6x6 matrix is kept as in `spatial.py`.
"""

from genesis_state.schema import Schema, StateVar


class CouplingState(Schema):
    """Geoms that continua touch, and the sums through which these act on the bodies."""

    coupled_geom_friction = StateVar(
        "Coefficient of sliding friction against continua", ("coupled_geom",), role="param"
    )

    coupled_geom_pos = StateVar(
        "Positions of the geoms [m]", ("coupled_geom",), (3,), role="scratch"
    )
    coupled_geom_rot = StateVar("World from geom axes", ("coupled_geom",), (3, 3), role="scratch")
    coupled_geom_lower = StateVar(
        "Lower corner of a box around each [m]", ("coupled_geom",), (3,), role="scratch"
    )
    coupled_geom_upper = StateVar("Upper corner [m]", ("coupled_geom",), (3,), role="scratch")
    coupling_inertia = StateVar(
        "Spatial inertia of what touches each body", ("coupled_body",), (21,), role="scratch"
    )
    coupling_momentum = StateVar(
        "Spatial momentum that it would have if it were free",
        ("coupled_body",),
        (6,),
        role="scratch",
    )
    coupling_touched = StateVar("Whether anything touches a body", dtype="int", role="scratch")
    coupling_composite = StateVar(
        "coupling_inertia of each body and all below it", ("coupled_body",), (21,), role="scratch"
    )
    coupling_wrench = StateVar(
        "Force of the momentum on each body and all below it",
        ("coupled_body",),
        (6,),
        role="scratch",
    )
    coupling_acc = StateVar(
        "Spatial accelerations that come from joints", ("coupled_body",), (6,), role="scratch"
    )
    coupling_M = StateVar(
        "Joint-space inertia of all that touches", ("coupled_M_entry",), role="scratch"
    )
    lone_velocity = StateVar(
        "Spatial velocity of lone free bodies after the substep, where they were before it",
        ("coupled_lone_body",),
        (6,),
        role="scratch",
    )
    qfrc_coupling = StateVar("Its generalized force", ("coupled_dof",), role="scratch")

    coupled_geom_id = StateVar(
        "Its number in MuJoCo's model", ("coupled_geom",), dtype="int", role="model"
    )
    coupled_geom_body = StateVar("Body", ("coupled_geom",), dtype="int", role="model")
    coupled_geom_type = StateVar(
        "Type, numbered as MuJoCo's", ("coupled_geom",), dtype="int", role="model"
    )
    coupled_geom_body_pos = StateVar(
        "Position in the body's frame [m]", ("coupled_geom",), (3,), role="model"
    )
    coupled_geom_body_quat = StateVar(
        "Orientation in the body's frame", ("coupled_geom",), (4,), role="model"
    )
    coupled_geom_size = StateVar("Size as MuJoCo has it [m]", ("coupled_geom",), (3,), role="model")
    coupled_geom_center = StateVar(
        "Centre of the box around it [m]", ("coupled_geom",), (3,), role="model"
    )
    coupled_geom_half = StateVar(
        "Half sizes of this box [m]", ("coupled_geom",), (3,), role="model"
    )
    coupled_geom_first_face = StateVar(
        "First face of its hull", ("coupled_geom",), dtype="int", role="model"
    )
    coupled_geom_n_faces = StateVar(
        "Faces, 0 unless it is a mesh", ("coupled_geom",), dtype="int", role="model"
    )
    coupled_face_normal = StateVar(
        "Outward normal in the geom's frame", ("coupled_face",), (3,), role="model"
    )
    coupled_face_offset = StateVar(
        "Distance from the geom's origin [m]", ("coupled_face",), role="model"
    )
