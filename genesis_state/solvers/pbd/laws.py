"""Materials → the kind that the kernels know, and the values of its parameters."""

from __future__ import annotations

from genesis_state.kernels import pbd_materials as kinds
from genesis_state.materials import PBD

PARAMETERS = (
    "rho",
    "static_friction",
    "kinetic_friction",
    "stretch_compliance",
    "bending_compliance",
    "volume_compliance",
    "stretch_relaxation",
    "bending_relaxation",
    "volume_relaxation",
    "air_resistance",
    "density_relaxation",
    "viscosity_relaxation",
)


def kind_of(material: PBD.Base) -> int:
    """Number of a material's kind in `kernels/pbd_materials.py`."""
    for material_type, kind in (
        (PBD.Cloth, kinds.CLOTH),
        (PBD.Elastic, kinds.ELASTIC),
        (PBD.Liquid, kinds.LIQUID),
        (PBD.Particle, kinds.PARTICLE),
    ):
        if isinstance(material, material_type):
            return kind
    raise TypeError(
        f"{type(material).__name__} is not a material of the PBD solver; use gs.materials.PBD."
    )


def parameters(material: PBD.Base) -> dict[str, float]:
    """Values of the variables of role `param`, zero where the material has no such thing."""
    return {name: getattr(material, name, 0.0) for name in PARAMETERS}
