"""Scenes of matter made of particles, and what their mass, momentum and energy is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch

import genesis_state as gs

MPM = gs.materials.MPM


def every_material(E: float, rho: float = 1000.0) -> dict[str, MPM.Base]:
    """One of each law of materials, by name, with this modulus [Pa] and density [kg/m^3]."""
    return {
        "elastic, corotated": MPM.Elastic(E=E, rho=rho),
        "elastic, neo-Hookean": MPM.Elastic(E=E, rho=rho, model="neohooken"),
        "liquid": MPM.Liquid(E=E, rho=rho),
        "liquid, viscous": MPM.Liquid(E=E, rho=rho, viscous=True),
        "metal": MPM.ElastoPlastic(E=E, rho=rho),
        "metal, clamped": MPM.ElastoPlastic(E=E, rho=rho, use_von_mises=False),
        "snow": MPM.Snow(E=E, rho=rho),
        "sand": MPM.Sand(E=E, rho=rho),
    }


def scene(
    *,
    substep: float,
    substeps: int = 10,
    density: float = 32.0,
    lower: tuple[float, ...] = (-1.0, -1.0, -1.0),
    upper: tuple[float, ...] = (1.0, 1.0, 1.0),
    gravity: float = 0.0,
) -> gs.Scene:
    """An unbuilt scene.

    Args:
        substep: Duration of one [s].
        substeps: How many in a step.
        density: Cells of the grid per metre.
        lower, upper: Its corners [m].
        gravity: Downwards [m/s^2].
    """
    return gs.Scene(
        sim_options=gs.options.SimOptions(
            dt=substep * substeps, substeps=substeps, gravity=(0.0, 0.0, -gravity)
        ),
        mpm_options=gs.options.MPMOptions(
            grid_density=density, lower_bound=lower, upper_bound=upper
        ),
    )


@dataclass
class Matter:
    """The particles of an entity at one moment, in 64 bits; of the first environment.

    Attributes:
        material: What they are made of.
        m, volume: Mass [kg] and volume [m^3] of one of them.
        cell: Size of a grid cell [m].
        x, v, C, F, Jp: Their state.
    """

    material: MPM.Base
    m: float
    volume: float
    cell: float
    x: torch.Tensor
    v: torch.Tensor
    C: torch.Tensor
    F: torch.Tensor
    Jp: torch.Tensor

    @property
    def D(self) -> float:
        """Second moment of the weights [m^2]: what an affine velocity counts with."""
        return self.cell**2 / 4

    @property
    def centre(self) -> torch.Tensor:
        """Centre of mass [m]."""
        return self.x.mean(dim=0)

    @property
    def momentum(self) -> torch.Tensor:
        """Linear momentum [kg m/s]."""
        return self.m * self.v.sum(dim=0)

    def spin(self, about: torch.Tensor) -> torch.Tensor:
        """Angular momentum [kg m^2/s] about a point, that of the affine velocities with it."""
        C = self.C
        curl = torch.stack(
            (C[:, 2, 1] - C[:, 1, 2], C[:, 0, 2] - C[:, 2, 0], C[:, 1, 0] - C[:, 0, 1]), dim=-1
        )
        arms = torch.linalg.cross(self.x - about, self.v)
        return self.m * (arms + self.D * curl).sum(dim=0)

    @property
    def kinetic(self) -> float:
        """Kinetic energy [J], that of the affine velocities with it."""
        return float(0.5 * self.m * ((self.v**2).sum() + self.D * (self.C**2).sum()))

    def weight_energy(self, gravity: float) -> float:
        """Potential energy [J] above z = 0."""
        return float(self.m * gravity * self.x[:, 2].sum())

    @cached_property
    def elastic(self) -> float:
        """Elastic energy [J] of a corotated or a neo-Hookean solid.

        mu |F - R|^2 + lam / 2 (J - 1)^2, or mu / 2 (|F|^2 - 3) - mu ln J + lam / 2 (ln J)^2, whose
        derivatives the stresses are.
        """
        mu, lam = float(self.material.mu or 0.0), float(self.material.lam or 0.0)
        J = torch.linalg.det(self.F)
        stretch = torch.linalg.svdvals(self.F)
        if isinstance(self.material, MPM.Elastic) and self.material.model == "neohooken":
            log = torch.log(J)
            density = 0.5 * mu * ((stretch**2).sum(-1) - 3) - mu * log + 0.5 * lam * log**2
        else:
            density = mu * ((stretch - 1) ** 2).sum(-1) + 0.5 * lam * (J - 1) ** 2
        return float(self.volume * density.sum())


def matter(entity, env: int = 0) -> Matter:
    """An entity's particles as they are."""
    state = entity.scene.get_state().mpm
    own = slice(entity.particle_start, entity.particle_end)
    x, v, C, F, Jp = (getattr(state, k)[env, own].double() for k in ("pos", "vel", "C", "F", "Jp"))
    cell = 1.0 / entity.scene.mpm_options.grid_density
    volume = entity.sampled.volume
    return Matter(entity.material, entity.material.rho * volume, volume, cell, x, v, C, F, Jp)
