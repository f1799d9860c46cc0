"""Text that is equal for scenes that move alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import mujoco
import numpy as np
from mujoco import mjtTrn, mjtWrap

from genesis_state.solvers.rigid.actuators import disabled_actuators
from genesis_state.solvers.rigid.constants import gravity
from genesis_state.solvers.rigid.dofs import drives_joint
from genesis_state.solvers.rigid.entity_range import EntityRange, joint_texts
from genesis_state.solvers.rigid.flags import disabled, enabled
from genesis_state.solvers.rigid.tendons import acts, path
from genesis_state.solvers.rigid.unsupported import colliding

# What moves an entity, per family: the arrays that its signature digests. Only those geoms count
# that can touch; of the others the link has their mass.
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
    "geom": "geom_type geom_size geom_pos geom_quat geom_contype geom_conaffinity geom_condim "
    "geom_priority geom_friction geom_solmix geom_solref geom_solimp geom_margin geom_gap",
}
# Likewise of what few models have; an array of zeros is left out.
RARE_DYNAMICS = {
    "joint": "jnt_stiffnesspoly",
    "dof": "dof_dampingpoly",
    "actuator": "actuator_damping actuator_dampingpoly actuator_armature actuator_cranklength",
}
# What disabled flags leave out.
FLAGS = {
    "CONTACT": "contacts",
    "FILTERPARENT": "no contacts with the parent",
    "CONSTRAINT": "constraints",
    "EQUALITY": "equalities",
    "FRICTIONLOSS": "dry friction",
    "LIMIT": "limits",
    "SPRING": "springs",
    "DAMPER": "dampers",
    "EULERDAMP": "implicit damping",
    "CLAMPCTRL": "clipped controls",
    "ACTUATION": "actuators",
    "WARMSTART": "a warm start",
    "REFSAFE": "safe references",
    "MULTICCD": "several contacts of convex shapes",
}
EQUALITIES = "eq_type eq_obj1id eq_obj2id eq_objtype eq_active0 eq_data eq_solref eq_solimp"
TENDONS = (
    "tendon_stiffness tendon_stiffnesspoly tendon_lengthspring tendon_damping tendon_dampingpoly "
    "tendon_armature tendon_frictionloss tendon_solref_fri tendon_solimp_fri tendon_limited "
    "tendon_range tendon_margin tendon_solref_lim tendon_solimp_lim tendon_actfrclimited "
    "tendon_actfrcrange"
)
PAIRS = "pair_dim pair_friction pair_solref pair_solreffriction pair_solimp pair_margin pair_gap"


def signature(
    kinds: Sequence[str],
    ranges: Sequence[EntityRange],
    mj: mujoco.MjModel,
    *,
    self_collision: bool,
) -> tuple[tuple[str, str], ...]:
    """(key, value) pairs of a model.

    Args:
        kinds: For each entity the name of its morph's class.
        ranges: Where each entity lies.
        mj: The model.
        self_collision: Whether links of one entity may touch each other.
    """
    touching = colliding(mj)
    pairs = [
        ("rigid step", f"{mj.opt.timestep:.9g} s, gravity {plain(gravity(mj))} m/s^2"),
        ("rigid solver", _solver(mj, self_collision)),
    ]
    for kind, part in zip(kinds, ranges, strict=True):
        parents = part.local("link", mj.body_parentid[1:][part.at("link")] - 1)
        bodies = part.local("link", mj.jnt_bodyid[part.at("joint")] - 1)
        targets, frames = _targets(mj, part)
        key = f"entity {part.name}"
        pairs += [
            (key, kind),
            (f"{key} links", ", ".join(part.links)),
            (f"{key} joints", ", ".join(joint_texts(part, mj))),
            (f"{key} actuators", ", ".join(part.actuators)),
            (f"{key} size", f"nq {len(part.places['q'])}, nv {len(part.places['dof'])}"),
        ]
        if part.parent is not None:
            base = mj.body(int(part.places["link"][0]) + 1)
            pairs.append((f"{key} attached to", mj.body(int(base.parentid[0])).name))
        arrays = [parents, bodies, targets]
        for family, names in DYNAMICS.items():
            # The world is body 0 and no link.
            skip = 1 if family == "link" else 0
            if family != "geom":
                arrays += [getattr(mj, name)[skip:][part.at(family)] for name in names.split()]
        for family, names in RARE_DYNAMICS.items():
            for name in names.split():
                values = getattr(mj, name)[part.at(family)]
                arrays += [[len(arrays)], values] if values.any() else []
        for marks in (
            disabled_actuators(mj)[part.at("actuator")],
            mj.body_mocapid[1:][part.at("link")] >= 0,
        ):
            arrays += [[len(arrays)], marks] if marks.any() else []
        arrays += [*frames, *_tendons(mj, part)]
        own = np.arange(mj.ngeom)[part.at("geom")]
        own = own[touching[own]]
        arrays += [part.local("link", mj.geom_bodyid[own] - 1), *_geoms(mj, own)]
        pairs.append((f"{key} dynamics", _digest(arrays)))
    fixed = np.flatnonzero(touching & (mj.geom_bodyid == 0))
    rank = np.cumsum(touching) - 1
    named = [rank[mj.pair_geom1], rank[mj.pair_geom2], *_arrays(mj, PAIRS)]
    return (
        *pairs,
        ("equalities", f"{mj.neq}, {_digest([*_arrays(mj, EQUALITIES), *_tied_sites(mj)])}"),
        ("geoms of the world", f"{len(fixed)}, {_digest(_geoms(mj, fixed))}"),
        ("contact pairs", f"{mj.npair}, {_digest(named)}"),
        ("contact exclusions", f"{mj.nexclude}, {_digest([mj.exclude_signature])}"),
    )


def shown(option: str, value: Any) -> str:
    """A value of a MuJoCo option as text."""
    enums = {
        "integrator": mujoco.mjtIntegrator,
        "solver": mujoco.mjtSolver,
        "cone": mujoco.mjtCone,
    }
    if option not in enums:
        return str(value)
    return enums[option](value).name.split("_", 1)[1].lower()


def plain(value: Any) -> Any:
    """An array as a tuple, everything else as it is."""
    return tuple(value.tolist()) if isinstance(value, np.ndarray) else value


def _solver(mj: mujoco.MjModel, self_collision: bool) -> str:
    opt = mj.opt
    off = {what: disabled(mj, flag) for flag, what in FLAGS.items()}
    off["contacts within an entity"] = not self_collision
    override = ""
    if enabled(mj, "OVERRIDE"):
        names = ("o_margin", "o_solref", "o_solimp", "o_friction")
        override = f", contacts with {[plain(getattr(opt, name)) for name in names]}"
    noslip = ""
    if opt.noslip_iterations:
        noslip = f", noslip {opt.noslip_iterations} to {opt.noslip_tolerance:g}"
    return (
        f"{shown('integrator', opt.integrator)}, {shown('solver', opt.solver)}, "
        f"{opt.iterations} iterations to {opt.tolerance:g}, "
        f"line search {opt.ls_iterations} to {opt.ls_tolerance:g}, "
        f"{shown('cone', opt.cone)} cones, impratio {opt.impratio:g}{noslip}"
        + "".join(f", without {what}" for what, is_off in off.items() if is_off)
        + override
    )


def _tied_sites(mj: mujoco.MjModel) -> list[np.ndarray]:
    """Where the sites are that equalities tie together."""
    of_sites = mj.eq_objtype == mujoco.mjtObj.mjOBJ_SITE
    sites = np.concatenate([mj.eq_obj1id[of_sites], mj.eq_obj2id[of_sites]])
    return [mj.site_bodyid[sites], mj.site_pos[sites], mj.site_quat[sites]] if len(sites) else []


def _targets(mj: mujoco.MjModel, part: EntityRange) -> tuple[np.ndarray, list[np.ndarray]]:
    """What an entity's actuators act on, counted within it; of sites where these are."""
    targets, frames = [], []
    for k, u in enumerate(part.places["actuator"]):
        first, second = mj.actuator_trnid[u]
        if drives_joint(mj, u):
            targets.append(part.local("joint", first))
            continue
        if mj.actuator_trntype[u] == mjtTrn.mjTRN_TENDON:
            targets.append(part.local("tendon", first))
            continue
        targets.append(-1)
        if mj.actuator_trntype[u] == mjtTrn.mjTRN_BODY:
            targets[-1] = part.local("link", first - 1)
            continue
        for site in (first, second) if second >= 0 else (first,):
            frames.append(np.array([k, part.local("link", mj.site_bodyid[site] - 1)]))
            frames += [mj.site_pos[site], mj.site_quat[site]]
    return np.array(targets), frames


