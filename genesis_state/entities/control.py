"""How a rigid entity is driven: MuJoCo actuators, PD control of dofs, and its gains."""

from __future__ import annotations

from typing import Any

import torch

from genesis_state.entities.rigid_access import RigidAccess
from genesis_state.solvers.rigid import readings
from genesis_state.solvers.rigid.schema import UNLIMITED

INF = float("inf")


class EntityControl(RigidAccess):
    """Commands. They persist until they are changed.

    A dof is driven either by the model's actuators, which is how every dof begins, or by PD
    control: the first `control_dofs_…` call takes it over, and it takes no input from its
    actuators until `release_dofs`.
    """

    def control_actuators(
        self, ctrl: Any, actuators_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Sets the controls of MuJoCo actuators; their ranges clip them in the step.

        Args:
            ctrl: A number, shape (n,) or (envs, n), in the units of each actuator.
            actuators_idx_local: Which; by default all.
            envs_idx: Environments.
        """
        bound = self._bound
        columns = bound.columns["actuator"](actuators_idx_local)
        selection = self._envs(envs_idx)
        values = self._values("control_actuators", ctrl, selection, (len(columns.indices),))
        self._write(selection, columns, {"ctrl": values})

    def control_dofs_position(
        self, position: Any, dofs_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Drives hinges and slides to a position, with kp (position - q) - kv v.

        Args:
            position: A number, shape (n,) or (envs, n) [m, rad].
            dofs_idx_local: Which dofs; by default all.
            envs_idx: Environments.
        """
        self._command(
            "control_dofs_position",
            readings.POSITION,
            {"control_pos": position, "control_vel": None},
            dofs_idx_local,
            envs_idx,
        )

    def control_dofs_velocity(
        self, velocity: Any, dofs_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Drives hinges and slides at a velocity, with kv (velocity - v).

        Args:
            velocity: A number, shape (n,) or (envs, n) [m/s, rad/s].
            dofs_idx_local: Which dofs; by default all.
            envs_idx: Environments.
        """
        self._command(
            "control_dofs_velocity",
            readings.VELOCITY,
            {"control_vel": velocity},
            dofs_idx_local,
            envs_idx,
        )

    def control_dofs_position_velocity(
        self, position: Any, velocity: Any, dofs_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Drives hinges and slides along a path, with kp (position - q) + kv (velocity - v).

        Args:
            position: A number, shape (n,) or (envs, n) [m, rad].
            velocity: Likewise [m/s, rad/s].
            dofs_idx_local: Which dofs; by default all.
            envs_idx: Environments.
        """
        self._command(
            "control_dofs_position_velocity",
            readings.POSITION,
            {"control_pos": position, "control_vel": velocity},
            dofs_idx_local,
            envs_idx,
        )

    def control_dofs_force(
        self, force: Any, dofs_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Puts a force on dofs, those of free and ball joints too; the force range clips it.

        Args:
            force: A number, shape (n,) or (envs, n) [N, N m].
            dofs_idx_local: Which dofs; by default all.
            envs_idx: Environments.
        """
        self._command(
            "control_dofs_force",
            readings.FORCE,
            {"control_force": force},
            dofs_idx_local,
            envs_idx,
        )

    def release_dofs(self, dofs_idx_local: Any = None, envs_idx: Any = None) -> None:
        """Hands dofs back from PD control to the model's actuators."""
        columns = self._bound.columns["dof"](dofs_idx_local)
        self._write(self._envs(envs_idx), columns, {"control_mode": readings.NO_CONTROL})

    def _command(
        self, call: str, mode: int, targets: dict[str, Any], dofs_idx_local: Any, envs_idx: Any
    ) -> None:
        bound = self._bound
        columns = bound.columns["dof"](dofs_idx_local)
        if mode != readings.FORCE and not bound.all_servo:
            self._require_servo(call, columns.indices, ", or use control_dofs_force")
        selection = self._envs(envs_idx)
        shape = (len(columns.indices),)
        several = sum(value is not None for value in targets.values()) > 1
        values: dict[str, torch.Tensor | float] = {"control_mode": mode}
        for name, value in targets.items():
            if name == "control_vel" and mode == readings.POSITION and value is None:
                values[name] = 0.0
                continue
            argument = {"control_pos": " position", "control_vel": " velocity"}
            label = call + argument[name] if several else call
            values[name] = self._values(label, value, selection, shape)
        self._write(selection, columns, values)

    # ---------------------------------------------------------------- gains

    def set_dofs_kp(self, kp: Any, dofs_idx_local: Any = None, envs_idx: Any = None) -> None:
        """Sets position gains, a number, shape (n,) or (envs, n) [N/m, N m/rad]."""
        self._set_gain("set_dofs_kp", "dofs_kp", kp, dofs_idx_local, envs_idx)

    def set_dofs_kv(self, kv: Any, dofs_idx_local: Any = None, envs_idx: Any = None) -> None:
        """Sets velocity gains, a number, shape (n,) or (envs, n) [N s/m, N m s/rad]."""
        self._set_gain("set_dofs_kv", "dofs_kv", kv, dofs_idx_local, envs_idx)

    def set_dofs_force_range(
        self, lower: Any, upper: Any, dofs_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Sets the range that clips the force of PD control; infinity is no limit.

        Args:
            lower, upper: A number, shape (n,) or (envs, n) [N, N m].
            dofs_idx_local: Which dofs; by default all.
            envs_idx: Environments.
        """
        columns = self._bound.columns["dof"](dofs_idx_local)
        selection = self._envs(envs_idx)
        call, shape = "set_dofs_force_range", (len(columns.indices),)
        low = self._values(f"{call} lower", lower, selection, shape, finite=False)
        high = self._values(f"{call} upper", upper, selection, shape, finite=False)
        if low.device.type == "cpu" and bool((low > high).any()):
            raise ValueError(f"{self.name}.{call}: lower is above upper; swap them.")
        self._write(
            selection,
            columns,
            {
                "dofs_force_lower": low.clamp(-UNLIMITED, UNLIMITED),
                "dofs_force_upper": high.clamp(-UNLIMITED, UNLIMITED),
            },
        )

    def get_dofs_kp(self, dofs_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Position gains, shape (envs, n) [N/m, N m/rad]."""
        return self._read("dofs_kp", "dof", dofs_idx_local, envs_idx)

    def get_dofs_kv(self, dofs_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Velocity gains, shape (envs, n) [N s/m, N m s/rad]."""
        return self._read("dofs_kv", "dof", dofs_idx_local, envs_idx)

    def get_dofs_force_range(
        self, dofs_idx_local: Any = None, envs_idx: Any = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Least and largest force of PD control, each of shape (envs, n) [N, N m]."""
        low = self._read("dofs_force_lower", "dof", dofs_idx_local, envs_idx)
        high = self._read("dofs_force_upper", "dof", dofs_idx_local, envs_idx)
        return (
            low.masked_fill_(low <= -UNLIMITED, -INF),
            high.masked_fill_(high >= UNLIMITED, INF),
        )

    def _set_gain(
        self, call: str, name: str, gain: Any, dofs_idx_local: Any, envs_idx: Any
    ) -> None:
        columns = self._bound.columns["dof"](dofs_idx_local)
        selection = self._envs(envs_idx)
        values = self._values(call, gain, selection, (len(columns.indices),))
        self._write(selection, columns, {name: values})

    # ---------------------------------------------------------------- forces

    def get_dofs_control_force(
        self, dofs_idx_local: Any = None, envs_idx: Any = None
    ) -> torch.Tensor:
        """Force of actuators and PD control that the next step begins with, shape (envs, n).

        It follows from the present state and commands, and for adhesion from the contacts of the
        last step [N, N m].
        """
        bound = self._bound
        columns = bound.columns["dof"](dofs_idx_local)
        selection = self._envs(envs_idx)
        return self._taken(readings.control_force(bound.solver), selection, columns.key)

    def get_dofs_force(self, dofs_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Net force on each dof in the last step, shape (envs, n) [N, N m]."""
        return self._read("dofs_force", "dof", dofs_idx_local, envs_idx)
