"""An entity whose shape was filled with particles."""

from __future__ import annotations

from functools import cached_property
from typing import TypeVar

import numpy as np
import torch

from genesis_state import sampling
from genesis_state.entities.particle_entity import ParticleEntity
from genesis_state.materials.sampled import Sampled

SampledT = TypeVar("SampledT", bound=Sampled)


class SampledEntity(ParticleEntity[SampledT]):
    """Matter whose shape was filled with particles, all of one volume."""

    @cached_property
    def sampled(self) -> sampling.Particles:
        """Its particles as its shape was filled with them; known before the scene is built."""
        sampler, size = self.material.sampler, self.particle_size
        try:
            return sampling.particles(self.morph, size, sampler, seed=self.idx)
        except (ValueError, TypeError, FileNotFoundError) as error:
            raise type(error)(f"{self.name}: {error}") from None

    @property
    def _points(self) -> np.ndarray:
        return self.sampled.positions

    def _amount(self, active: torch.Tensor) -> torch.Tensor:
        return self.sampled.volume * active.sum(dim=-1)
