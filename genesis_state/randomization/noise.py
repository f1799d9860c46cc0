"""Noise on observations and actions: a white part of each step and one that stays for a while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from genesis_state.randomization.distributions import blended, operate, ranged, standard_draw
from genesis_state.randomization.domain_spec import NoiseSpec

NEVER = -1


class Noise:
    """One kind of noise for N environments.

    The noise is white + correlated, of which an environment without a white part has the
    correlated one alone (beside 1 if the noise scales).

    Attributes:
        name: "observations" or "actions".
        drawn_at: Counter when the correlated part was drawn, -1 before.
        correlated: Standard draw of that part, like the disturbed tensor; None before.
        white: Which environments have a white part, bool, shape (N,); None before.
    """

    def __init__(
        self, name: str, spec: NoiseSpec, frequency: int, num_envs: int, generator: torch.Generator
    ) -> None:
        self.name = name
        self.drawn_at = NEVER
        self.correlated: torch.Tensor | None = None
        self.white: torch.Tensor | None = None
        self._spec = spec
        self._frequency = frequency
        self._num_envs = num_envs
        self._generator = generator

    def __call__(self, clean: torch.Tensor, counter: int) -> torch.Tensor:
        """The tensor with noise.

        Args:
            clean: Shape (N, …), floating point; of the same shape in every call.
            counter: Steps so far, 0 or more. The correlated part is drawn anew when `frequency`
                steps went by since it last was.
        """
        correlated, white = self._current(clean, counter)
        spec = self._spec

        def part(standard: torch.Tensor, ends: tuple[float, float]) -> torch.Tensor:
            return ranged(spec.distribution, standard, *clean.new_tensor(ends))

        standard = standard_draw(spec.distribution, clean.shape, self._generator, clean.dtype)
        drawn = part(standard, spec.range)
        nothing = 0.0 if spec.operation == "additive" else 1.0
        has_white = white.view(-1, *[1] * (clean.dim() - 1))
        drawn = torch.where(has_white, drawn, nothing) + part(correlated, spec.range_correlated)
        drawn = blended(spec.operation, drawn, spec.schedule.factor(counter))
        return operate(spec.operation, clean, drawn)

    def _current(self, clean: torch.Tensor, counter: int) -> tuple[torch.Tensor, torch.Tensor]:
        if not clean.is_floating_point() or clean.dim() < 1 or clean.shape[0] != self._num_envs:
            raise ValueError(
                f"{self.name}: shape {tuple(clean.shape)} of {clean.dtype}, needs "
                f"({self._num_envs}, …) of floating point; give one row for each environment."
            )
        correlated, white = self.correlated, self.white
        due = self.drawn_at == NEVER or counter - self.drawn_at >= self._frequency
        if correlated is None or white is None or due:
            distribution = self._spec.distribution
            correlated = standard_draw(distribution, clean.shape, self._generator, clean.dtype)
            chance = standard_draw("uniform", (self._num_envs,), self._generator, clean.dtype)
            white = chance < self._spec.white_chance
            self.correlated, self.white, self.drawn_at = correlated, white, counter
        elif correlated.shape != clean.shape:
            raise ValueError(
                f"{self.name}: shape {tuple(clean.shape)}, the noise in force is for "
                f"{tuple(correlated.shape)}; use the same shape in every call."
            )
        return correlated.to(clean.dtype), white

    def state_dict(self) -> dict[str, Any]:
        """When and what was drawn: tensors on the CPU, or None before."""
        return {
            "drawn_at": self.drawn_at,
            "correlated": None if self.correlated is None else self.correlated.to("cpu", copy=True),
            "white": None if self.white is None else self.white.to("cpu", copy=True),
        }

    def put(self, state: Mapping[str, Any]) -> None:
        """Takes over a state that `check_noise` has passed."""
        device = self._generator.device
        self.drawn_at = state["drawn_at"]
        drawn = self.drawn_at != NEVER
        self.correlated = state["correlated"].to(device, copy=True) if drawn else None
        self.white = state["white"].to(device, copy=True) if drawn else None


def check_noise(name: str, state: Any, num_envs: int) -> None:
    """Raises ValueError unless it is what `Noise.state_dict` returns for N environments."""
    keys = {"drawn_at", "correlated", "white"}
    good = isinstance(state, Mapping) and set(state) == keys and type(state["drawn_at"]) is int
    if good and state["drawn_at"] == NEVER:
        good = state["correlated"] is None and state["white"] is None
    elif good:
        correlated, white = state["correlated"], state["white"]
        good = (
            isinstance(correlated, torch.Tensor)
            and correlated.is_floating_point()
            and correlated.dim() >= 1
            and correlated.shape[0] == num_envs
            and bool(correlated.isfinite().all())
            and isinstance(white, torch.Tensor)
            and white.dtype == torch.bool
            and white.shape == (num_envs,)
            and state["drawn_at"] >= 0
        )
    if not good:
        raise ValueError(
            f"domain randomization: the state of the noise on {name} is damaged; "
            "pass what DomainRandomization.state_dict returned."
        )
