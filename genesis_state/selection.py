"""Which environments a call is about: every accepted form of `envs_idx`, read at one door."""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass, field
from typing import Any, NoReturn, SupportsIndex

import numpy as np
import torch


@dataclass(slots=True, eq=False)
class Selection:
    """The chosen environments, in the cheapest form that says which.

    A mask or list that names every environment in order may come out as "all"; whether a reset
    is masked is a matter of what the caller passed, not of the kind.

    Attributes:
        kind: "all", "slice", "index" or "mask".
        n_envs: Environments to choose from.
        device: Where `index` and `mask` are.
        count: How many are chosen. None for a mask on an accelerator: counting its bits would
            wait for the device.
        slice: For "all" and "slice": start, stop and positive step.
        index: For "index": int64, non-negative and in range, in the order given.
        mask: For "mask": bool, shape (n_envs,).
    """

    kind: str
    n_envs: int
    device: torch.device
    count: int | None
    slice: slice | None = None
    index: torch.Tensor | None = None
    mask: torch.Tensor | None = None
    _marks: torch.Tensor | None = field(default=None, repr=False)
    _duplicates: bool | None = field(default=None, repr=False)

    def indices(self) -> torch.Tensor:
        """The chosen environments as int64 on `device`. Waits for the device if it is a mask."""
        if self.index is not None:
            return self.index
        if self.mask is not None:
            if self.device.type == "cpu":
                return torch.from_numpy(np.flatnonzero(self.mask.numpy()))
            return self.mask.nonzero().squeeze(1)
        assert self.slice is not None
        where = self.slice
        return torch.arange(where.start, where.stop, where.step, device=self.device)

    def marks(self) -> torch.Tensor:
        """Whether each environment is chosen: bool on `device`, shape (n_envs,). Not to be kept."""
        if self.mask is not None:
            return self.mask
        if self._marks is None:
            if self.device.type == "cpu":
                marks = np.zeros(self.n_envs, dtype=bool)
                marks[self.indices().numpy()] = True  # in a third of the time that torch takes
                self._marks = torch.from_numpy(marks)
            else:
                self._marks = torch.zeros(self.n_envs, dtype=torch.bool, device=self.device)
                self._marks[self.indices()] = True
        return self._marks

    def take(self, rows: torch.Tensor) -> torch.Tensor:
        """A copy of the chosen rows of a tensor (n_envs, …). Waits for the device if a mask."""
        if self.index is not None:
            return rows.index_select(0, self.index)
        if self.mask is not None:
            return rows[self.mask]
        return rows[self.slice].clone()

    def duplicates(self) -> bool:
        """Whether an environment is chosen more than once."""
        if self.index is None or len(self.index) < 2:
            return False
        if len(self.index) > self.n_envs:
            return True
        if self._duplicates is None:
            marks = self.marks()
            on_cpu = self.device.type == "cpu"
            chosen = np.count_nonzero(marks.numpy()) if on_cpu else marks.sum().item()
            self._duplicates = int(chosen) < len(self.index)
        return self._duplicates


def select(envs_idx: Any, n_envs: int, device: torch.device | str) -> Selection:
    """Reads `envs_idx`.

    Args:
        envs_idx: None for all; an int, slice or range; a list, tuple, numpy array or torch tensor
            of ints (negative ones count from the end, the order is kept); or one of bools, a mask
            of length n_envs that is never read as the indices 0 and 1. An empty one selects
            nothing. uint8 is refused, as it could be either. A Selection, where several calls are
            about the same environments, which must not change meanwhile.
        n_envs: Environments to choose from.
        device: Where the rows are to which the selection will be applied.
    """
    device = torch.device(device)
    if envs_idx is None:
        return _every(n_envs, device)
    if isinstance(envs_idx, Selection):
        if (envs_idx.n_envs, envs_idx.device) != (n_envs, device):
            raise ValueError(
                f"envs_idx: a selection of {envs_idx.n_envs} environments on {envs_idx.device}, "
                f"needs one of {n_envs} on {device}; select anew."
            )
        return envs_idx
    if isinstance(envs_idx, torch.Tensor):
        return _from_tensor(envs_idx, n_envs, device)
    if isinstance(envs_idx, slice):
        return _from_slice(envs_idx, n_envs, device)
    if isinstance(envs_idx, range):
        return _from_range(envs_idx, n_envs, device)
    if isinstance(envs_idx, (list, tuple)):
        return _from_array(_array_of(envs_idx), n_envs, device)
    if isinstance(envs_idx, np.ndarray):
        return _from_array(envs_idx, n_envs, device)
    if isinstance(envs_idx, (bool, np.bool_)):
        _refuse_single_bool()
    if isinstance(envs_idx, np.generic):
        return _from_array(np.asarray(envs_idx), n_envs, device)
    if isinstance(envs_idx, int):
        return _from_int(envs_idx, n_envs, device)
    raise TypeError(
        f"envs_idx: got a {type(envs_idx).__name__}, needs None, an int, a slice, a range, "
        "or a list, array or tensor of ints or bools; use list(...)."
    )


