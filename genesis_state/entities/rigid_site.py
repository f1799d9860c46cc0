"""One site of a rigid entity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from genesis_state.entities.rigid_link import RigidLink
    from genesis_state.entities.sites import EntitySites


class RigidSite:
    """One site: a named frame that is fixed to a link.

    Attributes:
        entity: Its entity.
        link: Its link.
        name: Its name in the model file, `site_<i>` if it has none there.
        idx_local: Its place among the entity's sites.
        idx: Its place among all sites of the scene.
    """

    def __init__(self, entity: EntitySites, link: RigidLink, name: str, idx_local: int, idx: int):
        self.entity = entity
        self.link = link
        self.name = name
        self.idx_local = idx_local
        self.idx = idx

    def get_pos(self, envs_idx: Any = None) -> torch.Tensor:
        """Position in the world, shape (envs, 3) [m]."""
        return self.entity.get_sites_pos(self.idx_local, envs_idx).squeeze(-2)

    def get_quat(self, envs_idx: Any = None) -> torch.Tensor:
        """Orientation in the world, shape (envs, 4), w x y z."""
        return self.entity.get_sites_quat(self.idx_local, envs_idx).squeeze(-2)

    def get_vel(self, envs_idx: Any = None) -> torch.Tensor:
        """Velocity, world axes, shape (envs, 3) [m/s]."""
        return self.entity.get_sites_vel(self.idx_local, envs_idx).squeeze(-2)

    def get_ang(self, envs_idx: Any = None) -> torch.Tensor:
        """Angular velocity, world axes, shape (envs, 3) [rad/s]."""
        return self.entity.get_sites_ang(self.idx_local, envs_idx).squeeze(-2)

    def __repr__(self) -> str:
        return f"RigidSite({self.name!r} of {self.entity.name!r}, idx_local={self.idx_local})"
