"""The check of a saved domain randomization, and the report of what was taken from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from genesis_state.randomization.noise import NEVER, check_noise

KEYS = ("version", "num_envs", "counter", "sim_drawn_at", "drawn_at", "noises")


@dataclass(frozen=True)
class DomainLoadReport:
    """What `DomainRandomization.load_state_dict` did.

    Attributes:
        environments: Whether it is known when each environment was last drawn; if not, the
            number of environments is another and each counts as new.
        noises: Noises whose correlated part was restored.
        fresh: Noises whose correlated part will be drawn anew.
    """

    environments: bool
    noises: tuple[str, ...]
    fresh: tuple[str, ...]

    def __str__(self) -> str:
        if not self.environments:
            return "domain randomization: another number of environments, each counts as new"
        text = "domain randomization: restored"
        return text + (f", but for noise on {', '.join(self.fresh)}" if self.fresh else "")


def check_state(state: Any) -> None:
    """Raises ValueError unless it is what `DomainRandomization.state_dict` returns."""
    good = isinstance(state, Mapping) and set(state) == set(KEYS) and state["version"] == 1
    good = good and all(
        type(state[key]) is int and state[key] >= low
        for key, low in (("num_envs", 0), ("counter", NEVER), ("sim_drawn_at", NEVER))
    )
    if good:
        drawn_at = state["drawn_at"]
        good = (
            isinstance(drawn_at, torch.Tensor)
            and drawn_at.dtype == torch.int64
            and drawn_at.shape == (state["num_envs"],)
            and bool((drawn_at >= NEVER).all())
            and isinstance(state["noises"], Mapping)
        )
    if not good:
        raise ValueError(
            "domain randomization: the state is damaged or of another version; "
            "pass what DomainRandomization.state_dict returned."
        )
    for name, noise in state["noises"].items():
        check_noise(name, noise, state["num_envs"])
