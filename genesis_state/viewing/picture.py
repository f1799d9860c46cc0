"""Pictures of a pose, in plain numpy: the same bytes on every machine, no screen needed."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from genesis_state.viewing.camera import Camera
from genesis_state.viewing.drawing import Drawing, Frame, Pose
from genesis_state.viewing.lighting import Lamp, open_ground, openness
from genesis_state.viewing.mesh import along, dot, unit
from genesis_state.viewing.png import write_png
from genesis_state.viewing.rasterizer import Projection, Screen
from genesis_state.viewing.solids import Solids, grounds_of, linear, solids_of

MOST = 8192  # pixels, across and down
FINE = 2  # pixels that are worked out for each one of the picture, across and down
ABOVE, BELOW = linear((0.80, 0.86, 0.93)), linear((0.985, 0.985, 0.985))  # the background
TILE, LINE = linear((0.945, 0.95, 0.955)), linear((0.72, 0.75, 0.79))
SHARP = 1.8  # how far from the middle the ground is seen, in sizes of what stands on it


class Picture:
    """A picture while it is made.

    Args:
        drawing: What there is.
        pose: Where it is.
        camera: Where it is seen from.
        res: Width and height [pixels].
    """

    def __init__(self, drawing: Drawing, pose: Pose, camera: Camera, res: Sequence[int]):
        self._drawing, self._pose = drawing, pose
        self._solids = solids_of(drawing, pose)
        lower, upper = self._solids.bounds
        self._middle = (lower + upper) / 2
        self._size = max(float(np.linalg.norm(upper - lower)), 1e-3)
        self._camera, self._eye = camera, np.asarray(camera.pos, dtype=np.float32)
        width, height = (FINE * int(n) for n in res)
        scale = height / 2 / np.tan(np.radians(camera.fov / 2))
        self._view = Projection(width, height, scale, near=1e-3 * self._size)
        row, column = np.mgrid[0:height, 0:width] + 0.5
        rays = np.stack(((column - width / 2) / scale, (row - height / 2) / scale), axis=-1)
        rays = np.concatenate((rays, np.ones((height, width, 1))), axis=-1, dtype=np.float32)
        self._rays = along(rays, camera.axes.T)  # one metre forward
        down = (row / height)[..., None]
        self._image = ((1 - down) * ABOVE + down * BELOW).astype(np.float32)
        self._normal = np.zeros((height, width, 3), dtype=np.float32)
        self._forward = np.full((height, width), np.inf, dtype=np.float32)

    def render(self) -> np.ndarray:
        """The picture, uint8 of shape (height, width, 3)."""
        solids, camera = self._solids, self._camera
        screen = Screen(self._view)
        triangles, balls = len(solids.corners), len(solids.centers)
        screen.triangles(camera.seen(solids.corners), np.arange(triangles), solids.opacity)
        screen.balls(camera.seen(solids.centers), solids.radius, triangles + np.arange(balls))
        lamp, item = Lamp(solids), screen.item
        self._forward[item >= 0] = self._view.forward(screen.depth[item >= 0])
        for point, axes in grounds_of(self._drawing, self._pose):
            item[self._draw_ground(lamp, point, axes)] = -1
        self._draw_solids(lamp, item)
        height, width = item.shape
        image = (self._image * self._openness()[..., None]).reshape(
            height // FINE, FINE, width // FINE, FINE, 3
        )
        screen_values = np.clip(image.mean(axis=(1, 3)), 0, 1) ** (1 / 2.2)
        return np.round(255 * screen_values).astype(np.uint8)

    def _draw_ground(self, lamp: Lamp, point: np.ndarray, axes: np.ndarray) -> np.ndarray:
        """Draws an endless plane and says which pixels it took."""
        point, axes = point.astype(np.float32), axes.astype(np.float32)
        height = dot(self._eye - point, axes[2])
        with np.errstate(divide="ignore"):
            forward = -height / dot(self._rays, axes[2])
        hit = (forward > self._view.near) & (forward < self._forward)
        away = self._rays[hit] * forward[hit][:, None]
        where = self._eye + away
        offset = where - self._middle.astype(np.float32)
        distance = np.sqrt(dot(offset, offset)) / (SHARP * self._size)
        near = distance < 2.5  # beyond it is as the background
        hit[hit] = near
        away, where = away[near], where[near]
        normal = np.broadcast_to(axes[2] * np.sign(height), where.shape)
        light = lamp.irradiance(where, normal) / open_ground(axes[2] * np.sign(height))
        grazing = np.abs(height) / np.sqrt(dot(away, away))
        pixel = forward[hit] / self._view.scale / np.maximum(grazing, 0.05)
        lines = _grid(along(where - point, axes[:2]), pixel, self._size)[:, None]
        paint = (1 - lines) * TILE + lines * LINE
        share = np.exp(-(distance[near] ** 2))[:, None]
        self._image[hit] += share * (paint * light - self._image[hit])
        self._forward[hit] = forward[hit]
        self._normal[hit] = normal
        return hit

    def _draw_solids(self, lamp: Lamp, item: np.ndarray) -> None:
        seen = item >= 0
        items = item[seen]
        where = self._eye + self._rays[seen] * self._forward[seen][:, None]
        normal = _normals(self._solids, items, where)
        towards = unit(self._eye - where)
        normal *= np.where(dot(normal, towards) < 0, -1, 1)[:, None]
        self._image[seen] = lamp.shaded(self._solids.colors[items], where, normal, towards)
        self._normal[seen] = normal

    def _openness(self) -> np.ndarray:
        forward = self._forward[::FINE, ::FINE]
        where = self._eye + self._rays[::FINE, ::FINE] * forward[..., None]
        scale = self._view.scale / FINE / forward
        found = openness(where, self._normal[::FINE, ::FINE], scale, self._size)
        return found.repeat(FINE, axis=0).repeat(FINE, axis=1)


def _normals(solids: Solids, items: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Normals of items at points on them, shape (n, 3)."""
    normal = np.zeros_like(where)
    flat = items < len(solids.corners)
    triangle = items[flat]
    a, b, c = (solids.corners[triangle, k] for k in range(3))
    u, v, w = b - a, c - a, where[flat] - a
    uu, uv, vv, wu, wv = dot(u, u), dot(u, v), dot(v, v), dot(w, u), dot(w, v)
    area = np.maximum(uu * vv - uv * uv, 1e-30)
    second, third = (vv * wu - uv * wv) / area, (uu * wv - uv * wu) / area
    shares = np.clip(np.stack((1 - second - third, second, third), axis=1), 0, 1)
    normal[flat] = (shares[..., None] * solids.normals[triangle]).sum(axis=1)
    normal[~flat] = where[~flat] - solids.centers[items[~flat] - len(solids.corners)]
    return unit(normal)


