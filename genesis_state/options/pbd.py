"""Settings of the position based solver."""

from __future__ import annotations

from dataclasses import dataclass

from genesis_state.options.continuum import ParticleOptions


@dataclass(frozen=True, kw_only=True)
class PBDOptions(ParticleOptions):
    """Settings of the position based dynamics solver; iterations are those of one substep.

    Attributes:
        max_stretch_solver_iterations: Over the lengths of edges.
        max_bending_solver_iterations: Over the angles between faces.
        max_volume_solver_iterations: Over the volumes of tetrahedra.
        max_density_solver_iterations: Over the densities of liquid.
        max_viscosity_solver_iterations: Over the velocities of liquid.
    """

    particle_size: float = 0.01
    max_stretch_solver_iterations: int = 4
    max_bending_solver_iterations: int = 1
    max_volume_solver_iterations: int = 1
    max_density_solver_iterations: int = 1
    max_viscosity_solver_iterations: int = 1

    def __post_init__(self):
        super().__post_init__()
        for what in ("stretch", "bending", "volume", "density", "viscosity"):
            self._count(f"max_{what}_solver_iterations")
