"""What continua of smoothed particle hydrodynamics are made of: `gs.materials.SPH.Liquid()`."""

from __future__ import annotations

from dataclasses import dataclass

from genesis_state.materials.sampled import Sampled


@dataclass(frozen=True, kw_only=True)
class Liquid(Sampled):
    """A liquid.

    With WCSPH its pressure is stiffness ((density / rho)^exponent - 1) where that is positive and
    0 elsewhere; DFSPH finds the pressure itself.

    Attributes:
        rho: Density at rest [kg/m^3].
        stiffness: Scale of the pressure [Pa]. WCSPH alone has it.
        exponent: How steeply it rises with the density. Likewise.
        mu: Kinematic viscosity [m^2/s]; that of water is 1e-6.
        gamma: Surface tension [m^3/s^2]: particles pull each other with gamma W per mass, as in M.
            Becker and M. Teschner, "Weakly compressible SPH for free surface flows", 2007.
    """

    rho: float = 1000.0
    stiffness: float = 50000.0
    exponent: float = 7.0
    mu: float = 0.005
    gamma: float = 0.01

    def __post_init__(self):
        super().__post_init__()
        self._number("rho", "a positive density in kg/m^3", above=0)
        self._number("stiffness", "a positive pressure in Pa", above=0)
        self._number("exponent", "a positive number", above=0)
        for name in ("mu", "gamma"):
            self._number(name, "a number that is not negative", least=0)
