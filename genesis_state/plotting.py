"""`gs.plot`: a variable over the steps of a recording, as a figure of matplotlib."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from genesis_state.axis_names import unit_of
from genesis_state.plot_series import Series, series_of
from genesis_state.selection import select
from genesis_state.state import SimState

if TYPE_CHECKING:
    from genesis_state.scene import Scene

_PANELS = 12  # columns that are shown if none are named
_LINES = 64  # environments that have a line of their own
_BANDED = 5  # environments from which on a median and a band say more than lines alone
_QUANTILES = (0.1, 0.9)


def plot(
    recording: Sequence[SimState] | Mapping[str, torch.Tensor] | torch.Tensor | np.ndarray,
    key: str = "",
    envs_idx: Any = None,
    columns: Any = None,
    ax: Any = None,
    scene: Scene | None = None,
) -> Any:
    """Draws a variable over time: `gs.plot(history, "RigidSolver.qpos")`.

    Many environments are thin lines (64 of them at most) behind their median and the band in which
    80 % of them are. Several columns get a panel each, unless there is one environment only, or
    `ax` is given: then they are lines of their own colours.

    Args:
        recording: States in the order of time, such as what `scene.record` gives or a list; or
            what `scene.rollout` returns, or one of its tensors, shape (T, n_envs, …).
        key: The variable, such as "RigidSolver.qpos". Of a plain tensor, what it is of, if known.
        envs_idx: Environments, in any form that `scene.reset` takes; by default all.
        columns: Entries of the variable by index or by name, such as 3 or "joint1", or several of
            them; by default all, and the first 12 if there are more.
        ax: Axes of matplotlib to draw into; by default a new figure.
        scene: The scene that it is of, which knows the duration of a step and the names of joints,
            where the recording does not: without it the axis counts steps.

    Returns:
        The axes drawn into: one, or an array of them if there are panels, as from `plt.subplots`.

    Raises:
        ModuleNotFoundError: There is no matplotlib.
        TypeError, ValueError, KeyError, IndexError: An argument is not of that kind.
    """
    try:
        import matplotlib.pyplot as plt
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            "gs.plot needs matplotlib; pip install 'genesis-state[notebook]'."
        ) from None
    series = series_of(recording, key, scene)
    chosen = _columns(columns, series)
    index = select(envs_idx, series.values.shape[1], "cpu").indices().numpy()
    if not len(index):
        raise ValueError("plot: envs_idx names no environment; name at least one.")
    values = series.values[:, index]
    apart = ax is None and len(chosen) > 1 and len(index) > 1
    if apart:
        wide = min(3, len(chosen))
        high = -(-len(chosen) // wide)
        figure, axes = plt.subplots(
            high,
            wide,
            squeeze=False,
            sharex=True,
            figsize=(4.0 * wide, 2.3 * high + 0.6),
            layout="constrained",
        )
        panels = axes.ravel()
        for panel, column in zip(panels, chosen, strict=False):
            _draw(panel, series, values[:, :, column], "C0")
            panel.set_title(series.names[column], fontsize="medium")
            panel.set_ylabel(f"[{series.units[column]}]" if series.units[column] else "")
        for panel in panels[len(chosen) :]:
            panel.set_axis_off()
        for panel in panels[max(0, len(chosen) - wide) : len(chosen)]:
            panel.tick_params(labelbottom=True)
            panel.set_xlabel(_time_label(series))
        figure.suptitle(_title(series, chosen, columns), fontsize="medium")
        if len(index) >= _BANDED:
            panels[0].legend(fontsize="small", loc="best")
        return panels[: len(chosen)]
    if ax is None:
        _, ax = plt.subplots(figsize=(7.5, 4.0), layout="constrained")
    for place, column in enumerate(chosen):
        name = series.names[column] if len(chosen) > 1 else ""
        _draw(ax, series, values[:, :, column], f"C{place % 10}", name)
    ax.set_xlabel(_time_label(series))
    ax.set_ylabel(_value_label(series, chosen))
    ax.set_title(_title(series, chosen, columns), fontsize="medium")
    if ax.get_legend_handles_labels()[1]:
        ax.legend(fontsize="small", loc="best", ncols=2 if len(chosen) > 6 else 1)
    return ax


def _columns(columns: Any, series: Series) -> list[int]:
    n = len(series.names)
    if columns is None:
        return list(range(min(n, _PANELS)))
    if isinstance(columns, slice):
        columns = range(n)[columns]
    if isinstance(columns, (str, int, np.integer)):
        columns = [columns]
    found = []
    for column in columns:
        if isinstance(column, str):
            if column not in series.names:
                shown = ", ".join(series.names[:20]) + (", …" if n > 20 else "")
                raise KeyError(f"plot: there is no column {column!r}; there are {shown}.")
            found.append(series.names.index(column))
        else:
            place = operator.index(column)
            if not -n <= place < n:
                raise IndexError(f"plot: column {place}, there are {n}; needs {-n} to {n - 1}.")
            found.append(place % n)
    if not found:
        raise ValueError("plot: columns names none; name at least one.")
    return found


def _draw(ax: Any, series: Series, values: np.ndarray, color: str, name: str = "") -> None:
    """One column; values of shape (T, n_envs)."""
    x = series.steps * (1.0 if series.dt is None else series.dt)
    style: dict[str, Any] = {"color": color}
    if series.whole:
        style["drawstyle"] = "steps-post"
    if len(x) == 1:
        style["marker"] = "o"
    n_envs = values.shape[1]
    if n_envs == 1:
        ax.plot(x, values[:, 0], label=name or None, **style)
        return
    shown = np.unique(np.linspace(0, n_envs - 1, min(n_envs, _LINES)).astype(int))
    banded = n_envs >= _BANDED
    lines = ax.plot(x, values[:, shown], linewidth=0.6, alpha=0.25 if banded else 0.9, **style)
    if not banded:
        lines[0].set_label(name or None)
        return
    with warnings.catch_warnings():  # a step at which no environment has a number is a gap
        warnings.simplefilter("ignore", RuntimeWarning)
        low, middle, high = np.nanquantile(values, (_QUANTILES[0], 0.5, _QUANTILES[1]), axis=1)
    step = "post" if series.whole else None
    label = None if name else f"{_QUANTILES[0]:.0%} to {_QUANTILES[1]:.0%}"
    ax.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0, step=step, label=label)
    ax.plot(x, middle, linewidth=2.0, label=name or f"median of {n_envs:,}", **style)


def _title(series: Series, chosen: list[int], columns: Any) -> str:
    text = series.key
    if series.doc:
        said = series.doc.removesuffix(f"[{unit_of(series.doc)}]").strip()
        text += f": {said}" if text else said
    if columns is None and len(series.names) > len(chosen):
        text += f"  (the first {len(chosen)} of {len(series.names)} columns)"
    elif len(chosen) == 1 and series.names[chosen[0]]:
        text += f"  ({series.names[chosen[0]]})"
    return text


def _time_label(series: Series) -> str:
    return "step" if series.dt is None else "time [s]"


def _value_label(series: Series, chosen: list[int]) -> str:
    name = series.key.partition(".")[2]
    units = dict.fromkeys(series.units[column] for column in chosen if series.units[column])
    unit = ", ".join(units) if len(units) < 3 else unit_of(series.doc)
    return f"{name} [{unit}]".strip() if unit else name
