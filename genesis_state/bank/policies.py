"""Which place of a bank a new entry takes, and whether it takes one."""

from __future__ import annotations

from collections.abc import Callable

import torch

from genesis_state.counter_random import random_fractions


def _ring(turns: torch.Tensor, capacity: int, key: int) -> torch.Tensor:
    """The place of the oldest."""
    return turns % capacity


def _reservoir(turns: torch.Tensor, capacity: int, key: int) -> torch.Tensor:
    """Algorithm R of J. S. Vitter, "Random sampling with a reservoir" (ACM TOMS 11, 1985).

    The t-th new row (from 0) takes a place drawn from 0 to t, or none if that is beyond the last.
    So the bank is at any time a uniform sample of all rows that were new.
    """
    fractions = random_fractions(key, int(turns[0]), len(turns), turns.device)
    drawn = (fractions * (turns + 1)).long()
    # A product may round up to t + 1, which is no place either.
    return torch.where(turns < capacity, turns, drawn)


POLICIES: dict[str, Callable[[torch.Tensor, int, int], torch.Tensor]] = {
    "ring": _ring,
    "reservoir": _reservoir,
}


def find_places(
    policy: str, seen: int, n: int, capacity: int, key: int, device: torch.device
) -> torch.Tensor:
    """Where `n` new rows go, as if they came one after the other.

    Args:
        policy: One of `POLICIES`.
        seen: New rows before these.
        n: At least 1.
        capacity: Places of the bank; the first rows fill them in order.
        key: Of the stream of random numbers, whose t-th belongs to the t-th row.
        device: Where the answer is to be.

    Returns:
        int64, shape (n,): a place for each row, no place twice; -1 for a row that takes none, or
        whose place a later one of these takes.
    """
    found = POLICIES[policy](torch.arange(seen, seen + n, device=device), capacity, key)
    found = found.clamp_(max=capacity)  # that place is none
    order = torch.arange(n, device=device)
    last = torch.full((capacity + 1,), -1, device=device)
    last.scatter_reduce_(0, found, order, "amax")
    return torch.where((found < capacity) & (last[found] == order), found, -1)
