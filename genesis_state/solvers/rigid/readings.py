"""What can be computed from a rigid solver's saved bytes between two steps.

Each function runs a kernel that writes scratch only, so that a reading depends on nothing but the
state, memory and parameters, and changes none of them.
"""

from __future__ import annotations

import torch

from genesis_state.kernels import rigid_readings
from genesis_state.kernels.rigid_actuation import FORCE, NO_CONTROL, POSITION, VELOCITY
from genesis_state.selection import Selection
from genesis_state.solvers.rigid.entity_range import EntityRange
from genesis_state.solvers.rigid.solver import RigidSolver

__all__ = [
    "FORCE",
    "NO_CONTROL",
    "POSITION",
    "VELOCITY",
    "control_force",
    "damped_step",
    "link_accelerations",
    "link_jacobian",
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
        chosen = selection.marks().to(torch.int32)
        rigid_readings.refresh_chosen(solver.model, solver._sizes, solver.fields, chosen)


def link_velocities(solver: RigidSolver) -> torch.Tensor:
    """Angular velocity and velocity of the frame's origin of every link, world axes.

    Returns:
        Shape (n_envs, n_links, 6) [rad/s, m/s].
    """
    out = _empty(solver, (solver._sizes.bodies - 1, 6))
    rigid_readings.link_velocities(solver.model, solver._sizes, solver.fields, out)
    return out


def link_accelerations(solver: RigidSolver) -> torch.Tensor:
    """Angular acceleration and acceleration of the frame's origin of every link, world axes.

    Returns:
        Shape (n_envs, n_links, 6) [rad/s^2, m/s^2].
    """
    out = _empty(solver, (solver._sizes.bodies - 1, 6))
    rigid_readings.link_accelerations(solver.model, solver._sizes, solver.fields, out)
    return out


def control_force(solver: RigidSolver) -> torch.Tensor:
    """Force of actuators and PD control on every dof, as the next step begins with it.

    Returns:
        Shape (n_envs, n_dofs) [N, N m].
    """
    out = _empty(solver, (solver._sizes.dofs,))
    rigid_readings.control_force(solver.model, solver._sizes, solver.fields, out)
    return out


def link_jacobian(
    solver: RigidSolver,
    envs: torch.Tensor,
    qpos: torch.Tensor,
    link: int,
    part: EntityRange,
    points: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Pose and Jacobian of a point of a link at positions that are only tried.

    Args:
        envs: One environment for each row, none twice, int64 (k,).
        qpos: Positions of the whole scene, shape (k, n_qs).
        link: The link, among the scene's.
        part: The entity whose dofs the Jacobian has columns for.
        points: The point in the link's frame, shape (k, 3) [m].

    Returns:
        Position of the point and orientation of the link, shape (k, 7); the Jacobian, rows of
        velocity and then of angular velocity in world axes, shape (k, 6, n_dofs).
    """
    solver.arena.scratch.check()
    pose = torch.empty((len(envs), 7), dtype=qpos.dtype, device=qpos.device)
    dofs = part.whole("dof")
    jacobian = torch.empty(
        (len(envs), 6, dofs.stop - dofs.start), dtype=qpos.dtype, device=qpos.device
    )
    rigid_readings.link_jacobian(
        solver.model,
        solver._sizes,
        solver.fields,
        envs.to(torch.int32),
        qpos.contiguous(),
        link + 1,
        dofs.start,
        points.contiguous(),
        pose,
        jacobian,
    )
    own = slice(None) if part.in_one_piece("dof") else part.places["dof"] - dofs.start
    return pose, jacobian[..., own]


def damped_step(jacobian: torch.Tensor, error: torch.Tensor, damping: float) -> torch.Tensor:
    """Damped least squares: J^T (J J^T + damping^2)^-1 error for each row.

    Args:
        jacobian: J, shape (k, 6, n).
        error: Shape (k, 6).
    """
    step = torch.empty_like(jacobian[:, 0])
    rigid_readings.damped_step(jacobian.contiguous(), error.contiguous(), damping, step)
    return step


def _empty(solver: RigidSolver, shape: tuple[int, ...]) -> torch.Tensor:
    solver.arena.scratch.check()
    like = solver.arena.saved.get("qpos")
    return torch.empty((solver.n_envs, *shape), dtype=like.dtype, device=like.device)
