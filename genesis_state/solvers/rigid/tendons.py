"""Compiled MuJoCo model → what kernels need of its tendons, and how many there are of everything.

A path is a list of joints with coefficients, or of segments from site to site. A tendon that wraps
around a geom has none, and may be there only if it does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np
from mujoco import mjtEq, mjtTrn, mjtWrap

from genesis_state.solvers.rigid.flags import constrains, disabled

WRAPPED = {int(mjtWrap.mjWRAP_SPHERE): "sphere", int(mjtWrap.mjWRAP_CYLINDER): "cylinder"}


def path(mj: mujoco.MjModel, t: int) -> range:
    """Where the path of tendon `t` lies in MuJoCo's `wrap_*` arrays."""
    return range(mj.tendon_adr[t], mj.tendon_adr[t] + mj.tendon_num[t])


def wrapped_geoms(mj: mujoco.MjModel, t: int) -> list[int]:
    """The geoms that tendon `t` wraps around."""
    return [int(mj.wrap_objid[k]) for k in path(mj, t) if int(mj.wrap_type[k]) in WRAPPED]


def acts(mj: mujoco.MjModel, t: int) -> bool:
    """Whether tendon `t` has any effect: it pulls, resists, or something pulls on it."""
    own = (
        mj.tendon_stiffness,
        mj.tendon_stiffnesspoly,
        mj.tendon_damping,
        mj.tendon_dampingpoly,
        mj.tendon_frictionloss,
        mj.tendon_armature,
        mj.tendon_limited,
    )
    coupled = mj.eq_type == mjtEq.mjEQ_TENDON
    ends = np.concatenate([mj.eq_obj1id[coupled], mj.eq_obj2id[coupled]])
    return any(np.any(array[t]) for array in own) or t in ends or t in driven_tendons(mj)


def driven_tendons(mj: mujoco.MjModel) -> np.ndarray:
    """The tendon of each actuator that drives one."""
    return mj.actuator_trnid[mj.actuator_trntype == mjtTrn.mjTRN_TENDON, 0]


def tendon_armature(mj: mujoco.MjModel) -> np.ndarray:
    """Inertia along each tendon, that of its actuators included, shape (ntendon,) [kg]."""
    return mj.tendon_armature + _of_actuators(mj, mj.actuator_armature)


def _springs(mj: mujoco.MjModel, values: np.ndarray) -> np.ndarray:
    """Stiffnesses, none where the model switches springs off."""
    return np.zeros_like(values) if disabled(mj, "SPRING") else values


def _dampers(mj: mujoco.MjModel, values: np.ndarray, actuators: np.ndarray) -> np.ndarray:
    """Dampings with those of actuators, none where the model switches dampers off."""
    total = values + _of_actuators(mj, actuators)
    return np.zeros_like(total) if disabled(mj, "DAMPER") else total


def _of_actuators(mj: mujoco.MjModel, values: np.ndarray) -> np.ndarray:
    """What actuators add to each tendon of theirs: `values` times the squared gear."""
    total = np.zeros((mj.ntendon, *values.shape[1:]))
    for u in np.flatnonzero(mj.actuator_trntype == mjtTrn.mjTRN_TENDON):
        total[mj.actuator_trnid[u, 0]] += values[u] * mj.actuator_gear[u, 0] ** 2
    return total


