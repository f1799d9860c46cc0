"""How far each environment's episode has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch


class Episodes:
    """Lengths and returns of the running episodes.

    Args:
        num_envs: Number of environments.
        device: Where its tensors are.

    Attributes:
        lengths: Steps since the episode began, int64 of shape (n_envs,).
        returns: Sum of its rewards, shape (n_envs,).
        finished: How many episodes have ended in all.
    """

    def __init__(self, num_envs: int, device: torch.device) -> None:
        self.lengths = torch.zeros(num_envs, dtype=torch.int64, device=device)
        self.returns = torch.zeros(num_envs, device=device)
        self.finished = 0

    def count(self, rewards: torch.Tensor) -> None:
        """One step with these rewards, shape (n_envs,)."""
        self.lengths += 1
        self.returns += rewards

    def begin(self, envs: torch.Tensor) -> None:
        """Some episodes begin."""
        self.lengths[envs] = 0
        self.returns[envs] = 0.0

    def ended(self, envs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Returns "r" and lengths "l" of episodes that ended."""
        self.finished += len(envs)
        return {"r": self.returns[envs].clone(), "l": self.lengths[envs].clone()}

    def state_dict(self) -> dict[str, Any]:
        """CPU tensors and plain values."""
        return {
            "lengths": self.lengths.cpu().clone(),
            "returns": self.returns.cpu().clone(),
            "finished": self.finished,
        }

    def checked(self, state: Mapping[str, Any]) -> Mapping[str, Any]:
        """A state of this kind and size.

        Raises:
            ValueError: It is none.
        """
        for name in ("lengths", "returns"):
            own, found = getattr(self, name), state.get(name)
            if not isinstance(found, torch.Tensor) or found.shape != own.shape:
                shape = tuple(found.shape) if isinstance(found, torch.Tensor) else found
                raise ValueError(f"episodes: {name} is {shape}, needs shape {tuple(own.shape)}.")
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Puts back what `state_dict` gave."""
        self.lengths.copy_(state["lengths"])
        self.returns.copy_(state["returns"])
        self.finished = int(state["finished"])
