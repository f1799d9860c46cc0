"""Constraints → colors: two of one color have no particle in common."""

from __future__ import annotations

import numpy as np


def colored(groups: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Sorts constraints by color, each given the first that none of its particles has yet.

    Constraints of a color can be solved in any order, or at once, with the same result to the bit.

    Args:
        groups: Particles of each constraint, shape (n, particles of one).

    Returns:
        The order, shape (n,), in which those of a color stay as they came; and where each color
        begins in it, with one past the last of all.
    """
    taken = [0] * (int(groups.max()) + 1 if groups.size else 0)  # a bit for each color
    colors = np.zeros(len(groups), dtype=np.int64)
    for i, group in enumerate(groups.tolist()):
        used = 0
        for particle in group:
            used |= taken[particle]
        free = ~used & (used + 1)
        for particle in group:
            taken[particle] |= free
        colors[i] = free.bit_length() - 1
    order = np.argsort(colors, kind="stable")
    return order, [0, *np.cumsum(np.bincount(colors)).tolist()] if len(groups) else [0]
