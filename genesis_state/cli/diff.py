"""`genesis-state diff`: where two files differ."""

from __future__ import annotations

import os
from typing import Any

import click

from genesis_state import checkpoint
from genesis_state.checkpoint import Stored
from genesis_state.checkpoint.summary import total_bytes
from genesis_state.cli import manifest
from genesis_state.cli.command import Command, as_json
from genesis_state.cli.difference import Difference, described, difference
from genesis_state.cli.pieces import pieces
from genesis_state.cli.progress import progress
from genesis_state.cli.text import say, say_json
from genesis_state.text import count, label, number, printable, short, size


@click.command("diff", cls=Command)
@click.argument("a", type=click.Path())
@click.argument("b", type=click.Path())
@click.option("--arrays-only", is_flag=True, help="Compare neither step nor manifest.")
@as_json
@click.pass_context
def diff_command(ctx: click.Context, a: str, b: str, arrays_only: bool, as_json: bool) -> None:
    """Show where files A and B differ, bit for bit.

    Of each array that differs: how many entries do, the first of them, and the one where the values
    are farthest apart. 0.0 and -0.0 differ; a NaN differs from one of other bits alone. Time and
    version of writing, format and order of arrays are not compared.

    Exit status: 0 is equal, 1 is different, 2 is trouble.

    \b
    Example:
      genesis-state diff before.pkl after.npz
    """
    with checkpoint.open(a) as left, checkpoint.open(b) as right:
        found = compare(left, right, arrays_only=arrays_only)
        nbytes = total_bytes(left)
    if as_json:
        say_json(found)
    elif found["equal"]:
        rest = "" if arrays_only else ", step and manifest"
        say(f"equal: {count(found['compared'], 'array')}, {size(nbytes)}{rest}")
    else:
        say("\n".join(lines(found)))
    ctx.exit(0 if found["equal"] else 1)


def compare(a: Stored, b: Stored, *, arrays_only: bool = False) -> dict[str, Any]:
    """All differences of two open files, as the JSON object that the command prints."""
    shared = [name for name in a.infos if name in b.infos]
    kinds = {name: (_kind(a, name), _kind(b, name)) for name in shared}
    alike = [name for name in shared if kinds[name][0] == kinds[name][1]]
    differing = []
    with progress("comparing", 2 * sum(a.infos[name].nbytes for name in alike)) as advance:
        for name in alike:
            found = difference(pieces(a, name, advance), pieces(b, name, advance))
            if found is not None:
                differing.append(_of_array(name, a.infos[name].shape, found))
    report: dict[str, Any] = {
        "a": _side(a),
        "b": _side(b),
        "manifest": [] if arrays_only else _above_arrays(a, b),
        "only_in_a": [name for name in a.infos if name not in b.infos],
        "only_in_b": [name for name in b.infos if name not in a.infos],
        "unlike": [
            {"name": name, "a": kinds[name][0], "b": kinds[name][1]}
            for name in shared
            if name not in alike
        ],
        "differing": differing,
        "compared": len(alike),
    }
    parts = ("manifest", "only_in_a", "only_in_b", "unlike", "differing")
    return {"equal": not any(report[part] for part in parts)} | report


def lines(found: dict[str, Any]) -> list[str]:
    """The text about what `compare` found, line by line."""
    a, b = (printable(found[side]["file"]) for side in "ab")
    text = [f"a: {a}", f"b: {b}"]
    for item in found["manifest"]:
        left, right = (short(item[side]) if side in item else "lacks it" for side in "ab")
        text.append(f"{label(item['key'])}: {left} | {right}")
    for side in "ab":
        text += [f"{label(name)}: only in {side}" for name in found[f"only_in_{side}"]]
    for item in found["unlike"]:
        left, right = (f"{item[side]['dtype']} {tuple(item[side]['shape'])}" for side in "ab")
        text.append(f"{label(item['name'])}: {left} | {right}")
    for item in found["differing"]:
        text += _array_lines(item)
    return text


def _array_lines(item: dict[str, Any]) -> list[str]:
    entries = count(item["entries"], "entry", "entries")
    head = f"{label(item['name'])}: {item['differing']:,} of {entries} differ"
    if item["nan"]:
        head += f", {item['nan']:,} beside a NaN"
    if item["zeros"]:
        head += f", {item['zeros']:,} only as 0.0 and -0.0"
    rows = [head, f"  first    {_entry(item['first'])}"]
    if item["largest"] is not None:
        distance = item["largest"]["distance"]
        shown = f"{distance:.6g}" if isinstance(distance, float) else str(distance)
        rows.append(f"  largest  {_entry(item['largest'])}, {shown} apart")
    return rows


def _entry(entry: dict[str, Any]) -> str:
    where = "the value" if entry["env"] is None else f"env {entry['env']}"
    if entry["index"]:
        where += f" {entry['index']}"
    return f"{where}: {number(entry['a'])} | {number(entry['b'])}"


def _kind(stored: Stored, name: str) -> dict[str, Any]:
    info = stored.infos[name]
    return {"dtype": info.dtype.name, "shape": list(info.shape)}


def _side(stored: Stored) -> dict[str, Any]:
    return {
        "file": os.fspath(stored.path),
        "timestamp": stored.timestamp,
        "step_index": stored.step_index,
    }


def _above_arrays(a: Stored, b: Stored) -> list[dict[str, Any]]:
    steps = []
    if a.step_index != b.step_index:
        steps = [{"key": "step_index", "a": a.step_index, "b": b.step_index}]
    return steps + manifest.differences(a.manifest, b.manifest)


def _of_array(name: str, shape: tuple[int, ...], found: Difference) -> dict[str, Any]:
    entries = 1
    for n in shape:
        entries *= n
    return {
        "name": name,
        "entries": entries,
        "differing": found.differing,
        "nan": found.nan,
        "zeros": found.zeros,
        "first": described(found.first, shape),
        "largest": None if found.largest is None else described(found.largest, shape),
    }
