"""What calls have in common that set parameters which each environment has of its own."""

from __future__ import annotations

import torch

from genesis_state.entities.rigid_access import RigidAccess

ASKED_BY = {
    "bodies_mass": "batch_links_info",
    "bodies_inertia": "batch_links_info",
    "bodies_com": "batch_links_info",
    "dofs_damping": "batch_dofs_info",
    "dofs_armature": "batch_dofs_info",
    "dofs_frictionloss": "batch_dofs_info",
    "joints_stiffness": "batch_dofs_info",
    "geoms_friction": "batch_geoms_info",
}
"""The flag of RigidOptions that gives environments a parameter of their own."""


class OwnParameters(RigidAccess):
    """Base of the parts of a rigid entity that write to parameters."""

    def _require_own(self, call: str, name: str) -> None:
        block = self._bound.solver.arena.block_of(name)
        if not block.layout[name].nbytes:
            raise RuntimeError(
                f"{self.name}.{call}: environments share this parameter; build the scene with "
                f"rigid_options=gs.options.RigidOptions({ASKED_BY[name]}=True)."
            )

    def _require_not_negative(self, call: str, values: torch.Tensor) -> None:
        if values.device.type == "cpu" and bool((values < 0).any()):
            raise ValueError(f"{self.name}.{call}: {values.min():.6g}, needs 0 or more.")
