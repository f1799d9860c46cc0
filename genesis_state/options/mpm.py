"""Settings of the material point solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genesis_state.domain import Domain
from genesis_state.options.base import Vector
from genesis_state.options.continuum import ContinuumOptions


@dataclass(frozen=True, kw_only=True)
class MPMOptions(ContinuumOptions):
    """Settings of the material point solver.

    Attributes:
        particle_size: Spacing of particles where a shape is filled with them [m]. None is 0.64
            cells of the grid and is converted: afterwards it holds the length.
        grid_density: Cells of the grid per metre; a cell is 1 / grid_density wide.
        lower_bound, upper_bound: Corners of the grid [m], rounded to whole cells from the world's
            origin. Particles stay three cells inside.
        enable_CPIC: Only False: bodies thinner than a cell do not part what is on their two sides.
    """

    particle_size: float | None = None
    grid_density: float = 64.0
    lower_bound: Vector = (-1.0, -1.0, 0.0)
    upper_bound: Vector = (1.0, 1.0, 1.0)
    enable_CPIC: bool = False

    PADDING: ClassVar = 3  # cells between the bounds and where particles may be

    def __post_init__(self):
        super().__post_init__()
        self._number("grid_density", "a positive number of cells per metre", above=0)
        if self.particle_size is None:
            self._store("particle_size", 0.64 / self.grid_density)
        self._number("particle_size", "a positive length in metres", above=0)
        for name in ("lower_bound", "upper_bound"):
            self._vector(name, 3, "three finite numbers in metres")
        lower, upper = np.array(self.lower_bound), np.array(self.upper_bound)
        if not ((upper - lower) * self.grid_density >= 2 * self.PADDING + 1).all():
            raise self._refuse(
                "upper_bound",
                f"to lie at least {2 * self.PADDING + 1} cells above lower_bound="
                f"{self.lower_bound} on every axis, {self.PADDING} of them at either end for "
                f"the walls; a cell is {1 / self.grid_density:.6g} m",
            )
        if self.enable_CPIC is not False:
            raise self._refuse("enable_CPIC", "False: it is not supported")

    @property
    def domain(self) -> Domain:
        """Where particles may be."""
        cell = 1.0 / self.grid_density
        x, y, z = (cell * (round(bound / cell) + self.PADDING) for bound in self.lower_bound)
        u, v, w = (cell * (round(bound / cell) - self.PADDING) for bound in self.upper_bound)
        return Domain((x, y, z), (u, v, w), f"{self.PADDING} cells inside of", slack=cell)
