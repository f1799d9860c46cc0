"""What a compiled model uses and the rigid solver lacks, each named."""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np
from mujoco import (
    mjtBias,
    mjtDyn,
    mjtEnableBit,
    mjtEq,
    mjtGain,
    mjtGeom,
    mjtJoint,
    mjtTrn,
)

from genesis_state.solvers.rigid.collision import possible_pairs
from genesis_state.solvers.rigid.flags import constrains, passive
from genesis_state.solvers.rigid.tendons import acts, wrapped_geoms

JOINTS = {int(t): t.name.removeprefix("mjJNT_").lower() for t in mjtJoint.__members__.values()}

INTEGRATORS = ("mjINT_EULER", "mjINT_RK4", "mjINT_IMPLICITFAST")
SOLVERS = ("mjSOL_NEWTON", "mjSOL_CG")
TRANSMISSIONS = (
    "mjTRN_JOINT",
    "mjTRN_JOINTINPARENT",
    "mjTRN_SITE",
    "mjTRN_SLIDERCRANK",
    "mjTRN_BODY",
    "mjTRN_TENDON",
)
DYNAMICS = ("mjDYN_NONE", "mjDYN_INTEGRATOR", "mjDYN_FILTER", "mjDYN_FILTEREXACT")
GAINS = ("mjGAIN_FIXED", "mjGAIN_AFFINE")
BIASES = ("mjBIAS_NONE", "mjBIAS_AFFINE")
EQUALITIES = ("mjEQ_CONNECT", "mjEQ_WELD", "mjEQ_JOINT", "mjEQ_TENDON")
GEOMS = (
    "mjGEOM_PLANE",
    "mjGEOM_SPHERE",
    "mjGEOM_CAPSULE",
    "mjGEOM_ELLIPSOID",
    "mjGEOM_CYLINDER",
    "mjGEOM_BOX",
    "mjGEOM_MESH",
)

NAMED = 3  # elements that are named of those of which the same is said

# Every flag may be disabled. Some of them change nothing that we compute: sensors are not
# evaluated, there is one way to find contacts of convex shapes, and midphase, islands and the reset
# of bad states are not what our steps are made of. Enabling these changes nothing either, but for
# the override of contact parameters, which is carried out.
FREE_TO_ENABLE = ("mjENBL_OVERRIDE", "mjENBL_ENERGY", "mjENBL_FWDINV", "mjENBL_INVDISCRETE")


def unsupported(mj: mujoco.MjModel) -> list[str]:
    """Returns one sentence for each thing that the solver lacks, with the elements that use it.

    What is present but has no effect is not listed: a tendon without forces, a wind without air,
    and whatever there is where nothing can move.
    """
    if not mj.nv:
        return []
    found = [*_options(mj), *_others(mj), *_geoms(mj), *_joints(mj), *_tendons(mj)]
    return _together([*found, *_equalities(mj), *_actuators(mj)])


def colliding(mj: mujoco.MjModel) -> np.ndarray:
    """Which geoms may touch something, bool (ngeom,): by their bits, or named in a pair."""
    if not constrains(mj, "CONTACT"):
        return np.zeros(mj.ngeom, dtype=bool)
    touching = (mj.geom_contype != 0) | (mj.geom_conaffinity != 0)
    touching[mj.pair_geom1] = touching[mj.pair_geom2] = True
    return touching


def _lacking(enum: type, value: int, supported: tuple[str, ...]) -> str | None:
    """Short lower-case name of an enum value that is not supported, else None."""
    name = enum(value).name
    return None if name in supported else name.split("_", 1)[1].lower()


def _label(kind: str, element) -> str:
    return _called(kind, element.id, element.name)


def _called(kind: str, i: int, name: str | None) -> str:
    return f"{kind} '{name}'" if name else f"{kind} {i} (unnamed)"


def _together(sentences: list[str]) -> list[str]:
    """One sentence for all elements of which the same is said."""
    elements: dict[str, list[str]] = {}
    for sentence in sentences:
        element, _, said = sentence.rpartition(": ")
        elements.setdefault(said, []).append(element)
    return [_said_of(named, said) for said, named in elements.items()]


def _said_of(elements: list[str], said: str) -> str:
    if elements == [""]:
        return said
    more = f" and {len(elements) - NAMED} more" if len(elements) > NAMED else ""
    return f"{', '.join(elements[:NAMED])}{more}: {said}"


