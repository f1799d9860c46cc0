"""What the solvers of matter that is not rigid have in common, and a domain for its particles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genesis_state.domain import Domain
from genesis_state.options.base import Options, Vector


@dataclass(frozen=True, kw_only=True)
class ContinuumOptions(Options):
    """Base of the settings of all solvers of continua.

    Attributes:
        dt: Accepted for Genesis scripts; must equal `SimOptions.dt`.
        gravity: Acceleration of free fall of what it moves [m/s^2]; None follows `SimOptions`.
    """

    dt: float | None = None
    gravity: Vector | None = None

    def __post_init__(self):
        super().__post_init__()
        if self.dt is not None:
            self._number("dt", "a positive number of seconds", above=0)
        if self.gravity is not None:
            self._vector("gravity", 3, "three finite numbers in m/s^2")


@dataclass(frozen=True, kw_only=True)
class ParticleOptions(ContinuumOptions):
    """Base of the settings of solvers whose particles meet without a grid.

    Attributes:
        particle_size: Diameter of a particle, and the distance between neighbours where a shape is
            filled with them [m].
        lower_bound, upper_bound: Corners of the domain [m]; its faces are walls.
    """

    particle_size: float = 0.02
    lower_bound: Vector = (-100.0, -100.0, 0.0)
    upper_bound: Vector = (100.0, 100.0, 100.0)

    def __post_init__(self):
        super().__post_init__()
        self._number("particle_size", "a positive length in metres", above=0)
        for name in ("lower_bound", "upper_bound"):
            self._vector(name, 3, "three finite numbers in metres")
        lower, upper = np.array(self.lower_bound), np.array(self.upper_bound)
        if not (upper - lower >= self.particle_size).all():
            raise self._refuse(
                "upper_bound",
                f"to lie at least particle_size={self.particle_size:.6g} above lower_bound="
                f"{self.lower_bound} on every axis",
            )

    @property
    def domain(self) -> Domain:
        """Where particles may be."""
        a, b, c = self.lower_bound
        x, y, z = self.upper_bound
        return Domain((a, b, c), (x, y, z), slack=self.particle_size)
