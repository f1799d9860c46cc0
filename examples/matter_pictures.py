"""Pictures for the examples with matter: moments side by side, seen along one of the axes.

Particles are dots, cloth and soft bodies are triangles, rigid bodies are outlines. Nothing needs a
screen. Not an example itself.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import mujoco
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import genesis_state as gs

WIDTH = 2.8  # of a view [inch]
COLORS = ("tab:red", "tab:blue", "tab:green", "tab:orange", "tab:purple")


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Options that all these examples have."""
    parser = argparse.ArgumentParser(description=description)
    default = Path(tempfile.gettempdir(), f"{Path(sys.argv[0]).stem}.png")
    parser.add_argument("--picture", type=Path, default=default, help="where the picture goes")
    return parser


class Strip:
    """A row of views of one scene.

    Args:
        scene: The scene, built.
        across, up: What is seen along the two axes of a view: from where to where [m].
        plane: The axes of the world that these are.
        speed: The speed at which the scale of colours ends [m/s]; None gives each entity a colour
            of its own.
        links: Names of the links of rigid bodies that are drawn; None for all.
    """

    def __init__(
        self,
        scene: gs.Scene,
        across: tuple[float, float],
        up: tuple[float, float],
        plane: str = "xz",
        speed: float | None = None,
        links: Collection[str] | None = None,
    ):
        self.scene = scene
        self.across, self.up, self.plane = across, up, plane
        self.axes = ["xyz".index(axis) for axis in plane]
        self.speed = speed
        self.links = links
        self.views: list[tuple[str, list[Any], list[Any], list[Any]]] = []

    def take(self, title: str, env: int = 0) -> None:
        """Adds a view of how the scene is now."""
        dots, skins, outlines = [], [], []
        for entity in self.scene.entities:
            if hasattr(entity, "surface_triangles"):
                skins.append((_row(entity.get_vertices_pos(), env, 2), entity.surface_triangles))
            elif hasattr(entity, "faces"):
                skins.append((_row(entity.get_particles_pos(), env, 2), entity.faces))
            elif hasattr(entity, "get_particles_pos"):
                there = _row(entity.get_particles_active(), env, 1).astype(bool)
                pos = _row(entity.get_particles_pos(), env, 2)[there]
                vel = _row(entity.get_particles_vel(), env, 2)[there]
                dots.append((pos, np.linalg.norm(vel, axis=1), entity.particle_size))
            else:
                outlines += [
                    self._outline(geom, env)
                    for geom in entity.geoms
                    if self.links is None or geom.link.name in self.links
                ]
        self.views.append((title, dots, skins, outlines))

    def save(self, path: Path) -> None:
        """Writes all views as one picture and prints where it is."""
        shape = np.ptp(self.up) / np.ptp(self.across)
        size = (WIDTH * len(self.views) + 1.0, WIDTH * shape + 0.9)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(1, len(self.views), squeeze=False, sharey=True)[0]
        scatter = None
        for axes, (title, dots, skins, outlines) in zip(grid, self.views, strict=True):
            for k, (points, triangles) in enumerate(skins):
                axes.add_collection(self._skin(points, triangles, COLORS[-1 - k % len(COLORS)]))
            scatter = self._draw(axes, title, dots, outlines)
        grid[0].set_ylabel(f"{self.plane[1]} [m]")
        if self.speed is not None and scatter is not None:
            figure.colorbar(scatter, ax=list(grid), label="speed [m/s]")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110)
        print(f"picture: {path}")

    def _draw(self, axes: Axes, title: str, dots: list[Any], outlines: list[Any]) -> Any:
        scatter = None
        point = 0.85 * 72 * WIDTH / np.ptp(self.across)  # of a picture's points in a metre
        for k, (pos, speed, apart) in enumerate(dots):
            order = np.argsort(pos[:, 3 - sum(self.axes)])  # the near ones last
            x, y = pos[order][:, self.axes].T
            color: Any = COLORS[k % len(COLORS)]
            scale: dict[str, Any] = {}
            if self.speed is not None:
                color, scale = speed[order], {"cmap": "viridis", "vmin": 0, "vmax": self.speed}
            scatter = axes.scatter(x, y, (point * apart) ** 2, color, linewidths=0, **scale)
        for points in outlines:
            axes.fill(*points.T, facecolor="0.5", alpha=0.15)
            axes.plot(*np.vstack((points, points[:1])).T, color="0.3", linewidth=0.8)
        axes.set(title=title, aspect="equal", xlim=self.across, ylim=self.up)
        axes.set_xlabel(f"{self.plane[0]} [m]")
        return scatter

    def _skin(self, points: np.ndarray, triangles: np.ndarray, color: str) -> PolyCollection:
        """Triangles, the near ones last, the lighter the more they face the view."""
        corners = points[triangles]
        away = 3 - sum(self.axes)
        corners = corners[np.argsort(corners.mean(axis=1)[:, away])]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        facing = abs(normals[:, away]) / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
        white, base = np.ones(3), np.array(to_rgb(color))
        shades = white + (0.4 + 0.6 * facing)[:, None] * (base - white)
        return PolyCollection(list(corners[:, :, self.axes]), facecolors=shades, linewidths=0)

    def _outline(self, geom: Any, env: int, corners: int = 128) -> np.ndarray:
        """The silhouette of a convex geom: its outermost point in each direction of the view."""
        model = self.scene.rigid_solver.mj_model
        place, whole, turn = np.zeros(3), np.zeros(4), np.zeros(9)
        quat = _row(geom.link.get_quat(), env, 1)
        mujoco.mju_rotVecQuat(place, model.geom_pos[geom.idx], quat)
        place += _row(geom.link.get_pos(), env, 1)
        mujoco.mju_mulQuat(whole, quat, model.geom_quat[geom.idx])
        mujoco.mju_quat2Mat(turn, whole)
        angle = np.linspace(0, 2 * np.pi, corners, endpoint=False) + 1e-3  # along no face
        towards = np.zeros((corners, 3))
        towards[:, self.axes] = np.stack((np.cos(angle), np.sin(angle)), axis=1)
        frame = turn.reshape(3, 3)
        points = _outermost(model, geom.idx, towards @ frame) @ frame.T + place
        return points[:, self.axes]


