"""Unmodelled dynamics: a random network that takes part in what is done."""

from __future__ import annotations

import math

import torch

from genesis_state.tasks.adr_vec_task import ADRVecTask

ALPHA = "rna_alpha"


class RandomNetworkAdversary:
    """Mixes actions with those of a network that nobody trained.

    α · a random action that the network finds for the state + (1 − α) · the action, with α the
    ADR's `rna_alpha`. The network has two hidden layers with ReLU, of the second of which each
    environment has only a part, and chooses one of some evenly spaced values for each action.
    Weights and parts are drawn anew after many steps. (Handa et al. 2022, "DeXtreme", whose
    network is larger.)

    Args:
        task: Whose ADR, random streams and steps are used.
        inputs: Numbers that the network sees of each environment.
        every: Steps of the task after which weights and parts are drawn anew.
        units: Of each hidden layer.
        bins: Values to choose from, from -1 to 1.

    Attributes:
        weights: Of the three layers, each of shape (from, to).
        kept: 1 for units that an environment has, 0 for others, shape (n_envs, units).
    """

    def __init__(
        self, task: ADRVecTask, inputs: int, every: int = 1000, units: int = 64, bins: int = 32
    ) -> None:
        self.task, self.every, self.bins = task, every, bins
        sizes = (inputs, units, units, bins * task.num_actions)
        device = task.device
        self.weights = [torch.zeros(sizes[i : i + 2], device=device) for i in range(3)]
        self.kept = torch.zeros((task.num_envs, units), device=device)
        self._draw()

    def __call__(self, actions: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """What is done in place of actions, shape as given.

        Args:
            actions: Shape (n_envs, num_actions).
            state: Shape (n_envs, inputs).
        """
        if self.task.steps % self.every == 0:
            self._draw()
        first, second, last = self.weights
        hidden = ((state @ first).relu() @ second).relu() * self.kept
        chosen = (hidden @ last).view(*actions.shape, self.bins).argmax(-1)
        alpha = self.task.adr_values(ALPHA, 0.0)[:, None]
        return alpha * (chosen * (2.0 / (self.bins - 1)) - 1.0) + (1.0 - alpha) * actions

    def tensors(self) -> dict[str, torch.Tensor]:
        """For the task's own."""
        names = ("rna_first", "rna_second", "rna_last")
        return {**dict(zip(names, self.weights, strict=True)), "rna_kept": self.kept}

    def _draw(self) -> None:
        """Weights uniform as He et al. 2015 have them, and parts of a size of their own."""
        for weight in self.weights:
            bound = math.sqrt(6.0 / weight.shape[0])
            weight.copy_((2.0 * self.task.draw(ALPHA, *weight.shape) - 1.0) * bound)
        chance = self.task.draw(ALPHA, len(self.kept), 1)
        self.kept.copy_(self.task.draw(ALPHA, *self.kept.shape) < chance)
