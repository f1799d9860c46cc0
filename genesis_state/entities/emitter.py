"""Emitters: particles that come into being while a scene runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from genesis_state import sampling, solids
from genesis_state.entities.sampled_entity import SampledEntity
from genesis_state.selection import Selection

INNER = 0.4  # inner radius of the shell that `emit_omni` fills, as a part of the outer one


class Emitter:
    """A nozzle. `scene.add_emitter` makes it; it emits once the scene is built.

    It has a fixed number of particles. They are taken in turn, and where the next droplet of the
    same size would go past the last one, the first ones are taken again wherever they are by then.
    Each environment has a turn of its own, which is part of its state.

    Attributes:
        entity: Its particles, an entity of the scene like others.
        place: Its place among the emitters of its solver.
    """

    def __init__(self, entity: SampledEntity[Any], place: int):
        self.entity = entity
        self.place = place

    @property
    def max_particles(self) -> int:
        """How many particles there are."""
        return self.entity.n_particles

    @property
    def next_particle(self) -> torch.Tensor:
        """The particle whose turn is next, within the entity, int of shape (envs,)."""
        rows = self.entity._bound.solver.arena.get("emitter_next")[:, self.place]
        return self.entity._unbatched(rows)

    def reset(self, envs_idx: Any = None) -> None:
        """Begins with the first particle again. Particles stay as they are."""
        selection = self.entity._envs(envs_idx)
        with self.entity._bound.solver.arena.edit("emitter_next", "emitter_left") as views:
            for view in views:
                view[selection.indices(), self.place] = 0

    def emit(
        self,
        droplet_shape: str,
        droplet_size: float | Sequence[float],
        droplet_length: float | None = None,
        pos: Any = (0.5, 0.5, 1.0),
        direction: Any = (0.0, 0.0, -1.0),
        theta: float = 0.0,
        speed: float = 1.0,
        p_size: float | None = None,
        envs_idx: Any = None,
    ) -> None:
        """Lets out one droplet, or what flows out of the nozzle during one step.

        Args:
            droplet_shape: "circle" (a cylinder along the direction), "sphere", "square" or
                "rectangle" (boxes).
            droplet_size: Diameter or edge [m]; for a rectangle width and height.
            droplet_length: Length along the direction [m]; the droplet is centred on `pos`. By
                default, to be called before every step, that by which the stream grows in a step:
                `speed * scene.dt`. It comes in whole layers of particles, and what is left over
                waits for the next call. A sphere has its own length, and each call lets one out.
            pos: Middle of the nozzle [m].
            direction: Where the droplet flies.
            theta: Turn of the droplet about the direction [rad].
            speed: Its speed [m/s].
            p_size: Distance between particles [m], by default the entity's. Their mass stays what
                it is.
            envs_idx: Environments, each at most once.

        Raises:
            TypeError, ValueError, IndexError: An argument does not fit, or the droplet leaves the
                domain or has more particles than there are; nothing has been changed.
        """
        selection = self._selected(envs_idx)
        centre, towards = self._vector("pos", pos), self._vector("direction", direction)
        if not np.linalg.norm(towards) > 1e-9:
            raise ValueError(f"{self._what('emit')}: direction is zero, needs one.")
        frame = _frame(towards, self._number("theta", theta))
        speed = self._number("speed", speed, least=0.0)
        size = self._size("p_size", p_size)
        stream = droplet_length is None and droplet_shape != "sphere"
        length = size
        if not stream and droplet_shape != "sphere":
            length = self._number("droplet_length", droplet_length, above=0.0)
        try:
            points = sampling.droplet(
                droplet_shape, droplet_size, length, size, self.entity.material.sampler
            )
        except ValueError as error:
            raise ValueError(f"{self._what('emit')}: {error}") from None
        if stream:
            self._flow(selection, points, centre, frame, speed, size)
        else:
            self._let_out("emit", selection, centre + points @ frame.T, speed * frame[:, 2])

    def emit_omni(
        self,
        source_radius: float = 0.1,
        pos: Any = (0.5, 0.5, 1.0),
        speed: float = 1.0,
        particle_size: float | None = None,
        envs_idx: Any = None,
    ) -> None:
        """Lets out particles in all directions, from a shell about a point.

        Args:
            source_radius: Outer radius of the shell [m]; the inner one is 0.4 of it.
            pos: Its centre [m].
            speed: Speed away from the centre [m/s].
            particle_size: Distance between particles [m], by default the entity's. Their mass
                stays what it is.
            envs_idx: Environments, each at most once.

        Raises:
            TypeError, ValueError, IndexError: As `emit`.
        """
        selection = self._selected(envs_idx)
        centre = self._vector("pos", pos)
        radius = self._number("source_radius", source_radius, above=0.0)
        speed = self._number("speed", speed, least=0.0)
        size = self._size("particle_size", particle_size)
        points = sampling.fill(
            solids.shell(INNER * radius, radius), size, self.entity.material.sampler
        )
        if not len(points):
            raise ValueError(
                f"{self._what('emit_omni')}: no particles of particle_size={size:.6g} fit between "
                f"the radii {INNER * radius:.6g} and {radius:.6g}; use a larger source_radius."
            )
        outwards = points / np.linalg.norm(points, axis=1, keepdims=True)
        self._let_out("emit_omni", selection, centre + points, speed * outwards)

    def __repr__(self) -> str:
        return f"Emitter({self.entity.name!r}, max_particles={self.max_particles})"

    # ---------------------------------------------------------------- inside

    def _let_out(
        self, call: str, selection: Selection, points: np.ndarray, velocities: np.ndarray
    ) -> None:
        """The same particles in all selected environments."""
        self.entity.domain.require(self._what(call), points)
        self._require_room(call, len(points))
        count = torch.full((len(selection.indices()),), len(points), device=selection.device)
        self._write(selection, self._tensor(points), self._tensor(velocities), count)

    def _flow(
        self,
        selection: Selection,
        layer: np.ndarray,
        centre: np.ndarray,
        frame: np.ndarray,
        speed: float,
        size: float,
    ) -> None:
        """As many layers as the stream has grown by, which environments may differ in.

        What left the nozzle last, and waits, lies next to it; the layers lie beyond.
        """
        grown = speed * self.entity.scene.dt
        most = math.floor(grown / size) + 1
        depths = (np.arange(most) + 0.5) * size - 0.5 * grown
        along = frame[:, 2]
        stack = layer @ frame.T + centre
        points = (stack + (depths * along[:, None]).T[:, None]).reshape(-1, 3)
        for waiting in (0.0, size):
            self.entity.domain.require(self._what("emit"), points + waiting * along)
        self._require_room("emit", len(points))
        arena = self.entity._bound.solver.arena
        left = selection.take(arena.block_of("emitter_left").get("emitter_left")[:, self.place])
        left = left + grown
        # A length that is whole but for rounding is whole.
        layers = (left / size + 1e-4).floor().clamp(0, most)
        left = (left - layers * size).clamp(0.0, size)
        moved = self._tensor(points) + left[:, None, None] * self._tensor(along)
        count = layers.to(torch.int64) * len(layer)
        self._write(selection, moved, self._tensor(speed * along), count, left)

    def _write(
        self,
        selection: Selection,
        pos: torch.Tensor,
        vel: torch.Tensor,
        count: torch.Tensor,
        left: torch.Tensor | None = None,
    ) -> None:
        """Puts the first `count` particles of each selected environment in place.

        Args:
            selection: The environments.
            pos: Shape (n, 3) or (envs, n, 3).
            vel: Shape (3,) or (n, 3).
            count: Shape (envs,).
            left: What is to be left over, shape (envs,), or None to leave it.
        """
        bound, n = self.entity._bound, self.max_particles
        rows = selection.indices()
        new = {**bound.rest, **bound.loose}
        names = ("pos", "vel", "active", "emitter_next", "emitter_left", *new)
        with bound.solver.arena.edit(*names) as (poss, vels, actives, turns, lefts, *others):
            turn = turns[rows, self.place].long()
            begin = torch.where(turn + count > n, 0, turn)
            offset = torch.arange(pos.shape[-2], device=selection.device)
            emitted = offset < count[:, None]
            # Beyond what is emitted particles get what they have, so that no two of them may be
            # the same one.
            local = (begin[:, None] + offset) % n
            row, column = rows[:, None], local + bound.points.start
            given = [(poss, pos), (vels, vel), (actives, actives.new_ones(()))]
            given += [(view, own[local]) for view, own in zip(others, new.values(), strict=True)]
            for view, value in given:
                before = view[row, column]
                mask = emitted.view(*emitted.shape, *[1] * (before.dim() - 2))
                view[row, column] = torch.where(mask, value, before)
            end = begin + count
            after = torch.where(end + count > n, 0, end)
            turns[rows, self.place] = torch.where(count > 0, after, turn).to(turns.dtype)
            if left is not None:
                lefts[rows, self.place] = left

    def _what(self, call: str) -> str:
        return f"{self.entity.name}.{call}"

    def _selected(self, envs_idx: Any) -> Selection:
        selection = self.entity._envs(envs_idx)
        if selection.duplicates():
            raise ValueError(
                f"{self.entity.name}: envs_idx names an environment more than once; name it once."
            )
        return selection

    def _require_room(self, call: str, n: int) -> None:
        if n > self.max_particles:
            raise ValueError(
                f"{self._what(call)}: a droplet of {n} particles, there are only "
                f"{self.max_particles}; use a smaller droplet, or a larger max_particles."
            )

    def _vector(self, name: str, value: Any) -> np.ndarray:
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().numpy()
        try:
            vector = np.array(value, dtype=float)
        except (TypeError, ValueError):
            vector = np.zeros(0)
        if vector.shape != (3,) or not np.isfinite(vector).all():
            raise ValueError(
                f"{self.entity.name}: {name} is {value!r}, needs three finite numbers."
            )
        return vector

    def _number(
        self, name: str, value: Any, least: float = -math.inf, above: float = -math.inf
    ) -> float:
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not (math.isfinite(number) and number >= least and number > above):
            sign = "that is positive" if above == 0 else "that is not negative" * (least == 0)
            raise ValueError(
                f"{self.entity.name}: {name} is {value!r}, needs a finite number {sign}".rstrip()
                + "."
            )
        return number

    def _size(self, name: str, value: float | None) -> float:
        return self.entity.particle_size if value is None else self._number(name, value, above=0.0)

    def _tensor(self, values: np.ndarray) -> torch.Tensor:
        runtime = self.entity.scene._runtime
        return torch.from_numpy(values).to(device=runtime.device, dtype=runtime.tc_float)


def _frame(direction: np.ndarray, theta: float) -> np.ndarray:
    """Axes of a droplet as columns: z along its direction, x level, turned by `theta` about z."""
    z = direction / np.linalg.norm(direction)
    up = np.array((0.0, 0.0, 1.0) if abs(z[2]) < 1 - 1e-9 else (0.0, 1.0, 0.0))
    x = np.cross(up, z)
    x /= np.linalg.norm(x)
    y = np.cross(z, x)
    cos, sin = math.cos(theta), math.sin(theta)
    return np.stack((cos * x + sin * y, cos * y - sin * x, z), axis=1)