def _every(n_envs: int, device: torch.device) -> Selection:
    return Selection("all", n_envs, device, n_envs, slice=slice(0, n_envs, 1))


def _strided(start: int, stop: int, step: int, n_envs: int, device: torch.device) -> Selection:
    count = len(range(start, stop, step))
    if count == n_envs:
        return _every(n_envs, device)
    where = slice(start, stop, step) if count else slice(0, 0, 1)
    return Selection("slice", n_envs, device, count, slice=where)


def _from_int(env: SupportsIndex, n_envs: int, device: torch.device) -> Selection:
    env = int(env)
    if not -n_envs <= env < n_envs:
        _refuse_range(env, None, n_envs)
    start = env % n_envs
    return _strided(start, start + 1, 1, n_envs, device)


def _from_slice(envs: slice, n_envs: int, device: torch.device) -> Selection:
    start, stop, step = envs.indices(n_envs)
    if step > 0:
        return _strided(start, stop, step, n_envs, device)
    return _indexed(torch.arange(start, stop, step), n_envs, device)


def _from_range(envs: range, n_envs: int, device: torch.device) -> Selection:
    if not envs:
        return _strided(0, 0, 1, n_envs, device)
    for position, env in ((0, envs[0]), (len(envs) - 1, envs[-1])):
        if not -n_envs <= env < n_envs:
            _refuse_range(env, position, n_envs)
    one_sign = (envs[0] < 0) == (envs[-1] < 0)
    if envs.step > 0 and one_sign:
        shift = n_envs if envs[0] < 0 else 0
        return _strided(envs[0] + shift, envs[-1] + shift + 1, envs.step, n_envs, device)
    index = np.arange(envs.start, envs.stop, envs.step) % n_envs
    return _indexed(torch.from_numpy(index), n_envs, device)


def _from_array(envs: np.ndarray, n_envs: int, device: torch.device) -> Selection:
    if envs.ndim == 0:
        if envs.dtype.kind == "b":
            _refuse_single_bool()
        if envs.dtype.kind in "iu" and envs.dtype != np.uint8:
            return _from_int(envs.item(), n_envs, device)
        _refuse_dtype(envs.dtype)
    if envs.ndim > 1:
        _refuse_shape(envs.shape)
    if envs.dtype.kind == "b":
        return _from_mask(envs, n_envs, device)
    if envs.dtype.kind not in "iu" or envs.dtype == np.uint8:
        if envs.size or envs.dtype.kind != "f":  # np.array([]) is of floats
            _refuse_dtype(envs.dtype)
    elif envs.dtype == np.uint64 and envs.size and int(envs.max()) >= n_envs:
        position = int((envs >= n_envs).argmax())
        _refuse_range(int(envs[position]), position, n_envs)  # int64 would make some negative
    index = np.array(envs, dtype=np.int64)  # a copy, as torch wants it writable and unreversed
    return _indexed(torch.from_numpy(_in_range(index, n_envs)), n_envs, device)


def _from_mask(mask: np.ndarray, n_envs: int, device: torch.device) -> Selection:
    if mask.shape[0] != n_envs:
        _refuse_mask_length(mask.shape[0], n_envs)
    count = int(np.count_nonzero(mask))
    if count == n_envs:
        return _every(n_envs, device)
    own = torch.from_numpy(np.array(mask))  # a copy, as torch wants it writable and unreversed
    return _masked(own, count, device)


def _masked(mask: torch.Tensor, count: int, device: torch.device) -> Selection:
    return Selection("mask", len(mask), device, count, mask=mask.to(device))


def _from_tensor(envs: torch.Tensor, n_envs: int, device: torch.device) -> Selection:
    if envs.device.type == "cpu" and device.type == "cpu" and envs.dim() == 1:
        # The usual ones, which need no copy: a selection does not outlive the call it is for.
        if envs.dtype == torch.bool and envs.shape[0] == n_envs:
            count = int(np.count_nonzero(envs.numpy()))
            whole = count == n_envs
            return _every(n_envs, device) if whole else _masked(envs, count, device)
        if envs.dtype == torch.int64:
            given = envs.numpy()
            index = _in_range(given, n_envs)
            plain = envs if index is given else torch.from_numpy(index)
            return Selection("index", n_envs, device, len(index), index=plain)
    envs = envs.detach()
    if envs.is_floating_point() and not envs.numel():
        envs = envs.long()  # torch.tensor([]) is of floats, and there is no doubt what it means
    if envs.is_floating_point() or envs.is_complex() or envs.dtype == torch.uint8:
        _refuse_dtype(envs.dtype)
    if envs.device.type == "cpu":
        return _from_array(envs.numpy(), n_envs, device)
    if envs.dim() == 0 or device.type == "cpu":
        return _from_array(envs.cpu().numpy(), n_envs, device)
    if envs.dim() > 1:
        _refuse_shape(tuple(envs.shape))
    if envs.dtype == torch.bool:
        # Nothing here may look at the bits: that would wait for the device.
        if envs.shape[0] != n_envs:
            _refuse_mask_length(envs.shape[0], n_envs)
        return Selection("mask", n_envs, device, None, mask=envs.to(device))
    index = envs.to(device=device, dtype=torch.int64)
    if not index.numel():
        return _indexed(index, n_envs, device)
    lowest, highest = torch.stack(torch.aminmax(index)).tolist()  # the one wait for the device
    if lowest < -n_envs or highest >= n_envs:
        _in_range(index.cpu().numpy(), n_envs)
    if lowest < 0:
        index = index % n_envs
    return _indexed(index, n_envs, device)


