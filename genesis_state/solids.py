"""Solid shapes: what is inside of them, and how large they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from genesis_state import morphs
from genesis_state.mesh_file import TriangleMesh, read_mesh


@dataclass(frozen=True)
class Solid:
    """A solid shape in a frame of its own.

    Attributes:
        lower, upper: The corners of a box around it.
        volume: Its volume [m^3].
        inside: Whether each of the points (n, 3), which are all in the box, is in it, bool (n,).
        flat: Axes along which it begins and ends with the box; layers of particles fill these
            exactly.
        surface: Its surface if that is a mesh, otherwise None.
    """

    lower: np.ndarray
    upper: np.ndarray
    volume: float
    inside: Callable[[np.ndarray], np.ndarray]
    flat: tuple[bool, bool, bool] = (False, False, False)
    surface: TriangleMesh | None = None

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Whether each of the points (n, 3) is in it and not on a face of the box, bool (n,)."""
        found = np.all((points > self.lower) & (points < self.upper), axis=1)
        found[found] = self.inside(points[found])
        return found


def solid(morph: morphs.Morph) -> Solid:
    """The shape of a morph in its own frame.

    Raises:
        TypeError: The morph is no solid shape.
        ValueError: A mesh is not closed.
    """
    if isinstance(morph, morphs.Box):
        assert morph.size is not None
        return box(*morph.size)
    if isinstance(morph, morphs.Sphere):
        return shell(0.0, morph.radius)
    if isinstance(morph, morphs.Cylinder):
        return cylinder(morph.radius, morph.height)
    if isinstance(morph, morphs.Capsule):
        return capsule(morph.radius, morph.height)
    if isinstance(morph, morphs.Mesh):
        path = morphs.find_file(morph.file)
        mesh = read_mesh(path, morph.scale, z_up=bool(morph.file_meshes_are_zup))
        if mesh.volume is None:
            raise ValueError(
                f"{path} is not closed and has no inside that matter could fill; close its "
                "holes and let all faces look outwards."
            )
        return enclosed(mesh)
    raise TypeError(
        f"{type(morph).__name__} is no solid shape that matter could fill; use gs.morphs.Box, "
        "Sphere, Cylinder, Capsule or Mesh."
    )


def box(x: float, y: float, z: float) -> Solid:
    """A box with edges along the axes."""
    half = np.array((x, y, z)) / 2
    everywhere = (True, True, True)
    return Solid(-half, half, x * y * z, lambda p: np.ones(len(p), dtype=bool), everywhere)


def cylinder(radius: float, height: float) -> Solid:
    """A cylinder along z."""
    half = np.array((radius, radius, height / 2))
    volume = math.pi * radius**2 * height
    along_z = (False, False, True)
    return Solid(-half, half, volume, lambda p: _squares(p[:, :2]) <= radius**2, along_z)


def capsule(radius: float, height: float) -> Solid:
    """A cylinder of this height along z with round ends."""
    half = np.array((radius, radius, height / 2 + radius))

    def inside(points: np.ndarray) -> np.ndarray:
        beyond = np.maximum(np.abs(points[:, 2]) - height / 2, 0.0)
        return _squares(points[:, :2]) + beyond * beyond <= radius**2

    return Solid(-half, half, math.pi * radius**2 * (height + 4 / 3 * radius), inside)


def shell(inner: float, outer: float) -> Solid:
    """What lies between two radii of a ball; the whole ball if the inner one is 0."""
    half = np.full(3, outer)

    def inside(points: np.ndarray) -> np.ndarray:
        distance = _squares(points)
        return (distance >= inner**2) & (distance <= outer**2)

    return Solid(-half, half, 4 / 3 * math.pi * (outer**3 - inner**3), inside)


def enclosed(mesh: TriangleMesh) -> Solid:
    """What the faces of a closed mesh enclose."""
    assert mesh.volume is not None
    lower, upper = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    return Solid(lower, upper, mesh.volume, lambda p: winding_number(mesh, p) != 0, surface=mesh)


