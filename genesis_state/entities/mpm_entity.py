"""Matter of the material point method in a scene."""

from __future__ import annotations

from typing import Any

import torch

from genesis_state.domain import Domain
from genesis_state.entities.particle_entity import ParticleEntity
from genesis_state.solvers.mpm.solver import MPMSolver


class MPMEntity(ParticleEntity):
    """A solid, liquid or heap of grains; what it is made of is one of `gs.materials.MPM`."""

    def _solver(self) -> MPMSolver:
        return self.scene.mpm_solver

    @property
    def particle_size(self) -> float:
        size = self.scene.mpm_options.particle_size
        assert size is not None
        return size

    @property
    def domain(self) -> Domain:
        return self.scene.mpm_options.domain

    def get_mass(self, envs_idx: Any = None) -> torch.Tensor:
        bound, selection = self._bound, self._envs(envs_idx)
        place = len([e for e in self.scene.entities[: self.idx] if type(e) is type(self)])
        arena = bound.solver.arena
        rho = selection.take(arena.block_of("rho").get("rho"))[:, place]
        active = selection.take(arena.block_of("active").get("active")[:, bound.particles])
        return self._unbatched(rho * self.sampled.volume * active.sum(dim=-1))
