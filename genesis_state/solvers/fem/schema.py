"""Every variable of the FEM solver, declared once.

A corner is a vertex of an element. Corners are kept vertex by vertex, so that those of a vertex
stand side by side, in the order of the elements.
"""

from genesis_state.schema import Schema, StateVar
from genesis_state.solvers.body_contact_schema import BodyContactState
from genesis_state.solvers.fem.implicit_schema import ImplicitState


class ConstraintState(Schema):
    """Vertices that are held. They have room only where the options allow for it."""

    constrained = StateVar(
        "Whether a vertex is held: 0 no, 1 hard, 2 by a spring",
        ("constrained_vertex",),
        dtype="int",
        role="memory",
        command=True,
        beside="rigid",
    )
    constraint_target = StateVar(
        "Where it is held [m]: in the world, or in the frame of a body",
        ("constrained_vertex",),
        (3,),
        role="memory",
        command=True,
        beside="rigid",
    )
    constraint_stiffness = StateVar(
        "Stiffness of the spring for each kilogram [1/s^2]",
        ("constrained_vertex",),
        role="memory",
        command=True,
        beside="rigid",
    )
    constraint_body = StateVar(
        "Body that holds it, 0 for the world",
        ("constrained_vertex",),
        dtype="int",
        role="memory",
        command=True,
        beside="rigid",
    )
    held_velocity = StateVar(
        "Velocity beside the body's that takes a vertex to its target [m/s]",
        ("constrained_vertex",),
        (3,),
        role="scratch",
    )


class FEMState(BodyContactState, ConstraintState, ImplicitState):
    """State, memory and parameters of elastic solids made of tetrahedra."""

    pos = StateVar("Vertex position [m]", ("vertex",), (3,))
    vel = StateVar("Vertex velocity [m/s]", ("vertex",), (3,))
    active = StateVar("Whether the element takes part", ("element",), dtype="bool")

    mu = StateVar("Shear modulus of each entity [Pa]", ("material",), role="param")
    lam = StateVar("First Lame parameter [Pa]", ("material",), role="param")
    rho = StateVar("Density [kg/m^3]", ("material",), role="param")
    friction_mu = StateVar("Coefficient of friction on the floor", ("material",), role="param")

    mass = StateVar("Vertex mass [kg]", ("vertex",), role="scratch")
    corner_force = StateVar(
        "Forces of the elements on their corners [N]", ("corner",), (3,), role="scratch"
    )
    free_velocity = StateVar(
        "Velocity that a vertex would have without contact [m/s]",
        ("coupled_vertex",),
        (3,),
        role="scratch",
    )
    face_geom = StateVar(
        "Geom that a face may touch between its vertices, -1 for none",
        ("face",),
        dtype="int",
        role="scratch",
    )
    face_weights = StateVar(
        "Where it does: weights of its vertices", ("face",), (3,), role="scratch"
    )
    face_gap = StateVar("Distance from it there [m]", ("face",), role="scratch")
    face_normal = StateVar("Normal of its surface there", ("face",), (3,), role="scratch")
    face_impulse = StateVar("Impulse on it there [N s]", ("face",), (3,), role="scratch")

    touch_reach = StateVar(
        "Distance within which a vertex is expected to touch, however it moves [m]", role="model"
    )
    timestep = StateVar("Duration of a substep [s]", role="model")
    gravity = StateVar("Acceleration of free fall [m/s^2]", (), (3,), role="model")
    damping = StateVar("Part of a velocity that explicit damping leaves", role="model")
    floor = StateVar("Height of the floor [m]", role="model")
    element_vertex = StateVar("Its vertices", ("element", "four"), dtype="int", role="model")
    element_corner = StateVar("Its corners", ("element", "four"), dtype="int", role="model")
    element_material = StateVar("Entity of each element", ("element",), dtype="int", role="model")
    element_volume = StateVar("Volume at rest [m^3]", ("element",), role="model")
    rest_inverse = StateVar(
        "Inverse of the edges from the first vertex at rest [1/m]",
        ("element",),
        (3, 3),
        role="model",
    )
    corner_element = StateVar("Element of each corner", ("corner",), dtype="int", role="model")
    vertex_corner = StateVar(
        "Where the corners of each vertex begin", ("vertex_end",), dtype="int", role="model"
    )
    vertex_material = StateVar("Entity of each vertex", ("vertex",), dtype="int", role="model")
    vertex_outside = StateVar(
        "Whether a vertex is on the surface, 0 or 1", ("vertex",), dtype="int", role="model"
    )
    face_vertex = StateVar(
        "Vertices of each face of the surface", ("face", "three"), dtype="int", role="model"
    )
    vertex_face = StateVar(
        "Faces of the surface, vertex by vertex", ("face_corner",), dtype="int", role="model"
    )
    vertex_face_start = StateVar(
        "Where those of each vertex begin", ("vertex_end",), dtype="int", role="model"
    )
    material_vertex = StateVar(
        "First vertex of each entity", ("material_end",), dtype="int", role="model"
    )
    material_kind = StateVar("Law of each entity", ("material",), dtype="int", role="model")
