"""The links of a rigid entity: their poses and velocities, and forces on them."""

from __future__ import annotations

from typing import Any

import torch

from genesis_state import geom
from genesis_state.entities.inputs import Columns
from genesis_state.entities.rigid_access import RigidAccess
from genesis_state.selection import Selection
from genesis_state.solvers.rigid import readings

REFERENCES = ("link_origin", "link_com")


class EntityLinks(RigidAccess):
    """Readings of links, in world axes, and external forces.

    `ref` says which point of a link is meant: "link_origin", the origin of its frame, or
    "link_com", its centre of mass.
    """

    def get_pos(self, envs_idx: Any = None) -> torch.Tensor:
        """Position of the base link, shape (envs, 3) [m]."""
        return self.get_links_pos(0, envs_idx).squeeze(-2)

    def get_quat(self, envs_idx: Any = None) -> torch.Tensor:
        """Orientation of the base link, shape (envs, 4), w x y z."""
        return self.get_links_quat(0, envs_idx).squeeze(-2)

    def get_vel(self, envs_idx: Any = None) -> torch.Tensor:
        """Velocity of the base link's origin, shape (envs, 3) [m/s]."""
        return self.get_links_vel(0, envs_idx).squeeze(-2)

    def get_ang(self, envs_idx: Any = None) -> torch.Tensor:
        """Angular velocity of the base link, shape (envs, 3) [rad/s]."""
        return self.get_links_ang(0, envs_idx).squeeze(-2)

    def get_links_pos(
        self, links_idx_local: Any = None, envs_idx: Any = None, *, ref: str = "link_origin"
    ) -> torch.Tensor:
        """Positions of links, shape (envs, n, 3) [m]."""
        self._check_ref("get_links_pos", ref)
        pos = self._read("links_pos", "link", links_idx_local, envs_idx)
        if ref == "link_com":
            columns = self._bound.columns["link"](links_idx_local)
            pos += self._com_offset(columns, self.get_links_quat(links_idx_local, envs_idx))
        return pos

    def get_links_quat(self, links_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Orientations of links, shape (envs, n, 4), w x y z."""
        return self._read("links_quat", "link", links_idx_local, envs_idx)

    def get_links_vel(
        self, links_idx_local: Any = None, envs_idx: Any = None, *, ref: str = "link_origin"
    ) -> torch.Tensor:
        """Velocities of links, shape (envs, n, 3) [m/s]."""
        self._check_ref("get_links_vel", ref)
        twist = self._twist(links_idx_local, envs_idx)
        vel = twist[..., 3:]
        if ref == "link_com":
            columns = self._bound.columns["link"](links_idx_local)
            offset = self._com_offset(columns, self.get_links_quat(links_idx_local, envs_idx))
            vel = vel + torch.linalg.cross(twist[..., :3], offset)
        return vel.contiguous()

    def get_links_ang(self, links_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Angular velocities of links, shape (envs, n, 3) [rad/s]."""
        return self._twist(links_idx_local, envs_idx)[..., :3].contiguous()

    def get_links_acc(self, links_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Accelerations of the origins of links, shape (envs, n, 3) [m/s^2]; zero for one at rest.

        With the accelerations of dofs that the last step found, at the positions and velocities of
        now.
        """
        return self._accelerations(links_idx_local, envs_idx)[..., 3:].contiguous()

    def get_links_acc_ang(self, links_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Angular accelerations of links, likewise, shape (envs, n, 3) [rad/s^2]."""
        return self._accelerations(links_idx_local, envs_idx)[..., :3].contiguous()

    def get_mass(self) -> float:
        """Mass of all links as the model has them [kg]; see `get_links_inertial_mass`."""
        bound = self._bound
        return float(bound.solver.compiled.mj.body_mass[1:][bound.part.at("link")].sum())

    def apply_links_external_force(
        self,
        force: Any,
        links_idx_local: Any = None,
        envs_idx: Any = None,
        *,
        ref: str = "link_origin",
        local: bool = False,
    ) -> None:
        """Adds a force on links, which acts during the next step and then is gone.

        Args:
            force: Shape (3,), (n, 3) or (envs, n, 3) [N].
            links_idx_local: Links; by default all.
            envs_idx: Environments.
            ref: The point it acts on.
            local: Whether it is given in the axes of the link's frame, or for "link_com" in its
                principal axes, instead of the world's.
        """
        call = "apply_links_external_force"
        columns, selection, force = self._wrench_part(
            call, force, links_idx_local, envs_idx, ref, local
        )
        torque = torch.zeros_like(force)
        if ref == "link_origin":
            quat = self._links_quat(columns, selection)
            torque = torch.linalg.cross(self._com_offset(columns, quat), -force)
        self._add_wrench(columns, selection, torch.cat((torque, force), -1))

    def apply_links_external_torque(
        self,
        torque: Any,
        links_idx_local: Any = None,
        envs_idx: Any = None,
        *,
        ref: str = "link_origin",
        local: bool = False,
    ) -> None:
        """Adds a torque on links, which acts during the next step and then is gone.

        Args:
            torque: Shape (3,), (n, 3) or (envs, n, 3) [N m].
            links_idx_local: Links; by default all.
            envs_idx: Environments.
            ref: Whose axes `local` means.
            local: Whether it is given in the axes of the link's frame, or for "link_com" in its
                principal axes, instead of the world's.
        """
        call = "apply_links_external_torque"
        columns, selection, torque = self._wrench_part(
            call, torque, links_idx_local, envs_idx, ref, local
        )
        self._add_wrench(columns, selection, torch.cat((torque, torch.zeros_like(torque)), -1))

    # ---------------------------------------------------------------- inside

    def _check_ref(self, call: str, ref: str) -> None:
        if ref not in REFERENCES:
            known = " or ".join(repr(r) for r in REFERENCES)
            raise ValueError(f"{self.name}.{call}: ref is {ref!r}, needs {known}.")

    def _twist(self, links_idx_local: Any, envs_idx: Any) -> torch.Tensor:
        bound = self._bound
        columns = bound.columns["link"](links_idx_local)
        selection = self._envs(envs_idx)
        return self._taken(readings.link_velocities(bound.solver), selection, columns.key)

    def _accelerations(self, links_idx_local: Any, envs_idx: Any) -> torch.Tensor:
        bound = self._bound
        columns = bound.columns["link"](links_idx_local)
        selection = self._envs(envs_idx)
        return self._taken(readings.link_accelerations(bound.solver), selection, columns.key)

    def _links_quat(self, columns: Columns, selection: Selection) -> torch.Tensor:
        quat = self._bound.solver.arena.block_of("links_quat").get("links_quat")
        return selection.take(quat[:, columns.key])

    def _model(self, name: str, columns: Columns) -> torch.Tensor:
        """A constant of the model for each of the links."""
        own = self._bound.part.places["link"]
        return self._constant(name, [int(own[i]) + 1 for i in columns.indices])

    def _constant(self, name: str, elements: list[int]) -> torch.Tensor:
        """Some elements of one of MuJoCo's arrays."""
        runtime = self.scene._runtime
        value = torch.from_numpy(getattr(self._bound.solver.compiled.mj, name)[elements])
        return value.to(device=runtime.device, dtype=runtime.tc_float)

    def _com_offset(self, columns: Columns, quat: torch.Tensor) -> torch.Tensor:
        """From the origin of each link to its centre of mass, world axes, shape (…, n, 3)."""
        return geom.transform_by_quat(self._model("body_ipos", columns), quat)

    def _wrench_part(
        self, call: str, value: Any, links_idx_local: Any, envs_idx: Any, ref: str, local: bool
    ) -> tuple[Columns, Selection, torch.Tensor]:
        """A force or torque in world axes, shape (envs, n, 3)."""
        self._check_ref(call, ref)
        columns = self._bound.columns["link"](links_idx_local)
        selection = self._envs(envs_idx)
        shape = (len(columns.indices), 3)
        value = self._values(call, value, selection, shape, per_env=True, number=False)
        quat = self._links_quat(columns, selection)
        value = value.expand(len(quat), *shape)
        if local:
            if ref == "link_com":
                quat = geom.transform_quat_by_quat(self._model("body_iquat", columns), quat)
            value = geom.transform_by_quat(value, quat)
        return columns, selection, value

    def _add_wrench(self, columns: Columns, selection: Selection, wrench: torch.Tensor) -> None:
        block = self._bound.solver.arena.block_of("links_applied_force")
        before = selection.take(block.get("links_applied_force")[:, columns.key])
        self._write(selection, columns, {"links_applied_force": before + wrench})
