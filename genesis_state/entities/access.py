"""What every call of a rigid entity goes through: is it built, which columns, which rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from genesis_state.block import Block
from genesis_state.entities.inputs import (
    ColumnReader,
    Columns,
    as_tensor,
    check_finite,
    fit,
    write,
)
from genesis_state.materials import Rigid
from genesis_state.morphs import Morph
from genesis_state.selection import Selection, select
from genesis_state.solvers.rigid.entity_range import EntityRange
from genesis_state.solvers.rigid.solver import RigidSolver
from genesis_state.solvers.rigid.unsupported import JOINTS

if TYPE_CHECKING:
    from genesis_state.scene import Scene

DOFS_OF_JOINT = {"free": 6, "ball": 3, "slide": 1, "hinge": 1}


class Binding:
    """What an entity knows once its scene is built.

    Attributes:
        solver: The rigid solver.
        part: Where the entity's elements lie among the scene's.
        columns: Readers of local indices, by noun: "dof", "q", "link", "actuator", "site".
        everywhere: The selection of all environments.
        joint_types: "free", "ball", "slide" or "hinge" of each joint.
        joint_dofs, joint_qs: The first dof and coordinate of each joint, within the entity.
        servo: For each dof whether PD control can drive it: it is a hinge's or slide's.
    """

    def __init__(self, scene: Scene, idx: int):
        self.solver: RigidSolver = scene.rigid_solver
        self.part: EntityRange = self.solver.compiled.entities[idx]
        self.everywhere = select(None, scene.n_envs, scene.device)
        mj, part = self.solver.compiled.mj, self.part
        self.columns = {
            noun: ColumnReader(
                part.name,
                noun,
                getattr(part, f"{noun}_start"),
                getattr(part, f"{noun}_end") - getattr(part, f"{noun}_start"),
                scene.device,
            )
            for noun in ("dof", "q", "link", "actuator", "site")
        }
        at = part.at("joint")
        self.joint_types = [JOINTS[int(kind)] for kind in mj.jnt_type[at]]
        self.joint_dofs = [int(i) - part.dof_start for i in mj.jnt_dofadr[at]]
        self.joint_qs = [int(i) - part.q_start for i in mj.jnt_qposadr[at]]
        self.servo = [
            kind in ("slide", "hinge")
            for kind in self.joint_types
            for _ in range(DOFS_OF_JOINT[kind])
        ]
        self.all_servo = all(self.servo)
        self.dof_joint = [int(j) - part.joint_start for j in mj.dof_jntid[part.at("dof")]]
        # A free joint is only ever the first one of a link that hangs in the world.
        self.free_base = bool(part.links) and bool(
            mj.body_dofnum[part.link_start + 1] == DOFS_OF_JOINT["free"]
            and self.joint_types[0] == "free"
        )
        self._kept: dict[int, tuple[torch.Tensor, dict[tuple, torch.Tensor]]] = {}

    def view(
        self, block: Block, rows: torch.Tensor, name: str, key: slice | torch.Tensor
    ) -> torch.Tensor:
        """A variable within the rows that `block.edit()` gave, cut to the columns of a slice.

        Cutting costs as much as writing, so cuts are kept for as long as the rows stay the same
        tensor, as those of the zero-copy transport do.
        """
        kept = self._kept.get(id(block))
        if kept is None or kept[0] is not rows or len(kept[1]) > 64:
            kept = self._kept[id(block)] = (rows, {})
        cut = (name, key.start, key.stop, key.step) if isinstance(key, slice) else (name,)
        if (view := kept[1].get(cut)) is None:
            view = block.layout.view(rows, name)
            view = kept[1][cut] = view[:, key] if isinstance(key, slice) else view
        return view


class EntityAccess:
    """Base of the rigid entity: its identity, and the way of every call in and out.

    Args:
        scene: Its scene.
        idx: Its place among the scene's entities.
        name: Its name, unique in the scene.
        morph: Its shape.
        material: What it is made of.
    """

    def __init__(self, scene: Scene, idx: int, name: str, morph: Morph, material: Rigid):
        self.scene = scene
        self.idx = idx
        self.name = name
        self.morph = morph
        self.material = material
        self._binding: Binding | None = None

    @property
    def _bound(self) -> Binding:
        scene = self.scene
        if scene.closed or not scene.is_built:
            scene._require_built()
        if self._binding is None:
            self._binding = Binding(scene, self.idx)
        return self._binding

    def _envs(self, envs_idx: Any) -> Selection:
        if envs_idx is None:
            return self._bound.everywhere
        return select(envs_idx, self.scene.n_envs, self.scene.device)

    def _values(
        self,
        call: str,
        value: Any,
        selection: Selection,
        shape: tuple[int, ...],
        finite: bool = True,
        per_env: bool = False,
        number: bool = True,
    ) -> torch.Tensor:
        """A user's value as `fit` shapes it, checked.

        Args:
            call: The method, and for one with several values the argument, for messages.
            finite: Whether infinity is refused; NaN always is.
            per_env: Whether an environment selected twice is refused even if both get the same.
            number: Whether one number may stand for all.
        """
        what = f"{self.name}.{call}"
        runtime = self.scene._runtime
        if not (
            type(value) is torch.Tensor
            and value.dtype is runtime.tc_float
            and value.device == runtime.device
            and not value.requires_grad
        ):
            value = as_tensor(what, value, runtime.tc_float, runtime.device)
        if not number and value.dim() == 0:
            raise ValueError(f"{what}: a single number, needs {shape}.")
        value = fit(what, value, selection, shape)
        if finite:
            check_finite(what, value)
        elif value.device.type == "cpu" and bool(value.isnan().any()):
            raise ValueError(f"{what}: has NaN, needs numbers.")
        if (per_env or value.dim() > len(shape)) and selection.duplicates():
            raise ValueError(f"{what}: envs_idx names an environment more than once; name it once.")
        return value

    def _write(
        self,
        selection: Selection,
        columns: Columns,
        values: dict[str, torch.Tensor | float],
    ) -> None:
        """Puts checked values into variables of one block."""
        bound = self._bound
        block = bound.solver.arena.block_of(next(iter(values)))
        with block.edit() as rows:
            for name, value in values.items():
                write(bound.view(block, rows, name, columns.key), selection, columns.key, value)

    def _read(self, name: str, noun: str, idx: Any, envs_idx: Any) -> torch.Tensor:
        """A copy of a variable's selected columns and environments."""
        bound = self._bound
        columns = bound.columns[noun](idx)
        selection = self._envs(envs_idx)
        return self._taken(bound.solver.arena.block_of(name).get(name), selection, columns.key)

    def _taken(
        self, values: torch.Tensor, selection: Selection, key: slice | torch.Tensor | None = None
    ) -> torch.Tensor:
        if key is not None:
            values = values[:, key]
        return self._unbatched(selection.take(values))

    def _unbatched(self, rows: torch.Tensor) -> torch.Tensor:
        return rows if self.scene.batched else rows[0]
