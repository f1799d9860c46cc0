"""One entity, with its morph and material, as a MuJoCo model of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from genesis_state import morphs
from genesis_state.geom import z_to_quat
from genesis_state.materials import Rigid
from genesis_state.solvers.rigid.mesh_asset import add_mesh
from genesis_state.text import one_line

NO_CONTACT = int(mujoco.mjtDisableBit.mjDSBL_CONTACT)


@dataclass(frozen=True)
class EntitySpec:
    """An entity as it was added.

    Attributes:
        name: Its name in the scene.
        morph: Its shape.
        material: What it is made of.
        attached: Name of the entity that carries it, which comes before it, and of the link, None
            for the last one; or None.
    """

    name: str
    morph: morphs.Morph
    material: Rigid
    attached: tuple[str, str | None] | None = None


def entity_model(entity: EntitySpec) -> mujoco.MjSpec:
    """One entity as a model of its own, with what its morph and material ask for."""
    morph, material = entity.morph, entity.material
    if isinstance(morph, morphs.FileMorph):
        child = _from_file(entity.name, morph, material.rho)
    elif isinstance(morph, morphs.Primitive):
        child = _primitive(entity.name, morph)
    else:
        raise TypeError(f"{entity.name}: {type(morph).__name__} is not a morph of rigid entities.")
    for geom in child.geoms:
        if material.rho is not None and np.isnan(geom.mass):
            geom.density = material.rho
        if material.friction is not None:
            geom.friction[0] = material.friction
    # Whether contacts are computed is the scene's to say; a file speaks for its own geoms only.
    if not morph.collision or child.option.disableflags & NO_CONTACT:
        child.option.disableflags &= ~NO_CONTACT
        for geom in child.geoms:
            geom.contype = geom.conaffinity = 0
        for pair in list(child.pairs):
            child.delete(pair)
    if material.gravity_compensation is not None:
        for body in child.bodies[1:]:
            body.gravcomp = material.gravity_compensation
    _leave_out_what_draws_the_world(child)
    return child


def _leave_out_what_draws_the_world(child: mujoco.MjSpec) -> None:
    """Lights and cameras that look at the world, and skins, which may hang on it.

    MuJoCo gives what they name the entity's name as well, and then does not find it.
    """
    looking = (x for x in (*child.lights, *child.cameras) if x.targetbody == "world")
    for element in [*looking, *child.skins]:
        child.delete(element)


def _from_urdf(
    name: str, morph: morphs.URDF, path: Path, density: float | None
) -> mujoco.MjSpec | None:
    """A robot that a URDF file describes; None if it is MJCF under that ending."""
    from genesis_state.solvers.rigid.urdf_model import urdf_model
    from genesis_state.solvers.rigid.urdf_text import is_urdf

    return urdf_model(name, path, morph.fixed, density) if is_urdf(path) else None


def _from_file(name: str, morph: morphs.FileMorph, density: float | None) -> mujoco.MjSpec:
    path = morphs.find_file(morph.file)
    try:
        child = _from_urdf(name, morph, path, density) if isinstance(morph, morphs.URDF) else None
        if child is None:
            child = mujoco.MjSpec.from_file(str(path))
    except (ValueError, OSError) as error:
        said = one_line(error).rstrip(".")
        raise ValueError(f"{name}: {path} cannot be read: {said}.") from None
    child.compiler.fusestatic = False
    _drop_reserves(child)
    if isinstance(morph, morphs.URDF):
        known = [body.name for body in child.bodies]
        if missing := [link for link in morph.links_to_keep if link not in known]:
            raise ValueError(f"{name}: {path} has no links {missing} to keep, only {known[1:]}.")
        if child.worldbody.first_body() is None:
            raise ValueError(f"{name}: {path} has no links.")
    if morph.default_armature is not None:
        for joint in child.joints:
            if joint.type != mujoco.mjtJoint.mjJNT_FREE and not joint.armature:
                joint.armature = morph.default_armature
    return child


def _drop_reserves(child: mujoco.MjSpec) -> None:
    """Removes room kept for keyframes and user data, and keyframes that have no name.

    Two of those would have one name once they are attached.
    """
    child.nkey = 0
    for key in [key for key in child.keys if not key.name]:
        child.delete(key)
    for name in (n for n in dir(child) if n.startswith("nuser_")):
        setattr(child, name, -1)


def _primitive(name: str, morph: morphs.Primitive) -> mujoco.MjSpec:
    child = mujoco.MjSpec()
    kind = type(morph).__name__.lower()
    shape: dict[str, Any]
    if isinstance(morph, morphs.Box) and morph.size is not None:
        shape = {"type": mujoco.mjtGeom.mjGEOM_BOX, "size": [x / 2 for x in morph.size]}
    elif isinstance(morph, morphs.Sphere):
        shape = {"type": mujoco.mjtGeom.mjGEOM_SPHERE, "size": [morph.radius, 0, 0]}
    elif isinstance(morph, morphs.Capsule):
        size = [morph.radius, morph.height / 2, 0]
        shape = {"type": mujoco.mjtGeom.mjGEOM_CAPSULE, "size": size}
    elif isinstance(morph, morphs.Cylinder):
        size = [morph.radius, morph.height / 2, 0]
        shape = {"type": mujoco.mjtGeom.mjGEOM_CYLINDER, "size": size}
    elif isinstance(morph, morphs.Mesh):
        kind = morphs.find_file(morph.file).name.replace(".", "_")
        add_mesh(child, name, kind, morph)
        shape = {"type": mujoco.mjtGeom.mjGEOM_MESH, "meshname": kind}
    elif isinstance(morph, morphs.Plane):
        # An edge length of zero is MuJoCo's word for infinite.
        shape = {"type": mujoco.mjtGeom.mjGEOM_PLANE, "size": [0, 0, 1]}
        shape["quat"] = z_to_quat(morph.normal)
    else:
        raise TypeError(f"{name}: {type(morph).__name__} is not a morph of rigid entities.")
    body = child.worldbody.add_body(name=f"{kind}_baselink")
    if not morph.fixed:
        body.add_freejoint(name=f"{kind}_baselink_joint")
    contype, conaffinity = (_signed(bits) for bits in (morph.contype, morph.conaffinity))
    body.add_geom(name=kind, contype=contype, conaffinity=conaffinity, **shape)
    return child


def _signed(bits: int) -> int:
    """32 bits as MuJoCo's signed integer."""
    return bits - 2**32 if bits >= 2**31 else bits
