"""Figures that experiments measure, beside what they should be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        quantity: What was measured, with its unit.
        measured: The number.
        reference: What it should be.
        limit: How far it may be away: a part of the reference, or a number if that is zero.
        source: Where the reference is from.
    """

    quantity: str
    measured: float
    reference: float
    limit: float
    source: str

    @property
    def error(self) -> float:
        """Distance from the reference: a part of it, or a number if it is zero."""
        return abs(self.measured - self.reference) / (abs(self.reference) or 1.0)

    @property
    def holds(self) -> bool:
        """Whether it is within the limit; not so if it is not a number."""
        return self.error <= self.limit

    def __str__(self) -> str:
        return (
            f"{self.quantity}: {self.measured:.4g}, should be {self.reference:.4g} within "
            f"{self.limit:.0e}, is off by {self.error:.1e} ({self.source})"
        )


def most(quantity: str, values: list[float] | float, limit: float, source: str) -> Figure:
    """The largest of some numbers that should be zero; not a number if one of them is not."""
    found = [values] if isinstance(values, (int, float)) else values
    worst = max(found, key=lambda x: float("inf") if x != x else abs(x))
    return Figure(quantity, float(worst), 0.0, limit, source)


def frequency(t: np.ndarray, a: np.ndarray) -> float:
    """Of a decaying oscillation, from the times when it goes through zero."""
    at = np.flatnonzero(np.sign(a[:-1]) * np.sign(a[1:]) < 0)
    zeros = t[at] + (t[at + 1] - t[at]) * a[at] / (a[at] - a[at + 1])
    return float((len(zeros) - 1) / (2 * (zeros[-1] - zeros[0])))
