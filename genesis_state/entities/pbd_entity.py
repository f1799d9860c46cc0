"""Matter of position based dynamics in a scene: cloth, elastic solids, liquid, particles."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
import torch

from genesis_state import tetrahedra
from genesis_state.cloth_mesh import cloth_mesh, edges_and_hinges
from genesis_state.entities.body_frames import body_of, into_frames
from genesis_state.entities.entity import MaterialT
from genesis_state.entities.particle_entity import ParticleEntity
from genesis_state.entities.sampled_entity import SampledEntity
from genesis_state.materials import PBD
from genesis_state.runtime import logger
from genesis_state.selection import Selection
from genesis_state.solids import solid


class PBDEntity(ParticleEntity[MaterialT]):
    """Particles that can be fixed: to where they are, or to a body."""

    SOLVER = "pbd"

    def get_particles_free(self, envs_idx: Any = None) -> torch.Tensor:
        """Whether each particle is not fixed, bool of shape (envs, n_particles)."""
        return self._read("free", "particle", None, envs_idx)

    def fix_particles(
        self, particles_idx_local: Any = None, envs_idx: Any = None, zero_velocity: bool = True
    ) -> None:
        """Fixes particles: nothing but a setter moves them until they are released.

        Args:
            particles_idx_local: Which; by default all. One axis of indices is the same for all
                environments, shape (envs, n) are those of each. So what `find_closest_particle`
                found in several environments goes in as `found[:, None]`.
            envs_idx: Environments.
            zero_velocity: Whether they stop. Otherwise they keep the velocity that they have.
        """
        if not isinstance(zero_velocity, bool):
            raise TypeError(
                f"{self.name}.fix_particles: zero_velocity is {zero_velocity!r}, needs True or "
                "False."
            )
        selection, chosen = self._named("fix_particles", particles_idx_local, envs_idx)
        values: dict[str, Any] = {"free": False, "attached_body": 0}
        if zero_velocity:
            values["vel"] = 0.0
        self._hold(selection, chosen, values)

    def fix_particles_to_link(
        self, link_idx: int, particles_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Fixes particles to a link, in the places that they have there now. It carries them.

        Args:
            link_idx: The link's place among all links of the scene, `link.idx`.
            particles_idx_local: Which, see `fix_particles`.
            envs_idx: Environments.
        """
        what = f"{self.name}.fix_particles_to_link"
        self.scene._require_built()
        body = body_of(self.scene, self._bound.solver, what, link_idx)
        selection, chosen = self._named("fix_particles_to_link", particles_idx_local, envs_idx)
        rows = selection.indices()[:, None]
        pos = self._bound.solver.arena.block_of("pos").get("pos")[rows, chosen]
        bodies = torch.full(pos.shape[:2], body, device=pos.device)
        place = into_frames(self.scene, selection, bodies, pos)
        self._hold(selection, chosen, {"free": False, "attached_body": body, "attached_pos": place})

    def release_particles(self, particles_idx_local: Any = None, envs_idx: Any = None) -> None:
        """Lets go of particles that were fixed to something.

        Args:
            particles_idx_local: Which, see `fix_particles`.
            envs_idx: Environments.
        """
        selection, chosen = self._named("release_particles", particles_idx_local, envs_idx)
        self._hold(selection, chosen, {"free": True, "attached_body": 0})

    release_particle = release_particles

    def _named(self, call: str, idx: Any, envs_idx: Any) -> tuple[Selection, torch.Tensor]:
        """Environments, and particles among the solver's, int64 of shape (n,) or (envs, n)."""
        what = f"{self.name}.{call}"
        reader, selection = self._bound.columns["particle"], self._envs(envs_idx)
        start, device = self._bound.points.start, self.scene.device
        array = np.asarray(idx.detach().cpu() if isinstance(idx, torch.Tensor) else idx)
        if array.ndim == 2 and array.dtype.kind in "iu":
            rows = len(selection.indices())
            if len(array) != rows:
                raise ValueError(
                    f"{what}: particles_idx_local has shape {array.shape}, needs ({rows}, n), one "
                    "row for each environment."
                )
            if selection.duplicates():
                raise ValueError(
                    f"{what}: envs_idx names an environment more than once; name it once."
                )
            each = np.array([reader(row).indices for row in array], dtype=np.int64)
            return selection, torch.from_numpy(each.reshape(array.shape)).to(device) + start
        if array.ndim == 1 and array.dtype.kind in "iu" and len(array) > 1:
            # What find_closest_particle finds in environments that are alike.
            idx = array[:1] if (array == array[0]).all() else idx
        return selection, torch.tensor(
            reader(idx).indices, dtype=torch.int64, device=device
        ) + start

    def _hold(self, selection: Selection, chosen: torch.Tensor, values: dict[str, Any]) -> None:
        rows = selection.indices()[:, None]
        with self._bound.solver.arena.edit(*values) as views:
            for view, value in zip(views, values.values(), strict=True):
                view[rows, chosen] = value.to(view) if isinstance(value, torch.Tensor) else value


