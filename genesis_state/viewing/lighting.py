"""How bright it is: a sun with soft shadows, light from the sky, corners that are darker."""

from __future__ import annotations

import numpy as np

from genesis_state.viewing.mesh import along, dot, unit
from genesis_state.viewing.rasterizer import Projection, Screen
from genesis_state.viewing.solids import Solids

SUN = unit(np.array([0.45, -0.55, 1.25], dtype=np.float32))  # towards it
SUNLIGHT = np.array([0.72, 0.70, 0.66], dtype=np.float32)
SKYLIGHT = np.array([0.42, 0.44, 0.46], dtype=np.float32)  # from straight above
EARTHLIGHT = np.array([0.26, 0.25, 0.245], dtype=np.float32)  # from straight below
GLOSS, SHARPNESS = 0.10, 40.0
MAP = 1024  # pixels of the map of shadows, across and down
TAPS = 9  # places of that map that are looked at for a point
SOFT = 2.2  # how far these are apart at most [pixels of the map]
DIRECTIONS = 12  # of points around one that may take light from it
REACH = 0.10  # how far away these are at most, in sizes of what is seen


def _spiral(count: int) -> np.ndarray:
    """Points spread over a disc of radius 1 (Vogel's spiral), shape (count, 2)."""
    k = np.arange(count)
    angle = k * np.pi * (3 - np.sqrt(5))
    return np.sqrt((k + 0.5) / count)[:, None] * np.stack((np.cos(angle), np.sin(angle)), axis=1)


class Lamp:
    """The sun, and what it does not reach."""

    def __init__(self, solids: Solids):
        lower, upper = solids.bounds
        middle, size = (lower + upper) / 2, max(float(np.linalg.norm(upper - lower)), 1e-3)
        self._texel = 1.05 * size / MAP
        projection = Projection(MAP, MAP, 1 / self._texel, near=0.0, perspective=False)
        right = unit(np.cross([0.0, 1.0, 0.0], SUN))
        self._axes = np.stack((right, np.cross(-SUN, right), -SUN))
        self._origin = (middle + size * SUN).astype(np.float32)
        screen = Screen(projection)
        items = np.arange(len(solids.corners))
        dense = solids.opacity > 0.5
        screen.triangles(self._seen(solids.corners[dense]), items[dense], solids.opacity[dense])
        screen.balls(self._seen(solids.centers), solids.radius, np.arange(len(solids.centers)))
        self._projection, self._depth = projection, screen.depth

    def _seen(self, points: np.ndarray) -> np.ndarray:
        return along(points - self._origin, self._axes)

    def sunlit(self, where: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """How much of the sun reaches points, 0 to 1, shape (n,)."""
        # A little off the surface, so that it does not shade itself.
        place = self._projection.pixels(self._seen(where + 1.5 * self._texel * normal))
        column, row, depth = place.T
        lit = np.ones(len(where), dtype=where.dtype)
        inside = (column > SOFT) & (column < MAP - SOFT) & (row > SOFT) & (row < MAP - SOFT)
        column, row, depth = column[inside], row[inside], depth[inside] - 1.5 * self._texel
        taps = np.zeros(len(depth), dtype=np.int8)
        blockers = self._depth.reshape(-1)
        for right, down in (_spiral(TAPS) * SOFT).astype(where.dtype):
            place = (row + down).astype(np.int32) * MAP + (column + right).astype(np.int32)
            taps += blockers[place] > depth
        lit[inside] = taps / np.float32(TAPS)
        return lit

    def irradiance(self, where: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """Light that falls on surfaces, shape (n, 3)."""
        facing = np.maximum(dot(normal, SUN), 0)
        lit = np.zeros(len(where), dtype=where.dtype)
        bright = facing > 0
        lit[bright] = facing[bright] * self.sunlit(where[bright], normal[bright])
        return lit[:, None] * SUNLIGHT + _ambient(normal)

    def shaded(
        self, paint: np.ndarray, where: np.ndarray, normal: np.ndarray, towards: np.ndarray
    ) -> np.ndarray:
        """Light that comes from surfaces, shape (n, 3).

        Args:
            paint: Their colour, linear, shape (n, 3).
            where: Shape (n, 3) [m].
            normal: Shape (n, 3).
            towards: To the eye, shape (n, 3).
        """
        light = self.irradiance(where, normal)
        shine = np.maximum(dot(normal, unit(towards + SUN)), 0) ** SHARPNESS
        shine *= np.minimum(light[:, 0], 1)
        return paint * light + GLOSS * shine[:, None]


def _ambient(normal: np.ndarray) -> np.ndarray:
    up = 0.5 + 0.5 * normal[:, 2:]
    return up * SKYLIGHT + (1 - up) * EARTHLIGHT


def open_ground(normal: np.ndarray) -> np.ndarray:
    """What falls on ground that nothing shades, shape (3,)."""
    return np.maximum(dot(normal, SUN), 0) * SUNLIGHT + _ambient(normal[None])[0]


def openness(where: np.ndarray, normal: np.ndarray, scale: np.ndarray, size: float) -> np.ndarray:
    """How much of the sky points see past their neighbours on the screen, shape (height, width).

    The estimate is that of M. McGuire et al., "The Alchemy screen-space ambient obscurance
    algorithm", HPG 2011.

    Args:
        where: Points seen, not finite where nothing is, shape (height, width, 3) [m].
        normal: Their normals, likewise.
        scale: Pixels for a metre at each, shape (height, width).
        size: Of what is seen [m].
    """
    height, width = scale.shape
    reach = REACH * size
    spread = np.clip(np.nan_to_num(reach * scale, posinf=0.0), 0, width / 6)
    row, column = np.mgrid[0:height, 0:width]
    # Each pixel turns its directions otherwise; the eye takes the noise for softness.
    angle = 2 * np.pi * ((0.7548776662 * row + 0.5698402910 * column) % 1)
    cos, sin = spread * np.cos(angle), spread * np.sin(angle)
    total = np.zeros((height, width), dtype=where.dtype)
    for a, b in _spiral(DIRECTIONS):
        y = np.clip(row + (a * sin + b * cos), 0, height - 1).astype(np.int32)
        x = np.clip(column + (a * cos - b * sin), 0, width - 1).astype(np.int32)
        with np.errstate(invalid="ignore"):  # infinity less infinity, where nothing is
            towards = where[y, x] - where
            square = dot(towards, towards)
            above = dot(towards, normal) - 0.004 * size
            gain = np.maximum(above, 0) / (square + 1e-4 * size**2)
            total += np.where(square < (2 * reach) ** 2, np.nan_to_num(gain), 0.0)
    open_ = 1 / (1 + total * reach * 1.6 / DIRECTIONS)
    # What the turned directions leave of noise repeats after a few pixels: their mean is smooth.
    padded = np.pad(open_, 2, mode="edge")
    return sum(
        padded[y : y + height, x : x + width] for y in range(5) for x in range(5)
    ) / np.float32(25)
