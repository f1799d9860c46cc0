"""Sensors in a scene: how they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from genesis_state import geom, sensors
from genesis_state.selection import select
from genesis_state.solvers.rigid import contact_readings
from genesis_state.solvers.rigid.solver import RigidSolver

if TYPE_CHECKING:
    from genesis_state.scene import Scene


class IMUData(NamedTuple):
    """What an IMU reads, in its axes, shape (envs, 3) each."""

    lin_acc: torch.Tensor
    ang_vel: torch.Tensor


class JointForceData(NamedTuple):
    """What a joint force sensor reads, in its axes, shape (envs, 3) each."""

    force: torch.Tensor
    torque: torch.Tensor


class RigidSensorReader:
    """A sensor in a scene. `scene.add_sensor` makes it; it answers once the scene is built.

    Readings are part of the state: after a reset or a restore they are what they were when the
    state was taken.

    Attributes:
        options: What it was declared as.
        idx: Its place in `scene.sensors`.
    """

    def __init__(self, scene: Scene, options: sensors.RigidSensor, idx: int):
        self.scene = scene
        self.options = options
        self.idx = idx

    def read(self, envs_idx: Any = None) -> Any:
        """Its reading; what that is says its kind in `gs.sensors`.

        Args:
            envs_idx: Environments: None for all, indices, or a mask of length n_envs.
        """
        self.scene._require_built()
        solver = self.scene.rigid_solver
        selection = select(envs_idx, self.scene.n_envs, self.scene.device)
        taken = tuple(selection.take(value) for value in self._measure(solver))
        return self._shaped(*(rows if self.scene.batched else rows[0] for rows in taken))

    def read_ground_truth(self, envs_idx: Any = None) -> Any:
        """The same: there is no noise."""
        return self.read(envs_idx)

    def _measure(self, solver: RigidSolver) -> tuple[torch.Tensor, ...]:
        """Readings of all environments."""
        raise NotImplementedError

    def _shaped(self, *values: torch.Tensor) -> Any:
        """What `read` returns."""
        return values[0]

    def _link(self, solver: RigidSolver) -> slice:
        """Its link among the scene's."""
        link = solver.sensors.bodies[self.idx] - 1
        return slice(link, link + 1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.options!r})"


class IMUSensor(RigidSensorReader):
    """Reads a `gs.sensors.IMU`."""

    def _measure(self, solver: RigidSolver) -> tuple[torch.Tensor, ...]:
        place = solver.sensors.places[self.idx]
        return tuple(solver.arena.get(name)[:, place] for name in ("imu_lin_acc", "imu_ang_vel"))

    def _shaped(self, *values: torch.Tensor) -> IMUData:
        return IMUData(*values)


class JointForceSensor(RigidSensorReader):
    """Reads a `gs.sensors.JointForce`."""

    def _measure(self, solver: RigidSolver) -> tuple[torch.Tensor, ...]:
        place = solver.sensors.places[self.idx]
        names = ("joint_wrench_force", "joint_wrench_torque")
        return tuple(solver.arena.get(name)[:, place] for name in names)

    def _shaped(self, *values: torch.Tensor) -> JointForceData:
        return JointForceData(*values)


class ContactSensor(RigidSensorReader):
    """Reads a `gs.sensors.Contact`."""

    def _measure(self, solver: RigidSolver) -> tuple[torch.Tensor, ...]:
        link = contact_readings.marks(solver, self._link(solver))
        ids, _numbers = contact_readings.contacts(solver, link, None, False)
        return ((ids[..., 4] != 0).any(-1, keepdim=True),)


class ContactForceSensor(RigidSensorReader):
    """Reads a `gs.sensors.ContactForce`."""

    options: sensors.ContactForce

    def _measure(self, solver: RigidSolver) -> tuple[torch.Tensor, ...]:
        link = self._link(solver)
        force = contact_readings.link_contact_forces(solver, link)[:, 0]
        offset = force.new_tensor(solver.sensors.quat[self.idx]).expand(len(force), 4)
        quat = geom.transform_quat_by_quat(offset, solver.arena.get("links_quat")[:, link.start])
        force = geom.inv_transform_by_quat(force, quat)
        least = force.new_tensor(self.options.min_force)
        most = force.new_tensor(self.options.max_force)
        force = force.clamp(-most, most)
        return (force.masked_fill(force.abs() < least, 0.0),)


READERS: dict[type[sensors.RigidSensor], type[RigidSensorReader]] = {
    sensors.IMU: IMUSensor,
    sensors.JointForce: JointForceSensor,
    sensors.Contact: ContactSensor,
    sensors.ContactForce: ContactForceSensor,
}
