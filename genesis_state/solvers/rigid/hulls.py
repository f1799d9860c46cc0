"""Compiled MuJoCo model → the convex hulls of meshes that can touch, as arrays.

The hulls are those that MuJoCo compiled: vertices and their neighbours from `mesh_graph`, faces,
merged where they lie in one plane, from `mesh_poly*`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import mujoco
import numpy as np

from genesis_state.kernels.convex_support import CONVEX_KINDS, FEW
from genesis_state.kernels.geom_kinds import BOX, MESH

ROUND_CORNERS = 8  # most vertices of a face that stands for a disc, a line or a box's face
VERTICES = 64  # of the polytope that grows inside a difference
DIMS = (
    "polytope_vertex",
    "polytope_face",
    "polygon",
    "polygon_vertex",
    "hull",
    "hull_direction",
    "hull_vertex",
    "hull_edge",
    "hull_face",
    "hull_corner",
)


@dataclass(frozen=True)
class Hull:
    """A convex polyhedron.

    Attributes:
        vertices: In the geom's frame [m], shape (n_vertices, 3).
        edges: For each vertex its neighbours; empty lists if they are not known.
        faces: For each face its vertices, in turn.
        normals: Outward normal of each face, shape (n_faces, 3).
    """

    vertices: np.ndarray
    edges: list[list[int]]
    faces: list[list[int]]
    normals: np.ndarray
    corners: list[list[int]] = field(init=False)

    def __post_init__(self):
        corners: list[list[int]] = [[] for _ in self.vertices]
        for f, face in enumerate(self.faces):
            for v in face:
                corners[v].append(f)
        object.__setattr__(self, "corners", corners)


@dataclass(frozen=True)
class Hulls:
    """All hulls of a model, and the hull of each of its colliding geoms or -1."""

    hulls: tuple[Hull, ...]
    of_geom: np.ndarray
    convex: bool  # whether there are pairs without a closed form

    def dims(self) -> dict[str, int]:
        """Sizes of the dims that ConvexState names, `DIMS`."""
        vertices = VERTICES * self.convex
        largest = max((len(face) for hull in self.hulls for face in hull.faces), default=0)
        sizes = (
            vertices,
            2 * vertices,
            4,
            2 * max(largest, ROUND_CORNERS) * self.convex,
            len(self.hulls),
            27 * len(self.hulls),
            sum(len(hull.vertices) for hull in self.hulls),
            sum(len(row) for hull in self.hulls for row in hull.edges),
            sum(len(hull.faces) for hull in self.hulls),
            sum(len(row) for hull in self.hulls for row in hull.corners),
        )
        return dict(zip(DIMS, sizes, strict=True))

    def constants(self) -> dict[str, np.ndarray]:
        """Value of every variable of role `model` of ConvexState."""
        vertex = _starts([len(hull.vertices) for hull in self.hulls])
        face = _starts([len(hull.faces) for hull in self.hulls])
        edges, n_edges, edge_start = _joined([hull.edges for hull in self.hulls], vertex)
        corners, n_corners, corner_start = _joined([hull.corners for hull in self.hulls], face)
        around, n_around, around_start = _joined([hull.faces for hull in self.hulls], vertex)
        return {
            "geom_hull": self.of_geom,
            "hull_vertex_start": vertex,
            "hull_n_vertices": np.array([len(hull.vertices) for hull in self.hulls], dtype=int),
            "hull_climbs": np.array([_climbs(hull) for hull in self.hulls], dtype=int),
            "hull_seed": _concatenated(
                [_seeds(hull) + start for hull, start in zip(self.hulls, vertex, strict=True)]
            ),
            "hull_vertex": _concatenated([hull.vertices for hull in self.hulls], (0, 3)),
            "hull_edge_start": edge_start,
            "hull_n_edges": n_edges,
            "hull_edge": edges,
            "hull_corner_start": corner_start,
            "hull_n_corners": n_corners,
            "hull_corner": corners,
            "hull_face_start": around_start,
            "hull_face_size": n_around,
            "hull_face_normal": _concatenated([hull.normals for hull in self.hulls], (0, 3)),
            "hull_face_vertex": around,
        }


def hulls(mj: mujoco.MjModel, geoms: np.ndarray, kinds: np.ndarray) -> Hulls:
    """Finds the hulls that contacts need.

    Args:
        mj: The model.
        geoms: MuJoCo's geoms that can touch anything.
        kinds: Kinds of their pairs, see `geom_kinds.kind`.
    """
    convex = bool({int(k) for k in kinds}.intersection(CONVEX_KINDS))
    found: list[Hull] = []
    number: dict[int, int] = {}  # by MuJoCo's mesh
    of_geom = np.full(len(geoms), -1)
    for i, g in enumerate(geoms):
        mesh = int(mj.geom_dataid[g])
        is_box = convex and mj.geom_type[g] == BOX
        if not is_box and mj.geom_type[g] != MESH:
            continue
        key = -1 if is_box else mesh
        if key not in number:
            number[key] = len(found)
            found.append(box_hull() if is_box else mesh_hull(mj, mesh))
        of_geom[i] = number[key]
    return Hulls(tuple(found), of_geom, convex)


def box_hull() -> Hull:
    """A box with corners at ±1: as it is scaled, its normals stay what they are."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    edges = [[v ^ 4, v ^ 2, v ^ 1] for v in range(8)]
    faces = [[4, 6, 7, 5], [0, 1, 3, 2], [2, 3, 7, 6], [0, 4, 5, 1], [1, 5, 7, 3], [0, 2, 6, 4]]
    normals = np.stack([np.eye(3), -np.eye(3)], axis=1).reshape(6, 3)
    return Hull(corners.astype(float), edges, faces, normals)


