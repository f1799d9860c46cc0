"""`genesis-state train`: train a task, go on with a run, play what was trained."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from tqdm import tqdm

from genesis_state.cli.command import Command, Trouble, sentence
from genesis_state.cli.text import say

_CONFIGS = Path(__file__).parent.parent / "training" / "configs"
# A traceback through anyone else's code is of more use than its last sentence.
_OUR_CODE = {"genesis_state", "rl_games", *sys.stdlib_module_names}


class _TrainCommand(Command):
    """Says in its help which tasks there are."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Tasks"):
            formatter.write_text(
                ", ".join(sorted(file.stem for file in _CONFIGS.glob("task/*.yaml")))
            )


@click.command("train", cls=_TrainCommand)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--config-dir",
    type=click.Path(exists=True, file_okay=False),
    help="A folder with task/*.yaml and train/*.yaml of your own.",
)
@click.option("-c", "--cfg", type=click.Choice(["job"]), help="Print the config and train nothing.")
@click.pass_context
def train_command(
    ctx: click.Context, overrides: tuple[str, ...], config_dir: str | None, cfg: str | None
) -> None:
    """Train a task with rl_games' PPO, go on with a run, or play what was trained.

    Settings are given as hydra has them, KEY=VALUE. Files of a run are in runs/<experiment>:
    checkpoints in nn/, nn/last.pth the newest of them. SIGTERM and Ctrl-C end the epoch and save.

    Exit status: 0 is done; 128 + signal (143, 130) is stopped and saved; 2 is trouble, said in one
    sentence; an error in the code of a task leaves its traceback and status 1.

    \b
    Examples:
      genesis-state train task=Cartpole
      genesis-state train task=Cartpole resume=auto max_epochs=200
      genesis-state train task=Cartpole test=True

    \b
    Settings used most (--cfg job prints all, with their values):
      task=NAME                which task
      num_envs=N               environments at once
      max_epochs=N             when to end
      seed=N                   of all random streams; -1 takes one from the clock
      experiment=NAME          folder of the run
      resume=auto              go on with the newest checkpoint of that folder, if there is one
      checkpoint=FILE          start from this one, or play it
      test=True                play the newest checkpoint and print reward and length of episodes
      wandb_activate=True      log to Weights & Biases too (wandb_project, wandb_mode=offline)
      task.KEY=VALUE           a setting of the task
      train.params.config.KEY=VALUE
                               a setting of rl_games
    """
    try:
        from genesis_state.training import hydra_config, run
    except ModuleNotFoundError as error:
        raise Trouble(
            f"train needs {error.name}, which is not installed; pip install 'genesis-state[train]'."
        ) from error
    # As for python -m, modules of one's own are found where the command is run.
    sys.path.append(os.getcwd())
    config = hydra_config.compose(overrides, config_dir)
    if cfg is not None:
        say(hydra_config.as_yaml(config))
        return
    try:
        with _log_on_stderr():
            result = run.train(hydra_config.train_config(config))
    except (OSError, ValueError, ImportError) as error:
        if not _is_ours(error):
            traceback.print_exception(error)
            ctx.exit(1)
        raise Trouble(
            sentence(error) if not isinstance(error, ImportError) else str(error)
        ) from error
    say(str(result))
    if result.stopped is not None:
        ctx.exit(128 + signal.Signals[result.stopped])


def _is_ours(error: BaseException) -> bool:
    """Whether an error came to be without passing through code of a task of one's own."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    modules = (frame.f_globals.get("__name__", "") for frame in frames)
    return all(str(name).split(".")[0] in _OUR_CODE for name in modules)


class _BesideBars(logging.Handler):
    """Writes a line above a progress bar, and not into it."""

    def emit(self, record: logging.LogRecord) -> None:
        tqdm.write(self.format(record), file=sys.stderr)


@contextmanager
def _log_on_stderr() -> Iterator[None]:
    """Shows what the package has to say of a run."""
    logger, handler = logging.getLogger("genesis_state"), _BesideBars()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)
