"""Triangles: cut where they have an edge, joined, moved, and which way they face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from genesis_state import geom

CREASE = 35.0  # faces that meet at more than this angle have an edge between them [degrees]


@dataclass(frozen=True)
class Mesh:
    """Triangles.

    Attributes:
        vertices: Shape (n_vertices, 3) [m].
        faces: Three vertices each, counterclockwise from outside, shape (n_faces, 3).
    """

    vertices: np.ndarray
    faces: np.ndarray

    def moved(self, pos: np.ndarray, quat: np.ndarray) -> Mesh:
        """The same at another place."""
        return Mesh(geom.transform_by_trans_quat(self.vertices, pos, quat), self.faces)

    @classmethod
    def joined(cls, meshes: Sequence[Mesh]) -> Mesh:
        """All of them as one."""
        starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
        faces = [mesh.faces + start for mesh, start in zip(meshes, starts, strict=False)]
        return cls(np.concatenate([mesh.vertices for mesh in meshes]), np.concatenate(faces))


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Scalar products over the last axis."""
    return np.einsum("...i,...i->...", a, b)


def along(points: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Coordinates of points along some axes, shape (..., n_axes).

    A matrix product starts threads, which take longer than these few numbers.
    """
    return np.einsum("...i,ji->...j", points, axes.astype(points.dtype))


def unit(x: np.ndarray) -> np.ndarray:
    """Vectors scaled to length 1."""
    return x / np.maximum(np.sqrt(dot(x, x)), 1e-12)[..., None]


def face_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Normals as long as twice the area, shape (n_faces, 3)."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.cross(b - a, c - a)


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals, means over the faces around each vertex by area, shape (n_vertices, 3)."""
    normals = face_normals(vertices, faces)
    total = np.stack(
        [
            np.bincount(faces.reshape(-1), np.repeat(normals[:, axis], 3), len(vertices))
            for axis in range(3)
        ],
        axis=1,
    )
    return unit(total)


def creases(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gives each side of an edge vertices of its own, so that shading does not round it off.

    Returns:
        For each new vertex the old one, and the faces between new ones. So new vertices are
        `vertices[origin]`, also when they have moved.
    """
    faces = np.asarray(faces, dtype=np.int64)
    facing = unit(face_normals(np.asarray(vertices, dtype=float), faces))
    corner_vertex = faces.reshape(-1)
    order = np.argsort(corner_vertex, kind="stable")
    counts = np.bincount(corner_vertex, minlength=len(vertices))
    # Each corner looks at every corner of its vertex, and takes the lowest face that goes on
    # smoothly from its own: corners that agree share a vertex.
    starts = np.cumsum(counts) - counts
    mine = np.repeat(np.arange(len(order)), counts[corner_vertex[order]])
    first = np.repeat(starts[corner_vertex[order]], counts[corner_vertex[order]])
    rank = np.arange(len(mine)) - np.searchsorted(mine, mine)
    ours, others = order[mine] // 3, order[first + rank] // 3
    smooth = dot(facing[ours], facing[others]) > np.cos(np.radians(CREASE))
    smooth |= ours == others
    leader = np.full(len(corner_vertex), len(faces))
    np.minimum.at(leader, order[mine[smooth]], others[smooth])
    key = corner_vertex * (len(faces) + 1) + leader
    _, where, place = np.unique(key, return_index=True, return_inverse=True)
    return corner_vertex[where], place.reshape(-1, 3)


def creased(vertices: np.ndarray, faces: np.ndarray) -> Mesh:
    """A mesh with vertices of their own on each side of its edges."""
    origin, cut = creases(vertices, faces)
    return Mesh(np.asarray(vertices, dtype=float)[origin], cut)
