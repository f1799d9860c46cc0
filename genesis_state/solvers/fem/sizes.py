"""Options and meshes → how many there are of everything that kernels loop over."""

from __future__ import annotations

from genesis_state.kernels.lanes import n_lanes
from genesis_state.options import FEMOptions
from genesis_state.solvers.fem.mesh import Mesh

SHARE = 512  # elements that are worth a lane


class Sizes:
    """Sizes that kernels see as compile-time constants; two are equal only if they are the same.

    Attributes:
        envs, vertices, elements, materials: Counts.
        corners: Corners of all elements.
        blocks: Blocks of 3x3 in the matrix of an implicit step.
        lanes: Shares of an environment's work; implicit steps have one.
        kinds: Laws of materials that occur.
        bodies: Bodies of the rigid solver, if vertices can touch any.
        coupled: Whether they can.
        faces: Faces of the surfaces if they can touch bodies between their vertices.
        floor: Whether there is a floor.
        implicit: Whether steps are implicit.
        shortening: Whether Newton steps may be shortened.
        constrained: Whether vertices can be held.
        eps: Distance from 1 to the next float of the fields' precision.
    """

    def __init__(
        self,
        options: FEMOptions,
        n_envs: int,
        mesh: Mesh,
        kinds: frozenset[int],
        bodies: int,
        eps: float,
    ):
        self.envs = n_envs
        self.vertices = len(mesh.vertices)
        self.elements = len(mesh.elements)
        self.materials = len(mesh.element_starts) - 1
        self.corners = mesh.elements.size
        self.implicit = options.use_implicit_solver
        self.shortening = self.implicit and options.n_linesearch_iterations > 0
        self.blocks = len(mesh.blocks[0]) if self.implicit else 0
        self.lanes = 1 if self.implicit else n_lanes(self.elements, SHARE)
        self.kinds = kinds
        self.bodies = bodies
        self.coupled = bodies > 0
        self.faces = len(mesh.faces) * self.coupled
        self.floor = options.floor_height is not None
        self.constrained = options.enable_vertex_constraints
        self.eps = eps

    def dims(self) -> dict[str, int]:
        """Sizes of the dims that the schema names."""
        sizes = {
            "vertex": self.vertices,
            "vertex_end": self.vertices + 1,
            "element": self.elements,
            "corner": self.corners,
            "material": self.materials,
            "material_end": self.materials + 1,
            "face": self.faces,
            "face_corner": 3 * self.faces,
            "three": 3,
            "four": 4,
            "sixteen": 16,
            "lane": self.lanes,
            "body": self.bodies,
            "coupled_vertex": self.vertices * self.coupled,
            "constrained_vertex": self.vertices * self.constrained,
            "block": self.blocks,
            "implicit_corner": 4 * self.implicit,
        }
        for dim in ("vertex", "vertex_end", "element", "body", "face"):
            sizes[f"implicit_{dim}"] = sizes[dim] * self.implicit
        return sizes
