"""Small plots as SVG text: a curve over environments or time, and bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from genesis_state.notebook.html import Markup, escape

WIDTH, HEIGHT = 120, 26
_POINTS = 60
_PAD = 2
_MARKS = ((4, 13, "#4c8bf5"), (14, 20, "#e5993b"), (2, 24, "#e5484d"))  # top, bottom, colour


def curve(
    values: Sequence[float] | np.ndarray,
    low: Sequence[float] | np.ndarray | None = None,
    high: Sequence[float] | np.ndarray | None = None,
    title: str = "",
) -> Markup:
    """A curve, with a band if `low` and `high` are given. Values that are not finite leave gaps.

    Of more than 60 values, each point is the mean of its neighbours, and the band goes from their
    least to their largest.

    Args:
        values: One number for each place along the axis.
        low, high: Where the band begins and ends at each.
        title: What shows when the pointer rests on it.
    """
    middle = _finite(values)
    bottom = middle if low is None else _finite(low)
    top = middle if high is None else _finite(high)
    if len(middle) > _POINTS:
        edges = np.linspace(0, len(middle), _POINTS + 1).astype(int)
        parts = list(pairwise(edges))
        middle = np.array([_over(np.nanmean, middle[a:b]) for a, b in parts])
        bottom = np.array([_over(np.nanmin, bottom[a:b]) for a, b in parts])
        top = np.array([_over(np.nanmax, top[a:b]) for a, b in parts])
    if not np.isfinite(middle).any():
        return Markup("")
    y = _scale(min(_over(np.nanmin, bottom), _over(np.nanmin, middle)), np.nanmax([*top, *middle]))
    x = np.linspace(_PAD, WIDTH - _PAD, len(middle)) if len(middle) > 1 else np.array([WIDTH / 2])
    shapes = ""
    for start, end in _runs(np.isfinite(middle)):
        run = slice(start, end)
        line = _points(x[run], y(middle[run]))
        if end - start == 1:
            px, py = line.split(",")
            shapes += f'<circle cx="{px}" cy="{py}" r="1.5" fill="currentColor"/>'
            continue
        if not (np.array_equal(bottom, middle, True) and np.array_equal(top, middle, True)):
            back = _points(x[run][::-1], y(bottom[run])[::-1])
            band = f"{_points(x[run], y(top[run]))} {back}"
            shapes += f'<polygon points="{band}" fill="currentColor" opacity=".25"/>'
        shapes += (
            f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="1.3"/>'
        )
    return _svg(shapes, title)


def bars(counts: Sequence[float] | np.ndarray, title: str = "") -> Markup:
    """Bars whose heights are these counts, at most 60 of them; a bar that is not empty is seen."""
    heights = np.asarray(counts, dtype=np.float64)[:_POINTS]
    if not len(heights) or not heights.max() > 0:
        return Markup("")
    each = (WIDTH - 2 * _PAD) / len(heights)
    shapes = ""
    for index, height in enumerate(heights / heights.max()):
        if height > 0:
            tall = max(1.0, height * (HEIGHT - 2 * _PAD))
            shapes += (
                f'<rect x="{_PAD + index * each:.1f}" y="{HEIGHT - _PAD - tall:.1f}" '
                f'width="{max(1.0, each - 0.6):.1f}" height="{tall:.1f}"/>'
            )
    return _svg(f'<g fill="currentColor" opacity=".8">{shapes}</g>', title)


def strip(marks: Sequence[tuple[Sequence[float], str]], width: int = 360) -> Markup:
    """Moments along a line from 0 to 1, what several of them mean below it.

    Args:
        marks: Places from 0 to 1 and what they are; those of the last kind are the largest.
        width: How long the line is [pixels].
    """
    shapes = (
        f'<line x1="{_PAD}" x2="{width - _PAD}" y1="13" y2="13" stroke="rgba(128,128,128,.6)"/>'
    )
    for kind, (places, _) in enumerate(marks):
        # As many as can be told apart.
        pixels = sorted({round(_PAD + place * (width - 2 * _PAD)) for place in places})
        top, bottom, stroke = _MARKS[min(kind, len(_MARKS) - 1)]
        for x in pixels:
            shapes += (
                f'<line x1="{x}" x2="{x}" y1="{top}" y2="{bottom}" stroke="{stroke}" '
                f'stroke-width="{3 if kind == len(marks) - 1 else 1.5}"/>'
            )
    legend = " ".join(
        f'<span style="color:{_MARKS[min(kind, len(_MARKS) - 1)][2]}">|</span> {escape(what)}'
        for kind, (_, what) in enumerate(marks)
    )
    return Markup(_svg(shapes, "", width) + legend)


def _svg(shapes: str, title: str, width: int = WIDTH) -> Markup:
    said = f"<title>{escape(title)}</title>" if title else ""
    return Markup(
        f'<svg width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}" role="img">'
        f"{said}{shapes}</svg>"
    )


def _finite(values: Sequence[float] | np.ndarray) -> np.ndarray:
    found = np.array(values, dtype=np.float64).reshape(-1)
    found[~np.isfinite(found)] = np.nan
    return found


def _over(function: Callable[[np.ndarray], float], values: np.ndarray) -> float:
    """A statistic of the values that are numbers; NaN if none is."""
    return float(function(values)) if np.isfinite(values).any() else np.nan


def _scale(low: float, high: float) -> Callable[[np.ndarray], np.ndarray]:
    """Heights in the picture, upwards, of values from `low` to `high`."""
    room = HEIGHT - 2 * _PAD
    if not high > low:
        return lambda values: np.full(np.shape(values), HEIGHT / 2)
    # Halves first: the width of the whole range of doubles is no double.
    extent = high / 2 - low / 2
    return lambda values: HEIGHT - _PAD - (values / 2 - low / 2) / extent * room


def _points(x: np.ndarray, y: np.ndarray) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _runs(marks: np.ndarray) -> list[tuple[int, int]]:
    """Where runs of true begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], marks.astype(np.int8), [0]))))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
