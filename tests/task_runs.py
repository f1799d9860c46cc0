"""Steps of tasks with random actions, and states that go through a file."""

from __future__ import annotations

import io
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


def through_a_file(state: dict[str, Any]) -> dict[str, Any]:
    """A state as `torch.load` gives it back without running code."""
    stream = io.BytesIO()
    torch.save(state, stream)
    stream.seek(0)
    return torch.load(stream, weights_only=True)


def same(a: Any, b: Any) -> bool:
    """Whether two runs observed, earned, ended and told the same, bit for bit."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b
