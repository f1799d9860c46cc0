"""Matter that is not rigid: points that have a position and a velocity each."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch

from genesis_state.entities.entity import Entity, MaterialT
from genesis_state.entities.inputs import ColumnReader, Columns, as_tensor
from genesis_state.entities.matter_access import MatterBinding
from genesis_state.selection import Selection
from genesis_state.solvers.base import Solver


class MatterEntity(Entity[MatterBinding, MaterialT]):
    """Matter that is not rigid. `scene.add_entity` makes it; it answers once the scene is built.

    Every call that reads or writes takes `envs_idx`: None for all environments, indices, or a mask
    of length n_envs. Getters return copies, shape (envs, …), without the axis of environments if
    the scene was built with n_envs=0. Setters take one value for all selected environments or one
    for each, check everything first, and refuse what does not fit with nothing changed. They act
    at once.

    Attributes:
        SOLVER: Name of its solver in a scene, such as "mpm".
        NOUN: What its points are: "particle" or "vertex".
    """

    SOLVER: ClassVar[str]
    NOUN: ClassVar[str]

    # ---------------------------------------------------------------- what a kind says of itself

    @property
    @abstractmethod
    def _points(self) -> np.ndarray:
        """Where its points are to begin with [m], float64 of shape (n, 3), in the world."""

    @property
    @abstractmethod
    def _origin(self) -> np.ndarray:
        """Where it is to begin with [m]: the point that `set_position` puts somewhere."""

    @abstractmethod
    def _readers(self) -> dict[str, ColumnReader]:
        """Readers of local indices, by noun."""

    @abstractmethod
    def _place(self, call: str, columns: Columns, selection: Selection, pos: torch.Tensor) -> None:
        """Puts points somewhere, at rest."""

    @abstractmethod
    def get_mass(self, envs_idx: Any = None) -> torch.Tensor:
        """Mass of what takes part of it, shape (envs,) [kg]."""

    # ---------------------------------------------------------------- its solver

    @property
    def _solver(self) -> Solver:
        return getattr(self.scene, f"{self.SOLVER}_solver")

    @property
    def _options(self) -> Any:
        """The settings of its solver."""
        return getattr(self.scene, f"{self.SOLVER}_options")

    @property
    def _earlier(self) -> list[Any]:
        """Entities of its solver that were added before it."""
        return [
            other
            for other in self.scene.entities[: self.idx]
            if isinstance(other, MatterEntity) and other.SOLVER == self.SOLVER
        ]

    def _bind(self) -> MatterBinding:
        return MatterBinding(self.scene, self._solver, self._readers(), self.NOUN)

    def _param(self, name: str, selection: Selection) -> torch.Tensor:
        """Its value of a parameter that each entity of a solver has, shape (envs,)."""
        block = self._bound.solver.arena.block_of(name)
        return selection.take(block.get(name))[:, len(self._earlier)]

    # ---------------------------------------------------------------- setters

    def set_position(self, value: Any, envs_idx: Any = None) -> None:
        """Puts the whole entity somewhere, at rest.

        Args:
            value: One point, shape (3,) or (envs, 3) [m]: there goes its origin, with all points
                about it as they were to begin with. That is the origin of its shape; of an
                FEMEntity, the mean of its vertices. Or one for each point of it, shape (n, 3),
                which is how a tie is read, or (envs, n, 3).
            envs_idx: Environments.
        """
        columns, selection = self._chosen(None, envs_idx)
        value, whole = self._whole("set_position", value, selection)
        if whole:
            value = value + torch.from_numpy(self._points - self._origin).to(value)
        self._place("set_position", columns, selection, value)

    def set_velocity(self, vel: Any, envs_idx: Any = None) -> None:
        """Sets the velocity of the whole entity.

        Args:
            vel: One for all points, shape (3,) or (envs, 3) [m/s], or one for each, shape (n, 3),
                which is how a tie is read, or (envs, n, 3).
            envs_idx: Environments.
        """
        columns, selection = self._chosen(None, envs_idx)
        vel, whole = self._whole("set_velocity", vel, selection)
        vel = vel.expand(*vel.shape[:-2], len(self._points), 3) if whole else vel
        self._write(selection, columns, {"vel": vel})

    # ---------------------------------------------------------------- inside

    def _chosen(self, idx_local: Any, envs_idx: Any) -> tuple[Columns, Selection]:
        return self._bound.columns[self.NOUN](once(idx_local)), self._envs(envs_idx)

    def _vectors(
        self, call: str, value: Any, columns: Columns, selection: Selection
    ) -> torch.Tensor:
        """A vector for each of the chosen points."""
        return self._values(call, value, selection, (len(columns.indices), 3), number=False)

    def _whole(self, call: str, value: Any, selection: Selection) -> tuple[torch.Tensor, bool]:
        """A value for the whole entity, of shape (1, 3) or (envs, 1, 3), or for each point.

        And whether it is for the whole.
        """
        runtime = self.scene._runtime
        value = as_tensor(f"{self.name}.{call}", value, runtime.tc_float, runtime.device)
        rows = selection.count if selection.count is not None else len(selection.indices())
        each = (len(self._points), 3)
        whole = value.shape != each and (value.dim() == 1 or value.shape == (rows, 3))
        if not whole:
            return self._values(call, value, selection, each, number=False), False
        return self._values(call, value, selection, (3,), number=False).unsqueeze(-2), True

    def _closest(self, call: str, pos: Any, taking_part: Any, envs_idx: Any) -> torch.Tensor:
        """Which point that takes part is closest, int of shape (envs,); -1 if none does.

        Args:
            taking_part: From the selection to a mask of its points, shape (envs, n).
        """
        selection = self._envs(envs_idx)
        pos = self._values(call, pos, selection, (3,), number=False)
        bound = self._bound
        where = selection.take(bound.solver.arena.block_of("pos").get("pos")[:, bound.points])
        active = taking_part(selection)
        distance = torch.linalg.norm(where - pos.unsqueeze(-2), dim=-1)
        distance = distance.masked_fill(~active, torch.inf)
        closest = distance.argmin(dim=-1).to(torch.int32)
        return self._unbatched(closest.masked_fill(~active.any(dim=-1), -1))


def once(idx_local: Any) -> Any:
    """What `find_closest_…` found in environments that are alike: one index instead of many."""
    if isinstance(idx_local, torch.Tensor) and idx_local.dim() == 1 and len(idx_local) > 1:
        counts = idx_local.dtype not in (torch.bool, torch.uint8)
        if counts and bool((idx_local == idx_local[0]).all()):
            return idx_local[:1]
    return idx_local