def tendon_constants(mj: mujoco.MjModel) -> dict[str, np.ndarray]:
    """Value of every variable of role `model` in `TendonState`, by name."""
    columns = [tendon_columns(mj, t) for t in range(mj.ntendon)]
    sizes = np.array([len(own) for own in columns], dtype=int)
    starts = np.cumsum(sizes) - sizes
    joints = [
        (t, mj.jnt_qposadr[j], starts[t] + columns[t].index(mj.jnt_dofadr[j]), mj.wrap_prm[k])
        for t in range(mj.ntendon)
        for k in path(mj, t)
        if mj.wrap_type[k] == mjtWrap.mjWRAP_JOINT
        for j in [mj.wrap_objid[k]]
    ]
    segments = [(t, *ends) for t in range(mj.ntendon) for ends in _segments(mj, t)]
    of, first, second, scale = (
        np.array([segment[k] for segment in segments], dtype=float if k == 3 else int)
        for k in range(4)
    )
    named = np.array(joints, dtype=float).reshape(-1, 4).T
    return {
        "tendon_J_start": starts,
        "tendon_J_size": sizes,
        "tendon_J_column": np.array([i for own in columns for i in own], dtype=int),
        "tendon_joint_of": named[0],
        "tendon_joint_q": named[1],
        "tendon_joint_entry": named[2],
        "tendon_joint_coef": named[3],
        "tendon_segment_of": of,
        "tendon_segment_body1": mj.site_bodyid[first],
        "tendon_segment_body2": mj.site_bodyid[second],
        "tendon_segment_pos1": mj.site_pos[first],
        "tendon_segment_pos2": mj.site_pos[second],
        "tendon_segment_scale": scale,
        "tendon_stiffness": _springs(mj, mj.tendon_stiffness),
        "tendon_stiffness_poly": _springs(mj, mj.tendon_stiffnesspoly),
        "tendon_rest_range": mj.tendon_lengthspring,
        "tendon_damping": _dampers(mj, mj.tendon_damping, mj.actuator_damping),
        "tendon_damping_poly": _dampers(mj, mj.tendon_dampingpoly, mj.actuator_dampingpoly),
        "tendon_armature": tendon_armature(mj),
        "tendon_frictionloss": mj.tendon_frictionloss,
        "tendon_friction_solref": mj.tendon_solref_fri,
        "tendon_friction_solimp": mj.tendon_solimp_fri,
        "tendon_limited": mj.tendon_limited,
        "tendon_range": mj.tendon_range,
        "tendon_margin": mj.tendon_margin,
        "tendon_limit_solref": mj.tendon_solref_lim,
        "tendon_limit_solimp": mj.tendon_solimp_lim,
        "tendon_act_force_limited": mj.tendon_actfrclimited,
        "tendon_act_force_range": mj.tendon_actfrcrange,
        "tendon_length0": mj.tendon_length0,
        "tendon_invweight": mj.tendon_invweight0,
    }


def tendon_counts(mj: mujoco.MjModel) -> dict[str, int]:
    """Sizes that kernels see, by name."""
    values = tendon_constants(mj)
    damped = (values["tendon_damping"] != 0) | values["tendon_damping_poly"].any(axis=1)
    springs = (values["tendon_stiffness"] != 0) | values["tendon_stiffness_poly"].any(axis=1)
    return {
        "tendons": mj.ntendon,
        "tendon_entries": len(values["tendon_J_column"]),
        "tendon_joints": len(values["tendon_joint_of"]),
        "tendon_segments": len(values["tendon_segment_of"]),
        "damped_tendons": int(damped.sum()),
        "spring_tendons": int((damped | springs).sum()),
        "armature_tendons": int(np.count_nonzero(tendon_armature(mj))),
        "friction_tendons": _friction_tendons(mj),
        "limited_tendons": _limited_tendons(mj),
        "force_limited_tendons": int(mj.tendon_actfrclimited[driven_tendons(mj)].sum()),
        "tendon_equalities": int((mj.eq_type == mjtEq.mjEQ_TENDON).sum())
        * constrains(mj, "EQUALITY"),
    }


def tendon_rows(mj: mujoco.MjModel) -> int:
    """Most rows of tendons: dry friction, and both limits, which may act at once."""
    return _friction_tendons(mj) + 2 * _limited_tendons(mj)


def _friction_tendons(mj: mujoco.MjModel) -> int:
    return int((mj.tendon_frictionloss > 0).sum()) * constrains(mj, "FRICTIONLOSS")


def _limited_tendons(mj: mujoco.MjModel) -> int:
    return int(mj.tendon_limited.sum()) * constrains(mj, "LIMIT")


def tendon_columns(mj: mujoco.MjModel, t: int) -> list[int]:
    """The dofs that may change the length of tendon `t`, in rising order."""
    if wrapped_geoms(mj, t):
        return []
    start = mj.ten_J_rowadr[t]
    return np.unique(mj.ten_J_colind[start : start + mj.ten_J_rownnz[t]]).tolist()


def _segments(mj: mujoco.MjModel, t: int) -> Iterator[tuple[int, int, float]]:
    """Sites at both ends of each segment, and what it counts for; a pulley ends a branch."""
    if wrapped_geoms(mj, t):
        return
    scale, before = 1.0, None
    for k in path(mj, t):
        if mj.wrap_type[k] == mjtWrap.mjWRAP_PULLEY:
            scale, before = 1.0 / mj.wrap_prm[k], None
        elif mj.wrap_type[k] == mjtWrap.mjWRAP_SITE:
            if before is not None:
                yield before, int(mj.wrap_objid[k]), scale
            before = int(mj.wrap_objid[k])
