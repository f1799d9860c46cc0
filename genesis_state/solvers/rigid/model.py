"""Entities in, one compiled MuJoCo model out, with what belongs to which entity."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from genesis_state import morphs
from genesis_state.geom import z_to_quat
from genesis_state.materials import Rigid
from genesis_state.options import RigidOptions, SimOptions
from genesis_state.solvers.rigid.unsupported import JOINTS, unsupported

# MuJoCo's option for each of ours.
SOLVER_OPTIONS = {
    "integrator": "integrator",
    "solver": "constraint_solver",
    "iterations": "iterations",
    "tolerance": "tolerance",
    "ls_iterations": "ls_iterations",
    "ls_tolerance": "ls_tolerance",
}

# What moves an entity, per family: the arrays that its signature digests.
DYNAMICS = {
    "link": "body_pos body_quat body_ipos body_iquat body_mass body_inertia body_gravcomp",
    "joint": "jnt_type jnt_pos jnt_axis jnt_limited jnt_range jnt_margin jnt_stiffness jnt_solref "
    "jnt_solimp jnt_actfrclimited jnt_actfrcrange jnt_actgravcomp",
    "dof": "dof_armature dof_damping dof_frictionloss dof_solref dof_solimp",
    "q": "qpos0 qpos_spring",
    "actuator": "actuator_trntype actuator_dyntype actuator_gaintype actuator_biastype "
    "actuator_dynprm actuator_gainprm actuator_biasprm actuator_gear actuator_ctrllimited "
    "actuator_ctrlrange actuator_forcelimited actuator_forcerange actuator_actlimited "
    "actuator_actrange actuator_actearly",
}
EQUALITIES = "eq_type eq_obj1id eq_obj2id eq_objtype eq_active0 eq_data eq_solref eq_solimp"


@dataclass(frozen=True)
class EntitySpec:
    """An entity as it was added: its name in the scene, its shape and what it is made of."""

    name: str
    morph: morphs.Morph
    material: Rigid


@dataclass(frozen=True)
class EntityRange:
    """Where an entity's elements lie in the model's arrays; every range is half-open.

    Links are MuJoCo's bodies without the world: link i is body i + 1. Names are the entity's own;
    MuJoCo's name has the entity's name and a slash before it. What the file leaves unnamed is
    called `link_<i>`, `joint_<i>` or `actuator_<i>`, counted within the entity. Geoms that a file
    fixes to the world belong to no entity.
    """

    name: str
    links: tuple[str, ...]
    joints: tuple[str, ...]
    actuators: tuple[str, ...]
    link_start: int
    link_end: int
    joint_start: int
    joint_end: int
    dof_start: int
    dof_end: int
    q_start: int
    q_end: int
    actuator_start: int
    actuator_end: int
    geom_start: int
    geom_end: int

    def at(self, family: str) -> slice:
        """The range of a family: "link", "joint", "dof", "q", "actuator" or "geom"."""
        return slice(getattr(self, f"{family}_start"), getattr(self, f"{family}_end"))


@dataclass(frozen=True)
class RigidModel:
    """All rigid entities of a scene, compiled.

    Attributes:
        mj: The model, everything in it supported by the solver.
        entities: One range for each entity, in the order they were added.
        signature: (key, value) pairs of text that are equal for scenes that move alike.
    """

    mj: mujoco.MjModel
    entities: tuple[EntityRange, ...]
    signature: tuple[tuple[str, str], ...]


def compile_model(
    entities: Sequence[EntitySpec], sim: SimOptions, rigid: RigidOptions
) -> RigidModel:
    """Compiles entities into one model.

    Raises:
        FileNotFoundError: A model file is missing.
        ValueError: Two entities have one name, a file cannot be compiled, files disagree on an
            option that is not set, or a model uses what the solver lacks; the message says where.
    """
    _check_names(entities)
    if rigid.dt is not None and rigid.dt != sim.dt:
        raise ValueError(
            f"RigidOptions: dt={rigid.dt}, SimOptions has dt={sim.dt}; set it in SimOptions alone."
        )
    spec = mujoco.MjSpec()
    # Also a link that cannot move against its parent is a link that users ask for.
    spec.compiler.fusestatic = False
    children = [_child(entity) for entity in entities]
    with warnings.catch_warnings():
        # What an attached model loses is merged or scaled here, but for how it is drawn.
        warnings.filterwarnings("ignore", message="(?s).*Attach conflict")
        alone = [_compile_alone(e, child) for e, child in zip(entities, children, strict=True)]
        options = _merge_options(entities, children, rigid)
        for name, value in options.items():
            setattr(spec.option, name, value)
        spec.option.timestep = sim.dt / sim.substeps
        spec.option.gravity = sim.gravity
        for entity, child in zip(entities, children, strict=True):
            for name in (*options, "timestep", "gravity"):
                setattr(child.option, name, getattr(spec.option, name))
            frame = spec.worldbody.add_frame(pos=entity.morph.pos, quat=entity.morph.quat)
            spec.attach(child, prefix=f"{entity.name}/", frame=frame)
        try:
            mj = spec.compile()
        except ValueError as error:
            raise ValueError(f"The scene cannot be compiled: {_one_line(error)}") from None
    if reasons := unsupported(mj):
        raise ValueError(f"The rigid solver cannot simulate this scene: {'; '.join(reasons)}.")
    ranges = _ranges(entities, alone, mj)
    if not rigid.enable_joint_limit:
        mj.jnt_limited[:] = False
    return RigidModel(mj, ranges, _signature(entities, ranges, mj))


def _check_names(entities: Sequence[EntitySpec]) -> None:
    names = [entity.name for entity in entities]
    for name in names:
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(f"Entity name {name!r}: needs a text that has no slash.")
        if names.count(name) > 1:
            raise ValueError(
                f"Entity name {name!r}: given to {names.count(name)}, needs to be one's own."
            )


def _child(entity: EntitySpec) -> mujoco.MjSpec:
    """One entity as a model of its own, with what its morph and material ask for."""
    morph, material = entity.morph, entity.material
    if isinstance(morph, morphs.FileMorph):
        child = _from_file(entity.name, morph)
    elif isinstance(morph, morphs.Primitive):
        child = _primitive(morph)
    else:
        raise TypeError(f"{entity.name}: {type(morph).__name__} is not a morph of rigid entities.")
    for geom in child.geoms:
        if material.rho is not None and np.isnan(geom.mass):
            geom.density = material.rho
        if not morph.collision:
            geom.contype = geom.conaffinity = 0
    if material.gravity_compensation is not None:
        for body in child.bodies[1:]:
            body.gravcomp = material.gravity_compensation
    return child


def _from_file(name: str, morph: morphs.FileMorph) -> mujoco.MjSpec:
    path = morphs.find_file(morph.file)
    try:
        child = mujoco.MjSpec.from_file(str(path))
    except (ValueError, OSError) as error:
        raise ValueError(f"{name}: {path} cannot be read: {_one_line(error)}") from None
    child.compiler.fusestatic = False
    _drop_reserves(child)
    if isinstance(morph, morphs.URDF):
        known = [body.name for body in child.bodies]
        if missing := [link for link in morph.links_to_keep if link not in known]:
            raise ValueError(f"{name}: {path} has no links {missing} to keep, only {known[1:]}.")
        root = child.worldbody.first_body()
        if root is None:
            raise ValueError(f"{name}: {path} has no links.")
        if not morph.fixed:
            if root.joints or child.worldbody.next_body(root) is not None:
                raise ValueError(f"{name}: {path} is rooted in the world, pass fixed=True.")
            root.add_freejoint(name="root_joint")
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


def _primitive(morph: morphs.Primitive) -> mujoco.MjSpec:
    shape: dict[str, Any]
    if isinstance(morph, morphs.Box) and morph.size is not None:
        shape = {"type": mujoco.mjtGeom.mjGEOM_BOX, "size": [x / 2 for x in morph.size]}
    elif isinstance(morph, morphs.Sphere):
        shape = {"type": mujoco.mjtGeom.mjGEOM_SPHERE, "size": [morph.radius, 0, 0]}
    elif isinstance(morph, morphs.Capsule):
        size = [morph.radius, morph.height / 2, 0]
        shape = {"type": mujoco.mjtGeom.mjGEOM_CAPSULE, "size": size}
    elif isinstance(morph, morphs.Plane):
        # An edge length of zero is MuJoCo's word for infinite.
        shape = {"type": mujoco.mjtGeom.mjGEOM_PLANE, "size": [0, 0, 1]}
        shape["quat"] = z_to_quat(morph.normal)
    else:
        raise TypeError(f"{type(morph).__name__} is not a primitive morph of rigid entities.")
    kind = type(morph).__name__.lower()
    child = mujoco.MjSpec()
    body = child.worldbody.add_body(name=f"{kind}_baselink")
    if not morph.fixed:
        body.add_freejoint(name=f"{kind}_baselink_joint")
    body.add_geom(name=kind, **shape)
    return child


def _compile_alone(entity: EntitySpec, child: mujoco.MjSpec) -> mujoco.MjModel:
    """Compiles one entity by itself: finds its mistakes by name, and counts its elements."""
    total, child.compiler.settotalmass = child.compiler.settotalmass, -1
    try:
        model = child.compile()
        if total > 0:
            # Attaching drops this one setting, so it is carried out here.
            _scale_masses(child, total / model.body_mass.sum())
            model = child.compile()
    except ValueError as error:
        source = getattr(entity.morph, "file", type(entity.morph).__name__)
        raise ValueError(
            f"{entity.name}: {source} cannot be compiled: {_one_line(error)}"
        ) from None
    return model


def _scale_masses(child: mujoco.MjSpec, factor: float) -> None:
    for geom in child.geoms:
        geom.mass *= factor
        geom.density *= factor
    for body in child.bodies[1:]:
        body.mass *= factor
        body.inertia *= factor
        body.fullinertia *= factor


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _shown(option: str, value: Any) -> str:
    enums = {"integrator": mujoco.mjtIntegrator, "solver": mujoco.mjtSolver}
    if option not in enums:
        return str(value)
    return enums[option](value).name.split("_", 1)[1].lower()


def _plain(value: Any) -> Any:
    return tuple(value.tolist()) if isinstance(value, np.ndarray) else value


def _merge_options(
    entities: Sequence[EntitySpec], children: Sequence[mujoco.MjSpec], rigid: RigidOptions
) -> dict[str, Any]:
    """The value of every MuJoCo option but time step and gravity.

    A value that differs from MuJoCo's default counts as set by the file.
    """
    default = mujoco.MjSpec().option
    merged = {}
    for name in (n for n in dir(default) if not n.startswith("_")):
        if name in ("timestep", "gravity"):
            continue
        ours = SOLVER_OPTIONS.get(name)
        given = getattr(rigid, ours) if ours else None
        if given is not None:
            merged[name] = int(given) if name in ("integrator", "solver") else given
            continue
        usual = _plain(getattr(default, name))
        values = [
            (e.name, _plain(getattr(c.option, name)))
            for e, c in zip(entities, children, strict=True)
        ]
        chosen = [(entity, value) for entity, value in values if value != usual]
        for entity, value in chosen[1:]:
            if value != chosen[0][1]:
                remedy = f"set RigidOptions({ours}=...)" if ours else "change one of the files"
                raise ValueError(
                    f"Option {name}: {chosen[0][0]!r} has {_shown(name, chosen[0][1])}, "
                    f"{entity!r} has {_shown(name, value)}; {remedy}."
                )
        merged[name] = chosen[0][1] if chosen else usual
    return merged


def _names(elements: list, kind: str) -> tuple[str, ...]:
    """Names without the entity's prefix, made up where there is none."""
    return tuple(
        element.name.split("/", 1)[1] if element.name else f"{kind}_{i}"
        for i, element in enumerate(elements)
    )


