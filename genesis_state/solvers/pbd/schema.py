"""Every variable of the PBD solver, declared once.

A lane is a share of an environment's particles that one thread takes.
"""

from genesis_state.schema import Schema, StateVar
from genesis_state.solvers.body_contact_schema import BodyContactState
from genesis_state.solvers.neighbour_schema import NeighbourState


class TiedMatterState(Schema):
    """State, memory and parameters of particles that constraints move."""

    pos = StateVar("Particle position [m]", ("particle",), (3,))
    vel = StateVar("Particle velocity [m/s]", ("particle",), (3,))
    free = StateVar(
        "Whether forces move the particle; otherwise it keeps its velocity, or its place on a body",
        ("particle",),
        dtype="bool",
        reset=True,
    )

    active = StateVar("Whether the particle takes part", ("particle",), dtype="bool", role="memory")
    attached_body = StateVar(
        "Body that a particle that is not free is fixed to, 0 for none",
        ("particle",),
        dtype="int",
        role="memory",
        beside="rigid",
    )
    attached_pos = StateVar(
        "Where, in the body's frame [m]", ("particle",), (3,), role="memory", beside="rigid"
    )
    emitter_next = StateVar(
        "Particle that each emitter emits next", ("emitter",), dtype="int", role="memory"
    )
    emitter_left = StateVar(
        "Length of the stream that each has not emitted yet [m]", ("emitter",), role="memory"
    )

    rho = StateVar(
        "Density [kg/m^3] of each entity, of cloth [kg/m^2]", ("material",), role="param"
    )
    static_friction = StateVar("Friction between particles that stick", ("material",), role="param")
    kinetic_friction = StateVar("Friction between particles that slip", ("material",), role="param")
    stretch_compliance = StateVar("Compliance of lengths [m/N]", ("material",), role="param")
    bending_compliance = StateVar("Compliance of angles [rad/(N m)]", ("material",), role="param")
    volume_compliance = StateVar("Compliance of volumes [m^3/N]", ("material",), role="param")
    stretch_relaxation = StateVar(
        "Part of a length's correction in an iteration", ("material",), role="param"
    )
    bending_relaxation = StateVar("Likewise of an angle's", ("material",), role="param")
    volume_relaxation = StateVar("Likewise of a volume's", ("material",), role="param")
    air_resistance = StateVar("Drag of the air on a particle [kg/m]", ("material",), role="param")
    density_relaxation = StateVar("Likewise of a density's", ("material",), role="param")
    viscosity_relaxation = StateVar(
        "Part by which velocities of neighbours become alike in an iteration",
        ("material",),
        role="param",
    )

    weight = StateVar(
        "Inverse mass [1/kg]: 0 of what is held, negative of what takes no part",
        ("particle",),
        role="scratch",
    )
    shift = StateVar("Motion in the substep [m]", ("particle",), (3,), role="scratch")
    edge_multiplier = StateVar("Multipliers of lengths", ("edge",), role="scratch")
    hinge_multiplier = StateVar("Multipliers of angles", ("hinge",), role="scratch")
    tet_multiplier = StateVar("Multipliers of volumes", ("tet",), role="scratch")
    place = StateVar(
        "Where ties leave the particle, later its place on a body that moves [m]",
        ("particle",),
        (3,),
        role="scratch",
    )
    slot_weight = StateVar("Weight of each slot's particle", ("particle",), role="scratch")
    slot_kind = StateVar("Its kind", ("particle",), dtype="int", role="scratch")
    slot_overlaps = StateVar(
        "How many particles it has to be parted from", ("particle",), dtype="int", role="scratch"
    )
    slot_change = StateVar("How it moves in an iteration [m]", ("particle",), (3,), role="scratch")
    slot_density = StateVar(
        "Density of liquid, as a part of that at rest", ("liquid",), role="scratch"
    )
    slot_start = StateVar("Where it was before the substep [m]", ("liquid",), (3,), role="scratch")
    slot_multiplier = StateVar("Its multiplier", ("liquid",), role="scratch")
    slot_planes = StateVar("Surfaces of bodies near it", ("surface",), dtype="int", role="scratch")
    slot_plane = StateVar(
        "Normal, distance [m] and least way [m] of each", ("surface", "plane"), (5,), role="scratch"
    )
    push = StateVar("What they take off its shift [m]", ("surface",), (3,), role="scratch")
    n_attached = StateVar(
        "Particles that are fixed to each body", ("body",), dtype="int", role="scratch"
    )

    timestep = StateVar("Duration of a substep [s]", role="model")
    gravity = StateVar("Acceleration of free fall [m/s^2]", (), (3,), role="model")
    particle_size = StateVar("Diameter of a particle [m]", role="model")
    lower = StateVar("Lower corner of the domain [m]", (), (3,), role="model")
    upper = StateVar("Upper corner [m]", (), (3,), role="model")
    particle_material = StateVar(
        "Entity of each particle", ("particle",), dtype="int", role="model"
    )
    particle_amount = StateVar(
        "Volume of each particle [m^3], of cloth its area [m^2]", ("particle",), role="model"
    )
    particle_rest = StateVar("Where it was at rest [m]", ("particle",), (3,), role="model")
    material_start = StateVar(
        "First particle of each entity, and one past the last",
        ("material_end",),
        dtype="int",
        role="model",
    )
    material_kind = StateVar("Kind of each entity", ("material",), dtype="int", role="model")
    edge_particles = StateVar("Ends of each edge", ("edge",), (2,), dtype="int", role="model")
    edge_material = StateVar("Entity of each edge", ("edge",), dtype="int", role="model")
    edge_length = StateVar("Length at rest [m]", ("edge",), role="model")
    hinge_particles = StateVar(
        "Particles of each hinge: two of its edge, one of either face",
        ("hinge",),
        (4,),
        dtype="int",
        role="model",
    )
    hinge_material = StateVar("Entity of each hinge", ("hinge",), dtype="int", role="model")
    hinge_angle = StateVar("Angle between its faces at rest [rad]", ("hinge",), role="model")
    tet_particles = StateVar(
        "Particles of each tetrahedron", ("tet",), (4,), dtype="int", role="model"
    )
    tet_material = StateVar("Entity of each tetrahedron", ("tet",), dtype="int", role="model")
    tet_volume = StateVar("Volume at rest [m^3]", ("tet",), role="model")


class PBDState(TiedMatterState, NeighbourState, BodyContactState):
    """State, memory and parameters of the PBD solver."""
