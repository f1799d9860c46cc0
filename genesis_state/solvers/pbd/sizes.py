"""Options and particles → how many there are of everything that kernels loop over."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from genesis_state.kernels.lanes import n_lanes
from genesis_state.kernels.pbd_density import PLANES
from genesis_state.kernels.pbd_materials import CLOTH, ELASTIC, LIQUID
from genesis_state.options import PBDOptions
from genesis_state.solvers.neighbour_schema import ROOM, NeighbourSizes
from genesis_state.solvers.pbd.ties import Ties

SHARE = 256  # particles that are worth a lane
SLACK = 1.5  # part by which what is tied may be more crowded than at rest


def reach(options: PBDOptions, kinds: frozenset[int]) -> float:
    """Distance below which particles can take notice of each other [m]."""
    return (2.0 if LIQUID in kinds else 1.0) * options.particle_size


class Sizes:
    """Sizes that kernels see as compile-time constants; two are equal only if they are the same.

    Attributes:
        envs, particles, materials, emitters, edges, hinges, tets: Counts.
        ties: Whether there are any of the last three.
        edge_colors, hinge_colors, tet_colors: Where each color of them begins, and their count.
        lanes: Shares of an environment's particles; `share` particles in each.
        kinds: Kinds of matter that occur.
        liquid: Whether there is any.
        collides: Whether particles of any kind keep their distance.
        meets: Whether any takes notice of others.
        near: Sizes for finding neighbours.
        stretch_iterations, bending_iterations, volume_iterations: Of one substep.
        density_iterations, viscosity_iterations: Likewise.
        bodies: Bodies of the rigid solver, if particles can touch any.
        coupled: Whether they can.
        eps: Distance from 1 to the next float of the fields' precision.

    Args:
        crowd: Neighbours of a particle at rest, in the finest mesh.
    """

    def __init__(
        self,
        options: PBDOptions,
        n_envs: int,
        counts: Sequence[int],
        emitters: int,
        kinds: frozenset[int],
        edges: Ties,
        hinges: Ties,
        tets: Ties,
        bodies: int,
        eps: float,
        crowd: float = 0.0,
    ):
        self.envs = n_envs
        self.particles = sum(counts)
        self.materials = len(counts)
        self.emitters = emitters
        self.edges = len(edges)
        self.hinges = len(hinges)
        self.tets = len(tets)
        self.ties = self.edges + self.hinges + self.tets > 0
        self.edge_colors = edges.color_starts
        self.hinge_colors = hinges.color_starts
        self.tet_colors = tets.color_starts
        self.lanes = n_lanes(self.particles, SHARE)
        self.share = -(-self.particles // self.lanes)
        self.kinds = kinds
        self.liquid = LIQUID in kinds
        self.collides = bool(kinds & {CLOTH, ELASTIC})
        self.meets = self.liquid or self.collides
        extent = np.subtract(options.upper_bound, options.lower_bound).tolist()
        count = self.particles if self.meets else 1
        self.near = NeighbourSizes(
            reach(options, kinds), extent, count, self.lanes, max(ROOM, math.ceil(SLACK * crowd))
        )
        self.stretch_iterations = options.max_stretch_solver_iterations
        self.bending_iterations = options.max_bending_solver_iterations
        self.volume_iterations = options.max_volume_solver_iterations
        self.density_iterations = options.max_density_solver_iterations
        self.viscosity_iterations = options.max_viscosity_solver_iterations
        self.bodies = bodies
        self.coupled = bodies > 0
        self.eps = eps

    def dims(self) -> dict[str, int]:
        """Sizes of the dims that the schema names."""
        return {
            "particle": self.particles,
            "emitter": self.emitters,
            "material": self.materials,
            "material_end": self.materials + 1,
            "edge": self.edges,
            "hinge": self.hinges,
            "tet": self.tets,
            "lane": self.lanes,
            "body": self.bodies,
            "liquid": self.particles if self.liquid else 0,
            "surface": self.particles if self.liquid and self.coupled else 0,
            "plane": PLANES,
            **self.near.dims(),
        }
