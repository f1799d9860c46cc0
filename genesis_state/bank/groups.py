"""Rows that are the same state, among themselves and among those stored."""

from __future__ import annotations

from typing import NamedTuple

import torch

from genesis_state.bank.lottery import search


class Groups(NamedTuple):
    """Rows by state, in the order in which each state first comes. All int64.

    Attributes:
        first: The first row of each group.
        last: The last one.
        place: Where the state is stored, or -1.
        of: The group of each row.
    """

    first: torch.Tensor
    last: torch.Tensor
    place: torch.Tensor
    of: torch.Tensor


def grouped(checksums: torch.Tensor, stored: torch.Tensor) -> Groups:
    """Groups rows by checksum.

    Args:
        checksums: Of at least one row, int64.
        stored: Those that are stored, no two the same.
    """
    distinct, of = checksums.unique(return_inverse=True)
    rows = torch.arange(len(checksums), device=checksums.device)
    lead = torch.full_like(distinct, len(rows)).scatter_reduce_(0, of, rows, "amin")
    last = torch.zeros_like(distinct).scatter_reduce_(0, of, rows, "amax")
    place = torch.full_like(distinct, -1)
    # The first that is above, less one: the one that is equal, if any is.
    found, whose = search(distinct, stored)
    where = (found - 1).clamp_(min=0)
    same = distinct[where] == stored[whose]
    place[where[same]] = whose[same]
    order = lead.argsort()
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=order.device)
    return Groups(lead[order], last[order], place[order], rank[of])
