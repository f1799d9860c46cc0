"""What a URDF file holds, as plain data."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field

import numpy as np

# How many numbers each primitive's attributes hold.
PRIMITIVES = {
    "box": {"size": 3},
    "sphere": {"radius": 1},
    "cylinder": {"radius": 1, "length": 1},
    "capsule": {"radius": 1, "length": 1},
}
JOINT_KINDS = {
    "revolute": "hinge",
    "continuous": "hinge",
    "prismatic": "slide",
    "fixed": "fixed",
    "floating": "floating",
    "planar": "planar",
    "spherical": "ball",
    "ball": "ball",
}

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class Place:
    """An `<origin>`: position [m] and orientation (w, x, y, z), in the frame it is written in."""

    pos: Numbers = (0.0, 0.0, 0.0)
    quat: Numbers = (1.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Shape:
    """A `<visual>` or `<collision>`.

    Attributes:
        kind: A key of `PRIMITIVES`, "plane" or "mesh".
        size: What the primitive's attributes hold, in their order [m]; the normal of a plane.
        file: Path of the mesh as the file has it.
        scale: Factors of the mesh for x, y and z.
        place: Where it is on its link.
        name: Its name, or empty.
        rgba: Colour of the last visual before it, or None.
        visual: Whether it is only drawn.
    """

    kind: str
    size: Numbers
    file: str
    scale: Numbers
    place: Place
    name: str
    rgba: Numbers | None
    visual: bool


@dataclass(frozen=True)
class Inertial:
    """An `<inertial>`.

    Attributes:
        place: The frame of `inertia` on the link; None if the file does not say.
        mass: Mass [kg], or None.
        inertia: Shape (3, 3) [kg m^2], or None.
    """

    place: Place | None
    mass: float | None
    inertia: np.ndarray | None


@dataclass(frozen=True)
class Link:
    """A `<link>`."""

    name: str
    inertial: Inertial | None
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Mimic:
    """A joint that follows another: position = multiplier times the other's plus offset."""

    joint: str
    multiplier: float
    offset: float


@dataclass(frozen=True)
class Joint:
    """A `<joint>`.

    Attributes:
        kind: A value of `JOINT_KINDS`.
        range: Lower and upper limit [rad or m], or None.
        effort: Most force or torque of an actuator [N or N m], 0 for any.
    """

    name: str
    kind: str
    parent: str
    child: str
    place: Place
    axis: Numbers
    range: tuple[float, float] | None
    effort: float
    damping: float
    friction: float
    mimic: Mimic | None


@dataclass(frozen=True)
class Robot:
    """A file's links and joints.

    Attributes:
        links: By name, in the file's order.
        joints: In the file's order.
        extension: Its `<mujoco>` element, MuJoCo's own settings, or None.
        draws: Whether what is only drawn is kept: by default MuJoCo drops that of URDF.
        remarks: What was put right, for the log.
    """

    links: dict[str, Link]
    joints: list[Joint]
    extension: ET.Element | None
    draws: bool
    remarks: list[str] = field(default_factory=list)

    def joint_above(self) -> dict[str, Joint]:
        """By name of a link, the joint that holds it."""
        return {joint.child: joint for joint in self.joints}

    def joints_below(self) -> dict[str, list[Joint]]:
        """By name of a link, the joints that hang on it."""
        found: dict[str, list[Joint]] = {link: [] for link in self.links}
        for joint in self.joints:
            found[joint.parent].append(joint)
        return found

    def roots(self) -> list[str]:
        """Links that no joint holds."""
        held = self.joint_above()
        return [name for name in self.links if name not in held]
