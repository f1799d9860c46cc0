"""What the values of one variable look like, found by reading no more of them than it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from genesis_state.notebook.html import Markup, badge, escape
from genesis_state.notebook.plots import bars, curve

MAX_VALUES = 1 << 20
"""Values of a variable that are looked at; of more, some environments and entries are chosen."""

_BINS = 24
_FEW = 5  # of fewer values bars say nothing


@dataclass(frozen=True)
class Glance:
    """The values of a variable in brief.

    Attributes:
        minimum, mean, maximum: Of the finite values; None if there are none.
        nan, inf: How many are not a number, and how many infinite.
        looked_at, of: How many values were looked at, and how many there are.
        counts: How many finite values fall into each of up to 24 equal parts of their range.
        low, middle, high: Least, mean and largest finite value of each environment looked at.
    """

    minimum: float | None
    mean: float | None
    maximum: float | None
    nan: int
    inf: int
    looked_at: int
    of: int
    counts: np.ndarray
    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray


def glance(values: np.ndarray) -> Glance:
    """Looks at a variable.

    Args:
        values: Bools or numbers, shape (n_envs, …).
    """
    total = int(values.size)
    flat = _sample(values)
    if flat.dtype.kind != "f":
        flat = flat.astype(np.float64)
    good = np.isfinite(flat)
    nan = int(np.isnan(flat).sum())
    inf = int(flat.size - good.sum()) - nan
    none = np.zeros(0)
    if not good.any():
        return Glance(None, None, None, nan, inf, flat.size, total, none, none, none, none)
    finite = flat[good].astype(np.float64)
    minimum, maximum = float(finite.min()), float(finite.max())
    # Sums of the largest numbers would be infinite; their means are not.
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(finite.mean())
        rows = np.where(good, flat.astype(np.float64), np.nan)
        some = good.any(axis=1)
        low, middle, high = (np.full(len(rows), np.nan) for _ in range(3))
        low[some] = np.nanmin(rows[some], axis=1)
        middle[some] = np.nanmean(rows[some], axis=1)
        high[some] = np.nanmax(rows[some], axis=1)
    counts = _counts(finite, minimum, maximum, whole=values.dtype.kind != "f")
    return Glance(minimum, mean, maximum, nan, inf, flat.size, total, counts, low, middle, high)


class GlanceCells(NamedTuple):
    """A variable in cells of a table.

    Attributes:
        range: Least and largest value, and how many are no numbers.
        spread: How often which values occur.
        over: Mean and range in each environment.
        broken: How many values looked at are NaN or infinite.
    """

    range: Markup
    spread: Markup
    over: Markup
    broken: int


def glance_cells(values: np.ndarray) -> GlanceCells:
    """A variable of shape (n_envs, …) in cells of a table."""
    found = glance(values)
    said = [
        *_range(found, values.dtype),
        *(["of some values"] if found.looked_at < found.of else []),
    ]
    marks = [f"{n:,} {what}" for n, what in ((found.nan, "NaN"), (found.inf, "inf")) if n]
    text = Markup(" ".join([*said, *(badge(mark, "bad") for mark in marks)]))
    if found.minimum is None or found.minimum == found.maximum:
        return GlanceCells(text, Markup(""), Markup(""), found.nan + found.inf)
    part = f"{found.looked_at:,} of " if found.looked_at < found.of else ""
    few = found.of < _FEW
    spread = (
        Markup("")
        if few
        else bars(found.counts, f"how often which values occur, of {part}{found.of:,}")
    )
    n_envs = len(found.middle)
    alike = all(
        np.array_equal(c, np.full(n_envs, c[0]), True)
        for c in (found.low, found.middle, found.high)
    )
    over = (
        escape("" if n_envs < 2 else "alike")
        if alike
        else curve(
            found.middle,
            found.low,
            found.high,
            f"mean and range in each of {n_envs:,} environments",
        )
    )
    return GlanceCells(text, spread, over, found.nan + found.inf)


def _range(found: Glance, dtype: np.dtype) -> list[str]:
    if found.of == 0:
        return ["no values"]
    if found.minimum is None or found.maximum is None:
        return []
    if dtype.kind == "b":
        return [
            "none true"
            if not found.maximum
            else "all true"
            if found.minimum
            else f"{found.mean:.1%} true"
        ]
    if found.minimum != found.maximum:
        return [f"{brief(found.minimum)} … {brief(found.maximum)}"]
    return [f"all {brief(found.minimum)}" if found.of > 1 else brief(found.minimum)]


def brief(value: float) -> str:
    """A number in four digits."""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e6 else f"{value:.4g}"


def _sample(values: np.ndarray) -> np.ndarray:
    """Shape (environments, entries): all values, or at most about `MAX_VALUES` spread evenly."""
    n_envs = values.shape[0] if values.ndim else 1
    entries = values.size // n_envs if n_envs else 0
    if values.size <= MAX_VALUES:
        return values.reshape(n_envs, entries)
    rows = min(n_envs, max(256, MAX_VALUES // max(1, entries)))
    chosen = values[np.linspace(0, n_envs - 1, rows).astype(int)] if rows < n_envs else values
    flat = chosen.reshape(rows, entries)
    return flat[:, :: -(-flat.size // MAX_VALUES)]


def _counts(finite: np.ndarray, low: float, high: float, whole: bool) -> np.ndarray:
    if not high > low:
        return np.array([finite.size])
    bins = min(_BINS, int(high - low) + 1) if whole else _BINS
    extent = high / 2 - low / 2
    place = ((finite / 2 - low / 2) / extent * bins).astype(int)
    return np.bincount(np.minimum(place, bins - 1), minlength=bins)
