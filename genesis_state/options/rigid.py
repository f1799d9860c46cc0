"""Settings of the rigid solver."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from genesis_state.options.base import Options


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
        max_dynamic_constraints: Most welds that `rigid_solver.add_weld_constraint` may make in each
            environment. Each has six rows of the constraint solver, whether it is made or not.
        integrator: `gs.integrator.Euler`, `implicitfast` or `RK4`, or its name.
        constraint_solver: `gs.constraint_solver.Newton` or `CG`, or its name.
        cone: `gs.cone.pyramidal` or `elliptic`, or its name.
        impratio: How many times stiffer friction is than the normal force of a contact; matters
            for elliptic cones.
        iterations: Most iterations of the constraint solver.
        tolerance: Improvement below which the constraint solver stops.
        ls_iterations: Most iterations of one line search.
        ls_tolerance: Gradient below which a line search stops, relative to `tolerance`.
        noslip_iterations: Most sweeps that find friction once more, as rigid, after the solver, so
            that what sticks does not creep; 0 leaves it. MuJoCo ends them for each group of things
            that touch, here it is for an environment.
        noslip_tolerance: Improvement below which these sweeps stop.
        enable_joint_limit: Whether joint limits act.
        batch_links_info: Whether each environment has masses, inertias and centres of mass of its
            own.
        batch_dofs_info: Whether each has damping, armature, dry friction and stiffness of its own.
        batch_geoms_info: Whether each has friction of geoms of its own.
        batch_gravity: Whether each has gravity of its own.
    """

    dt: float | None = None
    enable_collision: bool = True
    enable_self_collision: bool = True
    enable_adjacent_collision: bool = False
    max_collision_pairs: int | None = None
    max_contacts: int | None = None
    max_dynamic_constraints: int = 0
    integrator: Integrator | str | None = None
    constraint_solver: ConstraintSolver | str | None = None
    cone: Cone | str | None = None
    impratio: float | None = None
    iterations: int | None = None
    tolerance: float | None = None
    ls_iterations: int | None = None
    ls_tolerance: float | None = None
    noslip_iterations: int | None = None
    noslip_tolerance: float | None = None
    enable_joint_limit: bool = True
    batch_links_info: bool = False
    batch_dofs_info: bool = False
    batch_geoms_info: bool = False
    batch_gravity: bool = False

    def __post_init__(self):
        for name in ("joint_limit", "collision", "self_collision", "adjacent_collision"):
            self._flag(f"enable_{name}")
        for name in ("links_info", "dofs_info", "geoms_info", "gravity"):
            self._flag(f"batch_{name}")
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
        self._count("max_dynamic_constraints", least=0)
        if self.noslip_iterations is not None:
            self._count("noslip_iterations", least=0)
        for name in ("tolerance", "ls_tolerance", "noslip_tolerance"):
            if getattr(self, name) is not None:
                self._number(name, "a number that is not negative", least=0)
