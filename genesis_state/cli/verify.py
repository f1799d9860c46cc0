"""`genesis-state verify`: whether files are what was saved, and scripts keep the contract."""

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
    """Read every byte of files and compare checksums; check the contract on scripts.

    Prints a line for each file: OK, or what is broken. A pickle made by hand has no checksums: it
    is read, and not called OK, since nothing vouches for it.

    A script (.py) that builds a scene and steps it is run, several times: whether its scene goes
    on from a restored state as it did, with any number of threads, in any order of environments,
    through a file. What it prints is not shown. Each line of the contract that does not hold names
    the first step, environment and variable that differ, with both values.

    Exit status: 0 if all are OK, 1 if one is broken, cannot be read or has no checksums.

    \b
    Examples:
      genesis-state verify runs/*.npz
      genesis-state verify my_scene.py
    """
    found = []
    for file in files:
        if file.endswith(".py"):
            found.append(verify_script(file, quiet=as_json))
            continue
        found.append(verify(file))
        if not as_json:
            say(line(found[-1]))
    good = all(item["status"] == OK for item in found)
    if as_json:
        say_json({"ok": good, "files": found})
    ctx.exit(0 if good else 1)


def verify_script(file: str, *, quiet: bool) -> dict[str, Any]:
    """What the contract found of a script, as a JSON object; says each line as it is known."""
    # Taichi and torch take seconds to load, which files alone need not wait for.
    from genesis_state import testing
    from genesis_state.testing.script import check_script

    problems: list[str] = []

    def said(name: str, problem: str | None) -> None:
        if problem is not None:
            problems.append(problem)
        if not quiet:
            say(f"{printable(file)}: {name}: {OK if problem is None else printable(problem)}")

    if not os.path.isfile(file):
        return _result(file, BROKEN, [f"{file}: there is no such file; check the name."])
    try:
        good = check_script(file, lines=testing.ALL, said=said)
    except ValueError as error:
        if not quiet:
            say(printable(str(error)))
        return _result(file, BROKEN, [str(error)])
    return _result(file, OK if good else BROKEN, problems)


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
