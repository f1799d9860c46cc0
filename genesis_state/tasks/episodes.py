"""How far each environment's episode has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from genesis_state.tasks.env_state import Loaded


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

    def check(self, state: Any) -> None:
        """Raises ValueError unless it is what `state_dict` returns, of any number of rows."""
        good = isinstance(state, Mapping) and set(state) == {"lengths", "returns", "finished"}
        if not good or not all(
            isinstance(state[name], torch.Tensor) and state[name].dim() == 1
            for name in ("lengths", "returns")
        ):
            raise ValueError("episodes: the saved state is damaged; load another checkpoint.")

    def load(self, state: Any, same_envs: bool) -> Loaded:
        """Puts back what `state_dict` gave."""
        self.finished = int(state["finished"])
        if not same_envs:
            return Loaded("all episodes begin anew.", whole=False)
        self.lengths.copy_(state["lengths"])
        self.returns.copy_(state["returns"])
        return Loaded("episodes go on.")
