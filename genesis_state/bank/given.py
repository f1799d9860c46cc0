"""What a caller says of entries, read and checked: weights, tags and ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from genesis_state.checkpoint.content import MAX_VALUES, plain


def read_weights(weights: Any, n: int, device: torch.device) -> torch.Tensor:
    """Weights as float64 of shape (n,), from one number or one for each.

    Raises:
        TypeError, ValueError: They are not that, or one is negative or not finite.
    """
    if not isinstance(weights, torch.Tensor):
        weights = torch.from_numpy(np.array(weights))
    if weights.dtype.is_complex:
        raise TypeError(f"weights: dtype {weights.dtype}, needs real numbers.")
    found = weights.detach().to(device=device, dtype=torch.float64)
    if found.dim() and found.shape != (n,):
        raise ValueError(
            f"weights: shape {tuple(found.shape)}, needs one number, or one for each of {n}."
        )
    if not bool(((found >= 0) & (found < torch.inf)).all()):
        raise ValueError("weights: one is negative or not finite, needs 0 or more; clamp them.")
    return found.expand(n)


def read_tags(tags: Any, n: int) -> np.ndarray:
    """Tags as an array of n objects, from one plain value or a list, array or tensor of n.

    Raises:
        TypeError, ValueError: They are not that.
    """
    found = np.empty(n, dtype=object)
    if isinstance(tags, (np.ndarray, torch.Tensor)):
        tags = tags.tolist()
    if not isinstance(tags, (list, tuple)):
        found[:] = plain(tags, "tags", budget=MAX_VALUES)
        return found
    if len(tags) != n:
        raise ValueError(f"tags: a list of {len(tags)}, needs one for each of {n} environments.")
    if not set(map(type, tags)) <= {str, int, float, bool, type(None)}:
        tags = [plain(tag, "tags", budget=MAX_VALUES) for tag in tags]
    return np.fromiter(tags, dtype=object, count=n)


def read_ids(entries: Any, device: torch.device) -> torch.Tensor:
    """Ids of entries as int64 of one axis.

    Raises:
        TypeError: They are no such thing.
    """
    if not isinstance(entries, torch.Tensor):
        array = np.array(entries)
        entries = torch.from_numpy(array.astype(np.int64) if not array.size else array)
    if entries.dtype != torch.int64 or entries.dim() > 1:
        raise TypeError(
            f"entries: {entries.dtype} of shape {tuple(entries.shape)}, needs ids as sample and "
            "reset give them: an int64 tensor, an int or a list of ints."
        )
    return entries.detach().reshape(-1).to(device)
