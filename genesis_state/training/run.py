"""`train`: from a config to a run that ends, is stopped, or goes on where it was killed."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genesis_state.training import agent, training_checkpoint
from genesis_state.training.observers.adr import AdrObserver
from genesis_state.training.observers.episode_statistics import EpisodeStatistics
from genesis_state.training.observers.multi_observer import MultiObserver
from genesis_state.training.observers.observer import Observer
from genesis_state.training.observers.progress_bar import ProgressBar
from genesis_state.training.observers.tensorboard import TensorBoard
from genesis_state.training.play import Played, play
from genesis_state.training.random_state import seed_all
from genesis_state.training.rl_games_library import Runner
from genesis_state.training.run_directory import RunDirectory
from genesis_state.training.signals import stopping
from genesis_state.training.train_config import TrainConfig

_log = logging.getLogger("genesis_state.training")


@dataclass(frozen=True)
class TrainingResult:
    """What became of a run.

    Attributes:
        directory: Where its files are.
        checkpoint: The newest one; None if none was written.
        epoch: Epochs done, those of earlier processes too.
        frame: Frames seen.
        best_reward: The best mean reward; -1e9, as rl_games has it, before the first.
        stopped: The signal that ended it early; None if it came to its end.
        notices: Sentences about what a resumed run could not put back.
        played: What playing measured; None after training.
    """

    directory: Path
    checkpoint: Path | None
    epoch: int
    frame: int
    best_reward: float
    stopped: str | None = None
    notices: tuple[str, ...] = ()
    played: Played | None = None

    def __str__(self) -> str:
        start = f"{self.checkpoint or self.directory}: epoch {self.epoch}"
        if self.played is not None:
            return f"{start}, {self.played}"
        if self.best_reward <= -1e9:
            return f"{start}, no best reward yet"
        return f"{start}, best reward {self.best_reward:.4g}"


class _Built(Observer):
    """Keeps the agent that the Runner builds inside, for signals and for the result."""

    algo: Any = None

    def after_init(self, algo: Any) -> None:
        self.algo = algo

    def request_stop(self, reason: str) -> bool:
        if self.algo is None:
            return False
        self.algo.request_stop(reason)
        return True


def train(config: TrainConfig | Mapping[str, Any]) -> TrainingResult:
    """Trains, or plays what was trained.

    SIGTERM and Ctrl-C end the running epoch, save and return; `stopped` names the signal.

    Args:
        config: A TrainConfig, or its fields as a mapping (OmegaConf's too).

    Raises:
        ValueError: The config, or a checkpoint; the message says what to do.
        FileNotFoundError: There is no such checkpoint.
    """
    settings = config if isinstance(config, TrainConfig) else TrainConfig.of(config)
    params = settings.rl_games_params()
    directory = RunDirectory(
        params["config"]["full_experiment_name"],
        settings.root,
        name=params["config"]["name"],
        keep=params["config"].get("keep_checkpoints"),
        keep_every=params["config"].get("keep_checkpoints_every"),
    )
    if settings.test:
        return _play(settings, params, directory)
    checkpoint, params["config"]["resuming"] = _checkpoint(settings, directory)
    directory.create()
    directory.write_config(settings.as_dict())

    built = _Built()
    observers = MultiObserver([built, *_observers(settings, params)])
    runner = _runner(settings, params, observers)
    try:
        with stopping(built.request_stop):
            runner.run(
                {"train": True, "checkpoint": checkpoint, "sigma": settings.sigma}
                | ({"load_critic_only": True} if settings.load_critic_only else {})
            )
    finally:
        observers.close()
        close = getattr(getattr(built.algo, "vec_env", None), "close", None)
        if close is not None:
            close()
    algo = built.algo
    return TrainingResult(
        directory=directory.path,
        checkpoint=next(iter(directory.files()), None),
        epoch=int(algo.epoch_num),
        frame=int(algo.frame),
        best_reward=float(algo.last_mean_rewards),
        stopped=algo.stopped,
        notices=tuple(algo.notices),
    )


def _runner(settings: TrainConfig, params: dict[str, Any], observers: MultiObserver) -> Any:
    runner = Runner(observers)
    agent.register(runner)
    runner.load({"params": params})
    # rl_games leaves the streams alone where the seed is 0.
    seed_all(settings.seed_used)
    return runner


def _checkpoint(settings: TrainConfig, directory: RunDirectory) -> tuple[str | None, bool]:
    """The file to start from, if any, and whether this run wrote it and goes on."""
    given = None if settings.checkpoint is None else os.fspath(settings.checkpoint)
    if given is not None:
        training_checkpoint.read(given)  # what is wrong with it is said before anything is made
    if settings.resume == "auto":
        newest = directory.newest_whole()
        if newest is not None:
            _log.info(f"{newest}: the run goes on from there.")
            directory.finish(newest)
            return str(newest), True
    elif directory.files():
        inside = given is not None and Path(given).resolve().is_relative_to(
            directory.path.resolve()
        )
        if not inside:
            raise ValueError(
                f"{directory.path}: holds a run; go on with resume=auto, or give another "
                "experiment, or move it away."
            )
        return given, False
    # What an earlier try logged before its first save would stand twice.
    directory.clear_summaries()
    return given, False


def _observers(settings: TrainConfig, params: dict[str, Any]) -> list[Observer]:
    found: list[Observer] = [EpisodeStatistics(), AdrObserver()]
    if settings.tensorboard:
        found.append(TensorBoard())
    if settings.wandb is not None:
        from genesis_state.training.observers.weights_and_biases import WeightsAndBiases

        found.append(WeightsAndBiases(config=settings.as_dict(), **settings.wandb))
    if settings.progress:
        found.append(ProgressBar())
        # A line for each epoch, and a bar, would write over each other.
        if sys.stderr.isatty():
            params["config"].setdefault("print_stats", False)
    return [*found, *settings.observers]


def _play(settings: TrainConfig, params: dict[str, Any], directory: RunDirectory) -> TrainingResult:
    checkpoint = settings.checkpoint or directory.newest_whole()
    if checkpoint is None:
        raise ValueError(f"{directory.path}: has no checkpoint to play; train first, or name one.")
    # Read here first: the player of rl_games runs whatever code is in the file.
    content = training_checkpoint.read(checkpoint)
    runner = _runner(settings, params, MultiObserver([]))
    played = play(runner, str(checkpoint), content, settings.sigma)
    return TrainingResult(
        directory=directory.path,
        checkpoint=Path(checkpoint),
        epoch=int(content["epoch"]),
        frame=int(content["frame"]),
        best_reward=float(content.get("last_mean_rewards", -1e9)),
        played=played,
    )
