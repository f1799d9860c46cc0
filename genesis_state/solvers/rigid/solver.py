"""The rigid solver: a compiled MuJoCo model stepped by Taichi kernels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from genesis_state.kernels import rigid_constants, rigid_coupling, rigid_step
from genesis_state.options import RigidOptions, SimOptions
from genesis_state.runtime import Runtime
from genesis_state.selection import Selection, select
from genesis_state.sensors import RigidSensor
from genesis_state.solvers.base import Solver
from genesis_state.solvers.entity_part import EntityPart
from genesis_state.solvers.rigid import equalities
from genesis_state.solvers.rigid.collision import Collision, collision
from genesis_state.solvers.rigid.constants import constants, mass_rows
from genesis_state.solvers.rigid.coupling import Coupling, coupling
from genesis_state.solvers.rigid.entity_range import entity_parts
from genesis_state.solvers.rigid.gains import pd_gains
from genesis_state.solvers.rigid.model import EntitySpec, RigidModel, compile_model
from genesis_state.solvers.rigid.parameters import parameters
from genesis_state.solvers.rigid.pattern import Pattern
from genesis_state.solvers.rigid.schema import RigidState
from genesis_state.solvers.rigid.sensor_frames import SensorFrames
from genesis_state.solvers.rigid.sizes import Sizes, count, dims, full_mass_rows

_SETTINGS = ("rigid step", "rigid solver")  # signature entries that states need not agree on


class RigidSolver(Solver):
    """Articulated rigid bodies after MuJoCo's published computation.

    Attributes:
        compiled: The MuJoCo model and which part of it belongs to which entity.
        touching: What can touch what, and how.
        coupling: Which geoms particles and soft bodies touch.
        sensors: Where the sensors sit.
    """

    schema = RigidState

    def __init__(
        self,
        specs: Sequence[EntitySpec],
        options: RigidOptions,
        sensors: Sequence[RigidSensor] = (),
        coupled: bool = False,
    ):
        """
        Args:
            specs: The entities.
            options: Settings of the solver.
            sensors: The sensors, in the order they were added.
            coupled: Whether another solver has matter that touches the bodies. It then drives the
                steps, see `begin_coupling`.
        """
        self._specs = tuple(specs)
        self._declared = tuple(sensors)
        self._options = options
        self._refresh_at_end = False
        self._to_refresh: list[torch.Tensor] = []
        self._coupled = coupled

    @property
    def mj_model(self):
        """The compiled `mujoco.MjModel`. Changing it changes nothing here."""
        return self.compiled.mj

    def build(self, n_envs: int, sim: SimOptions, runtime: Runtime) -> None:
        """Compiles the model, allocates the memory and fills it in."""
        self.compiled: RigidModel = compile_model(self._specs, sim, self._options)
        self._substeps = sim.substeps
        own = None if self.compiled.self_collision else self.compiled.body_robots()
        self.touching: Collision = collision(self.compiled.mj, own)
        self.sensors = SensorFrames(self._declared, self.compiled)
        materials = [spec.material for spec in self._specs]
        self.coupling: Coupling = coupling(self.compiled, materials, coupled=self._coupled)
        mj = self.compiled.mj
        rows_of_M = mass_rows(mj, full=full_mass_rows(self.coupling, self._options))
        any_weld = self._options.max_dynamic_constraints > 0
        self._pattern = Pattern(mj, self.touching, rows_of_M, any_weld=any_weld)
        self._sizes = count(
            mj,
            self.touching,
            self.coupling,
            self._pattern,
            n_envs,
            torch.finfo(runtime.tc_float).eps,
            self._options,
            self.sensors.counts(),
        )
        super().build(n_envs, sim, runtime)

    def sizes(self) -> Mapping[str, int]:
        return dims(self._sizes)

    def start(self) -> None:
        mj = self.compiled.mj
        self.arena.write_model(
            {
                **constants(mj, self.touching, self._pattern),
                **self.coupling.constants(),
                **self.sensors.constants(),
            }
        )
        given = {
            **pd_gains(mj),
            **parameters(mj, self.touching),
            "coupled_geom_friction": self.coupling.friction,
        }
        for name, value in given.items():
            with self.arena.edit(name) as (view,):
                if view.numel():
                    view.copy_(torch.from_numpy(value))
        mocap = mj.body_mocapid >= 0
        for name, value in (
            ("qpos", mj.qpos0),
            ("mocap_pos", mj.body_pos[mocap]),
            ("mocap_quat", mj.body_quat[mocap]),
            ("eq_active", mj.eq_active0),
        ):
            with self.arena.edit(name) as (view,):
                view.copy_(torch.from_numpy(value))
        self.refresh_links()

    def refresh_constants(self, selection: Selection) -> None:
        """Sets what follows from masses and armature, where these have been changed."""
        if not (self._sizes.own_weights and self._sizes.dofs and selection.count != 0):
            return
        if self._refresh_at_end:
            self._to_refresh.append(selection.marks().clone())
            return
        chosen = selection.marks().to(torch.int32)
        rigid_constants.refresh_constants(self.model, self._sizes, self.fields, chosen)

    @contextmanager
    def refreshing_once(self) -> Iterator[None]:
        """Within it many parameters may be set: what follows from them is set once, at its end."""
        if self._refresh_at_end:  # within another
            yield
            return
        self._refresh_at_end = True
        try:
            yield
        finally:
            self._refresh_at_end = False
            marks, self._to_refresh = self._to_refresh, []
            if marks:
                chosen = marks[0] if len(marks) == 1 else torch.stack(marks).any(dim=0)
                self.refresh_constants(select(chosen, self.n_envs, chosen.device))

    def set_gravity(self, gravity: Any, envs_idx: Any = None) -> None:
        """Sets gravity of environments, shape (3,) or (envs, 3) [m/s^2].

        Raises:
            RuntimeError: The scene was not built with RigidOptions(batch_gravity=True).
        """
        if not self._sizes.own_gravity:
            raise RuntimeError(
                "set_gravity: environments share gravity; build the scene with "
                "rigid_options=gs.options.RigidOptions(batch_gravity=True)."
            )
        with self.arena.edit("envs_gravity") as (view,):
            selection = select(envs_idx, self.n_envs, view.device)
            value = torch.as_tensor(gravity, dtype=view.dtype, device=view.device)
            if (
                value.shape not in ((3,), (len(selection.indices()), 3))
                or not value.isfinite().all()
            ):
                raise ValueError(
                    f"set_gravity: gravity has shape {tuple(value.shape)}, needs finite numbers of "
                    f"shape (3,) or ({len(selection.indices())}, 3)."
                )
            view[selection.indices(), 0] = value

    def get_gravity(self) -> torch.Tensor:
        """Gravity of each environment, shape (n_envs, 3) [m/s^2]."""
        if self._sizes.own_gravity:
            return self.arena.get("envs_gravity")[:, 0]
        return self.arena.constants.get("gravity")[0].expand(self.n_envs, 3).clone()

    def set_equalities_active(self, active: Any, which: Any = None, envs_idx: Any = None) -> None:
        """Switches equalities of the models on or off: MuJoCo's `data.eq_active`.

        Args:
            active: A bool, shape (n,) or (envs, n).
            which: By name ("<entity>/<name>") or number, one or a list; by default all.
            envs_idx: Environments.
        """
        equalities.set_active(self, active, which, envs_idx)

    def get_equalities_active(self, envs_idx: Any = None) -> torch.Tensor:
        """Which equalities hold, bool (envs, n_equalities)."""
        active = self.arena.get("eq_active")
        return select(envs_idx, self.n_envs, active.device).take(active)

    def add_weld_constraint(self, link1_idx: int, link2_idx: int, envs_idx: Any = None) -> None:
        """Welds two links as they are now relative to each other, until the weld is deleted.

        Its softness is MuJoCo's default. A reset takes back the welds that were made since.

        Args:
            link1_idx, link2_idx: Links among the scene's: `link.idx`.
            envs_idx: Environments.

        Raises:
            RuntimeError: The scene was built with RigidOptions(max_dynamic_constraints=0).
            ValueError: They are welded in one of the environments, or it has no room left.
        """
        equalities.add_weld(self, link1_idx, link2_idx, envs_idx)

    def delete_weld_constraint(self, link1_idx: int, link2_idx: int, envs_idx: Any = None) -> None:
        """Undoes a weld that `add_weld_constraint` made, in the environments that have it.

        Args:
            link1_idx, link2_idx: Links among the scene's, in either order.
            envs_idx: Environments.
        """
        equalities.delete_weld(self, link1_idx, link2_idx, envs_idx)

    def get_weld_constraints(self, envs_idx: Any = None) -> dict[str, torch.Tensor]:
        """The welds that `add_weld_constraint` made.

        Returns:
            "link_a" and "link_b", links among the scene's, each of shape (envs, n), with -1 where
            an environment has fewer welds than another.
        """
        return equalities.get_welds(self, envs_idx)

    def entity_parts(self) -> tuple[EntityPart, ...]:
        return entity_parts(self.compiled.entities, self.compiled.mj)

    def signature(self) -> tuple[tuple[str, str], ...]:
        own = tuple(pair for pair in self.compiled.signature if pair[0] not in _SETTINGS)
        return (*own, *self.sensors.signature(), *self.coupling.signature())

    def settings(self) -> tuple[tuple[str, str], ...]:
        return tuple(pair for pair in self.compiled.signature if pair[0] in _SETTINGS)

    @property
    def _still(self) -> bool:
        """Whether all bodies are fixed and no sensor reads them: a step changes nothing."""
        return self._sizes.dofs == 0 and not self._declared

    def step(self) -> None:
        if self._still:
            self._end_applied_forces()
            return
        if not self._sizes.coupled:
            rigid_step.step(self.model, self._sizes, self.fields, self._substeps)
            return
        for k in range(self._substeps):
            self.begin_coupling()
            self.substep(last=k == self._substeps - 1)

    def begin_coupling(self) -> None:
        """Begins a substep in which other matter may touch the bodies.

        It places the geoms, gives each body's velocity `cvel` and clears `coupling_inertia` and
        `coupling_momentum`. What touches is then added to these two, as rigid_coupling.py says;
        then come `substep` and `end_coupling`.
        """
        if self._sizes.coupled:
            rigid_coupling.begin_coupling(self.model, self._sizes, self.fields)

    def substep(self, last: bool) -> None:
        """Moves every environment forward by one substep.

        Args:
            last: Whether it is the last of a scene's step: sensors read, and forces that users put
                on links end.
        """
        if self._still:
            if last:
                self._end_applied_forces()
            return
        if self._sizes.coupled:
            rigid_coupling.gather_coupling(self.model, self._sizes, self.fields)
        rigid_step.step(self.model, self._sizes, self.fields, 1, last)

    def _end_applied_forces(self) -> None:
        """Forces that users put on links act in one step only, and on fixed ones not at all."""
        with self.arena.edit("links_applied_force") as (force,):
            force.zero_()

    def end_coupling(self) -> None:
        """Makes `cvel` the velocities to which the bodies came, at the places they came from."""
        if self._sizes.coupled and not self._still:
            rigid_coupling.end_coupling(self.model, self._sizes, self.fields)

    @property
    def counts(self) -> Sizes:
        """Sizes that kernels on `model` and `fields` see as compile-time constants."""
        return self._sizes

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

    def complaint(self) -> str | None:
        full = self.get_overflow_envs_mask()
        # An accelerator would have to be waited for.
        if full.device.type != "cpu" or not full.any():
            return None
        return (
            f"{full.sum()} of {self.n_envs} environments leave out contacts, for which there is no "
            f"room: build the scene with more than RigidOptions(max_contacts={self.max_contacts}, "
            f"max_collision_pairs={self.max_collision_pairs})."
        )

    @property
    def max_collision_pairs(self) -> int:
        """Room for pairs of geoms near each other, in each environment."""
        return self._sizes.near

    @property
    def max_contacts(self) -> int:
        """Room for points of contact, in each environment."""
        return self._sizes.contacts
