"""The mocap bodies of a rigid entity: links that are where they are put."""

from __future__ import annotations

from typing import Any

import torch

from genesis_state.entities.rigid_access import RigidAccess
from genesis_state.solvers.rigid import readings


class EntityMocap(RigidAccess):
    """Commands of mocap bodies, in the order of the links: `mocap="true"` in a file.

    Such a body hangs in the world and has no joints. It stays where it is put, whatever touches
    it, and drags what is welded to it. It has no velocity, also not while it is moved.
    """

    def set_mocap_pos(self, pos: Any, envs_idx: Any = None) -> None:
        """Puts the mocap bodies at positions in the world.

        Args:
            pos: Shape (3,), (n_mocap, 3) or (envs, n_mocap, 3) [m].
            envs_idx: Environments.
        """
        self._put("set_mocap_pos", "mocap_pos", pos, 3, envs_idx)

    def set_mocap_quat(self, quat: Any, envs_idx: Any = None) -> None:
        """Turns the mocap bodies to orientations in the world.

        Args:
            quat: Shape (4,), (n_mocap, 4) or (envs, n_mocap, 4), w x y z; brought to length 1.
            envs_idx: Environments.
        """
        self._put("set_mocap_quat", "mocap_quat", quat, 4, envs_idx)

    def get_mocap_pos(self, envs_idx: Any = None) -> torch.Tensor:
        """Positions of the mocap bodies, shape (envs, n_mocap, 3) [m]."""
        return self._read("mocap_pos", "mocap", None, envs_idx)

    def get_mocap_quat(self, envs_idx: Any = None) -> torch.Tensor:
        """Orientations of the mocap bodies, shape (envs, n_mocap, 4), w x y z."""
        return self._read("mocap_quat", "mocap", None, envs_idx)

    @property
    def n_mocap(self) -> int:
        """Number of mocap bodies."""
        part = self._bound.part
        return len(part.places["mocap"])

    def _put(self, call: str, name: str, value: Any, size: int, envs_idx: Any) -> None:
        bound = self._bound
        columns = bound.columns["mocap"].all
        if not columns.indices:
            raise ValueError(
                f'{self.name}.{call}: it has no mocap body; give a body mocap="true" in its file.'
            )
        selection = self._envs(envs_idx)
        shape = (len(columns.indices), size)
        values = self._values(call, value, selection, shape, number=False)
        if name == "mocap_quat":
            length = values.norm(dim=-1, keepdim=True)
            if values.device.type == "cpu" and bool((length == 0).any()):
                raise ValueError(f"{self.name}.{call}: a quaternion of length 0, needs length 1.")
            values = values / length
        self._write(selection, columns, {name: values})
        readings.refresh_links(bound.solver, selection)