def _indexed(index: torch.Tensor, n_envs: int, device: torch.device) -> Selection:
    return Selection("index", n_envs, device, len(index), index=index.to(device))


def _array_of(envs: list[Any] | tuple[Any, ...]) -> np.ndarray:
    """A list as an array. Types count: numpy alone would read [True, 2] as [1, 2]."""
    if not envs:
        return np.empty(0, dtype=np.int64)
    # The usual lists first, in a half of the time that np.array and a look at each type would take.
    first = type(envs[0])
    if first is bool and list(map(type, envs)).count(bool) == len(envs):
        return np.frombuffer(bytes(envs), dtype=bool)
    if first is int:
        with contextlib.suppress(struct.error):
            index = np.frombuffer(struct.pack(f"{len(envs)}q", *envs), dtype=np.int64)
            like_bools = (index.view(np.uint64) < 2).nonzero()[0].tolist()
            if all(type(envs[place]) is int for place in like_bools):
                return index
    envs = [_plain(item) for item in envs]
    if len(set(map(type, envs))) > 1:
        raise TypeError(
            "envs_idx: a list of both bools and ints, needs one kind; "
            "use indices, or a mask of n_envs bools."
        )
    try:
        return np.array(envs, dtype=bool if type(envs[0]) is bool else np.int64)
    except OverflowError:
        raise IndexError("envs_idx: an index is beyond 64 bits; use 0 to n_envs - 1.") from None


def _plain(item: object) -> int | bool:
    """A list's element as an int or bool."""
    if type(item) is int or type(item) is bool:
        return item
    if isinstance(item, (np.ndarray, np.generic, torch.Tensor)) and item.ndim == 0:
        if item.dtype in (np.uint8, torch.uint8):
            _refuse_dtype(item.dtype)
        item = item.item()
    if isinstance(item, int):
        return item if isinstance(item, bool) else int(item)
    if isinstance(item, (list, tuple, np.ndarray, torch.Tensor)):
        raise ValueError(
            "envs_idx: a list of lists, needs one axis; use a flat list of ints or of bools."
        )
    raise TypeError(f"envs_idx: a list with {item!r} in it, needs ints or bools; use int(...).")


def _in_range(index: np.ndarray, n_envs: int) -> np.ndarray:
    """The index with negative entries counted from the end."""
    # Read as unsigned, a negative entry is huge: one pass covers both ends.
    if not index.size or index.view(np.uint64).max() < n_envs:
        return index
    outside = (index < -n_envs) | (index >= n_envs)
    if outside.any():
        position = int(outside.argmax())
        _refuse_range(int(index[position]), position, n_envs)
    return index % n_envs


def _refuse_range(env: int, position: int | None, n_envs: int) -> NoReturn:
    at = "" if position is None else f" at position {position}"
    wanted = f"use {-n_envs} to {n_envs - 1}" if n_envs else "use an empty list"
    raise IndexError(f"envs_idx: {env}{at} is out of range for n_envs={n_envs}; {wanted}.")


def _refuse_mask_length(length: int, n_envs: int) -> NoReturn:
    raise ValueError(
        f"envs_idx: a mask of length {length}, needs one bool for each of {n_envs} environments; "
        "use indices to name a few."
    )


def _refuse_shape(shape: tuple[int, ...]) -> NoReturn:
    raise ValueError(f"envs_idx: shape {tuple(shape)}, needs one axis; use .flatten().")


def _refuse_single_bool() -> NoReturn:
    raise TypeError(
        "envs_idx: a single bool, needs indices or a mask of n_envs bools; use None for all."
    )


def _refuse_dtype(dtype: Any) -> NoReturn:
    name = str(dtype).removeprefix("torch.")
    if name == "uint8":
        raise TypeError(
            "envs_idx: dtype uint8 could be a mask or indices; use .bool() or .long() in torch, "
            ".astype(bool) or .astype(int) in numpy."
        )
    raise TypeError(
        f"envs_idx: dtype {name}, needs ints or bools; use a bool mask, or convert indices to int."
    )
