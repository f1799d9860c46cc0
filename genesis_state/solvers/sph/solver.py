"""The SPH solver: liquids of particles that push each other, stepped by Taichi kernels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from genesis_state.kernels import sph_step
from genesis_state.materials import SPH
from genesis_state.options import SPHOptions
from genesis_state.solvers.continuum import Continuum
from genesis_state.solvers.entity_part import EntityPart, particle_parts
from genesis_state.solvers.particle_spec import ParticleSpec
from genesis_state.solvers.rigid.solver import RigidSolver
from genesis_state.solvers.sph.rest import kernel_scale, rest_volume
from genesis_state.solvers.sph.schema import SPHState
from genesis_state.solvers.sph.sizes import REACH, Sizes

# Where substeps are short a mean error passes too soon: liquid at rest seethes with fewer of them.
LEAST_ITERATIONS = 3
PARAMETERS = ("rho", "stiffness", "exponent", "mu", "gamma")


class SPHSolver(Continuum):
    """Liquids by smoothed particle hydrodynamics, weakly compressible or divergence-free.

    WCSPH (Becker and Teschner 2007): p = stiffness ((density / rho)^exponent - 1), not negative.
    DFSPH (Bender and Koschier 2017): the pressure is solved for. The walls of the domain are its
    bounds; liquid slips along them and stays half a particle off.

    Args:
        specs: The entities' particles.
        options: Particles, pressure and domain.
        rigid: The rigid solver of the scene, or None.

    Attributes:
        particle_starts: First particle of each entity, and one past the last of all.
    """

    schema = SPHState
    options: SPHOptions

    def __init__(
        self,
        specs: Sequence[ParticleSpec[SPH.Liquid]],
        options: SPHOptions,
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
            bodies,
        )

    def start(self) -> None:
        reach = REACH * self.options.particle_size
        values = {
            "timestep": self.timestep,
            "gravity": self.gravity,
            "reach": reach,
            "cells_per_metre": 1.0 / reach,
            "kernel_scale": kernel_scale(reach),
            "particle_size": self.options.particle_size,
            "wall_lower": self.options.domain.lower,
            "wall_upper": self.options.domain.upper,
            "particle_material": np.repeat(
                range(len(self._specs)), [len(s.positions) for s in self._specs]
            ),
            "material_volume": [s.volume for s in self._specs],
            "material_rest_volume": [
                rest_volume(s.positions, s.volume, reach) if s.active else s.volume
                for s in self._specs
            ],
        }
        self.arena.write_model(values)
        for k, spec in enumerate(self._specs):
            for name in PARAMETERS:
                with self.arena.edit(name) as (view,):
                    view[:, k] = getattr(spec.material, name)
            own = slice(self.particle_starts[k], self.particle_starts[k + 1])
            with self.arena.edit("pos", "active") as (pos, active):
                pos[:, own] = torch.from_numpy(spec.positions).to(pos)
                active[:, own] = spec.active

    def entity_parts(self) -> tuple[EntityPart, ...]:
        return particle_parts(self._specs)

    def signature(self) -> tuple[tuple[str, str], ...]:
        entities = "; ".join(
            f"{spec.name}: {type(spec.material).__name__}, {len(spec.positions)} particles of "
            f"{spec.volume:.6g} m^3"
            for spec in self._specs
        )
        o = self.options
        domain = f"{o.lower_bound} to {o.upper_bound} m, particles of {o.particle_size:.9g} m"
        return (
            ("sph entities", entities),
            ("sph domain", domain),
            ("sph pressure", o.pressure_solver),
        )

    def settings(self) -> tuple[tuple[str, str], ...]:
        o = self.options
        if not self._sizes.solves:
            return super().settings()
        solve = (
            f"divergence {o.max_divergence_error:.9g} % in {o.max_divergence_solver_iterations} "
            f"iterations, density {o.max_density_error_percent:.9g} % in "
            f"{o.max_density_solver_iterations}"
        )
        return (*super().settings(), ("sph solve", solve))

    def begin_step(self) -> None:
        """Nothing: what is active is found in every substep."""

    def approach(self) -> None:
        fields, bodies = self.fields, self.bodies()
        sph_step.look_around(self.model, self._sizes, fields, fields, *bodies)
        if not self._sizes.solves:
            sph_step.accelerate(self.model, self._sizes, fields, fields, *bodies)
            return
        o = self.options
        sph_step.begin_divergence_solve(self.model, self._sizes, fields, fields)
        self._solve(True, o.max_divergence_error, o.max_divergence_solver_iterations)
        sph_step.begin_density_solve(self.model, self._sizes, fields, fields)
        self._solve(False, o.max_density_error_percent, o.max_density_solver_iterations)
        sph_step.meet_bodies(self.model, self._sizes, fields, fields, *bodies)

    def _solve(self, divergence: bool, percent: float, iterations: int) -> None:
        """Relaxes pressures until no environment is compressed by more on average."""
        fields = self.fields
        for k in range(1, iterations + 1):
            most = -1.0 if k < LEAST_ITERATIONS else 0.01 * percent
            if not sph_step.relax(self.model, self._sizes, fields, fields, divergence, most):
                return

    def follow(self) -> None:
        sph_step.move(self.model, self._sizes, self.fields, self.fields, *self.bodies())
