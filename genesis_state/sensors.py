"""Sensors that `scene.add_sensor` takes: what they measure, and where they sit.

They have no noise, delay or resolution: what they read is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

from genesis_state.options import Options, Vector


@dataclass(frozen=True, kw_only=True)
class RigidSensor(Options):
    """Base of all sensors: a frame fixed to a link.

    Attributes:
        entity_idx: Its entity, by its place in `scene.entities`.
        link_idx_local: Its link, by its place in `entity.links`.
        pos_offset: Its position in the frame of the link, or of the site [m].
        euler_offset: Its orientation there, as rotations about the fixed axes x, y, z in that
            order [degrees].
        site: Name of a site of the entity, which it sits on instead of the link's frame.
    """

    entity_idx: int
    link_idx_local: int = 0
    pos_offset: Vector = (0.0, 0.0, 0.0)
    euler_offset: Vector = (0.0, 0.0, 0.0)
    site: str | None = None

    def __post_init__(self):
        for name, needs in (
            ("entity_idx", "the place of an entity in scene.entities, 0 or more"),
            ("link_idx_local", "the place of a link in entity.links, 0 or more"),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or value < 0:
                raise self._refuse(name, needs)
            self._store(name, int(value))
        self._vector("pos_offset", 3, "three finite numbers in metres")
        self._vector("euler_offset", 3, "three finite angles in degrees")
        if self.site is not None:
            if not isinstance(self.site, str):
                raise self._refuse("site", "the name of a site, or None")
            if self.link_idx_local:
                raise self._refuse("site", "no link_idx_local beside it; the site has its link")


@dataclass(frozen=True, kw_only=True)
class IMU(RigidSensor):
    """Accelerometer and gyroscope, as MuJoCo's sensors of these names.

    `read()` gives `lin_acc`, shape (envs, 3) [m/s^2]: acceleration less that of free fall, so that
    a body at rest reads g upwards; and `ang_vel`, shape (envs, 3) [rad/s]; both in the sensor's
    axes. They are those of the state from which the last step began, its last substep, with the
    accelerations it found there, and zero before the first step.
    """


@dataclass(frozen=True, kw_only=True)
class JointForce(RigidSensor):
    """Force and torque between a link and its parent, as MuJoCo's sensors `force` and `torque`.

    `read()` gives `force`, shape (envs, 3) [N], and `torque` about the sensor's origin, shape
    (envs, 3) [N m], that the parent puts on the link, in the sensor's axes. They carry what the
    link and all below it need to move as they do, less what acts on them from outside: contacts,
    applied forces, connect and weld equalities, and tendons through sites. They are those of the
    moment that an IMU reads.
    """


@dataclass(frozen=True, kw_only=True)
class Contact(RigidSensor):
    """Whether a link touches anything: `read()` gives bools, shape (envs, 1)."""


@dataclass(frozen=True, kw_only=True)
class ContactForce(RigidSensor):
    """Sum of the contact forces on a link: `read()` gives it in the sensor's axes, (envs, 3) [N].

    Attributes:
        min_force: What a component has to reach in size to be read at all, one number or one for
            each axis [N].
        max_force: Size at which a component stops, likewise [N].
    """

    min_force: float | Vector = 0.0
    max_force: float | Vector = math.inf

    def __post_init__(self):
        super().__post_init__()
        least, most = self._sizes("min_force"), self._sizes("max_force")
        if any(a >= b for a, b in zip(least, most, strict=True)):
            raise self._refuse("min_force", f"less than max_force={most}")

    def _sizes(self, name: str) -> tuple[float, ...]:
        """Checks one number or three that are not negative, and stores three."""
        value = getattr(self, name)
        needs = "one number or three, none of them negative, in newtons"
        try:
            value = (value,) * 3 if isinstance(value, Real) else tuple(value)
            value = tuple(float(x) for x in value)
        except (TypeError, ValueError):
            raise self._refuse(name, needs) from None
        if len(value) != 3 or not all(x >= 0 for x in value):
            raise self._refuse(name, needs)
        self._store(name, value)
        return value
