"""`genesis-state inspect`: what a file holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import click

from genesis_state import checkpoint
from genesis_state.checkpoint import Stored
from genesis_state.cli.command import Command, as_json
from genesis_state.cli.pieces import pieces, total_bytes
from genesis_state.cli.progress import progress
from genesis_state.cli.summary import Ranges, model, n_envs, ranges
from genesis_state.cli.text import (
    label,
    moment,
    number,
    printable,
    say,
    say_json,
    short,
    size,
    table,
)

# So much takes 0.1 s from memory (benchmarks/command_line.py), and half a second from a disk of
# 500 MB/s; with the start of the process that stays within a second.
READ_AT_ONCE = 256 * 10**6  # bytes
_LINES = 30  # of one section
_HEAD = ("format", "library", "backend", "precision", "settings", "layout")
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
    text = [printable(os.fspath(stored.path)), *_indented(_head(stored))]
    manifest = stored.manifest
    sections: dict[str, Any] = {
        "settings": manifest.get("settings"),
        **model(manifest),
        **{key: value for key, value in manifest.items() if key not in _HEAD},
    }
    for name, value in sections.items():
        if isinstance(value, Mapping) and value:
            text += ["", label(name), *_indented(value)]
        elif value not in (None, {}):
            text += ["", f"{label(name)}: {short(value)}"]
    if stored.infos:
        text += ["", *_arrays(stored, found)]
    if len(found) < len(stored.infos):
        text += ["", f"ranges: not read, there are {size(total_bytes(stored))}; ask with --ranges"]
    return text


def _head(stored: Stored) -> dict[str, str]:
    manifest, envs = stored.manifest, n_envs(stored)
    head = {"format": "made by hand, without manifest and checksums"}
    if manifest:
        library = short(manifest.get("library"))
        head["format"] = f"{short(manifest.get('format'))}, written by genesis_state {library}"
    head |= {key: short(manifest[key]) for key in ("backend", "precision") if key in manifest}
    saved = moment(stored.timestamp)
    head["saved"] = (
        f"{saved:%Y-%m-%d %H:%M:%S} UTC" if saved else f"{stored.timestamp} s since 1970"
    )
    head["step"] = str(stored.step_index)
    head["n_envs"] = "first axes disagree" if envs is None else str(envs)
    if not stored.infos:
        del head["n_envs"]
    head["arrays"] = f"{len(stored.infos)}, {size(total_bytes(stored))}"
    return head


def _indented(values: Mapping[str, Any]) -> list[str]:
    items = list(values.items())
    rows = [("  " + short(key), short(value)) for key, value in items[:_LINES]]
    rest = len(items) - len(rows)
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
