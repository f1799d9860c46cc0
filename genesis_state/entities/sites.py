"""The sites of a rigid entity: named frames on its links."""

from __future__ import annotations

from typing import Any

import torch

from genesis_state import geom
from genesis_state.entities.links import EntityLinks


class EntitySites(EntityLinks):
    """Poses and velocities of sites, in world axes.

    A site that a file fixes to the world belongs to no entity.
    """

    def get_sites_pos(self, sites_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Positions of sites, shape (envs, n, 3) [m]."""
        sites = self._sites(sites_idx_local)
        origin = self.get_links_pos(None, envs_idx)[..., self._carriers(sites), :]
        return origin + self._site_offset(sites, envs_idx)

    def get_sites_quat(self, sites_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Orientations of sites, shape (envs, n, 4), w x y z."""
        sites = self._sites(sites_idx_local)
        quat = self.get_links_quat(None, envs_idx)[..., self._carriers(sites), :]
        return geom.transform_quat_by_quat(self._constant("site_quat", sites).expand_as(quat), quat)

    def get_sites_vel(self, sites_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Velocities of sites, shape (envs, n, 3) [m/s]."""
        sites = self._sites(sites_idx_local)
        twist = self._twist(None, envs_idx)[..., self._carriers(sites), :]
        offset = self._site_offset(sites, envs_idx)
        return twist[..., 3:] + torch.linalg.cross(twist[..., :3], offset)

    def get_sites_ang(self, sites_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Angular velocities of sites, shape (envs, n, 3) [rad/s]."""
        sites = self._sites(sites_idx_local)
        return self.get_links_ang(None, envs_idx)[..., self._carriers(sites), :]

    # ---------------------------------------------------------------- inside

    def _sites(self, sites_idx_local: Any) -> list[int]:
        """The chosen sites among the scene's."""
        bound = self._bound
        own = bound.part.places["site"]
        return [int(own[i]) for i in bound.columns["site"](sites_idx_local).indices]

    def _carriers(self, sites: list[int]) -> list[int]:
        """The link of each, within the entity."""
        bound = self._bound
        return bound.part.local("link", bound.solver.compiled.mj.site_bodyid[sites] - 1).tolist()

    def _site_offset(self, sites: list[int], envs_idx: Any) -> torch.Tensor:
        """From the origin of each site's link to the site, world axes, shape (envs, n, 3) [m]."""
        quat = self.get_links_quat(None, envs_idx)[..., self._carriers(sites), :]
        return geom.transform_by_quat(self._constant("site_pos", sites), quat)
