"""Meshes from files: vertices and faces, welded, upright and to scale."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genesis_state.options import Vector


@dataclass(frozen=True)
class TriangleMesh:
    """Triangles in space.

    Attributes:
        vertices: Positions [m], float64 of shape (n_vertices, 3), no two alike.
        faces: Three vertices each, int64 of shape (n_faces, 3); counterclockwise from outside if
            the mesh is closed.
        volume: What the faces enclose [m^3], or None where they have holes or no common outside.
        merged: How many vertices of the file lay where another one does.
        collapsed: How many of its faces had two corners in one place and are left out.
    """

    vertices: np.ndarray
    faces: np.ndarray
    volume: float | None
    merged: int
    collapsed: int


def read_mesh(path: Path, scale: Vector | float, z_up: bool, metres: bool = False) -> TriangleMesh:
    """Reads all meshes of a file as one.

    Args:
        path: The file; its suffix says the format.
        scale: Factors for x, y and z, or one for all.
        z_up: Whether z points up in the file. Otherwise y does, and (x, y, z) becomes (x, -z, y).
        metres: Whether a COLLADA file's own unit is converted; otherwise its numbers are metres.

    Raises:
        ValueError: The file cannot be read, or has no faces or numbers that are not finite.
    """
    # Only scenes with meshes wait for it to load.
    import trimesh

    try:
        # Cleaning would drop what is not finite in silence.
        scene = trimesh.load_scene(str(path), process=False, skip_materials=True)
        vertices, faces = _joined(scene)
        if metres and path.suffix.lower() == ".dae" and scene.units:
            vertices = vertices * trimesh.units.unit_conversion(scene.units, "meters")
    # Each reader stumbles over a bad file in a way of its own.
    except Exception as error:
        raise ValueError(f"{path} cannot be read: {' '.join(str(error).split())}.") from None
    if not np.isfinite(vertices).all():
        raise ValueError(f"{path} has vertices that are not finite numbers.")
    if not z_up:
        vertices = vertices[:, [0, 2, 1]] * (1, -1, 1)
    mesh = trimesh.Trimesh(vertices * np.asarray(scale), faces, process=False)
    # Formats without shared vertices, and seams of textures, tear a closed surface apart.
    n_vertices, n_faces = len(np.unique(mesh.faces)), len(mesh.faces)
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    merged = n_vertices - len(np.unique(mesh.faces))
    a, b, c = mesh.faces.T
    mesh.update_faces((a != b) & (b != c) & (c != a))
    mesh.remove_unreferenced_vertices()
    if not len(mesh.faces):
        raise ValueError(f"{path} has no faces.")
    closed = mesh.is_watertight and mesh.is_winding_consistent
    with np.errstate(invalid="ignore"):  # of two faces back to back, which enclose nothing
        volume = float(mesh.volume) if closed else None
    if volume is not None and volume < 0:
        mesh.invert()
        volume = -volume
    faces = np.array(mesh.faces)
    return TriangleMesh(
        np.array(mesh.vertices), faces, volume or None, merged, n_faces - len(faces)
    )


def _joined(scene: Any) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces of all meshes of a `trimesh.Scene` where it places them.

    Its own way to join meshes also joins their looks, which takes packages that we do not need.
    """
    vertices, faces, n = [np.zeros((0, 3))], [np.zeros((0, 3), dtype=int)], 0
    for node in scene.graph.nodes_geometry:
        place, name = scene.graph[node]
        mesh = scene.geometry[name]
        if hasattr(mesh, "faces"):
            vertices.append(mesh.vertices @ place[:3, :3].T + place[:3, 3])
            # A mirrored mesh is inside out.
            corners = mesh.faces if np.linalg.det(place[:3, :3]) > 0 else mesh.faces[:, ::-1]
            faces.append(corners + n)
            n += len(mesh.vertices)
    return np.concatenate(vertices), np.concatenate(faces)
