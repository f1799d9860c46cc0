"""Entities in, one compiled MuJoCo model out, with what belongs to which entity."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import mujoco
import numpy as np

from genesis_state.morphs import URDF, FileMorph, Morph
from genesis_state.options import RigidOptions, SimOptions
from genesis_state.solvers.rigid.attachment import carrying_body, make_attachable, name_bodies
from genesis_state.solvers.rigid.entity_range import EntityRange, entity_ranges
from genesis_state.solvers.rigid.entity_spec import EntitySpec, entity_model
from genesis_state.solvers.rigid.signature import plain, shown, signature
from genesis_state.solvers.rigid.unsupported import unsupported
from genesis_state.text import one_line

# A frame's scale changes shapes and inertia, and leaves forces, gains, springs and dampers.
GEOMETRY = mujoco.mjtScaling.mjSCALING_GEOMETRY

_log = logging.getLogger("genesis_state")

# MuJoCo's option for each of ours.
SOLVER_OPTIONS = {
    "integrator": "integrator",
    "solver": "constraint_solver",
    "iterations": "iterations",
    "tolerance": "tolerance",
    "ls_iterations": "ls_iterations",
    "ls_tolerance": "ls_tolerance",
    "noslip_iterations": "noslip_iterations",
    "noslip_tolerance": "noslip_tolerance",
    "cone": "cone",
    "impratio": "impratio",
}


@dataclass(frozen=True)
class RigidModel:
    """All rigid entities of a scene, compiled.

    Attributes:
        mj: The model, everything in it supported by the solver.
        entities: One range for each entity, in the order they were added.
        world_geoms: For each entity, how many geoms its file fixes to the world; these come first
            of all geoms, in the same order.
        self_collision: Whether links of one entity may touch each other.
        signature: (key, value) pairs of text that are equal for scenes that move alike.
    """

    mj: mujoco.MjModel
    entities: tuple[EntityRange, ...]
    world_geoms: tuple[int, ...]
    self_collision: bool
    signature: tuple[tuple[str, str], ...]

    def body_entities(self) -> np.ndarray:
        """For each of MuJoCo's bodies the index of its entity, -1 for the world, shape (nbody,)."""
        owners = np.full(self.mj.nbody, -1)
        for i, part in enumerate(self.entities):
            owners[1:][part.at("link")] = i
        return owners

    def body_robots(self) -> np.ndarray:
        """Like `body_entities`, with an entity that is attached counted as what carries it."""
        names = [part.name for part in self.entities]
        carriers = np.arange(-1, len(names))
        for i, part in enumerate(self.entities):
            if part.parent is not None:
                carriers[i + 1] = carriers[names.index(part.parent) + 1]
        return carriers[self.body_entities() + 1]

    def geom_entities(self) -> np.ndarray:
        """For each of MuJoCo's geoms the index of the entity it came with, shape (ngeom,)."""
        owners = self.body_entities()[self.mj.geom_bodyid]
        owners[: sum(self.world_geoms)] = np.repeat(range(len(self.entities)), self.world_geoms)
        return owners


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
    children = [entity_model(entity) for entity in entities]
    with warnings.catch_warnings():
        # What an attached model loses is merged or scaled here, but for how it is drawn.
        warnings.filterwarnings("ignore", message="(?s).*Attach conflict")
        alone = [_compile_alone(e, child) for e, child in zip(entities, children, strict=True)]
        if rigid.enable_collision and rigid.enable_self_collision:
            for entity, model in zip(entities, alone, strict=True):
                if isinstance(entity.morph, URDF) and entity.morph.collision:
                    from genesis_state.solvers.rigid.urdf_model import tell_overlaps

                    tell_overlaps(entity.name, model)
        options = _merge_options(entities, children, rigid)
        for flag, given in (
            (mujoco.mjtDisableBit.mjDSBL_CONTACT, not rigid.enable_collision),
            (mujoco.mjtDisableBit.mjDSBL_FILTERPARENT, rigid.enable_adjacent_collision),
        ):
            options["disableflags"] |= int(flag) * given
        for name, value in options.items():
            setattr(spec.option, name, value)
        spec.option.timestep = sim.dt / sim.substeps
        spec.option.gravity = sim.gravity
        for entity, child in zip(entities, children, strict=True):
            for name in (*options, "timestep", "gravity"):
                setattr(child.option, name, getattr(spec.option, name))
            _attach(spec, entity, child, _scale_of(entity.attached, entities))
        try:
            mj = spec.compile()
        except ValueError as error:
            raise ValueError(f"The scene cannot be compiled: {one_line(error)}") from None
    if reasons := unsupported(mj):
        raise ValueError(f"The rigid solver cannot simulate this scene: {'; '.join(reasons)}.")
    ranges = entity_ranges(entities, alone, mj)
    if not rigid.enable_joint_limit:
        mj.jnt_limited[:] = False
    kinds = [type(entity.morph).__name__ for entity in entities]
    inside = rigid.enable_self_collision
    world_geoms = tuple(int(model.body_geomnum[0]) for model in alone)
    found = signature(kinds, ranges, mj, self_collision=inside)
    return RigidModel(mj, ranges, world_geoms, inside, found)


