"""One entity of position based dynamics, as its solver takes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genesis_state.materials import PBD
from genesis_state.tetrahedra import require_sound


@dataclass(frozen=True, eq=False)
class PBDSpec:
    """The particles of one entity at the start, and what ties them.

    Particles are numbered within the entity, in arrays of int64. Cloth has edges and hinges, an
    elastic solid edges, hinges and tetrahedra; all others have none.

    Attributes:
        name: The entity's name.
        material: What it is made of.
        positions: World [m], float64 of shape (n_particles, 3); of matter that is tied, at rest.
        mass: Of each particle [kg], float64 of shape (n_particles,).
        edges: Particles that keep their distance, shape (n_edges, 2).
        hinges: Pairs of faces that keep their angle, shape (n_hinges, 4): particles (1, 2) of the
            edge that they share, 3 of the one face and 4 of the other. Where all faces look to one
            side these are (1, 2, 3) and (2, 1, 4), counterclockwise.
        tets: Tetrahedra that keep their volume, shape (n_tets, 4), of positive orientation:
            (x1 - x0) x (x2 - x0) . (x3 - x0) > 0.
        active: Whether they take part from the start; otherwise something has to emit them.
        emitter: Whether an emitter owns them.

    Raises:
        ValueError: A tetrahedron is inverted or flat.
    """

    name: str
    material: PBD.Base
    positions: np.ndarray
    mass: np.ndarray
    edges: np.ndarray
    hinges: np.ndarray
    tets: np.ndarray
    active: bool = True
    emitter: bool = False

    def __post_init__(self):
        require_sound(self.name, self.positions, self.tets)
