"""Every variable of the SPH solver, declared once.

A slot is a place in the order of the active particles by cell, see `neighbour_schema.py`.
"""

from genesis_state.schema import Schema, StateVar
from genesis_state.solvers.body_contact_schema import BodyContactState
from genesis_state.solvers.neighbour_schema import NeighbourState


class LiquidState(Schema):
    """State, memory and parameters of liquids, and what a substep makes of them."""

    pos = StateVar("Particle position [m]", ("particle",), (3,))
    vel = StateVar("Particle velocity [m/s]", ("particle",), (3,))
    active = StateVar("Whether the particle takes part", ("particle",), dtype="bool")

    pressure = StateVar(
        "Pressure of the last substep, where the next solve starts: p V^2 [Pa m^6]",
        ("solved_particle",),
        role="memory",
    )
    emitter_next = StateVar(
        "Particle that each emitter emits next", ("emitter",), dtype="int", role="memory"
    )
    emitter_left = StateVar(
        "Length of the stream that each has not emitted yet [m]", ("emitter",), role="memory"
    )

    rho = StateVar("Density at rest of each entity [kg/m^3]", ("material",), role="param")
    stiffness = StateVar("Scale of the pressure [Pa]", ("material",), role="param")
    exponent = StateVar("How steeply pressure rises with density", ("material",), role="param")
    mu = StateVar("Kinematic viscosity [m^2/s]", ("material",), role="param")
    gamma = StateVar("Surface tension [m^3/s^2]", ("material",), role="param")

    slot_vel = StateVar(
        "Velocity of each slot's particle [m/s]", ("particle",), (3,), role="scratch"
    )
    slot_free = StateVar(
        "Its velocity after the substep if nothing is in its way [m/s]",
        ("particle",),
        (3,),
        role="scratch",
    )
    slot_density = StateVar("Its density in parts of that of rest", ("particle",), role="scratch")
    slot_volume = StateVar("Volume that it takes [m^3]", ("particle",), role="scratch")
    slot_push = StateVar(
        "Its pressure times the square of that volume [Pa m^6]", ("particle",), role="scratch"
    )
    slot_firm_slope = StateVar(
        "Slope of the density that what cannot move adds [1/m]",
        ("particle",),
        (3,),
        role="scratch",
    )
    lane_first_geom = StateVar(
        "First geom that a lane's particles may touch", ("lane",), dtype="int", role="scratch"
    )
    lane_end_geom = StateVar("One past the last", ("lane",), dtype="int", role="scratch")

    timestep = StateVar("Duration of a substep [s]", role="model")
    gravity = StateVar("Acceleration of free fall [m/s^2]", (), (3,), role="model")
    particle_size = StateVar("Diameter of a particle [m]", role="model")
    kernel_scale = StateVar("Factor of the smoothing kernel [1/m^3]", role="model")
    wall_lower = StateVar("Lower corner of the domain [m]", (), (3,), role="model")
    wall_upper = StateVar("Upper corner [m]", (), (3,), role="model")
    particle_material = StateVar(
        "Entity of each particle", ("particle",), dtype="int", role="model"
    )
    material_volume = StateVar(
        "Volume whose mass a particle of each has [m^3]", ("material",), role="model"
    )
    material_rest_volume = StateVar(
        "Volume that it takes at rest, by the smoothing kernel [m^3]", ("material",), role="model"
    )


class SolvedPressureState(Schema):
    """What solving for the pressure takes."""

    slot_target = StateVar(
        "Velocity without pressure [m/s]", ("solved_particle",), (3,), role="scratch"
    )
    slot_early_push = StateVar(
        "What the first solve gave for `slot_push` [Pa m^6]", ("solved_particle",), role="scratch"
    )
    slot_softness = StateVar(
        "How much a push relieves its own compression", ("solved_particle",), role="scratch"
    )
    slot_wall_slope = StateVar(
        "Slope of the density that surfaces add [1/m]", ("solved_particle",), (3,), role="scratch"
    )
    slot_wall_rate = StateVar(
        "How fast it falls as they move [1/s]", ("solved_particle",), role="scratch"
    )
    slot_n_surfaces = StateVar(
        "Surfaces of bodies near each slot", ("solved_particle",), dtype="int", role="scratch"
    )
    slot_surface = StateVar(
        "Normal of each, and the least speed along it [m/s]", ("surface",), (4,), role="scratch"
    )
    lane_compression = StateVar(
        "Sum of what is compressed too much, for each lane", ("lane",), role="scratch"
    )
    solving = StateVar("Whether the solve goes on", dtype="bool", role="scratch")


class SPHState(LiquidState, SolvedPressureState, NeighbourState, BodyContactState):
    """Liquids by smoothed particle hydrodynamics."""