def mesh_hull(mj: mujoco.MjModel, mesh: int) -> Hull:
    """The hull that MuJoCo compiled for a mesh, with its order of vertices and neighbours."""
    start = mj.mesh_vertadr[mesh]
    points = mj.mesh_vert[start : start + mj.mesh_vertnum[mesh]].astype(float)
    graph = mj.mesh_graphadr[mesh]
    vertices = np.arange(len(points))
    edges: list[list[int]] = [[] for _ in points]
    if graph >= 0:
        count, n_faces = mj.mesh_graph[graph : graph + 2]
        body = mj.mesh_graph[graph + 2 : graph + 2 + 3 * count + 3 * n_faces]
        vertices = body[count : 2 * count]
        ends = body[2 * count :]
        edges = []
        for begin in body[:count]:
            stop = begin + int(np.argmax(ends[begin:] < 0))
            edges.append([int(v) for v in ends[begin:stop]])
    number = {int(v): i for i, v in enumerate(vertices)}
    first = mj.mesh_polyadr[mesh]
    polygons = range(first, first + mj.mesh_polynum[mesh])
    faces = []
    for p in polygons:
        begin = mj.mesh_polyvertadr[p]
        around = mj.mesh_polyvert[begin : begin + mj.mesh_polyvertnum[p]]
        faces.append([number[int(v)] for v in around if int(v) in number])
    return Hull(points[vertices], edges, faces, mj.mesh_polynormal[list(polygons)].astype(float))


def _climbs(hull: Hull) -> bool:
    return len(hull.vertices) > FEW and all(hull.edges)


def _seeds(hull: Hull) -> np.ndarray:
    """For each cell of a grid of directions, coarse, the vertex that is farthest along it."""
    steps = np.array([-1.0, 0.0, 1.0])
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(27, 3)
    return np.argmax(hull.vertices @ grid.T, axis=0)


def _starts(counts: list[int]) -> np.ndarray:
    """Where each of several lists starts in their concatenation."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(int)[:-1]


def _concatenated(arrays: list[np.ndarray], empty: tuple[int, ...] = (0,)) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.zeros(empty)


def _joined(
    tables: list[list[list[int]]], offsets: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lists of numbers, one table of them a hull, as one array; their lengths and starts."""
    rows = [
        [number + offset for number in row]
        for table, offset in zip(tables, offsets, strict=True)
        for row in table
    ]
    lengths = [len(row) for row in rows]
    flat = np.array([number for row in rows for number in row], dtype=int)
    return flat, np.array(lengths, dtype=int), _starts(lengths)
