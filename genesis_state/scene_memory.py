"""All memory of a scene, and the semantics of putting a state back into it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from genesis_state.arena import Arena
from genesis_state.declared import declare
from genesis_state.layout import SCENE, RowLayout, StateLayout
from genesis_state.runtime import Runtime
from genesis_state.schema import Schema, StateVar
from genesis_state.selection import Selection, select
from genesis_state.solvers.base import Solver
from genesis_state.state import SimState


class SceneClock(Schema):
    """What the scene itself keeps for each environment."""

    envs_t = StateVar("Steps since the environment's state was new", dtype="int", role="memory")


declare(SCENE, SceneClock)


class SceneMemory:
    """The arenas of a scene's solvers and of its own clock.

    Attributes:
        arenas: Those of the solvers, then the clock.
        layout: Where the saved bytes of a state are.
        n_envs: Number of environments.
        device: Where states live.
        transport: "zero_copy" or "kernel": how they move.
    """

    def __init__(self, solvers: Sequence[Solver], n_envs: int, runtime: Runtime, transport: str):
        self.n_envs = n_envs
        self.device = runtime.device
        self.transport = transport
        self._clock = Arena(SCENE, "scene", SceneClock, {}, n_envs, runtime, transport)
        self.arenas = (*(solver.arena for solver in solvers), self._clock)
        self.layout = StateLayout(
            tuple(arena.layout for arena in self.arenas),
            tuple(pair for solver in solvers for pair in solver.signature()),
        )

    def rows(self) -> list[tuple[str, tuple[RowLayout, ...]]]:
        """By owner the rows of all its memory: saved, parameters, scratch and model."""
        return [
            (arena.name, tuple(block.layout for block in arena.blocks)) for arena in self.arenas
        ]

    def envs_t(self) -> torch.Tensor:
        """Steps since each environment's state was new, shape (n_envs,)."""
        return self._clock.get("envs_t")

    def tick(self) -> None:
        """Counts one step for every environment."""
        envs_t = self._clock.saved.seen("envs_t")
        if envs_t is not None:  # the shorter way, as this is done at every step
            envs_t += 1
            return
        with self._clock.edit("envs_t") as (envs_t,):
            envs_t += 1

    def read(self, out: SimState | None, params: bool) -> SimState:
        """Copies every environment into `out`, or into a new state."""
        if out is None:
            out = SimState.empty(self.layout, self.n_envs, self.device, params)
        else:
            self._check_out(out, params)
        for arena, block in zip(self.arenas, out.saved, strict=True):
            arena.saved.read(block)
        if out.params is not None:
            for arena, block in zip(self.arenas, out.params, strict=True):
                arena.param.read(block)
        return out

    def reader(self, key: str) -> Callable[[], torch.Tensor]:
        """What gives a variable as of now, shape (n_envs, …), to be copied from at once.

        Raises:
            KeyError: There is no such variable.
        """
        place = self.layout.place(key) if isinstance(key, str) else None
        if place is None:
            known = ", ".join(self.layout.keys(params=True))
            raise KeyError(f"{key}: no such variable; there are {known}.")
        index, is_param, _, name = place
        arena = self.arenas[index]
        block = arena.param if is_param else arena.saved
        return lambda: block.get(name)

    def live(self) -> SimState:
        """The state with its parameters, without a copy where the memory can be seen.

        To be read before the scene does anything else.
        """
        saved = tuple([arena.saved.rows() for arena in self.arenas])
        params = tuple([arena.param.rows() for arena in self.arenas])
        return SimState(self.layout, saved, params)

    def write(self, state: SimState, envs_idx: Any, params: bool) -> None:
        """Puts rows of `state` into the selected environments; see `Scene.reset`.

        Everything is checked before the first byte moves.
        """
        selection = select(envs_idx, self.n_envs, self.device)
        source = self._admit(state, params)
        mode = self._row_mode(source, selection, masked=envs_idx is not None, params=params)
        # The clock first: it is small, and goes faster before the others have filled the caches.
        for arena, block in zip(reversed(self.arenas), reversed(source.saved), strict=True):
            arena.saved.write(block, selection, mode)
        if params:
            assert source.params is not None
            for arena, block in zip(self.arenas, source.params, strict=True):
                arena.param.write(block, selection, mode)

    def write_rows(
        self, state: SimState, origin: torch.Tensor, selection: Selection, params: bool
    ) -> None:
        """Puts row origin[k] of `state` into the k-th selected environment, of which none is twice.

        Args:
            state: Any number of rows; it may be what `live` gave.
            origin: int64 on the device, in range, one for each selected environment.
        """
        source = self._admit(state, params)
        # The clock first, as in `write`.
        for arena, block in zip(reversed(self.arenas), reversed(source.saved), strict=True):
            arena.saved.write(block, selection, "mapped", origin)
        if params:
            assert source.params is not None
            for arena, block in zip(self.arenas, source.params, strict=True):
                arena.param.write(block, selection, "mapped", origin)

    def copy(self, src: Any, dst: Any, params: bool) -> None:
        """Copies environments onto others; see `Scene.copy_envs`."""
        chosen = select(dst, self.n_envs, self.device)
        if chosen.duplicates():
            raise ValueError("copy_envs: dst names an environment more than once; name it once.")
        to, origin = chosen.indices(), select(src, self.n_envs, self.device).indices()
        if len(origin) != len(to):
            if len(origin) != 1:
                raise ValueError(
                    f"copy_envs: src has {len(origin)} environments and dst {len(to)}; needs as "
                    "many of both, or one in src."
                )
            origin = origin.expand(len(to))
        others = to != origin
        to, origin = to[others], origin[others]
        if len(to):
            chosen = Selection("index", self.n_envs, self.device, len(to), index=to)
            self.write_rows(self.live(), origin, chosen, params)

    @contextlib.contextmanager
    def untracked(self) -> Iterator[None]:
        """Within it, no write counts as one: who opens it puts everything back at the end."""
        blocks = [block for arena in self.arenas for block in (arena.saved, arena.param)]
        before = [set(block.touched) for block in blocks]
        try:
            yield
        finally:
            for block, touched in zip(blocks, before, strict=True):
                block.touched = touched

    def take_touched(self) -> dict[str, list[str]]:
        """Names of the variables written since the last call, kernels' writes aside, by owner."""
        found: dict[str, list[str]] = {}
        for arena in self.arenas:
            names = arena.saved.touched | arena.param.touched
            if names:
                found[arena.name] = sorted(names)
                arena.saved.touched.clear()
                arena.param.touched.clear()
        return found

    def only_commands(self, touched: Mapping[str, list[str]]) -> bool:
        """Whether all variables that were written are commands."""
        arenas = {arena.name: arena for arena in self.arenas}
        return all(arenas[owner].commands.issuperset(names) for owner, names in touched.items())

    def values(self, touched: Mapping[str, list[str]]) -> dict[str, torch.Tensor]:
        """Copies of variables, by key; shape (n_envs, …)."""
        arenas = {arena.name: arena for arena in self.arenas}
        return {
            f"{owner}.{name}": arenas[owner].get(name)
            for owner, names in touched.items()
            for name in names
        }

    def command(self, values: Mapping[str, torch.Tensor]) -> None:
        """Writes variables in all environments, by key; shape (n_envs, …)."""
        arenas = {arena.name: arena for arena in self.arenas}
        for key, value in values.items():
            owner, _, name = key.partition(".")
            with arenas[owner].edit(name) as (view,):
                view.copy_(value)

    def close(self) -> None:
        """Frees the clock; the solvers free their own."""
        self._clock.close()

    def _check_out(self, out: SimState, params: bool) -> None:
        self._require_layout(out, "get_state: out")
        if out.n_envs != self.n_envs or out.device != self.device:
            raise ValueError(
                f"get_state: out has {out.n_envs} environments on {out.device}, this scene has "
                f"{self.n_envs} on {self.device}; take one with get_state() once and reuse it."
            )
        if params and out.params is None:
            raise ValueError(
                "get_state: out carries no parameters; take it with get_state(params=True)."
            )

    def _admit(self, state: SimState, params: bool) -> SimState:
        self._require_layout(state, "reset: the state")
        if params and state.params is None:
            raise ValueError(
                "reset: the state carries no parameters; take it with get_state(params=True)."
            )
        return state if state.device == self.device else state.to(self.device)

    def _require_layout(self, state: SimState, what: str) -> None:
        if not isinstance(state, SimState):
            raise TypeError(f"{what} is a {type(state).__name__}, needs a SimState.")
        if state.layout is not self.layout:
            if state.layout != self.layout:
                found = self.layout.differences(state.layout)
                raise ValueError(f"{what} is of another scene:\n  " + "\n  ".join(found))
            state.layout = self.layout  # an equal one from elsewhere: known at once next time

    def _row_mode(self, source: SimState, selection: Selection, masked: bool, params: bool) -> str:
        """Which row goes where: "same", "listed" or "broadcast" as `Block.write` has them."""
        rows = source.n_envs
        if rows == self.n_envs:
            return "same"
        if rows == 1 and selection.count is None:
            return "broadcast"  # a mask on an accelerator is not counted
        selected = self.n_envs
        if masked:
            selected = len(selection.indices()) if selection.count is None else selection.count
        if masked and rows == selected:
            if selection.duplicates():
                self._require_equal_duplicates(source, selection, params)
            return "listed"
        if rows == 1:
            return "broadcast"
        each = f", {selected} (one for each selected)" if masked else ""
        raise ValueError(
            f"reset: the state has {rows} rows, needs {self.n_envs} (one for each environment)"
            f"{each} or 1; slice or repeat it."
        )

    def _require_equal_duplicates(
        self, source: SimState, selection: Selection, params: bool
    ) -> None:
        index = selection.indices()
        last = torch.zeros(self.n_envs, dtype=torch.int64, device=self.device)
        last[index] = torch.arange(len(index), device=self.device)
        for block in source.saved + ((source.params or ()) if params else ()):
            differs = (block != block[last[index]]).any(dim=1)
            if differs.any():
                env = int(index[differs][0])
                raise ValueError(
                    f"reset: environment {env} is selected more than once with different rows; "
                    "select it once."
                )
