"""Which triangle or ball is in front at each pixel. Plain numpy, no graphics card.

Shapes become runs of pixels, row by row, and runs become pixels; the nearest wins. Depth is any
number that is linear on the screen and grows with distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

EMPTY = np.iinfo(np.uint64).max
# Whether a pixel shows what is not quite opaque, by threshold: evenly spread whatever the opacity.
SCREEN = (np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) + 0.5) / 16
AT_A_TIME = 1 << 22  # pixels that are worked on together


@dataclass(frozen=True)
class Projection:
    """How a frame of right, down, forward [m] comes to the screen.

    Attributes:
        width, height: Of the screen [pixels].
        scale: Pixels for a metre; for a perspective one, at a distance of one metre.
        near: Nearest distance that is seen [m].
        perspective: Whether what is far is small.
    """

    width: int
    height: int
    scale: float
    near: float
    perspective: bool = True

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """Right, down [pixels] and depth, shape (..., 3)."""
        forward = points[..., 2:]
        scale = self.scale / forward if self.perspective else self.scale
        screen = points[..., :2] * scale + np.array([self.width, self.height]) / 2
        return np.concatenate((screen, self.depth(forward)), axis=-1)

    def depth(self, forward: np.ndarray) -> np.ndarray:
        """The depth of what is that far away."""
        return 1 - self.near / forward if self.perspective else forward

    def forward(self, depth: np.ndarray) -> np.ndarray:
        """The reverse of `depth`."""
        return self.near / (1 - depth) if self.perspective else depth


class Screen:
    """What is in front at each pixel: the index of an item, in the order they were drawn."""

    def __init__(self, projection: Projection):
        self.projection = projection
        self._keys = np.full(projection.height * projection.width, EMPTY, dtype=np.uint64)

    @property
    def depth(self) -> np.ndarray:
        """Depth at each pixel, infinite where nothing is, shape (height, width)."""
        bits = (self._keys >> np.uint64(32)).astype(np.uint32)
        depth = np.where(self._keys == EMPTY, np.float32(np.inf), bits.view(np.float32))
        return depth.reshape(self.projection.height, self.projection.width)

    @property
    def item(self) -> np.ndarray:
        """The item at each pixel, -1 where nothing is, shape (height, width)."""
        item = (self._keys & np.uint64(0xFFFFFFFF)).astype(np.int64)
        item[self._keys == EMPTY] = -1
        return item.reshape(self.projection.height, self.projection.width)

    def triangles(self, corners: np.ndarray, items: np.ndarray, opacity: np.ndarray) -> None:
        """Draws triangles.

        Args:
            corners: In the frame of right, down, forward, shape (n, 3, 3) [m].
            items: Of each its item, shape (n,).
            opacity: Of each, shape (n,).
        """
        if self.projection.perspective:
            corners, source = clipped(corners, self.projection.near)
            items, opacity = items[source], opacity[source]
        corners = self.projection.pixels(corners)
        x, y, z = (corners[..., k] for k in range(3))
        area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
        rows = _rows(y.min(axis=1), y.max(axis=1), self.projection.height)
        keep = (np.abs(area) > 1e-12) & (rows[1] > rows[0])
        keep &= (x.max(axis=1) > 0) & (x.min(axis=1) < self.projection.width)
        x, y, z, area = x[keep], y[keep], z[keep], area[keep]
        items, opacity = items[keep], opacity[keep]
        starts, ends = rows[0][keep], rows[1][keep]
        # Slopes of depth along the rows and down.
        dx = ((z[:, 1] - z[:, 0]) * (y[:, 2] - y[:, 0])
              - (z[:, 2] - z[:, 0]) * (y[:, 1] - y[:, 0])) / area  # fmt: skip
        dy = ((z[:, 2] - z[:, 0]) * (x[:, 1] - x[:, 0])
              - (z[:, 1] - z[:, 0]) * (x[:, 2] - x[:, 0])) / area  # fmt: skip
        which, row = _ramp(starts, ends)
        middle = row + 0.5
        left = np.full(len(which), -np.inf)
        right = np.full(len(which), np.inf)
        turn = np.sign(area)
        with np.errstate(divide="ignore", invalid="ignore"):
            for k in range(3):
                ax, ay = x[:, k], y[:, k]
                bx, by = x[:, (k + 1) % 3], y[:, (k + 1) % 3]
                along, down = turn * (by - ay), turn * (bx - ax)
                # On the inner side of the edge: down * (y - ay) >= along * (x - ax).
                cut = ax[which] + down[which] * (middle - ay[which]) / along[which]
                np.minimum(right, cut, out=right, where=along[which] > 0)
                np.maximum(left, cut, out=left, where=along[which] < 0)
        first = np.clip(np.ceil(left - 0.5), 0, self.projection.width).astype(np.int64)
        last = np.clip(np.floor(right - 0.5) + 1, 0, self.projection.width).astype(np.int64)
        low, high = z.min(axis=1), z.max(axis=1)
        for run in _portions(last - first):
            span, column = _ramp(first[run], last[run])
            t, r = which[run][span], row[run][span]
            depth = z[t, 0] + dx[t] * (column + 0.5 - x[t, 0]) + dy[t] * (r + 0.5 - y[t, 0])
            self._put(r, column, np.clip(depth, low[t], high[t]), items[t], opacity[t])

    def balls(self, centers: np.ndarray, radius: np.ndarray, items: np.ndarray) -> None:
        """Draws balls, as if each were seen in the middle of the screen.

        Args:
            centers: In the frame of right, down, forward, shape (n, 3) [m].
            radius: Shape (n,) [m].
            items: Of each its item, shape (n,).
        """
        view = self.projection
        keep = centers[:, 2] - radius > view.near
        centers, radius, items = centers[keep], radius[keep], items[keep]
        x, y, _ = view.pixels(centers).T
        size = radius * view.scale / (centers[:, 2] if view.perspective else 1.0)
        starts, ends = _rows(y - size, y + size, view.height)
        which, row = _ramp(starts, ends)
        half = np.sqrt(np.maximum(size[which] ** 2 - (row + 0.5 - y[which]) ** 2, 0))
        first = np.clip(np.ceil(x[which] - half - 0.5), 0, view.width).astype(np.int64)
        last = np.clip(np.floor(x[which] + half - 0.5) + 1, 0, view.width).astype(np.int64)
        for run in _portions(last - first):
            span, column = _ramp(first[run], last[run])
            b, r = which[run][span], row[run][span]
            away = ((column + 0.5 - x[b]) ** 2 + (r + 0.5 - y[b]) ** 2) / size[b] ** 2
            forward = centers[b, 2] - radius[b] * np.sqrt(np.maximum(1 - away, 0))
            self._put(r, column, view.depth(forward), items[b], None)

    def _put(
        self,
        row: np.ndarray,
        column: np.ndarray,
        depth: np.ndarray,
        items: np.ndarray,
        opacity: np.ndarray | None,
    ) -> None:
        pixel = row * self.projection.width + column
        keys = depth.astype(np.float32).view(np.uint32).astype(np.uint64) << np.uint64(32)
        keys |= items.astype(np.uint64)
        keep = depth > 0
        if opacity is not None and opacity.size and opacity.min() < 1:
            keep &= SCREEN[row % 4, column % 4] < opacity
        np.minimum.at(self._keys, pixel[keep], keys[keep])


def _rows(top: np.ndarray, bottom: np.ndarray, height: int) -> tuple[np.ndarray, np.ndarray]:
    """First row and one past the last whose middle is between two heights."""
    first = np.clip(np.ceil(top - 0.5), 0, height).astype(np.int64)
    last = np.clip(np.floor(bottom - 0.5) + 1, 0, height).astype(np.int64)
    return first, np.maximum(first, last)


def _ramp(starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All numbers from start to end, one range after the other, and to which they belong."""
    counts = np.maximum(ends - starts, 0)
    which = np.repeat(np.arange(len(counts)), counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    return which, np.arange(len(which)) - before + starts[which]


def _portions(counts: np.ndarray) -> list[slice]:
    """Ranges of runs that have about AT_A_TIME pixels each."""
    total = np.cumsum(np.maximum(counts, 0))
    if not len(total):
        return []
    marks = np.arange(AT_A_TIME, total[-1], AT_A_TIME)
    cuts = [0, *np.searchsorted(total, marks), len(counts)]
    return [slice(a, b) for a, b in pairwise(cuts) if b > a]


def clipped(corners: np.ndarray, near: float) -> tuple[np.ndarray, np.ndarray]:
    """Triangles without what is nearer than that, and from which each was cut."""
    sources = np.arange(len(corners))
    inside = corners[..., 2] > near
    count = inside.sum(axis=1)
    pieces, origins = [corners[count == 3]], [sources[count == 3]]
    for wanted, cuts in ((1, [(0, 3, 4)]), (2, [(1, 2, 4), (1, 4, 3)])):
        chosen = count == wanted
        # The corner that is alone on its side comes first.
        alone = np.argmax(inside[chosen] == (wanted == 1), axis=1)
        order = (alone[:, None] + np.arange(3)) % 3
        turned = corners[chosen][np.arange(len(order))[:, None], order]
        t = (near - turned[:, :1, 2:]) / (turned[:, 1:, 2:] - turned[:, :1, 2:])
        points = np.concatenate((turned, turned[:, :1] + t * (turned[:, 1:] - turned[:, :1])), 1)
        points[:, 3:, 2] = near * (1 + 1e-6)
        for cut in cuts:
            pieces.append(points[:, cut])
            origins.append(sources[chosen])
    return np.concatenate(pieces), np.concatenate(origins)
