"""What every call of an entity goes through: is it built, which rows, which numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

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
from genesis_state.morphs import Morph
from genesis_state.options import Options
from genesis_state.selection import Selection, select
from genesis_state.solvers.base import Solver

if TYPE_CHECKING:
    from genesis_state.scene import Scene


SolverT = TypeVar("SolverT", bound=Solver)


class Binding(Generic[SolverT]):
    """What an entity knows once its scene is built.

    Args:
        scene: Its scene.
        solver: The solver that moves it.
        columns: Readers of local indices, by noun, such as "dof" or "particle".

    Attributes:
        everywhere: The selection of all environments.
    """

    def __init__(self, scene: Scene, solver: SolverT, columns: dict[str, ColumnReader]):
        self.solver = solver
        self.columns = columns
        self.everywhere = select(None, scene.n_envs, scene.device)
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


BindingT = TypeVar("BindingT", bound=Binding[Any])
MaterialT = TypeVar("MaterialT", bound=Options)


class Entity(ABC, Generic[BindingT, MaterialT]):
    """Base of all entities: their identity, and the way of every call in and out.

    Args:
        scene: Its scene.
        idx: Its place among the scene's entities.
        name: Its name, unique in the scene.
        morph: Its shape.
        material: What it is made of.

    Attributes:
        surface: One of `gs.surfaces`, or None; its `color` is that of views and pictures.
    """

    def __init__(self, scene: Scene, idx: int, name: str, morph: Morph, material: MaterialT):
        self.scene = scene
        self.idx = idx
        self.name = name
        self.morph = morph
        self.material = material
        self.surface: Any = None
        self._binding: BindingT | None = None

    @abstractmethod
    def _bind(self) -> BindingT:
        """What it knows now that its scene is built."""

    @property
    def _bound(self) -> BindingT:
        scene = self.scene
        if scene.closed or not scene.is_built:
            scene._require_built()
        if self._binding is None:
            self._binding = self._bind()
        return self._binding

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {type(self.morph).__name__})"

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
        with block.edit(*values) as rows:
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
