"""Compiled MuJoCo model → values of the variables of role `model` of the rigid solver."""

from __future__ import annotations

import mujoco
import numpy as np

from genesis_state.solvers.rigid.actuators import actuator_constants
from genesis_state.solvers.rigid.collision import Collision
from genesis_state.solvers.rigid.dofs import dof_armature, dof_damping, dof_damping_polynomial
from genesis_state.solvers.rigid.flags import disabled
from genesis_state.solvers.rigid.pattern import Pattern
from genesis_state.solvers.rigid.tendons import tendon_constants

_DOFS_OF_JOINT = np.array([6, 3, 1, 1])  # free, ball, slide, hinge


def constants(mj: mujoco.MjModel, touching: Collision, pattern: Pattern) -> dict[str, np.ndarray]:
    """Value of every variable of role `model`, by its name in the schema.

    Args:
        mj: The model.
        touching: Its collision tables.
        pattern: Which entries of the Hessian are not zero.
    """
    opt = mj.opt
    rows = pattern.mass_rows
    row_sizes = np.array([len(row) for row in rows], dtype=int)
    body_last = np.arange(mj.nbody)
    for b in range(mj.nbody - 1, 0, -1):
        body_last[mj.body_parentid[b]] = max(body_last[mj.body_parentid[b]], body_last[b])
    values = {
        "timestep": opt.timestep,
        "gravity": gravity(mj),
        "mean_inertia": mj.stat.meaninertia,
        "tolerance": opt.tolerance,
        "ls_tolerance": opt.ls_tolerance,
        "iterations": opt.iterations,
        "ls_iterations": opt.ls_iterations,
        "noslip_tolerance": opt.noslip_tolerance,
        "noslip_iterations": opt.noslip_iterations,
        "body_parent": mj.body_parentid,
        "body_root": mj.body_rootid,
        "body_last": body_last,
        "body_joint_start": mj.body_jntadr,
        "body_n_joints": mj.body_jntnum,
        "body_dof_start": mj.body_dofadr,
        "body_n_dofs": mj.body_dofnum,
        "body_last_dof": _last_dofs(mj),
        "body_mocap": mj.body_mocapid,
        "body_pos": mj.body_pos,
        "body_quat": mj.body_quat,
        "body_ipos": mj.body_ipos,
        "body_iquat": mj.body_iquat,
        "body_mass": mj.body_mass,
        "body_subtree_mass": mj.body_subtreemass,
        "body_inertia": mj.body_inertia,
        "body_gravcomp": mj.body_gravcomp,
        "body_invweight": mj.body_invweight0,
        "lone_body": lone_bodies(mj),
        "joint_type": mj.jnt_type,
        "joint_body": mj.jnt_bodyid,
        "joint_q_start": mj.jnt_qposadr,
        "joint_dof_start": mj.jnt_dofadr,
        "joint_n_dofs": _DOFS_OF_JOINT[mj.jnt_type],
        "joint_pos": mj.jnt_pos,
        "joint_axis": mj.jnt_axis,
        "joint_stiffness": mj.jnt_stiffness,
        "joint_stiffness_polynomial": mj.jnt_stiffnesspoly,
        "joint_limited": mj.jnt_limited,
        "joint_range": mj.jnt_range,
        "joint_margin": mj.jnt_margin,
        "joint_solref": mj.jnt_solref,
        "joint_solimp": mj.jnt_solimp,
        "joint_act_gravcomp": mj.jnt_actgravcomp,
        "joint_act_force_limited": mj.jnt_actfrclimited,
        "joint_act_force_range": mj.jnt_actfrcrange,
        "dof_body": mj.dof_bodyid,
        "dof_joint": mj.dof_jntid,
        "dof_parent": mj.dof_parentid,
        "dof_damping": dof_damping(mj),
        "dof_damping_polynomial": dof_damping_polynomial(mj),
        "dof_armature": dof_armature(mj),
        "dof_frictionloss": mj.dof_frictionloss,
        "dof_invweight": mj.dof_invweight0,
        "dof_solref": mj.dof_solref,
        "dof_solimp": mj.dof_solimp,
        "qpos0": mj.qpos0,
        "qpos_spring": mj.qpos_spring,
        "M_row_start": np.cumsum(row_sizes) - row_sizes,
        "M_row_size": row_sizes,
        "M_column": np.array([i for row in rows for i in row], dtype=int),
        **actuator_constants(mj, rows),
        **tendon_constants(mj),
        **_equalities(mj),
        **_contacts(mj, touching),
        **pattern.constants(),
    }
    return {name: np.asarray(value) for name, value in values.items()}


def gravity(mj: mujoco.MjModel) -> np.ndarray:
    """Acceleration of free fall, shape (3,) [m/s^2]; none where a flag switches it off."""
    return np.zeros(3) if disabled(mj, "GRAVITY") else mj.opt.gravity


