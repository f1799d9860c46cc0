"""What an entity of matter that is not rigid knows once its scene is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from genesis_state.entities.entity import Binding
from genesis_state.entities.inputs import ColumnReader, Columns
from genesis_state.solvers.base import Solver

if TYPE_CHECKING:
    from genesis_state.scene import Scene

PLACED = ("pos", "vel", "active")
"""Variables of a point of matter that every solver has, and that a user sets."""

HELD = ("free", "attached_body", "attached_pos")
"""Variables that say what holds a particle; a user sets them too."""


class MatterBinding(Binding[Solver]):
    """What an entity of matter that is not rigid knows once its scene is built.

    Args:
        scene: Its scene.
        solver: The solver that moves it.
        columns: Readers of local indices, by noun.
        noun: Which of them its points have: "particle" or "vertex".

    Attributes:
        points: Where its points lie among the solver's.
        rest: Every other variable of its points as it was after build, by name, shape
            (n_points, …): that of matter at rest and free of stress.
        loose: The same of what holds them: that of matter that nothing holds.
    """

    def __init__(self, scene: Scene, solver: Solver, columns: dict[str, ColumnReader], noun: str):
        super().__init__(scene, solver, columns)
        points = columns[noun].all.key
        assert isinstance(points, slice)
        self.points = points
        initial = scene._initial
        found = {
            key: initial[f"{type(solver).__name__}.{key}"][0, points].clone()
            for key, var in type(solver).schema.variables().items()
            if var.dims[:1] == (noun,) and var.role in ("state", "memory") and key not in PLACED
        }
        self.loose = {key: value for key, value in found.items() if key in HELD}
        self.rest = {key: value for key, value in found.items() if key not in HELD}

    def rest_of(self, columns: Columns) -> dict[str, torch.Tensor]:
        """`rest` of some of its points."""
        if columns.whole:
            return self.rest
        key, start = columns.key, self.points.start
        if isinstance(key, slice):
            own = slice(key.start - start, key.stop - start, key.step)
        else:
            own = key - start
        return {name: values[own] for name, values in self.rest.items()}
