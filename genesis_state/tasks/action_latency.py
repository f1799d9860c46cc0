"""Actions that arrive late, as those of real robots do."""

from __future__ import annotations

import math

import torch

from genesis_state.randomization.distributions import stochastic_round
from genesis_state.tasks.adr_vec_task import ADRVecTask

LATENCY, DELAY = "action_latency", "action_delay_prob"


class ActionLatency:
    """Holds actions back by a number of steps that each episode has of its own.

    Reads two parameters of the task's ADR, by the names that DeXtreme (Handa et al. 2022) gives
    them: `action_latency` [steps], rounded at random to a whole number when an episode begins, and
    `action_delay_prob`, the chance that a step gets an action yet one step older.

    Args:
        task: Whose ADR and random streams are used.

    Attributes:
        queue: The last actions, shape (n_envs, longest latency + 2, num_actions), a ring.
        head: Where the newest one is, int64, shape ().
        latency: Steps of each environment, int64, shape (n_envs,).
    """

    def __init__(self, task: ADRVecTask) -> None:
        self.task = task
        longest = math.ceil(task.adr_limit(LATENCY, 0.0)) + 1
        shape, device = (task.num_envs, longest + 1, task.num_actions), task.device
        self.queue = torch.zeros(shape, device=device)
        self.head = torch.zeros((), dtype=torch.int64, device=device)
        self.latency = torch.zeros(task.num_envs, dtype=torch.int64, device=device)
        self._rows = torch.arange(task.num_envs, device=device)

    def begin(self, envs: torch.Tensor, rest: torch.Tensor | float = 0.0) -> None:
        """Draws latencies for new episodes.

        Args:
            envs: Which, int64.
            rest: Actions that hold the robot where it is, shape (n, num_actions), for the steps
                before the first action arrives.
        """
        steps = self.task.adr_values(LATENCY, 0.0, envs)
        self.latency[envs] = stochastic_round(steps, self.task.streams[LATENCY])
        self.queue[envs] = rest[:, None] if isinstance(rest, torch.Tensor) else rest

    def late(self, actions: torch.Tensor) -> torch.Tensor:
        """Takes the actions of this step and gives those that arrive, shape as given."""
        size = self.queue.shape[1]
        self.head.add_(1).remainder_(size)
        self.queue.index_copy_(1, self.head[None], actions[:, None])
        chance = self.task.adr_values(DELAY, 0.0)
        delayed = self.task.draw(DELAY, self.task.num_envs) < chance
        return self.queue[self._rows, (self.head - self.latency - delayed.long()) % size]

    def tensors(self) -> dict[str, torch.Tensor]:
        """For the task's own."""
        return {"action_queue": self.queue, "action_head": self.head, LATENCY: self.latency}