def _outermost(model: Any, g: int, d: np.ndarray) -> np.ndarray:
    """The point of a geom that lies farthest in each of the directions, all in its frame."""
    kind, size = model.geom_type[g], model.geom_size[g]
    types = mujoco.mjtGeom
    if kind == types.mjGEOM_PLANE:
        return np.sign(d) * (10.0, 10.0, 0.0)
    if kind == types.mjGEOM_BOX:
        return np.sign(d) * size
    if kind == types.mjGEOM_ELLIPSOID:
        return size**2 * d / np.linalg.norm(size * d, axis=1, keepdims=True)
    if kind == types.mjGEOM_MESH:
        mesh = model.geom_dataid[g]
        start = model.mesh_vertadr[mesh]
        vertices = model.mesh_vert[start : start + model.mesh_vertnum[mesh]]
        return vertices[(d @ vertices.T).argmax(axis=1)]
    round_ = d * (1.0, 1.0, 0.0 if kind == types.mjGEOM_CYLINDER else 1.0)
    points = size[0] * round_ / np.maximum(np.linalg.norm(round_, axis=1, keepdims=True), 1e-9)
    if kind != types.mjGEOM_SPHERE:
        points[:, 2] += size[1] * np.sign(d[:, 2])
    return points


def _row(values: Any, env: int, dims: int) -> np.ndarray:
    """One environment of a reading, whose axis of environments a scene may not have."""
    values = values.cpu().numpy().astype(float)
    return values if values.ndim == dims else values[env]
