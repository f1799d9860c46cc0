"""Settings of the smoothed particle solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genesis_state.options.continuum import ParticleOptions


@dataclass(frozen=True, kw_only=True)
class SPHOptions(ParticleOptions):
    """Settings of the smoothed particle hydrodynamics solver.

    Attributes:
        pressure_solver: "WCSPH", weakly compressible, with a pressure that follows from the
            density; or "DFSPH", divergence-free, which finds the pressure that keeps density and
            volume flow within the errors below.
        max_divergence_error: Mean relative rate of compression that DFSPH leaves in a substep
            [percent of a substep].
        max_density_error_percent: Mean compression that DFSPH leaves [percent].
        max_divergence_solver_iterations: Most iterations against the first of the two.
        max_density_solver_iterations: Most iterations against the second.
    """

    pressure_solver: str = "WCSPH"
    max_divergence_error: float = 0.1
    max_density_error_percent: float = 0.05
    max_divergence_solver_iterations: int = 100
    max_density_solver_iterations: int = 100

    PRESSURE_SOLVERS: ClassVar = ("WCSPH", "DFSPH")

    def __post_init__(self):
        super().__post_init__()
        self._one_of("pressure_solver", self.PRESSURE_SOLVERS)
        for name in ("max_divergence_error", "max_density_error_percent"):
            self._number(name, "a positive number", above=0)
        for what in ("divergence", "density"):
            self._count(f"max_{what}_solver_iterations")
