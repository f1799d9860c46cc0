"""Objectives of episodes: the check of what comes in, and the rollout workers' running mean."""

from __future__ import annotations

import torch


def read_objective(objective: torch.Tensor, envs: torch.Tensor, num_envs: int) -> torch.Tensor:
    """The objectives of some environments in double precision.

    Args:
        objective: Of all environments, shape (N,).
        envs: Whose episodes ended, int64, shape (n,).
        num_envs: N.

    Returns:
        float64, shape (n,), where `envs` is.

    Raises:
        TypeError, ValueError: It is no tensor, has another shape, or is not finite for `envs`.
    """
    if not isinstance(objective, torch.Tensor):
        raise TypeError(
            f"objective: got a {type(objective).__name__}, needs a tensor; use torch.tensor."
        )
    if objective.shape != (num_envs,):
        raise ValueError(
            f"objective: shape {tuple(objective.shape)}, needs ({num_envs},); "
            "give one number for each environment."
        )
    ended = objective.detach().to(envs.device)[envs].double()
    if not ended.isfinite().all():
        first = envs[~ended.isfinite()][0].item()
        raise ValueError(
            f"objective: not finite in environment {first}, needs a number where an episode ended; "
            "use discard and 0 if the episode is void."
        )
    return ended


class RolloutPerformance:
    """Running mean of the objectives that rollout workers reach.

    Attributes:
        alpha: Weight of the old value.
        value: The mean, float64, shape ().
        known: Whether there has been any objective, bool, shape ().
    """

    def __init__(self, alpha: float, device: torch.device) -> None:
        self.alpha = alpha
        self.value = torch.zeros((), dtype=torch.float64, device=device)
        self.known = torch.zeros((), dtype=torch.bool, device=device)

    def add(self, objective: torch.Tensor, rollout: torch.Tensor) -> None:
        """Weighs in the mean over the marked objectives; none of them changes nothing.

        Args:
            objective: float64, shape (n,).
            rollout: Which of them count, bool, shape (n,).
        """
        count = rollout.sum()
        mean = torch.where(rollout, objective, 0.0).sum() / count.clamp(min=1)
        later = torch.where(self.known, self.alpha * self.value + (1 - self.alpha) * mean, mean)
        self.value = torch.where(count > 0, later, self.value)
        self.known = self.known | (count > 0)
