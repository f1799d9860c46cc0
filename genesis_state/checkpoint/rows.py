"""Which rows of an array are wanted, and which of its bytes those are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


def row_indices(rows: Any, count: int) -> np.ndarray:
    """The wanted rows as indices, in the order asked for.

    Args:
        rows: A slice, a mask of length `count`, or indices from 0 to `count - 1`.
        count: How many rows there are.

    Raises:
        TypeError, ValueError, IndexError: It is none of these.
    """
    if isinstance(rows, slice):
        wanted = range(*rows.indices(count))
        return np.arange(wanted.start, wanted.stop, wanted.step, dtype=np.int64)
    given = np.asarray(rows)
    if given.size == 0 and not isinstance(rows, np.ndarray):
        given = given.astype(np.int64)
    if given.ndim != 1 or given.dtype.kind not in "iub":
        raise TypeError(
            f"rows: {given.dtype} of shape {given.shape}, needs a slice, indices or a mask."
        )
    if given.dtype.kind == "b":
        if len(given) != count:
            raise ValueError(f"rows: a mask of length {len(given)}, needs {count}.")
        return np.flatnonzero(given)
    if given.size and (given.min() < 0 or given.max() >= count):
        wrong = given.min() if given.min() < 0 else given.max()
        raise IndexError(f"rows: {wrong}, needs indices from 0 to {count - 1}.")
    return given.astype(np.int64)


def byte_runs(rows: np.ndarray, row_bytes: int) -> Iterator[tuple[int, int]]:
    """The bytes of increasing distinct rows, neighbours joined.

    Yields:
        Where a run of bytes begins and ends.
    """
    for run in np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1):
        if run.size:
            yield int(run[0]) * row_bytes, (int(run[-1]) + 1) * row_bytes
