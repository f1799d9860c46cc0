"""Solvers of matter that rigid bodies touch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from genesis_state.options import SimOptions
from genesis_state.runtime import Runtime
from genesis_state.solvers.base import Solver
from genesis_state.solvers.rigid.solver import RigidSolver


class Continuum(Solver):
    """A solver whose substep has two halves, between which the rigid bodies move.

    Args:
        rigid: The rigid solver of the scene, or None.

    Attributes:
        rigid: The rigid solver if there is anything in it to touch, otherwise None.
        substeps: Substeps in a step.
    """

    def __init__(self, rigid: RigidSolver | None = None):
        self.rigid = rigid
        self.substeps = 1

    def build(self, n_envs: int, sim: SimOptions, runtime: Runtime) -> None:
        """Allocates its memory and fills it in; the rigid solver is built before."""
        self.substeps = sim.substeps
        super().build(n_envs, sim, runtime)

    @abstractmethod
    def begin_step(self) -> None:
        """What comes once in a step."""

    @abstractmethod
    def approach(self) -> None:
        """First half of a substep: what touches rigid bodies is added to what they carry."""

    @abstractmethod
    def follow(self) -> None:
        """Second half: what touches them takes the velocity that they have now."""

    def step(self) -> None:
        self.begin_step()
        for _ in range(self.substeps):
            self.approach()
            self.follow()


def step_all(solvers: Sequence[Solver], substeps: int) -> None:
    """One step of a scene's solvers: those that touch each other substep by substep."""
    continua = [s for s in solvers if isinstance(s, Continuum) and s.rigid is not None]
    if continua:
        step_together(continua, substeps)
    for solver in solvers:
        if solver not in continua and not (continua and solver is continua[0].rigid):
            solver.step()


def step_together(continua: Sequence[Continuum], substeps: int) -> None:
    """One step of continua and the rigid bodies that they touch."""
    rigid = continua[0].rigid
    assert rigid is not None
    for continuum in continua:
        continuum.begin_step()
    for k in range(substeps):
        rigid.begin_coupling()
        for continuum in continua:
            continuum.approach()
        rigid.substep(last=k == substeps - 1)
        rigid.end_coupling()
        for continuum in continua:
            continuum.follow()
