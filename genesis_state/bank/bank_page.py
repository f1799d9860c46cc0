"""What a notebook shows of a bank of states."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from genesis_state.notebook import details, glance_cells, note, page, pairs, table
from genesis_state.notebook.values import brief
from genesis_state.text import count, size

if TYPE_CHECKING:
    from genesis_state.bank.state_bank import StateBank

_ENTRIES = 20  # those with the largest weights
_TAGS = 12  # the commonest


def bank_page(bank: StateBank) -> str:
    """How full the bank is, its weights and tags, and its likeliest entries."""
    entries = bank.entries
    n = len(entries)
    facts: dict[str, object] = {
        "policy": bank.policy,
        "seed": bank.seed,
        "memory": f"{size(bank.nbytes)}, {size(bank.layout.nbytes(bank.params))} per entry, "
        f"{bank.device}",
        "parameters": "kept" if bank.params else "left out",
    }
    if n:
        weights = glance_cells(entries.weight)
        facts |= {"weights": weights.range, "": weights.spread}
    parts = [pairs((name, value) for name, value in facts.items() if value != "")]
    if not n:
        parts.append(note("empty: bank.add(scene.get_state()) puts states in"))
        return page("StateBank", *parts, aside=f"0 of {bank.capacity:,} entries")
    tags = Counter(map(str, entries.tag))
    if set(tags) != {"None"}:
        rows = [(tag, f"{number:,}") for tag, number in tags.most_common(_TAGS)]
        body = table(("tag", "entries"), rows, right=(1,))
        parts.append(details("tags", body, aside=len(tags), open=True))
    largest = np.argsort(-entries.weight, kind="stable")[:_ENTRIES]
    total = float(entries.weight.sum())
    body = table(
        ("id", "chance", "weight", "tag", "from env", "its step", "scene's step"),
        [
            (
                int(entries.id[i]),
                f"{entries.weight[i] / total:.2%}" if total else "",
                brief(float(entries.weight[i])),
                "" if entries.tag[i] is None else entries.tag[i],
                int(entries.env[i]),
                int(entries.envs_t[i]),
                int(entries.t[i]),
            )
            for i in largest
        ],
        right=(0, 1, 2, 4, 5, 6),
    )
    parts.append(details("likeliest entries", body, aside=f"{len(largest)} of {n:,}"))
    return page("StateBank", *parts, aside=f"{n:,} of {count(bank.capacity, 'entry', 'entries')}")
