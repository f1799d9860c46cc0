"""Bring a robot's hand to a point in space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from genesis_state.morphs import MJCF, Plane
from genesis_state.options import RigidOptions, SimOptions
from genesis_state.scene import Scene
from genesis_state.tasks.vec_task import VecTask

HOME = (0.0, -math.pi / 4, 0.0, -3 * math.pi / 4, 0.0, math.pi / 2, math.pi / 4)
"""Angles of the arm at the start of an episode, about which they are spread [rad]."""


@dataclass(frozen=True)
class FrankaReachSettings:
    """Settings of `FrankaReach`.

    Attributes:
        action_scale: How far the largest action moves a joint's target [rad].
        tolerance: Distance at which the target counts as reached [m].
        target_box: Between what points targets lie [m].
    """

    action_scale: float = 0.06
    tolerance: float = 0.03
    target_box: Sequence[Sequence[float]] = ((0.3, -0.35, 0.2), (0.6, 0.35, 0.6))


class FrankaReach(VecTask):
    """A Franka whose grip has to come to a target that is drawn for each episode.

    An action moves the arm's position targets by up to `action_scale` [rad] in a step. Observed
    are angles and velocities of the arm, the grip, the target and the way to it, and the last
    actions. Rewarded is 1 − tanh(5 d) of the distance d [m], and as much again within
    `tolerance` [m], less a little for large actions.

    Attributes:
        target: Where the grip should be, shape (n_envs, 3) [m].
        command: Position targets of the arm, shape (n_envs, 7) [rad].
        near: Steps of the episode with the grip within `tolerance` of the target, (n_envs,).
    """

    num_observations = 30
    num_actions = 7
    rigid_options = RigidOptions()
    settings_kind = FrankaReachSettings

    def make_scene(self) -> Scene:
        scene = Scene(sim_options=SimOptions(dt=0.01), rigid_options=self.rigid_options)
        scene.add_entity(Plane(), name="plane")
        self.robot: Any = scene.add_entity(MJCF(file="franka.xml"), name="robot")
        return scene

    def prepare(self) -> None:
        super().prepare()
        device = self.device
        lower, upper = self.own.target_box
        self.box_lower, self.box_upper = (
            torch.tensor(lower, device=device),
            torch.tensor(upper, device=device),
        )
        self.arm = list(range(7))
        self.home = torch.tensor(HOME, device=device)
        self.angle_lower, self.angle_upper = self.robot.get_dofs_limit(self.arm)
        self.target = torch.zeros((self.num_envs, 3), device=device)
        self.command = self.home.repeat(self.num_envs, 1)
        self.near = torch.zeros(self.num_envs, device=device)
        self.grip = self.robot.get_site("grip")

    def apply_actions(self, actions: torch.Tensor) -> None:
        self.move(self.command + self.own.action_scale * actions)

    def move(self, command: torch.Tensor) -> None:
        """Sets the position targets of the arm, shape (n_envs, 7) [rad]."""
        self.command.copy_(command.clamp(self.angle_lower, self.angle_upper))
        self.robot.control_dofs_position(self.command, self.arm)

    def angles(self) -> torch.Tensor:
        """Angles of the arm, shape (n_envs, 7) [rad]."""
        return self.robot.get_dofs_position(self.arm)

    def observe(self) -> torch.Tensor:
        return self.seen(self.angles())

    def seen(self, angles: torch.Tensor) -> torch.Tensor:
        """Observations with these angles of the arm, shape (n_envs, 30)."""
        velocities, grip = self.robot.get_dofs_velocity(self.arm), self.grip.get_pos()
        way = self.target - grip
        parts = [angles - self.home, 0.1 * velocities, grip, self.target, way, self.actions]
        return torch.cat(parts, dim=1)

    def reward(self) -> tuple[torch.Tensor, torch.Tensor]:
        distance = self.distance()
        within = (distance < self.own.tolerance).float()
        self.near += within
        rewards = 1.0 - torch.tanh(5.0 * distance) + within
        rewards -= 0.01 * self.actions.square().sum(dim=1)
        return rewards, torch.zeros_like(within, dtype=torch.bool)

    def distance(self) -> torch.Tensor:
        """From the grip to the target, shape (n_envs,) [m]."""
        return (self.grip.get_pos() - self.target).norm(dim=1)

    def objective(self) -> torch.Tensor:
        return self.near

    def episode_statistics(self, envs: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"distance": self.distance()[envs], "near": self.near[envs]}

    def begin(self, envs: torch.Tensor) -> None:
        drawn = self.draw("begin", len(envs), 10)
        spread = self.box_upper - self.box_lower
        self.target[envs] = self.box_lower + spread * drawn[:, :3]
        angles = self.home + 0.4 * (drawn[:, 3:] - 0.5)
        self.command[envs] = angles
        self.near[envs] = 0.0
        self.robot.set_dofs_position(angles, self.arm, envs_idx=envs)
        self.robot.control_dofs_position(angles, self.arm, envs_idx=envs)

    def task_tensors(self) -> dict[str, torch.Tensor]:
        return {"target": self.target, "command": self.command, "near": self.near}
