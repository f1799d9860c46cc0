"""Where each variable's bytes are: one row of bytes per environment, the same in every state.

A solver's saved variables are one row of `RowLayout.nbytes` bytes per environment, and a block of
n environments is an int64 tensor (n, words) with 8-byte words. Every variable is a strided view
into that block. Layouts are plain values: they compare, pickle and print, and know no solver.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

SCENE = "Scene"
"""The name of the owner that keeps the scene's own clocks."""

WORD = 8
"""Bytes per word; rows are whole words, so that equality and checksums work on int64."""

_TORCH_DTYPES = {
    "float32": torch.float32,
    "float64": torch.float64,
    "int32": torch.int32,
    "bool": torch.bool,
}


@dataclass(frozen=True)
class VarLayout:
    """One variable: `shape` in one environment, at `offset` bytes from the row's start."""

    name: str
    role: str
    dtype: str
    shape: tuple[int, ...]
    offset: int

    @property
    def torch_dtype(self) -> torch.dtype:
        """The dtype of this variable's views."""
        return _TORCH_DTYPES[self.dtype]

    @property
    def nbytes(self) -> int:
        """Bytes in one environment, without padding."""
        return math.prod(self.shape) * self.torch_dtype.itemsize


@dataclass(frozen=True)
class RowLayout:
    """One environment's bytes: variables in the order of memory, `nbytes` a multiple of 8."""

    variables: tuple[VarLayout, ...]
    nbytes: int

    @classmethod
    def pack(cls, items: Iterable[tuple[str, str, str, tuple[int, ...]]]) -> RowLayout:
        """Places variables one after the other, wide dtypes first.

        Each begins at a multiple of its item size, a bool variable fills up to a multiple of 4
        bytes, and the row to a multiple of 8. Packing a packed layout's variables gives it again.

        Args:
            items: (name, role, dtype, shape in one environment) of each variable.
        """
        placed: list[VarLayout] = []
        offset = 0
        for name, role, dtype, shape in sorted(items, key=lambda item: -_itemsize(item)):
            if any(name == other.name for other in placed):
                raise ValueError(f"{name}: declared twice in one row; rename one of the two.")
            var = VarLayout(name, role, dtype, tuple(int(size) for size in shape), offset)
            placed.append(var)
            # Only bools are narrower than 4 bytes, and they come last: alignment is kept.
            offset += _round_up(var.nbytes, 4)
        return cls(tuple(placed), _round_up(offset, WORD))

    @property
    def words(self) -> int:
        """8-byte words in one environment's row."""
        return self.nbytes // WORD

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> VarLayout:
        return self._by_name[name]

    def view(self, rows: torch.Tensor, name: str) -> torch.Tensor:
        """A variable of a block of rows, without copying.

        Args:
            rows: int64, shape (n, words), contiguous in the last axis.
            name: The variable.

        Returns:
            A view of shape (n, *shape) with the variable's dtype.
        """
        dtype, start, shape, strides, empty = self._views[name]
        n = rows.shape[0]
        if empty or n == 0:
            return torch.empty((n, *shape), dtype=dtype, device=rows.device)
        typed = rows.view(dtype)
        return typed.as_strided(
            (n, *shape), (typed.stride(0), *strides), typed.storage_offset() + start
        )

    @cached_property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """Where in a row padding begins and ends, in bytes."""
        gaps, end = [], 0
        for var in self.variables:
            if end < var.offset:
                gaps.append((end, var.offset))
            end = var.offset + var.nbytes
        return (*gaps, (end, self.nbytes)) if end < self.nbytes else tuple(gaps)

    @cached_property
    def _by_name(self) -> dict[str, VarLayout]:
        return {var.name: var for var in self.variables}

    @cached_property
    def _views(self) -> dict[str, tuple[torch.dtype, int, tuple[int, ...], tuple[int, ...], bool]]:
        views = {}
        for var in self.variables:
            strides = tuple(math.prod(var.shape[axis + 1 :]) for axis in range(len(var.shape)))
            start = var.offset // var.torch_dtype.itemsize
            views[var.name] = (var.torch_dtype, start, var.shape, strides, 0 in var.shape)
        return views

    def __getstate__(self) -> dict[str, Any]:
        return {"variables": self.variables, "nbytes": self.nbytes}  # without the lookup tables


@dataclass(frozen=True)
class OwnerLayout:
    """The rows of one solver, or of the scene itself.

    Attributes:
        name: The class, as in checkpoint keys: "RigidSolver".
        alias: The attribute of a SimState: "rigid".
        saved: Variables of role state and memory.
        param: Variables of role param.
    """

    name: str
    alias: str
    saved: RowLayout
    param: RowLayout

    def variables(self) -> tuple[VarLayout, ...]:
        """All variables, saved ones first."""
        return self.saved.variables + self.param.variables


