"""Bodies that hold matter: which there are, and points in their frames."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import torch

from genesis_state.geom import inv_transform_by_trans_quat
from genesis_state.selection import Selection
from genesis_state.solvers.base import Solver

if TYPE_CHECKING:
    from genesis_state.scene import Scene


def body_of(scene: Scene, solver: Solver, what: str, link_idx: Any) -> int:
    """Number of the body of a link, among those that matter may be fixed to.

    Args:
        scene: A built scene.
        solver: The solver of the matter.
        what: What messages begin with, such as "cloth.fix_particles_to_link".
        link_idx: The link's place among all links of the scene.

    Raises:
        TypeError, IndexError, ValueError: There is no such link, or nothing that matter touches.
    """
    if isinstance(link_idx, bool) or not isinstance(link_idx, Integral):
        raise TypeError(f"{what}: link_idx is {link_idx!r}, needs an int such as link.idx.")
    rigid = getattr(scene, "rigid_solver", None)
    if rigid is None:
        raise ValueError(f"{what}: the scene has no links; add a rigid entity.")
    count = rigid.arena.block_of("links_pos").get("links_pos").shape[1]
    if not 0 <= int(link_idx) < count:
        raise IndexError(
            f"{what}: link_idx is {link_idx}, out of range for the {count} links of the scene."
        )
    if getattr(solver, "rigid", None) is None:
        raise ValueError(
            f"{what}: matter touches no body of the scene; give one of them a geom that collides "
            "and needs_coup."
        )
    return int(link_idx) + 1


def into_frames(
    scene: Scene, selection: Selection, bodies: torch.Tensor, pos: torch.Tensor
) -> torch.Tensor:
    """Takes points of the world into the frames that bodies have now.

    Args:
        scene: A built scene.
        selection: Environments.
        bodies: Body of each point, shape (envs, n); 0 for the world.
        pos: Shape (envs, n, 3) [m].
    """
    if not bool(bodies.any()):
        return pos
    arena = scene.rigid_solver.arena
    trans, quat = (selection.take(arena.block_of(n).get(n)) for n in ("links_pos", "links_quat"))
    index = (bodies.long() - 1).clamp(min=0).unsqueeze(-1)
    trans = trans.gather(1, index.expand(*index.shape[:2], 3))
    quat = quat.gather(1, index.expand(*index.shape[:2], 4))
    local = inv_transform_by_trans_quat(pos, trans, quat)
    return torch.where(bodies.unsqueeze(-1) > 0, local, pos)
