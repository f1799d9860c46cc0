"""How fast a robot follows what it is told: a share that shrinks as training goes on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MovingAverage:
    """Share of the newest command in each step, along a line (Handa et al. 2022, "DeXtreme").

    Attributes:
        range: The share at the end of training, and at its start.
        schedule_steps: Steps of the task from the start to the end.
        schedule_freq: Steps after which the share is brought up to date.
    """

    range: tuple[float, float] = (0.15, 0.2)
    schedule_steps: int = 500_000
    schedule_freq: int = 250

    def __post_init__(self) -> None:
        if min(self.schedule_steps, self.schedule_freq) < 1:
            raise ValueError("act_moving_average: schedules need 1 step or more.")

    def at(self, step: int) -> float:
        """The share at a step of the task."""
        last, first = self.range
        return first + (last - first) * min(step, self.schedule_steps) / self.schedule_steps
