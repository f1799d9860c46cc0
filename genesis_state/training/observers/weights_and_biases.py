"""Weights & Biases, where it is installed."""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Mapping
from typing import Any

from genesis_state.training.observers.observer import Observer


class WeightsAndBiases(Observer):
    """Logs all scalars of an epoch as one step of a run of Weights & Biases.

    The step is the epoch. A run that goes on from a checkpoint continues under the same id, and
    Weights & Biases leaves out the epochs that it has already, which are the same ones.

    Args:
        project: As `wandb.init` has it.
        config: What the run is started with.
        settings: More arguments of `wandb.init`, such as entity, group, tags, or mode="offline".
    """

    def __init__(
        self,
        project: str = "genesis_state",
        config: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self._project = project
        self._config = dict(config or {})
        self._settings = settings
        self._algo: Any = None
        self._run: Any = None
        self._id: str | None = None
        self._scalars: dict[str, float] = {}
        self._epoch: int | None = None
        self._wandb: Any = None

    def after_init(self, algo: Any) -> None:
        try:
            self._wandb = importlib.import_module("wandb")
        except ImportError as error:
            raise ImportError("wandb is not installed; pip install wandb.") from error
        self._algo = algo
        algo.writer.add_sink(self._gather)

    def after_steps(self) -> None:
        # rl_games logs the rewards of an epoch after `after_print_stats`, and nothing of the next
        # one before this call.
        self._send()

    def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
        self._epoch = epoch_num
        self._scalars |= {"frame": float(frame), "epoch": float(epoch_num)}

    def state_dict(self) -> dict[str, Any]:
        # All scalars of the epoch are known when a checkpoint is written.
        self._send()
        return {"id": self._id, "experiment": self._algo.experiment_name}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        # A run that starts from another one's checkpoint is not that one.
        if state["experiment"] == self._algo.experiment_name:
            self._id = state["id"]

    def close(self) -> None:
        self._send()
        if self._run is not None:
            self._run.finish()

    def _gather(self, tag: str, value: float, step: int) -> None:
        self._scalars[tag] = value

    def _send(self) -> None:
        if self._epoch is None:
            return
        if self._run is None:
            self._run = self._start()
        self._run.log(self._scalars, step=self._epoch)
        self._scalars = {}
        self._epoch = None

    def _start(self) -> Any:
        if self._id is None:
            self._id = uuid.uuid4().hex[:8]  # from the system, and not from the run's streams
        arguments = {
            "project": self._project,
            "name": self._algo.experiment_name,
            "dir": str(self._algo.directory.path),
            "config": self._config,
            "id": self._id,
            "resume": "allow",
        }
        return self._wandb.init(**(arguments | self._settings))
