"""Chosen rows of bytes on a CPU, moved by NumPy: one memcpy each, without a buffer in between.

A large copy is shared with one thread that sleeps until it is needed. Torch's own threads wait for
each other by spinning, which costs ten milliseconds whenever another process keeps a core busy.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

import numpy as np
import torch

from genesis_state.selection import Selection

SHARED_BYTES = 1 << 20  # less is done before a second thread is awake


def items(rows: torch.Tensor) -> np.ndarray:
    """A CPU tensor (n, words) as n items, each a whole row."""
    words = rows.shape[1]
    return rows.contiguous().numpy().view("i8" if words == 1 else f"V{words * 8}")[:, 0]


def copy_chosen(to: np.ndarray, source: np.ndarray, selection: Selection, mode: str) -> None:
    """Copies items into the selected ones; `mode` as in `Block.write`."""
    count = len(to) if selection.count is None else selection.count
    if selection.slice is not None:
        to[selection.slice] = source[selection.slice] if mode == "same" else source
    elif mode == "listed":
        index = selection.indices().numpy()

        def copy_listed(part: slice) -> None:
            to[index[part]] = source[part]

        _share(copy_listed, len(index), count * to.itemsize)
    else:
        marks = selection.marks().numpy()

        def copy_marked(part: slice) -> None:
            given = source[part] if mode == "same" else source
            if to.dtype == np.int64:
                np.putmask(to[part], marks[part], given)  # the faster one for a few bytes
            else:
                np.copyto(to[part], given, where=marks[part])

        _share(copy_marked, len(to), count * to.itemsize)


def _share(copy: Callable[[slice], None], n: int, nbytes: int) -> None:
    """Runs `copy` on range(n), on two threads if that is worth it."""
    alone = nbytes < SHARED_BYTES or torch.get_num_threads() < 2
    if alone or not _free.acquire(blocking=False):
        copy(slice(0, n))
        return
    try:
        global _helper
        if _helper is None:
            _helper = _Helper()
        done = _helper.begin(lambda: copy(slice(n // 2, n)))
        try:
            copy(slice(0, n // 2))
        finally:
            error = done.get()
        if error is not None:
            raise error
    finally:
        _free.release()


class _Helper:
    """A thread that runs what it is given, one after the other."""

    def __init__(self) -> None:
        self._given: SimpleQueue[tuple[Callable[[], None], SimpleQueue]] = SimpleQueue()
        threading.Thread(target=self._serve, name="genesis_state rows", daemon=True).start()

    def begin(self, task: Callable[[], None]) -> SimpleQueue[BaseException | None]:
        """Starts a task; what went wrong, or None, is in the queue when it has ended."""
        done: SimpleQueue[BaseException | None] = SimpleQueue()
        self._given.put((task, done))
        return done

    def _serve(self) -> None:
        while True:
            task, done = self._given.get()
            try:
                task()
            except BaseException as error:
                done.put(error)
            else:
                done.put(None)


_helper: _Helper | None = None
_free = threading.Lock()  # held while the helper is at work


def _forget_helper() -> None:
    """A forked process has none of its parent's threads."""
    global _helper, _free
    _helper, _free = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_helper)
