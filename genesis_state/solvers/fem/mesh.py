"""Specs of all entities → one mesh: who meets whom, as arrays that kernels read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genesis_state import tetrahedra
from genesis_state.solvers.fem.spec import FEMSpec


@dataclass(frozen=True, eq=False)
class Mesh:
    """The tetrahedra of all entities, with vertices numbered through.

    Attributes:
        vertices: At rest [m], shape (n_vertices, 3).
        elements: Their vertices, shape (n_elements, 4).
        vertex_starts, element_starts: The first ones of each entity, and one past the last of all.
    """

    vertices: np.ndarray
    elements: np.ndarray
    vertex_starts: tuple[int, ...]
    element_starts: tuple[int, ...]

    @classmethod
    def of(cls, specs: Sequence[FEMSpec]) -> Mesh:
        """That of these entities."""
        vertex_starts = np.cumsum([0, *(len(spec.vertices) for spec in specs)]).tolist()
        element_starts = np.cumsum([0, *(len(spec.elements) for spec in specs)]).tolist()
        return cls(
            np.concatenate([spec.vertices for spec in specs]),
            np.concatenate([spec.elements + vertex_starts[k] for k, spec in enumerate(specs)]),
            tuple(vertex_starts),
            tuple(element_starts),
        )

    @cached_property
    def edges(self) -> np.ndarray:
        """Edges from the first vertex of each element at rest, in columns, (n_elements, 3, 3)."""
        x = self.vertices[self.elements]
        return np.swapaxes(x[:, 1:] - x[:, :1], 1, 2)

    @cached_property
    def faces(self) -> np.ndarray:
        """Triangles of the surface, shape (n_faces, 3)."""
        return tetrahedra.surface(self.elements)

    @cached_property
    def blocks(self) -> tuple[np.ndarray, np.ndarray]:
        """Row and column of every block of 3x3 in the matrix, row by row."""
        pairs = self.elements[:, :, None] * len(self.vertices) + self.elements[:, None, :]
        lone = np.arange(len(self.vertices)) * (len(self.vertices) + 1)
        return np.divmod(np.union1d(pairs.ravel(), lone), len(self.vertices))

    def digest(self) -> str:
        """Short hash of the mesh to the bit."""
        found = hashlib.sha256()
        for array in (self.vertices.astype(np.float64), self.elements.astype(np.int64)):
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()[:16]

    def constants(self) -> dict[str, np.ndarray]:
        """Values of the variables of role `model` that every solver on the mesh needs."""
        corners = np.argsort(self.elements.ravel(), kind="stable")
        place = np.empty_like(corners)
        place[corners] = np.arange(len(corners))
        counts = np.bincount(self.elements.ravel(), minlength=len(self.vertices))
        outside = np.zeros(len(self.vertices), dtype=int)
        outside[self.faces] = 1
        materials = np.arange(len(self.vertex_starts) - 1)
        return {
            "element_vertex": self.elements,
            "element_corner": place.reshape(-1, 4),
            "element_material": np.repeat(materials, np.diff(self.element_starts)),
            "element_volume": tetrahedra.volumes(self.vertices, self.elements),
            "rest_inverse": np.linalg.inv(self.edges),
            "corner_element": corners // 4,
            "vertex_corner": np.concatenate(([0], np.cumsum(counts))),
            "vertex_material": np.repeat(materials, np.diff(self.vertex_starts)),
            "material_vertex": np.array(self.vertex_starts),
            "vertex_outside": outside,
        }

    def face_constants(self) -> dict[str, np.ndarray]:
        """Those that contact of faces needs besides."""
        corners = self.faces.ravel()
        order = np.argsort(corners, kind="stable")
        starts = np.searchsorted(corners[order], np.arange(len(self.vertices) + 1))
        return {
            "face_vertex": self.faces,
            "vertex_face": order // 3,
            "vertex_face_start": starts,
        }

    def matrix_constants(self) -> dict[str, np.ndarray]:
        """Those that implicit steps need besides."""
        n = len(self.vertices)
        rows, columns = self.blocks
        keys = rows * n + columns
        pairs = self.elements[:, :, None] * n + self.elements[:, None, :]
        inverse = np.linalg.inv(self.edges)
        gradients = np.concatenate((-inverse.sum(axis=1, keepdims=True), inverse), axis=1)
        return {
            "shape_gradient": gradients,
            "element_block": np.searchsorted(keys, pairs.reshape(-1, 16)),
            "row_start": np.searchsorted(rows, np.arange(n + 1)),
            "block_column": columns,
            "diagonal_block": np.searchsorted(keys, np.arange(n) * (n + 1)),
        }
