"""Plays a trained policy and measures it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch

from genesis_state.training.weights_match import check_weights


@dataclass(frozen=True)
class Played:
    """What was measured.

    Attributes:
        mean_reward: Mean return of the episodes; NaN if none ended.
        mean_length: Their mean length [steps].
        episodes: How many; one of each environment at most.
    """

    mean_reward: float
    mean_length: float
    episodes: int

    def __str__(self) -> str:
        means = f"mean reward {self.mean_reward:.4g}, mean episode length {self.mean_length:.4g}"
        return f"{means} of {self.episodes} episodes"


class _AllEnded(Exception):
    """Ends the loop of rl_games' player, which has no other way out."""


class _FirstEpisodes:
    """The first episode of each environment: of all that end in a time, short ones are too many."""

    def __init__(self, *, leave: bool) -> None:
        self._leave = leave
        self._returns = self._lengths = torch.zeros(0)
        self._running = torch.zeros(0, dtype=torch.bool)

    def watching(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """The player's `env_step`, which counts from now on."""

        def counting(env: Any, actions: Any) -> Any:
            found = step(env, actions)
            self._count(found[1].flatten(), found[2].flatten().bool())
            return found

        return counting

    def result(self) -> Played:
        ended = ~self._running
        return Played(
            mean_reward=float(self._returns[ended].mean()),
            mean_length=float(self._lengths[ended].mean()),
            episodes=int(ended.sum()),
        )

    def _count(self, rewards: torch.Tensor, dones: torch.Tensor) -> None:
        if not len(self._running):
            self._returns, self._lengths = torch.zeros(2, len(rewards))
            self._running = torch.ones(len(rewards), dtype=torch.bool)
        self._returns += rewards.cpu() * self._running
        self._lengths += self._running
        self._running &= ~dones.cpu()
        if self._leave and not self._running.any():
            raise _AllEnded


def play(runner: Any, checkpoint: str, content: Mapping[str, Any], sigma: float | None) -> Played:
    """Plays with a Runner of rl_games, until each environment has ended an episode.

    `player.games_num` of its config, where that is given, ends it instead.

    Args:
        runner: With its config loaded.
        checkpoint: Of the policy.
        content: What is in it.
        sigma: Overwrites a fixed sigma.

    Raises:
        ValueError: The checkpoint's networks are not those of the config.
    """
    player_config = runner.params["config"].setdefault("player", {})
    player_config.setdefault("use_vecenv", True)
    player_config.setdefault("print_stats", False)
    first = _FirstEpisodes(leave="games_num" not in player_config)
    create, players = runner.create_player, []

    def watched() -> Any:
        player = create()
        players.append(player)
        check_weights(checkpoint, {"model": player.model}, content)
        player.env_step = first.watching(player.env_step)
        return player

    runner.create_player = watched
    try:
        with suppress(_AllEnded):
            runner.run({"train": False, "play": True, "checkpoint": checkpoint, "sigma": sigma})
    finally:
        for player in players:
            if hasattr(player.env, "close"):
                player.env.close()
    return first.result()
