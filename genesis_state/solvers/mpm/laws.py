"""Materials → the law that the kernels know, and the values of its parameters."""

from __future__ import annotations

import math

from genesis_state.kernels import mpm_materials as laws
from genesis_state.materials import MPM


def law_of(material: MPM.Base) -> int:
    """Number of a material's law in `kernels/mpm_materials.py`."""
    if isinstance(material, MPM.Elastic):
        return laws.COROTATED if material.model == "corotation" else laws.NEO_HOOKEAN
    if isinstance(material, MPM.Liquid):
        return laws.VISCOUS if material.viscous else laws.LIQUID
    if isinstance(material, MPM.Snow):  # an ElastoPlastic too
        return laws.SNOW
    if isinstance(material, MPM.ElastoPlastic):
        return laws.VON_MISES if material.use_von_mises else laws.CLAMPED
    if isinstance(material, MPM.Sand):
        return laws.SAND
    raise TypeError(
        f"{type(material).__name__} is not a material of the MPM solver; use gs.materials.MPM."
    )


def rest_volume(material: MPM.Base) -> float:
    """`Jp` of matter that nothing has happened to: a strain for sand, a ratio for all else."""
    return 0.0 if isinstance(material, MPM.Sand) else 1.0


def parameters(material: MPM.Base) -> dict[str, float]:
    """Values of the variables of role `param`, those that the law does not have at zero."""
    return {
        "mu": material.mu or 0.0,
        "lam": material.lam or 0.0,
        "rho": material.rho,
        "yield_stress": getattr(material, "von_mises_yield_stress", 0.0),
        "yield_lower": getattr(material, "yield_lower", 0.0),
        "yield_higher": getattr(material, "yield_higher", 0.0),
        "friction_angle": math.radians(getattr(material, "friction_angle", 0.0)),
    }