def _tendons(mj: mujoco.MjModel, part: EntityRange) -> list[np.ndarray]:
    """An entity's tendons that do anything: their parameters, and what their paths go along."""
    arrays = []
    for number, t in enumerate(part.places["tendon"]):
        if not acts(mj, t):
            continue
        arrays.append(np.array([number]))
        arrays += [array[t] for array in _arrays(mj, TENDONS)]
        for k in path(mj, t):
            target = mj.wrap_objid[k]
            place = [mj.wrap_type[k], mj.wrap_prm[k]]
            if mj.wrap_type[k] == mjtWrap.mjWRAP_JOINT:
                place.append(part.local("joint", target))
            elif mj.wrap_type[k] == mjtWrap.mjWRAP_SITE:
                place.append(part.local("link", mj.site_bodyid[target] - 1))
                place += mj.site_pos[target].tolist()
            arrays.append(np.array(place))
    return arrays


def _arrays(mj: mujoco.MjModel, names: str) -> list[np.ndarray]:
    return [getattr(mj, name) for name in names.split()]


def _geoms(mj: mujoco.MjModel, geoms: np.ndarray) -> list[np.ndarray]:
    """What makes these geoms touch as they do, with the hulls of their meshes."""
    arrays = [array[geoms] for array in _arrays(mj, DYNAMICS["geom"])]
    meshes = mj.geom_dataid[geoms][mj.geom_type[geoms] == mujoco.mjtGeom.mjGEOM_MESH]
    return [*arrays, *(_hull(mj, int(mesh)) for mesh in meshes)]


def _hull(mj: mujoco.MjModel, mesh: int) -> np.ndarray:
    """Vertices of a mesh's convex hull."""
    start = mj.mesh_graphadr[mesh]
    if start < 0:
        return np.zeros((0, 3))
    # Two counts, one number for each vertex of the hull, then which of the mesh's they are.
    count = mj.mesh_graph[start]
    which = mj.mesh_graph[start + 2 + count :][:count]
    return mj.mesh_vert[mj.mesh_vertadr[mesh] + which]


def geoms_digest(mj: mujoco.MjModel, geoms: np.ndarray) -> str:
    """A short hash of where geoms are on which bodies, and of their shapes."""
    return _digest([mj.geom_bodyid[geoms], *_geoms(mj, geoms)])


def _digest(arrays: Iterable[np.ndarray]) -> str:
    """A short hash of numbers to six digits, so that one compiler's last bit does not matter."""
    digest = hashlib.sha256()
    for array in arrays:
        value = np.asarray(array, dtype=float)
        # What is left of sums that cancel is nothing, and so is the sign of zero.
        value = np.where(np.abs(value) < 1e-14, 0.0, value)
        digest.update(repr([float(f"{x:.6g}") for x in value.ravel()]).encode())
    return digest.hexdigest()[:16]
