"""URDF text → links and joints, with what real files leave out or write otherwise put right."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

import numpy as np

from genesis_state.geom import euler_to_quat
from genesis_state.solvers.rigid.urdf_robot import (
    JOINT_KINDS,
    PRIMITIVES,
    Inertial,
    Joint,
    Link,
    Mimic,
    Numbers,
    Place,
    Robot,
    Shape,
)

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
OPTENV = re.compile(r"\$\(optenv\s+\w+\s*([^)]*)\)")  # what roslaunch fills in, with its default


def read_urdf(path: Path) -> Robot:
    """Reads a file.

    Raises:
        ValueError: It is no XML, no URDF, or has an element that cannot be understood.
    """
    return _Reader(_parsed(path)).robot()


def is_urdf(path: Path) -> bool:
    """Whether a file is URDF and not MJCF, which may have that ending too."""
    return _parsed(path).tag != "mujoco"


def _parsed(path: Path) -> ET.Element:
    """The file's element tree. Prefixes of names need no declaration, as often they have none."""
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    try:
        parser.Parse(path.read_bytes().strip(b"\0 \t\r\n"), True)
        return builder.close()
    except (expat.ExpatError, OSError, AssertionError) as error:
        raise ValueError(f"{error}") from None


class _Reader:
    """Reads one file; what it puts right is told once for each kind."""

    def __init__(self, root: ET.Element):
        self._root = root
        self._remarks: dict[str, list[str]] = {}

    def robot(self) -> Robot:
        root = self._root
        if any(element.tag.startswith("xacro:") for element in root.iter()):
            raise ValueError("it has xacro elements; expand it with xacro first")
        if root.tag != "robot":
            raise ValueError(f"its root element is <{root.tag}>, needs <robot>")
        compiler = root.find("mujoco/compiler")
        self._draws = compiler is not None and compiler.get("discardvisual", "") == "false"
        self._colors = dict(self._materials())
        links: dict[str, Link] = {}
        for element in root.findall("link"):
            link = self._link(element)
            if link.name in links:
                self._refuse(f"link {link.name!r}", "is there twice; rename one")
            links[link.name] = link
        if not links:
            others = ", ".join(dict.fromkeys(f"<{element.tag}>" for element in root)) or "nothing"
            raise ValueError(f"it has no links, only {others}")
        joints = [self._joint(element, links) for element in root.findall("joint")]
        self._check_tree(links, joints)
        return Robot(
            links,
            joints,
            root.find("mujoco"),
            self._draws,
            [f"{what} ({', '.join(dict.fromkeys(at))})" for what, at in self._remarks.items()],
        )

    # ---------------------------------------------------------------- links

    def _link(self, element: ET.Element) -> Link:
        name = self._required(element, "name", "a <link>")
        where = f"link {name!r}"
        rgba, shapes = None, []
        for child in element:
            if child.tag == "visual":
                rgba = self._color(child.find("material"), rgba)
            elif child.tag != "collision":
                continue
            shape = self._shape(child, where, rgba)
            if shape is not None:
                shapes.append(shape)
        inertial = element.find("inertial")
        found = None if inertial is None else self._inertial(inertial, where)
        return Link(name, found, tuple(shapes))

    def _inertial(self, element: ET.Element, where: str) -> Inertial:
        mass = element.find("mass")
        inertia = element.find("inertia")
        matrix = None
        if inertia is not None:
            xx, xy, xz, yy, yz, zz = (
                self._number(inertia, name, 0.0, where)
                for name in ("ixx", "ixy", "ixz", "iyy", "iyz", "izz")
            )
            matrix = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        return Inertial(
            None if element.find("origin") is None else self._place(element, where),
            None if mass is None else self._number(mass, "value", 0.0, where),
            matrix,
        )

    def _shape(self, element: ET.Element, where: str, rgba: Numbers | None) -> Shape | None:
        visual = element.tag == "visual"
        where = f"<{element.tag}> of {where}"
        try:
            return self._solid(element, where, rgba, visual)
        except ValueError as error:
            if not visual:
                raise
            self._remark("shapes that are only drawn are left out", str(error))
            return None

    def _solid(
        self, element: ET.Element, where: str, rgba: Numbers | None, visual: bool
    ) -> Shape | None:
        holder = element.find("geometry")
        found = [] if holder is None else [child.tag for child in holder]
        known = [tag for tag in found if tag in (*PRIMITIVES, "plane", "mesh")]
        if holder is None or not known:
            if found:
                names = ", ".join((*PRIMITIVES, "plane", "mesh"))
                self._refuse(where, f"has <{found[0]}> as its geometry, needs one of {names}")
            self._remark("shapes without a geometry are left out", where)
            return None
        kind, node = known[0], holder.find(known[0])
        assert node is not None
        size, file, scale = (), "", (1.0, 1.0, 1.0)
        if kind == "mesh":
            file = self._required(node, "filename", f"the mesh of {where}")
            scale = self._numbers(node, "scale", (1.0, 1.0, 1.0), where)
            if 0.0 in scale:
                self._refuse(where, f"has a mesh of scale {scale}, needs factors other than 0")
        elif kind == "plane":
            size = self._numbers(node, "normal", (0.0, 0.0, 1.0), where)
        else:
            for name, count in PRIMITIVES[kind].items():
                if not (node.get(name) or "").strip():
                    self._refuse(where, f"has a {kind} without {name}; give it in metres")
                size += self._numbers(node, name, (0.0,) * count, where)
            if min(size) < 0:
                self._refuse(where, f"has a {kind} of size {size}, needs positive lengths")
            # A capsule may be a ball.
            if min(size[:1] if kind == "capsule" else size) == 0:
                self._remark("shapes without extent are left out", where)
                return None
        name = (element.get("name") or "").strip()
        return Shape(kind, size, file, scale, self._place(element, where), name, rgba, visual)

    def _materials(self) -> Iterator[tuple[str, Numbers]]:
        """Colours by name; the first one counts."""
        seen = set()
        for element in self._root.iter("material"):
            name, color = element.get("name"), element.find("color")
            if name and color is not None and name not in seen:
                seen.add(name)
                yield name, self._rgba(color)

    def _color(self, material: ET.Element | None, before: Numbers | None) -> Numbers | None:
        if material is None:
            return before
        color = material.find("color")
        if color is not None:
            return self._rgba(color)
        return self._colors.get(material.get("name") or "", before)

    def _rgba(self, color: ET.Element) -> Numbers:
        try:
            return self._numbers(color, "rgba", (0.5, 0.5, 0.5, 1.0), "a colour")
        except ValueError as error:
            self._remark("colours are left out", str(error))
            return (0.5, 0.5, 0.5, 1.0)

    # ---------------------------------------------------------------- joints

    def _joint(self, element: ET.Element, links: dict[str, Link]) -> Joint:
        name = self._required(element, "name", "a <joint>")
        where = f"joint {name!r}"
        kind = self._required(element, "type", where).lower()
        if kind not in JOINT_KINDS:
            self._refuse(where, f"is of type {kind!r}, needs one of {', '.join(JOINT_KINDS)}")
        ends = []
        for tag in ("parent", "child"):
            end = element.find(tag)
            if end is None:
                self._refuse(where, f"has no <{tag}>; name the link")
            ends.append(self._required(end, "link", f"the {tag} of {where}"))
            if ends[-1] not in links:
                self._refuse(where, f"has as its {tag} {ends[-1]!r}, which is no link of the file")
        axis = (1.0, 0.0, 0.0)
        if kind in ("revolute", "continuous", "prismatic", "planar"):
            node = element.find("axis")
            if node is not None:
                axis = self._numbers(node, "xyz", axis, where)
            if math.hypot(*axis) < 1e-9:
                self._refuse(where, f"has the axis {axis}, needs a direction")
        effort, span = 0.0, None
        limit = element.find("limit")
        if limit is not None:
            effort = abs(self._number(limit, "effort", 0.0, where, infinite=True))
            if kind in ("revolute", "prismatic"):
                lower, upper = (
                    self._number(limit, side, 0.0, where, infinite=True)
                    for side in ("lower", "upper")
                )
                # Equal ones, and a lower one above the upper, say that there is no limit.
                if lower < upper and (math.isfinite(lower) or math.isfinite(upper)):
                    span = (max(lower, -1e10), min(upper, 1e10))
        dynamics = element.find("dynamics")
        damping, friction = (
            0.0 if dynamics is None else self._number(dynamics, key, 0.0, where)
            for key in ("damping", "friction")
        )
        if min(damping, friction) < 0:
            self._refuse(
                where, f"has damping {damping} and friction {friction}; make them positive"
            )
        mimic = element.find("mimic")
        return Joint(
            name,
            JOINT_KINDS[kind],
            ends[0],
            ends[1],
            self._place(element, where),
            axis,
            span,
            effort if math.isfinite(effort) else 0.0,
            damping,
            friction,
            None
            if mimic is None
            else Mimic(
                self._required(mimic, "joint", f"<mimic> of {where}"),
                self._number(mimic, "multiplier", 1.0, where),
                self._number(mimic, "offset", 0.0, where),
            ),
        )

    def _check_tree(self, links: dict[str, Link], joints: list[Joint]) -> None:
        names, above = set(), {}
        for joint in joints:
            where = f"joint {joint.name!r}"
            if joint.name in names:
                self._refuse(where, "is there twice; rename one")
            names.add(joint.name)
            if joint.child in above:
                self._refuse(
                    f"link {joint.child!r}",
                    f"hangs on the joints {above[joint.child].name!r} and {joint.name!r}; "
                    "a link has one",
                )
            above[joint.child] = joint
        for name in links:
            seen, at = {name}, name
            while at in above:
                at = above[at].parent
                if at in seen:
                    self._refuse(f"link {name!r}", "hangs on itself through a loop of joints")
                seen.add(at)
        scalar = {joint.name for joint in joints if joint.kind in ("hinge", "slide")}
        for joint in joints:
            if joint.mimic is None:
                continue
            other = joint.mimic.joint
            if other not in names or other == joint.name:
                self._refuse(f"joint {joint.name!r}", f"mimics {other!r}, which is no other joint")
            if not {joint.name, other} <= scalar:
                self._remark("<mimic> counts between joints of one dof only", joint.name)

    # ---------------------------------------------------------------- numbers and words

    def _place(self, element: ET.Element, where: str) -> Place:
        origin = element.find("origin")
        if origin is None:
            return Place()
        zero = (0.0, 0.0, 0.0)
        turn = np.degrees(self._numbers(origin, "rpy", zero, where))
        return Place(self._numbers(origin, "xyz", zero, where), tuple(euler_to_quat(turn).tolist()))

    def _number(
        self, element: ET.Element, name: str, default: float, where: str, infinite: bool = False
    ) -> float:
        return self._numbers(element, name, (default,), where, infinite)[0]

    def _numbers(
        self,
        element: ET.Element,
        name: str,
        default: Numbers,
        where: str,
        infinite: bool = False,
    ) -> Numbers:
        """An attribute's numbers; those that are missing at its end are the default's."""
        text = element.get(name) or ""
        words = OPTENV.sub(r"\1", text).replace(",", " ").split()
        try:
            found = tuple(float(word) for word in words)
        except ValueError:
            # What C reads of a word, as most readers of URDF do: "1.5." is 1.5.
            starts = [NUMBER.match(word) for word in words]
            if None in starts:
                self._refuse(where, f"has {name}={text!r}, needs numbers")
            found = tuple(float(start.group()) for start in starts if start)
            self._remark(f"of {name}={text!r} what begins as a number counts", where)
        if any(math.isnan(x) or (math.isinf(x) and not infinite) for x in found):
            self._refuse(where, f"has {name}={text!r}, needs finite numbers")
        if not found or len(found) == len(default):
            return found or default
        self._remark(f"{name} has another count of numbers than it should", where)
        if name == "scale" and len(found) == 1:
            return found * 3
        return found[: len(default)] + default[len(found) :]

    def _required(self, element: ET.Element, name: str, where: str) -> str:
        text = (element.get(name) or "").strip()
        if not text:
            self._refuse(where, f"has no {name}")
        return text

    def _refuse(self, where: str, problem: str) -> NoReturn:
        raise ValueError(f"{where} {problem}")

    def _remark(self, what: str, where: str) -> None:
        if self._draws or not where.startswith("<visual>"):
            self._remarks.setdefault(what, []).append(where)
