"""What finding neighbours takes: variables, and sizes of their dims.

A slot is a place in the order of the active particles by cell. A lane is a share of an
environment's particles, or of its slots, that one thread takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from genesis_state.schema import Schema, StateVar

ROOM = 64  # neighbours that there is room for, of each particle on average
SPARE = 4096  # and besides for all of a lane: few particles may well lie on one heap
CELLS = 4  # cells in the table for each particle, at most
LEAST_CELLS = 4096  # and yet no fewer than these


class NeighbourState(Schema):
    """Particles sorted by cell, and the neighbours of each. See `kernels/neighbours.py`."""

    particle_cell = StateVar(
        "Cell of each particle, -1 if it takes no part", ("particle",), dtype="int", role="scratch"
    )
    cell_start = StateVar(
        "First slot of each cell, and one past the last", ("cell_end",), dtype="int", role="scratch"
    )
    n_slots = StateVar("Active particles", dtype="int", role="scratch")
    slot_particle = StateVar(
        "Active particles, cell by cell", ("particle",), dtype="int", role="scratch"
    )
    slot_pos = StateVar("Position of each slot's particle [m]", ("particle",), (3,), role="scratch")
    neighbour = StateVar(
        "Slots near others, lane by lane", ("neighbour",), dtype="int", role="scratch"
    )
    neighbour_start = StateVar(
        "Where those near each slot begin", ("particle",), dtype="int", role="scratch"
    )
    neighbour_end = StateVar("One past where they end", ("particle",), dtype="int", role="scratch")

    reach = StateVar("Distance below which particles are neighbours [m]", role="model")
    cells_per_metre = StateVar("Cells in a metre: 1 / reach", role="model")


class NeighbourSizes:
    """Sizes that `kernels/neighbours.py` sees as compile-time constants.

    Attributes:
        cells: Cells of the table along x, y and z, powers of two; `n_cells` in all.
        room: Neighbours that there is room for in each lane.

    Args:
        reach: Distance below which particles are neighbours [m].
        extent: Size of the domain along x, y and z [m].
        particles: How many there are.
        lanes: Shares that an environment's particles are dealt in.
        crowd: Neighbours that each may have on average.
    """

    def __init__(
        self,
        reach: float,
        extent: Sequence[float] | np.ndarray,
        particles: int,
        lanes: int,
        crowd: int = ROOM,
    ):
        # A cell more than the domain has, as it need not begin where a cell does.
        cells = [2 ** math.ceil(math.log2(max(4, edge / reach + 1))) for edge in extent]
        most = max(LEAST_CELLS, CELLS * particles)
        while math.prod(cells) > most and max(cells) > 4:
            # The highest first: what flows lies wide and low.
            cells[max((2, 1, 0), key=lambda k: cells[k])] //= 2
        self.cells = tuple(cells)
        self.n_cells = math.prod(cells)
        self.lanes = lanes
        share = -(-particles // lanes)
        self.room = share * min(particles - 1, crowd) + SPARE

    def dims(self) -> dict[str, int]:
        """Sizes of the dims that `NeighbourState` names besides "particle"."""
        return {"cell_end": self.n_cells + 1, "neighbour": self.lanes * self.room}
