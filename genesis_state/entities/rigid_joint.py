"""One joint of a rigid entity."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RigidJoint:
    """One joint.

    Attributes:
        name: Its name in the model file.
        type: "free", "ball", "slide" or "hinge".
        idx_local: Its place among the entity's joints.
        idx: Its place among all joints of the scene.
        dofs_idx_local: Its dofs within the entity: 6, 3, 1 or 1.
        qs_idx_local: Its coordinates within the entity: 7, 4, 1 or 1.
    """

    name: str
    type: str
    idx_local: int
    idx: int
    dofs_idx_local: list[int]
    qs_idx_local: list[int]

    @property
    def n_dofs(self) -> int:
        """Number of its dofs."""
        return len(self.dofs_idx_local)

    @property
    def n_qs(self) -> int:
        """Number of its coordinates."""
        return len(self.qs_idx_local)

    @property
    def dof_idx_local(self) -> int:
        """The dof of a hinge or slide within the entity."""
        if self.n_dofs != 1:
            raise ValueError(
                f"{self.name}.dof_idx_local: a {self.type} joint has {self.n_dofs} dofs; "
                "use dofs_idx_local."
            )
        return self.dofs_idx_local[0]
