"""Options and particles → how many there are of everything that kernels loop over."""

from __future__ import annotations

from collections.abc import Sequence

from genesis_state.kernels.dealing import on_cpu
from genesis_state.kernels.lanes import n_lanes
from genesis_state.kernels.sph_walls import SURFACES
from genesis_state.options import SPHOptions
from genesis_state.solvers.neighbour_schema import NeighbourSizes

SHARE = 256  # particles that are worth a lane
GPU_SHARE = 32  # where threads are many there is no most
REACH = 2.0  # of the smoothing kernel, in particle sizes


class Sizes:
    """Sizes that kernels see as compile-time constants; two are equal only if they are the same.

    Attributes:
        envs, particles, materials, emitters: Counts.
        lanes: Shares of an environment's work; `share` particles in each.
        near: Sizes of what finds neighbours.
        solves: Whether pressures are solved for; otherwise they follow from the density.
        bodies: Bodies of the rigid solver, if particles can touch any.
        coupled: Whether they can.
    """

    def __init__(
        self, options: SPHOptions, n_envs: int, counts: Sequence[int], emitters: int, bodies: int
    ):
        self.envs = n_envs
        self.particles = sum(counts)
        self.materials = len(counts)
        self.emitters = emitters
        if on_cpu():
            self.lanes = n_lanes(self.particles, SHARE)
        else:
            self.lanes = max(1, self.particles // GPU_SHARE)
        self.share = -(-self.particles // self.lanes)
        extent = [
            high - low for low, high in zip(options.lower_bound, options.upper_bound, strict=True)
        ]
        self.near = NeighbourSizes(
            REACH * options.particle_size, extent, self.particles, self.lanes
        )
        self.solves = options.pressure_solver == "DFSPH"
        self.bodies = bodies
        self.coupled = bodies > 0

    def dims(self) -> dict[str, int]:
        """Sizes of the dims that the schema names."""
        solved = self.particles if self.solves else 0
        return {
            "particle": self.particles,
            "emitter": self.emitters,
            "material": self.materials,
            "solved_particle": solved,
            "surface": SURFACES * solved if self.coupled else 0,
            "lane": self.lanes,
            "body": self.bodies,
            **self.near.dims(),
        }