class PBDTetEntity(PBDEntity[MaterialT]):
    """Base of matter whose particles are the vertices of a mesh, tied to each other."""

    @cached_property
    @abstractmethod
    def edges(self) -> np.ndarray:
        """Pairs of particles that keep their distance, int64 of shape (n_edges, 2)."""

    @cached_property
    @abstractmethod
    def hinges(self) -> np.ndarray:
        """Particles of pairs of faces that keep their angle, see `PBDSpec`, (n_hinges, 4)."""

    @cached_property
    @abstractmethod
    def elems(self) -> np.ndarray:
        """Particles of tetrahedra that keep their volume, int64 of shape (n_elems, 4)."""

    @cached_property
    @abstractmethod
    def amounts(self) -> np.ndarray:
        """Volume [m^3], of cloth area [m^2], of each particle, float64 of shape (n_particles,)."""

    @property
    def n_edges(self) -> int:
        """Number of its edges."""
        return len(self.edges)

    def _amount(self, active: torch.Tensor) -> torch.Tensor:
        amounts = torch.from_numpy(self.amounts).to(self.scene.device, self.scene._runtime.tc_float)
        return (active * amounts).sum(dim=-1)


class PBD2DEntity(PBDTetEntity[PBD.Cloth]):
    """A piece of cloth: the vertices of a mesh, as they are in its file."""

    @cached_property
    def _mesh(self):
        try:
            mesh = cloth_mesh(self.morph)
        except (ValueError, TypeError, FileNotFoundError) as error:
            raise type(error)(f"{self.name}: {error}") from None
        if mesh.merged:
            logger.warning(
                "%s: %d vertices of its mesh lie where others do, and are one with them.",
                self.name,
                mesh.merged,
            )
        return mesh

    @property
    def _points(self) -> np.ndarray:
        return self._mesh.vertices

    @property
    def faces(self) -> np.ndarray:
        """Its triangles, int64 of shape (n_faces, 3)."""
        return self._mesh.faces

    @property
    def n_inner_edges(self) -> int:
        """Number of edges between two faces."""
        return len(self.hinges)

    @cached_property
    def edges(self) -> np.ndarray:
        return self._mesh.edges

    @cached_property
    def hinges(self) -> np.ndarray:
        return self._mesh.hinges

    @cached_property
    def elems(self) -> np.ndarray:
        return np.zeros((0, 4), dtype=np.int64)

    @cached_property
    def amounts(self) -> np.ndarray:
        return self._mesh.areas


class PBD3DEntity(PBDTetEntity[PBD.Elastic]):
    """An elastic solid: the vertices of tetrahedra about a `particle_size` apart.

    A morph's `maxvolume` says otherwise. Its mass is that of the shape.
    """

    @cached_property
    def _mesh(self) -> tetrahedra.TetMesh:
        try:
            return tetrahedra.tetrahedra(self.morph, self.particle_size)
        except (ValueError, TypeError, FileNotFoundError) as error:
            raise type(error)(f"{self.name}: {error}") from None

    @property
    def _points(self) -> np.ndarray:
        return self._mesh.vertices

    @property
    def n_elems(self) -> int:
        """Number of its tetrahedra."""
        return len(self.elems)

    @cached_property
    def edges(self) -> np.ndarray:
        return tetrahedra.edges(self.elems)

    @cached_property
    def hinges(self) -> np.ndarray:
        return edges_and_hinges(tetrahedra.surface(self.elems))[2]

    @cached_property
    def elems(self) -> np.ndarray:
        return self._mesh.elements

    @cached_property
    def amounts(self) -> np.ndarray:
        found = tetrahedra.volumes(self._points, self.elems)
        found *= solid(self.morph).volume / found.sum()
        return np.bincount(self.elems.reshape(-1), np.repeat(found / 4, 4), len(self._points))


class PBDParticleEntity(PBDEntity[PBD.Liquid], SampledEntity[PBD.Liquid]):
    """A liquid."""


class PBDFreeParticleEntity(PBDEntity[PBD.Particle], SampledEntity[PBD.Particle]):
    """Particles that take no notice of each other."""
