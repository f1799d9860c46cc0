"""Which rows of an array are wanted, and which of its bytes those are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class RowSelection:
    """Rows to read, each once and in the order they are stored in.

    Attributes:
        count: How many.
        asked: How many were asked for; a row may be asked for more than once.
        runs: Where the bytes of neighbouring rows begin and end.
        order: Which of the rows read stands in each place asked for; None if all are, as read.
    """

    count: int
    asked: int
    runs: list[tuple[int, int]]
    order: np.ndarray | None


def select(rows: Any, count: int, row_bytes: int) -> RowSelection:
    """Finds the bytes of some rows.

    Args:
        rows: A slice, a mask of length `count`, or indices from 0 to `count - 1`.
        count: How many rows there are.
        row_bytes: Bytes of each.

    Raises:
        TypeError, ValueError, IndexError: `rows` is none of these.
    """
    if isinstance(rows, slice):
        wanted = range(*rows.indices(count))
        if wanted.step == 1:
            run = (wanted.start * row_bytes, (wanted.start + len(wanted)) * row_bytes)
            return RowSelection(len(wanted), len(wanted), [run], None)
        indices = np.arange(wanted.start, wanted.stop, wanted.step, dtype=np.int64)
    else:
        indices = _indices(rows, count)
    distinct, order = np.unique(indices, return_inverse=True)
    neighbours = np.split(distinct, np.flatnonzero(np.diff(distinct) != 1) + 1)
    runs = [(int(r[0]) * row_bytes, (int(r[-1]) + 1) * row_bytes) for r in neighbours if r.size]
    in_order = np.array_equal(distinct, indices)
    return RowSelection(len(distinct), len(indices), runs, None if in_order else order.reshape(-1))


def _indices(rows: Any, count: int) -> np.ndarray:
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
    wrong = given[(given < 0) | (given >= count)]
    if wrong.size:
        raise IndexError(f"rows: {wrong[0]}, needs indices from 0 to {count - 1}.")
    return given.astype(np.int64)
