"""Variables of implicit substeps. They have room only where the options ask for these."""

from genesis_state.schema import Schema, StateVar


class ImplicitState(Schema):
    """The linear system of a Newton iteration and its solution; and what touches."""

    owed_momentum = StateVar(
        "Spatial momentum, about the world's origin, that each body has still to receive, for what "
        "two of them do to each other through one solid is known when both have moved",
        ("implicit_body",),
        (6,),
        role="memory",
    )

    displacement = StateVar(
        "How far a vertex moves in the substep, so far [m]",
        ("implicit_vertex",),
        (3,),
        role="scratch",
    )
    iterate = StateVar("Where it is then [m]", ("implicit_vertex",), (3,), role="scratch")
    step = StateVar("Solution of the linear system [m]", ("implicit_vertex",), (3,), role="scratch")
    right = StateVar("Its right side [N]", ("implicit_vertex",), (3,), role="scratch")
    residual = StateVar("What is left of it [N]", ("implicit_vertex",), (3,), role="scratch")
    search = StateVar("Search direction [m]", ("implicit_vertex",), (3,), role="scratch")
    image = StateVar("The matrix times it [N]", ("implicit_vertex",), (3,), role="scratch")
    matrix = StateVar("The matrix, in blocks [N/m]", ("block",), (3, 3), role="scratch")
    inverse = StateVar(
        "Inverse of the blocks on its diagonal [m/N]", ("implicit_vertex",), (3, 3), role="scratch"
    )
    turned_gradient = StateVar(
        "Gradients of an element's shape functions in the axes of its law [1/m]",
        ("implicit_corner",),
        (3,),
        role="scratch",
    )

    touch = StateVar(
        "What holds a vertex: see fem_contact.py", ("implicit_vertex",), dtype="int", role="scratch"
    )
    touch_body = StateVar(
        "Body that it may touch", ("implicit_vertex",), dtype="int", role="scratch"
    )
    touch_normal = StateVar("Normal of its surface", ("implicit_vertex",), (3,), role="scratch")
    touch_rise = StateVar(
        "Least distance that it moves along it, beyond the body [m]",
        ("implicit_vertex",),
        role="scratch",
    )
    touch_friction = StateVar("Coefficient of friction", ("implicit_vertex",), role="scratch")
    friction_limit = StateVar(
        "Most friction on a body for each metre of slip [N/m], negative for any",
        ("implicit_body",),
        role="scratch",
    )
    touch_drag = StateVar(
        "Force of friction where it slides [N]", ("implicit_vertex",), (3,), role="scratch"
    )
    n_pads = StateVar("Faces that touch between their vertices", dtype="int", role="scratch")
    pad = StateVar("These faces", ("implicit_face",), dtype="int", role="scratch")
    pad_kind = StateVar(
        "How a face touches, see fem_pads.py", ("implicit_face",), dtype="int", role="scratch"
    )
    pad_rise = StateVar(
        "Least distance that its point moves along the normal, beyond the body [m]",
        ("implicit_face",),
        role="scratch",
    )
    pad_friction = StateVar("Coefficient of friction", ("implicit_face",), role="scratch")
    pad_drag = StateVar(
        "Force of friction where it slides [N]", ("implicit_face",), (3,), role="scratch"
    )
    pad_stiffness = StateVar("Stiffness of a pad [N/m]", ("implicit_face",), role="scratch")
    pad_target = StateVar(
        "Where it takes its point in a step [m]", ("implicit_face",), (3,), role="scratch"
    )
    reaction = StateVar(
        "Force of what holds a vertex [N]", ("implicit_vertex",), (3,), role="scratch"
    )

    damping_alpha = StateVar("Rayleigh damping by mass [1/s]", role="model")
    damping_beta = StateVar("Rayleigh damping by stiffness [s]", role="model")
    newton_iterations = StateVar("Most Newton iterations", dtype="int", role="model")
    newton_threshold = StateVar("Step at which Newton stops [m]", role="model")
    pcg_iterations = StateVar("Most iterations of the linear solver", dtype="int", role="model")
    pcg_threshold = StateVar("Relative residual at which it stops", role="model")
    linesearch_iterations = StateVar("Most times a step is shortened", dtype="int", role="model")
    linesearch_c = StateVar("Part of the expected decrease that is enough", role="model")
    linesearch_tau = StateVar("Factor by which a step is shortened", role="model")
    shape_gradient = StateVar(
        "Gradients of the shape functions at rest [1/m]",
        ("implicit_element", "four"),
        (3,),
        role="model",
    )
    element_block = StateVar(
        "Where an element's 4x4 blocks are in the matrix",
        ("implicit_element", "sixteen"),
        dtype="int",
        role="model",
    )
    row_start = StateVar(
        "Where the blocks of each row begin", ("implicit_vertex_end",), dtype="int", role="model"
    )
    block_column = StateVar("Column of each block", ("block",), dtype="int", role="model")
    diagonal_block = StateVar(
        "Block of each vertex on the diagonal", ("implicit_vertex",), dtype="int", role="model"
    )
