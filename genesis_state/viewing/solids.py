"""All triangles and balls of one environment at one moment, in the world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genesis_state import geom
from genesis_state.viewing.drawing import Color, Drawing, Pose
from genesis_state.viewing.mesh import Mesh, vertex_normals


@dataclass(frozen=True)
class Solids:
    """Triangles first, then balls: items of a picture are numbered in this order.

    Attributes:
        corners, normals: Of triangles, shape (n, 3, 3).
        centers, radius: Of balls, shape (m, 3) and (m,) [m].
        colors: Of each item, linear, shape (n + m, 3).
        opacity: Of triangles, shape (n,).
    """

    corners: np.ndarray
    normals: np.ndarray
    centers: np.ndarray
    radius: np.ndarray
    colors: np.ndarray
    opacity: np.ndarray

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Corners of a box around all, shape (3,) each [m]."""
        points = np.concatenate((self.corners.reshape(-1, 3), self.centers))
        if not len(points):
            return np.zeros(3), np.ones(3)
        return points.min(axis=0), points.max(axis=0)


def solids_of(drawing: Drawing, pose: Pose) -> Solids:
    """Puts everything where it is."""
    pieces: list[tuple[Mesh, Color, float]] = []
    for part in drawing.parts:
        pieces.append((part.mesh.moved(*pose.frame_of(part.link)), part.color, part.opacity))
    for skin, mesh in zip(drawing.skins, pose.skins, strict=True):
        pieces.append((mesh, skin.color, 1.0))
    corners, normals, colors, opacity = [np.zeros((0, 3, 3))], [np.zeros((0, 3, 3))], [], []
    for mesh, color, dense in pieces:
        if not np.isfinite(mesh.vertices).all():
            continue
        corners.append(mesh.vertices[mesh.faces])
        normals.append(vertex_normals(mesh.vertices, mesh.faces)[mesh.faces])
        colors.append(np.tile(linear(color), (len(mesh.faces), 1)))
        opacity.append(np.full(len(mesh.faces), dense))
    radius = [np.full(len(p), c.radius) for p, c in zip(pose.clouds, drawing.clouds, strict=True)]
    for points, cloud in zip(pose.clouds, drawing.clouds, strict=True):
        colors.append(np.tile(linear(cloud.color), (len(points), 1)))
    return Solids(
        np.concatenate(corners, dtype=np.float32),
        np.concatenate(normals, dtype=np.float32),
        np.concatenate([np.zeros((0, 3)), *pose.clouds], dtype=np.float32),
        np.concatenate([np.zeros(0), *radius], dtype=np.float32),
        np.concatenate([np.zeros((0, 3)), *colors], dtype=np.float32),
        np.concatenate([np.zeros(0), *opacity], dtype=np.float32),
    )


def grounds_of(drawing: Drawing, pose: Pose) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each endless plane a point and two axes in it and its normal, shape (3,) and (3, 3)."""
    planes = []
    for ground in drawing.grounds:
        pos, quat = geom.transform_pos_quat_by_trans_quat(
            ground.pos, ground.quat, *pose.frame_of(ground.link)
        )
        planes.append((pos, geom.quat_to_R(quat).T))
    return planes


def linear(color: object) -> np.ndarray:
    """Light that a colour of a screen sends out (IEC 61966-2-1, nearly)."""
    return np.asarray(color, dtype=float) ** 2.2