def _ranges(
    entities: Sequence[EntitySpec], alone: Sequence[mujoco.MjModel], mj: mujoco.MjModel
) -> tuple[EntityRange, ...]:
    """Entities lie one after the other, each with as many elements as it has alone."""
    at = dict.fromkeys(("link", "joint", "dof", "q", "actuator", "geom"), 0)
    at["geom"] = int((mj.geom_bodyid == 0).sum())
    ranges = []
    for entity, model in zip(entities, alone, strict=True):
        start = dict(at)
        at["link"] += model.nbody - 1
        at["joint"] += model.njnt
        at["dof"] += model.nv
        at["q"] += model.nq
        at["actuator"] += model.nactuator
        at["geom"] += int((model.geom_bodyid > 0).sum())
        ranges.append(
            EntityRange(
                name=entity.name,
                links=_names([mj.body(i + 1) for i in range(start["link"], at["link"])], "link"),
                joints=_names([mj.joint(i) for i in range(start["joint"], at["joint"])], "joint"),
                actuators=_names(
                    [mj.actuator(i) for i in range(start["actuator"], at["actuator"])], "actuator"
                ),
                **{f"{family}_start": start[family] for family in at},
                **{f"{family}_end": at[family] for family in at},
            )
        )
    return tuple(ranges)


