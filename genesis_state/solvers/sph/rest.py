"""How much volume a particle takes at rest, as the smoothing kernel sees it."""

from __future__ import annotations

import math

import numpy as np

SAMPLE = 400  # particles about the middle of a shape that are looked at


def kernel_scale(reach: float) -> float:
    """Factor of the smoothing kernel, see `kernels/sph_kernel.py` [1/m^3]."""
    return 8.0 / (math.pi * reach**3)


def rest_volume(positions: np.ndarray, volume: float, reach: float) -> float:
    """Volume [m^3] with which particles on an endless lattice have the density of rest.

    That of the shape's lattice, whose spacing need not be the particle size where it fills a box,
    and whose cells are not its volume by its number of particles where the shape is round. Where
    no lattice is found, in shapes thinner than three layers or filled at random, it is `volume`.

    Args:
        positions: Particles of a shape [m], shape (n, 3).
        volume: What each of them stands for [m^3].
        reach: Of the smoothing kernel [m].
    """
    order = np.argsort(((positions - positions.mean(axis=0)) ** 2).sum(axis=1), kind="stable")
    near = positions[order[:SAMPLE]]
    apart = (near[:, None] - near[None]).reshape(-1, 3)
    apart = apart[(apart**2).sum(axis=1) < reach**2]
    steps = np.unique(np.rint(apart / (1e-4 * reach)), axis=0) * 1e-4 * reach
    # A lattice has few of them, 26 within two layers; points at random nearly all another one.
    if not 27 <= len(steps) <= 125:
        return volume
    q = np.sqrt((steps**2).sum(axis=1)) / reach
    total = 2 * (1 - q) ** 3 - 8 * np.maximum(0.5 - q, 0) ** 3
    return 1.0 / (kernel_scale(reach) * float(total.sum()))
