"""The FEM solver: tetrahedra, stepped by Taichi kernels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from genesis_state.kernels import fem_explicit
from genesis_state.options import FEMOptions
from genesis_state.solvers.continuum import Continuum
from genesis_state.solvers.fem.laws import law_of, parameters
from genesis_state.solvers.fem.mesh import Mesh
from genesis_state.solvers.fem.schema import FEMState
from genesis_state.solvers.fem.sizes import Sizes
from genesis_state.solvers.fem.spec import FEMSpec
from genesis_state.solvers.rigid.solver import RigidSolver

BATCH = 8  # environments from which on a thread takes whole ones


class FEMSolver(Continuum):
    """Elastic solids by the finite element method, with linear tetrahedra.

    Masses are lumped. Explicit steps are symplectic Euler; implicit ones are backward Euler, by
    projected Newton iterations and conjugate gradients.

    Args:
        specs: The entities' tetrahedra.
        options: How to step, damping and floor.
        rigid: The rigid solver of the scene, or None.

    Attributes:
        mesh: The tetrahedra of all entities.
        vertex_starts: First vertex of each entity, and one past the last of all.
        element_starts: Likewise of elements.
    """

    schema = FEMState

    def __init__(
        self, specs: Sequence[FEMSpec], options: FEMOptions, rigid: RigidSolver | None = None
    ):
        super().__init__(options, rigid)
        self._specs = tuple(specs)
        self.mesh = Mesh.of(self._specs)
        self.vertex_starts = self.mesh.vertex_starts
        self.element_starts = self.mesh.element_starts

    def measure(self, n_envs: int, bodies: int, eps: float) -> Sizes:
        kinds = frozenset(law_of(spec.material) for spec in self._specs)
        return Sizes(self.options, n_envs, self.mesh, kinds, bodies, eps)

    def start(self) -> None:
        values: dict[str, Any] = {
            "timestep": self.timestep,
            "gravity": self.gravity,
            "damping": math.exp(-self.timestep * self.options.damping),
            "floor": self.options.floor_height or 0.0,
            "material_kind": [law_of(spec.material) for spec in self._specs],
            **self.mesh.constants(),
        }
        self.arena.write_model(values)
        for k, spec in enumerate(self._specs):
            for name, value in parameters(spec.material).items():
                with self.arena.edit(name) as (view,):
                    view[:, k] = value
            vertices = slice(*self.vertex_starts[k : k + 2])
            elements = slice(*self.element_starts[k : k + 2])
            with self.arena.edit("pos", "active") as (pos, active):
                pos[:, vertices] = torch.from_numpy(spec.vertices).to(pos)
                active[:, elements] = spec.active

    def signature(self) -> tuple[tuple[str, str], ...]:
        entities = "; ".join(
            f"{spec.name}: {spec.material.model}, {len(spec.vertices)} vertices, "
            f"{len(spec.elements)} elements"
            for spec in self._specs
        )
        return (("fem entities", entities), ("fem meshes", self.mesh.digest()))

    def begin_step(self) -> None:
        fem_explicit.begin_step(self.model, self._sizes, self.fields, self.fields)

    def approach(self) -> None:
        if self._sizes.coupled:
            fem_explicit.approach(self.model, self._sizes, self.fields, self.fields, *self.bodies())

    def follow(self) -> None:
        if self._sizes.coupled:
            fem_explicit.follow(self.model, self._sizes, self.fields, self.fields, *self.bodies())
        else:
            fem_explicit.substep(self.model, self._sizes, self.fields, self.fields)

    def step(self) -> None:
        if self._sizes.coupled or self.n_envs < BATCH:
            super().step()
            return
        self.begin_step()
        fem_explicit.step_envs(self.model, self._sizes, self.fields, self.fields, self.substeps)
