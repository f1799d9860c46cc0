"""One entity made of particles, as a solver takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from genesis_state.options import Options

MaterialT = TypeVar("MaterialT", bound=Options)


@dataclass(frozen=True, eq=False)
class ParticleSpec(Generic[MaterialT]):
    """The particles of one entity at the start.

    Attributes:
        name: The entity's name.
        material: What it is made of.
        positions: World [m], float64 of shape (n_particles, 3).
        volume: Of each particle [m^3].
        active: Whether they take part from the start; otherwise something has to emit them.
        emitter: Whether an emitter owns them.
    """

    name: str
    material: MaterialT
    positions: np.ndarray
    volume: float
    active: bool = True
    emitter: bool = False
