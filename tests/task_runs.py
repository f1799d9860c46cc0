"""Steps of tasks with random actions."""

from __future__ import annotations

from typing import Any

import torch

from genesis_state.tasks import VecTask


def actions(task: VecTask, seed: int) -> torch.Tensor:
    """Random ones of all environments, the same in every process."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand((task.num_envs, task.num_actions), generator=generator) * 2 - 1


def run(task: VecTask, first: int, steps: int) -> list[Any]:
    """What `steps` steps with random actions returned; `first` numbers the first of them."""
    return [task.step(actions(task, step)) for step in range(first, first + steps)]
