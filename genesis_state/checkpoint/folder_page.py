"""What a notebook shows of a folder of checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from genesis_state.checkpoint.inspection import Finding
from genesis_state.notebook import badge, note, page, table
from genesis_state.text import count, moment, size

_FILES = 50  # the last ones, which are shown


def folder_page(
    path: Path,
    files: Sequence[tuple[int, Path]],
    look: Callable[[Path], Finding | None],
    rules: str,
) -> str:
    """A folder of checkpoints.

    Args:
        path: Where it is.
        files: Steps and their files, in order.
        look: What is known of a file, without reading all of it; None if it is gone.
        rules: Which files are kept.
    """
    rows: list[tuple[Any, ...]] = []
    for step, file in files[-_FILES:]:
        finding = look(file)
        if finding is None:
            continue
        changed, nbytes, _ = finding.stamp
        when = moment(changed / 1e9)
        mark = badge("broken", "bad") if finding.flaw else ""
        score = "" if finding.score is None else f"{finding.score:.6g}"
        saved = f"{when:%Y-%m-%d %H:%M:%S} UTC" if when else ""
        rows.append((f"{step:,}", file.name, size(nbytes), saved, score, mark))
    parts = [note(rules)]
    if len(files) > len(rows):
        parts.append(note(f"the last {len(rows)} of {len(files):,}"))
    columns = ("step", "file", "size", "saved", "score", "")
    parts.append(table(columns, rows, right=(0, 2, 4)) if rows else note("no checkpoints yet"))
    return page(path.name, *parts, aside=f"{path}, {count(len(files), 'checkpoint')}")
