"""One entity made of particles, as a solver takes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genesis_state.materials import MPM


@dataclass(frozen=True, eq=False)
class ParticleSpec:
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
    material: MPM.Base
    positions: np.ndarray
    volume: float
    active: bool = True
    emitter: bool = False
