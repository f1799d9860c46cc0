"""A URDF file as a MuJoCo model."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from genesis_state.geom import quat_to_R, transform_quat_by_quat, z_to_quat
from genesis_state.runtime import logger
from genesis_state.solvers.rigid import urdf_inertia
from genesis_state.solvers.rigid.urdf_inertia import DENSITY, Mass
from genesis_state.solvers.rigid.urdf_meshes import UrdfMeshes
from genesis_state.solvers.rigid.urdf_robot import Joint, Link, Robot, Shape
from genesis_state.solvers.rigid.urdf_text import read_urdf

GEOMS = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "sphere": mujoco.mjtGeom.mjGEOM_SPHERE,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
    "plane": mujoco.mjtGeom.mjGEOM_PLANE,
    "mesh": mujoco.mjtGeom.mjGEOM_MESH,
}
HINGE, SLIDE, BALL = (
    mujoco.mjtJoint.mjJNT_HINGE,
    mujoco.mjtJoint.mjJNT_SLIDE,
    mujoco.mjtJoint.mjJNT_BALL,
)
WORLD = "world"  # a root of this name is no link, but where the robot hangs


def urdf_model(name: str, path: Path, fixed: bool, density: float | None) -> mujoco.MjSpec:
    """Reads a file; says in the log what it put right.

    Args:
        name: The entity's name, for the log.
        path: The file.
        fixed: Whether its base is fixed to the world; otherwise that floats.
        density: Of links for which the file has no mass [kg/m^3].

    Raises:
        ValueError: Something in it cannot be understood; the message says which element.
    """
    maker = _Maker(read_urdf(path), path, fixed, DENSITY if density is None else density)
    spec = maker.model()
    for remark in maker.remarks():
        logger.warning("%s: %s: %s.", name, path, remark)
    return spec


def tell_overlaps(name: str, model: mujoco.MjModel) -> None:
    """Says in the log which links push each other apart from the first step on.

    Hulls of robots that were made for other shapes often do.

    Args:
        name: The entity's name.
        model: It, compiled by itself.
    """
    data = mujoco.MjData(model)
    mujoco.mj_fwdPosition(model, data)
    pairs = {
        tuple(sorted(model.geom_bodyid[contact.geom].tolist()))
        for contact in data.contact
        if contact.dist < 0
    }
    named = [f"{model.body(a).name} and {model.body(b).name}" for a, b in sorted(pairs) if a]
    if named:
        logger.warning(
            "%s: links overlap where they start, and push each other apart (%s); "
            "RigidOptions(enable_self_collision=False) lets them pass.",
            name,
            "; ".join(named),
        )


class _Maker:
    """Makes a model of what was read."""

    def __init__(self, robot: Robot, path: Path, fixed: bool, density: float):
        self._robot = robot
        self._path = path
        self._density = density
        self._spec = _settings(robot.extension)
        self._spec.modelname = path.stem
        self._spec.compiler.discardvisual = not robot.draws
        self._meshes = UrdfMeshes(self._spec, path.parent)
        self._above = robot.joint_above()
        self._below = robot.joints_below()
        self._geom_names: set[str] = set()
        self._remarks: dict[str, list[str]] = {}
        self._floating = self._free_root(fixed)

    def remarks(self) -> list[str]:
        """What was put right, one text for each kind."""
        own = {**self._meshes.remarks, **self._remarks}
        return [
            *self._robot.remarks,
            *(f"{what} ({'; '.join(dict.fromkeys(at))})" for what, at in own.items()),
        ]

    def _free_root(self, fixed: bool) -> str | None:
        """The link that gets a free joint."""
        if fixed:
            return None
        roots = self._tops()
        if len(roots) != 1:
            raise ValueError(f"it has the roots {roots}, pass fixed=True")
        joint = self._above.get(roots[0])
        if joint is not None and joint.kind == "floating":
            return None
        if joint is not None and joint.kind != "fixed":
            raise ValueError("it is rooted in the world, pass fixed=True")
        if any(shape.kind == "plane" for shape in self._robot.links[roots[0]].shapes):
            raise ValueError(f"link {roots[0]!r} has a <plane>, which cannot move, pass fixed=True")
        return roots[0]

    def _tops(self) -> list[str]:
        """Links that hang in the world."""
        roots = self._robot.roots()
        return [
            top
            for root in roots
            for top in ([joint.child for joint in self._below[root]] if root == WORLD else [root])
        ]

    def model(self) -> mujoco.MjSpec:
        """The model."""
        spec = self._spec
        for root in self._robot.roots():
            if root == WORLD:
                self._add_shapes(spec.worldbody, self._robot.links[root])
                for joint in self._below[root]:
                    self._add(spec.worldbody, joint.child, joint)
            else:
                self._add(spec.worldbody, root, None)
        scalar = {joint.name for joint in self._robot.joints if joint.kind in ("hinge", "slide")}
        for joint in self._robot.joints:
            mimic = joint.mimic
            if mimic is None or not {joint.name, mimic.joint} <= scalar:
                continue
            data = np.zeros(mujoco.mjNEQDATA)
            data[:2] = mimic.offset, mimic.multiplier
            spec.add_equality(
                name=f"mimic_{joint.name}_to_{mimic.joint}",
                type=mujoco.mjtEq.mjEQ_JOINT,
                objtype=mujoco.mjtObj.mjOBJ_JOINT,
                name1=joint.name,
                name2=mimic.joint,
                data=data,
            )
        return spec

    def _add(self, parent: Any, name: str, joint: Joint | None) -> None:
        link = self._robot.links[name]
        body = parent.add_body(name=name)
        if joint is not None:
            body.pos, body.quat = joint.place.pos, joint.place.quat
            self._add_joints(body, joint, top=parent.name == WORLD)
        if name == self._floating:
            body.add_freejoint(name="root_joint")
        self._add_shapes(body, link)
        mass = self._mass(link)
        if mass is not None:
            body.explicitinertial = True
            body.mass, body.ipos = mass.mass, mass.pos
            rows, columns = [0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]
            if mass.inertia.any():
                body.fullinertia = mass.inertia[rows, columns]
            else:
                body.inertia = np.zeros(3)
        for below in self._below[name]:
            self._add(body, below.child, below)

    # ---------------------------------------------------------------- joints

    def _add_joints(self, body: Any, joint: Joint, top: bool) -> None:
        name, found = joint.name, []
        if joint.kind == "floating" and top:
            # The file's own name; a free joint is only ever of a link that hangs in the world.
            body.add_freejoint(name=name)
        elif joint.kind == "floating":
            for axis, label in zip(np.eye(3), "XYZ", strict=True):
                found.append(body.add_joint(name=f"{name}_T{label}", type=SLIDE, axis=axis))
            found.append(body.add_joint(name=name, type=BALL))
        elif joint.kind == "planar":
            turn = quat_to_R(z_to_quat(joint.axis))
            for k, label in enumerate("XY"):
                found.append(body.add_joint(name=f"{name}_T{label}", type=SLIDE, axis=turn[:, k]))
            found.append(body.add_joint(name=f"{name}_RZ", type=HINGE, axis=joint.axis))
        elif joint.kind == "ball":
            found.append(body.add_joint(name=name, type=BALL))
        elif joint.kind in ("hinge", "slide"):
            kind = HINGE if joint.kind == "hinge" else SLIDE
            found.append(body.add_joint(name=name, type=kind, axis=joint.axis))
            if joint.range is not None:
                found[0].range = joint.range
            if joint.effort:
                found[0].actfrcrange = (-joint.effort, joint.effort)
        for one in found:
            # A polynomial's first coefficient where MuJoCo has one.
            damping = np.zeros(np.shape(one.damping))
            damping.flat[0] = joint.damping
            one.damping = damping
            one.frictionloss = joint.friction

    # ---------------------------------------------------------------- shapes

    def _add_shapes(self, body: Any, link: Link) -> None:
        for shape in link.shapes:
            if shape.visual and not self._robot.draws:
                continue
            geom = self._geom(link, shape)
            if geom is None:
                continue
            if shape.rgba is not None:
                geom["rgba"] = shape.rgba
            if shape.name and shape.name not in self._geom_names:
                self._geom_names.add(shape.name)
                geom["name"] = shape.name
            if shape.visual:
                body.add_geom(contype=0, conaffinity=0, group=1, mass=0.0, **geom)
            else:
                body.add_geom(contype=1, conaffinity=1, **geom)

    def _geom(self, link: Link, shape: Shape) -> dict[str, Any] | None:
        """A shape as `MjsBody.add_geom` takes it; None if it is only drawn and cannot be read."""
        geom = {"type": GEOMS[shape.kind], "pos": shape.place.pos, "quat": shape.place.quat}
        if shape.kind == "mesh":
            try:
                geom["meshname"] = self._meshes.asset(shape.file, shape.scale)["name"]
            except ValueError as error:
                if not shape.visual:
                    raise ValueError(f"<collision> of link {link.name!r}: {error}") from None
                self._remark("shapes that are only drawn are left out", str(error))
                return None
        elif shape.kind == "plane":
            if self._moves(link.name):
                raise ValueError(f"link {link.name!r} has a <plane>, which cannot move")
            geom["size"] = (0.0, 0.0, 1.0)
            geom["quat"] = transform_quat_by_quat(z_to_quat(shape.size), np.array(shape.place.quat))
        else:
            # MuJoCo takes half of every length, not of a radius.
            first = 0.5 if shape.kind == "box" else 1.0
            size = [shape.size[0] * first, *(0.5 * x for x in shape.size[1:])]
            geom["size"] = [*size, *[0.0] * (3 - len(size))]
            if shape.kind == "capsule" and size[1] == 0:
                geom["type"] = GEOMS["sphere"]
        return geom

    # ---------------------------------------------------------------- masses

    def _moves(self, name: str) -> bool:
        """Whether a link can move in the world."""
        joint = self._above.get(name)
        if name == self._floating:
            return True
        return joint is not None and (joint.kind != "fixed" or self._moves(joint.parent))

    def _leads(self, name: str) -> bool:
        """Whether a link is the first of those that move as one body."""
        joint = self._above.get(name)
        return name == self._floating or (joint is not None and joint.kind != "fixed")

    def _group(self, name: str) -> list[Link]:
        """A link and those that are fixed to it, outward."""
        fixed = [joint.child for joint in self._below[name] if joint.kind == "fixed"]
        return [self._robot.links[name], *(link for child in fixed for link in self._group(child))]

    def _mass(self, link: Link) -> Mass | None:
        """The mass that a link is given; None leaves it to its geoms."""
        inertial = link.inertial
        mass = None if inertial is None else inertial.mass
        if inertial is None or mass is None or mass == 0:
            return self._mass_without(link)
        if mass < 0:
            raise ValueError(f"link {link.name!r} has the mass {mass}, needs one that is positive")
        found = urdf_inertia.written(inertial, mass)
        valid = urdf_inertia.balanced(found.inertia)
        if valid is None:
            shape = self._of_shapes(link)
            if shape is None:
                self._remark_mass(
                    "links whose inertia is not positive get that of a ball of "
                    f"{urdf_inertia.FILLER_RADIUS} m",
                    link,
                )
                return urdf_inertia.filler(mass, found.pos.tolist())
            self._remark_mass("links whose inertia is not positive get that of their shape", link)
            pos = shape.pos if inertial.place is None else found.pos
            return Mass(mass, pos, shape.of_mass(mass).inertia)
        inertia, excess = valid
        if excess > urdf_inertia.TELL_FROM:
            self._remark_mass(
                "inertias in which one moment exceeds the other two's sum are cut to it", link
            )
        return Mass(mass, found.pos, inertia)

    def _mass_without(self, link: Link) -> Mass | None:
        """That of a link for which the file has none."""
        zero = link.inertial is not None and link.inertial.mass == 0
        needed = self._leads(link.name) and not any(
            self._weighs(other) for other in self._group(link.name) if other is not link
        )
        if not needed:
            return Mass(0.0, np.zeros(3), np.zeros((3, 3))) if zero else None
        if not zero and self._weighs(link):
            return None
        shape = self._of_shapes(link)
        if shape is not None:
            self._remark_mass("links that move and have no mass get that of their shape", link)
            return shape
        self._remark_mass(
            f"links that move and have no mass get {urdf_inertia.FILLER_MASS} kg", link
        )
        return urdf_inertia.filler()

    def _weighs(self, link: Link) -> bool:
        """Whether a link has mass of its own."""
        if link.inertial is not None and link.inertial.mass is not None:
            return link.inertial.mass > 0
        return any(not shape.visual and shape.kind != "plane" for shape in link.shapes)

    def _of_shapes(self, link: Link) -> Mass | None:
        """What a link's collision shapes weigh, or without those its visual ones."""
        for visual in (False, True):
            shapes = [s for s in link.shapes if s.visual is visual and s.kind != "plane"]
            pairs = [(shape, self._geom(link, shape)) for shape in shapes]
            geoms = [geom for _, geom in pairs if geom is not None]
            assets = [
                self._meshes.asset(shape.file, shape.scale)
                for shape, geom in pairs
                if geom is not None and shape.kind == "mesh"
            ]
            found = urdf_inertia.of_shapes(geoms, assets, self._density)
            if found is not None:
                return found
        return None

    def _remark_mass(self, what: str, link: Link) -> None:
        if self._moves(link.name):
            self._remark(what, link.name)

    def _remark(self, what: str, where: str) -> None:
        self._remarks.setdefault(what, []).append(where)


def _settings(extension: ET.Element | None) -> mujoco.MjSpec:
    """An empty model with the settings that a file has for MuJoCo."""
    root = ET.Element("mujoco")
    for element in () if extension is None else extension:
        if element.tag in ("compiler", "option", "size"):
            root.append(element)
    spec = mujoco.MjSpec.from_string(ET.tostring(root, encoding="unicode"))
    spec.compiler.degree = False
    return spec
