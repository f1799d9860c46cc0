"""From what a user declared to entities, and from these to the solvers that move them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from genesis_state import sampling, sensors
from genesis_state.entities.emitter import Emitter
from genesis_state.entities.mpm_entity import MPMEntity
from genesis_state.entities.particle_entity import ParticleEntity
from genesis_state.entities.rigid_entity import RigidEntity
from genesis_state.entities.rigid_sensors import READERS, RigidSensorReader
from genesis_state.materials import MPM, Rigid
from genesis_state.morphs import Morph, Nowhere
from genesis_state.options import Options
from genesis_state.solvers.base import Solver
from genesis_state.solvers.mpm.solver import MPMSolver
from genesis_state.solvers.particle_spec import ParticleSpec
from genesis_state.solvers.rigid.entity_spec import EntitySpec
from genesis_state.solvers.rigid.solver import RigidSolver

if TYPE_CHECKING:
    from genesis_state.scene import Scene

OWN = (RigidSolver, MPMSolver)
"""Solvers that a scene makes itself."""


def entity_of(
    scene: Scene, morph: Morph, material: Options | None, name: str | None
) -> RigidEntity | MPMEntity:
    """The entity of a morph and a material, not yet in the scene's list."""
    if not isinstance(morph, Morph):
        raise TypeError(f"add_entity: morph is a {type(morph).__name__}, needs one of gs.morphs.")
    if name is None:
        name = f"{type(morph).__name__.lower()}_{len(scene.entities)}"
    if any(name == other.name for other in scene.entities):
        raise ValueError(f"add_entity: the name {name!r} is taken; give another.")
    if material is None:
        material = Rigid()
    if isinstance(material, Rigid):
        return RigidEntity(scene, len(scene.entities), name, morph, material)
    if isinstance(material, MPM.Base):
        return MPMEntity(scene, len(scene.entities), name, morph, material)
    raise TypeError(
        f"add_entity: material is a {type(material).__name__}, needs gs.materials.Rigid or one of "
        "gs.materials.MPM."
    )


def emitter_of(scene: Scene, material: Options, max_particles: int) -> Emitter:
    """The emitter of a material with an entity for its particles, neither in the scene's lists."""
    if not isinstance(material, MPM.Base):
        raise TypeError(
            f"add_emitter: material is a {type(material).__name__}, needs one of gs.materials.MPM."
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
    entity = MPMEntity(scene, len(scene.entities), name, shape, material)
    return Emitter(entity, len(scene.emitters))


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
    matter = [entity for entity in scene.entities if isinstance(entity, MPMEntity)]
    rigid = None
    if bodies:
        place = {entity.idx: i for i, entity in enumerate(bodies)}
        declared = [
            replace(s.options, entity_idx=place[s.options.entity_idx]) for s in scene.sensors
        ]
        specs = [EntitySpec(body.name, body.morph, body.material) for body in bodies]
        rigid = RigidSolver(specs, scene.rigid_options, declared, coupled=bool(matter))
        found.append(rigid)
    if matter:
        _require_apart(matter)
        found.append(MPMSolver([_particle_spec(e) for e in matter], scene.mpm_options, rigid))
    return found


def _particle_spec(entity: ParticleEntity) -> ParticleSpec:
    """One entity as its solver takes it, checked to lie where its particles may be."""
    unplaced = isinstance(entity.morph, Nowhere)
    sampled = entity.sampled
    if not unplaced:
        entity.domain.require(entity.name, sampled.positions)
    return ParticleSpec(
        entity.name,
        entity.material,
        sampled.positions,
        sampled.volume,
        active=not unplaced,
        emitter=any(emitter.entity is entity for emitter in entity.scene.emitters),
    )


def _require_apart(entities: Sequence[ParticleEntity]) -> None:
    """Refuses entities of which one lies in the other: matter cannot be in one place twice."""
    for i, one in enumerate(entities):
        for other in entities[:i]:
            if not _near(one, other):
                continue
            inside = sampling.contains(other.morph, one.sampled.positions)
            if not inside.any():
                inside = sampling.contains(one.morph, other.sampled.positions)
            if inside.any():
                raise ValueError(
                    f"{other.name} and {one.name} overlap: {int(inside.sum())} particles of one "
                    "lie in the shape of the other; move them apart."
                )


def _near(one: ParticleEntity, other: ParticleEntity) -> bool:
    """Whether the boxes about the particles of two entities meet."""
    a, b = one.sampled.positions, other.sampled.positions
    room = one.particle_size + other.particle_size
    gap = np.maximum(a.min(axis=0) - b.max(axis=0), b.min(axis=0) - a.max(axis=0))
    return bool((gap < room).all())
