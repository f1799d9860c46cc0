"""Drawing entries by weight."""

from __future__ import annotations

import math

import numpy as np
import torch

from genesis_state.counter_random import below, random_words

_QUANTA = 52
"""Weights become whole numbers whose sum has at most so many bits: such sums are exact, and so are
the same on every device whatever the order of its threads."""


class Lottery:
    """The chance of each entry, kept until weights change.

    Args:
        weights: float64, shape (n,), n at least 1, finite and not negative.

    Raises:
        ValueError: None of them is positive.
    """

    def __init__(self, weights: torch.Tensor):
        largest = float(weights.max())
        if not largest > 0:
            raise ValueError(
                f"bank: the weights of all {len(weights)} entries are 0; update some, or add more."
            )
        bits = _QUANTA - len(weights).bit_length() - math.frexp(largest)[1]
        quanta = (weights * math.ldexp(1.0, min(bits, 1023))).long()
        quanta[(weights > 0) & (quanta == 0)] = 1  # rare, not impossible
        self._ends = quanta.cumsum(0)
        self._total = self._ends[-1].double()

    def draw(self, key: int, start: int, n: int) -> torch.Tensor:
        """Places of entries, int64, shape (n,): those of numbers `start` and up of a stream."""
        words = random_words(key, start, n, self._ends.device)
        return search(self._ends, below(self._total, words))


def search(ends: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """For each value the first place whose end is above it; the ends ascend. int64."""
    if ends.device.type != "cpu":
        return torch.searchsorted(ends, values, right=True)
    # NumPy finds ascending values in a third of the time, and wakes no threads.
    wanted = values.numpy()
    order = wanted.argsort()
    found = np.empty(len(wanted), np.int64)
    found[order] = ends.numpy().searchsorted(wanted[order], side="right")
    return torch.from_numpy(found)
