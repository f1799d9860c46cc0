"""Errors of a sensor or an actuator: a wrong scale, an offset, and white noise."""

from __future__ import annotations

import torch

from genesis_state.randomization.distributions import gaussian_of_spread
from genesis_state.tasks.adr_vec_task import ADRVecTask


class AffineNoise:
    """scaling · x + additive + white, with scaling and additive drawn once for each episode.

    Reads three parameters of the task's ADR, by the names that DeXtreme (Handa et al. 2022) gives
    them: `affine_<name>_scaling`, `_additive` and `_white`, each a spread v that stands for normal
    noise of deviation exp(v²) − 1, see `gaussian_of_spread`.

    Args:
        task: Whose ADR and random streams are used.
        name: Of what is noisy, such as "action".
        columns: Its numbers for each environment.

    Attributes:
        scaling, additive: Shape (n_envs, columns).
    """

    def __init__(self, task: ADRVecTask, name: str, columns: int) -> None:
        self.task, self.name = task, f"affine_{name}"
        self.scaling = torch.ones((task.num_envs, columns), device=task.device)
        self.additive = torch.zeros((task.num_envs, columns), device=task.device)

    def begin(self, envs: torch.Tensor) -> None:
        """Draws scaling and additive for new episodes; envs are int64."""
        self.scaling[envs] = 1.0 + self._drawn("scaling", envs)
        self.additive[envs] = self._drawn("additive", envs)

    def __call__(self, exact: torch.Tensor) -> torch.Tensor:
        """What is measured or done in place of exact values, shape (n_envs, columns)."""
        return self.scaling * exact + self.additive + self._drawn("white")

    def tensors(self) -> dict[str, torch.Tensor]:
        """For the task's own."""
        return {f"{self.name}_scaling": self.scaling, f"{self.name}_additive": self.additive}

    def _drawn(self, part: str, envs: torch.Tensor | None = None) -> torch.Tensor:
        name = f"{self.name}_{part}"
        spread = self.task.adr_values(name, 0.0, envs)
        return gaussian_of_spread(spread, self.scaling.shape[1], self.task.streams[name])
