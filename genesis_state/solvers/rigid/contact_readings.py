"""Contacts of the last step, read from a rigid solver's saved bytes."""

from __future__ import annotations

import numpy as np
import torch

from genesis_state.kernels import rigid_contact_readings
from genesis_state.solvers.rigid.solver import RigidSolver


def contacts(
    solver: RigidSolver, own: torch.Tensor, other: torch.Tensor | None, skip_self: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Acting contacts of links with others, each in its row of the solver's list.

    Args:
        solver: The solver.
        own: Links, as `marks` of them.
        other: Those they touch, or None for anything.
        skip_self: Whether contacts between two links of `own` are left out.

    Returns:
        Integers (n_envs, room, 5): two geoms, two links, whether the row is taken. Numbers
        (n_envs, room, 10): position, normal from the second geom to the first, depth, force on
        the second. Rows that are not taken hold -1, then 0, and zeros.
    """
    room = solver._sizes.contacts
    like = solver.arena.saved.get("qpos")
    ids = torch.empty((solver.n_envs, room, 5), dtype=torch.int32, device=like.device)
    numbers = torch.empty((solver.n_envs, room, 10), dtype=like.dtype, device=like.device)
    if room:
        rigid_contact_readings.contacts(
            solver.model,
            solver._sizes,
            solver.fields,
            own,
            torch.ones_like(own) if other is None else other,
            int(skip_self),
            ids,
            numbers,
        )
    return ids, numbers


def marks(solver: RigidSolver, links: slice | np.ndarray) -> torch.Tensor:
    """Links of the scene as marks of MuJoCo's bodies, int32 (nbody,)."""
    chosen = np.zeros(solver.compiled.mj.nbody, dtype=np.int32)
    chosen[1:][links] = 1
    return torch.from_numpy(chosen).to(solver.arena.saved.get("qpos").device)


def link_contact_forces(solver: RigidSolver, links: slice) -> torch.Tensor:
    """Sum of the contact forces on each link, world axes.

    Args:
        solver: The solver.
        links: Which, among the scene's.

    Returns:
        Shape (n_envs, n, 3) [N].
    """
    like = solver.arena.saved.get("qpos")
    shape = (solver.n_envs, links.stop - links.start, 3)
    if not solver._sizes.contacts or links.stop == links.start:
        return torch.zeros(shape, dtype=like.dtype, device=like.device)
    out = torch.empty(shape, dtype=like.dtype, device=like.device)
    rigid_contact_readings.link_contact_forces(
        solver.model, solver._sizes, solver.fields, links.start + 1, out
    )
    return out
