"""Tetrahedra that fill a shape: structured ones in a box or a cylinder, a cut lattice in all else.

Nothing here is drawn at random: the same shape gives the same bytes in every process, as a scene
needs whose state is to be put back in another one.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from genesis_state import morphs, solids
from genesis_state.geom import transform_by_trans_quat
from genesis_state.isosurface_stuffing import stuff
from genesis_state.sharp_features import sharpen

ELEMENTS = 4000
"""About how many fill a compact shape where nothing says how large they are to be."""

MOST = 5_000_000
"""More than these are refused: a `maxvolume` in the wrong unit would fill all memory."""

FLAT = 1e-6
"""Volume below which an element is flat, in cubes of its longest edge."""


@dataclass(frozen=True)
class TetMesh:
    """Tetrahedra.

    Attributes:
        vertices: Positions [m], float64 of shape (n_vertices, 3).
        elements: Four vertices each, int64 of shape (n_elements, 4), of positive orientation.
    """

    vertices: np.ndarray
    elements: np.ndarray


def tetrahedra(morph: morphs.Morph, edge: float | None = None) -> TetMesh:
    """Fills the shape of a morph with tetrahedra, at its place in the world.

    Vertices on the surface lie on that of the shape. A box is filled exactly; what is round loses
    the segments between its faces, and a mesh what is finer than an element.

    Args:
        morph: A Box, Sphere, Cylinder, Capsule or Mesh.
        edge: About the distance between neighbouring vertices [m]. By default there are some 4000
            elements. A morph's own `maxvolume` counts before both.

    Raises:
        TypeError: The morph is no solid shape.
        ValueError: A mesh is not closed, the shape is too thin to have a vertex inside, or there
            would be too many elements.
    """
    body = solids.solid(morph)
    limit = morph.maxvolume if isinstance(morph, morphs.Primitive) else None
    length = edge
    if limit is not None or length is None:
        length = ((limit or body.volume / ELEMENTS) / _per_cube(morph)) ** (1 / 3)
    count = body.volume / (_per_cube(morph) * length**3)
    if count > MOST:
        raise ValueError(
            f"{type(morph).__name__}: about {count:.3g} tetrahedra with edges of {length:.6g} m "
            f"fit into it, at most {MOST} are taken; give it a larger maxvolume."
        )
    vertices, elements = _fill(morph, body, length)
    # A lattice's point that was moved leaves larger elements around it.
    while limit and volumes(vertices, elements).max(initial=0.0) > limit * (1 + 1e-9):
        length *= 0.95
        vertices, elements = _fill(morph, body, length)
    if not len(elements):
        raise ValueError(
            f"{type(morph).__name__}: no tetrahedra with edges of {length:.6g} m fit into it, it "
            f"measures {' x '.join(f'{x:.6g}' for x in body.upper - body.lower)} m; give it a "
            "smaller maxvolume."
        )
    placed = transform_by_trans_quat(vertices, np.array(morph.pos), np.array(morph.quat))
    return TetMesh(placed, elements)


def volumes(vertices: np.ndarray, elements: np.ndarray) -> np.ndarray:
    """Volume of each element [m^3], shape (n_elements,); negative if it is inverted."""
    o, a, b, c = (vertices[elements[:, k]] for k in range(4))
    return np.einsum("ij,ij->i", np.cross(a - o, b - o), c - o) / 6


def surface(elements: np.ndarray) -> np.ndarray:
    """Faces that belong to one element alone, counterclockwise from outside, shape (n_faces, 3)."""
    faces = elements[:, [[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]]].reshape(-1, 3)
    _, first, count = np.unique(np.sort(faces, 1), axis=0, return_index=True, return_counts=True)
    return faces[np.sort(first[count == 1])]


def edges(elements: np.ndarray) -> np.ndarray:
    """Edges of elements, or of faces, each once, shape (n_edges, 2)."""
    corners = range(elements.shape[1])
    pairs = np.concatenate([elements[:, pair] for pair in itertools.combinations(corners, 2)])
    return np.unique(np.sort(pairs, axis=1), axis=0)


def require_sound(what: str, vertices: np.ndarray, elements: np.ndarray) -> None:
    """Refuses elements that are inverted or flat.

    Args:
        what: What messages begin with, such as "beam".
        vertices: Shape (n_vertices, 3) [m].
        elements: Shape (n_elements, 4).

    Raises:
        ValueError: The message names the first of them.
    """
    found = volumes(vertices, elements)
    longest = np.max(
        [
            np.linalg.norm(vertices[elements[:, i]] - vertices[elements[:, j]], axis=1)
            for i, j in itertools.combinations(range(4), 2)
        ],
        axis=0,
        initial=0.0,
    )
    # Written so that NaN is refused too.
    bad = np.flatnonzero(~(found > FLAT * longest**3))
    if len(bad):
        k = int(bad[0])
        inverted = found[k] < -FLAT * longest[k] ** 3
        raise ValueError(
            f"{what}: element {k} is {'inverted' if inverted else 'flat'} at rest, its volume is "
            f"{found[k]:.6g} m^3; {'swap two of its vertices' if inverted else 'leave it out'}."
        )


def _per_cube(morph: morphs.Morph) -> float:
    """Volume of an element whose edges are about 1."""
    if isinstance(morph, morphs.Box):
        return 1 / 6
    return math.sqrt(3) / 12 if isinstance(morph, morphs.Cylinder) else 1 / 12


def _fill(morph: morphs.Morph, body: solids.Solid, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and elements in the frame of the shape."""
    if isinstance(morph, morphs.Box):
        vertices, elements = box(body.lower, body.upper, edge)
    elif isinstance(morph, morphs.Cylinder):
        vertices, elements = cylinder(morph.radius, morph.height, edge)
    else:
        vertices, elements = stuff(body, edge)
    negative = volumes(vertices, elements) < 0
    elements[negative] = elements[negative][:, [0, 1, 3, 2]]
    if body.surface is not None and len(elements):
        vertices = sharpen(vertices, elements, body.surface, edge)
    return vertices, elements


