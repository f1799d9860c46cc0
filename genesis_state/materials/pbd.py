"""What continua of position based dynamics are made of: `gs.materials.PBD.Cloth()` and others.

A compliance is the inverse of a stiffness (Macklin, Müller, Chentanez: XPBD, position-based
simulation of compliant constrained dynamics. Motion in Games, 2016); 0 is as stiff as the
iterations allow. A relaxation is the part that an iteration corrects of what is stiffer than that;
the last iteration over lengths corrects all. docs/pbd.md says more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genesis_state.materials.sampled import Sampled
from genesis_state.options import Options


@dataclass(frozen=True, kw_only=True)
class Base(Options):
    """What all of them have.

    Attributes:
        rho: Density [kg/m^3]; of cloth [kg/m^2].
    """

    rho: float = 1000.0

    DENSITY: ClassVar = "a positive density in kg/m^3"
    RELAXATION: ClassVar = "a part from 0 to 1"

    def __post_init__(self):
        super().__post_init__()
        self._number("rho", self.DENSITY, above=0)


@dataclass(frozen=True, kw_only=True)
class Tied(Base):
    """Base of what keeps a shape: its particles are the vertices of a mesh.

    Attributes:
        static_friction: Coefficient of friction between two of its particles that stick.
        kinetic_friction: The same between two that slip.
        stretch_compliance: Of the lengths of edges [m/N].
        bending_compliance: Of the angles between faces [rad/(N m)].
        stretch_relaxation, bending_relaxation: Parts from 0 to 1.
    """

    static_friction: float = 0.15
    kinetic_friction: float = 0.15
    stretch_compliance: float = 0.0
    bending_compliance: float = 0.0
    stretch_relaxation: float = 0.1
    bending_relaxation: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        for kind in ("static", "kinetic"):
            self._number(f"{kind}_friction", "a coefficient that is not negative", least=0)
        for what in ("stretch", "bending"):
            self._number(f"{what}_compliance", "a number that is not negative", least=0)
            self._number(f"{what}_relaxation", self.RELAXATION, least=0, most=1)


@dataclass(frozen=True, kw_only=True)
class Cloth(Tied):
    """A sheet that resists stretching and bending: a triangle mesh, its vertices the particles.

    Attributes:
        rho: Mass by area [kg/m^2].
        air_resistance: Drag of the air on a particle, c in the force c |v| v [kg/m].
    """

    rho: float = 4.0
    stretch_compliance: float = 1e-7
    bending_compliance: float = 1e-5
    stretch_relaxation: float = 0.3
    air_resistance: float = 1e-3

    DENSITY: ClassVar = "a positive density in kg/m^2"

    def __post_init__(self):
        super().__post_init__()
        self._number("air_resistance", "a number that is not negative", least=0)


@dataclass(frozen=True, kw_only=True)
class Elastic(Tied):
    """A solid that keeps its shape and volume: tetrahedra, their vertices the particles.

    Attributes:
        volume_compliance: Of the volumes of tetrahedra [m^3/N].
        volume_relaxation: A part from 0 to 1.
    """

    volume_compliance: float = 0.0
    volume_relaxation: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        self._number("volume_compliance", "a number that is not negative", least=0)
        self._number("volume_relaxation", self.RELAXATION, least=0, most=1)


@dataclass(frozen=True, kw_only=True)
class Liquid(Base, Sampled):
    """A liquid whose particles keep their density.

    Attributes:
        density_relaxation: Part from 0 to 1 of what an iteration over densities corrects.
        viscosity_relaxation: Part from 0 to 1 by which velocities of neighbours become alike in
            one iteration.
    """

    density_relaxation: float = 0.2
    viscosity_relaxation: float = 0.01

    def __post_init__(self):
        super().__post_init__()
        for what in ("density", "viscosity"):
            self._number(f"{what}_relaxation", self.RELAXATION, least=0, most=1)


@dataclass(frozen=True, kw_only=True)
class Particle(Base, Sampled):
    """Particles that fall and touch rigid bodies, and take no notice of each other."""