def winding_number(mesh: TriangleMesh, points: np.ndarray) -> np.ndarray:
    """How often a closed mesh goes around each point, int64 of shape (n,).

    Counts the faces above a point that look up less those that look down. Whether a face lies
    above is decided edge by edge in the plane of x and y, by comparisons that are the same for both
    faces of an edge. So a point above or below an edge or a corner is counted once, not twice or
    never, whatever is rounded.

    Args:
        mesh: The mesh.
        points: Shape (n, 3).
    """
    order = np.argsort(points[:, 1], kind="stable")
    x, y, z = (np.ascontiguousarray(points[order, axis]) for axis in range(3))
    corners = mesh.vertices[mesh.faces]
    least, most = corners.min(axis=1), corners.max(axis=1)
    first, last = np.searchsorted(y, least[:, 1]), np.searchsorted(y, most[:, 1])
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    counts = np.zeros(len(points), dtype=np.int64)
    for face in range(len(corners)):
        some = slice(first[face], last[face])
        near = (x[some] >= least[face, 0]) & (x[some] < most[face, 0]) & (z[some] < most[face, 2])
        if not near.any():
            continue
        at = np.flatnonzero(near) + first[face]
        a, b, c = corners[face]
        px, py = x[at], y[at]
        covers = _crosses(a, b, px, py) + _crosses(b, c, px, py) + _crosses(c, a, px, py)
        counts[at] += covers * (z[at] < _height(a, normals[face], px, py, least[face], most[face]))
    found = np.empty_like(counts)
    found[order] = counts
    return found


def first_crossings(mesh: TriangleMesh, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The part of each segment after which it first crosses a face, (n,); NaN if it does not.

    Args:
        mesh: The mesh.
        begin, end: Ends of the segments, shape (n, 3).
    """
    along = end - begin
    order = np.argsort(begin[:, 1], kind="stable")
    height = begin[order, 1]
    longest = np.abs(along[:, 1]).max(initial=0.0)
    found = np.full(len(begin), np.inf)
    corners = mesh.vertices[mesh.faces]
    least, most = corners.min(axis=1), corners.max(axis=1)
    first = np.searchsorted(height, least[:, 1] - longest)
    last = np.searchsorted(height, most[:, 1] + longest, side="right")
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    for face in range(len(corners)):
        some = order[first[face] : last[face]]
        normal, corner = normals[face], corners[face]
        before = (begin[some] - corner[0]) @ normal
        after = (end[some] - corner[0]) @ normal
        meets = (before * after <= 0) & (before != after)
        some, before, after = some[meets], before[meets], after[meets]
        part = before / (before - after)
        at = begin[some] + part[:, None] * along[some]
        slack = 1e-9 * (normal @ normal)  # a segment through an edge meets both of its faces
        within = np.ones(len(some), dtype=bool)
        for k in range(3):
            side = corner[k - 2] - corner[k]
            within &= np.cross(side, at - corner[k]) @ normal >= -slack
        np.minimum.at(found, some[within], part[within])
    return np.where(np.isfinite(found), found, np.nan)


def _crosses(a: np.ndarray, b: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether a ray along x crosses an edge: 1 if that goes up in y, -1 if down, else 0."""
    low, high, sign = (a, b, 1) if a[1] < b[1] else (b, a, -1)
    if low[1] == high[1]:
        return np.zeros(len(x), dtype=np.int64)
    at = low[0] + (y - low[1]) * ((high[0] - low[0]) / (high[1] - low[1]))
    at = np.clip(at, min(low[0], high[0]), max(low[0], high[0]))
    return sign * ((y >= low[1]) & (y < high[1]) & (x < at))


def _height(
    a: np.ndarray,
    normal: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
) -> np.ndarray:
    """The z of a face's plane at (x, y), within that of the face where it is all but upright."""
    if normal[2] == 0:
        return np.full(len(x), least[2])
    z = a[2] - (normal[0] * (x - a[0]) + normal[1] * (y - a[1])) / normal[2]
    return np.clip(z, least[2], most[2])


def _squares(points: np.ndarray) -> np.ndarray:
    return (points * points).sum(axis=1)