def _grid(place: np.ndarray, pixel: np.ndarray, size: float) -> np.ndarray:
    """How much of a line there is at points of a plane, 0 to 1, shape (n,).

    Args:
        place: Shape (n, 2) [m].
        pixel: How much of the plane a pixel shows [m].
        size: Of what stands there [m].
    """
    apart = 10.0 ** np.floor(np.log10(size / 2))  # a power of ten: 1 cm, 10 cm, 1 m, …
    if size / apart > 8:
        apart *= 5
    off = np.minimum(*np.abs(place - apart * np.round(place / apart)).T)
    width = np.maximum(FINE * 0.75 * pixel, 0.004 * apart)
    line = np.clip(1.5 - off / width, 0, 1)
    return line * np.clip(0.25 * apart / np.maximum(width, 1e-12), 0, 1)


def picture(
    drawing: Drawing,
    frame: Frame,
    env: int,
    path: str | os.PathLike[str] | None = None,
    res: tuple[int, int] = (640, 480),
    camera: Camera | None = None,
) -> np.ndarray:
    """A picture of one environment at one moment, uint8 of shape (height, width, 3).

    Args:
        drawing: What there is.
        frame: The moment.
        env: The environment.
        path: A PNG file to write, if any.
        res: Width and height [pixels].
        camera: Where it is seen from; by default such that all is in sight.
    """
    width, height = (int(n) for n in res)
    if not (0 < width <= MOST and 0 < height <= MOST):
        raise ValueError(f"picture: res is {res}, needs width and height from 1 to {MOST} pixels.")
    if not 0 <= env < frame.n_envs:
        raise IndexError(f"picture: env is {env}, there are {frame.n_envs}.")
    if camera is None:
        camera = Camera.facing(*drawing.bounds([frame], env), width / height)
    image = Picture(drawing, drawing.pose(frame, env), camera, (width, height)).render()
    if path is not None:
        write_png(path, image)
    return image
