"""What can be computed from a rigid solver's saved bytes between two steps.

Each function runs a kernel that writes scratch only, so that a reading depends on nothing but the
state, memory and parameters, and changes none of them.
"""

from __future__ import annotations

import torch

from genesis_state.kernels import rigid_readings
from genesis_state.kernels.rigid_actuation import FORCE, NO_CONTROL, POSITION, VELOCITY
from genesis_state.selection import Selection
from genesis_state.solvers.rigid.solver import RigidSolver

__all__ = [
    "FORCE",
    "NO_CONTROL",
    "POSITION",
    "VELOCITY",
    "control_force",
    "link_velocities",
    "refresh_links",
]


def refresh_links(solver: RigidSolver, selection: Selection) -> None:
    """`qpos` → `links_pos`, `links_quat` in the selected environments alone."""
    if selection.kind == "all":
        solver.refresh_links()
    elif selection.kind == "slice":
        assert selection.slice is not None
        where = selection.slice
        rigid_readings.refresh_slice(
            solver.model, solver._sizes, solver.fields, where.start, where.step, selection.count
        )
    elif selection.count != 0:
        envs = selection.indices().to(torch.int32)
        rigid_readings.refresh_envs(solver.model, solver._sizes, solver.fields, envs)


def link_velocities(solver: RigidSolver) -> torch.Tensor:
    """Angular velocity and velocity of the frame's origin of every link, world axes.

    Returns:
        Shape (n_envs, n_links, 6) [rad/s, m/s].
    """
    out = _empty(solver, (solver._sizes.bodies - 1, 6))
    rigid_readings.link_velocities(solver.model, solver._sizes, solver.fields, out)
    return out


def control_force(solver: RigidSolver) -> torch.Tensor:
    """Force of actuators and PD control on every dof, as the next step begins with it.

    Returns:
        Shape (n_envs, n_dofs) [N, N m].
    """
    out = _empty(solver, (solver._sizes.dofs,))
    rigid_readings.control_force(solver.model, solver._sizes, solver.fields, out)
    return out


def _empty(solver: RigidSolver, shape: tuple[int, ...]) -> torch.Tensor:
    solver.arena.scratch.check()
    like = solver.arena.saved.get("qpos")
    return torch.empty((solver.n_envs, *shape), dtype=like.dtype, device=like.device)
