"""Read the entries of an array in order, a few at a time, so that memory stays small."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from genesis_state.checkpoint import Stored

# Rows are read 16 MB at a time: their first and last block is read for the rows beside them too.
_READ = 1 << 24
# What is computed of entries fits into a cache with room for what comes out.
_PIECE = 1 << 20

Advance = Callable[[int], object]


def pieces(stored: Stored, name: str, advance: Advance) -> Iterator[np.ndarray]:
    """The entries of an array in C order, in flat arrays of at most 1 MiB.

    Two arrays of one shape and dtype come in the same pieces, whatever their files. In memory is
    one row, or 16 MB of rows; of a file of format 1, whose sums cover whole arrays, the array.

    Args:
        stored: The file.
        name: One of its arrays.
        advance: Told the bytes that were read, after each piece.

    Raises:
        ValueError: The bytes read are damaged.
    """
    info = stored.infos[name]
    if not info.nbytes:
        return
    row = math.prod(info.shape[1:])
    rows = max(1, _READ // (row * info.dtype.itemsize))
    entries = _PIECE // info.dtype.itemsize
    n_rows = info.shape[0] if info.shape else 1
    old = stored.manifest.get("format") == 1
    whole = None
    if old or info.fortran or n_rows <= rows:
        whole = stored.array(name).reshape(n_rows, row)
    for first in range(0, n_rows, rows):
        chosen = slice(first, first + rows)
        block = stored.array(name, chosen) if whole is None else whole[chosen]
        flat = block.reshape(-1)
        for start in range(0, flat.size, entries):
            piece = flat[start : start + entries]
            yield piece
            advance(piece.nbytes)
