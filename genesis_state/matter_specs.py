"""From entities of matter to what their solvers take of them, checked to fit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from genesis_state import sampling
from genesis_state.entities.fem_entity import FEMEntity
from genesis_state.entities.particle_entity import ParticleEntity
from genesis_state.entities.pbd_entity import (
    PBD2DEntity,
    PBD3DEntity,
    PBDFreeParticleEntity,
    PBDTetEntity,
)
from genesis_state.entities.sampled_entity import SampledEntity
from genesis_state.materials import MPM, PBD, SPH
from genesis_state.morphs import Nowhere
from genesis_state.solvers.fem.spec import FEMSpec
from genesis_state.solvers.particle_spec import ParticleSpec
from genesis_state.solvers.pbd.spec import PBDSpec


def mpm_specs(entities: Sequence[SampledEntity[MPM.Base]]) -> list[ParticleSpec[MPM.Base]]:
    """What the MPM solver takes.

    Raises:
        ValueError: Particles are outside of their domain, or two entities overlap.
    """
    _require_apart(entities)
    return [ParticleSpec(e.name, e.material, *_sampled(e)) for e in entities]


def sph_specs(entities: Sequence[SampledEntity[SPH.Liquid]]) -> list[ParticleSpec[SPH.Liquid]]:
    """What the SPH solver takes; raises as `mpm_specs`."""
    _require_apart(entities)
    return [ParticleSpec(e.name, e.material, *_sampled(e)) for e in entities]


def pbd_specs(entities: Sequence[ParticleEntity[Any]]) -> list[PBDSpec]:
    """What the PBD solver takes; raises as `mpm_specs`. Cloth and free particles may overlap."""
    _require_apart([e for e in entities if not isinstance(e, (PBD2DEntity, PBDFreeParticleEntity))])
    return [_pbd_spec(entity) for entity in entities]


def fem_specs(entities: Sequence[FEMEntity]) -> list[FEMSpec]:
    """What the FEM solver takes."""
    return [FEMSpec(e.name, e.material, e._points, e.elems) for e in entities]


def _sampled(entity: SampledEntity[Any]) -> tuple[np.ndarray, float, bool, bool]:
    """Positions, volume, whether they take part, and whether an emitter owns them."""
    unplaced = isinstance(entity.morph, Nowhere)
    if not unplaced:
        entity.domain.require(entity.name, entity.sampled.positions)
    owned = any(emitter.entity is entity for emitter in entity.scene.emitters)
    return entity.sampled.positions, entity.sampled.volume, not unplaced, owned


def _pbd_spec(entity: ParticleEntity[Any]) -> PBDSpec:
    material: PBD.Base = entity.material
    if isinstance(entity, PBDTetEntity):
        positions = entity.init_particles
        entity.domain.require(entity.name, positions)
        mass = material.rho * entity.amounts
        return PBDSpec(
            entity.name, material, positions, mass, entity.edges, entity.hinges, entity.elems
        )
    assert isinstance(entity, SampledEntity)
    positions, volume, active, owned = _sampled(entity)
    none = {
        name: np.zeros((0, n), dtype=np.int64)
        for name, n in (("edges", 2), ("hinges", 4), ("tets", 4))
    }
    mass = np.full(len(positions), material.rho * volume)
    return PBDSpec(entity.name, material, positions, mass, **none, active=active, emitter=owned)


def _require_apart(entities: Sequence[ParticleEntity[Any]]) -> None:
    """Refuses entities of which one lies in the other: matter cannot be in one place twice."""
    for i, one in enumerate(entities):
        for other in entities[:i]:
            if not _near(one, other):
                continue
            inside = sampling.contains(other.morph, _middles(one))
            if not inside.any():
                inside = sampling.contains(one.morph, _middles(other))
            if inside.any():
                raise ValueError(
                    f"{other.name} and {one.name} overlap: {int(inside.sum())} particles of one "
                    "lie in the shape of the other; move them apart."
                )


def _middles(entity: ParticleEntity[Any]) -> np.ndarray:
    """Points of an entity that lie in no other's shape where the two just touch."""
    points = entity.init_particles
    return points[entity.elems].mean(axis=1) if isinstance(entity, PBD3DEntity) else points


def _near(one: ParticleEntity[Any], other: ParticleEntity[Any]) -> bool:
    """Whether the boxes about the particles of two entities meet."""
    a, b = one.init_particles, other.init_particles
    room = one.particle_size + other.particle_size
    gap = np.maximum(a.min(axis=0) - b.max(axis=0), b.min(axis=0) - a.max(axis=0))
    return bool((gap < room).all())
