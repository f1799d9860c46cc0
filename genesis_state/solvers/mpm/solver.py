"""The MPM solver: particles that a grid moves, stepped by Taichi kernels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from genesis_state.kernels import mpm_step
from genesis_state.materials import MPM
from genesis_state.options import MPMOptions
from genesis_state.solvers.continuum import Continuum
from genesis_state.solvers.entity_part import EntityPart, particle_parts
from genesis_state.solvers.mpm.laws import law_of, parameters, rest_volume
from genesis_state.solvers.mpm.schema import MPMState
from genesis_state.solvers.mpm.sizes import Sizes
from genesis_state.solvers.particle_spec import ParticleSpec
from genesis_state.solvers.rigid.solver import RigidSolver


class MPMSolver(Continuum):
    """Elastic, plastic, granular and liquid matter by the material point method.

    MLS-MPM (Hu et al. 2018) with affine transfers (Jiang et al. 2015) and quadratic B-splines,
    explicit in time. The walls of the domain are three cells inside its bounds; matter slips along
    them.

    Args:
        specs: The entities' particles.
        options: Grid and domain.
        rigid: The rigid solver of the scene, or None.

    Attributes:
        particle_starts: First particle of each entity, and one past the last of all.
    """

    schema = MPMState

    def __init__(
        self,
        specs: Sequence[ParticleSpec[MPM.Base]],
        options: MPMOptions,
        rigid: RigidSolver | None = None,
    ):
        super().__init__(options, rigid)
        self._specs = tuple(specs)
        counts = [len(spec.positions) for spec in specs]
        self.particle_starts = tuple(int(i) for i in np.cumsum([0, *counts]))

    def measure(self, n_envs: int, bodies: int, eps: float) -> Sizes:
        return Sizes(
            self.options,
            n_envs,
            [len(spec.positions) for spec in self._specs],
            sum(spec.emitter for spec in self._specs),
            frozenset(law_of(spec.material) for spec in self._specs),
            bodies,
            eps,
        )

    def start(self) -> None:
        lightest = min(s.material.rho * s.volume for s in self._specs)
        values = {
            "timestep": self.timestep,
            "gravity": self.gravity,
            "cell": 1.0 / self.options.grid_density,
            "cells_per_metre": self.options.grid_density,
            "least_mass": lightest * self._sizes.eps**2,
            "particle_material": np.repeat(
                range(len(self._specs)), [len(s.positions) for s in self._specs]
            ),
            "material_kind": [law_of(s.material) for s in self._specs],
            "material_volume": [s.volume for s in self._specs],
        }
        self.arena.write_model(values)
        for k, spec in enumerate(self._specs):
            for name, value in parameters(spec.material).items():
                with self.arena.edit(name) as (view,):
                    view[:, k] = value
            own = slice(self.particle_starts[k], self.particle_starts[k + 1])
            with self.arena.edit("pos", "active", "Jp") as (pos, active, Jp):
                pos[:, own] = torch.from_numpy(spec.positions).to(pos)
                active[:, own] = spec.active
                Jp[:, own] = rest_volume(spec.material)

    def entity_parts(self) -> tuple[EntityPart, ...]:
        return particle_parts(self._specs)

    def signature(self) -> tuple[tuple[str, str], ...]:
        n = self._sizes
        entities = "; ".join(
            f"{spec.name}: {type(spec.material).__name__}, {len(spec.positions)} particles of "
            f"{spec.volume:.6g} m^3, law {law_of(spec.material)}"
            for spec in self._specs
        )
        grid = f"{n.cells} cells of {1.0 / self.options.grid_density:.9g} m from {n.lower}"
        return (("mpm entities", entities), ("mpm grid", grid))

    def begin_step(self) -> None:
        mpm_step.begin_step(self.model, self._sizes, self.fields, self.fields)

    def approach(self) -> None:
        mpm_step.scatter(self.model, self._sizes, self.fields, self.fields, *self.bodies())

    def follow(self) -> None:
        mpm_step.gather(self.model, self._sizes, self.fields, self.fields, *self.bodies())
