"""A number for each environment at each step, cheap enough to take always."""

from __future__ import annotations

import numpy as np
import torch

from genesis_state.block import Block
from genesis_state.layout import WORD, RowLayout
from genesis_state.scene_memory import SceneMemory

_SHIFT = 31


class StepChecksums:
    """Checksums of the physical state: the variables of role `state`, word by word.

    The sum over an environment's words w of k (w xor (w >> 31)), mod 2^64, with an odd number k for
    each place. Any change of one word is seen. It is a tenth of the work of `SimState.checksum`,
    which no sum of words can be tricked into; this one is for telling runs apart.

    Args:
        memory: The scene's.
    """

    def __init__(self, memory: SceneMemory):
        self._n_envs = memory.n_envs
        self._device = memory.device
        self._parts: list[tuple[Block, slice, torch.Tensor]] = []
        draw = np.random.default_rng(20_261_122)
        for arena in memory.arenas:
            for words in _state_words(arena.layout.saved):
                count = words.stop - words.start
                odd = draw.integers(-(2**63), 2**63 - 1, size=count, dtype=np.int64) | 1
                self._parts.append((arena.saved, words, torch.from_numpy(odd).to(self._device)))

    def take(self) -> torch.Tensor:
        """The checksum of every environment as it is now, int64 of shape (n_envs,)."""
        total = torch.zeros(self._n_envs, dtype=torch.int64, device=self._device)
        for block, words, factors in self._parts:
            part = block.rows()[:, words]
            if self._device.type == "cpu":
                # NumPy: threads of torch would wait for a core that another process has.
                total.numpy()[:] += _sums(part.numpy(), factors.numpy())
            else:
                total += ((part ^ (part >> _SHIFT)) * factors).sum(1)
        return total


PIECE = 1 << 15  # words that stay in a core's cache


def _sums(words: np.ndarray, factors: np.ndarray) -> np.ndarray:
    out = np.empty(len(words), dtype=np.int64)
    step = max(1, PIECE // words.shape[1])
    for i in range(0, len(words), step):
        piece = words[i : i + step]
        mixed = np.right_shift(piece, _SHIFT)
        np.bitwise_xor(mixed, piece, out=mixed)
        np.dot(mixed, factors, out=out[i : i + step])
    return out


def _state_words(row: RowLayout) -> list[slice]:
    """The words that hold variables of role `state`, as few slices as that takes."""
    found: list[slice] = []
    for var in row.variables:
        if var.role != "state" or not var.nbytes:
            continue
        start, stop = var.offset // WORD, -(-(var.offset + var.nbytes) // WORD)
        if found and start <= found[-1].stop:
            start = found.pop().start
        found.append(slice(start, stop))
    return found
