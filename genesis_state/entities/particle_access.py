"""What an entity of particles knows once its scene is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from genesis_state.entities.entity import Binding
from genesis_state.entities.inputs import ColumnReader, Columns
from genesis_state.solvers.base import Solver

if TYPE_CHECKING:
    from genesis_state.scene import Scene

PLACED = ("pos", "vel", "active")
"""Variables of a particle that every solver of particles has, and that a user sets."""


class ParticleBinding(Binding[Solver]):
    """What an entity of particles knows once its scene is built.

    Args:
        scene: Its scene.
        solver: The solver of its particles.
        name: Its name.
        start: Its first particle among the solver's.
        count: Number of its particles.

    Attributes:
        particles: Where its particles lie among the solver's.
        rest: Every other variable of its particles as it was after build, by name, shape
            (n_particles, …): that of matter at rest and free of stress.
    """

    def __init__(self, scene: Scene, solver: Solver, name: str, start: int, count: int):
        reader = ColumnReader(name, "particle", start, count, scene.device)
        super().__init__(scene, solver, {"particle": reader})
        self.particles = slice(start, start + count)
        initial = scene._initial
        self.rest: dict[str, torch.Tensor] = {
            key: initial[f"{type(solver).__name__}.{key}"][0, self.particles].clone()
            for key, var in type(solver).schema.variables().items()
            if var.dims[:1] == ("particle",) and var.role == "state" and key not in PLACED
        }

    def rest_of(self, columns: Columns) -> dict[str, torch.Tensor]:
        """`rest` of some of its particles."""
        if columns.whole:
            return self.rest
        key, start = columns.key, self.particles.start
        if isinstance(key, slice):
            own = slice(key.start - start, key.stop - start, key.step)
        else:
            own = key - start
        return {name: values[own] for name, values in self.rest.items()}
