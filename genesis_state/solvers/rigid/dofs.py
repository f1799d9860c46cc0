"""What the dofs of a compiled model have of their joints and of the actuators at these."""

from __future__ import annotations

import mujoco
import numpy as np
from mujoco import mjtTrn


def drives_joint(mj: mujoco.MjModel, u: int) -> bool:
    """Whether actuator `u` acts at a joint."""
    return int(mj.actuator_trntype[u]) in (mjtTrn.mjTRN_JOINT, mjtTrn.mjTRN_JOINTINPARENT)


def dof_damping(mj: mujoco.MjModel) -> np.ndarray:
    """Damping, shape (nv,) [N s/m, N m s/rad]."""
    return mj.dof_damping + _of_actuators(mj, mj.actuator_damping)


def dof_armature(mj: mujoco.MjModel) -> np.ndarray:
    """Armature, shape (nv,) [kg, kg m^2]."""
    return mj.dof_armature + _of_actuators(mj, mj.actuator_armature)


def dof_damping_polynomial(mj: mujoco.MjModel) -> np.ndarray:
    """Damping per speed and per its square, shape (nv, 2)."""
    return mj.dof_dampingpoly + _of_actuators(mj, mj.actuator_dampingpoly)


def _of_actuators(mj: mujoco.MjModel, values: np.ndarray) -> np.ndarray:
    """What actuators at joints add to each dof of theirs: `values` times the squared gear."""
    total = np.zeros((mj.nv, *values.shape[1:]))
    for u in range(mj.nactuator):
        if drives_joint(mj, u):
            of_joint = mj.dof_jntid == mj.actuator_trnid[u, 0]
            total[of_joint] += values[u] * mj.actuator_gear[u, 0] ** 2
    return total
