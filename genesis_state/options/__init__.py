"""Options of a scene and its solvers: what a user may set, checked when it is set."""

from genesis_state.options.base import Options, Vector
from genesis_state.options.fem import FEMOptions
from genesis_state.options.mpm import MPMOptions
from genesis_state.options.pbd import PBDOptions
from genesis_state.options.rigid import (
    Cone,
    ConstraintSolver,
    Integrator,
    RigidOptions,
    cone,
    constraint_solver,
    integrator,
)
from genesis_state.options.sim import SimOptions
from genesis_state.options.sph import SPHOptions
from genesis_state.options.viewer import ProfilingOptions, ViewerOptions, VisOptions

__all__ = [
    "Cone",
    "ConstraintSolver",
    "FEMOptions",
    "Integrator",
    "MPMOptions",
    "Options",
    "PBDOptions",
    "ProfilingOptions",
    "RigidOptions",
    "SPHOptions",
    "SimOptions",
    "Vector",
    "ViewerOptions",
    "VisOptions",
    "cone",
    "constraint_solver",
    "integrator",
]
