"""Matter of position based dynamics: solvers without a scene, and what particles weigh and do."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import genesis_state as gs
from genesis_state.runtime import require
from genesis_state.solvers.pbd.solver import PBDSolver
from genesis_state.solvers.pbd.spec import PBDSpec

PBD = gs.materials.PBD


def ties(groups: Any, particles: int) -> np.ndarray:
    """Constraints on so many particles each."""
    return np.array(groups, dtype=np.int64).reshape(-1, particles)


def pieces(
    material: Any,
    positions: Any,
    mass: Any,
    held: list[int],
    *,
    edges: Any = (),
    hinges: Any = (),
    tets: Any = (),
    dt: float,
    substeps: int = 1,
    **options: Any,
) -> PBDSolver:
    """A built solver of a few particles, of which `held` stay where they are."""
    spec = PBDSpec(
        "pieces",
        material,
        np.array(positions),
        np.array(mass),
        ties(edges, 2),
        ties(hinges, 4),
        ties(tets, 4),
    )
    solver = PBDSolver([spec], gs.options.PBDOptions(**options))
    solver.build(1, gs.options.SimOptions(dt=dt, substeps=substeps), require())
    with solver.arena.edit("free") as (free,):
        free[:, held] = False
    return solver


def settled(solver: PBDSolver, seconds: float) -> np.ndarray:
    """Where particles are on average in the second half of so much time, shape (n, 3)."""
    steps = round(seconds / solver.dt)
    found = []
    for k in range(steps):
        solver.step()
        if 2 * k >= steps:
            found.append(solver.arena.get("pos")[0].double().numpy())
    assert not solver.get_error_envs_mask().any()
    return np.mean(found, axis=0)


class Matter:
    """Mass, momentum and energy of an entity's particles, in 64 bits; of the first environment."""

    def __init__(self, entity: Any):
        self.entity = entity
        solver = entity.scene.pbd_solver
        self.own = slice(entity.particle_start, entity.particle_end)
        amount = solver.model.particle_amount.to_numpy()[self.own].astype(float)
        self.mass = torch.from_numpy(entity.material.rho * amount)

    def now(self, state: gs.SimState | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Positions and velocities, in a state of the scene or as they are."""
        found = (state or self.entity.scene.get_state()).pbd
        return found.pos[0, self.own].double(), found.vel[0, self.own].double()

    @property
    def centre(self) -> torch.Tensor:
        """Centre of mass [m]."""
        return (self.mass[:, None] * self.now()[0]).sum(0) / self.mass.sum()

    def momentum(self, about: torch.Tensor) -> np.ndarray:
        """Linear and angular momentum about a point, six numbers."""
        x, v = self.now()
        p = self.mass[:, None] * v
        return torch.cat((p.sum(0), torch.linalg.cross(x - about, p).sum(0))).numpy()

    def energy(self, gravity: float, state: gs.SimState | None = None) -> float:
        """Kinetic energy, and potential energy above z = 0 [J]; without what ties store."""
        x, v = self.now(state)
        return float((self.mass * (0.5 * (v**2).sum(-1) + gravity * x[:, 2])).sum())
