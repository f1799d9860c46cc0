"""An entity of particles: where they are, how fast, and which of them take part."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import torch

from genesis_state import morphs
from genesis_state.domain import Domain
from genesis_state.entities.entity import MaterialT
from genesis_state.entities.inputs import ColumnReader, Columns, as_flags, fit
from genesis_state.entities.matter_entity import MatterEntity
from genesis_state.selection import Selection


class ParticleEntity(MatterEntity[MaterialT]):
    """Matter made of particles.

    A particle that is not active takes no part: it stays where it is, and nothing touches it.
    """

    NOUN = "particle"

    @abstractmethod
    def _amount(self, active: torch.Tensor) -> torch.Tensor:
        """Volume, of cloth area, that active particles stand for together, shape (envs,).

        Args:
            active: Shape (envs, n_particles).
        """

    # ---------------------------------------------------------------- counts and places

    @property
    def particle_size(self) -> float:
        """Distance between its particles as its shape was filled [m]."""
        return self._options.particle_size

    @property
    def domain(self) -> Domain:
        """Where its particles may be."""
        return self._options.domain

    @property
    def n_particles(self) -> int:
        """Number of its particles, active or not."""
        return len(self._points)

    @property
    def particle_start(self) -> int:
        """Its first particle among those of its solver."""
        return sum(other.n_particles for other in self._earlier)

    @property
    def particle_end(self) -> int:
        """One past its last particle."""
        return self.particle_start + self.n_particles

    @property
    def init_particles(self) -> np.ndarray:
        """Where its particles are to begin with [m], float64 of shape (n_particles, 3)."""
        return self._points.copy()

    @property
    def _origin(self) -> np.ndarray:
        if isinstance(self.morph, morphs.Nowhere):
            raise ValueError(
                f"{self.name}.set_position: it has no shape to put somewhere; give a position for "
                "each particle."
            )
        return np.array(self.morph.pos)

    def _readers(self) -> dict[str, ColumnReader]:
        places = range(self.particle_start, self.particle_start + self.n_particles)
        return {"particle": ColumnReader(self.name, "particle", places, self.scene.device)}

    # ---------------------------------------------------------------- getters

    def get_particles_pos(self, envs_idx: Any = None) -> torch.Tensor:
        """Positions, shape (envs, n_particles, 3) [m]."""
        return self._read("pos", "particle", None, envs_idx)

    def get_particles_vel(self, envs_idx: Any = None) -> torch.Tensor:
        """Velocities, shape (envs, n_particles, 3) [m/s]."""
        return self._read("vel", "particle", None, envs_idx)

    def get_particles_active(self, envs_idx: Any = None) -> torch.Tensor:
        """Whether each particle takes part, bool of shape (envs, n_particles)."""
        return self._read("active", "particle", None, envs_idx)

    def find_closest_particle(self, pos: Any, envs_idx: Any = None) -> torch.Tensor:
        """Which active particle is closest to a point, int of shape (envs,); -1 if none is active.

        Where environments are alike it may be handed to a setter as it is, and else, with a second
        axis, as `found[:, None]` to `fix_particles` and the calls like it.

        Args:
            pos: Shape (3,) or (envs, 3) [m].
            envs_idx: Environments.
        """
        return self._closest("find_closest_particle", pos, self._active, envs_idx)

    def get_mass(self, envs_idx: Any = None) -> torch.Tensor:
        """Mass of its active particles, shape (envs,) [kg]."""
        selection = self._envs(envs_idx)
        amount = self._amount(self._active(selection))
        return self._unbatched(self._param("rho", selection) * amount)

    # ---------------------------------------------------------------- setters

    def set_particles_pos(
        self, poss: Any, particles_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Puts particles somewhere, at rest and free of stress.

        All else that is remembered of them goes back to what it was after build.

        Args:
            poss: Shape (3,), (n, 3) or (envs, n, 3) [m], within the domain.
            particles_idx_local: Which; by default all.
            envs_idx: Environments.
        """
        columns, selection = self._chosen(particles_idx_local, envs_idx)
        poss = self._vectors("set_particles_pos", poss, columns, selection)
        self._place("set_particles_pos", columns, selection, poss)

    def set_particles_vel(
        self, vels: Any, particles_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Sets velocities of particles.

        Args:
            vels: Shape (3,), (n, 3) or (envs, n, 3) [m/s].
            particles_idx_local: Which; by default all.
            envs_idx: Environments.
        """
        columns, selection = self._chosen(particles_idx_local, envs_idx)
        vels = self._vectors("set_particles_vel", vels, columns, selection)
        self._write(selection, columns, {"vel": vels})

    def set_particles_active(
        self, actives: Any, particles_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Sets which particles take part.

        Args:
            actives: A bool, or shape (n,) or (envs, n); 0 and 1 are taken too.
            particles_idx_local: Which; by default all.
            envs_idx: Environments.
        """
        self._activate("set_particles_active", actives, particles_idx_local, envs_idx)

    def set_active(self, actives: Any, envs_idx: Any = None) -> None:
        """Sets which particles take part: a bool, shape (n_particles,) or (envs, n_particles)."""
        self._activate("set_active", actives, None, envs_idx)

    def activate(self, envs_idx: Any = None) -> None:
        """Lets all its particles take part."""
        self._activate("activate", True, None, envs_idx)

    def deactivate(self, envs_idx: Any = None) -> None:
        """Takes all its particles out."""
        self._activate("deactivate", False, None, envs_idx)

    # ---------------------------------------------------------------- inside

    def _active(self, selection: Selection) -> torch.Tensor:
        bound = self._bound
        return selection.take(bound.solver.arena.block_of("active").get("active")[:, bound.points])

    def _place(self, call: str, columns: Columns, selection: Selection, pos: torch.Tensor) -> None:
        if pos.device.type == "cpu":
            self.domain.require(f"{self.name}.{call}", pos.numpy(), pressed=True)
        rest = self._bound.rest_of(columns)
        self._write(selection, columns, {"pos": pos, "vel": 0.0, **rest})

    def _activate(self, call: str, actives: Any, particles_idx_local: Any, envs_idx: Any) -> None:
        columns, selection = self._chosen(particles_idx_local, envs_idx)
        what = f"{self.name}.{call}"
        flags = as_flags(what, actives, self.scene.device)
        flags = fit(what, flags, selection, (len(columns.indices),))
        if flags.dim() > 1 and selection.duplicates():
            raise ValueError(f"{what}: envs_idx names an environment more than once; name it once.")
        if flags.device.type == "cpu" and bool(flags.any()):
            pos = selection.take(
                self._bound.solver.arena.block_of("pos").get("pos")[:, columns.key]
            )
            where = pos[flags.expand(pos.shape[:-1])]
            self.domain.require(what, where.numpy(), pressed=True)
        self._write(selection, columns, {"active": flags})