def mass_rows(mj: mujoco.MjModel, *, full: bool) -> list[list[int]]:
    """Columns of each row of the lower triangle of M, from the root of the tree down.

    MuJoCo leaves out what is zero in a body that turns about its own principal axes. It is not
    zero any more once a continuum has put its inertia there, or the centre of mass has moved.
    """
    rows: list[list[int]] = []
    for i in range(mj.nv):
        start = mj.M_rowadr[i]
        own = mj.M_colind[start : start + mj.M_rownnz[i]].tolist()
        parent = mj.dof_parentid[i]
        rows.append([*(rows[parent] if parent >= 0 else []), i] if full else own)
    return rows


def _equalities(mj: mujoco.MjModel) -> dict[str, np.ndarray]:
    """Equalities in one form: frames on two bodies for connect and weld, whatever they name."""
    data = mj.eq_data
    object1, object2 = mj.eq_obj1id.copy(), mj.eq_obj2id.copy()
    anchor1, anchor2 = np.zeros((mj.neq, 3)), np.zeros((mj.neq, 3))
    quat1, quat2 = (np.tile([1.0, 0.0, 0.0, 0.0], (mj.neq, 1)) for _ in range(2))
    for c, what in enumerate(mj.eq_type):
        if what in (mujoco.mjtEq.mjEQ_JOINT, mujoco.mjtEq.mjEQ_TENDON):
            continue
        if mj.eq_objtype[c] == mujoco.mjtObj.mjOBJ_SITE:
            s1, s2 = object1[c], object2[c]
            anchor1[c], anchor2[c] = mj.site_pos[s1], mj.site_pos[s2]
            quat1[c], quat2[c] = mj.site_quat[s1], mj.site_quat[s2]
            object1[c], object2[c] = mj.site_bodyid[s1], mj.site_bodyid[s2]
        elif what == mujoco.mjtEq.mjEQ_CONNECT:
            anchor1[c], anchor2[c] = data[c, :3], data[c, 3:6]
        else:
            anchor1[c], anchor2[c], quat1[c] = data[c, 3:6], data[c, :3], data[c, 6:10]
    return {
        "eq_type": mj.eq_type,
        "eq_object1": object1,
        "eq_object2": object2,
        "eq_anchor1": anchor1,
        "eq_anchor2": anchor2,
        "eq_quat1": quat1,
        "eq_quat2": quat2,
        "eq_torque_scale": data[:, 10],
        "eq_polynomial": data[:, :5],
        "eq_solref": mj.eq_solref,
        "eq_solimp": mj.eq_solimp,
    }


def _last_dofs(mj: mujoco.MjModel) -> np.ndarray:
    """The last dof that moves each body, from which `dof_parent` leads over all others."""
    last = np.full(mj.nbody, -1)
    for b in range(1, mj.nbody):
        own = mj.body_dofnum[b]
        last[b] = mj.body_dofadr[b] + own - 1 if own else last[mj.body_parentid[b]]
    return last


def lone_bodies(mj: mujoco.MjModel) -> np.ndarray:
    """Bodies with a single free joint and no mass below them in the tree."""
    found = []
    for j in np.flatnonzero(mj.jnt_type == mujoco.mjtJoint.mjJNT_FREE):
        b = mj.jnt_bodyid[j]
        tree = mj.dof_treeid[mj.jnt_dofadr[j]]
        if mj.body_subtreemass[b] == mj.body_mass[b] and (mj.dof_treeid == tree).sum() == 6:
            found.append(b)
    return np.array(found, dtype=np.int64)


def _contacts(mj: mujoco.MjModel, touching: Collision) -> dict[str, np.ndarray]:
    """Geoms, pairs and classes of contacts."""
    geoms, pairs, parameters = touching.geoms, touching.pairs, touching.parameters
    reach = (parameters[:, 1] + parameters[:, 2])[touching.classes]
    geom_reach = np.zeros(len(geoms))
    for column in pairs.T:
        np.maximum.at(geom_reach, column, reach)
    condim, margin, gap = parameters[:, :3].T
    return {
        "geom_id": geoms,
        "geom_body": mj.geom_bodyid[geoms],
        "geom_body_pos": mj.geom_pos[geoms],
        "geom_body_quat": mj.geom_quat[geoms],
        "geom_size": mj.geom_size[geoms],
        "geom_center": mj.geom_aabb[geoms, :3],
        "geom_half": mj.geom_aabb[geoms, 3:],
        "geom_radius": mj.geom_rbound[geoms],
        "geom_reach": geom_reach,
        **touching.hulls.constants(),
        "pair_geom1": pairs[:, 0],
        "pair_geom2": pairs[:, 1],
        "pair_kind": touching.kinds,
        "pair_class": touching.classes,
        "pair_of": touching.table(),
        "pair_friction_from": touching.friction_from,
        "class_condim": condim,
        "class_margin": margin,
        "class_gap": gap,
        "class_friction": parameters[:, 3:8],
        "class_solref": parameters[:, 8:10],
        "class_solreffriction": parameters[:, 10:12],
        "class_solimp": parameters[:, 12:17],
        "impratio": mj.opt.impratio,
    }
