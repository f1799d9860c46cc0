"""Every variable of the MPM solver, declared once.

A tile is a cube of 4 x 4 x 4 grid nodes. A lane is a share of an environment's particles, or of
its tiles, that one thread takes.
"""

from genesis_state.schema import Schema, StateVar
from genesis_state.solvers.body_contact_schema import BodyContactState


class GridMatterState(Schema):
    """Matter made of particles that a grid moves."""

    pos = StateVar("Particle position [m]", ("particle",), (3,))
    vel = StateVar("Particle velocity [m/s]", ("particle",), (3,))
    C = StateVar("Velocity gradient around each particle [1/s]", ("particle",), (3, 3))
    F = StateVar("Elastic deformation gradient", ("particle",), (3, 3), reset="identity")
    Jp = StateVar("Plastic volume: a ratio for snow, a strain for sand", ("particle",), reset=1.0)
    active = StateVar("Whether the particle takes part", ("particle",), dtype="bool")

    emitter_next = StateVar(
        "Particle that each emitter emits next", ("emitter",), dtype="int", role="memory"
    )
    emitter_left = StateVar(
        "Length of the stream that each has not emitted yet [m]", ("emitter",), role="memory"
    )

    mu = StateVar("Shear modulus of each entity [Pa]", ("material",), role="param")
    lam = StateVar("First Lame parameter [Pa]", ("material",), role="param")
    rho = StateVar("Density [kg/m^3]", ("material",), role="param")
    yield_stress = StateVar(
        "Yield stress of von Mises plasticity [Pa]", ("material",), role="param"
    )
    yield_lower = StateVar(
        "Compression at which clamped stretches yield", ("material",), role="param"
    )
    yield_higher = StateVar("Extension at which they yield", ("material",), role="param")
    friction_angle = StateVar("Friction angle of sand [rad]", ("material",), role="param")

    grid = StateVar(
        "Momentum [kg m/s], later velocity [m/s], and mass [kg] at the nodes",
        ("node",),
        (4,),
        role="scratch",
    )
    affine = StateVar(
        "Momentum that a particle gives to nodes around it [kg m/s per cell]",
        ("particle",),
        (3, 3),
        role="scratch",
    )
    slope = StateVar("Slope of the yield surface of sand", ("material",), role="scratch")
    listed = StateVar("Active particles, lane by lane", ("particle",), dtype="int", role="scratch")
    lane_n_listed = StateVar("How many a lane has", ("lane",), dtype="int", role="scratch")
    listed_tile = StateVar("Tile of each of them", ("particle",), dtype="int", role="scratch")
    order = StateVar("Particles tile by tile", ("particle",), dtype="int", role="scratch")
    lane_count = StateVar(
        "Particles of a lane in each tile, later where the next one goes",
        ("lane", "tile"),
        dtype="int",
        role="scratch",
    )
    lane_tile = StateVar(
        "Tiles of a lane's particles", ("lane", "lane_tile"), dtype="int", role="scratch"
    )
    lane_n_tiles = StateVar("How many these are", ("lane",), dtype="int", role="scratch")
    tile_count = StateVar("Particles in each tile", ("tile",), dtype="int", role="scratch")
    tile_near = StateVar(
        "Whether a tile is in the list of near ones", ("tile",), dtype="bool", role="scratch"
    )
    first_tile = StateVar(
        "Tiles with particles as they are found", ("slot",), dtype="int", role="scratch"
    )
    slot_tile = StateVar(
        "Tiles with particles, color by color", ("slot",), dtype="int", role="scratch"
    )
    slot_start = StateVar(
        "Where the particles of each begin in `order`", ("slot_end",), dtype="int", role="scratch"
    )
    color_start = StateVar(
        "Where each color begins in the slots", ("color_end",), dtype="int", role="scratch"
    )
    n_near = StateVar("Tiles with nodes that particles touch", dtype="int", role="scratch")
    near_tile = StateVar("These tiles", ("tile",), dtype="int", role="scratch")

    timestep = StateVar("Duration of a substep [s]", role="model")
    gravity = StateVar("Acceleration of free fall [m/s^2]", (), (3,), role="model")
    cell = StateVar("Size of a grid cell [m]", role="model")
    cells_per_metre = StateVar("Grid cells in a metre", role="model")
    least_mass = StateVar("Mass below which a node does not count [kg]", role="model")
    particle_material = StateVar(
        "Entity of each particle", ("particle",), dtype="int", role="model"
    )
    material_kind = StateVar("Law of each entity", ("material",), dtype="int", role="model")
    material_volume = StateVar("Volume of its particles [m^3]", ("material",), role="model")


class MPMState(GridMatterState, BodyContactState):
    """State, memory and parameters of the MPM solver."""
