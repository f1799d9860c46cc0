"""Where a rigid entity is and how fast: its generalized coordinates, set and read."""

from __future__ import annotations

from typing import Any

import torch

from genesis_state import geom
from genesis_state.entities.inputs import Columns
from genesis_state.entities.rigid_access import RigidAccess
from genesis_state.selection import Selection
from genesis_state.solvers.rigid import readings


class EntityCoordinates(RigidAccess):
    """Setters and getters of coordinates and velocities.

    A coordinate of a hinge or slide is MuJoCo's: limits, PD targets and actuators speak of the
    same number. The `dofs_position` of a free joint is its position [m] and then its angles about
    x, y, z, turning with the body [rad]; that of a ball joint its angles. `qpos` has quaternions
    (w, x, y, z) in their place. The velocity of a free joint is that of its origin in world axes
    and its angular velocity in its own axes, which is also a ball joint's.

    Every setter brings the poses of links up to date and leaves other environments as they are.
    What the solver remembers of the last step stays; `scene.reset` is what clears it.
    """

    # ---------------------------------------------------------------- setters

    def set_qpos(
        self,
        qpos: Any,
        qs_idx_local: Any = None,
        envs_idx: Any = None,
        *,
        zero_velocity: bool = True,
        skip_forward: bool = False,
    ) -> None:
        """Sets generalized positions.

        Args:
            qpos: Shape (n,) or (envs, n) [m, rad, quaternions w x y z].
            qs_idx_local: Which; by default all.
            envs_idx: Environments.
            zero_velocity: Whether to stop all of the entity's dofs.
            skip_forward: Whether links stay where they were until the next step or setter.
        """
        columns = self._bound.columns["q"](qs_idx_local)
        selection = self._envs(envs_idx)
        values = self._values("set_qpos", qpos, selection, (len(columns.indices),))
        self._move(selection, [(columns, values)], zero_velocity, skip_forward)

    def set_dofs_position(
        self,
        position: Any,
        dofs_idx_local: Any = None,
        envs_idx: Any = None,
        *,
        zero_velocity: bool = True,
    ) -> None:
        """Sets positions of dofs; angles of a free or ball joint become a quaternion.

        Args:
            position: Shape (n,) or (envs, n) [m, rad]. Angles of a joint that are not named
                stay what `get_dofs_position` says.
            dofs_idx_local: Which; by default all.
            envs_idx: Environments.
            zero_velocity: Whether to stop all of the entity's dofs.
        """
        bound = self._bound
        columns = bound.columns["dof"](dofs_idx_local)
        selection = self._envs(envs_idx)
        values = self._values("set_dofs_position", position, selection, (len(columns.indices),))
        if bound.all_servo:
            # Hinges and slides alone: coordinates are numbered as dofs are.
            columns = bound.columns["q"](list(columns.indices) if not columns.whole else None)
            self._move(selection, [(columns, values)], zero_velocity, False)
        else:
            parts = self._as_coordinates(columns, values, selection)
            self._move(selection, parts, zero_velocity, False)

    def set_dofs_velocity(
        self,
        velocity: Any = None,
        dofs_idx_local: Any = None,
        envs_idx: Any = None,
        *,
        skip_forward: bool = False,
    ) -> None:
        """Sets velocities of dofs.

        Args:
            velocity: A number, shape (n,) or (envs, n) [m/s, rad/s]; by default zero.
            dofs_idx_local: Which; by default all.
            envs_idx: Environments.
            skip_forward: Taken for Genesis scripts; velocities of links are computed when read.
        """
        columns = self._bound.columns["dof"](dofs_idx_local)
        selection = self._envs(envs_idx)
        values = 0.0
        if velocity is not None:
            shape = (len(columns.indices),)
            values = self._values("set_dofs_velocity", velocity, selection, shape)
        self._write(selection, columns, {"dofs_vel": values})

    def zero_all_dofs_velocity(self, envs_idx: Any = None, *, skip_forward: bool = False) -> None:
        """Stops all of the entity's dofs."""
        self.set_dofs_velocity(None, None, envs_idx, skip_forward=skip_forward)

    def set_pos(
        self,
        pos: Any,
        envs_idx: Any = None,
        *,
        zero_velocity: bool = True,
        relative: bool = False,
        skip_forward: bool = False,
    ) -> None:
        """Puts the base link, which must be free, at a position.

        Args:
            pos: Shape (3,) or (envs, 3) [m].
            envs_idx: Environments.
            zero_velocity: Whether to stop all of the entity's dofs.
            relative: Whether `pos` is added to the position of the model as written.
            skip_forward: Whether links stay where they were until the next step or setter.
        """
        columns = self._base("set_pos", range(3))
        selection = self._envs(envs_idx)
        values = self._values("set_pos", pos, selection, (3,), number=False)
        if relative:
            values = values + self._qpos0(columns).to(values)
        self._move(selection, [(columns, values)], zero_velocity, skip_forward)

    def set_quat(
        self,
        quat: Any,
        envs_idx: Any = None,
        *,
        zero_velocity: bool = True,
        relative: bool = False,
        skip_forward: bool = False,
    ) -> None:
        """Turns the base link, which must be free, to an orientation.

        Args:
            quat: Shape (4,) or (envs, 4), w x y z.
            envs_idx: Environments.
            zero_velocity: Whether to stop all of the entity's dofs.
            relative: Whether `quat` turns the orientation of the model as written.
            skip_forward: Whether links stay where they were until the next step or setter.
        """
        columns = self._base("set_quat", range(3, 7))
        selection = self._envs(envs_idx)
        values = self._values("set_quat", quat, selection, (4,), number=False)
        if values.device.type == "cpu" and bool((values == 0).all(-1).any()):
            raise ValueError(f"{self.name}.set_quat: a quaternion of length 0, needs length 1.")
        if relative:
            values = geom.transform_quat_by_quat(self._qpos0(columns).to(values), values)
        self._move(selection, [(columns, values)], zero_velocity, skip_forward)

    # ---------------------------------------------------------------- getters

    def get_qpos(self, qs_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Generalized positions, shape (envs, n) [m, rad, quaternions w x y z]."""
        return self._read("qpos", "q", qs_idx_local, envs_idx)

    def get_dofs_position(self, dofs_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Positions of dofs, shape (envs, n) [m, rad]; see the class for free and ball joints."""
        bound = self._bound
        columns = bound.columns["dof"](dofs_idx_local)
        if bound.all_servo:
            return self.get_qpos(list(columns.indices), envs_idx)
        position = self._dofs_position(self._envs(envs_idx))
        return self._unbatched(position[:, list(columns.indices)])

    def get_dofs_velocity(self, dofs_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Velocities of dofs, shape (envs, n) [m/s, rad/s]."""
        return self._read("dofs_vel", "dof", dofs_idx_local, envs_idx)

    def get_dofs_limit(
        self, dofs_idx_local: Any = None, envs_idx: Any = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Lower and upper limits of the coordinates of hinges and slides, each of shape (n,).

        Infinite without a limit, and for free and ball joints [m, rad]. All environments share
        them.
        """
        bound = self._bound
        columns = bound.columns["dof"](dofs_idx_local)
        self._envs(envs_idx)
        mj, joints = bound.solver.compiled.mj, bound.part.places["joint"]
        lower, upper = [], []
        for i in columns.indices:
            joint = joints[bound.dof_joint[i]]
            limited = bound.servo[i] and mj.jnt_limited[joint]
            low, high = mj.jnt_range[joint] if limited else (-float("inf"), float("inf"))
            lower.append(float(low))
            upper.append(float(high))
        runtime = self.scene._runtime
        return (
            torch.tensor(lower, dtype=runtime.tc_float, device=runtime.device),
            torch.tensor(upper, dtype=runtime.tc_float, device=runtime.device),
        )

    # ---------------------------------------------------------------- inside

    def _move(
        self,
        selection: Selection,
        parts: list[tuple[Columns, torch.Tensor]],
        zero_velocity: bool,
        skip_forward: bool,
    ) -> None:
        bound = self._bound
        for columns, values in parts:
            self._write(selection, columns, {"qpos": values})
        if zero_velocity:
            self._write(selection, bound.columns["dof"].all, {"dofs_vel": 0.0})
        if not skip_forward:
            readings.refresh_links(bound.solver, selection)

    def _base(self, call: str, coordinates: range) -> Columns:
        bound = self._bound
        if not bound.free_base:
            if bound.part.parent is not None:
                raise ValueError(
                    f"{self.name}.{call}: its base is attached to {bound.part.parent}; move that."
                )
            raise ValueError(
                f"{self.name}.{call}: its base is not free to move; give the morph a pose, or add "
                "the entity with a free joint."
            )
        return bound.columns["q"](coordinates)

    def _qpos0(self, columns: Columns) -> torch.Tensor:
        mj = self._bound.solver.compiled.mj
        own = self._bound.part.places["q"]
        return torch.tensor([float(mj.qpos0[own[q]]) for q in columns.indices])

    def _angles(self) -> list[tuple[int, int]]:
        """(first dof, first coordinate) of the three angles of each free and ball joint."""
        bound = self._bound
        starts = zip(bound.joint_types, bound.joint_dofs, bound.joint_qs, strict=True)
        return [
            (dof + shift, q + shift)
            for kind, dof, q in starts
            if kind in ("free", "ball")
            for shift in (3 if kind == "free" else 0,)
        ]

    def _dofs_position(self, selection: Selection) -> torch.Tensor:
        """Positions of all dofs, shape (envs, n_dofs)."""
        bound = self._bound
        qpos = selection.take(bound.solver.arena.block_of("qpos").get("qpos"))
        qpos = qpos[:, bound.columns["q"].all.key]
        position = torch.empty((len(qpos), len(bound.servo)), dtype=qpos.dtype, device=qpos.device)
        for kind, dof, q in zip(bound.joint_types, bound.joint_dofs, bound.joint_qs, strict=True):
            width = {"free": 3, "ball": 0}.get(kind, 1)
            position[:, dof : dof + width] = qpos[:, q : q + width]
        for dof, q in self._angles():
            position[:, dof : dof + 3] = geom.quat_to_xyz(qpos[:, q : q + 4])
        return position

    def _as_coordinates(
        self, columns: Columns, values: torch.Tensor, selection: Selection
    ) -> list[tuple[Columns, torch.Tensor]]:
        """Positions of dofs as coordinates: those copied as they are, and quaternions."""
        bound = self._bound
        q_of = bound.columns["q"]
        place = {dof: k for k, dof in enumerate(columns.indices)}
        parts = []
        plain = dict[int, int]()
        for kind, dof, q in zip(bound.joint_types, bound.joint_dofs, bound.joint_qs, strict=True):
            width = {"free": 3, "ball": 0}.get(kind, 1)
            plain |= {q + i: place[dof + i] for i in range(width) if dof + i in place}
        if plain:
            taken = values[..., list(plain.values())]
            parts.append((q_of(list(plain)), taken))
        for dof, q in self._angles():
            named = [i for i in range(3) if dof + i in place]
            if not named:
                continue
            given = values[..., [place[dof + i] for i in named]]
            if len(named) < 3:
                xyz = self._dofs_position(selection)[:, dof : dof + 3].clone()
                xyz[:, named] = given
            else:
                xyz = given
            parts.append((q_of(range(q, q + 4)), geom.xyz_to_quat(xyz)))
        return parts
