"""Where one looks from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from genesis_state.viewing.mesh import along

FOV = 35.0  # [degrees]
DIRECTION = np.array([0.80, -0.95, 0.55])  # from what is looked at to the camera
FILL = 0.92  # of the picture that is looked at


@dataclass(frozen=True)
class Camera:
    """A camera in the world.

    Attributes:
        pos: Where it is [m].
        lookat: The point in the middle of the picture [m].
        up: What is up in the picture.
        fov: From the lower edge of the picture to the upper one [degrees].
    """

    pos: tuple[float, float, float]
    lookat: tuple[float, float, float] = (0.0, 0.0, 0.0)
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    fov: float = FOV

    def __post_init__(self) -> None:
        for name in ("pos", "lookat", "up"):
            value = np.asarray(getattr(self, name), dtype=float)
            if value.shape != (3,) or not np.isfinite(value).all():
                raise ValueError(f"Camera: {name} is {getattr(self, name)!r}, needs 3 numbers.")
        if not 0 < self.fov < 180:
            raise ValueError(f"Camera: fov is {self.fov}, needs degrees between 0 and 180.")
        towards = np.subtract(self.lookat, self.pos)
        if np.linalg.norm(np.cross(towards, self.up)) < 1e-9:
            raise ValueError(
                "Camera: pos and lookat are one point, or one above the other; move it."
            )

    @cached_property
    def axes(self) -> np.ndarray:
        """Right, down and forward in the world, shape (3, 3)."""
        forward = np.subtract(self.lookat, self.pos)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, self.up)
        right /= np.linalg.norm(right)
        return np.stack((right, np.cross(forward, right), forward))

    def seen(self, points: np.ndarray) -> np.ndarray:
        """Points in its frame: right, down, forward, shape (..., 3) [m]."""
        return along(points - np.asarray(self.pos, dtype=points.dtype), self.axes)

    @classmethod
    def facing(cls, lower: np.ndarray, upper: np.ndarray, aspect: float = 4 / 3) -> Camera:
        """The camera that has a box just in the picture, seen obliquely from above.

        Args:
            lower, upper: Corners of the box, shape (3,) [m].
            aspect: Width of the picture by its height.
        """
        middle = (lower + upper) / 2
        size = max(float(np.linalg.norm(upper - lower)), 1e-3)
        direction = DIRECTION / np.linalg.norm(DIRECTION)
        corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
        corners = lower + corners * np.maximum(upper - lower, 0.02 * size)
        far = cls(tuple(middle + 4 * size * direction), tuple(middle))
        right, down, forward = ((corners - middle) @ far.axes.T).T
        half = FILL * math.tan(math.radians(FOV / 2))
        # The corner that is nearest to an edge of the picture says how far away to be.
        distance = np.maximum(np.abs(down), np.abs(right) / aspect) / half - forward
        return cls(tuple(middle + distance.max() * direction), tuple(middle))
