"""Large pages for large blocks of memory.

The first write to each page of fresh memory stops for the kernel to hand it out. For a block of a
hundred megabytes in pages of 4 kB that takes three times as long as the copying does.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import sys
from collections.abc import Callable

import torch

LARGE = 1 << 22  # bytes of a block that is worth the question


def ask_for_large_pages(block: torch.Tensor) -> torch.Tensor:
    """Asks for large pages under a contiguous block that nothing has been written to yet.

    A system that has none, or not for this, goes on with small ones.
    """
    size = block.numel() * block.element_size()
    advise = _advise() if block.device.type == "cpu" and size >= LARGE else None
    if advise is not None:
        begin = -(-block.data_ptr() // mmap.PAGESIZE) * mmap.PAGESIZE
        end = (block.data_ptr() + size) // mmap.PAGESIZE * mmap.PAGESIZE
        advise(begin, end - begin)
    return block


@functools.cache
def _advise() -> Callable[[int, int], int] | None:
    if not sys.platform.startswith("linux") or not hasattr(mmap, "MADV_HUGEPAGE"):
        return None
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return lambda begin, size: madvise(begin, size, mmap.MADV_HUGEPAGE)
