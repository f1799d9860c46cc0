"""The command line `genesis-state`: look at checkpoint files, rewrite them, check, and train.

What is about files alone loads neither Taichi nor torch, so that it starts at once, as `--help`
does everywhere.
"""

from __future__ import annotations

import click

from genesis_state.cli.convert import convert_command
from genesis_state.cli.diff import diff_command
from genesis_state.cli.inspect import inspect_command
from genesis_state.cli.replay import replay_command
from genesis_state.cli.slice import slice_command
from genesis_state.cli.train import train_command
from genesis_state.cli.verify import verify_command
from genesis_state.version import __version__

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    __version__, package_name="genesis_state", message="genesis_state %(version)s"
)
def main() -> None:
    """Look at checkpoint files (.pkl, .safetensors, .npz), compare, check and rewrite them; train.

    Every command but train takes --json and then prints one JSON object. Exit status: 0 is done,
    1 is "no" (diff: they differ; verify: not every file is vouched for, or a line of the contract
    does not hold; replay: it is not the same), 2 is trouble, said in one sentence.

    \b
    Example:
      genesis-state inspect checkpoint.npz
    """


for command in (
    inspect_command,
    diff_command,
    verify_command,
    convert_command,
    slice_command,
    replay_command,
    train_command,
):
    main.add_command(command)
