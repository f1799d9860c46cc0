"""Actuators of a compiled model: values of their constants, and how many of what they need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import mujoco
import numpy as np
from mujoco import mjtBias, mjtDyn, mjtGain, mjtJoint, mjtTrn

from genesis_state.kernels.rigid_transmission import (
    ADHESION,
    BALL,
    FRAME,
    FRAMES,
    FREE_JOINT,
    SLIDER_CRANK,
    TENDON,
)
from genesis_state.solvers.rigid.dofs import drives_joint
from genesis_state.solvers.rigid.flags import disabled
from genesis_state.solvers.rigid.tendons import tendon_columns

_SINGLE = (mjtJoint.mjJNT_SLIDE, mjtJoint.mjJNT_HINGE)


@dataclass
class _Transmission:
    """How one actuator acts on more than one dof.

    Attributes:
        actuator: Whose it is.
        kind: As in rigid_transmission.py.
        dofs: For each dof that it may act on which of two frames this dof moves.
        joint: Its joint, if it is one's.
        body: The body whose contacts it pulls together, if it is one of these.
        sites: Its two frames, if it has any; `FRAME` has one, twice.
        tendon: Its tendon, if it is one's.
    """

    actuator: int
    kind: int
    dofs: dict[int, int]
    joint: int = -1
    body: int = -1
    sites: tuple[int, ...] = field(default=())
    tendon: int = -1


def single_dof(mj: mujoco.MjModel, u: int) -> int:
    """The dof that actuator `u` drives with a constant gear, or -1."""
    joint = mj.actuator_trnid[u, 0]
    if drives_joint(mj, u) and int(mj.jnt_type[joint]) in _SINGLE:
        return int(mj.jnt_dofadr[joint])
    return -1


def disabled_actuators(mj: mujoco.MjModel) -> np.ndarray:
    """Which actuators are in a group that the option `disableactuator` names, bool (nactuator,)."""
    group = mj.actuator_group
    return (group >= 0) & (group <= 30) & ((mj.opt.disableactuator >> group.clip(0, 30)) & 1 == 1)


def transmission_sizes(mj: mujoco.MjModel, rows: Sequence[Sequence[int]]) -> dict[str, int]:
    """How many there are of what kernels loop over.

    Args:
        mj: The model.
        rows: Columns of each row of M.
    """
    found = _transmissions(mj)
    return {
        "transmissions": len(found),
        "frame_transmissions": sum(t.kind in (FRAME, FRAMES, SLIDER_CRANK) for t in found),
        "adhesions": sum(t.kind == ADHESION for t in found),
        "moment_entries": sum(len(t.dofs) for t in found),
        "moment_pairs": len(_coupled_pairs(found, rows)),
    }


def actuator_constants(mj: mujoco.MjModel, rows: Sequence[Sequence[int]]) -> dict[str, np.ndarray]:
    """Value of every variable of role `model` of actuators.

    Args:
        mj: The model.
        rows: Columns of each row of M.
    """
    found = _transmissions(mj)
    dofs = np.array([single_dof(mj, u) for u in range(mj.nactuator)], dtype=int)
    number = np.full(mj.nactuator, -1)
    number[[t.actuator for t in found]] = range(len(found))
    joints = np.where(dofs >= 0, mj.actuator_trnid[:, 0], 0)
    coordinates = mj.jnt_qposadr[joints] if mj.njnt else joints
    affine = mj.actuator_gaintype == mjtGain.mjGAIN_AFFINE
    gain = mj.actuator_gainprm[:, :3].copy()
    gain[~affine, 1:] = 0.0
    bias = mj.actuator_biasprm[:, :3].copy()
    bias[mj.actuator_biastype == mjtBias.mjBIAS_NONE] = 0.0
    dynamics, ctrl_range = mj.actuator_dyntype.copy(), mj.actuator_ctrlrange.copy()
    clipped = mj.actuator_ctrllimited & (not disabled(mj, "CLAMPCTRL"))
    off = disabled_actuators(mj)
    # These give no force, and their activation stays: its rate is a control that is always zero.
    gain[off] = bias[off] = ctrl_range[off] = 0.0
    clipped[off] = True
    dynamics[off & (mj.actuator_actadr >= 0)] = mjtDyn.mjDYN_INTEGRATOR
    return {
        "actuator_dof": dofs,
        "actuator_q": coordinates,
        "actuator_gear": mj.actuator_gear[:, 0],
        "actuator_transmission": number,
        "actuator_dynamics": dynamics,
        "actuator_act_start": mj.actuator_actadr,
        "actuator_act_early": mj.actuator_actearly,
        "actuator_time_constant": mj.actuator_dynprm[:, 0],
        "actuator_gain": gain,
        "actuator_bias": bias,
        "actuator_ctrl_limited": clipped,
        "actuator_ctrl_range": ctrl_range,
        "actuator_force_limited": mj.actuator_forcelimited,
        "actuator_force_range": mj.actuator_forcerange,
        "actuator_act_limited": mj.actuator_actlimited,
        "actuator_act_range": mj.actuator_actrange,
        **_transmission_constants(mj, found),
        **_moment_constants(found, rows),
    }


def _transmissions(mj: mujoco.MjModel) -> list[_Transmission]:
    """Every transmission that is not a hinge's or slide's, in the order of the actuators."""
    found = []
    for u in range(mj.nactuator):
        if single_dof(mj, u) >= 0:
            continue
        first, second = (int(i) for i in mj.actuator_trnid[u])
        trn = mj.actuator_trntype[u]
        if drives_joint(mj, u):
            ball = mj.jnt_type[first] == mjtJoint.mjJNT_BALL
            start = int(mj.jnt_dofadr[first])
            dofs = dict.fromkeys(range(start, start + (3 if ball else 6)), 1)
            found.append(_Transmission(u, BALL if ball else FREE_JOINT, dofs, joint=first))
            continue
        if trn == mjtTrn.mjTRN_TENDON:
            dofs = dict.fromkeys(tendon_columns(mj, first), 0)
            found.append(_Transmission(u, TENDON, dofs, tendon=first))
            continue
        if trn == mjtTrn.mjTRN_BODY:
            dofs = dict.fromkeys(range(mj.nv), 0)
            found.append(_Transmission(u, ADHESION, dofs, body=first))
            continue
        moves1 = _moving_dofs(mj, int(mj.site_bodyid[first]))
        if trn == mjtTrn.mjTRN_SITE and second < 0:
            found.append(_Transmission(u, FRAME, dict.fromkeys(moves1, 1), sites=(first, first)))
            continue
        moves2 = _moving_dofs(mj, int(mj.site_bodyid[second]))
        dofs = {i: (i in moves1) + 2 * (i in moves2) for i in sorted({*moves1, *moves2})}
        kind = SLIDER_CRANK
        if trn == mjtTrn.mjTRN_SITE:
            kind = FRAMES
            dofs = {i: moves for i, moves in dofs.items() if moves != 3}
        found.append(_Transmission(u, kind, dofs, sites=(first, second)))
    return found


def _moving_dofs(mj: mujoco.MjModel, body: int) -> list[int]:
    """The dofs that move a body, from the root of the tree down."""
    body = int(mj.body_weldid[body])
    dofs = []
    if mj.body_dofnum[body]:
        i = int(mj.body_dofadr[body] + mj.body_dofnum[body] - 1)
        while i >= 0:
            dofs.append(i)
            i = int(mj.dof_parentid[i])
    return dofs[::-1]


def _transmission_constants(
    mj: mujoco.MjModel, found: Sequence[_Transmission]
) -> dict[str, np.ndarray]:
    owners = [t.actuator for t in found]
    coordinates = [int(mj.jnt_qposadr[t.joint]) if t.joint >= 0 else 0 for t in found]
    in_parent = mj.actuator_trntype[owners] == mjtTrn.mjTRN_JOINTINPARENT
    values = {
        "transmission_actuator": np.array(owners, dtype=int),
        "transmission_kind": np.array([t.kind for t in found], dtype=int),
        "transmission_q": np.array(coordinates, dtype=int),
        "transmission_tendon": np.array([t.tendon for t in found], dtype=int),
        "transmission_in_parent": in_parent,
        "transmission_gear": mj.actuator_gear[owners],
        "transmission_rod": mj.actuator_cranklength[owners],
        "transmission_period": np.array([_period(mj, t) for t in found]),
    }
    for k in range(2):
        pos, quat = np.zeros((len(found), 3)), np.tile([1.0, 0.0, 0.0, 0.0], (len(found), 1))
        bodies = np.zeros(len(found), dtype=int)
        for i, t in enumerate(found):
            if t.sites:
                site = t.sites[k]
                pos[i], quat[i] = mj.site_pos[site], mj.site_quat[site]
                bodies[i] = mj.site_bodyid[site]
            elif t.body >= 0:
                bodies[i] = t.body
        values |= {
            f"transmission_body{k + 1}": bodies,
            f"transmission_pos{k + 1}": pos,
            f"transmission_quat{k + 1}": quat,
        }
    return values


def _period(mj: mujoco.MjModel, t: _Transmission) -> float:
    """Full turn along the gear of a servo of a rotation, which takes the nearest of its setpoints.

    A servo takes back by its bias what it gives by its gain, and has no filter.
    """
    u = t.actuator
    servo = (
        mj.actuator_gaintype[u] == mjtGain.mjGAIN_FIXED
        and mj.actuator_biastype[u] == mjtBias.mjBIAS_AFFINE
        and mj.actuator_gainprm[u, 0] == -mj.actuator_biasprm[u, 1]
        and int(mj.actuator_dyntype[u]) in (mjtDyn.mjDYN_NONE, mjtDyn.mjDYN_INTEGRATOR)
    )
    gear = mj.actuator_gear[u]
    if servo and t.kind == BALL:
        return 2.0 * np.pi * float(np.linalg.norm(gear[:3]))
    if servo and t.kind == FRAMES and not gear[:3].any():
        return 2.0 * np.pi * float(np.linalg.norm(gear[3:]))
    return 0.0


def _moment_constants(
    found: Sequence[_Transmission], rows: Sequence[Sequence[int]]
) -> dict[str, np.ndarray]:
    sizes = np.array([len(t.dofs) for t in found], dtype=int)
    pairs = np.array(_coupled_pairs(found, rows), dtype=int).reshape(-1, 4)
    return {
        "moment_start": np.cumsum(sizes) - sizes,
        "moment_size": sizes,
        "moment_dof": np.array([i for t in found for i in t.dofs], dtype=int),
        "moment_moves": np.array([moves for t in found for moves in t.dofs.values()], dtype=int),
        "moment_pair_transmission": pairs[:, 0],
        "moment_pair_first": pairs[:, 1],
        "moment_pair_second": pairs[:, 2],
        "moment_pair_M": pairs[:, 3],
    }


def _coupled_pairs(
    found: Sequence[_Transmission], rows: Sequence[Sequence[int]]
) -> list[tuple[int, int, int, int]]:
    """Transmission, two entries of its moment and the entry of M between their dofs, if any.

    MuJoCo's implicitfast keeps of the derivative of forces what fits into M.
    """
    starts = np.cumsum([0, *(len(row) for row in rows)])
    pairs, entry = [], 0
    for number, t in enumerate(found):
        at = {i: entry + k for k, i in enumerate(t.dofs)}
        entry += len(at)
        for i in at:
            for k, column in enumerate(rows[i]):
                if column in at:
                    pairs.append((number, at[i], at[column], int(starts[i]) + k))
    return pairs
