"""The memory of a bank: a place for each entry, with its row of state and what is known of it."""

from __future__ import annotations

import numpy as np
import torch

from genesis_state.bank.entries import Entries
from genesis_state.layout import StateLayout
from genesis_state.row_copy import copy_rows
from genesis_state.state import SimState


class Table:
    """Entries by place. The first `n` places are filled.

    Attributes:
        n: Number of entries.
        rows: Their states, a row for each place.
        id: Of the entry in each place. It grows by the capacity with each new one, so that the
            remainder is the place.
        serial, t, env, weight, tag: See `Entries`.
        checksum: Of each row.
        generation: How many times the capacity the ids of the first entries since it was cleared
            are.
    """

    def __init__(self, layout: StateLayout, capacity: int, device: torch.device, params: bool):
        self.rows = SimState.empty(layout, capacity, device, params)
        self.id = torch.zeros(capacity, dtype=torch.int64, device=device)
        columns = torch.zeros((4, capacity), dtype=torch.int64, device=device)
        self.serial, self.t, self.env, self.checksum = columns
        self.weight = torch.zeros(capacity, dtype=torch.float64, device=device)
        self.tag = np.empty(capacity, dtype=object)
        self.begin(0)

    def begin(self, generation: int) -> None:
        """Forgets all entries; the first ids from now on are `generation` times the capacity."""
        self.n = 0
        self.generation = generation
        torch.arange(len(self.id), out=self.id)
        self.id += (generation - 1) * self.capacity

    @property
    def capacity(self) -> int:
        """Number of places."""
        return len(self.id)

    def put(self, places: torch.Tensor, states: SimState, which: torch.Tensor) -> None:
        """New entries of weight 1 without a tag, yet to be described.

        Args:
            places: Where they go, none twice; the unfilled ones among them are the next ones.
            states: What has them.
            which: The row of each.
        """
        for mine, given in zip(blocks(self.rows), blocks(states), strict=True):
            copy_rows(mine, places, given, which)
        self.id[places] += self.capacity
        self.t[places] = states.t
        self.weight[places] = 1.0
        self.tag[places.cpu().numpy()] = None
        self.n = max(self.n, int(places.max()) + 1)

    def describe(self, places: torch.Tensor, **columns: torch.Tensor) -> None:
        """Writes columns of entries: serial, env, checksum."""
        for name, values in columns.items():
            getattr(self, name)[places] = values

    def tell(
        self,
        places: torch.Tensor,
        which: torch.Tensor,
        weight: torch.Tensor | None,
        tag: np.ndarray | None,
    ) -> None:
        """Gives entries the weights and tags of rows, if there are any."""
        if weight is not None:
            self.weight[places] = weight[which]
        if tag is not None:
            self.tag[places.cpu().numpy()] = tag[which.cpu().numpy()]

    def there(self, ids: torch.Tensor) -> torch.Tensor:
        """Whether each id is that of an entry, bool."""
        places = ids % self.capacity
        return (self.id[places] == ids) & (places < self.n)

    def take(self, places: torch.Tensor) -> SimState:
        """A copy of the states in these places; `t` is that of the first."""
        state = taken(self.rows, places)
        state.t = int(self.t[places[0]]) if len(places) else 0
        return state

    def filled(self) -> SimState:
        """The states of all entries in the order of places, in this table's own memory."""
        n, rows = self.n, self.rows
        params = None if rows.params is None else tuple([block[:n] for block in rows.params])
        return SimState(rows.layout, tuple([block[:n] for block in rows.saved]), params)

    def oldest_first(self) -> torch.Tensor:
        """The places of all entries by age."""
        return self.serial[: self.n].argsort()

    def entries(self) -> Entries:
        """A copy of what is known of each, oldest first."""
        order = self.oldest_first()

        def column(values: torch.Tensor) -> np.ndarray:
            return values[order].cpu().numpy()

        return Entries(
            id=column(self.id),
            serial=column(self.serial),
            t=column(self.t),
            envs_t=column(self.filled().envs_t.long()),
            env=column(self.env),
            weight=column(self.weight),
            tag=self.tag[order.cpu().numpy()],
        )

    def clear(self) -> None:
        """Forgets all entries; ids go on above all there were."""
        last = int(self.id[: self.n].max()) if self.n else -1
        self.begin(max(self.generation, last // self.capacity + 1))


def blocks(state: SimState) -> tuple[torch.Tensor, ...]:
    """All blocks of rows of a state."""
    return (*state.saved, *(state.params or ()))


def taken(state: SimState, which: torch.Tensor) -> SimState:
    """A copy of some rows, with the same `t`."""
    found = SimState.empty(state.layout, len(which), state.device, state.params is not None)
    every = torch.arange(len(which), device=state.device)
    for to, source in zip(blocks(found), blocks(state), strict=True):
        copy_rows(to, every, source, which)
    found.t = state.t
    return found
