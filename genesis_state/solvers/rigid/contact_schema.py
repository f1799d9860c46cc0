"""Variables of contact: what may touch, what does, and with which force.

Geoms and pairs are those of `collision.Collision`; a class is a set of contact parameters.
"""

from genesis_state.schema import Schema, StateVar


class ContactState(Schema):
    """Contacts of the last step, and all that finding and solving them takes."""

    n_contacts = StateVar("Contacts of the last step", dtype="int", role="memory")
    contact_pair = StateVar("Pair of geoms that touch", ("contact",), dtype="int", role="memory")
    contact_pos = StateVar("Midpoint between the surfaces [m]", ("contact",), (3,), role="memory")
    contact_normal = StateVar(
        "Direction from the first geom to the second", ("contact",), (3,), role="memory"
    )
    contact_dist = StateVar(
        "Distance of the surfaces, negative if they overlap [m]", ("contact",), role="memory"
    )
    contact_force = StateVar("Force on the second geom [N]", ("contact",), (3,), role="memory")
    overflow = StateVar(
        "Whether more pairs were near or touched than there is room for, since the last reset",
        dtype="bool",
        role="memory",
    )

    geom_pos = StateVar("Positions of the geoms [m]", ("geom",), (3,), role="scratch")
    geom_rot = StateVar("World from geom axes", ("geom",), (3, 3), role="scratch")
    geom_lower = StateVar("Lower corner of a box around each [m]", ("geom",), (3,), role="scratch")
    geom_upper = StateVar("Upper corner [m]", ("geom",), (3,), role="scratch")
    sweep_order = StateVar(
        "Geoms along the axis of the sweep", ("swept_geom",), dtype="int", role="scratch"
    )
    n_near = StateVar("Pairs whose boxes overlap", dtype="int", role="scratch")
    near_pair = StateVar("These pairs", ("near",), dtype="int", role="scratch")

    contact_tangent = StateVar(
        "Wanted first tangent, or zero for any", ("contact",), (3,), role="scratch"
    )
    contact_frame = StateVar("Normal and tangents, in rows", ("contact",), (3, 3), role="scratch")
    contact_dim = StateVar(
        "Dimension of the friction cone, 0 if too far to act",
        ("contact",),
        dtype="int",
        role="scratch",
    )
    contact_n_dofs = StateVar("Dofs that move it", ("contact",), dtype="int", role="scratch")
    contact_dof = StateVar("These dofs", ("contact", "span"), dtype="int", role="scratch")
    contact_J = StateVar(
        "Jacobian: one row for each dof of each contact, one column for each cone dimension",
        ("contact_span", "cone_dim"),
        role="scratch",
    )
    contact_mu = StateVar(
        "Width of the cone, then friction coefficients", ("contact", "cone_dim"), role="scratch"
    )
    contact_D = StateVar("Constraint stiffness", ("contact",), role="scratch")
    contact_aref = StateVar("Reference acceleration", ("contact", "cone_dim"), role="scratch")
    contact_x = StateVar("J a - aref", ("contact", "cone_dim"), role="scratch")
    contact_Jv = StateVar("J search", ("contact", "cone_dim"), role="scratch")
    contact_cost = StateVar("Cost where a line search starts", ("contact",), role="scratch")
    contact_f = StateVar("Force in its frame", ("contact", "cone_dim"), role="scratch")

    geom_id = StateVar("Its number in MuJoCo's model", ("geom",), dtype="int", role="model")
    geom_body = StateVar("Body", ("geom",), dtype="int", role="model")
    geom_body_pos = StateVar("Position in the body's frame [m]", ("geom",), (3,), role="model")
    geom_body_quat = StateVar("Orientation in the body's frame", ("geom",), (4,), role="model")
    geom_size = StateVar("Size as MuJoCo has it [m]", ("geom",), (3,), role="model")
    geom_center = StateVar("Centre of the box around it [m]", ("geom",), (3,), role="model")
    geom_half = StateVar("Half sizes of this box [m]", ("geom",), (3,), role="model")
    geom_radius = StateVar("Radius of a sphere around it [m]", ("geom",), role="model")
    geom_reach = StateVar("Largest distance of its contacts [m]", ("geom",), role="model")

    pair_geom1 = StateVar("First geom", ("pair",), dtype="int", role="model")
    pair_geom2 = StateVar("Second geom", ("pair",), dtype="int", role="model")
    pair_kind = StateVar("Geom types, 8 t1 + t2", ("pair",), dtype="int", role="model")
    pair_class = StateVar("Class of its contacts", ("pair",), dtype="int", role="model")
    pair_inside = StateVar(
        "Whether its contacts couple no more dofs than are coupled anyway",
        ("pair",),
        dtype="int",
        role="model",
    )
    pair_of = StateVar(
        "Pair of two geoms, or -1", ("swept_geom", "swept_geom"), dtype="int", role="model"
    )

    class_condim = StateVar("Dimension of the cone", ("class",), dtype="int", role="model")
    class_margin = StateVar("Distance at which a contact acts [m]", ("class",), role="model")
    class_gap = StateVar("And is known before [m]", ("class",), role="model")
    class_friction = StateVar(
        "Coefficients: two tangents, spin [m], two rolls [m]", ("class",), (5,), role="model"
    )
    class_solref = StateVar("solref", ("class",), (2,), role="model")
    class_solreffriction = StateVar(
        "solref along the tangents, or zeros", ("class",), (2,), role="model"
    )
    class_solimp = StateVar("solimp", ("class",), (5,), role="model")
    impratio = StateVar("Stiffness of friction over that of the normal", role="model")
