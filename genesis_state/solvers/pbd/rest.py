"""What keeps its length, angle or volume: the rest shapes of an entity's constraints."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from genesis_state.solvers.pbd.spec import PBDSpec


def edge_lengths(x: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Distance of the two particles of each edge [m], shape (n_edges,)."""
    return np.linalg.norm(x[edges[:, 0]] - x[edges[:, 1]], axis=1)


def hinge_angles(x: np.ndarray, hinges: np.ndarray) -> np.ndarray:
    """Angle by which the faces of each hinge are out of one plane [rad], from -pi to pi.

    The sign is that of (n3 x n4) . (x2 - x1), n3 and n4 the normals of the faces of particles 3 and
    4, which point to one side where the faces are in one plane.
    """
    x1, x2, x3, x4 = (x[hinges[:, k]] for k in range(4))
    edge = x2 - x1
    one, other = np.cross(edge, x3 - x1), np.cross(x4 - x1, edge)
    length = np.linalg.norm(edge, axis=1)
    sine = np.einsum("ij,ij->i", np.cross(one, other), edge) / np.where(length == 0, 1, length)
    return np.arctan2(sine, np.einsum("ij,ij->i", one, other))


def tet_volumes(x: np.ndarray, tets: np.ndarray) -> np.ndarray:
    """Volume of each tetrahedron [m^3], shape (n_tets,)."""
    a, b, c = (x[tets[:, k]] - x[tets[:, 0]] for k in (1, 2, 3))
    return np.einsum("ij,ij->i", np.cross(a, b), c) / 6.0


def crowd(x: np.ndarray, reach: float) -> float:
    """How many others are within reach of a particle on average, judged by some 256 of them."""
    some = x[:: max(1, len(x) // 256)]
    found = [((x - one) ** 2).sum(axis=1) < reach**2 for one in some]
    return float(np.sum(found)) / len(some) - 1.0


def digest(specs: Sequence[PBDSpec]) -> str:
    """Short hash of all rest shapes to the bit: what is tied, and how much each particle is."""
    found = hashlib.sha256()
    for spec in specs:
        arrays = [spec.mass / spec.material.rho, spec.edges, spec.hinges, spec.tets]
        if len(spec.edges):
            arrays.append(spec.positions)
        for array in arrays:
            found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]
