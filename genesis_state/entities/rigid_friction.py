"""Friction of a rigid entity's geoms, in each environment its own."""

from __future__ import annotations

from typing import Any

import torch

from genesis_state.entities.rigid_own import OwnParameters
from genesis_state.selection import Selection


class EntityFriction(OwnParameters):
    """Sliding friction. Of two geoms that touch, the larger holds, unless one has priority."""

    def set_friction(
        self, friction: Any, links_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Sets the sliding friction of all geoms of links that can touch.

        Args:
            friction: A number, shape (n,) or (envs, n), one for each link.
            links_idx_local: Which links; by default all.
            envs_idx: Environments.

        Raises:
            RuntimeError: The scene was not built with RigidOptions(batch_geoms_info=True).
        """
        call = "set_friction"
        bound = self._bound
        links = bound.columns["link"](links_idx_local).indices
        self._require_own(call, "geoms_friction")
        selection = self._envs(envs_idx)
        values = self._values(call, friction, selection, (len(links),))
        self._require_not_negative(call, values)
        geom_link = bound.part.local("link", bound.solver.compiled.mj.geom_bodyid - 1)
        ids = bound.solver.touching.geoms
        pairs = [
            (geom, links.index(int(geom_link[ids[geom]])))
            for geom in self._touching()
            if int(geom_link[ids[geom]]) in links
        ]
        self._write_friction(
            selection, [geom for geom, _ in pairs], values[..., [k for _, k in pairs]]
        )

    def set_geoms_friction(
        self, friction: Any, geoms_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Sets the sliding friction of geoms.

        Args:
            friction: A number, shape (n,) or (envs, n), one for each geom.
            geoms_idx_local: Which geoms; by default all that can touch.
            envs_idx: Environments.

        Raises:
            ValueError: One of the geoms can touch nothing.
            RuntimeError: The scene was not built with RigidOptions(batch_geoms_info=True).
        """
        call = "set_geoms_friction"
        geoms = self._touching(call, geoms_idx_local)
        self._require_own(call, "geoms_friction")
        selection = self._envs(envs_idx)
        values = self._values(call, friction, selection, (len(geoms),))
        self._require_not_negative(call, values)
        self._write_friction(selection, geoms, values)

    def get_geoms_friction(self, geoms_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Sliding friction of geoms, by default of all that can touch, shape (envs, n).

        Raises:
            ValueError: One of the geoms can touch nothing.
        """
        geoms = self._touching("get_geoms_friction", geoms_idx_local)
        solver = self._bound.solver
        if solver.arena.block_of("geoms_friction").layout["geoms_friction"].nbytes:
            every = solver.arena.get("geoms_friction")[:, geoms, 0]
        else:
            sliding = solver.compiled.mj.geom_friction[solver.touching.geoms[geoms], 0]
            every = torch.as_tensor(
                sliding, dtype=solver.arena.get("dofs_kp").dtype, device=self.scene.device
            )
            every = every.expand(self.scene.n_envs, -1)
        return self._unbatched(self._envs(envs_idx).take(every.contiguous()))

    def _touching(self, call: str = "", geoms_idx_local: Any = None) -> list[int]:
        """Geoms of the entity as places among those that can touch; by default all such."""
        bound = self._bound
        places = {int(geom): k for k, geom in enumerate(bound.solver.touching.geoms)}
        if geoms_idx_local is None:
            own = set(bound.part.places["geom"].tolist())
            return [k for geom, k in places.items() if geom in own]
        asked = bound.columns["geom"](geoms_idx_local).indices
        every = bound.part.places["geom"].tolist()
        if lost := [i for i in asked if every[i] not in places]:
            raise ValueError(
                f"{self.name}.{call}: geom {lost[0]} can touch nothing, so that its friction "
                "is not kept; leave it out."
            )
        return [places[every[i]] for i in asked]

    def _write_friction(self, selection: Selection, geoms: list[int], values: torch.Tensor) -> None:
        """Writes to geoms that can touch; values have a column for each."""
        if not geoms or selection.count == 0:
            return
        with self._bound.solver.arena.edit("geoms_friction") as (view,):
            rows = selection.indices()[:, None]
            view[rows, geoms, 0] = values.expand(len(rows), len(geoms))
