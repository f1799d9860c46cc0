"""How much of a randomization is in force, as a function of a counter alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from genesis_state.randomization import config_reading as read

KINDS = ("none", "linear", "constant")


@dataclass(frozen=True)
class Schedule:
    """A factor from 0 to 1.

    It has no state of its own: a resumed run passes the counter that it saved and goes on where
    it was.

    Attributes:
        kind: "linear" grows from 0 at counter 0 to 1 at `steps`, "constant" is 0 before `steps`
            and 1 from there on, "none" is 1 always.
        steps: In the unit of the counter; 0 for "none".
    """

    kind: str = "none"
    steps: int = 0

    def factor(self, counter: int) -> float:
        """The factor at a counter of 0 or more."""
        if self.kind == "linear":
            return min(counter, self.steps) / self.steps
        if self.kind == "constant":
            return 0.0 if counter < self.steps else 1.0
        return 1.0


def read_schedule(path: str, entry: Mapping[str, Any]) -> Schedule:
    """Reads the keys schedule and schedule_steps of an entry.

    Raises:
        TypeError, ValueError: With one sentence: the key's path, what came, what was wanted.
    """
    kind = entry.get("schedule")
    kind = "none" if kind is None else read.choice(f"{path}.schedule", kind, KINDS)
    if kind == "none":
        if entry.get("schedule_steps") is not None:
            raise ValueError(
                f"{path}.schedule_steps: there is no schedule to last that long; "
                "set schedule to linear or constant, or leave both out."
            )
        return Schedule()
    steps = read.required(path, entry, "schedule_steps", "how long the schedule takes")
    return Schedule(kind, read.integer(f"{path}.schedule_steps", steps, 1))
