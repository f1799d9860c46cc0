"""`genesis-state convert`: the same checkpoint in another format."""

from __future__ import annotations

import click

from genesis_state import checkpoint
from genesis_state.cli.command import Command, as_json, force
from genesis_state.cli.rewrite import refuse_to_replace, write
from genesis_state.cli.text import say, say_json
from genesis_state.text import count, printable, size


@click.command("convert", cls=Command)
@click.argument("a", type=click.Path())
@click.argument("b", type=click.Path())
@force
@as_json
def convert_command(a: str, b: str, force: bool, as_json: bool) -> None:
    """Write checkpoint A as B in another format.

    The suffix of B names it: .pkl, .safetensors or .npz. Arrays, checksums, time, step and manifest
    stay as they are. A file of an older version is checked and becomes one of this version.

    \b
    Example:
      genesis-state convert checkpoint.pkl checkpoint.safetensors
    """
    refuse_to_replace(b, force=force)
    source = checkpoint.read(a)
    write(b, source, source.arrays)
    nbytes = sum(array.nbytes for array in source.arrays.values())
    if as_json:
        say_json(
            {
                "file": b,
                "source": a,
                "checked": bool(source.manifest),
                "timestamp": source.timestamp,
                "step_index": source.step_index,
                "arrays": len(source.arrays),
                "bytes": nbytes,
            }
        )
        return
    say(f"{printable(b)}: {count(len(source.arrays), 'array')}, {size(nbytes)}")
    if not source.manifest:
        say(f"{printable(a)} has no checksums; those of {printable(b)} are of what was read.")
