"""Rows of one tensor copied into rows of another."""

from __future__ import annotations

import numpy as np
import torch

PIECE_BYTES = 1 << 18  # stays in a core's own cache


def copy_rows(
    to: torch.Tensor, where: torch.Tensor, source: torch.Tensor, which: torch.Tensor
) -> None:
    """Row which[k] of `source` → row where[k] of `to`.

    Args:
        to, source: int64, shape (any, words), on one device, that share no row that is written.
        where, which: int64 on that device, as long as each other; none twice in `where`.
    """
    if not to.shape[1]:
        return
    if to.device.type != "cpu":
        to.index_copy_(0, where, source.index_select(0, which))
        return
    # By one thread: more gain little, as one keeps the memory busy, and lose milliseconds where
    # another process has a core. In pieces that stay in the cache on their way, so that memory is
    # passed once.
    items, taken = row_items(to), row_items(source)
    step = max(1, PIECE_BYTES // max(1, items.dtype.itemsize))
    places, origins = where.numpy(), which.numpy()
    for i in range(0, len(places), step):
        items[places[i : i + step]] = taken[origins[i : i + step]]


def row_items(rows: torch.Tensor) -> np.ndarray:
    """A CPU tensor (n, words) as n items, each a whole row: its own memory if it has no gaps."""
    words = rows.shape[1]
    return rows.contiguous().numpy().view("i8" if words == 1 else f"V{words * 8}")[:, 0]
