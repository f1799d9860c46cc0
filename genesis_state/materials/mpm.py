"""What continua of the material point method are made of: `gs.materials.MPM.Sand()` and others.

In the formulas F is the elastic deformation gradient with singular value decomposition U S V^T and
J = det F, R = U V^T its rotation, I the identity, and tau the Kirchhoff stress, J times the true
stress. The sources are

* Jiang, Schroeder, Teran, Stomakhin, Selle: The material point method for simulating continuum
  materials. SIGGRAPH courses, 2016.
* Stomakhin, Schroeder, Chai, Teran, Selle: A material point method for snow simulation. ACM
  Transactions on Graphics 32(4), 2013.
* Klár, Gast, Pradhana, Fu, Schroeder, Jiang, Teran: Drucker-Prager elastoplasticity for sand
  animation. ACM Transactions on Graphics 35(4), 2016.
* Hu, Fang, Ge, Qu, Zhu, Pradhana, Jiang: A moving least squares material point method with
  displacement discontinuity and two-way rigid body coupling. ACM Transactions on Graphics 37(4),
  2018.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from genesis_state.materials.sampled import Sampled


@dataclass(frozen=True, kw_only=True)
class Base(Sampled):
    """What all of them have.

    The two Lamé parameters follow from E and nu as mu = E / (2 (1 + nu)) and lam = E nu /
    ((1 + nu) (1 - 2 nu)); either may be given instead. Afterwards both hold their numbers.

    Attributes:
        E: Young's modulus [Pa].
        nu: Poisson's ratio, between -1 and 0.5.
        rho: Density [kg/m^3].
        lam: Lamé's first parameter [Pa].
        mu: Lamé's second parameter, the shear modulus [Pa].
    """

    E: float = 1e6
    nu: float = 0.2
    rho: float = 1000.0
    lam: float | None = None
    mu: float | None = None

    SHEARLESS: ClassVar = False  # whether mu may be zero

    def __post_init__(self):
        super().__post_init__()
        self._number("E", "a positive modulus in Pa", above=0)
        self._number("nu", "a ratio between -1 and 0.5, both excluded", above=-1, below=0.5)
        self._number("rho", "a positive density in kg/m^3", above=0)
        if self.mu is None:
            self._store("mu", self.E / (2 * (1 + self.nu)))
        if self.lam is None:
            self._store("lam", self.E * self.nu / ((1 + self.nu) * (1 - 2 * self.nu)))
        if self.SHEARLESS:
            self._number("mu", "a modulus in Pa that is not negative", least=0)
        else:
            self._number("mu", "a positive modulus in Pa", above=0)
        assert self.mu is not None
        needs = f"a modulus in Pa above -2/3 mu, which is {-2 / 3 * self.mu:.6g}"
        self._number("lam", needs, above=-2 / 3 * self.mu)


@dataclass(frozen=True, kw_only=True)
class Elastic(Base):
    """An elastic solid, which springs back.

    "corotation" is the fixed corotated model, tau = 2 mu (F - R) F^T + lam J (J - 1) I; "neohooken"
    is the neo-Hookean one, tau = mu (F F^T - I) + lam log(J) I (both in Jiang et al. 2016).

    Attributes:
        model: "corotation" or "neohooken". "neohookean" is taken too, and stored as "neohooken".
    """

    E: float = 3e5
    model: str = "corotation"

    def __post_init__(self):
        super().__post_init__()
        if self.model == "neohookean":
            self._store("model", "neohooken")
        self._one_of("model", ("corotation", "neohooken"))


@dataclass(frozen=True, kw_only=True)
class Liquid(Base):
    """A liquid, which resists compression and forgets its shape.

    After each substep, of length h, F keeps its volume alone, F = J^(1/3) I, and tau =
    lam J (J - 1) I + mu h (C + C^T) with the velocity gradient C: the fixed corotated model
    (Jiang et al. 2016), in which mu acts on the deformation of one substep alone. So the dynamic
    viscosity is mu h, and gets smaller with the substep.

    Attributes:
        viscous: Whether it resists shear while a step lasts. False sets mu to zero.
    """

    viscous: bool = False

    SHEARLESS: ClassVar = True

    def __post_init__(self):
        self._flag("viscous")
        if not self.viscous:
            if self.mu:
                raise self._refuse("mu", "to be left out, or viscous=True beside it")
            self._store("mu", 0.0)
        super().__post_init__()


@dataclass(frozen=True, kw_only=True)
class ElastoPlastic(Base):
    """A solid that springs back from small deformations and keeps large ones.

    The stress is that of the fixed corotated model, see `Elastic`. Where the material yields, S is
    put back:

    * with `use_von_mises` to the von Mises yield surface. With the Hencky strain eps = log S and
      its deviator dev, of length d, and y = von_mises_yield_stress / (2 mu): where d > y, eps
      becomes eps - (1 - y / d) dev (the return mapping of Klár et al. 2016 with a yield stress
      that does not depend on pressure);
    * otherwise each singular value into [1 - yield_lower, 1 + yield_higher] (Stomakhin et al. 2013,
      without their hardening).

    Attributes:
        yield_lower: Part by which it may be compressed before it yields, 0 to 1. Does not count
            with `use_von_mises`.
        yield_higher: Part by which it may be stretched before it yields. Likewise.
        use_von_mises: Which of the two rules counts.
        von_mises_yield_stress: Length of the deviatoric stress at which it yields [Pa]. Counts with
            `use_von_mises` alone.
    """

    yield_lower: float = 2.5e-2
    yield_higher: float = 4.5e-3
    use_von_mises: bool = True
    von_mises_yield_stress: float = 10000.0

    def __post_init__(self):
        super().__post_init__()
        self._number("yield_lower", "a part from 0 to below 1", least=0, below=1)
        self._number("yield_higher", "a part that is not negative", least=0)
        self._flag("use_von_mises")
        self._number("von_mises_yield_stress", "a positive stress in Pa", above=0)


@dataclass(frozen=True, kw_only=True)
class Snow(ElastoPlastic):
    """Snow, which gets harder when it is compressed and falls apart when it is stretched.

    Each singular value of F is clamped as in `ElastoPlastic`; what is cut off goes into the plastic
    volume ratio Jp. The stress is that of the fixed corotated model with mu and lam both times
    exp(10 (1 - Jp)) (Stomakhin et al. 2013).

    Attributes:
        use_von_mises: Only False.
        von_mises_yield_stress: To be left out.
    """

    use_von_mises: bool = False

    def __post_init__(self):
        super().__post_init__()
        if self.use_von_mises:
            raise self._refuse("use_von_mises", "False: snow yields by its stretches")
        if self.von_mises_yield_stress != ElastoPlastic.von_mises_yield_stress:
            raise self._refuse("von_mises_yield_stress", "to be left out: see use_von_mises")


@dataclass(frozen=True, kw_only=True)
class Sand(Base):
    """Dry sand: grains that press on each other, rub, and do not stick.

    Saint Venant-Kirchhoff elasticity in the Hencky strain eps = log S, tau = U (2 mu eps +
    lam tr(eps) I) U^T, with Drucker-Prager yield: sand that expands has no stress at all, and its
    shear stress is bounded by `alpha` times its pressure. Volume that it gained is remembered in Jp
    and taken up again first when it is compressed (Klár et al. 2016).

    Attributes:
        friction_angle: Slope of a heap, between 0 and 90 [degrees].
    """

    friction_angle: float = 45.0

    def __post_init__(self):
        super().__post_init__()
        needs = "an angle between 0 and 90 degrees, both excluded"
        self._number("friction_angle", needs, above=0, below=90)

    @property
    def alpha(self) -> float:
        """sqrt(2/3) 2 sin(phi) / (3 - sin(phi)) with the friction angle phi (Klár et al. 2016)."""
        sine = math.sin(math.radians(self.friction_angle))
        return math.sqrt(2 / 3) * 2 * sine / (3 - sine)
