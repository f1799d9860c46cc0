"""Reads one variable out of any kind of recording, with the names and units of its entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import genesis_state.assembly  # noqa: F401 - with the solvers come their declarations
from genesis_state.axis_names import column_names, column_units
from genesis_state.declared import declaration
from genesis_state.layout import StateLayout
from genesis_state.recording.history import History
from genesis_state.schema import StateVar
from genesis_state.state import SimState

if TYPE_CHECKING:
    from genesis_state.scene import Scene


@dataclass(frozen=True)
class Series:
    """What there is to draw.

    Attributes:
        key: The variable's key, or an empty text.
        values: float64, shape (T, n_envs, columns).
        steps: The step of each of T.
        dt: Duration of a step [s], if it is known.
        names, units: Of each column.
        doc: What the variable is.
        whole: Whether its values are integers or flags.
    """

    key: str
    values: np.ndarray
    steps: np.ndarray
    dt: float | None
    names: list[str]
    units: list[str]
    doc: str
    whole: bool


def series_of(recording: Any, key: str, scene: Scene | None) -> Series:
    """Reads the variable of any kind of recording."""
    layout = None if scene is None else scene.layout
    dt = None if scene is None else scene.dt
    steps = None
    if isinstance(recording, (torch.Tensor, np.ndarray)):
        values = recording
    elif isinstance(recording, Mapping):
        if key not in recording:
            raise KeyError(f"{key}: was not recorded; there are {', '.join(recording)}.")
        values = recording[key]
    elif isinstance(recording, History):
        values, steps = recording.read(key), recording.times
        layout, dt = recording.scene.layout, recording.scene.dt
    else:
        values, steps, layout = _read_states(recording, key, layout)
    array = torch.as_tensor(values).detach().cpu().numpy()
    if array.ndim < 2 or not array.shape[0] or not array.shape[1]:
        raise ValueError(
            f"plot: values of shape {array.shape}, needs (T, n_envs, …) with at least one step and "
            "one environment."
        )
    declared = declaration(key)
    shape = array.shape[2:]
    if declared is not None and not _fits(declared, shape):
        declared = None
    names = column_names(declared, layout, shape)
    if not names:
        raise ValueError(f"plot: {key or 'the tensor'} has no entries, its shape is {shape}.")
    return Series(
        key,
        array.reshape(*array.shape[:2], -1).astype(np.float64),
        _steps(steps, len(array)),
        dt,
        names,
        column_units(declared, layout, shape),
        "" if declared is None else declared.doc,
        array.dtype.kind != "f",
    )


def _read_states(
    recording: Any, key: str, layout: StateLayout | None
) -> tuple[torch.Tensor, list[int], StateLayout | None]:
    if isinstance(recording, SimState) or not isinstance(recording, Iterable):
        raise TypeError(
            f"plot: a {type(recording).__name__}, needs a recording: states in the order of time, "
            "or a tensor (T, n_envs, …)."
        )
    found, steps = [], []
    for state in recording:
        if not isinstance(state, SimState):
            raise TypeError(f"plot: the recording holds a {type(state).__name__}, needs SimStates.")
        if not key:
            raise ValueError(f"plot: key is missing; there are {', '.join(state.keys())}.")
        found.append(state[key].clone())
        steps.append(state.t)
        layout = state.layout
    if not found:
        raise ValueError("plot: the recording has no states yet; step the scene first.")
    return torch.stack(found), steps, layout


def _fits(declared: StateVar, shape: tuple[int, ...]) -> bool:
    element = len(declared.element)
    return len(shape) == len(declared.dims) + element and shape[len(shape) - element :] == (
        declared.element
    )


def _steps(steps: Sequence[int] | None, n: int) -> np.ndarray:
    """Where along the axis the states are; by their number if steps come twice, after a reset."""
    if steps is None:
        return np.arange(1, n + 1)  # of a rollout: after each step
    found = np.asarray(steps)
    return found if (np.diff(found) > 0).all() else np.arange(n)
