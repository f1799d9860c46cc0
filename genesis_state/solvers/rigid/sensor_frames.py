"""Declared sensors → frames on bodies of the compiled model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genesis_state.geom import euler_to_quat, transform_by_quat, transform_quat_by_quat
from genesis_state.sensors import IMU, JointForce, RigidSensor
from genesis_state.solvers.rigid.model import RigidModel

# The dims of those kinds whose readings the step has to write.
WRITTEN: dict[type[RigidSensor], str] = {IMU: "imu", JointForce: "joint_wrench"}


class SensorFrames:
    """Where the sensors of a scene sit.

    Args:
        declared: The sensors, in the order they were added.
        model: The compiled model.

    Attributes:
        bodies: MuJoCo's body of each.
        pos, quat: The frame of each within its body.
        places: Place of each among those of its kind.

    Raises:
        IndexError, KeyError: A link or site is not there; the message says which there are.
    """

    def __init__(self, declared: Sequence[RigidSensor], model: RigidModel):
        self._declared = tuple(declared)
        self._model = model
        frames = [self._frame(i, sensor) for i, sensor in enumerate(declared)]
        self.bodies = [body for body, _pos, _quat in frames]
        self.pos = np.array([pos for _body, pos, _quat in frames]).reshape(-1, 3)
        self.quat = np.array([quat for _body, _pos, quat in frames]).reshape(-1, 4)
        kinds = [type(sensor) for sensor in declared]
        self.places = [kinds[:i].count(kind) for i, kind in enumerate(kinds)]

    def counts(self) -> dict[str, int]:
        """How many there are of each kind that the step writes, by dim."""
        return {dim: len(self._of(kind)) for kind, dim in WRITTEN.items()}

    def constants(self) -> dict[str, np.ndarray]:
        """Value of every variable of role `model`, by its name in the schema."""
        found = {}
        for kind, dim in WRITTEN.items():
            own = self._of(kind)
            found[f"{dim}_body"] = np.array(self.bodies, dtype=int)[own]
            found[f"{dim}_pos"] = self.pos[own]
            found[f"{dim}_quat"] = self.quat[own]
        return found

    def signature(self) -> tuple[tuple[str, str], ...]:
        """What readings in a state must agree on, as (key, value) pairs; none without sensors."""
        pairs = []
        for kind, dim in WRITTEN.items():
            for place, i in enumerate(self._of(kind)):
                frame = (*self.pos[i], *self.quat[i])
                where = ", ".join(f"{x if abs(x) > 1e-14 else 0.0:.6g}" for x in frame)
                body = self._model.mj.body(self.bodies[i]).name
                pairs.append((f"sensor {dim} {place}", f"on {body} at {where}"))
        return tuple(pairs)

    def _of(self, kind: type[RigidSensor]) -> list[int]:
        return [i for i, sensor in enumerate(self._declared) if type(sensor) is kind]

    def _frame(self, i: int, sensor: RigidSensor) -> tuple[int, np.ndarray, np.ndarray]:
        """Body, position and orientation of sensor `i`."""
        mj, part = self._model.mj, self._model.entities[sensor.entity_idx]
        what = f"sensor {i}, {type(sensor).__name__}"
        pos, quat = np.zeros(3), np.array([1.0, 0.0, 0.0, 0.0])
        if sensor.site is not None:
            if sensor.site not in part.sites:
                known = ", ".join(part.sites) or "none"
                raise KeyError(f"{what}: {part.name} has no site {sensor.site!r}; it has {known}.")
            site = int(part.places["site"][part.sites.index(sensor.site)])
            body, pos, quat = int(mj.site_bodyid[site]), mj.site_pos[site], mj.site_quat[site]
        elif sensor.link_idx_local < len(part.links):
            body = int(part.places["link"][sensor.link_idx_local]) + 1
        else:
            raise IndexError(
                f"{what}: link_idx_local is {sensor.link_idx_local}, out of range for the "
                f"{len(part.links)} links of {part.name}."
            )
        return (
            body,
            pos + transform_by_quat(np.array(sensor.pos_offset), quat),
            transform_quat_by_quat(euler_to_quat(np.array(sensor.euler_offset)), quat),
        )
