"""The door for indices and numbers that users pass to an entity, in any form."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import torch

from genesis_state.selection import Selection


@dataclass(slots=True, eq=False)
class Columns:
    """The chosen dofs, coordinates, links or actuators of an entity, in the cheapest form.

    Attributes:
        indices: Their places within the entity, in the order given.
        key: The same within all of the scene's, to index axis 1 of a variable: a slice where
            they are evenly spaced and rise, otherwise int64 on the device.
        whole: Whether they are all of the entity's, in order.
    """

    indices: tuple[int, ...]
    key: slice | torch.Tensor
    whole: bool


class ColumnReader:
    """Reads indices within one entity, such as `dofs_idx_local`.

    Args:
        owner: The entity's name, for messages.
        noun: "dof", "q", "link" or "actuator"; the argument is called `dofs_idx_local` and so on.
        places: Where the entity's elements lie among the scene's, rising.
        device: Where the variables are.
        argument, counted: What messages call the argument and the count, where these have names
            of their own.
    """

    def __init__(
        self,
        owner: str,
        noun: str,
        places: Sequence[int],
        device: torch.device,
        argument: str | None = None,
        counted: str | None = None,
    ):
        self._owner = owner
        self._argument = argument or f"{noun}s_idx_local"
        self._counted = counted or f"n_{noun}s"
        self._places = places
        self._count = len(places)
        self._device = device
        every = tuple(range(self._count))
        whole = slice(places.start, places.stop) if isinstance(places, range) else self._key(every)
        self.all = Columns(every, whole, True)
        self._seen: dict[Any, Columns] = {}

    def __call__(self, idx: Any) -> Columns:
        """The columns that `idx` names: None for all, an int, slice, range, list or array of ints
        (negative ones count from the end), or a mask of bools."""
        if idx is None:
            return self.all
        # Control loops pass the same list again and again. The types are part of the key since
        # (1, 0) and (True, False) are equal.
        key = (tuple(idx), tuple(map(type, idx))) if type(idx) is list else None
        if key is not None:
            try:
                if (found := self._seen.get(key)) is not None:
                    return found
            except TypeError:  # a list in the list
                key = None
        columns = self._make(self._indices(idx))
        if key is not None:
            if len(self._seen) > 64:
                self._seen.clear()
            self._seen[key] = columns
        return columns

    def _make(self, indices: tuple[int, ...]) -> Columns:
        if indices == self.all.indices:
            return self.all
        return Columns(indices, self._key(indices), False)

    def _key(self, indices: tuple[int, ...]) -> slice | torch.Tensor:
        places = [int(self._places[i]) for i in indices]
        if not places:
            start = self._places.start if isinstance(self._places, range) else 0
            return slice(start, start, 1)
        step = places[1] - places[0] if len(places) > 1 else 1
        if step > 0 and all(b - a == step for a, b in itertools.pairwise(places)):
            return slice(places[0], places[0] + len(places) * step, step)
        return torch.tensor(places, dtype=torch.int64, device=self._device)

    def _indices(self, idx: Any) -> tuple[int, ...]:
        if isinstance(idx, slice):
            return tuple(range(self._count)[idx])
        if isinstance(idx, torch.Tensor):
            idx = idx.detach().cpu().numpy()
        if isinstance(idx, (range, list, tuple)):
            if any(isinstance(i, (list, tuple)) for i in idx):
                self._refuse("is a list of lists, needs one axis; use a flat list")
            kinds = {isinstance(i, (bool, np.bool_)) for i in idx}
            if len(kinds) == 2:
                self._refuse("mixes bools and ints; use one kind", TypeError)
        array = np.asarray(idx)
        if array.size == 0 and array.dtype.kind == "f":
            return ()
        if array.ndim > 1:
            self._refuse(f"has shape {array.shape}, needs one axis; use .flatten()")
        if array.dtype.kind == "b" and array.ndim == 1:
            if len(array) != self._count:
                self._refuse(f"is a mask of length {len(array)}, needs {self._count} bools")
            return tuple(np.flatnonzero(array).tolist())
        if array.dtype.kind not in "iu":
            what = type(idx).__name__ if array.dtype.kind in "OUSb" else str(array.dtype)
            self._refuse(f"is of {what}, needs ints or a mask of bools", TypeError)
        indices = array.reshape(-1).tolist()
        for i in indices:
            if not -self._count <= i < self._count:
                self._refuse(f"has {i}, out of range for {self._counted}={self._count}", IndexError)
        indices = tuple(i % self._count for i in indices)
        if len(set(indices)) < len(indices):
            twice = next(i for i in indices if indices.count(i) > 1)
            self._refuse(f"names {twice} more than once; name it once")
        return indices

    def _refuse(self, problem: str, kind: type[Exception] = ValueError) -> NoReturn:
        raise kind(f"{self._owner}: {self._argument} {problem}.")


def as_tensor(what: str, value: Any, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """A number, list, numpy array or torch tensor of numbers as a tensor.

    Args:
        what: How messages call it, such as "franka.set_qpos: qpos".

    Raises:
        TypeError: It holds bools, complex numbers or no numbers at all.
        ValueError: It is ragged.
    """
    if isinstance(value, torch.Tensor):
        if value.dtype == torch.bool or value.is_complex():
            _refuse_kind(what, str(value.dtype).removeprefix("torch."))
        return value.detach().to(device=device, dtype=dtype)
    if isinstance(value, (list, tuple)) and any(isinstance(v, torch.Tensor) for v in value):
        value = [v.detach().cpu().numpy() if isinstance(v, torch.Tensor) else v for v in value]
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{what} is ragged; every row needs the same length.") from None
    if array.dtype.kind not in "fiu":
        known = {"b": "bools", "c": "complex numbers"}
        _refuse_kind(what, known.get(array.dtype.kind, type(value).__name__))
    # A copy, as torch wants memory that is writable and runs forwards.
    with np.errstate(over="ignore"):
        array = np.array(array, dtype=np.float32 if dtype == torch.float32 else np.float64)
    return torch.from_numpy(array).to(device)


def as_flags(what: str, value: Any, device: torch.device) -> torch.Tensor:
    """A bool, 0 or 1, or a list, numpy array or torch tensor of them as a tensor of bools.

    Args:
        what: How messages call it, such as "water.set_active".

    Raises:
        TypeError: It holds neither bools nor integers.
        ValueError: It is ragged, or has other integers than 0 and 1.
    """
    try:
        array = np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value)
    except ValueError:
        raise ValueError(f"{what} is ragged; every row needs the same length.") from None
    if array.dtype.kind not in "biu":
        raise TypeError(f"{what} is of {array.dtype}, needs bools, or zeros and ones.")
    if array.dtype.kind != "b" and not ((array == 0) | (array == 1)).all():
        raise ValueError(f"{what} has {array[(array != 0) & (array != 1)][0]}, needs 0 or 1.")
    return torch.from_numpy(np.array(array, dtype=bool)).to(device)


def _refuse_kind(what: str, found: str) -> NoReturn:
    raise TypeError(f"{what} is of {found}, needs numbers; use floats or ints.")


def check_finite(what: str, values: torch.Tensor) -> None:
    """Refuses NaN and infinity. A device's tensors are let through: looking would wait for it."""
    # One sum costs a third of isfinite().all(); finite numbers whose sum overflows are looked at.
    if (
        values.device.type == "cpu"
        and not math.isfinite(values.sum().item())
        and not bool(values.isfinite().all())
    ):
        place = (~values.isfinite()).nonzero()[0].tolist()
        at = f" at {place}" if place else ""
        raise ValueError(f"{what} is {values[tuple(place)].item()}{at}, needs finite numbers.")


