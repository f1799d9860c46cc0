"""Settings of the whole simulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genesis_state.options.base import Options, Vector


@dataclass(frozen=True, kw_only=True)
class SimOptions(Options):
    """Settings of the whole simulation.

    Attributes:
        dt: Duration of one `scene.step()` [s].
        substeps: Solver steps in one `scene.step()`, each of `dt / substeps`.
        gravity: Acceleration of free fall [m/s^2].
        state_transport: How state moves in and out: "zero_copy", "kernel", or None for the
            fastest that the backend has.
    """

    dt: float = 0.01
    substeps: int = 1
    gravity: Vector = (0.0, 0.0, -9.81)
    state_transport: str | None = None

    TRANSPORTS: ClassVar = (None, "zero_copy", "kernel")

    def __post_init__(self):
        self._number("dt", "a positive number of seconds", above=0)
        self._count("substeps")
        self._vector("gravity", 3, "three finite numbers in m/s^2")
        if self.state_transport not in self.TRANSPORTS:
            raise self._refuse("state_transport", 'None, "zero_copy" or "kernel"')
