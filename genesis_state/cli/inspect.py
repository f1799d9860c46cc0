"""`genesis-state inspect`: what a file holds."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

import click

from genesis_state import checkpoint
from genesis_state.checkpoint import Stored
from genesis_state.checkpoint.summary import Ranges, head, n_envs, ranges, sections, total_bytes
from genesis_state.cli.command import Command, as_json
from genesis_state.cli.pieces import pieces
from genesis_state.cli.progress import progress
from genesis_state.cli.text import say, say_json
from genesis_state.text import label, moment, number, printable, size, table

# So much takes 0.1 s from memory (benchmarks/command_line.py), and half a second from a disk of
# 500 MB/s; with the start of the process that stays within a second.
READ_AT_ONCE = 256 * 10**6  # bytes
_LINES = 30  # of one section
_COLUMNS = ("array", "dtype", "shape", "bytes", "min", "max", "NaN", "inf")


@click.command("inspect", cls=Command)
@click.argument("file", type=click.Path())
@click.option(
    "--ranges/--no-ranges",
    "wanted",
    default=None,
    help="Read the values for min, max, NaN and inf, or do not. By default they are read if there "
    f"are at most {size(READ_AT_ONCE)} of them.",
)
@as_json
def inspect_command(file: str, wanted: bool | None, as_json: bool) -> None:
    """Show what FILE holds: manifest, arrays, ranges.

    min and max are those of the finite values. Values that are read are checked too.

    \b
    Examples:
      genesis-state inspect checkpoint.npz
      genesis-state inspect --no-ranges --json large.safetensors
    """
    with checkpoint.open(file) as stored:
        total = total_bytes(stored)
        read = total <= READ_AT_ONCE if wanted is None else wanted
        found: dict[str, Ranges] = {}
        if read:
            with progress("reading", total) as advance:
                for name in stored.infos:
                    found[name] = ranges(pieces(stored, name, advance))
    if as_json:
        say_json(report(stored, found))
    else:
        say("\n".join(lines(stored, found)))


def report(stored: Stored, found: Mapping[str, Ranges]) -> dict[str, Any]:
    """The JSON object.

    Args:
        stored: The file; may be closed.
        found: The ranges of its arrays; empty if they were not read.
    """
    arrays = []
    saved = moment(stored.timestamp)
    for name, info in stored.infos.items():
        values = found.get(name)
        arrays.append(
            {
                "name": name,
                "dtype": info.dtype.name,
                "shape": info.shape,
                "bytes": info.nbytes,
                "min": values and values.minimum,
                "max": values and values.maximum,
                "nan": values and values.nan,
                "inf": values and values.inf,
            }
        )
    return {
        "file": os.fspath(stored.path),
        "checksums": bool(stored.manifest),
        "timestamp": stored.timestamp,
        "saved": saved and saved.isoformat(),
        "step_index": stored.step_index,
        "n_envs": n_envs(stored),
        "bytes": total_bytes(stored),
        "ranges": len(found) == len(arrays),
        "manifest": stored.manifest,
        "arrays": arrays,
    }


def lines(stored: Stored, found: Mapping[str, Ranges]) -> list[str]:
    """The text, line by line; arguments as of `report`."""
    text = [printable(os.fspath(stored.path)), *_indented(head(stored).items())]
    for title, said in sections(stored.manifest):
        if isinstance(said, str):
            text += ["", f"{title}: {said}"]
        else:
            text += ["", title, *_indented(said)]
    if stored.infos:
        text += ["", *_arrays(stored, found)]
    if len(found) < len(stored.infos):
        text += ["", f"ranges: not read, there are {size(total_bytes(stored))}; ask with --ranges"]
    return text


def _indented(values: Collection[tuple[str, str]]) -> list[str]:
    rows = [("  " + key, value) for key, value in islice(values, _LINES)]
    rest = len(values) - len(rows)
    return [*table(rows, (False, False)), *([f"  and {rest} more; see --json"] if rest else [])]


def _arrays(stored: Stored, found: Mapping[str, Ranges]) -> list[str]:
    rows = [list(_COLUMNS if found else _COLUMNS[:4])]
    for name, info in stored.infos.items():
        row = [label(name), info.dtype.name, str(info.shape), f"{info.nbytes:,}"]
        if found:
            values = found[name]
            row += [number(values.minimum), number(values.maximum)]
            row += [f"{values.nan:,}", f"{values.inf:,}"]
        rows.append(row)
    return table(rows, (False, False, False, *(True,) * (len(rows[0]) - 3)))
