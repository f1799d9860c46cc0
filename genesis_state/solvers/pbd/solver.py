"""The PBD solver: particles whose positions constraints correct, stepped by Taichi kernels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from genesis_state.kernels import pbd_step
from genesis_state.options import PBDOptions
from genesis_state.solvers.continuum import Continuum
from genesis_state.solvers.entity_part import EntityPart, particle_parts
from genesis_state.solvers.pbd.laws import kind_of, parameters
from genesis_state.solvers.pbd.rest import crowd, digest
from genesis_state.solvers.pbd.schema import PBDState
from genesis_state.solvers.pbd.sizes import Sizes, reach
from genesis_state.solvers.pbd.spec import PBDSpec
from genesis_state.solvers.pbd.ties import edges_of, hinges_of, tets_of
from genesis_state.solvers.rigid.solver import RigidSolver


class PBDSolver(Continuum):
    """Cloth, elastic solids, liquid and free particles by position based dynamics.

    XPBD with small steps (Macklin et al. 2016; Macklin et al. 2019) and position based fluids
    (Macklin and Müller 2013). The bounds of the domain are walls.

    Args:
        specs: The entities' particles and what ties them.
        options: Iterations and domain.
        rigid: The rigid solver of the scene, or None.

    Attributes:
        particle_starts: First particle of each entity, and one past the last of all.
        edges, hinges, tets: What ties particles, of all entities.
    """

    schema = PBDState

    def __init__(
        self,
        specs: Sequence[PBDSpec],
        options: PBDOptions,
        rigid: RigidSolver | None = None,
    ):
        super().__init__(options, rigid)
        self._specs = tuple(specs)
        counts = [len(spec.positions) for spec in specs]
        self.particle_starts = tuple(int(i) for i in np.cumsum([0, *counts]))
        self.edges = edges_of(specs)
        self.hinges = hinges_of(specs)
        self.tets = tets_of(specs)
        self._kinds = frozenset(kind_of(spec.material) for spec in specs)
        self._reach = reach(options, self._kinds)

    def measure(self, n_envs: int, bodies: int, eps: float) -> Sizes:
        # A mesh may be finer than its particles are large.
        crowds = [crowd(s.positions, self._reach) for s in self._specs if len(s.edges)]
        return Sizes(
            self.options,
            n_envs,
            [len(spec.positions) for spec in self._specs],
            sum(spec.emitter for spec in self._specs),
            self._kinds,
            self.edges,
            self.hinges,
            self.tets,
            bodies,
            eps,
            max(crowds, default=0.0),
        )

    def start(self) -> None:
        self.arena.write_model(
            {
                "timestep": self.timestep,
                "gravity": self.gravity,
                "particle_size": self.options.particle_size,
                "reach": self._reach,
                "cells_per_metre": 1.0 / self._reach,
                "lower": self.options.lower_bound,
                "upper": self.options.upper_bound,
                "particle_material": np.repeat(
                    range(len(self._specs)), [len(s.positions) for s in self._specs]
                ),
                "particle_amount": np.concatenate([s.mass / s.material.rho for s in self._specs]),
                "particle_rest": np.concatenate([s.positions for s in self._specs]),
                "material_start": self.particle_starts,
                "material_kind": [kind_of(s.material) for s in self._specs],
                "edge_particles": self.edges.particles,
                "edge_material": self.edges.material,
                "edge_length": self.edges.rest,
                "hinge_particles": self.hinges.particles,
                "hinge_material": self.hinges.material,
                "hinge_angle": self.hinges.rest,
                "tet_particles": self.tets.particles,
                "tet_material": self.tets.material,
                "tet_volume": self.tets.rest,
            }
        )
        for k, spec in enumerate(self._specs):
            for name, value in parameters(spec.material).items():
                with self.arena.edit(name) as (view,):
                    view[:, k] = value
            own = slice(self.particle_starts[k], self.particle_starts[k + 1])
            with self.arena.edit("pos", "active") as (pos, active):
                pos[:, own] = torch.from_numpy(spec.positions).to(pos)
                active[:, own] = spec.active

    def entity_parts(self) -> tuple[EntityPart, ...]:
        return particle_parts(self._specs)

    def signature(self) -> tuple[tuple[str, str], ...]:
        entities = "; ".join(
            f"{spec.name}: {type(spec.material).__name__}, {len(spec.positions)} particles, "
            f"{len(spec.edges)} edges, {len(spec.hinges)} hinges, {len(spec.tets)} tetrahedra"
            for spec in self._specs
        )
        return (
            ("pbd entities", entities),
            ("pbd rest shapes", digest(self._specs)),
            ("pbd particle size", f"{self.options.particle_size:.9g} m"),
        )

    def settings(self) -> tuple[tuple[str, str], ...]:
        n = self._sizes
        iterations = (
            f"{n.stretch_iterations} stretch, {n.bending_iterations} bending, "
            f"{n.volume_iterations} volume, {n.density_iterations} density, "
            f"{n.viscosity_iterations} viscosity"
        )
        domain = f"{self.options.lower_bound} to {self.options.upper_bound} m"
        return (*super().settings(), ("pbd iterations", iterations), ("pbd domain", domain))

    def begin_step(self) -> None:
        pbd_step.begin_step(self._sizes, self.fields, self.fields)

    def approach(self) -> None:
        pbd_step.approach(self.model, self._sizes, self.fields, self.fields, *self.bodies())

    def follow(self) -> None:
        pbd_step.follow(self.model, self._sizes, self.fields, self.fields, *self.bodies())
