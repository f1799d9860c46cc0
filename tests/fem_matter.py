"""Solids made of tetrahedra by themselves: a solver without a scene, and what its vertices do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

import genesis_state as gs
from genesis_state import tetrahedra
from genesis_state.runtime import require
from genesis_state.solvers.fem.solver import FEMSolver
from genesis_state.solvers.fem.spec import FEMSpec

MODELS = ("linear", "linear_corotated", "stable_neohookean")


def block(
    lower: Sequence[float], upper: Sequence[float], edge: float
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and elements of a box, cut into cubes with this edge [m]."""
    vertices, elements = tetrahedra.box(np.array(lower), np.array(upper), edge)
    negative = tetrahedra.volumes(vertices, elements) < 0
    elements[negative] = elements[negative][:, [0, 1, 3, 2]]
    return vertices, elements


class Solid:
    """One solid in a solver of its own; all it gives is in float64, of the first environment.

    Args:
        vertices, elements: Its mesh at rest.
        material: What it is made of.
        dt: Duration of a step [s], one substep.
        gravity: Downwards [m/s^2].
        held: Whether each vertex is held where it is at rest.
        options: Of the solver; without damping unless they say so.
    """

    def __init__(
        self,
        vertices: np.ndarray,
        elements: np.ndarray,
        material: Any,
        *,
        dt: float,
        gravity: float = 0.0,
        held: np.ndarray | None = None,
        **options: Any,
    ):
        free = {"damping_alpha": 0.0, "damping_beta": 0.0}
        given = gs.options.FEMOptions(
            enable_vertex_constraints=held is not None, **{**free, **options}
        )
        self.rest = vertices
        self.solver = FEMSolver([FEMSpec("solid", material, vertices, elements)], given)
        sim = gs.options.SimOptions(dt=dt, gravity=(0.0, 0.0, -gravity))
        self.solver.build(1, sim, require())
        corners = np.repeat(tetrahedra.volumes(vertices, elements)[:, None] / 4, 4, axis=1)
        volume = np.bincount(elements.ravel(), corners.ravel(), len(vertices))
        self.mass = material.rho * volume
        if held is not None:
            self.put(constrained=held, constraint_target=vertices)

    def put(self, **values: np.ndarray) -> None:
        """Writes variables."""
        for name, value in values.items():
            with self.solver.arena.edit(name) as (view,):
                view.copy_(torch.as_tensor(value).to(view).expand_as(view))

    def get(self, name: str) -> np.ndarray:
        """A variable."""
        return self.solver.arena.get(name)[0].double().numpy()

    @property
    def bent(self) -> np.ndarray:
        """How far its vertices are from where they are at rest [m]."""
        return self.get("pos") - self.rest

    def step(self, times: int = 1) -> None:
        """So many steps; it may not have stopped."""
        for _ in range(times):
            self.solver.step()
        assert not self.solver.get_error_envs_mask().any()

    def close(self) -> None:
        """Frees its memory."""
        self.solver.close()
