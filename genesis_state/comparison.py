"""What tells two states apart, and what tells one from all others: differences and checksums."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from genesis_state.counter_random import GOLDEN, mix, mix_array
from genesis_state.layout import RowLayout


@dataclass(frozen=True)
class VarDiff:
    """How one variable differs between two states.

    Attributes:
        key: Its checkpoint key.
        envs: The environments in which it differs, in order.
        n_envs: Environments compared.
        largest: Largest absolute difference; inf where one of the two is NaN or infinite, nan if
            all that differs is the bits of NaNs, 0 if it is the sign of zeros.
    """

    key: str
    envs: tuple[int, ...]
    n_envs: int
    largest: float

    @property
    def first(self) -> int:
        """The first environment in which it differs."""
        return self.envs[0]

    def __str__(self) -> str:
        return (
            f"{self.key} differs in {len(self.envs)} of {self.n_envs} envs, "
            f"first in {self.first}, by up to {self.largest:.6g}."
        )


_BITS = {torch.float32: torch.int32, torch.float64: torch.int64, torch.bool: torch.uint8}


def row_diffs(owner: str, row: RowLayout, a: torch.Tensor, b: torch.Tensor) -> list[VarDiff]:
    """The differences between two blocks of rows, variable by variable."""
    words = a != b
    if not words.any():
        return []
    found: list[VarDiff] = []
    for var in row.variables:
        mine, theirs = row.view(a, var.name), row.view(b, var.name)
        bits = _BITS.get(var.torch_dtype, var.torch_dtype)
        differs = mine.view(bits) != theirs.view(bits)
        if differs.any():
            largest = _largest(mine[differs], theirs[differs])
            found.append(_var_diff(f"{owner}.{var.name}", differs, largest))
    # Padding is zero in every state; if it is not, whoever wrote the rows is at fault.
    return found or [_var_diff(f"{owner}.<padding>", words, math.nan)]


def _var_diff(key: str, differs: torch.Tensor, largest: float) -> VarDiff:
    envs = differs.flatten(1).any(1) if differs.dim() > 1 else differs
    return VarDiff(key, tuple(envs.nonzero()[:, 0].tolist()), len(differs), largest)


def _largest(a: torch.Tensor, b: torch.Tensor) -> float:
    a, b = a.double(), b.double()
    gaps = (a - b).abs()
    gaps[a.isnan() != b.isnan()] = math.inf
    gaps = gaps[~gaps.isnan()]
    return float(gaps.max()) if len(gaps) else math.nan


def hash_rows(rows: torch.Tensor, start: int, which: torch.Tensor | None = None) -> torch.Tensor:
    """Sum of the mixed words of each row, mod 2^64.

    Args:
        rows: int64, shape (n, words).
        start: The number of words before these in an environment's whole state.
        which: Rows to look at, int64 on their device; by default all.

    Returns:
        int64, one for each of these.
    """
    places = torch.arange(start + 1, start + 1 + rows.shape[1], device=rows.device)
    keys = mix(places * GOLDEN)
    weights = mix(keys + GOLDEN) | 1  # odd, so that no bit of a word is lost
    if rows.device.type == "cpu":
        return torch.from_numpy(_hash_array(rows, which, keys, weights).view(np.int64))
    if which is not None:
        rows = rows.index_select(0, which)
    total = torch.zeros(rows.shape[0], dtype=torch.int64, device=rows.device)
    step = max(1, (1 << 24) // max(1, rows.shape[1]))  # few launches, but not all memory
    for i in range(0, len(rows), step):
        total[i : i + step] = mix(rows[i : i + step] + keys).mul_(weights).sum(1)
    return total


def _hash_array(
    rows: torch.Tensor, which: torch.Tensor | None, *factors: torch.Tensor
) -> np.ndarray:
    """The same by NumPy, uint64: by one thread, in pieces that stay in its cache."""
    words = rows.numpy().view(np.uint64)
    chosen = None if which is None else which.numpy()
    keys, weights = (factor.numpy().view(np.uint64) for factor in factors)
    total = np.zeros(len(words) if chosen is None else len(chosen), np.uint64)
    step = max(1, (1 << 14) // max(1, words.shape[1]))
    buffers = np.empty((2, min(step, len(total)), words.shape[1]), np.uint64)
    for i in range(0, len(total), step):
        piece = words[i : i + step] if chosen is None else words[chosen[i : i + step]]
        mixed, spare = buffers[:, : len(piece)]
        np.add(piece, keys, out=mixed)
        mix_array(mixed, spare)
        np.multiply(mixed, weights, out=mixed)
        np.sum(mixed, axis=1, out=total[i : i + step])
    return total
