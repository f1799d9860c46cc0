"""A number for each environment at each step, cheap enough to take always."""

from __future__ import annotations

from collections.abc import Iterator

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
            sums_of_parts = [part.sums() for part in self._parts]
            total = sums_of_parts[0] if sums_of_parts else np.zeros(self._n_envs, np.int64)
            for others in sums_of_parts[1:]:
                total += others
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
        step = max(1, min(PIECE // len(factors), block.n_rows))
        self._slices = [slice(i, i + step) for i in range(0, block.n_rows, step)]
        self._own = np.empty((step, len(factors)), dtype=np.int64)
        self._mixed = np.empty_like(self._own)
        self._pieces: list[tuple[np.ndarray, ...]] = []

    def sums(self) -> np.ndarray:
        rows = self._block.rows()
        if rows is not self._rows:  # of the zero-copy transport they are the same each time
            self._rows, self._pieces = rows, [*self._cut(rows.numpy()[:, self._words])]
        found: list[np.ndarray] = []
        for piece, own, words, mixed, shifted in self._pieces:
            # Copied first: rows lie far apart, and NumPy is fast where all words lie in one run.
            np.copyto(own, piece)
            np.right_shift(words, SHIFT, out=shifted)
            np.bitwise_xor(shifted, words, out=shifted)
            found.append(np.einsum("ew,w->e", mixed, self._factors))
        return found[0] if len(found) == 1 else np.concatenate(found)

    def _cut(self, rows: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
        for where in self._slices:
            piece = rows[where]
            own, mixed = self._own[: len(piece)], self._mixed[: len(piece)]
            yield piece, own, own.reshape(-1), mixed, mixed.reshape(-1)

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
