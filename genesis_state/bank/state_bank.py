"""The bank of states."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch

from genesis_state.bank import bank_file
from genesis_state.bank.bank_page import bank_page
from genesis_state.bank.entries import Entries
from genesis_state.bank.given import read_ids, read_tags, read_weights
from genesis_state.bank.groups import grouped
from genesis_state.bank.lottery import Lottery
from genesis_state.bank.policies import POLICIES, find_places
from genesis_state.bank.table import Table
from genesis_state.counter_random import stream_key
from genesis_state.layout import StateLayout
from genesis_state.selection import Selection, select
from genesis_state.state import SimState

if TYPE_CHECKING:
    from genesis_state.scene import Scene


class StateBank:
    """States of single environments, drawn by weight and put back into environments.

        bank = gs.StateBank(scene, capacity=10_000)
        bank.add(scene.get_state(), envs_idx=nearly_there, tags="nearly there")
        entries = bank.reset(scene, envs_idx=done)  # one for each of these environments
        bank.update(entries, weights=1.0 - success)  # at the end of their episodes

    An entry is known by its id, an int that is never used again: what is said of one that was
    replaced meanwhile is ignored. A state that is in the bank already, as its checksum tells, is
    not stored twice: its entry keeps id, age and provenance, and takes the new weight and tag if
    any are given.

    What is drawn is a function of the seed, of what was added and updated, and of how much was
    drawn before, the same on every device. The bank has random numbers of its own.

    Iterating gives the ids, oldest first.

    Attributes:
        layout: Of the states; every scene with an equal one can take them.
        capacity: Most entries it holds.
        policy: What happens to a new state when it is full.
        seed: What it draws from.
        device: Where the states are.
        params: Whether entries carry parameters.
    """

    def __init__(
        self,
        scene: Scene,
        capacity: int,
        policy: str = "ring",
        seed: int = 0,
        params: bool = False,
    ):
        """An empty bank.

        Args:
            scene: A scene that is built; the bank does not keep it.
            capacity: Most entries. The system hands out memory for them as they come.
            policy: "ring": a new state replaces the oldest entry. "reservoir": the bank is a
                uniform sample of all new states that it was given, whatever their weights, by
                algorithm R of Vitter, "Random sampling with a reservoir" (ACM TOMS 11, 1985).
            seed: Any int.
            params: Whether the parameters are kept and put back too.

        Raises:
            TypeError, ValueError: One of these is not that.
            RuntimeError: The scene is not built.
        """
        scene._require_built()
        for name, value in (("capacity", capacity), ("seed", seed)):
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name}: got a {type(value).__name__}, needs an int; use int(…).")
        if capacity < 1:
            raise ValueError(f"capacity: {capacity}, needs 1 or more.")
        if policy not in POLICIES:
            raise ValueError(f"policy: {policy!r}, needs {' or '.join(map(repr, POLICIES))}.")
        self.layout: StateLayout = scene.layout
        self.capacity = capacity
        self.policy = policy
        self.seed = seed
        self.device: torch.device = scene.device
        self.params = bool(params)
        self._table = Table(self.layout, capacity, self.device, self.params)
        self._offered = 0  # new states it was given
        self._cleared = 0  # how many of those before it was cleared
        self._drawn = 0  # random numbers that draws used
        self._keys = {name: stream_key(seed, name) for name in ("draw", "keep")}
        self._lottery: Lottery | None = None  # of the present weights

    # ---------------------------------------------------------------- in

    def add(
        self, state: SimState, envs_idx: Any = None, weights: Any = None, tags: Any = None
    ) -> torch.Tensor:
        """Adds environments of a state, each as an entry of its own.

        Those that are in the bank already are refreshed first; then the others come in, in order.

        Args:
            state: A state of such a scene, on any device.
            envs_idx: Which of its environments; by default all.
            weights: The chance of being drawn, in proportion: one number for all or one for each,
                0 or more. By default 1 for what is new.
            tags: Plain values to be found in `entries`: a list, array or tensor has one for each,
                anything else is for all.

        Returns:
            The id of each environment's entry, int64; -1 where the policy left it out.

        Raises:
            TypeError, ValueError, IndexError: Something does not fit; nothing has been changed.
        """
        given, chosen, env = self._admit(state, envs_idx)
        weight = None if weights is None else read_weights(weights, len(env), self.device)
        tag = None if tags is None else read_tags(tags, len(env))
        if not len(env):
            return env
        table, checksum = self._table, given.checksum(chosen)
        groups = grouped(checksum, table.checksum[: table.n])
        ids = torch.full_like(groups.place, -1)
        known = (groups.place >= 0).nonzero().squeeze(1)
        ids[known] = table.id[groups.place[known]]
        table.tell(groups.place[known], groups.last[known], weight, tag)
        fresh = (groups.place < 0).nonzero().squeeze(1)
        if len(fresh):
            seen, key = self._offered - self._cleared, self._keys["keep"]
            to = find_places(self.policy, seen, len(fresh), self.capacity, key, self.device)
            kept = (to >= 0).nonzero().squeeze(1)
            serial = self._offered + kept
            self._offered += len(fresh)
            to, new = to[kept], fresh[kept]
            if len(to):
                row = groups.first[new]
                table.put(to, given, chosen.indices()[row])
                table.describe(to, serial=serial, env=env[row], checksum=checksum[row])
                table.tell(to, groups.last[new], weight, tag)
                ids[new] = table.id[to]
        self._lottery = None
        # What was refreshed may have made room for what came in.
        return torch.where(table.there(ids), ids, -1)[groups.of]

    def update(self, entries: Any, weights: Any, rate: float = 1.0) -> torch.Tensor:
        """Moves the weights of entries towards what came of them.

        The weight w of an entry becomes w + rate (g - w), where g is the mean of what is given for
        it. Entries that are gone are left out.

        Args:
            entries: Ids, as `sample`, `reset` and `add` give them; any of them several times.
            weights: One number for all or one for each, 0 or more.
            rate: From 0 to 1; 1 replaces the old weight.

        Returns:
            Whether each of them is still in the bank, bool.

        Raises:
            TypeError, ValueError: Something does not fit; nothing has been changed.
        """
        ids = read_ids(entries, self.device)
        given = read_weights(weights, len(ids), self.device)
        if not 0 <= rate <= 1:
            raise ValueError(f"rate: {rate!r}, needs a number from 0 to 1.")
        there = self._table.there(ids)
        distinct, which, count = ids[there].unique(return_inverse=True, return_counts=True)
        # index_put_ adds 64-bit floats in a fixed order, on every device.
        total = torch.zeros(len(distinct), dtype=torch.float64, device=self.device)
        total.index_put_((which,), given[there], accumulate=True)
        places, weight = distinct % self.capacity, self._table.weight
        weight[places] += rate * (total / count - weight[places])
        self._lottery = None
        return there

    def clear(self) -> None:
        """Forgets all entries. Ids and random numbers go on; a reservoir begins anew."""
        self._table.clear()
        self._cleared = self._offered
        self._lottery = None

    # ---------------------------------------------------------------- out

    def sample(self, n: int) -> torch.Tensor:
        """Draws entries by weight, with replacement.

        Args:
            n: How many.

        Returns:
            Their ids, int64 of shape (n,), on the bank's device: `bank[ids]` gives the states.

        Raises:
            ValueError: No entry has a weight above 0.
        """
        if isinstance(n, bool) or not isinstance(n, int) or n < 0:
            raise ValueError(f"sample: n is {n!r}, needs an integer that is 0 or more.")
        places, draw = self._draw(n)
        return self._ids(places, draw)

    def reset(self, scene: Scene, envs_idx: Any = None) -> torch.Tensor:
        """Puts an entry into each selected environment, drawn by weight.

        As with `scene.reset`, `envs_t` follows the entries; `scene.t` stays.

        Args:
            scene: One with an equal layout and any number of environments.
            envs_idx: Environments, in any form that `Scene.reset` takes, each named once.

        Returns:
            The id of the entry that each selected environment got, int64, in their order.

        Raises:
            TypeError, ValueError, IndexError: Something does not fit, or no entry has a weight
                above 0; nothing has been changed.
        """
        scene._require_built()
        if scene.layout is not self.layout:
            self._require_layout(scene.layout, "the scene")
        if scene.device != self.device:
            raise ValueError(
                f"bank: it is on {self.device} and the scene on {scene.device}; save it and load "
                "it with StateBank.load."
            )
        chosen = select(envs_idx, scene.n_envs, self.device)
        if chosen.duplicates():
            raise ValueError("bank: envs_idx names an environment more than once; name it once.")
        index = chosen.indices()
        places, draw = self._draw(len(index))
        # By place: the rows are read in the order in which they lie.
        chosen = Selection(
            "index", scene.n_envs, self.device, len(index), index=index.gather(0, draw)
        )
        scene._memory.write_rows(self._table.rows, places, chosen, self.params)
        return self._ids(places, draw)

    def _draw(self, n: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The places of `n` entries, ascending, and which draw each is of."""
        if n == 0:
            none = torch.empty(0, dtype=torch.int64, device=self.device)
            return none, none
        if not self._table.n:
            raise ValueError("bank: it is empty; put states in with bank.add(scene.get_state()).")
        if self._lottery is None:
            self._lottery = Lottery(self._table.weight[: self._table.n])
        drawn = self._lottery.draw(self._keys["draw"], self._drawn, n)
        self._drawn += n
        return drawn

    def _ids(self, places: torch.Tensor, draw: torch.Tensor) -> torch.Tensor:
        """The ids of entries in the order in which they were drawn."""
        return torch.empty_like(places).scatter_(0, draw, self._table.id.gather(0, places))

    def __getitem__(self, entries: Any) -> SimState:
        """A copy of the states of entries by their ids; `t` is that of the first.

        Raises:
            KeyError: One of them is not in the bank.
        """
        ids = read_ids(entries, self.device)
        gone = ids[~self._table.there(ids)].tolist()
        if gone:
            raise KeyError(f"bank: {gone[0]} is the id of no entry; it may have been replaced.")
        return self._table.take(ids % self.capacity)

    def __contains__(self, entry: object) -> bool:
        if not isinstance(entry, int):
            return False
        return bool(self._table.there(torch.tensor([entry], device=self.device)))

    def __iter__(self) -> Iterator[int]:
        return iter(self._table.id[self._table.oldest_first()].tolist())

    def __len__(self) -> int:
        return self._table.n

    @property
    def entries(self) -> Entries:
        """What is known of each entry, as a table; a copy."""
        return self._table.entries()

    @property
    def nbytes(self) -> int:
        """Bytes of the states of all entries."""
        return len(self) * self.layout.nbytes(self.params)

    # ---------------------------------------------------------------- files

    def save(self, path: str | os.PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        """Writes the bank into a file from which it goes on as it would have: every later draw too.

        Args:
            path: The file; its suffix names the format: .pkl, .safetensors or .npz.
            metadata: Plain values of your own to keep in the manifest, under "metadata".

        Raises:
            TypeError, ValueError: The suffix names no format, `metadata` is not plain, or there are
                more different tags than a file can have, some 40,000.
            OSError: Nothing could be saved; what stood there is as it was.
        """
        bank_file.save(self, path, metadata)

    @classmethod
    def load(cls, scene: Scene, path: str | os.PathLike[str]) -> StateBank:
        """The bank that `save` wrote, on the scene's device.

        Raises:
            ValueError: The file is damaged, holds no bank, or one of another scene.
            OSError: There is no such file, or it cannot be read.
        """
        return bank_file.load(cls, scene, path)

    # ---------------------------------------------------------------- inside

    def _admit(self, state: SimState, envs_idx: Any) -> tuple[SimState, Selection, torch.Tensor]:
        """A state on the bank's device, which of its rows are chosen, and where those were."""
        if not isinstance(state, SimState):
            raise TypeError(f"bank: the state is a {type(state).__name__}, needs a SimState.")
        if state.layout is not self.layout:
            self._require_layout(state.layout, "the state")
        if self.params and state.params is None:
            raise ValueError(
                "bank: the state carries no parameters; take it with get_state(params=True)."
            )
        chosen = select(envs_idx, state.n_envs, state.device)
        params = state.params if self.params else None
        given, env = SimState(self.layout, state.saved, params, state.t), chosen.indices()
        if given.device != self.device:
            given = given[env].to(self.device)
            chosen = select(None, len(env), self.device)
        return given, chosen, env.to(self.device)

    def _require_layout(self, layout: StateLayout, what: str) -> None:
        found = self.layout.differences(layout, "the bank", what)
        if found:
            raise ValueError(f"bank: {what} is of another kind:\n  " + "\n  ".join(found))

    def _repr_html_(self) -> str:
        return bank_page(self)

    def __repr__(self) -> str:
        table, n = self._table, len(self)
        per_entry = self.layout.nbytes(self.params)
        lines = [
            f"StateBank: {n} of {self.capacity} entries, {self.policy}, seed {self.seed}, "
            f"{per_entry} bytes per entry, {self.device}"
        ]
        if n:
            weight = table.weight[:n]
            lines.append(f"  weights from {float(weight.min()):g} to {float(weight.max()):g}")
            tags = Counter(map(str, table.tag[:n])).most_common(5)
            if tags != [("None", n)]:
                lines.append("  tags " + ", ".join(f"{tag}: {count}" for tag, count in tags))
        return "\n".join(lines)
