"""Settings of the finite element solver."""

from __future__ import annotations

from dataclasses import dataclass

from genesis_state.options.continuum import ContinuumOptions


@dataclass(frozen=True, kw_only=True)
class FEMOptions(ContinuumOptions):
    """Settings of the finite element solver.

    Attributes:
        damping: Rate at which explicit steps slow every vertex down [1/s].
        floor_height: Height of a floor that all entities of it touch [m]; None is no floor.
        use_implicit_solver: Whether a substep solves for the velocities at its end; otherwise
            forces at its beginning move it, and a substep must be short. What follows counts with
            it alone.
        n_newton_iterations: Most Newton iterations in a substep.
        n_pcg_iterations: Most iterations of the linear solver in each of these.
        n_linesearch_iterations: Most times that a Newton step is shortened; 0 takes it as it is.
        newton_dx_threshold: Newton stops when no vertex moved farther in an iteration [m].
        pcg_threshold: Residual, relative to the right side, below which the linear solver stops.
        linesearch_c: Part of the expected decrease that a step must bring, 0 to 1.
        linesearch_tau: Factor by which a step is shortened, 0 to 1.
        damping_alpha: Rayleigh damping by mass [1/s].
        damping_beta: Rayleigh damping by stiffness [s].
        enable_vertex_constraints: Whether vertices can be held; see
            `FEMEntity.set_vertex_constraints`.
    """

    damping: float = 0.0
    floor_height: float | None = None
    use_implicit_solver: bool = False
    n_newton_iterations: int = 1
    n_pcg_iterations: int = 500
    n_linesearch_iterations: int = 0
    newton_dx_threshold: float = 1e-6
    pcg_threshold: float = 1e-6
    linesearch_c: float = 1e-4
    linesearch_tau: float = 0.5
    damping_alpha: float = 0.5
    damping_beta: float = 5e-4
    enable_vertex_constraints: bool = False

    def __post_init__(self):
        super().__post_init__()
        if self.floor_height is not None:
            self._number("floor_height", "a height in metres, or None")
        for name in ("damping", "damping_alpha", "damping_beta"):
            self._number(name, "a number that is not negative", least=0)
        for name in ("newton_dx_threshold", "pcg_threshold"):
            self._number(name, "a positive number", above=0)
        for name in ("linesearch_c", "linesearch_tau"):
            self._number(name, "a part between 0 and 1, both excluded", above=0, below=1)
        for name in ("use_implicit_solver", "enable_vertex_constraints"):
            self._flag(name)
        for name in ("n_newton_iterations", "n_pcg_iterations"):
            self._count(name)
        self._count("n_linesearch_iterations", least=0)
