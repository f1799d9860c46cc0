"""`genesis-state slice`: some environments of a checkpoint, as a checkpoint."""

from __future__ import annotations

import os

import click

from genesis_state import checkpoint
from genesis_state.checkpoint import Stored
from genesis_state.checkpoint.summary import n_envs
from genesis_state.cli.command import Command, Trouble, as_json, force
from genesis_state.cli.environments import environments
from genesis_state.cli.rewrite import refuse_to_replace, write
from genesis_state.cli.text import say, say_json
from genesis_state.text import count, label, printable, size


@click.command("slice", cls=Command)
@click.argument("a", type=click.Path())
@click.argument("b", type=click.Path())
@click.option("--envs", required=True, help="Indices and slices, such as 0:8, 3, -1 or 0,2,::4.")
@force
@as_json
def slice_command(a: str, b: str, envs: str, force: bool, as_json: bool) -> None:
    """Write some environments of checkpoint A as B.

    --envs takes indices and slices as Python has them, with commas between. Their order is kept,
    and one that is named twice comes twice. Time, step and manifest stay as they are; the file
    loads into a scene of so many environments. The suffix of B names its format.

    \b
    Examples:
      genesis-state slice checkpoint.pkl first.pkl --envs 0:8
      genesis-state slice checkpoint.pkl some.npz --envs 0,2,5,-1
    """
    refuse_to_replace(b, force=force)
    with checkpoint.open(a) as source:
        total = rows_of(source)
        try:
            chosen = environments(envs, total)
        except ValueError as error:
            raise Trouble(f"{a}: --envs: {error}") from None
        # One array may stand under many names, and is then held once.
        built = {info: source.array(name, chosen) for name, info in source.infos.items()}
        arrays = {name: built[info] for name, info in source.infos.items()}
    write(b, source, arrays)
    nbytes = sum(array.nbytes for array in arrays.values())
    if as_json:
        say_json(
            {
                "file": b,
                "source": a,
                "checked": bool(source.manifest),
                "envs": chosen.tolist(),
                "n_envs": len(chosen),
                "of": total,
                "arrays": len(arrays),
                "bytes": nbytes,
            }
        )
        return
    of = f"{count(len(chosen), 'environment')} of {total}"
    say(f"{printable(b)}: {of}, {count(len(arrays), 'array')}, {size(nbytes)}")


def rows_of(stored: Stored) -> int:
    """How many environments a file has.

    Raises:
        ValueError: It holds no numbers, or its arrays have different first axes.
    """
    # What has a byte for each environment has no more of them than bytes, whoever made it.
    if not any(info.nbytes for info in stored.infos.values()):
        raise ValueError(
            f"{os.fspath(stored.path)}: holds no values, so there is nothing to slice."
        )
    rows = n_envs(stored)
    if rows is not None:
        return rows
    firsts = {info.shape[:1]: name for name, info in stored.infos.items()}
    said = ", ".join(
        f"{label(name)} has {first[0] if first else 'no axis'}"
        for first, name in list(firsts.items())[:2]
    )
    raise ValueError(
        f"{os.fspath(stored.path)}: first axes disagree: {said}; needs arrays with a row for each "
        "environment in all, as a scene saves them."
    )