def _options(mj: mujoco.MjModel) -> Iterator[str]:
    opt = mj.opt
    if name := _lacking(mujoco.mjtIntegrator, opt.integrator, INTEGRATORS):
        yield f"option integrator '{name}' is not supported, set RigidOptions(integrator=...)"
    if name := _lacking(mujoco.mjtSolver, opt.solver, SOLVERS):
        yield f"option solver '{name}' is not supported, set RigidOptions(constraint_solver=...)"
    for name in ("density", "viscosity"):
        if getattr(opt, name) and passive(mj):
            yield f"option {name}: forces of a fluid are not supported"
    # A member without underscore counts the others.
    for name, bit in mjtEnableBit.__members__.items():
        if opt.enableflags & int(bit) and "_" in name and name not in FREE_TO_ENABLE:
            yield f"flag '{name.split('_', 1)[1].lower()}': enabling it is not supported"


def _others(mj: mujoco.MjModel) -> Iterator[str]:
    for kind, plural, count in (("flex", "flexes", mj.nflex), ("plugin", "plugins", mj.nplugin)):
        for i in range(count):
            name = mujoco.mj_id2name(mj, getattr(mujoco.mjtObj, f"mjOBJ_{kind.upper()}"), i)
            yield f"{_called(kind, i, name)}: {plural} are not supported"


def _geoms(mj: mujoco.MjModel) -> Iterator[str]:
    """A geom that no pair names, or none of whose pairs can move, may be anything."""
    pairs, explicit = possible_pairs(mj, None)
    for i in np.unique(pairs):
        label = _label("geom", mj.geom(i))
        if name := _lacking(mjtGeom, mj.geom_type[i], GEOMS):
            yield f"{label}: contact of type '{name}' is not supported"
        if mj.geom_adhesion[i]:
            yield f"{label}: adhesion is not supported"
        if mj.geom_surfacevel[i].any():
            yield f"{label}: a surface velocity is not supported"
    for i in explicit[explicit >= 0]:
        if mj.pair_adhesion[i].any():
            yield f"{_label('contact pair', mj.pair(i))}: adhesion is not supported"


def _joints(mj: mujoco.MjModel) -> Iterator[str]:
    for i in range(mj.njnt):
        label = _label("joint", mj.joint(i))
        if mj.jnt_plasticadr[i] >= 0 or mj.jnt_springyield[i]:
            yield f"{label}: a plastic spring is not supported"


def _tendons(mj: mujoco.MjModel) -> Iterator[str]:
    for i in range(mj.ntendon):
        label = _label("tendon", mj.tendon(i))
        if mj.tendon_plasticadr[i] >= 0 or mj.tendon_springyield[i]:
            yield f"{label}: a plastic spring is not supported"
        if acts(mj, i):
            for geom in wrapped_geoms(mj, i):
                kind = mjtGeom(mj.geom_type[geom]).name.split("_", 1)[1].lower()
                around = _label("geom", mj.geom(geom))
                yield f"{label}: wrapping around a {kind} is not supported ({around})"


def _equalities(mj: mujoco.MjModel) -> Iterator[str]:
    for i in range(mj.neq):
        if name := _lacking(mjtEq, mj.eq_type[i], EQUALITIES):
            yield f"{_label('equality', mj.equality(i))}: type '{name}' is not supported"


def _actuators(mj: mujoco.MjModel) -> Iterator[str]:
    for i in range(mj.nactuator):
        label = _label("actuator", mj.actuator(i))
        for what, enum, value, supported in (
            ("transmission", mjtTrn, mj.actuator_trntype[i], TRANSMISSIONS),
            ("dynamics", mjtDyn, mj.actuator_dyntype[i], DYNAMICS),
            ("gain", mjtGain, mj.actuator_gaintype[i], GAINS),
            ("bias", mjtBias, mj.actuator_biastype[i], BIASES),
        ):
            if name := _lacking(enum, value, supported):
                yield f"{label}: {what} '{name}' is not supported"
        for name, value in (
            ("delay", mj.actuator_delay[i]),
            ("history", mj.actuator_history[i, 0]),
        ):
            if np.any(value):
                yield f"{label}: {name} of an actuator is not supported"
