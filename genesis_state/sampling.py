"""Particles that fill a shape: where they are, and how much volume each stands for.

Nothing here draws from a generator that others use: the same arguments give the same bytes in
every run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genesis_state import morphs, solids
from genesis_state.geom import inv_transform_by_trans_quat, transform_by_trans_quat
from genesis_state.solids import Solid

NOWHERE = 1e6
"""All three coordinates [m] of particles that have not been placed: outside of any domain."""


@dataclass(frozen=True)
class Particles:
    """Particles of one entity.

    Attributes:
        positions: Where they are [m], float64 of shape (n, 3), in the world.
        volume: What each of them stands for [m^3].
    """

    positions: np.ndarray
    volume: float


def particles(
    morph: morphs.Morph, particle_size: float, sampler: str = "regular", seed: int = 0
) -> Particles:
    """Fills the shape of a morph with particles, at its place in the world.

    Their volumes add up to that of the shape, so that their mass is exact.

    Args:
        morph: A Box, Sphere, Cylinder, Capsule, Mesh or Nowhere. Particles of `Nowhere` lie at
            `NOWHERE` and stand for the cube of a particle size each.
        particle_size: Distance between neighbours [m].
        sampler: "regular": a lattice that is centred on the shape, cubic with this distance, but
            stretched to fill boxes, and cylinders along their axis, up to the faces; "random": as
            many points, evenly distributed.
        seed: Of the random points.

    Raises:
        TypeError: The morph is no solid shape.
        ValueError: A mesh is not closed or no point of the lattice is inside.
    """
    if isinstance(morph, morphs.Nowhere):
        return Particles(np.full((morph.n_particles, 3), NOWHERE), particle_size**3)
    body = solids.solid(morph)
    points = fill(body, particle_size, sampler, seed)
    if not len(points):
        raise ValueError(
            f"{type(morph).__name__}: no particles of particle_size={particle_size:.6g} fit into "
            f"it, it measures {' x '.join(f'{x:.6g}' for x in body.upper - body.lower)} m; use "
            "smaller particles or a larger shape."
        )
    placed = transform_by_trans_quat(points, np.array(morph.pos), np.array(morph.quat))
    return Particles(placed, body.volume / len(points))


def fill(body: Solid, particle_size: float, sampler: str, seed: int = 0) -> np.ndarray:
    """Points in a solid, float64 of shape (n, 3), in its own frame; see `particles`."""
    size = body.upper - body.lower
    counts = [max(1, math.floor(edge / particle_size + 0.5)) for edge in size]
    axes = []
    for axis, n in enumerate(counts):
        spacing = size[axis] / n if body.flat[axis] else particle_size
        centre = 0.5 * (body.lower[axis] + body.upper[axis])
        axes.append(centre + (np.arange(n) - 0.5 * (n - 1)) * spacing)
    lattice = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    regular = lattice[body.inside(lattice)]
    if sampler == "regular":
        return regular
    draw = np.random.Generator(np.random.PCG64(seed))
    batch = max(64, len(lattice))
    found = np.zeros((0, 3))
    while len(found) < len(regular):
        points = body.lower + draw.random((batch, 3)) * size
        found = np.concatenate((found, points[body.inside(points)]))
    return found[: len(regular)]


def droplet(
    shape: str,
    size: float | Sequence[float],
    length: float,
    particle_size: float,
    sampler: str = "regular",
) -> np.ndarray:
    """Points in a droplet about the origin that flies along z, float64 of shape (n, 3).

    Args:
        shape: "circle", a cylinder; "sphere"; "square" or "rectangle", a box.
        size: Diameter or edge [m]; for a rectangle width and height.
        length: Length along z [m]. A sphere has its own.
        particle_size: Distance between neighbours [m].
        sampler: See `particles`.

    Raises:
        ValueError: The shape is unknown or its size does not belong to it.
    """
    wanted = {"circle": 1, "sphere": 1, "square": 1, "rectangle": 2}
    if shape not in wanted:
        raise ValueError(f"droplet_shape is {shape!r}, needs one of {', '.join(wanted)}.")
    try:
        edges = np.array(size, dtype=float)
    except (TypeError, ValueError):
        edges = np.zeros(0)
    axes = () if wanted[shape] == 1 else (2,)
    if edges.shape != axes or not (np.isfinite(edges).all() and (edges > 0).all()):
        needs = "width and height" if shape == "rectangle" else "a positive length"
        raise ValueError(f"droplet_size is {size!r}, needs {needs} in metres for a {shape}.")
    first, last = float(edges.flat[0]), float(edges.flat[-1])
    if shape == "circle":
        body = solids.cylinder(first / 2, length)
    elif shape == "sphere":
        body = solids.shell(0.0, first / 2)
    else:
        body = solids.box(first, last, length)
    return fill(body, particle_size, sampler)


def contains(morph: morphs.Morph, points: np.ndarray) -> np.ndarray:
    """Whether each of the points (n, 3) of the world is in a morph's shape, bool (n,)."""
    if isinstance(morph, morphs.Nowhere):
        return np.zeros(len(points), dtype=bool)
    body = solids.solid(morph)
    local = inv_transform_by_trans_quat(points, np.array(morph.pos), np.array(morph.quat))
    return body.contains(local)
