"""Runs on the toy, and what is compared of them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from training_toy import TOYS, params

from genesis_state.training import training_checkpoint
from genesis_state.training.observers.observer import Observer
from genesis_state.training.run import TrainingResult, train
from genesis_state.training.run_directory import event_files

# What depends on how fast the machine is.
WALL_CLOCK = ("performance/", "/time")


class StopAfter(Observer):
    """Asks for a stop in an epoch, as a signal does."""

    def __init__(self, epoch: int) -> None:
        self._epoch = epoch

    def after_init(self, algo: Any) -> None:
        self._algo = algo

    def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
        if epoch_num == self._epoch:
            self._algo.request_stop("test")


def run(
    root: Path, kind: str = "toy", *, rnn: bool = False, config: Any = None, **settings: Any
) -> TrainingResult:
    """Trains on a toy; `config` overrides what rl_games is told."""
    tree = params(kind, rnn=rnn, **(config or {}))
    found = {"env": TOYS[kind], "root": root, "threads": 1, "progress": False} | settings
    return train({"params": tree} | found)


def run_task(root: Path, task: str, *more: str, **settings: Any) -> TrainingResult:
    """Trains on one of the tasks as the command line does, with few environments and steps.

    Args:
        root: Where the run's folder "toy" is to stand.
        task: Its name.
        more: Overrides.
        settings: Of TrainConfig, in place of what the overrides say.
    """
    from genesis_state.training.hydra_config import compose, train_config

    config = compose([f"task={task}", *SMALL, *SMALLER.get(task, ()), f"root='{root}'", *more])
    found = train_config(config)
    return train(replace(found, seed=found.seed_used, **settings))


SMALL = (
    *("experiment=toy", "num_envs=16", "threads=1", "progress=False", "task.episode_length=12"),
    *("train.params.config.horizon_length=8", "train.params.config.save_frequency=3"),
    *("train.params.config.save_best_after=2", "train.params.config.minibatch_size_per_env=4"),
    *(
        "train.params.config.mini_epochs=2",
        "max_epochs=6",
        "+train.params.config.print_stats=False",
    ),
)
MOVING = (
    *("task.adr.adr_queue_threshold_length=24", "task.adr.adr_objective_threshold_low=-1"),
    *("task.adr.adr_objective_threshold_high=-0.5",),
)
CRITIC = "train.params.config.central_value_config.minibatch_size_per_env=4"
SMALLER = {
    "FrankaReachADR": (*MOVING, CRITIC),
    "AllegroHandADR": (*MOVING, CRITIC, "train.params.config.seq_length=4"),
}
"""Episodes and queues are short, and any result moves a range: much happens in a few epochs."""


def content(result: TrainingResult | Path) -> dict[str, Any]:
    """The newest checkpoint of a run, without what depends on the machine's speed."""
    path = result if isinstance(result, Path) else result.checkpoint
    assert path is not None
    found = training_checkpoint.read(path)
    found["loop"].pop("elapsed")
    found["observers"].pop("TensorBoard", None)
    found.pop("names")
    return found


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """The leaves of nested dicts and lists."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    else:
        return {name: value}
    return {k: v for key, item in items for k, v in flat(item, f"{name}/{key}").items()}


def bits(tensor: torch.Tensor) -> torch.Tensor:
    """Its bytes: NaN is not equal to itself, but may well be the same."""
    return tensor.contiguous().flatten().view(torch.uint8)


def differences(a: Any, b: Any) -> list[str]:
    """Names of the leaves that are not the same, bit for bit."""
    left, right = flat(a), flat(b)
    wrong = sorted(left.keys() ^ right.keys())
    for name in left.keys() & right.keys():
        x, y = left[name], right[name]
        if isinstance(x, torch.Tensor):
            same = isinstance(y, torch.Tensor) and (x.dtype, x.shape) == (y.dtype, y.shape)
            same = same and torch.equal(bits(x), bits(y))
        else:
            same = type(x) is type(y) and (x == y or (x != x and y != y))
        if not same:
            wrong.append(name)
    return sorted(wrong)


def scalars(result: TrainingResult | Path) -> list[tuple[str, int, float]]:
    """All that the event files of a run hold, in order, without the wall clock's."""
    folder = result if isinstance(result, Path) else result.directory
    found = []
    for path in event_files(folder / "summaries"):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                if not any(part in value.tag for part in WALL_CLOCK):
                    number = value.tensor.float_val[0] if value.tensor.float_val else math.nan
                    found.append((value.tag, event.step, number))
    return found
