"""Materials → the law that the kernels know, and the values of its parameters."""

from __future__ import annotations

from genesis_state.kernels import fem_laws as laws
from genesis_state.materials import FEM

_LAWS = {
    "linear": laws.LINEAR,
    "linear_corotated": laws.COROTATED,
    "stable_neohookean": laws.NEO_HOOKEAN,
}


def law_of(material: FEM.Elastic) -> int:
    """Number of a material's law in `kernels/fem_laws.py`."""
    return _LAWS[material.model]


def parameters(material: FEM.Elastic) -> dict[str, float]:
    """Values of the variables of role `param`."""
    return {
        "mu": material.mu,
        "lam": material.lam,
        "rho": material.rho,
        "friction_mu": material.friction_mu,
    }