def box(lower: np.ndarray, upper: np.ndarray, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Cuboids of six tetrahedra each; neighbours are mirror images, so that their faces match."""
    counts = [_parts(length, edge) for length in upper - lower]
    axes = [np.linspace(lower[k], upper[k], n + 1) for k, n in enumerate(counts)]
    vertices = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    number = np.arange(len(vertices)).reshape([n + 1 for n in counts])
    cell = np.indices(counts).reshape(3, -1).T
    pieces = []
    for order in itertools.permutations(range(3)):
        # From the corner with even indices to the opposite one, along one axis after the other.
        at = cell + cell % 2
        path = [number[tuple(at.T)]]
        for axis in order:
            at = at.copy()
            at[:, axis] += 1 - 2 * (cell[:, axis] % 2)
            path.append(number[tuple(at.T)])
        pieces.append(np.stack(path, -1))
    return vertices, np.concatenate(pieces)


def cylinder(radius: float, height: float, edge: float) -> tuple[np.ndarray, np.ndarray]:
    """Layers of prisms on a disc of rings, ring k of 6 k vertices; three tetrahedra in each."""
    rings, layers = _parts(radius, edge), _parts(height, edge)
    disc, triangles = _disc(rings)
    n = len(disc)
    heights = np.linspace(-height / 2, height / 2, layers + 1)
    vertices = np.concatenate(
        [np.column_stack((radius * disc, np.full(n, z))) for z in heights], axis=0
    )
    # Diagonals rise from the vertex of the smaller number, and fall in every other layer.
    a, b, c = np.sort(triangles, axis=1).T
    pieces = []
    for layer in range(layers):
        low, high = layer * n, (layer + 1) * n
        if layer % 2:
            low, high = high, low
        for four in (
            (a + low, b + low, c + low, c + high),
            (a + low, b + low, b + high, c + high),
            (a + low, a + high, b + high, c + high),
        ):
            pieces.append(np.stack(four, -1))
    return vertices, np.concatenate(pieces)


def _disc(rings: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and triangles of a disc of radius 1."""
    points, faces = [np.zeros((1, 2))], []
    start = 0  # of the ring inside
    for k in range(1, rings + 1):
        angle = np.arange(6 * k) * (math.pi / (3 * k))
        points.append(np.stack((np.cos(angle), np.sin(angle)), -1) * (k / rings))
        own = start + max(1, 6 * (k - 1))
        for sector, i in itertools.product(range(6), range(k)):
            outer = own + sector * k + i
            after = own + (sector * k + i + 1) % (6 * k)
            inner = start + (sector * (k - 1) + i) % max(1, 6 * (k - 1))
            faces.append((inner, outer, after))
            if i < k - 1:
                faces.append((inner, after, start + (sector * (k - 1) + i + 1) % (6 * (k - 1))))
        start = own
    return np.concatenate(points), np.array(faces)


def _parts(length: float, edge: float) -> int:
    """Into how many parts no longer than an edge a length is divided."""
    return max(1, math.ceil(length / edge - 1e-9))
