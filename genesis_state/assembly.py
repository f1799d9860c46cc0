"""From what a user declared to entities, and from these to the solvers that move them."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from genesis_state import sensors
from genesis_state.entities.entity import Entity
from genesis_state.entities.matter_entity import MatterEntity
from genesis_state.entities.rigid_entity import RigidEntity
from genesis_state.entities.rigid_sensors import READERS, RigidSensorReader
from genesis_state.materials import FEM, MPM, PBD, SPH, Rigid
from genesis_state.morphs import Morph, Nowhere, Primitive
from genesis_state.options import Options
from genesis_state.solvers.base import Solver
from genesis_state.solvers.rigid.entity_spec import EntitySpec
from genesis_state.solvers.rigid.solver import RigidSolver

if TYPE_CHECKING:
    from genesis_state.entities.emitter import Emitter
    from genesis_state.scene import Scene

ENTITIES: dict[type[Options], tuple[str, str]] = {
    Rigid: ("entities.rigid_entity", "RigidEntity"),
    MPM.Base: ("entities.mpm_entity", "MPMEntity"),
    SPH.Liquid: ("entities.sph_entity", "SPHEntity"),
    PBD.Cloth: ("entities.pbd_entity", "PBD2DEntity"),
    PBD.Elastic: ("entities.pbd_entity", "PBD3DEntity"),
    PBD.Liquid: ("entities.pbd_entity", "PBDParticleEntity"),
    PBD.Particle: ("entities.pbd_entity", "PBDFreeParticleEntity"),
    FEM.Elastic: ("entities.fem_entity", "FEMEntity"),
}
"""What an entity of each material is."""

CONTINUA = ("mpm", "sph", "pbd", "fem")
"""Matter that is not rigid, in the order in which it steps."""


def _named(module: str, name: str) -> Any:
    """Of a module that is imported where it is needed: a scene of robots needs none of matter."""
    return getattr(import_module(f"genesis_state.{module}"), name)


def own_solvers() -> tuple[type[Solver], ...]:
    """Solvers that a scene makes itself."""
    return RigidSolver, *map(_continuum_solver, CONTINUA)


def _continuum_solver(alias: str) -> Any:
    return _named(f"solvers.{alias}.solver", f"{alias.upper()}Solver")


def entity_of(
    scene: Scene, morph: Morph, material: Options | None, name: str | None
) -> Entity[Any, Any]:
    """The entity of a morph and a material, not yet in the scene's list."""
    if not isinstance(morph, Morph):
        raise TypeError(f"add_entity: morph is a {type(morph).__name__}, needs one of gs.morphs.")
    if name is None:
        name = f"{type(morph).__name__.lower()}_{len(scene.entities)}"
    if any(name == other.name for other in scene.entities):
        raise ValueError(f"add_entity: the name {name!r} is taken; give another.")
    if material is None:
        material = Rigid()
    kind = _kind_of(material)
    if kind is None:
        raise TypeError(
            f"add_entity: material is a {type(material).__name__}, needs gs.materials.Rigid or one "
            "of gs.materials.MPM, SPH, PBD and FEM."
        )
    sized = isinstance(morph, Primitive) and morph.maxvolume is not None
    if sized and not isinstance(material, (PBD.Elastic, FEM.Elastic)):
        raise ValueError(
            f"add_entity: {name}: maxvolume is that of tetrahedra, and {type(material).__name__} "
            "has none; leave it out."
        )
    return kind(scene, len(scene.entities), name, morph, material)


def emitter_of(scene: Scene, material: Options, max_particles: int) -> Emitter:
    """The emitter of a material with an entity for its particles, neither in the scene's lists."""
    from genesis_state.entities.emitter import Emitter
    from genesis_state.entities.sampled_entity import SampledEntity

    kind = _kind_of(material)
    if kind is None or not issubclass(kind, SampledEntity):
        raise TypeError(
            f"add_emitter: material is a {type(material).__name__}, needs one of "
            "gs.materials.MPM, SPH.Liquid, PBD.Liquid or PBD.Particle."
        )
    name = f"emitter_{len(scene.emitters)}"
    if any(name == other.name for other in scene.entities):
        raise ValueError(f"add_emitter: the name {name!r} is taken; name that entity otherwise.")
    try:
        shape = Nowhere(n_particles=max_particles)
    except ValueError:
        raise ValueError(
            f"add_emitter: max_particles is {max_particles!r}, needs a positive integer."
        ) from None
    entity = kind(scene, len(scene.entities), name, shape, material)
    place = sum(other.entity.SOLVER == kind.SOLVER for other in scene.emitters)
    return Emitter(entity, place)


def _kind_of(material: Any) -> Any:
    """The class of an entity of a material, or None if it is no material."""
    found = (place for base, place in ENTITIES.items() if isinstance(material, base))
    place = next(found, None)
    return place and _named(*place)


def sensor_of(scene: Scene, options: sensors.RigidSensor) -> RigidSensorReader:
    """The reader of a declared sensor, not yet in the scene's list."""
    if type(options) not in READERS:
        raise TypeError(f"add_sensor: it is a {type(options).__name__}, needs one of gs.sensors.")
    if options.entity_idx >= len(scene.entities):
        raise IndexError(
            f"add_sensor: entity_idx is {options.entity_idx}, out of range for the "
            f"{len(scene.entities)} entities added so far."
        )
    entity = scene.entities[options.entity_idx]
    if not isinstance(entity, RigidEntity):
        raise TypeError(f"add_sensor: {entity.name} has no links; sensors sit on rigid entities.")
    return READERS[type(options)](scene, options, len(scene.sensors))


def solvers_of(scene: Scene) -> list[Solver]:
    """The solvers that move a scene's entities, rigid bodies first; only those that are needed."""
    found: list[Solver] = []
    bodies = [entity for entity in scene.entities if isinstance(entity, RigidEntity)]
    matter = [entity for entity in scene.entities if isinstance(entity, MatterEntity)]
    rigid = None
    if bodies:
        place = {entity.idx: i for i, entity in enumerate(bodies)}
        declared = [
            replace(s.options, entity_idx=place[s.options.entity_idx]) for s in scene.sensors
        ]
        entity_specs = [
            EntitySpec(
                body.name,
                body.morph,
                body.material,
                body.attached_to and (body.attached_to[0].name, body.attached_to[1]),
            )
            for body in bodies
        ]
        rigid = RigidSolver(entity_specs, scene.rigid_options, declared, coupled=bool(matter))
        found.append(rigid)
    for alias in CONTINUA:
        own = [entity for entity in matter if alias == entity.SOLVER]
        if own:
            kind, take = _continuum_solver(alias), _named("matter_specs", f"{alias}_specs")
            found.append(kind(take(own), getattr(scene, f"{alias}_options"), rigid))
    return found
