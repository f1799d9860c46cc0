"""The FEM solver: tetrahedra, stepped by Taichi kernels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from genesis_state.kernels import fem_explicit, fem_implicit
from genesis_state.options import FEMOptions, SimOptions
from genesis_state.runtime import Backend, Runtime
from genesis_state.solvers.continuum import Continuum
from genesis_state.solvers.entity_part import EntityPart, one_after_the_other
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

    def build(self, n_envs: int, sim: SimOptions, runtime: Runtime) -> None:
        if self.options.use_implicit_solver and runtime.backend is Backend.vulkan:
            # Mesa's llvmpipe leaves a loop after 65,535 rounds, and says nothing.
            raise ValueError(
                "FEMOptions: use_implicit_solver=True on Vulkan, whose drivers may cut the long "
                "loops of its linear solver short; step explicitly, or use gs.cpu or gs.cuda."
            )
        super().build(n_envs, sim, runtime)

    def measure(self, n_envs: int, bodies: int, eps: float) -> Sizes:
        kinds = frozenset(law_of(spec.material) for spec in self._specs)
        return Sizes(self.options, n_envs, self.mesh, kinds, bodies, eps)

    def start(self) -> None:
        edges = np.linalg.norm(self.mesh.edges, axis=1)
        values: dict[str, Any] = {
            "timestep": self.timestep,
            "gravity": self.gravity,
            "damping": math.exp(-self.timestep * self.options.damping),
            "floor": self.options.floor_height or 0.0,
            "touch_reach": 0.1 * edges.mean() if self._sizes.implicit else 0.0,
            "material_kind": [law_of(spec.material) for spec in self._specs],
            **self.mesh.constants(),
        }
        if self._sizes.faces:
            values |= self.mesh.face_constants()
        if self._sizes.implicit:
            values |= self._implicit_constants()
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

    def _implicit_constants(self) -> dict[str, Any]:
        options = self.options
        return {
            "damping_alpha": options.damping_alpha,
            "damping_beta": options.damping_beta,
            "newton_iterations": options.n_newton_iterations,
            "newton_threshold": options.newton_dx_threshold,
            "pcg_iterations": options.n_pcg_iterations,
            "pcg_threshold": options.pcg_threshold,
            "linesearch_iterations": options.n_linesearch_iterations,
            "linesearch_c": options.linesearch_c,
            "linesearch_tau": options.linesearch_tau,
            **self.mesh.matrix_constants(),
        }

    def entity_parts(self) -> tuple[EntityPart, ...]:
        constrained = bool(self._sizes.constrained)
        return one_after_the_other(
            (
                spec.name,
                type(spec.material).__name__,
                {
                    "vertex": len(spec.vertices),
                    "constrained_vertex": constrained * len(spec.vertices),
                    "element": len(spec.elements),
                    "material": 1,
                },
            )
            for spec in self._specs
        )

    def signature(self) -> tuple[tuple[str, str], ...]:
        entities = "; ".join(
            f"{spec.name}: {spec.material.model}, {len(spec.vertices)} vertices, "
            f"{len(spec.elements)} elements"
            for spec in self._specs
        )
        way = "implicit" if self.options.use_implicit_solver else "explicit"
        return (
            ("fem entities", entities),
            ("fem meshes", self.mesh.digest()),
            ("fem steps", way),
        )

    def settings(self) -> tuple[tuple[str, str], ...]:
        left = {"dt", "gravity", "use_implicit_solver", "enable_vertex_constraints"}
        options = ", ".join(f"{k}={v!r}" for k, v in vars(self.options).items() if k not in left)
        return (*super().settings(), ("fem options", options))

    def begin_step(self) -> None:
        fem_explicit.begin_step(self.model, self._sizes, self.fields, self.fields)

    @property
    def _given(self) -> tuple[Any, ...]:
        """What kernels of a substep take."""
        return (self.model, self._sizes, self.fields, self.fields, *self.bodies())

    def approach(self) -> None:
        if self._sizes.implicit:
            fem_implicit.approach(*self._given)
        elif self._sizes.coupled:
            fem_explicit.approach(*self._given)

    def follow(self) -> None:
        if self._sizes.implicit:
            fem_implicit.follow(*self._given)
        elif self._sizes.coupled:
            fem_explicit.follow(*self._given)
        else:
            fem_explicit.substep(self.model, self._sizes, self.fields, self.fields)

    def step(self) -> None:
        if self._sizes.coupled or self._sizes.implicit or self.n_envs < BATCH:
            super().step()
            return
        self.begin_step()
        fem_explicit.step_envs(self.model, self._sizes, self.fields, self.fields, self.substeps)
