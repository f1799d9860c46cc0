"""Balance a pole on a cart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from genesis_state.morphs import MJCF
from genesis_state.options import SimOptions
from genesis_state.scene import Scene
from genesis_state.tasks.vec_task import VecTask


@dataclass(frozen=True)
class CartpoleSettings:
    """Settings of `Cartpole`.

    Attributes:
        max_push: Force of the largest action [N].
        reset_distance: Of the cart from the middle, at which an episode ends [m].
        reset_angle: Of the pole from upright, at which it ends [rad].
    """

    max_push: float = 10.0
    reset_distance: float = 2.4
    reset_angle: float = 0.5 * math.pi


class Cartpole(VecTask):
    """A cart on a rail, pushed so that its pole stays upright (Barto, Sutton and Anderson 1983).

    Observed are position and velocity of the cart, angle and angular velocity of the pole. Each
    step upright is worth 1; an episode ends when the cart is `reset_distance` [m] from the middle
    or the pole lies on its side.
    """

    settings_kind = CartpoleSettings
    num_observations = 4
    num_actions = 1

    def make_scene(self) -> Scene:
        scene = Scene(sim_options=SimOptions(dt=1.0 / 60.0, substeps=2))
        self.robot: Any = scene.add_entity(MJCF(file="cartpole.xml"), name="cartpole")
        return scene

    def apply_actions(self, actions: torch.Tensor) -> None:
        self.robot.control_dofs_force(actions * self.own.max_push, [0])

    def observe(self) -> torch.Tensor:
        q, v = self.robot.get_dofs_position(), self.robot.get_dofs_velocity()
        return torch.stack([q[:, 0], v[:, 0], q[:, 1], v[:, 1]], dim=1)

    def reward(self) -> tuple[torch.Tensor, torch.Tensor]:
        q = self.robot.get_dofs_position()
        failed = (q[:, 0].abs() > self.own.reset_distance) | (q[:, 1].abs() > self.own.reset_angle)
        return 1.0 - q[:, 1].square() - 3.0 * failed.float(), failed

    def begin(self, envs: torch.Tensor) -> None:
        drawn = self.draw("begin", 2, len(envs), 2) - 0.5
        self.robot.set_dofs_position(0.2 * drawn[0], envs_idx=envs)
        self.robot.set_dofs_velocity(0.5 * drawn[1], envs_idx=envs)
