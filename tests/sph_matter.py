"""Scenes of liquid, and what its mass, momentum, density and pressure are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import genesis_state as gs

SOLVERS = ("WCSPH", "DFSPH")


def scene(
    *,
    solver: str,
    substep: float,
    substeps: int = 10,
    particle_size: float,
    lower: tuple[float, ...] = (-1.0, -1.0, -1.0),
    upper: tuple[float, ...] = (1.0, 1.0, 1.0),
    gravity: float = 0.0,
) -> gs.Scene:
    """An unbuilt scene.

    Args:
        solver: "WCSPH" or "DFSPH".
        substep: Duration of one [s].
        substeps: How many in a step.
        particle_size: In metres.
        lower, upper: Corners of the domain [m].
        gravity: Downwards [m/s^2].
    """
    return gs.Scene(
        sim_options=gs.options.SimOptions(
            dt=substep * substeps, substeps=substeps, gravity=(0.0, 0.0, -gravity)
        ),
        sph_options=gs.options.SPHOptions(
            particle_size=particle_size,
            lower_bound=lower,
            upper_bound=upper,
            pressure_solver=solver,
        ),
    )


@dataclass
class Liquid:
    """All liquid at one moment, in 64 bits; of the first environment.

    Attributes:
        m: Mass of each particle [kg].
        x, v: Positions [m] and velocities [m/s].
    """

    m: np.ndarray
    x: np.ndarray
    v: np.ndarray

    @property
    def centre(self) -> np.ndarray:
        """Centre of mass [m]."""
        return self.m @ self.x / self.m.sum()

    def momentum(self, about: np.ndarray) -> np.ndarray:
        """Linear and angular momentum about a point, six numbers."""
        linear = self.m[:, None] * self.v
        return np.concatenate((linear.sum(axis=0), np.cross(self.x - about, linear).sum(axis=0)))

    def energy(self, gravity: float) -> float:
        """Kinetic energy, and potential energy above z = 0 [J]."""
        return float(self.m @ (0.5 * (self.v**2).sum(axis=1) + gravity * self.x[:, 2]))


def liquid(world: gs.Scene) -> Liquid:
    """All liquid as it is."""
    state = world.get_state().sph
    mass = world.sph_solver.model
    of = mass.particle_material.to_numpy()
    rho = world.sph_solver.arena.get("rho")[0].double().numpy()
    volume = mass.material_volume.to_numpy().astype(float)
    return Liquid((rho * volume)[of], state.pos[0].double().numpy(), state.vel[0].double().numpy())


def pressures(world: gs.Scene) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where particles were at the start of the last substep [m], and their density, in parts of
    that of rest, and pressure [Pa] there; of the first environment."""
    solver = world.sph_solver
    d = solver.fields
    push = d.slot_push.to_numpy()[0].astype(float)
    if solver.counts.solves:
        push += d.slot_early_push.to_numpy()[0]
    volume = d.slot_volume.to_numpy()[0].astype(float)
    found = slice(0, int(d.n_slots.to_numpy()[0]))
    density = d.slot_density.to_numpy()[0].astype(float)
    return d.slot_pos.to_numpy()[0].astype(float)[found], density[found], (push / volume**2)[found]
