"""What a bank knows of its entries, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

_SHOWN = 10  # rows of a table that is printed


class Entry(NamedTuple):
    """One entry of a bank; see `Entries`."""

    id: int
    serial: int
    t: int
    envs_t: int
    env: int
    weight: float
    tag: Any


@dataclass(frozen=True, eq=False, repr=False)
class Entries(Sequence[Entry]):
    """The entries of a bank, oldest first, one column each; indexing and iterating gives rows.

    Attributes:
        id: What `sample`, `reset` and `update` call it.
        serial: How many new states the bank had been given before it.
        t: The step of the scene its state was taken at.
        envs_t: The step of its environment.
        env: The environment it was in, as a row of the state that was added.
        weight: The chance of being drawn, in proportion to those of the others.
        tag: What it was tagged with, or None.
    """

    id: np.ndarray
    serial: np.ndarray
    t: np.ndarray
    envs_t: np.ndarray
    env: np.ndarray
    weight: np.ndarray
    tag: np.ndarray

    def __len__(self) -> int:
        return len(self.id)

    def __getitem__(self, index: Any) -> Any:
        """A row, or of a slice, of indices or a mask the table of those."""
        if isinstance(index, (int, np.integer)):
            column = [getattr(self, field.name)[index] for field in fields(self)]
            return Entry(*(x.item() if isinstance(x, np.generic) else x for x in column))
        return Entries(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def __iter__(self) -> Iterator[Entry]:
        columns = (getattr(self, field.name).tolist() for field in fields(self))
        return map(Entry._make, zip(*columns, strict=True))

    def __repr__(self) -> str:
        rows = [Entry._fields]
        rows += [tuple(str(value) for value in row) for row in self[:_SHOWN]]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(v.rjust(w) for v, w in zip(row, widths, strict=True)) for row in rows]
        if len(self) > _SHOWN:
            lines.append(f"… {len(self)} entries")
        return "\n".join(lines)
