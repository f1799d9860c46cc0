"""The rigid solver: a compiled MuJoCo model stepped by Taichi kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from genesis_state.kernels import rigid_step
from genesis_state.options import RigidOptions, SimOptions
from genesis_state.runtime import Runtime
from genesis_state.sensors import RigidSensor
from genesis_state.solvers.base import Solver
from genesis_state.solvers.rigid.collision import Collision, collision
from genesis_state.solvers.rigid.constants import constants
from genesis_state.solvers.rigid.gains import pd_gains
from genesis_state.solvers.rigid.model import EntitySpec, RigidModel, compile_model
from genesis_state.solvers.rigid.schema import RigidState
from genesis_state.solvers.rigid.sensor_frames import SensorFrames
from genesis_state.solvers.rigid.sizes import count, dims

_SETTINGS = ("rigid step", "rigid solver")  # signature entries that states need not agree on


class RigidSolver(Solver):
    """Articulated rigid bodies after MuJoCo's published computation.

    Attributes:
        compiled: The MuJoCo model and which part of it belongs to which entity.
        touching: What can touch what, and how.
        sensors: Where the sensors sit.
    """

    schema = RigidState

    def __init__(
        self,
        specs: Sequence[EntitySpec],
        options: RigidOptions,
        sensors: Sequence[RigidSensor] = (),
    ):
        self._specs = tuple(specs)
        self._declared = tuple(sensors)
        self._options = options

    @property
    def mj_model(self):
        """The compiled `mujoco.MjModel`. Changing it changes nothing here."""
        return self.compiled.mj

    def build(self, n_envs: int, sim: SimOptions, runtime: Runtime) -> None:
        """Compiles the model, allocates the memory and fills it in."""
        self.compiled: RigidModel = compile_model(self._specs, sim, self._options)
        self._substeps = sim.substeps
        own = None if self.compiled.self_collision else self.compiled.body_entities()
        self.touching: Collision = collision(self.compiled.mj, own)
        self.sensors = SensorFrames(self._declared, self.compiled)
        self._sizes = count(
            self.compiled.mj,
            self.touching,
            n_envs,
            torch.finfo(runtime.tc_float).eps,
            self._options.max_collision_pairs,
            self._options.max_contacts,
            self.sensors.counts(),
        )
        super().build(n_envs, sim, runtime)

    def sizes(self) -> Mapping[str, int]:
        return dims(self._sizes)

    def start(self) -> None:
        with self.arena.constants.edit() as rows:
            values = constants(self.compiled.mj, self.touching)
            for name, value in {**values, **self.sensors.constants()}.items():
                view = self.arena.constants.layout.view(rows, name)[0]
                view.copy_(torch.from_numpy(np.ascontiguousarray(value)).reshape(view.shape))
        for name, value in pd_gains(self.compiled.mj).items():
            with self.arena.edit(name) as (view,):
                view.copy_(torch.from_numpy(value))
        with self.arena.edit("qpos") as (qpos,):
            qpos.copy_(torch.from_numpy(self.compiled.mj.qpos0))
        self.refresh_links()

    def signature(self) -> tuple[tuple[str, str], ...]:
        own = tuple(pair for pair in self.compiled.signature if pair[0] not in _SETTINGS)
        return (*own, *self.sensors.signature())

    def settings(self) -> tuple[tuple[str, str], ...]:
        return tuple(pair for pair in self.compiled.signature if pair[0] in _SETTINGS)

    def step(self) -> None:
        rigid_step.step(self.model, self._sizes, self.fields, self._substeps)

    def refresh_links(self) -> None:
        """`qpos` → `links_pos`, `links_quat`, after coordinates were set from outside."""
        rigid_step.refresh_links(self.model, self._sizes, self.fields)

    def detect_contacts(self) -> None:
        """Finds what touches now, without a step: contacts where things are, with no forces yet.

        They replace those of the last step.
        """
        if self._sizes.contacts:
            rigid_step.detect_contacts(self.model, self._sizes, self.fields)

    def get_error_envs_mask(self) -> torch.Tensor:
        """Which environments stopped because their state was no longer a state, bool (n_envs,).

        Such an environment stays as it was found until it is reset.
        """
        return self.arena.get("error")

    def get_overflow_envs_mask(self) -> torch.Tensor:
        """Which environments have left out contacts since their last reset, bool (n_envs,).

        More pairs of geoms were near each other, or more points touched, than there is room for.
        The same are left out in every run, but the motion is no longer the model's: build the
        scene with larger RigidOptions(max_collision_pairs=…, max_contacts=…). What there is room
        for now is `max_collision_pairs` and `max_contacts` of this solver.
        """
        return self.arena.get("overflow")

    @property
    def max_collision_pairs(self) -> int:
        """Room for pairs of geoms near each other, in each environment."""
        return self._sizes.near

    @property
    def max_contacts(self) -> int:
        """Room for points of contact, in each environment."""
        return self._sizes.contacts
