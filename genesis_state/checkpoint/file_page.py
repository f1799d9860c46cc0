"""What a notebook shows of a checkpoint file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from genesis_state.checkpoint.summary import Described, head, sections, total_bytes
from genesis_state.notebook import (
    Markup,
    badge,
    details,
    escape,
    glance_cells,
    note,
    page,
    pairs,
    table,
)
from genesis_state.text import count, size

READ_AT_ONCE = 64 * 10**6
"""Bytes of arrays up to which a page reads the values of a file."""

_PLOTS = 80  # arrays whose values are looked at


def file_page(
    path: Path, described: Described, array: Callable[[str], np.ndarray] | None, why_not: str
) -> str:
    """A file.

    Args:
        path: Where it is.
        described: What is known of it.
        array: Gives an array's values; None if they cannot be had.
        why_not: Why, in that case.
    """
    parts = [pairs(head(described).items()), *_said(described.manifest)]
    total = total_bytes(described)
    if array is not None and total > READ_AT_ONCE:
        array, why_not = None, f"values: not read, there are {size(total)} of them"
    rows, flaw = [], ""
    empty = [name for name, info in described.infos.items() if not info.nbytes]
    full = [(name, info) for name, info in described.infos.items() if info.nbytes]
    for index, (name, info) in enumerate(full):
        cells: tuple[object, ...] = ()
        if array is not None:
            cells = ("",) * 3
            if not flaw and index < _PLOTS:
                try:
                    cells = glance_cells(array(name))[:3]
                except (ValueError, OSError) as error:
                    flaw = str(error)
        rows.append((name, info.dtype.name, tuple(info.shape), f"{info.nbytes:,}", *cells))
    shown = ("range", "values", "over environments") if array is not None else ()
    body = [table(("array", "dtype", "shape", "bytes", *shown), rows, right=(3,))]
    if empty:
        body.append(note(f"without values: {', '.join(empty)}"))
    arrays = count(len(described.infos), "array")
    parts.append(details("arrays", *body, aside=f"{arrays}, {size(total)}", open=True))
    if flaw:
        parts.append(note(Markup(f"{badge('damaged', 'bad')} {escape(flaw)}")))
    elif array is None and rows:
        parts.append(note(why_not))
    return page(path.name, *parts, aside=os.fspath(path.parent))


def _said(manifest: Mapping[str, Any]) -> list[Markup]:
    return [
        details(title, note(said) if isinstance(said, str) else pairs(said))
        for title, said in sections(manifest)
    ]
