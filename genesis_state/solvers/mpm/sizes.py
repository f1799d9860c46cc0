"""Options and particles → how many there are of everything that kernels loop over."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from genesis_state.kernels.lanes import n_lanes
from genesis_state.kernels.mpm_grid import COLORS, TILE
from genesis_state.kernels.mpm_materials import PLASTIC
from genesis_state.options import MPMOptions

SHARE = 1024  # particles that are worth a lane


class Sizes:
    """Sizes that kernels see as compile-time constants; two are equal only if they are the same.

    Attributes:
        envs, particles, materials, emitters: Counts.
        lanes: Shares of an environment's work; `share` particles in each.
        lower: The first node along each axis, in cells from the world's origin.
        cells: Cells between the bounds along each axis.
        wall: Cells between the bounds and the walls.
        nodes: Nodes along each axis, whole tiles.
        tiles: Tiles along each axis, `n_tiles` in all.
        kinds: Laws of materials that occur; `plastic` if some of them yield.
        bodies: Bodies of the rigid solver, if particles can touch any.
        coupled: Whether they can.
        eps: Distance from 1 to the next float of the fields' precision.
    """

    def __init__(
        self,
        options: MPMOptions,
        n_envs: int,
        counts: Sequence[int],
        emitters: int,
        kinds: frozenset[int],
        bodies: int,
        eps: float,
    ):
        self.envs = n_envs
        self.particles = sum(counts)
        self.materials = len(counts)
        self.emitters = emitters
        self.lanes = n_lanes(self.particles, SHARE)
        self.share = -(-self.particles // self.lanes)
        low, high = (
            np.rint(np.array(bound) * options.grid_density).astype(int)
            for bound in (options.lower_bound, options.upper_bound)
        )
        self.lower = tuple(low.tolist())
        self.cells = tuple((high - low).tolist())
        self.tiles = tuple(cells // TILE + 1 for cells in self.cells)
        self.wall = options.PADDING
        self.nodes = tuple(TILE * tiles for tiles in self.tiles)
        self.n_tiles = math.prod(self.tiles)
        self.kinds = kinds
        self.plastic = bool(kinds & PLASTIC)
        self.bodies = bodies
        self.coupled = bodies > 0
        self.eps = eps

    def dims(self) -> dict[str, int]:
        """Sizes of the dims that the schema names."""
        slots = min(self.n_tiles, self.particles)
        return {
            "particle": self.particles,
            "emitter": self.emitters,
            "material": self.materials,
            "node": math.prod(self.nodes),
            "lane": self.lanes,
            "tile": self.n_tiles,
            "lane_tile": min(self.n_tiles, self.share),
            "slot": slots,
            "slot_end": slots + 1,
            "color_end": COLORS + 1,
            "body": self.bodies,
        }
