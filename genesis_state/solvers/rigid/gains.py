"""PD gains that a model starts with: those of its position and velocity actuators."""

from __future__ import annotations

import mujoco
import numpy as np

from genesis_state.solvers.rigid.actuators import single_dof
from genesis_state.solvers.rigid.schema import UNLIMITED

# Genesis' gains for dofs without a servo.
DEFAULT_KP = 100.0
DEFAULT_KV = 10.0


def pd_gains(mj: mujoco.MjModel) -> dict[str, np.ndarray]:
    """Start values of the parameters of PD control by name, shape (n_dofs,).

    A servo is an actuator with a fixed gain on a hinge or slide whose bias takes the length back
    (position) or the velocity (velocity). Its gains and force range are turned from the
    actuator's coordinate into the joint's by the gear.
    """
    kp = np.full(mj.nv, DEFAULT_KP)
    kv = np.full(mj.nv, DEFAULT_KV)
    lower = np.full(mj.nv, -UNLIMITED)
    upper = np.full(mj.nv, UNLIMITED)
    for u in range(mj.nactuator):
        i = single_dof(mj, u)
        if i < 0:
            continue
        gear = mj.actuator_gear[u, 0]
        if mj.actuator_forcelimited[u]:
            ends = sorted(gear * mj.actuator_forcerange[u])
            lower[i], upper[i] = ends
        gain = mj.actuator_gainprm[u, 0]
        _, per_length, per_velocity = mj.actuator_biasprm[u, :3]
        fixed = mj.actuator_gaintype[u] == mujoco.mjtGain.mjGAIN_FIXED
        affine = mj.actuator_biastype[u] == mujoco.mjtBias.mjBIAS_AFFINE
        if fixed and affine and gain > 0 and per_length == -gain:
            kp[i], kv[i] = gain * gear**2, -per_velocity * gear**2
        elif fixed and affine and gain > 0 and per_length == 0 and per_velocity == -gain:
            kp[i], kv[i] = 0.0, gain * gear**2
    return {"dofs_kp": kp, "dofs_kv": kv, "dofs_force_lower": lower, "dofs_force_upper": upper}
