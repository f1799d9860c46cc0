"""Neighbours of particles, against a search through all pairs."""

# pyright: reportInvalidTypeForm=false
# Taichi's annotations are calls.

from typing import NamedTuple

import numpy as np
import pytest
import torch

import genesis_state as gs
from genesis_state.kernels import neighbours
from genesis_state.kernels.lang import ti
from genesis_state.solvers.neighbour_schema import NeighbourSizes, NeighbourState

REACH = 0.1


class CrowdState(NeighbourState):
    """Particles that only look around."""

    pos = gs.StateVar("Position [m]", ("particle",), (3,))
    active = gs.StateVar("Whether it takes part", ("particle",), dtype="bool")
    failed = gs.StateVar("Whether a lane has no room", dtype="bool", role="scratch")


class CrowdSizes:
    """So many particles in so many lanes."""

    def __init__(self, particles: int, lanes: int, extent: float):
        self.particles = particles
        self.lanes = lanes
        self.share = -(-particles // lanes)
        self.near = NeighbourSizes(REACH, (extent,) * 3, particles, lanes)


@ti.kernel
def look_around(m: ti.template(), n: ti.template(), d: ti.template()):
    """All steps, one after the other."""
    for e in range(d.pos.shape[0]):
        d.failed[e] = False
        for lane in range(n.lanes):
            neighbours.find_cells(e, lane, d.pos, m, n, d, d)
        neighbours.sort_cells(e, m, n, d, d)
        for lane in range(n.lanes):
            neighbours.place_slots(e, lane, d.pos, n, d, d)
        for lane in range(n.lanes):
            neighbours.list_neighbours(e, lane, m, n, d, d)


class CrowdSolver(gs.Solver):
    """Finds neighbours and does nothing with them."""

    schema = CrowdState

    def __init__(self, *sizes):
        self.counts = CrowdSizes(*sizes)

    def sizes(self):
        return {"particle": self.counts.particles, **self.counts.near.dims()}

    def start(self):
        self.arena.write_model({"reach": REACH, "cells_per_metre": 1 / REACH})

    def step(self):
        look_around(self.model, self.counts, self.fields)

    def found(self, e: int) -> dict[int, list[int]]:
        """Neighbours by particle, in the order in which they are listed."""
        d = self.fields
        who = d.slot_particle.to_numpy()[e]
        start, end = d.neighbour_start.to_numpy()[e], d.neighbour_end.to_numpy()[e]
        near = d.neighbour.to_numpy()[e]
        return {
            int(who[i]): [int(p) for p in who[near[start[i] : end[i]]]]
            for i in range(int(d.n_slots.to_numpy()[e]))
        }


class Crowd(NamedTuple):
    """What was found in each environment."""

    found: list[dict[int, list[int]]]
    failed: list[bool]


def crowd(points: np.ndarray, active: np.ndarray, lanes: int = 3, extent: float = 1.0) -> Crowd:
    """Particles that have looked around; `points` of shape (n_envs, n, 3)."""
    scene = gs.Scene()
    solver = CrowdSolver(points.shape[1], lanes, extent)
    scene.add_solver(solver)
    scene.build(n_envs=len(points))
    with solver.arena.edit("pos", "active") as (pos, taking_part):
        pos.copy_(torch.from_numpy(points))
        taking_part.copy_(torch.from_numpy(active))
    scene.step()
    return Crowd(
        [solver.found(e) for e in range(len(points))], solver.fields.failed.to_numpy().tolist()
    )


def expected(points: np.ndarray, active: np.ndarray) -> dict[int, set[int]]:
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    near = (apart < REACH) & active[:, None] & active[None]
    np.fill_diagonal(near, False)
    return {int(p): {int(q) for q in np.flatnonzero(near[p])} for p in np.flatnonzero(active)}


@pytest.fixture(scope="module", autouse=True)
def runtime(fresh_runtime: None) -> None:
    gs.init(precision="64")


@pytest.mark.parametrize("width", [0.25, 1.0, 40.0], ids=["a heap", "a room", "far apart"])
def test_neighbours_are_those_of_a_search_through_all_pairs(width: float) -> None:
    """Far apart, cells of the table repeat, and there are many strangers in each."""
    random = np.random.default_rng(1)
    points = random.uniform(-width / 2, width / 2, (2, 500, 3))
    points[:, 400:] = points[:, :100] + random.uniform(-0.05, 0.05, (2, 100, 3))
    active = random.random((2, 500)) < 0.9
    seen = crowd(points, active, extent=width)
    for e, found in enumerate(seen.found):
        assert {p: set(q) for p, q in found.items()} == expected(points[e], active[e])
        assert all(len(set(q)) == len(q) for q in found.values())
    assert not any(seen.failed)


def test_order_does_not_depend_on_lanes_or_other_environments() -> None:
    random = np.random.default_rng(2)
    points = random.uniform(-0.2, 0.2, (3, 300, 3))
    active = random.random((3, 300)) < 0.8
    alone = crowd(points[1:2], active[1:2], lanes=1).found[0]
    assert crowd(points, active, lanes=7).found[1] == alone


def test_no_room_is_noticed() -> None:
    points = np.random.default_rng(3).uniform(0, 0.05, (2, 1000, 3))
    points[1] *= 20
    assert crowd(points, np.ones((2, 1000), dtype=bool)).failed == [True, False]


def test_what_is_no_number_has_no_neighbours() -> None:
    points = np.random.default_rng(4).uniform(0, 0.3, (1, 100, 3))
    points[0, 7] = (np.nan, 0.1, np.inf)
    found = crowd(points, np.ones((1, 100), dtype=bool)).found[0]
    assert found[7] == []
    assert not any(7 in near for near in found.values())