@dataclass(frozen=True)
class StateLayout:
    """The rows of a whole scene.

    Attributes:
        owners: The solvers and the scene itself, in a fixed order.
        model: (key, value) pairs that describe entities and topology; states fit only the scene
            whose pairs are the same.
    """

    owners: tuple[OwnerLayout, ...]
    model: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for field in ("name", "alias"):
            names = [getattr(owner, field) for owner in self.owners]
            if len(set(names)) < len(names):
                raise ValueError(f"layout: {field}s are {names}, each must occur once; rename one.")

    def keys(self, params: bool = False) -> list[str]:
        """Checkpoint keys such as "RigidSolver.qpos", with or without those of parameters."""
        return [
            f"{owner.name}.{var.name}"
            for owner in self.owners
            for var in (owner.variables() if params else owner.saved.variables)
        ]

    def nbytes(self, params: bool = False) -> int:
        """Bytes of one environment, padding included."""
        saved = sum(owner.saved.nbytes for owner in self.owners)
        return saved + sum(owner.param.nbytes for owner in self.owners) * params

    def owner_index(self, name: str) -> int | None:
        """The place in `owners` of the one with this name or alias."""
        return self._owner_indices.get(name)

    def place(self, key: str) -> tuple[int, bool, RowLayout, str] | None:
        """Where a checkpoint key is: owner's index, whether a parameter, its row, its name."""
        return self._places.get(key)

    @cached_property
    def _owner_indices(self) -> dict[str, int]:
        places = {owner.alias: index for index, owner in enumerate(self.owners)}
        return places | {owner.name: index for index, owner in enumerate(self.owners)}

    @cached_property
    def _places(self) -> dict[str, tuple[int, bool, RowLayout, str]]:
        return {
            f"{owner.name}.{var.name}": (index, row is owner.param, row, var.name)
            for index, owner in enumerate(self.owners)
            for row in (owner.saved, owner.param)
            for var in row.variables
        }

    def __getstate__(self) -> dict[str, Any]:
        return {"owners": self.owners, "model": self.model}  # without the lookup tables

    def differences(
        self,
        other: StateLayout,
        here: str = "this scene",
        there: str = "the state",
        in_order: bool = True,
    ) -> list[str]:
        """What keeps a state of one layout from fitting the other; empty exactly if they are equal.

        Args:
            other: The layout to compare with.
            here: What the sentences call this layout.
            there: What they call the other.
            in_order: Whether the same variables in another order differ, as blocks of rows do.

        Returns:
            One sentence for each difference.
        """
        if self == other:
            return []
        found: list[str] = []
        ours = {owner.name: owner for owner in self.owners}
        theirs = {owner.name: owner for owner in other.owners}
        for name in dict.fromkeys([*ours, *theirs]):
            if name in ours and name in theirs:
                found += _owner_differences(ours[name], theirs[name], here, there)
            else:
                has, lacks = (here, there) if name in ours else (there, here)
                found.append(f"{name} is in {has}, not in {lacks}.")
        found += _model_differences(dict(self.model), dict(other.model), here, there)
        if found or not in_order:
            return found
        return [f"{here} and {there} keep the same variables in a different order."]

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and texts, without offsets; `from_dict` packs them again."""
        owners = [
            {
                "name": owner.name,
                "alias": owner.alias,
                "saved": [[v.name, v.role, v.dtype, list(v.shape)] for v in owner.saved.variables],
                "param": [[v.name, v.role, v.dtype, list(v.shape)] for v in owner.param.variables],
            }
            for owner in self.owners
        ]
        return {"owners": owners, "model": [list(pair) for pair in self.model]}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> StateLayout:
        """The layout that `to_dict` described.

        Raises:
            KeyError, TypeError, ValueError: It is no such thing.
        """
        for key, value in plain["model"]:
            if not isinstance(key, str) or not isinstance(value, str):
                raise TypeError(f"model: {key!r} is {value!r}, needs texts.")
        for owner in plain["owners"]:
            for name, role, dtype, _ in (*owner["saved"], *owner["param"]):
                if not all(isinstance(text, str) for text in (owner["name"], name, role, dtype)):
                    raise TypeError(f"{owner['name']!r}: variable {name!r} needs texts.")
        owners = tuple(
            OwnerLayout(
                owner["name"],
                owner["alias"],
                RowLayout.pack(owner["saved"]),
                RowLayout.pack(owner["param"]),
            )
            for owner in plain["owners"]
        )
        return cls(owners, tuple((key, value) for key, value in plain["model"]))


def _owner_differences(a: OwnerLayout, b: OwnerLayout, here: str, there: str) -> list[str]:
    found: list[str] = []
    if a.alias != b.alias:
        found.append(f"{a.name} is called {a.alias!r} in {here}, {b.alias!r} in {there}.")
    ours = {var.name: var for var in a.variables()}
    theirs = {var.name: var for var in b.variables()}
    for name in dict.fromkeys([*ours, *theirs]):
        key = f"{a.name}.{name}"
        if name in ours and name in theirs:
            for field in ("shape", "dtype", "role"):
                mine, yours = getattr(ours[name], field), getattr(theirs[name], field)
                if mine != yours:
                    found.append(f"{key} has {field} {mine} in {here}, {yours} in {there}.")
        else:
            has, lacks = (here, there) if name in ours else (there, here)
            found.append(f"{key} is in {has}, not in {lacks}.")
    return found


def _model_differences(
    ours: dict[str, str], theirs: dict[str, str], here: str, there: str
) -> list[str]:
    found = []
    alone = [key for key in (*ours, *theirs) if (key in ours) != (key in theirs)]
    for key in dict.fromkeys([*ours, *theirs]):
        if any(key.startswith(f"{other} ") for other in alone):
            continue  # "entity box size" goes without saying where there is no "entity box"
        if key in ours and key in theirs:
            if ours[key] != theirs[key]:
                found.append(f"{key} is {ours[key]} in {here}, {theirs[key]} in {there}.")
        else:
            has, lacks = (here, there) if key in ours else (there, here)
            found.append(f"{key} is in {has}, not in {lacks}.")
    return found


def _itemsize(item: tuple[str, str, str, tuple[int, ...]]) -> int:
    name, _, dtype, _ = item
    if dtype not in _TORCH_DTYPES:
        raise ValueError(f"{name}: dtype {dtype!r}, needs one of {', '.join(_TORCH_DTYPES)}.")
    return _TORCH_DTYPES[dtype].itemsize


def _round_up(nbytes: int, multiple: int) -> int:
    return -(-nbytes // multiple) * multiple
