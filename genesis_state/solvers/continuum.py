"""Solvers of matter that rigid bodies touch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from genesis_state.block import Fields
from genesis_state.options import SimOptions
from genesis_state.runtime import Runtime
from genesis_state.solvers.base import Solver
from genesis_state.solvers.rigid.solver import RigidSolver


class Continuum(Solver):
    """A solver whose substep has two halves, between which the rigid bodies move.

    Its schema has `BodyContactState` among its bases.

    Args:
        options: Its settings.
        rigid: The rigid solver of the scene, or None.

    Attributes:
        options: As given.
        rigid: The rigid solver if there is anything in it to touch, otherwise None. Once built.
        substeps: Substeps in a step. Once built.
        timestep: Duration of one of them [s]. Once built.
        gravity: Acceleration of free fall [m/s^2]. Once built.
    """

    def __init__(self, options: Any, rigid: RigidSolver | None = None):
        self.options = options
        self.rigid = rigid

    def build(self, n_envs: int, sim: SimOptions, runtime: Runtime) -> None:
        """Allocates its memory and fills it in; the rigid solver is built before."""
        self.substeps = sim.substeps
        self.timestep = sim.dt / sim.substeps
        self.gravity = sim.gravity if self.options.gravity is None else self.options.gravity
        if self.rigid is not None and not self.rigid.counts.coupled:
            self.rigid = None
        bodies = self.rigid.counts.bodies if self.rigid else 0
        self._sizes = self.measure(n_envs, bodies, torch.finfo(runtime.tc_float).eps)
        super().build(n_envs, sim, runtime)

    @abstractmethod
    def measure(self, n_envs: int, bodies: int, eps: float) -> Any:
        """How many there are of everything: the sizes that kernels see as compile-time constants.

        They have `envs`, `lanes`, `bodies`, `coupled`, and `dims()` with "lane" and "body".

        Args:
            n_envs: Environments.
            bodies: Bodies of the rigid solver; 0 if there is nothing to touch.
            eps: Distance from 1 to the next float of the fields' precision.
        """

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

    def sizes(self) -> Mapping[str, int]:
        return self._sizes.dims()

    @property
    def counts(self) -> Any:
        """Sizes that kernels on `model` and `fields` see as compile-time constants."""
        return self._sizes

    def bodies(self) -> tuple[Fields, Any, Fields]:
        """Model, sizes and fields of the rigid solver, or its own for want of one."""
        if self.rigid is None:
            return self.model, self._sizes, self.fields
        return self.rigid.model, self.rigid.counts, self.rigid.fields

    def settings(self) -> tuple[tuple[str, str], ...]:
        gravity = ", ".join(f"{g:.9g}" for g in self.gravity)
        return ((f"{self.alias()} gravity", f"({gravity}) m/s^2"),)

    def get_error_envs_mask(self) -> torch.Tensor:
        """Which environments stopped because matter left the domain or stopped being a number.

        Such an environment stays as it was found until it is reset. Bool, shape (n_envs,).
        """
        return self.arena.get("error")


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
