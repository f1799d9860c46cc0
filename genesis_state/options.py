"""Options of a scene and its solvers: what a user may set, checked when it is set."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, ClassVar, TypeAlias

import numpy as np

from genesis_state.domain import Domain

# What users may give for a vector; it is stored as a tuple of floats.
Vector: TypeAlias = Sequence[float] | np.ndarray


class Integrator(IntEnum):
    """How a rigid step advances velocity and position; the values are MuJoCo's."""

    Euler = 0
    RK4 = 1
    implicitfast = 3


class ConstraintSolver(IntEnum):
    """How constraint forces are found; the values are MuJoCo's."""

    CG = 1
    Newton = 2


class Cone(IntEnum):
    """Shape of the friction cone; the values are MuJoCo's."""

    pyramidal = 0
    elliptic = 1


# Genesis spells such names in lower case: gs.integrator.Euler, gs.constraint_solver.Newton.
integrator = Integrator
constraint_solver = ConstraintSolver
cone = Cone


@dataclass(frozen=True, kw_only=True)
class Options:
    """Base of everything a user declares: checks one field at a time and stores it normalized."""

    def __new__(cls, *args: Any, **given: Any):
        known = [field.name for field in fields(cls)]
        if unknown := [name for name in given if name not in known]:
            raise TypeError(
                f"{cls.__name__}: there is no {' and no '.join(unknown)}; it takes "
                f"{', '.join(known)}."
            )
        return super().__new__(cls)

    def _refuse(self, name: str, needs: str) -> ValueError:
        return ValueError(f"{type(self).__name__}: {name}={getattr(self, name)!r}, needs {needs}.")

    def _store(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _number(
        self,
        name: str,
        needs: str,
        *,
        above: float = -math.inf,
        below: float = math.inf,
        least: float = -math.inf,
        most: float = math.inf,
    ) -> None:
        """Checks a finite number between `above` and `below` and from `least` to `most`."""
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise self._refuse(name, needs)
        number = float(value)
        if not (math.isfinite(number) and above < number < below and least <= number <= most):
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
        enable_collision: Whether anything touches anything. A model that itself switches contacts
            off never touches, whatever is given here.
        enable_self_collision: Whether links of one entity may touch each other. Pairs that its
            file names may in any case; what a file fixes to the world belongs to no entity.
        enable_adjacent_collision: Whether a link may touch its parent. What is fixed to the world
            is nobody's parent. False leaves it to the models: MuJoCo's flag `filterparent`.
        max_collision_pairs: Most pairs of geoms near each other, for each environment. None makes
            room by the number of geoms that can touch.
        max_contacts: Most points of contact, for each environment. None makes room by what can
            touch. An environment that needs more than one of the two rooms leaves some contacts
            out, the same ones in every run, and says so.
        integrator: `gs.integrator.Euler`, `implicitfast` or `RK4`, or its name.
        constraint_solver: `gs.constraint_solver.Newton` or `CG`, or its name.
        cone: `gs.cone.pyramidal` or `elliptic`, or its name.
        impratio: How many times stiffer friction is than the normal force of a contact; matters
            for elliptic cones.
        iterations: Most iterations of the constraint solver.
        tolerance: Improvement below which the constraint solver stops.
        ls_iterations: Most iterations of one line search.
        ls_tolerance: Gradient below which a line search stops, relative to `tolerance`.
        enable_joint_limit: Whether joint limits act.
    """

    dt: float | None = None
    enable_collision: bool = True
    enable_self_collision: bool = True
    enable_adjacent_collision: bool = False
    max_collision_pairs: int | None = None
    max_contacts: int | None = None
    integrator: Integrator | str | None = None
    constraint_solver: ConstraintSolver | str | None = None
    cone: Cone | str | None = None
    impratio: float | None = None
    iterations: int | None = None
    tolerance: float | None = None
    ls_iterations: int | None = None
    ls_tolerance: float | None = None
    enable_joint_limit: bool = True

    def __post_init__(self):
        for name in ("joint_limit", "collision", "self_collision", "adjacent_collision"):
            self._flag(f"enable_{name}")
        if self.dt is not None:
            self._number("dt", "a positive number of seconds", above=0)
        if self.impratio is not None:
            self._number("impratio", "a positive number", above=0)
        for name, enum in (
            ("integrator", Integrator),
            ("constraint_solver", ConstraintSolver),
            ("cone", Cone),
        ):
            if getattr(self, name) is not None:
                self._member(name, enum)
        for name in ("iterations", "ls_iterations", "max_collision_pairs", "max_contacts"):
            if getattr(self, name) is not None:
                self._count(name)
        for name in ("tolerance", "ls_tolerance"):
            if getattr(self, name) is not None:
                self._number(name, "a number that is not negative", least=0)


@dataclass(frozen=True, kw_only=True)
class MPMOptions(Options):
    """Settings of the material point solver.

    Attributes:
        dt: Accepted for Genesis scripts; must equal `SimOptions.dt`.
        gravity: Acceleration of free fall of its particles [m/s^2]; None follows `SimOptions`.
        particle_size: Spacing of particles where a shape is filled with them [m]. None is 0.64
            cells of the grid and is converted: afterwards it holds the length.
        grid_density: Cells of the grid per metre; a cell is 1 / grid_density wide.
        lower_bound, upper_bound: Corners of the grid [m], rounded to whole cells from the world's
            origin. Particles stay three cells inside.
        enable_CPIC: Only False: bodies thinner than a cell do not part what is on their two sides.
    """

    dt: float | None = None
    gravity: Vector | None = None
    particle_size: float | None = None
    grid_density: float = 64.0
    lower_bound: Vector = (-1.0, -1.0, 0.0)
    upper_bound: Vector = (1.0, 1.0, 1.0)
    enable_CPIC: bool = False

    PADDING: ClassVar = 3  # cells between the bounds and where particles may be

    def __post_init__(self):
        if self.dt is not None:
            self._number("dt", "a positive number of seconds", above=0)
        if self.gravity is not None:
            self._vector("gravity", 3, "three finite numbers in m/s^2")
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
