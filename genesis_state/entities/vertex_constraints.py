"""Vertices that are held in places, or by bodies."""

from __future__ import annotations

import math
from typing import Any

import torch

from genesis_state.entities.body_frames import body_of, into_frames
from genesis_state.entities.inputs import Columns
from genesis_state.entities.matter_entity import MatterEntity
from genesis_state.entities.rigid_link import RigidLink
from genesis_state.materials import FEM
from genesis_state.selection import Selection

FREE, HARD, SOFT = 0, 1, 2


class VertexConstraints(MatterEntity[FEM.Elastic]):
    """Holding of vertices. The scene has to allow it: `FEMOptions.enable_vertex_constraints`."""

    def set_vertex_constraints(
        self,
        verts_idx_local: Any = None,
        target_poss: Any = None,
        link: RigidLink | None = None,
        is_soft_constraint: bool = False,
        stiffness: float = 0.0,
        envs_idx: Any = None,
    ) -> None:
        """Holds vertices.

        Args:
            verts_idx_local: Which; None for all.
            target_poss: Where in the world, shape (3,), (n, 3) or (envs, n, 3) [m]; by default
                where they are.
            link: What carries the targets from now on, by default nothing.
            is_soft_constraint: Whether a spring pulls them to their targets, critically damped;
                otherwise they are there.
            stiffness: Of the spring, for each kilogram [1/s^2]; a hard constraint has none.
            envs_idx: Environments.
        """
        call = "set_vertex_constraints"
        columns, selection = self._holdable(call, verts_idx_local, envs_idx)
        soft = self._spring(call, is_soft_constraint, stiffness)
        body = 0 if link is None else self._body(call, link)
        if target_poss is None:
            pos = self._of("pos", columns, selection)
        else:
            pos = self._vectors(f"{call}: target_poss", target_poss, columns, selection)
            pos = pos.expand(len(selection.indices()), *pos.shape[-2:])
        bodies = torch.full(pos.shape[:2], body, device=pos.device)
        values = {
            "constrained": SOFT if soft else HARD,
            "constraint_target": into_frames(self.scene, selection, bodies, pos),
            "constraint_stiffness": float(stiffness),
            "constraint_body": body,
        }
        self._write(selection, columns, values)

    def update_constraint_targets(
        self, verts_idx_local: Any, target_poss: Any, envs_idx: Any = None
    ) -> None:
        """Moves the targets of vertices that are held.

        Args:
            verts_idx_local: Which; None for all. They have to be held.
            target_poss: Where in the world, shape (3,), (n, 3) or (envs, n, 3) [m].
            envs_idx: Environments.
        """
        call = "update_constraint_targets"
        columns, selection = self._holdable(call, verts_idx_local, envs_idx)
        pos = self._vectors(f"{call}: target_poss", target_poss, columns, selection)
        held = self._of("constrained", columns, selection) != FREE
        if not bool(held.all()):
            row, column = (~held).nonzero()[0].tolist()
            raise ValueError(
                f"{self.name}.{call}: vertex {columns.indices[column]} is not held in environment "
                f"{int(selection.indices()[row])}; use set_vertex_constraints first."
            )
        bodies = self._of("constraint_body", columns, selection)
        pos = pos.expand(len(bodies), *pos.shape[-2:])
        target = into_frames(self.scene, selection, bodies, pos)
        self._write(selection, columns, {"constraint_target": target})

    def remove_vertex_constraints(self, verts_idx_local: Any = None, envs_idx: Any = None) -> None:
        """Lets go of vertices.

        Args:
            verts_idx_local: Which; by default all.
            envs_idx: Environments.
        """
        columns, selection = self._holdable("remove_vertex_constraints", verts_idx_local, envs_idx)
        self._write(selection, columns, {"constrained": FREE, "constraint_body": 0})

    # ---------------------------------------------------------------- inside

    def _holdable(self, call: str, idx: Any, envs_idx: Any) -> tuple[Columns, Selection]:
        self.scene._require_built()
        if not self._options.enable_vertex_constraints:
            raise ValueError(
                f"{self.name}.{call}: vertices cannot be held in this scene; make it with "
                "fem_options=gs.options.FEMOptions(enable_vertex_constraints=True)."
            )
        columns, selection = self._chosen(idx, envs_idx)
        if selection.duplicates():
            raise ValueError(
                f"{self.name}.{call}: envs_idx names an environment more than once; name it once."
            )
        return columns, selection

    def _of(self, name: str, columns: Columns, selection: Selection) -> torch.Tensor:
        """A variable of the chosen vertices."""
        block = self._bound.solver.arena.block_of(name)
        return selection.take(block.get(name)[:, columns.key])

    def _spring(self, call: str, soft: Any, stiffness: Any) -> bool:
        if not isinstance(soft, bool):
            raise TypeError(
                f"{self.name}.{call}: is_soft_constraint is {soft!r}, needs True or False."
            )
        try:
            number = float(stiffness)
        except (TypeError, ValueError):
            number = math.nan
        if soft and not (math.isfinite(number) and number > 0):
            raise ValueError(
                f"{self.name}.{call}: stiffness is {stiffness!r}, needs a positive number in "
                "1/s^2 for a soft constraint."
            )
        if not soft and number != 0:
            raise ValueError(
                f"{self.name}.{call}: stiffness is {stiffness!r}, needs to be left out, or "
                "is_soft_constraint=True beside it."
            )
        return soft

    def _body(self, call: str, link: Any) -> int:
        what = f"{self.name}.{call}"
        if not isinstance(link, RigidLink):
            raise TypeError(f"{what}: link is a {type(link).__name__}, needs one of entity.links.")
        if link.entity.scene is not self.scene:
            raise ValueError(f"{what}: {link} is of another scene.")
        return body_of(self.scene, self._bound.solver, what, link.idx)
