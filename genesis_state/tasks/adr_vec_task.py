"""A task whose environments differ: domain randomization, and ADR that widens it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from genesis_state.randomization import ADR, DomainRandomization, Target
from genesis_state.tasks.env_state import Loaded
from genesis_state.tasks.vec_task import StepResult, VecTask


class ADRVecTask(VecTask):
    """A task that draws its physics, delays and noise anew for every episode.

    Its config has, beside the settings of every task,

    - `randomize`: whether to do so,
    - `randomization_params`: which properties of the simulation, see `DomainRandomization`,
    - `adr`: whose ranges widen as the policy copes with them, see `ADR`.

    When an episode ends, its `objective()` is counted for the ADR; the environment then gets new
    parts, values and properties, and begins anew within the same step. All schedules count
    `steps`, the task's own.

    Attributes:
        adr: The automatic domain randomization, or None.
        randomization: Plain domain randomization, or None.
    """

    of_base = ("randomize", "randomization_params", "adr")
    adr: ADR | None = None
    randomization: DomainRandomization | None = None

    def prepare(self) -> None:
        """Makes ADR and randomization; a task that overrides it calls this first.

        Raises:
            TypeError, ValueError: Their config is wrong.
        """
        super().prepare()
        own = self.settings.own
        randomize, adr = own.get("randomize", False), own.get("adr") or {}
        if not randomize:
            if adr.get("use_adr", False):
                raise ValueError(
                    f"{type(self).__name__}: adr.use_adr is on and randomize is off; switch "
                    "randomize on, or adr.use_adr off."
                )
            return
        if adr.get("use_adr", False):
            self.adr = ADR(adr, self.num_envs, self.streams, self.device, path="adr")
            self.parts["adr"] = _ADRPart(self, self.adr)
        if own.get("randomization_params"):
            self.randomization = DomainRandomization(
                own["randomization_params"], self.targets(), self.streams, self.num_envs
            )
            self.parts["randomization"] = _RandomizationPart(self.randomization)

    def targets(self) -> Mapping[str, Target]:
        """What of the simulation may be randomized, by path."""
        return {}

    def adr_values(
        self, name: str, default: float, envs: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Values of a parameter of the ADR that is a tensor, shape (n,).

        Args:
            name: The parameter.
            default: For all, where there is no ADR or it has no such parameter.
            envs: Which environments, int64; None for all.
        """
        if self.adr is not None and name in self.adr.specs:
            found = self.adr.values(name)
            return found if envs is None else found[envs]
        count = self.num_envs if envs is None else len(envs)
        return torch.full((count,), default, device=self.device)

    def adr_limit(self, name: str, default: float) -> float:
        """The largest value that a parameter of the ADR may ever have.

        Args:
            name: The parameter.
            default: Where there is no ADR, or it has no such parameter.

        Raises:
            ValueError: The parameter has no upper limit.
        """
        if self.adr is None or name not in self.adr.specs:
            return default
        limit = self.adr.specs[name].limits[1]
        if not math.isfinite(limit):
            raise ValueError(
                f"adr.params.{name}: has no upper limit, and memory is made for the largest "
                "value; give limits."
            )
        return limit

    def reset(self) -> dict[str, torch.Tensor]:
        """As `VecTask.reset`; nothing is recorded of the episodes that it cuts off."""
        if self.adr is not None:
            self.adr.recycle()
        return super().reset()

    def step(self, actions: torch.Tensor) -> StepResult:
        """As `VecTask.step`."""
        if self.randomization is not None:
            actions = self.randomization.noise("actions", actions, self.steps)
        return super().step(actions)

    def end(self, envs: torch.Tensor) -> None:
        """Counts the episodes for the ADR, which gives these environments new parts."""
        if self.adr is not None:
            self.adr.update(envs, self.objective().to(torch.float32))

    def begin_anew(self, envs: torch.Tensor) -> None:
        """As `VecTask.begin_anew`, with properties newly drawn."""
        if self.randomization is not None and len(envs):
            with self.scene.rigid_solver.refreshing_once():
                self.randomization.apply(envs, self.steps, self.adr)
        super().begin_anew(envs)

    def observations(self) -> dict[str, torch.Tensor]:
        """As `VecTask.observations`, with their noise."""
        found = super().observations()
        if self.randomization is not None:
            limit = self.settings.clip_observations
            noisy = self.randomization.noise("observations", found["obs"], self.steps)
            found["obs"] = noisy.clamp(-limit, limit)
        return found

    def adr_scalars(self) -> dict[str, float]:
        """What the ADR has to log."""
        return {} if self.adr is None else self.adr.scalars()


class _ADRPart:
    def __init__(self, task: ADRVecTask, adr: ADR) -> None:
        self.task, self.adr = task, adr

    def state_dict(self) -> dict[str, Any]:
        return self.adr.state_dict()

    def check(self, state: Any) -> None:
        self.adr.check_state_dict(state)

    def load(self, state: Any, same_envs: bool) -> Loaded:
        report = self.adr.load_state_dict(state, always=self.task.resuming)
        return Loaded(str(report), whole=report.workers_restored)


class _RandomizationPart:
    def __init__(self, randomization: DomainRandomization) -> None:
        self.randomization = randomization

    def state_dict(self) -> dict[str, Any]:
        return self.randomization.state_dict()

    def check(self, state: Any) -> None:
        self.randomization.check_state_dict(state)

    def load(self, state: Any, same_envs: bool) -> Loaded:
        report = self.randomization.load_state_dict(state)
        return Loaded(str(report), whole=report.environments)
