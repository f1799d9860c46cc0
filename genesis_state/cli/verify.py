"""`genesis-state verify`: whether files are what was saved."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from genesis_state import checkpoint
from genesis_state.checkpoint import Stored
from genesis_state.checkpoint.summary import total_bytes
from genesis_state.cli.command import Command, as_json, sentence
from genesis_state.cli.pieces import pieces
from genesis_state.cli.progress import progress
from genesis_state.cli.text import say, say_json
from genesis_state.text import count, printable, size

OK, BROKEN, NO_CHECKSUMS = "OK", "broken", "no checksums"


@click.command("verify", cls=Command)
@click.argument("files", type=click.Path(), nargs=-1, required=True, metavar="FILE...")
@as_json
@click.pass_context
def verify_command(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """Read every byte of files and compare checksums.

    Prints a line for each: OK, or what is broken. A pickle made by hand has no checksums: it is
    read, and not called OK, since nothing vouches for it.

    Exit status: 0 if all are OK, 1 if one is broken, cannot be read or has no checksums.

    \b
    Example:
      genesis-state verify runs/*.npz
    """
    found = []
    for file in files:
        found.append(verify(file))
        if not as_json:
            say(line(found[-1]))
    good = all(item["status"] == OK for item in found)
    if as_json:
        say_json({"ok": good, "files": found})
    ctx.exit(0 if good else 1)


def verify(file: str) -> dict[str, Any]:
    """What reading all of a file found, as a JSON object."""
    try:
        with checkpoint.open(file) as stored:
            broken = damaged(stored)
            vouched = bool(stored.manifest)
            found = {"arrays": len(stored.infos), "bytes": total_bytes(stored)}
    except (OSError, ValueError) as error:
        return _result(file, BROKEN, [sentence(error)])
    return _result(file, BROKEN if broken else OK if vouched else NO_CHECKSUMS, broken) | found


def damaged(stored: Stored) -> list[str]:
    """A sentence for each array that is not what was saved."""
    broken = []
    with progress(printable(os.path.basename(stored.path)), total_bytes(stored)) as advance:
        for name in stored.infos:
            try:
                _exhaust(stored, name, advance)
            except (OSError, ValueError) as error:
                broken.append(sentence(error))
    return broken


def line(found: dict[str, Any]) -> str:
    """The line about a file."""
    file = printable(found["file"])
    if found["status"] == BROKEN:
        first, *more = (problem.removeprefix(f"{found['file']}: ") for problem in found["problems"])
        rest = f" ({count(len(more), 'more array')} broken)" if more else ""
        return f"{file}: broken: {printable(first)}{rest}"
    size_of = f"{count(found['arrays'], 'array')}, {size(found['bytes'])}"
    if found["status"] == NO_CHECKSUMS:
        return f"{file}: no checksums, so not verified: made by hand; {size_of}"
    return f"{file}: OK, {size_of}"


def _exhaust(stored: Stored, name: str, advance: Callable[[int], object]) -> None:
    for _ in pieces(stored, name, advance):
        pass


def _result(file: str, status: str, problems: list[str]) -> dict[str, Any]:
    return {"file": file, "status": status, "problems": problems, "arrays": None, "bytes": None}