def _check_names(entities: Sequence[EntitySpec]) -> None:
    names = [entity.name for entity in entities]
    for name in names:
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(f"Entity name {name!r}: needs a text that has no slash.")
        if names.count(name) > 1:
            raise ValueError(
                f"Entity name {name!r}: given to {names.count(name)}, needs to be one's own."
            )


def _compile_alone(entity: EntitySpec, child: mujoco.MjSpec) -> mujoco.MjModel:
    """Compiles one entity by itself: finds its mistakes by name, and counts its elements."""
    total, child.compiler.settotalmass = child.compiler.settotalmass, -1
    try:
        if entity.attached is not None:
            make_attachable(entity.name, child)
        model = child.compile()
        if total > 0:
            # Attaching drops this one setting, so it is carried out here.
            _scale_masses(child, total / model.body_mass.sum())
            model = child.compile()
        name_bodies(child)
    except ValueError as error:
        source = getattr(entity.morph, "file", type(entity.morph).__name__)
        raise ValueError(f"{entity.name}: {source} cannot be compiled: {one_line(error)}") from None
    return model


def _scale_of(attached: tuple[str, str | None] | None, entities: Sequence[EntitySpec]) -> float:
    """The scale of what an entity is attached to."""
    found = (entity.morph for entity in entities if attached and entity.name == attached[0])
    return _scale(next(found, None))


def _scale(morph: Morph | None) -> float:
    return morph.scale if isinstance(morph, FileMorph) else 1.0


def _attach(
    spec: mujoco.MjSpec, entity: EntitySpec, child: mujoco.MjSpec, carrier_scale: float
) -> None:
    """Adds an entity's model to that of the scene.

    Args:
        spec: The scene's.
        entity: The entity.
        child: Its model.
        carrier_scale: The scale of what it is attached to, which MuJoCo takes for it as well.
    """
    carrier = spec.worldbody if entity.attached is None else carrying_body(spec, entity)
    pos = [x / carrier_scale for x in entity.morph.pos]
    frame = carrier.add_frame(pos=pos, quat=entity.morph.quat)
    scale = _scale(entity.morph) / carrier_scale
    if scale != 1.0:
        # Lengths with the scale, masses with its cube, inertias with its fifth power.
        frame.scale = (scale,) * 3
        frame.scaling = GEOMETRY
    try:
        spec.attach(child, prefix=f"{entity.name}/", frame=frame)
    except ValueError as error:
        raise ValueError(f"{entity.name}: cannot be added: {one_line(error)}") from None


def _scale_masses(child: mujoco.MjSpec, factor: float) -> None:
    for geom in child.geoms:
        geom.mass *= factor
        geom.density *= factor
    for body in child.bodies[1:]:
        body.mass *= factor
        body.inertia *= factor
        body.fullinertia *= factor


def _replace_pgs(entities: Sequence[EntitySpec], children: Sequence[mujoco.MjSpec]) -> None:
    """Newton's method in the place of PGS: both seek the least of one and the same cost."""
    pgs, newton = int(mujoco.mjtSolver.mjSOL_PGS), int(mujoco.mjtSolver.mjSOL_NEWTON)
    for entity, child in zip(entities, children, strict=True):
        if child.option.solver == pgs:
            child.option.solver = newton
            _log.info("%s: its file asks for the solver PGS; Newton solves the same.", entity.name)


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
            merged[name] = int(given) if isinstance(given, IntEnum) else given
            continue
        if name == "solver":
            _replace_pgs(entities, children)
        usual = plain(getattr(default, name))
        values = [
            (e.name, plain(getattr(c.option, name)))
            for e, c in zip(entities, children, strict=True)
        ]
        chosen = [(entity, value) for entity, value in values if value != usual]
        for entity, value in chosen[1:]:
            if value != chosen[0][1]:
                remedy = f"set RigidOptions({ours}=...)" if ours else "change one of the files"
                raise ValueError(
                    f"Option {name}: {chosen[0][0]!r} has {shown(name, chosen[0][1])}, "
                    f"{entity!r} has {shown(name, value)}; {remedy}."
                )
        merged[name] = chosen[0][1] if chosen else usual
    return merged
