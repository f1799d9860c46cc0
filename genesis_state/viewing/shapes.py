"""Triangles of the simple shapes, centred at the origin, with sizes as MuJoCo has them."""

from __future__ import annotations

import numpy as np

from genesis_state.viewing.mesh import Mesh, creased

AROUND = 32  # segments of a circle


def box(size: np.ndarray) -> Mesh:
    """A box of half lengths `size`."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    quads = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
    faces = np.array([face for a, b, c, d in quads for face in ((a, b, c), (a, c, d))])
    return creased(corners * size, faces)


def ellipsoid(size: np.ndarray) -> Mesh:
    """An ellipsoid of half axes `size`; a sphere, if these are equal."""
    mesh = _turned(*_arc(-np.pi / 2, np.pi / 2, AROUND // 2 + 1))
    return Mesh(mesh.vertices * size, mesh.faces)


def ball(radius: float) -> Mesh:
    """A ball of few triangles, of which there may be thousands: an octahedron, cut twice."""
    corners = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    faces = [(a, (a + 1) % 4, 4) for a in range(4)] + [((a + 1) % 4, a, 5) for a in range(4)]
    vertices, cut, middles = list(corners.astype(float)), [], {}

    def middle(a: int, b: int) -> int:
        key = (min(a, b), max(a, b))
        if key not in middles:
            middles[key] = len(vertices)
            vertices.append(vertices[a] + vertices[b])
        return middles[key]

    for _ in range(2):
        cut = []
        for a, b, c in faces:
            ab, bc, ca = middle(a, b), middle(b, c), middle(c, a)
            cut += [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
        faces = cut
    points = np.array(vertices)
    return Mesh(radius * points / np.linalg.norm(points, axis=1, keepdims=True), np.array(faces))


def capsule(radius: float, half_length: float) -> Mesh:
    """A cylinder along z with half a ball at each end."""
    low, high = _arc(-np.pi / 2, 0.0, AROUND // 4 + 1), _arc(0.0, np.pi / 2, AROUND // 4 + 1)
    rings = np.concatenate((radius * low[0], radius * high[0]))
    heights = np.concatenate((radius * low[1] - half_length, radius * high[1] + half_length))
    return _turned(rings, heights)


def cylinder(radius: float, half_length: float) -> Mesh:
    """A cylinder along z."""
    rings, heights = np.array([0, radius, radius, 0]), half_length * np.array([-1, -1, 1, 1])
    mesh = _turned(rings, heights)
    return creased(mesh.vertices, mesh.faces)


def quad(half_x: float, half_y: float) -> Mesh:
    """A rectangle in the plane of x and y, facing z."""
    corners = np.array([[-half_x, -half_y, 0], [half_x, -half_y, 0], [half_x, half_y, 0]])
    corners = np.vstack((corners, [-half_x, half_y, 0]))
    return Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]]))


def _arc(start: float, end: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Radius and height of points on a circle of radius 1."""
    angle = np.linspace(start, end, count)
    return np.maximum(np.cos(angle), 0.0), np.sin(angle)


def _turned(rings: np.ndarray, heights: np.ndarray) -> Mesh:
    """What a curve of (radius, height), from a point on the axis to another, sweeps about z."""
    angle = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    inner = len(rings) - 2
    circle = np.stack((np.cos(angle), np.sin(angle)), axis=1)
    middle = np.concatenate(
        (
            rings[1:-1, None, None] * circle,
            np.broadcast_to(heights[1:-1, None, None], (inner, AROUND, 1)),
        ),
        axis=2,
    ).reshape(-1, 3)
    poles = [[0, 0, heights[0]], [0, 0, heights[-1]]]
    here = np.arange(AROUND)
    there = (here + 1) % AROUND
    bottom, top = inner * AROUND, inner * AROUND + 1
    faces = [np.stack((np.full(AROUND, bottom), there, here), axis=1)]
    for ring in range(inner - 1):
        a, b = ring * AROUND + here, ring * AROUND + there
        faces += [np.stack((a, b, b + AROUND), axis=1), np.stack((a, b + AROUND, a + AROUND), 1)]
    last = (inner - 1) * AROUND
    faces.append(np.stack((last + here, last + there, np.full(AROUND, top)), axis=1))
    return Mesh(np.concatenate((middle, poles)), np.concatenate(faces))
