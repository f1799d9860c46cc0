"""SimState: the state of a scene at one moment, one row of bytes per environment.

Its variables are views into those rows. Slicing, stacking, comparing and hashing states are tensor
operations on whole rows, whatever the solvers keep in them. No state shares memory with another.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
import torch

from genesis_state import checkpoint, runtime
from genesis_state.checkpoint.content import plain_metadata
from genesis_state.comparison import VarDiff, hash_rows, row_diffs
from genesis_state.layout import SCENE, OwnerLayout, RowLayout, StateLayout, VarLayout
from genesis_state.pages import empty_rows
from genesis_state.selection import Selection, select
from genesis_state.state_page import owner_page, state_page

if TYPE_CHECKING:
    from genesis_state.viewing.view import View

Blocks: TypeAlias = tuple[torch.Tensor, ...]
EnvsIdx: TypeAlias = int | slice | Sequence[int] | np.ndarray | torch.Tensor | Selection | None


class SimState:
    """The state of n_envs environments: `state.rigid.qpos`, `state["RigidSolver.qpos"]`.

    Both give a live view of shape (n_envs, …): editing it in place edits this state and no other.
    Assigning copies: `state.rigid.qpos = tensor`. Each method that returns a SimState returns a
    copy. Iteration goes over the checkpoint keys. `copy`, `deepcopy` and `pickle` work; a pickle
    holds names and numpy arrays, and loads on the CPU without starting Taichi.

    Attributes:
        layout: Which variables there are and where.
        saved: One block per owner in the layout, int64, shape (n_envs, words).
        params: The same for parameters, or None if this state does not carry them.
        t: The scene's step count. It belongs to no environment: no comparison looks at it.
    """

    __slots__ = ("__weakref__", "layout", "params", "saved", "t")

    def __init__(
        self, layout: StateLayout, saved: Blocks, params: Blocks | None = None, t: int = 0
    ) -> None:
        # Made at every get_state: nothing is checked here.
        self.layout = layout
        self.saved = saved
        self.params = params
        self.t = t

    @classmethod
    def empty(
        cls,
        layout: StateLayout,
        n_envs: int,
        device: torch.device | str = "cpu",
        params: bool = False,
    ) -> SimState:
        """A state whose bytes are yet to be written, all of them, padding included."""
        return cls._allocate(empty_rows, layout, n_envs, device, params)

    @classmethod
    def zeros(
        cls,
        layout: StateLayout,
        n_envs: int,
        device: torch.device | str = "cpu",
        params: bool = False,
    ) -> SimState:
        """A state of zeros."""

        def zeros(shape: tuple[int, int], device: torch.device | str) -> torch.Tensor:
            return torch.zeros(shape, dtype=torch.int64, device=device)

        return cls._allocate(zeros, layout, n_envs, device, params)

    @classmethod
    def _allocate(
        cls,
        make: Callable[[tuple[int, int], torch.device | str], torch.Tensor],
        layout: StateLayout,
        n_envs: int,
        device: torch.device | str,
        params: bool,
    ) -> SimState:
        def block(row: RowLayout) -> torch.Tensor:
            return make((n_envs, row.words), device)

        saved = tuple([block(owner.saved) for owner in layout.owners])
        carried = tuple([block(owner.param) for owner in layout.owners]) if params else None
        return cls(layout, saved, carried)

    @classmethod
    def from_arrays(
        cls,
        layout: StateLayout,
        arrays: Mapping[str, np.ndarray],
        t: int = 0,
        n_envs: int | None = None,
        params: bool | None = None,
    ) -> SimState:
        """The state on the CPU that `arrays()` gave. Every key that does not fit is reported.

        Args:
            layout: The layout that the arrays must fit.
            arrays: By checkpoint key, shape (n_envs, …).
            t: The scene's step count.
            n_envs: By default the length of the first array.
            params: Whether parameters are to be there; by default, if at least one is.
        """
        if params is None:
            params = any((place := layout.place(key)) and place[1] for key in arrays)
        lengths = (array.shape[0] for array in arrays.values() if array.ndim)
        rows: int = next(lengths, 0) if n_envs is None else n_envs
        state = cls.zeros(layout, rows, params=params)
        problems = [f"{key} is not in the layout." for key in arrays if not layout.place(key)]
        for key in state:
            view = state[key]
            if key not in arrays:
                problems.append(f"{key} is missing.")
                continue
            array = arrays[key]
            wanted = str(view.dtype).removeprefix("torch.")
            if array.dtype.name != wanted or array.shape != tuple(view.shape):
                problems.append(
                    f"{key} has shape {array.shape} and dtype {array.dtype.name}, "
                    f"needs {tuple(view.shape)} and {wanted}."
                )
                continue
            view.copy_(torch.from_numpy(np.array(array, dtype=wanted)))
        _raise_all("arrays do not fit the layout", problems)
        state.t = t
        return state

    @property
    def n_envs(self) -> int:
        """Number of environments, which is the number of rows."""
        return self.saved[0].shape[0]

    @property
    def device(self) -> torch.device:
        """Where the rows are."""
        return self.saved[0].device

    @property
    def nbytes(self) -> int:
        """Bytes of all environments together, parameters included if carried."""
        return sum(block.nbytes for _, _, block in self._rows())

    @property
    def envs_t(self) -> torch.Tensor:
        """Each environment's own step count, shape (n_envs,)."""
        return self[f"{SCENE}.envs_t"]

    @property
    def solvers_state(self) -> list[OwnerView]:
        """One view per solver, the scene's own clocks left out."""
        owners = enumerate(self.layout.owners)
        return [OwnerView(self, index) for index, owner in owners if owner.name != SCENE]

    def keys(self) -> list[str]:
        """Checkpoint keys of the variables carried, such as "RigidSolver.qpos"."""
        return self.layout.keys(params=self.params is not None)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, key: object) -> bool:
        place = self.layout.place(key) if isinstance(key, str) else None
        return place is not None and (not place[1] or self.params is not None)

    def arrays(self) -> dict[str, np.ndarray]:
        """A numpy copy of each variable, shape (n_envs, …), under its checkpoint key."""
        state = self if self.device.type == "cpu" else self.to("cpu")
        return {key: state[key].numpy().copy() for key in state}

    @overload
    def __getitem__(self, which: str) -> torch.Tensor: ...

    @overload
    def __getitem__(self, which: EnvsIdx) -> SimState: ...

    def __getitem__(self, which: str | EnvsIdx) -> torch.Tensor | SimState:
        """A variable's view by its key; else a copy of the environments chosen as by `envs_idx`."""
        if not isinstance(which, str):
            return self._map(select(which, self.n_envs, self.device).take)
        place = self.layout.place(which)
        if place is None:
            raise KeyError(f"{which}: no such variable; there are {', '.join(self.keys())}.")
        index, is_param, row, name = place
        blocks = self.params if is_param else self.saved
        if blocks is None:
            raise KeyError(
                f"{which}: this state carries no parameters; use get_state(params=True)."
            )
        return row.view(blocks[index], name)

    def __setitem__(self, key: str, value: Any) -> None:
        """Copies a value of the variable's own shape, or one number, into the variable."""
        if not isinstance(key, str):
            raise TypeError(
                f"state[{key!r}] = …: only variables can be assigned; use a key such as "
                f"{self.keys()[0]!r}, then index its view."
            )
        view = self[key]
        if not isinstance(value, torch.Tensor):
            value = torch.from_numpy(np.array(value))  # numpy first: it keeps 64-bit floats
        if value.ndim and value.shape != view.shape:
            raise ValueError(
                f"{key}: shape {tuple(value.shape)}, this state needs {tuple(view.shape)}; "
                f"use .expand or .reshape, or edit state[{key!r}] in place."
            )
        if not torch.can_cast(value.dtype, view.dtype):
            raise TypeError(
                f"{key}: dtype {value.dtype}, needs {view.dtype}; use .to({view.dtype})."
            )
        view.copy_(value)

    def __getattr__(self, alias: str) -> OwnerView:
        if not alias.startswith("_") and alias not in SimState.__slots__:
            index = self.layout.owner_index(alias)
            if index is not None:
                return OwnerView(self, index)
            known = ", ".join(owner.alias for owner in self.layout.owners)
            raise AttributeError(f"state.{alias}: no such solver; this state has {known}.")
        raise AttributeError(alias)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(owner.alias for owner in self.layout.owners)]

    @classmethod
    def cat(cls, states: Iterable[SimState]) -> SimState:
        """The environments of several states one after the other; `t` is that of the first."""
        states = list(states)
        if not states:
            raise ValueError("cat: no states given, needs at least one; check the list.")
        first = states[0]
        for position, state in enumerate(states[1:], start=1):
            first._require_comparable(state, "state 0", f"state {position}")
            if state.device != first.device:
                raise ValueError(
                    f"cat: state 0 is on {first.device}, state {position} on {state.device}; "
                    "use state.to(device)."
                )
        params = None
        if first.params is not None:
            params = tuple(map(torch.cat, zip(*(s.params or () for s in states), strict=True)))
        saved = tuple(map(torch.cat, zip(*(s.saved for s in states), strict=True)))
        return cls(first.layout, saved, params, first.t)

    def repeat(self, n: int) -> SimState:
        """All environments n times over: rows 0, 1, 0, 1 for two environments and n=2."""
        return self._map(lambda block: block.repeat(n, 1))

    def clone(self) -> SimState:
        """A copy on the same device."""
        return self._map(torch.clone)

    def to(self, device: torch.device | str) -> SimState:
        """A copy on a device, also if this state is there already."""
        return self._map(lambda block: block.to(device, copy=True))

    def serializable(self) -> SimState:
        """A copy on the CPU, detached from everything: safe to pickle or send elsewhere."""
        return self.to("cpu")

    def equal(self, other: SimState) -> bool:
        """Whether layout and all rows agree bit for bit (a NaN equals itself, 0.0 is not -0.0)."""
        if self._incomparable(other, "", ""):
            return False
        return all(torch.equal(a, b.to(a.device)) for a, b in self._pairs(other))

    def diff(self, other: SimState) -> list[VarDiff]:
        """What differs bit for bit, one entry per variable; empty exactly if the states are equal.

        Raises:
            ValueError: If the states are not comparable, with all reasons.
        """
        self._require_comparable(other, "this state", "the other")
        if self.n_envs != other.n_envs:
            raise ValueError(
                f"diff: this state has {self.n_envs} envs, the other {other.n_envs}; slice one."
            )
        found: list[VarDiff] = []
        rows = self._rows()
        for (owner, row, _), (a, b) in zip(rows, self._pairs(other), strict=True):
            found += row_diffs(owner.name, row, a, b.to(a.device))
        return found

    def checksum(self, envs_idx: EnvsIdx = None) -> torch.Tensor:
        """One int64 per environment, shape (n_envs,): equal for equal rows, whatever else is there.

        It depends on the bytes and their places alone, so it is the same on every device, in every
        process and for every n_envs. Parameters count if they are carried.

        Args:
            envs_idx: Environments to give it of, in their order; by default all.
        """
        chosen = select(envs_idx, self.n_envs, self.device)
        which = None if chosen.kind == "all" else chosen.indices()
        count = self.n_envs if which is None else len(which)
        total = torch.zeros(count, dtype=torch.int64, device=self.device)
        start = 0
        for _, row, block in self._rows():
            total += hash_rows(block, start, which)
            start += row.words
        return total

    def save(self, path: str | os.PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        """Writes a checkpoint of this state, which `gs.load_state` and a scene can load.

        Args:
            path: The file; its suffix names the format: .pkl, .safetensors or .npz.
            metadata: Plain values of your own to keep in the manifest, under "metadata".

        Raises:
            TypeError, ValueError: The suffix names no format, or `metadata` is not plain.
            OSError: Nothing could be saved; what stood there is as it was.
        """
        manifest = {
            "layout": self.layout.to_dict(),
            "parameters": self.params is not None,
            "metadata": plain_metadata(metadata),
        }
        checkpoint.write(path, self.views(), step_index=self.t, manifest=manifest)

    def views(self) -> dict[str, np.ndarray]:
        """Each variable as numpy sees it, by key: this state's own memory if it is on the CPU."""
        state = self if self.device.type == "cpu" else self.to("cpu")
        return {key: state[key].numpy() for key in state}

    def view(self, scene: Any = None, **settings: Any) -> View:
        """Shows it in a notebook or a browser, from all sides; see `Scene.view`.

        Args:
            scene: The scene that says what it looks like; by default one that lives and whose
                states are like this one.
            settings: As `Scene.view` takes them: `env`, `camera`, `host`, `port`.

        Raises:
            ValueError: There is no such scene.
        """
        return self._scene("view", scene).view(self, **settings)

    def picture(
        self, path: str | os.PathLike[str] | None = None, scene: Any = None, **settings: Any
    ) -> np.ndarray:
        """A picture of it, uint8 of shape (height, width, 3); see `Scene.picture`.

        Args:
            path: A PNG file to write, if any.
            scene: As `view` takes it.
            settings: As `Scene.picture` takes them: `env`, `res`, `camera`.

        Raises:
            ValueError: There is no such scene.
        """
        return self._scene("picture", scene).picture(path, self, **settings)

    def _scene(self, call: str, scene: Any) -> Any:
        if scene is None:
            running = runtime.current()
            scene = running and running.user_of(self.layout)
        if scene is None:
            raise ValueError(
                f"{call}: a state has no shapes, and no scene is built whose states are like this "
                "one; build it, or give it as scene=."
            )
        return scene

    def clear_padding(self) -> None:
        """Zeroes the bytes that belong to no variable, as every state has them."""
        for _, row, block in self._rows():
            for start, end in row.gaps:
                block.view(torch.uint8)[:, start:end] = 0

    def _rows(self) -> list[tuple[OwnerLayout, RowLayout, torch.Tensor]]:
        """Owner, row layout and block of everything carried, in the order of the layout."""
        owners = self.layout.owners
        rows = [(o, o.saved, block) for o, block in zip(owners, self.saved, strict=True)]
        if self.params is not None:
            rows += [(o, o.param, block) for o, block in zip(owners, self.params, strict=True)]
        return rows

    def _pairs(self, other: SimState) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        theirs = (block for _, _, block in other._rows())
        return zip((block for _, _, block in self._rows()), theirs, strict=True)

    def _map(self, function: Callable[[torch.Tensor], torch.Tensor]) -> SimState:
        saved = tuple([function(block) for block in self.saved])
        params = None if self.params is None else tuple([function(b) for b in self.params])
        return SimState(self.layout, saved, params, self.t)

    def _incomparable(self, other: SimState, here: str, there: str) -> list[str]:
        problems: list[str] = []
        if self.layout is not other.layout:
            problems += self.layout.differences(other.layout, here, there)
        if (self.params is None) != (other.params is None):
            has, lacks = (here, there) if other.params is None else (there, here)
            problems.append(
                f"{has} carries parameters, {lacks} does not; "
                "take both with the same get_state(params=…)."
            )
        return problems

    def _require_comparable(self, other: SimState, here: str, there: str) -> None:
        problems = self._incomparable(other, here, there)
        _raise_all(f"{here} and {there} do not match", problems)

    def __repr__(self) -> str:
        per_env = self.layout.nbytes(self.params is not None)
        views = [repr(OwnerView(self, index)) for index in range(len(self.layout.owners))]
        head = f"SimState: {self.n_envs} envs, t={self.t}, {per_env} bytes per env, {self.device}"
        return "\n".join([head, *views])

    def _repr_html_(self) -> str:
        return state_page(self.layout, self.t, self.views(), self.nbytes, self.device)

    def __copy__(self) -> SimState:
        return self.clone()

    def __deepcopy__(self, memo: dict[int, Any]) -> SimState:
        return self.clone()

    def __reduce__(self) -> tuple[Any, ...]:
        # Names, shapes and arrays, not blocks and offsets: a pickle outlives a change of packing.
        plain = {
            "format": 1,
            "layout": self.layout.to_dict(),
            "n_envs": self.n_envs,
            "params": self.params is not None,
            "t": self.t,
            "arrays": self.arrays(),
        }
        return _unpickle, (plain,)


class OwnerView:
    """One solver's variables in a SimState: `state.rigid`. Its attributes are live views."""

    __slots__ = ("_index", "_state")

    _index: int
    _state: SimState

    def __init__(self, state: SimState, index: int) -> None:
        object.__setattr__(self, "_state", state)
        object.__setattr__(self, "_index", index)

    def __getattr__(self, name: str) -> torch.Tensor:
        return self._state[self._key(name)]

    def __setattr__(self, name: str, value: Any) -> None:
        self._state[self._key(name)] = value

    def _key(self, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        owner = self._state.layout.owners[self._index]
        key = f"{owner.name}.{name}"
        if key in self._state:
            return key
        if name in owner.param:
            raise AttributeError(
                f"state.{owner.alias}.{name}: this state carries no parameters; "
                "use get_state(params=True)."
            )
        raise AttributeError(
            f"state.{owner.alias}.{name}: no such variable; {owner.name} has {', '.join(self)}."
        )

    def _variables(self) -> tuple[VarLayout, ...]:
        owner = self._state.layout.owners[self._index]
        return owner.saved.variables if self._state.params is None else owner.variables()

    def __iter__(self) -> Iterator[str]:
        """The names of the variables carried."""
        return (var.name for var in self._variables())

    def __contains__(self, name: object) -> bool:
        return any(var.name == name for var in self._variables())

    def __dir__(self) -> list[str]:
        return list(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self._state, self._state.layout.owners[self._index].alias)

    def __repr__(self) -> str:
        owner = self._state.layout.owners[self._index]
        width = max(map(len, self), default=0)
        lines = [f"  {owner.name}, state.{owner.alias}"]
        for var in self._variables():
            shape = (self._state.n_envs, *var.shape)
            lines.append(f"    {var.name:<{width}}  {var.dtype:<7}  {var.role:<6}  {shape}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        owner = self._state.layout.owners[self._index]
        views = {name: getattr(self, name).cpu().numpy() for name in self}
        return owner_page(owner, self._state.t, views, self._state.n_envs)


def _unpickle(plain: Mapping[str, Any]) -> SimState:
    if plain.get("format") != 1:
        raise ValueError(
            f"SimState: pickle of format {plain.get('format')!r}, this version reads format 1; "
            "load it with the version that wrote it."
        )
    layout = StateLayout.from_dict(plain["layout"])
    return SimState.from_arrays(
        layout, plain["arrays"], plain["t"], n_envs=plain["n_envs"], params=plain["params"]
    )


def _raise_all(headline: str, problems: list[str]) -> None:
    if problems:
        raise ValueError("\n  ".join([f"{headline}:", *problems]))