def fit(
    what: str, values: torch.Tensor, selection: Selection, shape: tuple[int, ...]
) -> torch.Tensor:
    """Values for the selected environments, of shape `shape` or (count, *shape).

    Takes a number, one element for all (shape[1:] of a two-dimensional `shape`), `shape`,
    (1, *shape) or (count, *shape). The result broadcasts against
    (count, *shape) and has a leading axis exactly if environments may differ.
    """
    n = values.dim() - len(shape)
    count = selection.count
    if n == 0 and values.shape == shape:
        return values
    if n == 1 and values.shape[1:] == shape:
        if values.shape[0] == count and count != 1:
            return values
        if values.shape[0] == 1:
            return values[0]
        if count is None and values.shape[0] == len(selection.indices()):
            return values
    if values.dim() == 0 or (len(shape) == 2 and values.shape == shape[1:]):
        return values.expand(shape)
    wanted = [shape]
    if count != 1:
        wanted.append((len(selection.indices()) if count is None else count, *shape))
    raise ValueError(f"{what}: shape {tuple(values.shape)}, needs {' or '.join(map(str, wanted))}.")


def write(
    target: torch.Tensor,
    selection: Selection,
    key: slice | torch.Tensor,
    values: torch.Tensor | float,
) -> None:
    """Puts values into the selected rows of a variable.

    Args:
        target: Shape (n_envs, n, …): cut to the columns already if `key` is a slice.
        selection: The rows.
        key: The columns.
        values: A number, or a tensor that `fit` returned.
    """
    if isinstance(key, slice):
        if selection.kind in ("all", "slice"):
            part = target if selection.kind == "all" else target[selection.slice]
            if isinstance(values, torch.Tensor):
                part.copy_(values)
            else:
                part.fill_(values)
        elif _same_for_all(selection, target, values):
            _write_masked(target, selection, slice(None), values)
        else:
            target[selection.indices()] = values
    elif selection.slice is not None:
        target[selection.slice][:, key] = values
    elif _same_for_all(selection, target, values):
        _write_masked(target, selection, key, values)
    else:
        target[selection.indices()[:, None], key] = values


def _same_for_all(selection: Selection, target: torch.Tensor, values: torch.Tensor | float) -> bool:
    """Whether a mask needs no indices, which on a device cost a wait."""
    one = not isinstance(values, torch.Tensor) or values.dim() < target.dim()
    return selection.mask is not None and one


def _write_masked(
    target: torch.Tensor,
    selection: Selection,
    key: slice | torch.Tensor,
    values: torch.Tensor | float,
) -> None:
    assert selection.mask is not None
    before = target[:, key]
    mask = selection.mask.view(-1, *[1] * (target.dim() - 1))
    target[:, key] = torch.where(mask, values, before)
