"""States out of checkpoint files, without a scene and without Taichi."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from genesis_state import checkpoint
from genesis_state.checkpoint import Stored
from genesis_state.checkpoint.background import settle
from genesis_state.layout import StateLayout
from genesis_state.selection import select
from genesis_state.state import SimState

Rows = slice | np.ndarray | None


def load_state(path: str | os.PathLike[str], source_envs: Any = None) -> SimState:
    """The state in a checkpoint file, whether a scene or a state saved it.

    Args:
        path: The file.
        source_envs: Environments to take, in any form that `envs_idx` has; by default all. Of the
            others little is read.

    Returns:
        A state on the CPU, with parameters if the file has them.

    Raises:
        ValueError: The file is damaged, or does not say where its variables belong.
        OSError: There is no such file, or it cannot be read.
        TypeError, IndexError: `source_envs` does not fit it.
    """
    settle(path)
    with checkpoint.open(path) as stored:
        layout = saved_layout(stored)
        if layout is None:
            raise ValueError(
                f"{path}: says nothing of solvers, needs a layout in its manifest; load it into "
                "its scene with scene.load_checkpoint, or read it with gs.checkpoint.read."
            )
        params = has_params(stored, layout)
        problems = array_differences(stored, layout, params=params)
        if problems:
            raise ValueError(f"{path} does not hold what it says:\n  " + "\n  ".join(problems))
        rows = source_rows(stored, source_envs)
        state = SimState.empty(layout, count_rows(stored, rows), params=params)
        read_keys(stored, state, state.keys(), rows)
        state.clear_padding()
        state.t = stored.step_index
        return state


def saved_layout(stored: Stored) -> StateLayout | None:
    """The layout that a file's manifest has, or None if it has none.

    Raises:
        ValueError: It has something else in its place.
    """
    if "layout" not in stored.manifest:
        return None
    try:
        return StateLayout.from_dict(stored.manifest["layout"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ValueError(
            f"{stored.path}: its layout cannot be read ({error!r}); take another copy."
        ) from None


def saved_envs(stored: Stored) -> int:
    """Number of environments in a file.

    Raises:
        ValueError: Its arrays disagree.
    """
    lengths = {name: info.shape[0] if info.shape else 0 for name, info in stored.infos.items()}
    if len(set(lengths.values())) == 1:
        return next(iter(lengths.values()))
    if not lengths:
        raise ValueError(f"{stored.path}: has no arrays, needs those of a scene.")
    few, many = min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)
    raise ValueError(
        f"{stored.path}: {few} has {lengths[few]} rows, {many} has {lengths[many]}; each needs one "
        "row per environment."
    )


def source_rows(stored: Stored, source_envs: Any) -> Rows:
    """Environments of a file in the form that `Stored` takes; None for all."""
    if source_envs is None:
        return None
    try:
        chosen = select(source_envs, saved_envs(stored), "cpu")
    except (TypeError, IndexError, ValueError) as error:
        text = str(error).replace("envs_idx", "source_envs", 1)
        raise type(error)(f"{stored.path}: {text}") from None
    if chosen.kind == "all":
        return None
    return chosen.slice if chosen.kind == "slice" else chosen.indices().numpy()


def count_rows(stored: Stored, rows: Rows) -> int:
    """How many rows that are."""
    n_envs = saved_envs(stored)
    if rows is None:
        return n_envs
    return len(range(*rows.indices(n_envs))) if isinstance(rows, slice) else len(rows)


def has_params(stored: Stored, layout: StateLayout) -> bool:
    """Whether a file holds a layout's parameters, or some of them."""
    places = (layout.place(key) for key in stored.infos)
    return any(place[1] for place in places if place is not None)


def array_differences(
    stored: Stored, layout: StateLayout, *, params: bool, beside: Sequence[str] = ()
) -> list[str]:
    """What keeps a file's arrays from being those of a layout, one sentence each.

    Args:
        stored: The file.
        layout: What it is to hold.
        params: Whether parameters are to be there.
        beside: Names of other arrays that may be there.
    """
    n_envs = saved_envs(stored)
    keys = layout.keys(params=params)
    found = []
    for key in keys:
        place = layout.place(key)
        assert place is not None
        var = place[2][place[3]]
        info = stored.infos.get(key)
        if info is None:
            found.append(f"{key} is missing.")
        elif info.dtype.name != var.dtype or info.shape != (n_envs, *var.shape):
            found.append(
                f"{key} has shape {info.shape} and dtype {info.dtype.name}, needs "
                f"{(n_envs, *var.shape)} and {var.dtype}."
            )
    known = {*keys, *beside}
    return found + [f"{key} is not in the layout." for key in stored.infos if key not in known]


def read_keys(stored: Stored, state: SimState, keys: Sequence[str], rows: Rows) -> None:
    """Reads variables into a state on the CPU that has as many rows.

    Raises:
        ValueError: Bytes are damaged, or a number is too large for the state's precision.
    """
    for key in keys:
        view = state[key].numpy()
        if view.dtype == stored.infos[key].dtype:
            stored.read_into(view, key, rows)
        else:
            view[...] = converted(stored, key, rows, view.dtype)


def converted(stored: Stored, key: str, rows: Rows, dtype: np.dtype) -> np.ndarray:
    """An array in another precision.

    Raises:
        ValueError: A finite number would become infinite.
    """
    array = stored.array(key, rows)
    with np.errstate(over="ignore"):
        found = array.astype(dtype)
    lost = np.isfinite(array) & ~np.isfinite(found)
    if lost.any():
        raise ValueError(
            f"{stored.path}: {key} has {array[lost][0]}, {dtype} ends at {np.finfo(dtype).max:.8g};"
            " load it with the precision it was saved in."
        )
    return found


def with_float_dtype(layout: StateLayout, dtype: str) -> StateLayout:
    """The layout that the same scene has in another precision, "float32" or "float64"."""
    plain: dict[str, Any] = layout.to_dict()
    for owner in plain["owners"]:
        for variables in (owner["saved"], owner["param"]):
            for var in variables:
                if var[2] in ("float32", "float64"):
                    var[2] = dtype
    return StateLayout.from_dict(plain)


def float_dtype(layout: StateLayout) -> str | None:
    """The dtype of a layout's floats, or None if it has none or several."""
    owners = layout.owners
    found = {v.dtype for o in owners for v in o.variables() if v.torch_dtype.is_floating_point}
    return found.pop() if len(found) == 1 else None
