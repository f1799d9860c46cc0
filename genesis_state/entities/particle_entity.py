"""An entity of particles: where they are, how fast, and which of them take part."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import Any

import numpy as np
import torch

from genesis_state import morphs, sampling
from genesis_state.domain import Domain
from genesis_state.entities.entity import Entity
from genesis_state.entities.inputs import Columns, as_flags, as_tensor, fit
from genesis_state.entities.particle_access import ParticleBinding
from genesis_state.materials import MPM
from genesis_state.selection import Selection
from genesis_state.solvers.base import Solver


class ParticleEntity(Entity[ParticleBinding, MPM.Base]):
    """Matter made of particles. `scene.add_entity` makes it; it answers once the scene is built.

    Every call that reads or writes takes `envs_idx`: None for all environments, indices, or a mask
    of length n_envs. Getters return copies, shape (envs, …), without the axis of environments if
    the scene was built with n_envs=0. Setters take one value for all selected environments or one
    for each, check everything first, and refuse what does not fit with nothing changed. They act
    at once.

    A particle that is not active takes no part: it stays where it is, and nothing touches it.
    """

    # ---------------------------------------------------------------- what a kind says of itself

    @abstractmethod
    def _solver(self) -> Solver:
        """The solver that moves it."""

    @property
    @abstractmethod
    def particle_size(self) -> float:
        """Distance between its particles as its shape was filled [m]."""

    @property
    @abstractmethod
    def domain(self) -> Domain:
        """Where its particles may be."""

    @abstractmethod
    def get_mass(self, envs_idx: Any = None) -> torch.Tensor:
        """Mass of its active particles, shape (envs,) [kg]."""

    # ---------------------------------------------------------------- counts and places

    @cached_property
    def sampled(self) -> sampling.Particles:
        """Its particles as its shape was filled with them; known before the scene is built."""
        sampler, size = self.material.sampler, self.particle_size
        try:
            return sampling.particles(self.morph, size, sampler, seed=self.idx)
        except (ValueError, TypeError, FileNotFoundError) as error:
            raise type(error)(f"{self.name}: {error}") from None

    @property
    def n_particles(self) -> int:
        """Number of its particles, active or not."""
        return len(self.sampled.positions)

    @property
    def particle_start(self) -> int:
        """Its first particle among those of its solver."""
        earlier = self.scene.entities[: self.idx]
        return sum(other.n_particles for other in earlier if type(other) is type(self))

    @property
    def particle_end(self) -> int:
        """One past its last particle."""
        return self.particle_start + self.n_particles

    @property
    def init_particles(self) -> np.ndarray:
        """Where its particles are to begin with [m], float64 of shape (n_particles, 3)."""
        return self.sampled.positions.copy()

    def _bind(self) -> ParticleBinding:
        return ParticleBinding(
            self.scene, self._solver(), self.name, self.particle_start, self.n_particles
        )

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

        Args:
            pos: Shape (3,) or (envs, 3) [m].
            envs_idx: Environments.
        """
        selection = self._envs(envs_idx)
        pos = self._values("find_closest_particle", pos, selection, (3,), number=False)
        bound = self._bound
        where, active = (
            selection.take(bound.solver.arena.block_of(name).get(name)[:, bound.particles])
            for name in ("pos", "active")
        )
        distance = torch.linalg.norm(where - pos.unsqueeze(-2), dim=-1)
        distance = distance.masked_fill(~active, torch.inf)
        closest = distance.argmin(dim=-1).to(torch.int32)
        return self._unbatched(closest.masked_fill(~active.any(dim=-1), -1))

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
        shape = (len(columns.indices), 3)
        poss = self._values("set_particles_pos", poss, selection, shape, number=False)
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
        shape = (len(columns.indices), 3)
        vels = self._values("set_particles_vel", vels, selection, shape, number=False)
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

    def set_position(self, value: Any, envs_idx: Any = None) -> None:
        """Puts the whole entity somewhere, at rest and free of stress, see `set_particles_pos`.

        Args:
            value: One point, shape (3,) or (envs, 3) [m]: there goes the origin of its shape, with
                the particles about it as they were to begin with. Or one for each particle, shape
                (n_particles, 3), which is how a tie is read, or (envs, n_particles, 3).
            envs_idx: Environments.
        """
        columns, selection = self._chosen(None, envs_idx)
        value, whole = self._whole("set_position", value, selection)
        if whole:
            if isinstance(self.morph, morphs.Nowhere):
                raise ValueError(
                    f"{self.name}.set_position: it has no shape to put somewhere; give a position "
                    "for each particle."
                )
            offset = self.sampled.positions - np.array(self.morph.pos)
            value = value + torch.from_numpy(offset).to(value)
        self._place("set_position", columns, selection, value)

    def set_velocity(self, vels: Any, envs_idx: Any = None) -> None:
        """Sets the velocity of the whole entity.

        Args:
            vels: One for all particles, shape (3,) or (envs, 3) [m/s], or one for each, shape
                (n_particles, 3), which is how a tie is read, or (envs, n_particles, 3).
            envs_idx: Environments.
        """
        columns, selection = self._chosen(None, envs_idx)
        vels, whole = self._whole("set_velocity", vels, selection)
        vels = vels.expand(*vels.shape[:-2], self.n_particles, 3) if whole else vels
        self._write(selection, columns, {"vel": vels})

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

    def _chosen(self, particles_idx_local: Any, envs_idx: Any) -> tuple[Columns, Selection]:
        return self._bound.columns["particle"](particles_idx_local), self._envs(envs_idx)

    def _whole(self, call: str, value: Any, selection: Selection) -> tuple[torch.Tensor, bool]:
        """A value for the whole entity, of shape (1, 3) or (envs, 1, 3), or for each particle.

        And whether it is for the whole.
        """
        runtime = self.scene._runtime
        value = as_tensor(f"{self.name}.{call}", value, runtime.tc_float, runtime.device)
        rows = selection.count if selection.count is not None else len(selection.indices())
        each = (self.n_particles, 3)
        whole = value.shape != each and (value.dim() == 1 or value.shape == (rows, 3))
        if not whole:
            return self._values(call, value, selection, each, number=False), False
        return self._values(call, value, selection, (3,), number=False).unsqueeze(-2), True

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
