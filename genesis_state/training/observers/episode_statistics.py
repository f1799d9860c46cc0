"""What environments tell about their episodes in `infos`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from genesis_state.training.observers.observer import Observer
from genesis_state.training.plain_values import on_device

_SUCCESSES = "consecutive_successes"
# Of these keys, what is no scalar at the top.
_OWN = ("episode", "episode_cumulative", "time_outs")


class EpisodeStatistics(Observer):
    """Gathers `infos` and logs them once in an epoch.

    - `episode`, a dict: the mean of each entry over the epoch, as `Episode/<key>` over epochs
    - `episode_cumulative`, a dict of tensors of shape (n_envs,): their sums over each episode, as
      `episode_cumulative/<key>`, with `_min` and `_max` beside, over frames
    - `consecutive_successes` of shape (n_envs,): the mean over the last episodes that ended
    - other scalars, also in nested dicts: the last of the epoch, as `<key>/frame`, `/iter`, `/time`

    The last episodes are `games_to_track` of the agent.
    """

    def __init__(self) -> None:
        self._algo: Any = None
        self._sums: dict[str, torch.Tensor] = {}  # of an epoch: (sum, number of values)
        self._running: dict[str, torch.Tensor] = {}  # of running episodes, (n_envs,)
        self._ended: dict[str, torch.Tensor] = {}  # of the last episodes, the newest at the end
        self._scalars: dict[str, Any] = {}

    def after_init(self, algo: Any) -> None:
        self._algo = algo

    def process_infos(self, infos: dict[str, Any], done_indices: Any) -> None:
        if not isinstance(infos, Mapping):
            raise TypeError(f"infos: {type(infos).__name__}, needs a dict.")
        done = done_indices.flatten()
        for key, value in infos.get("episode", {}).items():
            values = torch.as_tensor(value, dtype=torch.float64).flatten()
            pair = torch.stack((values.sum(), values.new_tensor(float(values.numel()))))
            self._sums[key] = self._sums[key] + pair if key in self._sums else pair
        for key, value in infos.get("episode_cumulative", {}).items():
            self._accumulate(key, value, done)
        successes = infos.get(_SUCCESSES)
        if isinstance(successes, torch.Tensor) and successes.ndim == 1:
            self._remember(_SUCCESSES, successes[done])
        self._scalars = dict(_scalars(infos))

    def after_clear_stats(self) -> None:
        self._ended.clear()

    def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
        log = self._algo.writer.add_scalar
        for key, pair in self._sums.items():
            if pair[1] > 0:
                log(f"Episode/{key}", pair[0] / pair[1], epoch_num)
        self._sums.clear()
        for key, values in self._ended.items():
            if not values.numel():
                continue
            if key == _SUCCESSES:
                self._log_three(_SUCCESSES, values.mean(), frame, epoch_num, total_time)
                continue
            log(f"episode_cumulative/{key}", values.mean(), frame)
            log(f"episode_cumulative_min/{key}_min", values.min(), frame)
            log(f"episode_cumulative_max/{key}_max", values.max(), frame)
        for key, value in self._scalars.items():
            self._log_three(key, value, frame, epoch_num, total_time)

    def state_dict(self) -> dict[str, Any]:
        return {
            "sums": self._sums,
            "running": self._running,
            "ended": self._ended,
            "scalars": self._scalars,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        device = self._algo.ppo_device
        self._sums = on_device(state["sums"], device)
        self._running = on_device(state["running"], device)
        self._ended = on_device(state["ended"], device)
        self._scalars = on_device(state["scalars"], device)

    def _accumulate(self, key: str, value: torch.Tensor, done: torch.Tensor) -> None:
        sums = self._running.get(key)
        if sums is None or sums.shape != value.shape:  # resumed with other environments
            sums = torch.zeros_like(value, dtype=torch.float32)
        sums = sums + value
        self._remember(key, sums[done])
        sums[done] = 0
        self._running[key] = sums

    def _remember(self, key: str, values: torch.Tensor) -> None:
        before = self._ended.get(key, values.new_zeros(0, dtype=torch.float32))
        ended = torch.cat((before, values.to(torch.float32)))
        self._ended[key] = ended[-self._algo.games_to_track :]

    def _log_three(self, key: str, value: Any, frame: int, epoch: int, seconds: float) -> None:
        for axis, step in (("frame", frame), ("iter", epoch), ("time", seconds)):
            self._algo.writer.add_scalar(f"{key}/{axis}", value, step)


def _scalars(infos: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The numbers among infos, with the keys that lead to them."""
    for key, value in infos.items():
        if not prefix and key in _OWN:
            continue
        if isinstance(value, Mapping):
            yield from _scalars(value, f"{prefix}{key}/")
        elif isinstance(value, (int, float)):
            yield f"{prefix}{key}", value
        elif isinstance(value, torch.Tensor) and value.ndim == 0:
            # A copy: the task may write the next step into the same memory.
            yield f"{prefix}{key}", value.detach().clone()
