"""One geom of a rigid entity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genesis_state.entities.rigid_link import RigidLink


@dataclass(frozen=True)
class RigidGeom:
    """One geom: a shape that is fixed to a link. Also those that touch nothing are listed.

    Attributes:
        link: Its link.
        name: Its name in the model file, `geom_<i>` if it has none there.
        idx_local: Its place among the entity's geoms.
        idx: Its place among all geoms of the scene, which is its number in
            `scene.rigid_solver.mj_model`.
    """

    link: RigidLink
    name: str
    idx_local: int
    idx: int
