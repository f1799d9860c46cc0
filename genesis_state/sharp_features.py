"""Edges and corners of a mesh, given back to tetrahedra that cut them off."""

from __future__ import annotations

import itertools

import numpy as np

from genesis_state.cloth_mesh import edges_and_hinges
from genesis_state.mesh_file import TriangleMesh

SHARP = np.cos(np.radians(40.0))  # of the angle from which on faces meet at an edge
REACH = 0.9  # how far a vertex is moved to an edge, in spacings
CORNER_REACH = 1.2  # and to a corner
QUALITY = 0.3  # mean ratio that an element keeps, if it had as much


def sharpen(
    vertices: np.ndarray, elements: np.ndarray, mesh: TriangleMesh, spacing: float
) -> np.ndarray:
    """Moves vertices of the surface to the edges and corners of a mesh, the nearest first.

    One stays where it is if an element around it would get worse than `QUALITY`.

    Args:
        vertices: Shape (n, 3) [m].
        elements: Of positive orientation, shape (m, 4).
        mesh: What they fill.
        spacing: About the distance between vertices [m].

    Returns:
        The vertices, shape (n, 3).
    """
    corners, begin, end = features(mesh)
    if not len(begin):
        return vertices
    movable = _Movable(vertices.copy(), elements)
    for corner in corners:
        distance = np.linalg.norm(movable.outside() - corner, axis=1)
        for k in np.argsort(distance, kind="stable")[:8]:
            if distance[k] < CORNER_REACH * spacing and movable.move(k, corner):
                break
    # What is in the way of one may have moved with another.
    for _ in range(2):
        points = movable.outside()
        nearest, distance = _nearest(points, begin, end)
        for k in np.argsort(distance, kind="stable"):
            if distance[k] > REACH * spacing:
                break
            movable.move(k, nearest[k])
    return movable.vertices


def features(mesh: TriangleMesh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners, shape (n, 3), and the two ends of each sharp edge, shape (m, 3) [m]."""
    x = mesh.vertices
    _, _, hinges = edges_and_hinges(mesh.faces)
    a, b, c, d = (x[hinges[:, k]] for k in range(4))
    one, other = np.cross(b - a, c - a), np.cross(a - b, d - b)
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    edges = hinges[(one * other).sum(axis=1) < SHARP * norms][:, :2]
    # A vertex is a corner unless two edges go on through it, all but straight.
    away = np.concatenate((x[edges[:, 1]] - x[edges[:, 0]], x[edges[:, 0]] - x[edges[:, 1]]))
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    at = np.concatenate((edges[:, 0], edges[:, 1]))
    count = np.bincount(at, minlength=len(x))
    together = np.zeros((len(x), 3))
    np.add.at(together, at, away)
    bent = (together**2).sum(axis=1) > 2 - 2 * SHARP
    return x[(count > 0) & ((count != 2) | bent)], x[edges[:, 0]], x[edges[:, 1]]


class _Movable:
    """Vertices on the surface that have not been moved yet, by their place among all such."""

    def __init__(self, vertices: np.ndarray, elements: np.ndarray):
        self.vertices = vertices
        self._elements = elements
        faces = np.sort(elements[:, [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]].reshape(-1, 3), 1)
        unique, count = np.unique(faces, axis=0, return_counts=True)
        self._outside = np.unique(unique[count == 1])
        self._left = np.ones(len(self._outside), dtype=bool)
        self._order = np.argsort(elements.reshape(-1), kind="stable")
        ends = np.arange(len(vertices) + 1)
        self._start = np.searchsorted(elements.reshape(-1)[self._order], ends)

    def outside(self) -> np.ndarray:
        """Where they are, infinitely far off if they have been moved, shape (n, 3)."""
        return np.where(self._left[:, None], self.vertices[self._outside], np.inf)

    def move(self, k: int, to: np.ndarray) -> bool:
        """Moves one if its elements take it."""
        vertex = self._outside[k]
        around = self._order[self._start[vertex] : self._start[vertex + 1]] // 4
        elements, before = self._elements[around], self.vertices[vertex].copy()
        least = min(QUALITY, _mean_ratio(self.vertices[elements]).min())
        self.vertices[vertex] = to
        if _mean_ratio(self.vertices[elements]).min() < least:
            self.vertices[vertex] = before
            return False
        self._left[k] = False
        return True


def _mean_ratio(x: np.ndarray) -> np.ndarray:
    """Quality of elements with corners `x`, (n, 4, 3): 1 if regular, 0 if flat or inverted.

    12 (3 V)^(2/3) / (sum of the squares of the edges) (Liu, Joe: Relationship between tetrahedron
    shape measures. BIT 34, 1994).
    """
    a, b, c = (x[:, k] - x[:, 0] for k in (1, 2, 3))
    volume = (np.cross(a, b) * c).sum(axis=1) / 6
    pairs = itertools.combinations(range(4), 2)
    squares = sum(((x[:, i] - x[:, j]) ** 2).sum(axis=1) for i, j in pairs)
    return 12 * np.cbrt(3 * np.maximum(volume, 0.0)) ** 2 / squares


def _nearest(
    points: np.ndarray, begin: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The point of any segment that is nearest to each point, and its distance."""
    nearest, distance = points.copy(), np.full(len(points), np.inf)
    left = np.flatnonzero(np.isfinite(points[:, 0]))
    for a, b in zip(begin, end, strict=True):
        along = b - a
        part = np.clip((points[left] - a) @ along / (along @ along), 0.0, 1.0)
        at = a + part[:, None] * along
        away = np.linalg.norm(points[left] - at, axis=1)
        better = away < distance[left]
        nearest[left[better]], distance[left[better]] = at[better], away[better]
    return nearest, distance
