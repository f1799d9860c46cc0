"""Values and tables as a reader of plain text wants them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

_LONGEST = 100  # characters of one value
_LONGEST_NAME = 200  # no scene's is longer; a file made by hand may have any


def printable(text: str) -> str:
    """The text with what a terminal would obey as escapes, since it may come from any file."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def number(value: Any) -> str:
    """A NumPy scalar in the fewest digits that tell it from its neighbours."""
    return "" if value is None else str(value)


def short(value: Any) -> str:
    """A manifest's value in one line; texts stand bare."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _cut(text, _LONGEST)


def label(name: str) -> str:
    """The name of an array or a key, in one line."""
    return _cut(name, _LONGEST_NAME)


def _cut(text: str, longest: int) -> str:
    # First cut, because one character may become ten.
    text = printable(text[: longest + 1])
    return text if len(text) <= longest else text[: longest - 1] + "…"


def size(nbytes: int) -> str:
    """Bytes in the unit that suits them: 999 B, 1.5 kB, 12.0 MB."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if nbytes >= scale:
            return f"{nbytes / scale:.1f} {unit}"
    return f"{nbytes} B"


def count(n: int, one: str, many: str | None = None) -> str:
    """ "1 array", "2 arrays"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def moment(timestamp: float) -> datetime | None:
    """Seconds since 1970 as a date in UTC; None if no calendar reaches so far."""
    try:
        return datetime.fromtimestamp(timestamp, timezone.utc)
    except (OverflowError, OSError, ValueError):
        return None


def table(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """Lines with columns two blanks apart.

    Args:
        rows: Cells, as many in each row.
        right: Of each column, whether it is aligned to the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in rows
    ]


def one_line(error: Exception) -> str:
    """What an error says, without breaks."""
    return " ".join(str(error).split())
