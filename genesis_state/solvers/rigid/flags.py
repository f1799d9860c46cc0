"""Option flags of a compiled model."""

from __future__ import annotations

import mujoco


def disabled(mj: mujoco.MjModel, flag: str) -> bool:
    """Whether a flag is disabled, by MuJoCo's name of it: "DAMPER"."""
    return bool(mj.opt.disableflags & int(getattr(mujoco.mjtDisableBit, f"mjDSBL_{flag}")))


def enabled(mj: mujoco.MjModel, flag: str) -> bool:
    """Whether a flag is enabled, by MuJoCo's name of it: "OVERRIDE"."""
    return bool(mj.opt.enableflags & int(getattr(mujoco.mjtEnableBit, f"mjENBL_{flag}")))


def constrains(mj: mujoco.MjModel, kind: str) -> bool:
    """Whether constraints of a kind act: "EQUALITY", "FRICTIONLOSS", "LIMIT" or "CONTACT"."""
    return not (disabled(mj, "CONSTRAINT") or disabled(mj, kind))


def passive(mj: mujoco.MjModel) -> bool:
    """Whether passive forces act: MuJoCo leaves out all of them with both springs and dampers."""
    return not (disabled(mj, "SPRING") and disabled(mj, "DAMPER"))
