"""Matter of finite elements in a scene."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch

from genesis_state import tetrahedra
from genesis_state.entities.inputs import ColumnReader, Columns, as_flags, fit
from genesis_state.entities.matter_entity import MatterEntity
from genesis_state.entities.vertex_constraints import VertexConstraints
from genesis_state.materials import FEM
from genesis_state.selection import Selection


class FEMEntity(VertexConstraints, MatterEntity[FEM.Elastic]):
    """An elastic solid made of tetrahedra.

    A morph's `maxvolume` says how large they are at most; without it there are some 4000. Its mass
    is that of the tetrahedra. An element that is not active takes no part, and a vertex of which no
    element does stays where it is.
    """

    SOLVER = "fem"
    NOUN = "vertex"

    # ---------------------------------------------------------------- counts and places

    @cached_property
    def _mesh(self) -> tetrahedra.TetMesh:
        try:
            return tetrahedra.tetrahedra(self.morph)
        except (ValueError, TypeError, FileNotFoundError) as error:
            raise type(error)(f"{self.name}: {error}") from None

    @property
    def n_vertices(self) -> int:
        """Number of its vertices."""
        return len(self._mesh.vertices)

    @property
    def n_elements(self) -> int:
        """Number of its tetrahedra."""
        return len(self._mesh.elements)

    @property
    def v_start(self) -> int:
        """Its first vertex among those of its solver."""
        return sum(other.n_vertices for other in self._earlier)

    @property
    def el_start(self) -> int:
        """Its first element among those of its solver."""
        return sum(other.n_elements for other in self._earlier)

    @property
    def elems(self) -> np.ndarray:
        """Vertices of each element, int64 of shape (n_elements, 4)."""
        return self._mesh.elements.copy()

    @cached_property
    def surface_triangles(self) -> np.ndarray:
        """Its faces, counterclockwise from outside, int64 of shape (n_surfaces, 3)."""
        return tetrahedra.surface(self._mesh.elements)

    @property
    def n_surfaces(self) -> int:
        """Number of its faces."""
        return len(self.surface_triangles)

    @property
    def n_surface_vertices(self) -> int:
        """Number of its vertices that belong to a face."""
        return len(np.unique(self.surface_triangles))

    @property
    def init_positions(self) -> torch.Tensor:
        """Where its vertices are to begin with [m], shape (n_vertices, 3)."""
        runtime = self.scene._runtime
        return torch.from_numpy(self._mesh.vertices).to(runtime.device, runtime.tc_float, copy=True)

    def get_el2v(self) -> torch.Tensor:
        """Vertices of each element, int of shape (n_elements, 4)."""
        return torch.from_numpy(self._mesh.elements).to(self.scene.device, torch.int32)

    @property
    def _points(self) -> np.ndarray:
        return self._mesh.vertices

    @property
    def _origin(self) -> np.ndarray:
        return self._mesh.vertices.mean(axis=0)

    def _readers(self) -> dict[str, ColumnReader]:
        name, device = self.name, self.scene.device
        vertices = range(self.v_start, self.v_start + self.n_vertices)
        elements = range(self.el_start, self.el_start + self.n_elements)
        words = ("verts_idx_local", "n_vertices")
        return {
            "vertex": ColumnReader(name, "vertex", vertices, device, *words),
            "element": ColumnReader(name, "element", elements, device),
        }

    # ---------------------------------------------------------------- getters

    def get_vertices_pos(self, envs_idx: Any = None) -> torch.Tensor:
        """Positions, shape (envs, n_vertices, 3) [m]."""
        return self._read("pos", "vertex", None, envs_idx)

    def get_vertices_vel(self, envs_idx: Any = None) -> torch.Tensor:
        """Velocities, shape (envs, n_vertices, 3) [m/s]."""
        return self._read("vel", "vertex", None, envs_idx)

    def get_elements_active(self, envs_idx: Any = None) -> torch.Tensor:
        """Whether each element takes part, bool of shape (envs, n_elements)."""
        return self._read("active", "element", None, envs_idx)

    def get_mass(self, envs_idx: Any = None) -> torch.Tensor:
        """Mass of its active elements, shape (envs,) [kg]."""
        selection = self._envs(envs_idx)
        rho = self._param("rho", selection)
        volume = torch.from_numpy(tetrahedra.volumes(self._mesh.vertices, self._mesh.elements))
        active = self._active(selection)
        return self._unbatched(rho * (active * volume.to(rho)).sum(dim=-1))

    def find_closest_vertex(self, pos: Any, envs_idx: Any = None) -> torch.Tensor:
        """Which vertex of an active element is closest to a point, int of shape (envs,); or -1.

        Args:
            pos: Shape (3,) or (envs, 3) [m].
            envs_idx: Environments.
        """
        elements = torch.from_numpy(self._mesh.elements).to(self.scene.device).reshape(-1)

        def taking_part(selection: Selection) -> torch.Tensor:
            active = self._active(selection).repeat_interleave(4, dim=-1)
            found = active.new_zeros((len(active), self.n_vertices), dtype=torch.int32)
            found.index_add_(1, elements, active.to(torch.int32))
            return found > 0

        return self._closest("find_closest_vertex", pos, taking_part, envs_idx)

    # ---------------------------------------------------------------- setters

    def set_vertices_pos(
        self, poss: Any, verts_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Puts vertices somewhere, at rest. Their elements keep the shape that they have at rest.

        Args:
            poss: Shape (3,), (n, 3) or (envs, n, 3) [m].
            verts_idx_local: Which; by default all.
            envs_idx: Environments.
        """
        columns, selection = self._chosen(verts_idx_local, envs_idx)
        poss = self._vectors("set_vertices_pos", poss, columns, selection)
        self._place("set_vertices_pos", columns, selection, poss)

    def set_vertices_vel(
        self, vels: Any, verts_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Sets velocities of vertices.

        Args:
            vels: Shape (3,), (n, 3) or (envs, n, 3) [m/s].
            verts_idx_local: Which; by default all.
            envs_idx: Environments.
        """
        columns, selection = self._chosen(verts_idx_local, envs_idx)
        vels = self._vectors("set_vertices_vel", vels, columns, selection)
        self._write(selection, columns, {"vel": vels})

    def set_elements_active(
        self, actives: Any, elements_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Sets which elements take part.

        Args:
            actives: A bool, or shape (n,) or (envs, n); 0 and 1 are taken too.
            elements_idx_local: Which; by default all.
            envs_idx: Environments.
        """
        what = f"{self.name}.set_elements_active"
        columns = self._bound.columns["element"](elements_idx_local)
        selection = self._envs(envs_idx)
        flags = as_flags(what, actives, self.scene.device)
        flags = fit(what, flags, selection, (len(columns.indices),))
        if flags.dim() > 1 and selection.duplicates():
            raise ValueError(f"{what}: envs_idx names an environment more than once; name it once.")
        self._write(selection, columns, {"active": flags})

    def activate(self, envs_idx: Any = None) -> None:
        """Lets all its elements take part."""
        self.set_elements_active(True, None, envs_idx)

    def deactivate(self, envs_idx: Any = None) -> None:
        """Takes all its elements out."""
        self.set_elements_active(False, None, envs_idx)

    # ---------------------------------------------------------------- inside

    def _active(self, selection: Selection) -> torch.Tensor:
        bound = self._bound
        key = bound.columns["element"].all.key
        return selection.take(bound.solver.arena.block_of("active").get("active")[:, key])

    def _place(self, call: str, columns: Columns, selection: Selection, pos: torch.Tensor) -> None:
        rest = self._bound.rest_of(columns)
        self._write(selection, columns, {"pos": pos, "vel": 0.0, **rest})
