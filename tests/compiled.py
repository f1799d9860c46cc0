"""Entities compiled into one model, without a scene."""

from __future__ import annotations

from genesis_state import morphs
from genesis_state.materials import Rigid
from genesis_state.options import RigidOptions, SimOptions
from genesis_state.solvers.rigid.entity_spec import EntitySpec
from genesis_state.solvers.rigid.model import RigidModel, compile_model


def build(
    *parts: morphs.Morph | tuple[morphs.Morph, Rigid],
    sim: SimOptions | None = None,
    rigid: RigidOptions | None = None,
) -> RigidModel:
    """Compiles entities named e0, e1, ..."""
    entities = []
    for i, part in enumerate(parts):
        morph, material = part if isinstance(part, tuple) else (part, Rigid())
        entities.append(EntitySpec(f"e{i}", morph, material))
    return compile_model(entities, sim or SimOptions(), rigid or RigidOptions())


def differing(a: RigidModel, b: RigidModel) -> list[str]:
    """Keys of a's signature whose value b does not have."""
    return [key for key, value in a.signature if (key, value) not in b.signature]
