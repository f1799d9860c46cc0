"""Drawing entries by weight."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from genesis_state.counter_random import random_fractions

_BITS = 52
"""Weights become whole numbers whose sum has at most so many bits: such sums are exact, and so are
the same on every device whatever the order of its threads."""


class Lottery:
    """The chance of each entry, kept until weights change.

    Args:
        weights: float64, finite and not negative.

    Raises:
        ValueError: None of them is positive.
    """

    def __init__(self, weights: torch.Tensor):
        largest = float(weights.max()) if len(weights) else 0.0
        if not largest > 0:
            raise ValueError(
                f"bank: the weights of all {len(weights)} entries are 0; update some, or add more."
            )
        bits = _BITS - len(weights).bit_length() - math.frexp(largest)[1]
        scale = math.ldexp(1.0, min(bits, 1023))
        on_cpu = weights.device.type == "cpu"  # where NumPy wakes no threads
        array: Any = weights.numpy() if on_cpu else weights
        whole = (np if on_cpu else torch).floor(array * scale)
        whole[(array > 0) & (whole == 0)] = 1  # rare, not impossible
        self._ends = torch.as_tensor(whole.cumsum(0))
        self._total = float(self._ends[-1])

    def draw(self, key: int, start: int, n: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Draws with the numbers `start` to `start + n - 1` of a stream.

        Returns:
            Places of entries in ascending order, and which draw each is of; both int64, shape (n,).
        """
        values = random_fractions(key, start, n, self._ends.device)
        # A product may round up to the total, where nobody's share is.
        values.mul_(self._total).clamp_(max=self._total - 0.5)
        return search(self._ends, values)


def search(ends: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """For each value, in ascending order, how many ends are not above it; and which value it is.

    Args:
        ends: Ascending.
        values: Of the same dtype, in any order.
    """
    if ends.device.type != "cpu":
        ascending, order = values.sort()
        return torch.searchsorted(ends, ascending, right=True), order
    # NumPy finds ascending values in a third of the time, and wakes no threads.
    order = values.numpy().argsort()
    found = ends.numpy().searchsorted(values.numpy()[order], side="right")
    return torch.from_numpy(found), torch.from_numpy(order)
