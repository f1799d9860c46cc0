"""Memory for large blocks, kept when they end.

The first write to each page of fresh memory stops for the system to hand it out, empty. For a block
of a hundred megabytes that takes longer than copying so much does. So a large block lies on large
pages where there are any, and the last one that ended is kept for the next one of its size.
"""

from __future__ import annotations

import math
import mmap
import sys
import weakref
from collections.abc import Sequence

import numpy as np
import torch

LARGE = 1 << 22  # bytes of a block that is worth the effort

_spare: list[mmap.mmap] = []


def empty_rows(shape: Sequence[int], device: torch.device | str) -> torch.Tensor:
    """An int64 tensor of this shape whose bytes are yet to be written."""
    size = 8 * math.prod(shape)
    if size < LARGE or torch.device(device).type != "cpu" or not sys.platform.startswith("linux"):
        return torch.empty(tuple(shape), dtype=torch.int64, device=device)
    pages = _taken(size)
    words = np.frombuffer(pages, dtype=np.int64)
    # The tensor holds the array; with the last view of it both end.
    weakref.finalize(words, _kept, pages).atexit = False
    return torch.from_numpy(words).view(tuple(shape))


def let_go() -> None:
    """Gives the kept memory back to the system."""
    _spare.clear()


def _taken(size: int) -> mmap.mmap:
    try:
        pages = _spare.pop()
    except IndexError:
        pass
    else:
        if len(pages) == size:
            return pages
    # Not shared with processes that are forked.
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        pages.madvise(mmap.MADV_HUGEPAGE)
    return pages


def _kept(pages: mmap.mmap) -> None:
    _spare[:] = [pages]
