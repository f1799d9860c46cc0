"""A number for each environment at each step, cheap enough to take always."""

from __future__ import annotations

import numpy as np
import torch

from genesis_state.block import Block
from genesis_state.layout import WORD, RowLayout
from genesis_state.scene_memory import SceneMemory

SHIFT = 31
PIECE = 1 << 14  # words that stay in a core's own cache


class StepChecksums:
    """Checksums of the physical state: variables of role `state` that are no function of others.

    The sum over an environment's words w of k (w xor (w >> 31)), mod 2^64, with an odd number k for
    each place. Any change of one word is seen. It is a tenth of the work of `SimState.checksum`,
    which no sum of words can be tricked into; this one is for telling runs apart.

    Args:
        memory: The scene's.
    """

    def __init__(self, memory: SceneMemory):
        draw = np.random.default_rng(20_261_122)
        self._n_envs = memory.n_envs
        self._device = memory.device
        self._parts: list[_Part] = []
        for arena in memory.arenas:
            for words in _state_words(arena.layout.saved, arena.derived):
                count = words.stop - words.start
                odd = draw.integers(-(2**63), 2**63 - 1, size=count, dtype=np.int64) | 1
                self._parts.append(_Part(arena.saved, words, odd))

    def take(self) -> torch.Tensor:
        """The checksum of every environment as it is now, int64 of shape (n_envs,)."""
        if self._device.type == "cpu":
            # NumPy: threads of torch would wait for a core that another process has.
            total = np.zeros(self._n_envs, dtype=np.int64)
            for part in self._parts:
                part.add_to(total)
            return torch.from_numpy(total)
        sums = torch.zeros(self._n_envs, dtype=torch.int64, device=self._device)
        for part in self._parts:
            sums += part.on_device()
        return sums


class _Part:
    """Some words of a block's rows."""

    def __init__(self, block: Block, words: slice, factors: np.ndarray):
        self._block = block
        self._words = words
        self._factors = factors
        self._on_device: torch.Tensor | None = None
        self._rows: torch.Tensor | None = None
        self._pieces: list[tuple[np.ndarray, slice]] = []
        step = max(1, PIECE // len(factors))
        starts = range(0, block.n_rows, step)
        self._slices = [slice(i, min(i + step, block.n_rows)) for i in starts]
        self._own = np.empty((min(step, block.n_rows), len(factors)), dtype=np.int64)
        self._mixed = np.empty_like(self._own)

    def add_to(self, total: np.ndarray) -> None:
        rows = self._block.rows()
        if rows is not self._rows:  # of the zero-copy transport they are the same each time
            words = rows.numpy()[:, self._words]
            self._rows, self._pieces = rows, [(words[piece], piece) for piece in self._slices]
        for piece, where in self._pieces:
            # Copied first: rows lie far apart, and NumPy is fast where all words lie in one run.
            own, mixed = self._own[: len(piece)], self._mixed[: len(piece)]
            np.copyto(own, piece)
            words, shifted = own.reshape(-1), mixed.reshape(-1)
            np.right_shift(words, SHIFT, out=shifted)
            np.bitwise_xor(shifted, words, out=shifted)
            total[where] += np.einsum("ew,w->e", mixed, self._factors)

    def on_device(self) -> torch.Tensor:
        rows = self._block.rows()
        if self._on_device is None:
            self._on_device = torch.from_numpy(self._factors).to(rows.device)
        part = rows[:, self._words]
        return ((part ^ (part >> SHIFT)) * self._on_device).sum(1)


def _state_words(row: RowLayout, derived: frozenset[str]) -> list[slice]:
    """The words that hold variables of role `state`, as few slices as that takes."""
    found: list[slice] = []
    for var in row.variables:
        if var.role != "state" or var.name in derived or not var.nbytes:
            continue
        start, stop = var.offset // WORD, -(-(var.offset + var.nbytes) // WORD)
        if found and start <= found[-1].stop:
            start = found.pop().start
        found.append(slice(start, stop))
    return found
