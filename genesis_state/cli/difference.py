"""Where two arrays differ, bit for bit, and by how much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Entry:
    """One entry of two arrays.

    Attributes:
        at: Its number in C order.
        a, b: Its value in either.
        distance: How far they are apart; None beside a NaN.
    """

    at: int
    a: np.generic
    b: np.generic
    distance: int | float | None


@dataclass(frozen=True)
class Difference:
    """How two arrays of one shape and dtype differ.

    Attributes:
        differing: How many entries do.
        nan: In how many of those at least one value is not a number.
        zeros: In how many of those 0.0 stands beside -0.0.
        first: The first of them.
        largest: The first of those farthest apart; None if there is a NaN in all.
    """

    differing: int
    nan: int
    zeros: int
    first: Entry
    largest: Entry | None


def difference(a: Iterable[np.ndarray], b: Iterable[np.ndarray]) -> Difference | None:
    """Compares two arrays that come in the same flat pieces; None if they agree in every bit."""
    found, start = None, 0
    for left, right in zip(a, b, strict=True):
        part = _of_piece(left, right, start)
        found = part if found is None else found if part is None else _joined(found, part)
        start += left.size
    return found


def _of_piece(left: np.ndarray, right: np.ndarray, start: int) -> Difference | None:
    unsigned = f"u{left.itemsize}"
    at = np.flatnonzero(left.view(unsigned) != right.view(unsigned))
    if not at.size:
        return None
    left, right = left[at], right[at]
    distances = _distances(left, right)
    beside_nan = np.isnan(distances)

    def entry(i: int) -> Entry:
        distance = None if beside_nan[i] else distances[i].item()
        return Entry(start + int(at[i]), left[i], right[i], distance)

    largest = None if beside_nan.all() else entry(int(np.nanargmax(distances)))
    zeros = int(((left == 0) & (right == 0)).sum())
    return Difference(at.size, int(beside_nan.sum()), zeros, entry(0), largest)


def _distances(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """|left - right|: of integers exact, of floats in 64 bits, NaN beside a NaN."""
    if left.dtype.kind == "f":
        # Larger than any double is infinity, which is what it should say.
        with np.errstate(over="ignore", invalid="ignore"):
            return np.abs(left.astype(np.float64) - right.astype(np.float64))
    if left.dtype.kind == "b":
        return np.ones(left.shape, np.uint8)
    # Modulo the width of the type, what a signed difference overflows to is the unsigned one.
    unsigned = f"u{left.itemsize}"
    return np.maximum(left, right).view(unsigned) - np.minimum(left, right).view(unsigned)


def _joined(one: Difference, later: Difference) -> Difference:
    return replace(
        one,
        differing=one.differing + later.differing,
        nan=one.nan + later.nan,
        zeros=one.zeros + later.zeros,
        largest=max(
            (part.largest for part in (one, later) if part.largest is not None),
            key=lambda entry: entry.distance or 0,
            default=None,
        ),
    )


def place(at: int, shape: tuple[int, ...]) -> tuple[int | None, list[int]]:
    """The environment of an entry and its index in there; no environment in an array of no axes."""
    if not shape:
        return None, []
    env, *index = (int(i) for i in np.unravel_index(at, shape))
    return env, index


def described(entry: Entry, shape: tuple[int, ...]) -> dict[str, Any]:
    """An entry as a JSON object."""
    env, index = place(entry.at, shape)
    return {"env": env, "index": index, "a": entry.a, "b": entry.b, "distance": entry.distance}
