"""One entity of finite elements, as its solver takes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genesis_state.materials import FEM
from genesis_state.tetrahedra import require_sound


@dataclass(frozen=True, eq=False)
class FEMSpec:
    """The tetrahedra of one entity at rest.

    Attributes:
        name: The entity's name.
        material: What it is made of.
        vertices: World [m], float64 of shape (n_vertices, 3).
        elements: Four vertices each, numbered within the entity, int64 of shape (n_elements, 4);
            of positive orientation: (v1 - v0) x (v2 - v0) . (v3 - v0) > 0.
        active: Whether they take part from the start.

    Raises:
        ValueError: An element is inverted or flat.
    """

    name: str
    material: FEM.Elastic
    vertices: np.ndarray
    elements: np.ndarray
    active: bool = True

    def __post_init__(self):
        require_sound(self.name, self.vertices, self.elements)
