"""rl_games' PPO agents, so that a run that is killed and resumed goes on bit for bit.

rl_games 1.6.5 saves weights, optimizer, counters and what the environment returns. Its agents are
used as they are; what is added stands in `Continuing`, which comes before them in the order of
methods:

- all of the loop's state, random streams and observers are saved with it
- checkpoints are written between two epochs, where that state is whole, in one atomic step
- a resumed run neither forgets its best reward nor resets its environments
- a request to stop is answered between two epochs, after a save
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from genesis_state.training import training_checkpoint
from genesis_state.training.agent_config import FrameSchedule, settle
from genesis_state.training.checkpoint_names import SUFFIX
from genesis_state.training.loop_state import (
    Continuation,
    continuation,
    loop_state,
    of_rl_games,
    restore_schedules,
)
from genesis_state.training.plain_values import plain
from genesis_state.training.random_state import random_state
from genesis_state.training.rl_games_library import (
    A2CAgent,
    DiscreteA2CAgent,
    PpoPlayerContinuous,
    PpoPlayerDiscrete,
)
from genesis_state.training.run_directory import RunDirectory
from genesis_state.training.save_rules import goal_reached, is_numbered
from genesis_state.training.scalar_writer import ScalarWriter, drop_summary_writer
from genesis_state.training.weights_match import check_weights
from genesis_state.version import __version__

_log = logging.getLogger("genesis_state.training")

CONTINUOUS = "genesis_state_continuous"
DISCRETE = "genesis_state_discrete"
ALGORITHMS = ("a2c_continuous", "a2c_discrete", CONTINUOUS, DISCRETE)

_CENTRAL = "assymetric_vf_nets"  # as rl_games spells it


class _Stopped(Exception):
    """Ends the loop of rl_games, which has no other way out, between two epochs."""


class Continuing:
    """What both agents add to those of rl_games.

    Attributes:
        directory: Where the run keeps its files.
        elapsed: Seconds of training so far, those of earlier processes too.
        notices: Sentences about what a resumed run could not put back.
        stopped: Why the run ended early; None otherwise.
    """

    # Of rl_games' agents.
    epoch_num: int
    frame: int
    save_freq: int
    nn_dir: str
    config: dict[str, Any]
    last_mean_rewards: Any

    def __init__(self, base_name: str, params: dict[str, Any]) -> None:
        config = params["config"]
        settle(config)
        self.elapsed = 0.0
        self.notices: list[str] = []
        self.stopped: str | None = None
        self._scalars = ScalarWriter()
        self._elapsed_before = 0.0
        self._request: str | None = None
        self._continuation: Continuation | None = None
        self._resumed = False
        self._epochs_here = 0
        self._best_due = self._numbered_due = False
        self._save_failed = False
        self._seed = params.get("seed")
        self.directory = RunDirectory(
            config["full_experiment_name"],
            config.get("train_dir", "runs"),
            name=config["name"],
            keep=config.get("keep_checkpoints"),
            keep_every=config.get("keep_checkpoints_every"),
        )
        super().__init__(base_name, params)  # type: ignore[call-arg]
        agent: Any = self
        if agent.linear_lr and agent.max_epochs == -1 and agent.max_frames != -1:
            agent.scheduler = FrameSchedule(agent.scheduler, agent)

    @property
    def writer(self) -> ScalarWriter:
        """Where rl_games and observers log to."""
        return self._scalars

    @writer.setter
    def writer(self, stock: Any) -> None:
        # rl_games makes its SummaryWriter in its constructor. Event files are an observer's here.
        drop_summary_writer(stock)

    def request_stop(self, reason: str) -> None:
        """Lets training end after the running epoch, with a save; may be called by a signal."""
        self._request = reason

    def train(self) -> tuple[Any, int]:
        """Trains until the goal is reached, or a stop is asked for.

        Returns:
            The best mean reward, and the number of epochs.
        """
        if self._resumed and goal_reached(self):
            _log.info(f"the checkpoint has epoch {self.epoch_num}: nothing is left to train.")
            return self.last_mean_rewards, self.epoch_num
        self._epochs_here = 0
        try:
            result = super().train()  # type: ignore[misc]
        except _Stopped:
            self.stopped = self._request
            return self.last_mean_rewards, self.epoch_num
        self._end_epoch(leaving=True)
        return result

    def update_epoch(self) -> int:
        """Begins an epoch: the one place in rl_games' loop where the last one is complete."""
        leaving = self._request is not None  # asked once: a signal may come at any moment
        if self._epochs_here:
            self._end_epoch(leaving=leaving)
        else:
            self._begin()
        if leaving:
            raise _Stopped
        self._epochs_here += 1
        return super().update_epoch()  # type: ignore[misc]

    def env_reset(self) -> Any:
        """Resets the environments, unless they go on where a checkpoint left them."""
        if self._continuation is not None and self._continuation.exact:
            return self._continuation.observation(self)
        return super().env_reset()  # type: ignore[misc]

    def write_stats(self, total_time: float, *args: Any, **kwargs: Any) -> None:
        """Logs an epoch, with the seconds of the whole run."""
        self.elapsed = self._elapsed_before + total_time
        super().write_stats(self.elapsed, *args, **kwargs)  # type: ignore[misc]

    def save(self, fn: str) -> None:
        """Notes what rl_games' loop wants to save; other callers get their file at once.

        The loop asks in the middle of its bookkeeping. The files are written when the epoch is
        over, under our names.
        """
        folder, name = os.path.split(fn)
        if folder == self.nn_dir and name == self.config["name"]:
            self._best_due = True
        elif folder == self.nn_dir and is_numbered(name, self.config["name"]):
            self._numbered_due = True
        else:
            training_checkpoint.write(fn + SUFFIX, self.get_full_state_weights())

    def restore(self, fn: str, set_epoch: bool = True) -> None:
        """Loads a checkpoint, one of ours or one of rl_games; `train` then goes on from there.

        Raises:
            FileNotFoundError, ValueError: As `training_checkpoint.read`, or the networks differ.
        """
        content = training_checkpoint.read(fn)
        agent: Any = self
        networks = {"model": agent.model}
        if agent.has_central_value:
            networks[_CENTRAL] = agent.central_value_net
        check_weights(fn, networks, content)
        self.set_full_state_weights(content, set_epoch=set_epoch)
        for notice in self.notices:
            _log.warning(f"{fn}: {notice}.")

    def restore_central_value_function(self, fn: str) -> None:
        """Loads the central value network of a checkpoint, and nothing else."""
        agent: Any = self
        content = training_checkpoint.read(fn)
        check_weights(fn, {_CENTRAL: agent.central_value_net}, content)
        agent.set_central_value_function_weights(content)

    def get_full_state_weights(self) -> dict[str, Any]:
        """All that the run needs to go on, as tensors and plain values."""
        agent: Any = self
        state: dict[str, Any] = super().get_full_state_weights()  # type: ignore[misc]
        for key in ("model", _CENTRAL):
            if key in state:
                state[key] = training_checkpoint.without_compiled_prefix(state[key])
        observers = getattr(agent.algo_observer, "state_dict", None)
        state |= {
            "loop": loop_state(agent),
            "random": random_state(),
            "observers": observers() if observers is not None else {},
            "run": {
                "experiment": self.directory.experiment,
                "name": self.directory.name,
                "seed": self._seed,
                "genesis_state": __version__,
            },
        }
        return plain(state, "checkpoint")

    def set_full_state_weights(self, weights: Mapping[str, Any], set_epoch: bool = True) -> None:
        """Puts back what `get_full_state_weights` took, or what rl_games saved."""
        agent: Any = self
        content = dict(weights)
        agent.vec_env.resuming = bool(self.config.get("resuming", False))
        super().set_full_state_weights(content, set_epoch=set_epoch)  # type: ignore[misc]
        self.notices = []
        self._resumed = set_epoch
        if not training_checkpoint.is_complete(content):
            self._continuation = of_rl_games(agent, content)
            self.notices += self._continuation.notices
            return
        self._continuation = continuation(agent, content)
        self.notices += self._continuation.notices
        self.notices += restore_schedules(agent, content["loop"])
        seed = content["run"].get("seed")
        if seed != self._seed:
            self.notices.append(
                f"seed {self._seed} is not used: the random numbers go on from those of seed {seed}"
            )
        self._elapsed_before = self.elapsed = content["loop"]["elapsed"]
        self._scalars.elapsed = self._elapsed_before
        load = getattr(agent.algo_observer, "load_state_dict", None)
        if load is not None:
            load(content["observers"])

    def _begin(self) -> None:
        """Just before the first epoch, after rl_games has set everything anew."""
        if self._continuation is not None:
            for notice in self._continuation.finish(self):
                self.notices.append(notice)
                _log.warning(f"{notice}.")
            self._continuation = None
        # What cannot be saved is better known now than after the first hours.
        self.get_full_state_weights()

    def _end_epoch(self, *, leaving: bool) -> None:
        """Saves what is due, now that an epoch is complete."""
        agent: Any = self
        if agent.global_rank != 0:
            return
        periodic = self.save_freq > 0 and self.epoch_num % self.save_freq == 0
        numbered = periodic or self._numbered_due
        if not (numbered or self._best_due or leaving or self._save_failed):
            return
        reward = float("-inf")
        if agent.game_rewards.current_size:
            reward = float(agent.mean_rewards)
        try:
            path = self.directory.save(
                self.get_full_state_weights(),
                numbered=(self.epoch_num, reward) if numbered else None,
                best=self._best_due,
            )
        except OSError as error:
            if leaving:
                raise
            # A full disk may be cleared; the last whole file stands meanwhile.
            self._save_failed = True
            _log.error(f"{error} The next epoch tries again.")
            return
        _log.debug(f"epoch {self.epoch_num} saved as {path}")
        self._best_due = self._numbered_due = self._save_failed = False


class ContinuousAgent(Continuing, A2CAgent):
    """PPO with continuous actions."""


class DiscreteAgent(Continuing, DiscreteA2CAgent):
    """PPO with discrete actions."""


def register(runner: Any) -> None:
    """Lets a Runner of rl_games build these agents, for stock YAML files too.

    `algo: name:` may be `a2c_continuous` and `a2c_discrete`, whose builders are replaced in this
    runner, or our own names, `genesis_state_continuous` and `genesis_state_discrete`.
    """
    for names, agent, player in (
        (("a2c_continuous", CONTINUOUS), ContinuousAgent, PpoPlayerContinuous),
        (("a2c_discrete", DISCRETE), DiscreteAgent, PpoPlayerDiscrete),
    ):
        for name in names:
            runner.algo_factory.register_builder(name, agent)
            runner.player_factory.register_builder(name, player)