def _digest(arrays: Sequence[np.ndarray]) -> str:
    """A short hash of numbers to six digits, so that one compiler's last bit does not matter."""
    digest = hashlib.sha256()
    for array in arrays:
        value = np.asarray(array, dtype=float)
        # The sign of zero says nothing; 0.0 is added to lose it.
        digest.update(repr([float(f"{x:.6g}") + 0.0 for x in value.ravel()]).encode())
    return digest.hexdigest()[:16]


def _signature(
    entities: Sequence[EntitySpec], ranges: Sequence[EntityRange], mj: mujoco.MjModel
) -> tuple[tuple[str, str], ...]:
    opt = mj.opt
    pairs = [
        ("rigid step", f"{opt.timestep:.9g} s, gravity {_plain(opt.gravity)} m/s^2"),
        (
            "rigid solver",
            f"{_shown('integrator', opt.integrator)}, {opt.iterations} iterations to "
            f"{opt.tolerance:g}, line search {opt.ls_iterations} to {opt.ls_tolerance:g}",
        ),
    ]
    for entity, part in zip(entities, ranges, strict=True):
        parents = np.maximum(mj.body_parentid[1:][part.at("link")] - 1 - part.link_start, -1)
        bodies = mj.jnt_bodyid[part.at("joint")] - 1 - part.link_start
        targets = mj.actuator_trnid[part.at("actuator"), 0] - part.joint_start
        kinds = [JOINTS[int(t)] for t in mj.jnt_type[part.at("joint")]]
        joints = [f"{j} ({k})" for j, k in zip(part.joints, kinds, strict=True)]
        key = f"entity {part.name}"
        pairs += [
            (key, type(entity.morph).__name__),
            (f"{key} links", ", ".join(part.links)),
            (f"{key} joints", ", ".join(joints)),
            (f"{key} actuators", ", ".join(part.actuators)),
            (f"{key} size", f"nq {part.q_end - part.q_start}, nv {part.dof_end - part.dof_start}"),
        ]
        arrays = [parents, bodies, targets]
        for family, names in DYNAMICS.items():
            # The world is body 0 and no link.
            skip = 1 if family == "link" else 0
            arrays += [getattr(mj, name)[skip:][part.at(family)] for name in names.split()]
        pairs.append((f"{key} dynamics", _digest(arrays)))
    pairs.append(
        ("equalities", f"{mj.neq}, {_digest([getattr(mj, name) for name in EQUALITIES.split()])}")
    )
    return tuple(pairs)
