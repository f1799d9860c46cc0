"""A four-legged robot that walks to a commanded velocity."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch

from genesis_state.geom import inv_transform_by_quat
from genesis_state.morphs import MJCF, Plane
from genesis_state.options import SimOptions
from genesis_state.scene import Scene
from genesis_state.tasks.vec_task import VecTask

LEGS = list(range(6, 18))  # dofs of the joints: after the six of the free base
# What observations are multiplied with, so that each is of the order of 1.
LIN_VEL_SCALE, ANG_VEL_SCALE, JOINTS_VEL_SCALE = 2.0, 0.25, 0.05


class Motion(NamedTuple):
    """How the robots move; vectors are in the axes of the base.

    Attributes:
        height: Of the base, shape (n_envs,) [m].
        gravity: Direction of gravity, a unit vector of shape (n_envs, 3).
        lin_vel: Velocity of the base, shape (n_envs, 3) [m/s].
        ang_vel: Its angular velocity, shape (n_envs, 3) [rad/s].
        joints: Joint positions less those of the home pose, shape (n_envs, 12) [rad].
        joints_vel: Joint velocities, shape (n_envs, 12) [rad/s].
    """

    height: torch.Tensor
    gravity: torch.Tensor
    lin_vel: torch.Tensor
    ang_vel: torch.Tensor
    joints: torch.Tensor
    joints_vel: torch.Tensor


class Term(NamedTuple):
    """A term of the reward: its weight per second unless the config has another, and its value."""

    scale: float
    value: Callable[[Quadruped, Motion], torch.Tensor]


def tracking_lin_vel(task: Quadruped, motion: Motion) -> torch.Tensor:
    error = (task.commands[:, :2] - motion.lin_vel[:, :2]).square().sum(1)
    return torch.exp(-error / task.own.tracking_sigma)


def tracking_ang_vel(task: Quadruped, motion: Motion) -> torch.Tensor:
    error = (task.commands[:, 2] - motion.ang_vel[:, 2]).square()
    return torch.exp(-error / task.own.tracking_sigma)


# The terms of Rudin et al. 2022, "Learning to Walk in Minutes", and of Genesis' Go2 example.
TERMS: Mapping[str, Term] = {
    "tracking_lin_vel": Term(1.0, tracking_lin_vel),
    "tracking_ang_vel": Term(0.5, tracking_ang_vel),
    "lin_vel_z": Term(-1.0, lambda task, motion: motion.lin_vel[:, 2].square()),
    "ang_vel_xy": Term(-0.05, lambda task, motion: motion.ang_vel[:, :2].square().sum(1)),
    "orientation": Term(-1.0, lambda task, motion: motion.gravity[:, :2].square().sum(1)),
    "action_rate": Term(
        -0.01, lambda task, motion: (task.actions - task.last_actions).square().sum(1)
    ),
    "similar_to_default": Term(-0.1, lambda task, motion: motion.joints.abs().sum(1)),
    "base_height": Term(
        -30.0, lambda task, motion: (motion.height - task.own.base_height_target).square()
    ),
}


@dataclass(frozen=True)
class QuadrupedSettings:
    """Settings of `Quadruped`.

    Attributes:
        action_scale: Offset from the home pose that an action of 1 asks for [rad].
        command_ranges: Least and most of the commanded `lin_vel_x` and `lin_vel_y` [m/s] and
            `ang_vel` [rad/s].
        command_interval: Steps after which an episode gets other commands.
        joint_noise: Most that joints are off the home pose when an episode begins [rad].
        max_tilt: Angle of the base to the upright at which an episode ends [rad].
        min_height: Height of the base at which it ends [m].
        tracking_sigma: Squared error that the tracking terms are worth 1/e at [m²/s², rad²/s²].
        base_height_target: Height of the base that is worth most [m].
        reward_scales: Weights of the reward's terms, per second; `TERMS` has the names.
    """

    action_scale: float = 0.25
    command_ranges: Mapping[str, Sequence[float]] = field(
        default_factory=lambda: {
            "lin_vel_x": [-1.0, 1.0],
            "lin_vel_y": [-0.5, 0.5],
            "ang_vel": [-1.0, 1.0],
        }
    )
    command_interval: int = 250
    joint_noise: float = 0.1
    max_tilt: float = 1.0
    min_height: float = 0.12
    tracking_sigma: float = 0.25
    base_height_target: float = 0.28
    reward_scales: Mapping[str, float] = field(
        default_factory=lambda: {name: term.scale for name, term in TERMS.items()}
    )

    def __post_init__(self) -> None:
        if self.command_interval < 1:
            raise ValueError(
                f"Quadruped.command_interval: {self.command_interval}, needs 1 step or more."
            )


class Quadruped(VecTask):
    """A robot of 12 kg that walks to a commanded velocity (Rudin et al. 2022), 50 steps a second.

    Actions are offsets from the home pose for twelve joints, which the servos drive to. Observed
    are, each scaled: angular velocity of the base, direction of gravity, commands, joint positions
    less home, joint velocities, and the last actions. The base's own velocity is not.

    `infos["episode"]` has for each term of the reward, as `rew_<name>`, its sum over the episode.
    """

    settings_kind = QuadrupedSettings
    own: QuadrupedSettings
    num_observations = 45
    num_actions = 12

    def make_scene(self) -> Scene:
        # Steps of 10 ms: contacts of MuJoCo's default time constant (20 ms) need no finer ones.
        scene = Scene(sim_options=SimOptions(dt=0.02, substeps=2))
        scene.add_entity(Plane())
        self.robot: Any = scene.add_entity(MJCF(file="quadruped.xml"), name="quadruped")
        return scene

    def prepare(self) -> None:
        super().prepare()

        def tensor(values: Any) -> torch.Tensor:
            return torch.tensor(values, dtype=torch.float32, device=self.device)

        home = self.scene.rigid_solver.mj_model.key("quadruped/home").qpos
        self.home_qpos = tensor(home.tolist())
        self.home = self.home_qpos[7:]
        self.command_range = tensor(list(self.own.command_ranges.values()))
        self.command_scale = tensor([LIN_VEL_SCALE, LIN_VEL_SCALE, ANG_VEL_SCALE])
        seconds = self.scene.dt * self.settings.control_frequency_inv
        self.reward_scales = seconds * tensor([self.own.reward_scales[name] for name in TERMS])
        self.down = tensor([0.0, 0.0, -1.0]).expand(self.num_envs, 3)
        self.commands = torch.zeros((self.num_envs, 3), device=self.device)
        self.last_actions = torch.zeros_like(self.actions)
        self.reward_sums = torch.zeros((self.num_envs, len(TERMS)), device=self.device)

    def task_tensors(self) -> dict[str, torch.Tensor]:
        names = ("commands", "last_actions", "reward_sums")
        return {name: getattr(self, name) for name in names}

    def apply_actions(self, actions: torch.Tensor) -> None:
        self.robot.control_dofs_position(self.home + self.own.action_scale * actions, LEGS)

    def motion(self) -> Motion:
        """How the robots move now."""
        qpos, vel = self.robot.get_qpos(), self.robot.get_dofs_velocity()
        quat = qpos[:, 3:7]
        return Motion(
            height=qpos[:, 2],
            gravity=inv_transform_by_quat(self.down, quat),
            lin_vel=inv_transform_by_quat(vel[:, :3], quat),
            ang_vel=vel[:, 3:6],
            joints=qpos[:, 7:] - self.home,
            joints_vel=vel[:, 6:],
        )

    def observe(self) -> torch.Tensor:
        motion = self.motion()
        return torch.cat(
            [
                motion.ang_vel * ANG_VEL_SCALE,
                motion.gravity,
                self.commands * self.command_scale,
                motion.joints,
                motion.joints_vel * JOINTS_VEL_SCALE,
                self.actions,
            ],
            dim=1,
        )

    def reward(self) -> tuple[torch.Tensor, torch.Tensor]:
        motion = self.motion()
        terms = torch.stack([term.value(self, motion) for term in TERMS.values()], dim=1)
        terms *= self.reward_scales
        self.reward_sums += terms
        self.last_actions.copy_(self.actions)
        # Only now: the reward is for the commands that the policy saw.
        steps = self.episodes.lengths + 1
        self.draw_commands((steps % self.own.command_interval == 0).nonzero()[:, 0])
        tilted = -motion.gravity[:, 2] < math.cos(self.own.max_tilt)
        return terms.sum(1), tilted | (motion.height < self.own.min_height)

    def begin(self, envs: torch.Tensor) -> None:
        qpos = self.home_qpos.repeat(len(envs), 1)
        qpos[:, 7:] += self.own.joint_noise * (2 * self.draw("begin", len(envs), 12) - 1)
        self.robot.set_qpos(qpos, envs_idx=envs)
        self.draw_commands(envs)
        self.last_actions[envs] = 0.0
        self.reward_sums[envs] = 0.0

    def draw_commands(self, envs: torch.Tensor) -> None:
        """Commands some environments to go at other velocities."""
        low, high = self.command_range[:, 0], self.command_range[:, 1]
        self.commands[envs] = low + (high - low) * self.draw("commands", len(envs), 3)

    def episode_statistics(self, envs: torch.Tensor) -> dict[str, torch.Tensor]:
        sums = self.reward_sums[envs]
        return {f"rew_{name}": sums[:, k] for k, name in enumerate(TERMS)}
