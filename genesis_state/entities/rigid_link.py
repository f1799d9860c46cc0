"""One link of a rigid entity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from genesis_state.entities.links import EntityLinks


class RigidLink:
    """One link: a body of the model.

    Attributes:
        entity: Its entity.
        name: Its name in the model file.
        idx_local: Its place among the entity's links.
        idx: Its place among all links of the scene.
    """

    def __init__(self, entity: EntityLinks, name: str, idx_local: int, idx: int):
        self.entity = entity
        self.name = name
        self.idx_local = idx_local
        self.idx = idx

    def get_pos(self, envs_idx: Any = None) -> torch.Tensor:
        """Position of its frame in the world, shape (envs, 3) [m]."""
        return self.entity.get_links_pos(self.idx_local, envs_idx).squeeze(-2)

    def get_quat(self, envs_idx: Any = None) -> torch.Tensor:
        """Orientation of its frame in the world, shape (envs, 4), w x y z."""
        return self.entity.get_links_quat(self.idx_local, envs_idx).squeeze(-2)

    def get_vel(self, envs_idx: Any = None) -> torch.Tensor:
        """Velocity of its frame's origin, world axes, shape (envs, 3) [m/s]."""
        return self.entity.get_links_vel(self.idx_local, envs_idx).squeeze(-2)

    def get_ang(self, envs_idx: Any = None) -> torch.Tensor:
        """Angular velocity, world axes, shape (envs, 3) [rad/s]."""
        return self.entity.get_links_ang(self.idx_local, envs_idx).squeeze(-2)

    def get_mass(self) -> float:
        """Its mass as the model has it [kg]; see the entity's `get_links_inertial_mass`."""
        return float(self.entity._bound.solver.compiled.mj.body_mass[self.idx + 1])

    @property
    def is_fixed(self) -> bool:
        """Whether no dof moves it."""
        mj = self.entity._bound.solver.compiled.mj
        return bool(mj.body_dofnum[mj.body_weldid[self.idx + 1]] == 0)

    def __repr__(self) -> str:
        return f"RigidLink({self.name!r} of {self.entity.name!r}, idx_local={self.idx_local})"
