"""Tetrahedra that fill a solid of any shape, by isosurface stuffing.

Labelle, Shewchuk: Isosurface stuffing: fast tetrahedral meshes with good dihedral angles. ACM
Transactions on Graphics 26(3), 2007. A body-centred cubic lattice is cut by the surface: where an
edge of the lattice crosses it close to a lattice point, the point is moved there; every tetrahedron
that is still cut is replaced by up to three that fill its part inside. Edges and corners of the
solid are cut off by up to a spacing of the lattice; `sharp_features` is about those.

The same solid and spacing give the same bytes in every run.
"""

from __future__ import annotations

import itertools

import numpy as np

from genesis_state.solids import Solid, first_crossings

# A lattice point moves to a crossing within these parts of an edge (table 1 of the paper): of an
# edge along an axis, and of one between a corner of a cube and its centre.
ALONG, ACROSS = 0.24999, 0.41189
HALVINGS = 32  # steps to a crossing: far beyond single precision


def stuff(body: Solid, spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """Tetrahedra in a solid, in its own frame.

    Args:
        body: The solid.
        spacing: Edge of the cubes of the lattice [m]; a tetrahedron inside has a twelfth of their
            volume.

    Returns:
        Vertices [m], float64 of shape (n, 3), and elements of any orientation, int64 of shape
        (m, 4). Both are empty where no lattice point is inside.
    """
    points, tets, n_corners = lattice(body, spacing)
    sign = np.where(body.contains(points), 1, -1)
    mixed = sign[tets]
    tets = tets[(mixed > 0).any(axis=1)]
    edges = _cut_edges(tets, sign)
    crossings = _crossings(body, points, edges)
    kept = _warp(points, sign, edges, crossings, spacing, n_corners)
    vertices = np.concatenate((points, crossings))
    number = {}
    for cut in np.flatnonzero(kept):
        a, b = edges[cut].tolist()
        number[a, b] = number[b, a] = len(points) + int(cut)
    signs = sign[tets]
    whole = (signs >= 0).all(axis=1) & (signs > 0).any(axis=1)
    cut = (signs < 0).any(axis=1) & (signs > 0).any(axis=1)
    found = [
        piece
        for tet, of in zip(tets[cut].tolist(), signs[cut].tolist(), strict=True)
        for piece in _inside_of(tet, of, number, n_corners)
    ]
    elements = np.concatenate((tets[whole], np.array(found, dtype=np.int64).reshape(-1, 4)))
    used, elements = np.unique(elements, return_inverse=True)
    vertices, elements = vertices[used], elements.reshape(-1, 4)
    return vertices, elements


def lattice(body: Solid, spacing: float) -> tuple[np.ndarray, np.ndarray, int]:
    """The body-centred cubic lattice around a solid, one cube wider on all sides.

    Returns:
        Points (corners of cubes, then centres), tetrahedra, and the number of corners.
    """
    cubes = np.ceil((body.upper - body.lower) / spacing - 1e-9).astype(int) + 2
    origin = 0.5 * (body.lower + body.upper) - 0.5 * spacing * cubes
    corner = np.arange(np.prod(cubes + 1)).reshape(cubes + 1)
    centre = np.arange(np.prod(cubes)).reshape(cubes) + corner.size
    places = np.concatenate(
        (np.indices(corner.shape).reshape(3, -1).T, np.indices(centre.shape).reshape(3, -1).T + 0.5)
    )
    tets = []
    for axis in range(3):
        # Two centres on both sides of a square, with each of its sides.
        one = np.moveaxis(centre, axis, 0)[:-1]
        other = np.moveaxis(centre, axis, 0)[1:]
        square = np.moveaxis(corner, axis, 0)[1:-1]
        around = [square[:, :-1, :-1], square[:, 1:, :-1], square[:, 1:, 1:], square[:, :-1, 1:]]
        for k in range(4):
            tets.append(np.stack((one, other, around[k], around[k - 1]), -1).reshape(-1, 4))
    return origin + spacing * places, np.concatenate(tets), corner.size


def _cut_edges(tets: np.ndarray, sign: np.ndarray) -> np.ndarray:
    """Edges from a point inside to one outside, shape (n, 2)."""
    pairs = np.concatenate([tets[:, pair] for pair in itertools.combinations(range(4), 2)])
    pairs = pairs[sign[pairs[:, 0]] != sign[pairs[:, 1]]]
    outwards = sign[pairs[:, 0]] > 0
    return np.unique(np.where(outwards[:, None], pairs, pairs[:, ::-1]), axis=0)


def _crossings(body: Solid, points: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Where edges cross the surface, shape (n, 3)."""
    inner, outer = points[edges[:, 0]], points[edges[:, 1]]
    part = np.full(len(edges), np.nan)
    if body.surface is not None:
        part = first_crossings(body.surface, inner, outer)
    left = np.isnan(part)
    found = inner + part[:, None] * (outer - inner)
    inner, outer = inner[left], outer[left]
    for _ in range(HALVINGS if left.any() else 0):
        middle = 0.5 * (inner + outer)
        within = body.contains(middle)[:, None]
        inner, outer = np.where(within, middle, inner), np.where(within, outer, middle)
    found[left] = 0.5 * (inner + outer)
    return found


def _warp(
    points: np.ndarray,
    sign: np.ndarray,
    edges: np.ndarray,
    crossings: np.ndarray,
    spacing: float,
    n_corners: int,
) -> np.ndarray:
    """Moves lattice points to the surface where it crosses close by; their sign becomes 0.

    One point after the other, as a crossing that is used up may have been close to others.

    Returns:
        Which of the crossings are left, bool.
    """
    along = (edges[:, 0] < n_corners) == (edges[:, 1] < n_corners)
    limit = np.where(along, ALONG * spacing, ACROSS * np.sqrt(0.75) * spacing)
    kept = np.ones(len(edges), dtype=bool)
    distance = np.linalg.norm(points[edges] - crossings[:, None], axis=2)
    ends = edges.reshape(-1)
    order = np.argsort(ends, kind="stable")
    starts = np.flatnonzero(np.diff(ends[order], prepend=-1, append=-1))
    for k in range(len(starts) - 1):
        slots = order[starts[k] : starts[k + 1]]
        cuts = slots // 2
        close = np.where(kept[cuts], distance.reshape(-1)[slots], np.inf)
        nearest = int((close / limit[cuts]).argmin())
        if close[nearest] < limit[cuts[nearest]]:
            point = ends[slots[0]]
            points[point] = crossings[cuts[nearest]]
            sign[point] = 0
            kept[cuts] = False
    return kept


def _inside_of(
    tet: list[int], signs: list[int], number: dict[tuple[int, int], int], n_corners: int
) -> list[tuple[int, int, int, int]]:
    """Tetrahedra that fill the part inside of one with points on both sides, of any orientation.

    A face with two points inside and one outside leaves a quadrilateral, and the tetrahedra on both
    sides of the face have to agree on its diagonal: it ends at the one of the two points that
    `ranked` puts first.
    """
    inner = [v for v, s in zip(tet, signs, strict=True) if s > 0]
    border = [v for v, s in zip(tet, signs, strict=True) if s == 0]
    outer = [v for v, s in zip(tet, signs, strict=True) if s < 0]

    def ranked(outside: int, candidates: list[int]) -> list[int]:
        is_corner = outside < n_corners
        return sorted(candidates, key=lambda v: ((v < n_corners) != is_corner, v))

    if len(inner) == 1:
        a, b, c = border + [number[inner[0], v] for v in outer]
        return [(inner[0], a, b, c)]
    if len(outer) == 1:
        o = outer[0]
        p, q, *r = ranked(o, inner)
        cp, cq = number[p, o], number[q, o]
        if border:
            return [(border[0], p, q, cq), (border[0], p, cq, cp)]
        cr = number[r[0], o]
        return [(p, cp, cq, cr), (p, q, cq, cr), (p, q, r[0], cr)]
    m, n = outer
    p, q = ranked(m, inner)
    a, a_, b, b_ = number[p, m], number[q, m], number[p, n], number[q, n]
    if ranked(n, inner) == [p, q]:
        return [(p, q, a_, b_), (p, a, a_, b_), (p, a, b_, b)]
    return [(p, a_, b, q), (p, a, b, a_), (q, a_, b_, b)]
