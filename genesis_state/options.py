"""Options of a scene and its solvers: what a user may set, checked when it is set."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, TypeAlias

import numpy as np

# What users may give for a vector; it is stored as a tuple of floats.
Vector: TypeAlias = Sequence[float] | np.ndarray


class Integrator(IntEnum):
    """How a rigid step advances velocity and position; the values are MuJoCo's."""

    Euler = 0
    RK4 = 1
    implicitfast = 3


class ConstraintSolver(IntEnum):
    """How constraint forces are found; the values are MuJoCo's."""

    Newton = 2


# Genesis spells these in lower case: gs.integrator.Euler, gs.constraint_solver.Newton.
integrator = Integrator
constraint_solver = ConstraintSolver


@dataclass(frozen=True, kw_only=True)
class Options:
    """Base of everything a user declares: checks one field at a time and stores it normalized."""

    def _refuse(self, name: str, needs: str) -> ValueError:
        return ValueError(f"{type(self).__name__}: {name}={getattr(self, name)!r}, needs {needs}.")

    def _store(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _number(self, name: str, needs: str, *, above: float = -math.inf, least: float = -math.inf):
        """Checks a finite number greater than `above` and not less than `least`."""
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise self._refuse(name, needs)
        number = float(value)
        if not (math.isfinite(number) and number > above and number >= least):
            raise self._refuse(name, needs)
        self._store(name, number)

    def _count(self, name: str) -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
            raise self._refuse(name, "a positive integer")
        self._store(name, int(value))

    def _vector(self, name: str, size: int, needs: str, *, above: float = -math.inf) -> None:
        """Checks `size` finite numbers greater than `above`, from any sequence or array."""
        try:
            value = tuple(float(x) for x in getattr(self, name))
        except (TypeError, ValueError):
            raise self._refuse(name, needs) from None
        if len(value) != size or not all(math.isfinite(x) and x > above for x in value):
            raise self._refuse(name, needs)
        self._store(name, value)

    def _flag(self, name: str) -> None:
        if not isinstance(getattr(self, name), bool):
            raise self._refuse(name, "True or False")

    def _member(self, name: str, enum: type[IntEnum]) -> None:
        """Checks a member of `enum`, given as itself or by its name."""
        value = getattr(self, name)
        if isinstance(value, str) and value in enum.__members__:
            value = enum[value]
        if not isinstance(value, enum):
            names = ", ".join(f"gs.{name}.{member}" for member in enum.__members__)
            raise self._refuse(name, f"one of {names}")
        self._store(name, value)


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


@dataclass(frozen=True, kw_only=True)
class RigidOptions(Options):
    """Settings of the rigid solver.

    A solver setting left at None follows the models of the scene where those that set it agree,
    and is MuJoCo's default otherwise. Two models that set it differently are refused at build
    until it is given here.

    Attributes:
        dt: Accepted for Genesis scripts; must equal `SimOptions.dt`.
        integrator: `gs.integrator.Euler`, `implicitfast` or `RK4`, or its name.
        constraint_solver: `gs.constraint_solver.Newton`, or its name.
        iterations: Most iterations of the constraint solver.
        tolerance: Improvement below which the constraint solver stops.
        ls_iterations: Most iterations of one line search.
        ls_tolerance: Gradient below which a line search stops, relative to `tolerance`.
        enable_joint_limit: Whether joint limits act.
    """

    dt: float | None = None
    integrator: Integrator | str | None = None
    constraint_solver: ConstraintSolver | str | None = None
    iterations: int | None = None
    tolerance: float | None = None
    ls_iterations: int | None = None
    ls_tolerance: float | None = None
    enable_joint_limit: bool = True

    def __post_init__(self):
        self._flag("enable_joint_limit")
        if self.dt is not None:
            self._number("dt", "a positive number of seconds", above=0)
        if self.integrator is not None:
            self._member("integrator", Integrator)
        if self.constraint_solver is not None:
            self._member("constraint_solver", ConstraintSolver)
        for name in ("iterations", "ls_iterations"):
            if getattr(self, name) is not None:
                self._count(name)
        for name in ("tolerance", "ls_tolerance"):
            if getattr(self, name) is not None:
                self._number(name, "a number that is not negative", least=0)


class _Unseen:
    """Options of a viewer: any keyword is taken and kept in `given`; nothing is shown."""

    def __init__(self, **given: Any):
        self.given: Mapping[str, Any] = given

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.given.items())})"


class ViewerOptions(_Unseen):
    """Genesis' viewer settings, taken so that scripts run. This package has no viewer."""


class VisOptions(_Unseen):
    """Genesis' rendering settings, taken so that scripts run. This package renders nothing."""
