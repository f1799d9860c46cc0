"""Triangle meshes as cloth: edges that resist stretching, hinges that resist bending, areas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genesis_state import morphs
from genesis_state.geom import transform_by_trans_quat
from genesis_state.mesh_file import TriangleMesh, read_mesh

FLAT = 1e-6
"""Area below which a face is flat, in squares of its longest edge."""


@dataclass(frozen=True)
class ClothMesh:
    """A sheet of triangles.

    Attributes:
        vertices: Positions [m], float64 of shape (n_vertices, 3), no two alike.
        faces: Three vertices each, int64 of shape (n_faces, 3).
        edges: Two vertices each, int64 of shape (n_edges, 2).
        hinges: Pairs of faces, int64 of shape (n_hinges, 4), see `edges_and_hinges`.
        areas: A third of the faces around each vertex [m^2], float64 of shape (n_vertices,).
        merged: How many vertices of the file lay where another one does.
    """

    vertices: np.ndarray
    faces: np.ndarray
    edges: np.ndarray
    hinges: np.ndarray
    areas: np.ndarray
    merged: int


def cloth_mesh(morph: morphs.Morph) -> ClothMesh:
    """The mesh of a morph as cloth, at its place in the world; it need not be closed.

    Raises:
        TypeError: The morph is no mesh.
        ValueError: A face has no area, two faces are the same, or an edge has more than two.
    """
    if not isinstance(morph, morphs.Mesh):
        raise TypeError(f"{type(morph).__name__} is no sheet for cloth; use gs.morphs.Mesh.")
    path = morphs.find_file(morph.file)
    mesh = read_mesh(path, morph.scale, z_up=bool(morph.file_meshes_are_zup))
    placed = transform_by_trans_quat(mesh.vertices, np.array(morph.pos), np.array(morph.quat))
    try:
        areas = _sound_areas(mesh)
        edges, hinges = _sound_edges(mesh)
    except ValueError as error:
        raise ValueError(f"{path} cannot be cloth: {error}") from None
    return ClothMesh(placed, mesh.faces, edges, hinges, areas, mesh.merged)


def edges_and_hinges(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges of faces, and hinges: pairs of faces that share an edge with no other.

    Args:
        faces: Shape (n_faces, 3).

    Returns:
        Edges, shape (n_edges, 2), each once; how many faces each has, shape (n_edges,); and hinges,
        shape (n_hinges, 4): vertices 1 and 2 of the edge, 3 of one face and 4 of the other. Where
        all faces look to one side, the faces are (1, 2, 3) and (2, 1, 4), counterclockwise.
    """
    tail = faces.reshape(-1)
    head = np.roll(faces, -1, axis=1).reshape(-1)
    third = np.roll(faces, -2, axis=1).reshape(-1)
    pairs = np.sort(np.stack((tail, head), -1), axis=1)
    edges, of, count = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(of.reshape(-1), kind="stable")
    first = (np.cumsum(count) - count)[count == 2]
    one, other = order[first], order[first + 1]
    return edges, count, np.stack((tail[one], head[one], third[one], third[other]), -1)


def _sound_edges(mesh: TriangleMesh) -> tuple[np.ndarray, np.ndarray]:
    """Edges and hinges; refuses edges of more than two faces."""
    edges, count, hinges = edges_and_hinges(mesh.faces)
    if count.max() > 2:
        crowded = int((count > 2).argmax())
        a, b = (tuple(mesh.vertices[v].round(9).tolist()) for v in edges[crowded])
        raise ValueError(
            f"the edge from {a} to {b} belongs to {count[crowded]} faces, needs at most two; cut "
            "the mesh there."
        )
    return edges, hinges


def _sound_areas(mesh: TriangleMesh) -> np.ndarray:
    """Area of each vertex; refuses faces that are flat or there twice."""
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    area = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)
    longest = np.max([np.linalg.norm(x, axis=1) for x in (b - a, c - b, a - c)], axis=0)
    flat = int((area <= FLAT * longest**2).sum()) + mesh.collapsed
    if flat:
        raise ValueError(f"faces without area: {flat}; leave them out.")
    _, count = np.unique(np.sort(mesh.faces, axis=1), axis=0, return_counts=True)
    if count.max() > 1:
        raise ValueError(f"faces that are there twice: {(count > 1).sum()}; leave one out.")
    return np.bincount(mesh.faces.reshape(-1), np.repeat(area / 3, 3), len(mesh.vertices))
