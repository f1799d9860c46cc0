"""A task whose environments differ: domain randomization, and ADR that widens it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from genesis_state.randomization import ADR, DomainRandomization, Target
from genesis_state.tasks.vec_task import VecTask


class ADRVecTask(VecTask):
    """A task that draws its physics, delays and noise anew for every episode.

    Its config has, beside the settings of every task,

    - `randomize`: whether to do so,
    - `randomization_params`: which properties of the simulation, see `DomainRandomization`,
    - `adr`: whose ranges widen as the policy copes with them, see `ADR`.

    When an episode ends, its `objective()` is counted for the ADR; the environment then gets new
    parts, values and properties, and begins anew within the same step.

    Attributes:
        adr: The automatic domain randomization, or None.
        randomization: Plain domain randomization, or None.
        steps: Steps of the task so far, which all schedules count in.
    """

    def __init__(self, config: Mapping[str, Any], num_envs: int, seed: int = 0) -> None:
        super().__init__(config, num_envs, seed)
        own = self.settings.own
        self.steps = 0
        self.adr: ADR | None = None
        self.randomization: DomainRandomization | None = None
        if not own.get("randomize", False):
            if own.get("adr", {}).get("use_adr", False):
                raise ValueError(
                    f"{type(self).__name__}: adr.use_adr is on and randomize is off; switch "
                    "randomize on, or adr.use_adr off."
                )
            return
        if own.get("adr", {}).get("use_adr", False):
            self.adr = ADR(own["adr"], num_envs, self.streams, self.device, path="adr")
        if own.get("randomization_params"):
            self.randomization = DomainRandomization(
                own["randomization_params"], self.targets(), self.streams, num_envs
            )

    def targets(self) -> Mapping[str, Target]:
        """What of the simulation may be randomized, by path."""
        return {}

    def step(self, actions: torch.Tensor):
        """As `VecTask.step`."""
        self.steps += 1
        if self.randomization is not None:
            actions = self.randomization.noise("actions", actions, self.steps)
        return super().step(actions)

    def end(self, envs: torch.Tensor) -> None:
        if self.adr is not None:
            self.adr.update(envs, self.objective().to(torch.float32))

    def begin_anew(self, envs: torch.Tensor) -> None:
        if self.randomization is not None and len(envs):
            self.randomization.apply(envs, self.steps, self.adr)
        super().begin_anew(envs)

    def adr_scalars(self) -> dict[str, float]:
        """What the ADR has to log."""
        return {} if self.adr is None else self.adr.scalars()

    def get_env_state(self) -> dict[str, Any]:
        """As `VecTask.get_env_state`, with the randomization's state."""
        state = super().get_env_state()
        state["steps"] = self.steps
        for name in ("adr", "randomization"):
            part = getattr(self, name)
            if part is not None:
                state[name] = part.state_dict()
        return state

    def set_env_state(self, state: Mapping[str, Any] | None) -> list[str]:
        """As `VecTask.set_env_state`; says what of the ADR is restored and what starts fresh."""
        said = super().set_env_state(state)
        if not state:
            return said
        self.steps = int(state.get("steps", 0))
        for name in ("adr", "randomization"):
            part = getattr(self, name)
            if part is None:
                continue
            if name in state:
                said.append(str(part.load_state_dict(state[name])))
            else:
                self.env_state_is_complete = False
                said.append(f"{name} starts fresh: the checkpoint has none.")
        return said
