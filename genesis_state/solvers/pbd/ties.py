"""Constraints of all entities, numbered for kernels: color by color, with their rest shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from genesis_state.solvers.pbd.coloring import colored
from genesis_state.solvers.pbd.rest import edge_lengths, hinge_angles, tet_volumes
from genesis_state.solvers.pbd.spec import PBDSpec

RestShape = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Ties:
    """Constraints of one type.

    Attributes:
        particles: Of each constraint, shape (n, k), numbered through all entities.
        material: Entity of each, shape (n,).
        rest: Its length, angle or volume at rest, shape (n,).
        color_starts: Where each color begins, and one past the last constraint.
    """

    def __init__(self, groups: Sequence[np.ndarray], specs: Sequence[PBDSpec], rest: RestShape):
        starts = np.cumsum([0, *(len(spec.positions) for spec in specs)])
        through = [group + start for group, start in zip(groups, starts, strict=False)]
        particles = np.concatenate(through)
        material = np.repeat(range(len(specs)), [len(group) for group in groups])
        shapes = [rest(s.positions, group) for s, group in zip(specs, groups, strict=True)]
        order, self.color_starts = colored(particles)
        self.particles = particles[order]
        self.material = material[order]
        self.rest = np.concatenate(shapes)[order]

    def __len__(self) -> int:
        return len(self.particles)


def edges_of(specs: Sequence[PBDSpec]) -> Ties:
    """What keeps its length."""
    return Ties([spec.edges for spec in specs], specs, edge_lengths)


def hinges_of(specs: Sequence[PBDSpec]) -> Ties:
    """What keeps its angle."""
    return Ties([spec.hinges for spec in specs], specs, hinge_angles)


def tets_of(specs: Sequence[PBDSpec]) -> Ties:
    """What keeps its volume."""
    return Ties([spec.tets for spec in specs], specs, tet_volumes)
