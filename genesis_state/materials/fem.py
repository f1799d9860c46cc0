"""What continua of the finite element method are made of: `gs.materials.FEM.Elastic()`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genesis_state.options import Options


@dataclass(frozen=True, kw_only=True)
class Elastic(Options):
    """An elastic solid.

    The energy per volume at rest, with the deformation gradient F, J = det F, the rotation R that
    is closest to F, and the identity I:

    * "linear": mu |e|^2 + lam/2 tr(e)^2 with e = (F + F^T)/2 - I, for small turns alone;
    * "linear_corotated": the same with e = (R^T F + F^T R)/2 - I;
    * "stable_neohookean": Smith, de Goes, Kim: Stable neo-Hookean flesh simulation. ACM
      Transactions on Graphics 37(2), 2018.

    Attributes:
        E: Young's modulus [Pa].
        nu: Poisson's ratio, between -1 and 0.5.
        rho: Density [kg/m^3].
        friction_mu: Coefficient of friction on the floor, see `FEMOptions.floor_height`.
        model: The energy. "stable_neohooken" is taken too, and stored as "stable_neohookean".
    """

    E: float = 1e6
    nu: float = 0.2
    rho: float = 1000.0
    friction_mu: float = 0.1
    model: str = "linear"

    MODELS: ClassVar = ("linear", "linear_corotated", "stable_neohookean")

    def __post_init__(self):
        super().__post_init__()
        self._number("E", "a positive modulus in Pa", above=0)
        self._number("nu", "a ratio between -1 and 0.5, both excluded", above=-1, below=0.5)
        self._number("rho", "a positive density in kg/m^3", above=0)
        self._number("friction_mu", "a coefficient that is not negative", least=0)
        if self.model == "stable_neohooken":
            self._store("model", "stable_neohookean")
        self._one_of("model", self.MODELS)

    @property
    def mu(self) -> float:
        """Lamé's second parameter, the shear modulus E / (2 (1 + nu)) [Pa]."""
        return self.E / (2 * (1 + self.nu))

    @property
    def lam(self) -> float:
        """Lamé's first parameter, E nu / ((1 + nu) (1 - 2 nu)) [Pa]."""
        return self.E * self.nu / ((1 + self.nu) * (1 - 2 * self.nu))
