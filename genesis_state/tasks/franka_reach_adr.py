"""Bring a robot's hand to a point in space, with a robot that is never quite the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from genesis_state.options import RigidOptions
from genesis_state.randomization import Target
from genesis_state.tasks.action_latency import ActionLatency
from genesis_state.tasks.adr_vec_task import ADRVecTask
from genesis_state.tasks.affine_noise import AffineNoise
from genesis_state.tasks.franka_reach import FrankaReach, FrankaReachSettings
from genesis_state.tasks.moving_average import MovingAverage
from genesis_state.tasks.targets import gravity_target, rigid_targets

OBSERVED_BY_CRITIC = ("stiffness", "damping", "friction", "mass")


@dataclass(frozen=True)
class FrankaReachADRSettings(FrankaReachSettings):
    """Settings of `FrankaReachADR`, beside those of `FrankaReach` and `ADRVecTask`.

    Attributes:
        act_moving_average: How fast joints follow actions, see `MovingAverage`.
    """

    act_moving_average: MovingAverage = field(
        default_factory=lambda: MovingAverage((0.6, 1.0), 100_000, 500)
    )


class FrankaReachADR(FrankaReach, ADRVecTask):
    """`FrankaReach` with gains, masses, joint and contact friction that differ in each episode.

    Actions arrive late (`action_latency`, `action_delay_prob`), are distorted (`affine_action_…`),
    and pass through a moving average; angles are observed with errors (`affine_dof_pos_…`). The
    names in brackets are parameters of the ADR. The objective is the number of steps near the
    target. A critic sees, beside what is observed, what it was distorted by.

    Attributes:
        act_moving_average: Share of the newest command, shape ().
        robot_random_params: Each environment's mean ratio to the original value of what
            OBSERVED_BY_CRITIC names, shape (n_envs, 4).
    """

    settings_kind = FrankaReachADRSettings
    own: FrankaReachADRSettings
    num_states = 30 + len(OBSERVED_BY_CRITIC) + 2 + 28
    rigid_options = RigidOptions(
        batch_links_info=True, batch_dofs_info=True, batch_geoms_info=True, batch_gravity=True
    )

    def prepare(self) -> None:
        super().prepare()
        start = self.own.act_moving_average.at(0)
        self.act_moving_average = torch.tensor(start, device=self.device)
        self.latency = ActionLatency(self)
        self.action_noise = AffineNoise(self, "action", self.num_actions)
        self.angle_noise = AffineNoise(self, "dof_pos", 7)
        self.robot_random_params = torch.ones(
            (self.num_envs, len(OBSERVED_BY_CRITIC)), device=self.device
        )
        self._originals = self._properties(torch.zeros(1, dtype=torch.int64, device=self.device))

    def targets(self) -> Mapping[str, Target]:
        return rigid_targets("robot", self.robot) | gravity_target(self.scene.rigid_solver)

    def apply_actions(self, actions: torch.Tensor) -> None:
        schedule = self.own.act_moving_average
        if self.steps % schedule.schedule_freq == 0:
            self.act_moving_average.fill_(schedule.at(self.steps))
        arrived = self.action_noise(self.latency.late(actions))
        self.move(self.command + self.act_moving_average * self.own.action_scale * arrived)

    def observe(self) -> torch.Tensor:
        return self.seen(self.angle_noise(self.angles()))

    def observe_states(self) -> torch.Tensor:
        delays = torch.stack(
            [self.adr_values("action_delay_prob", 0.0), self.latency.latency.float()], dim=1
        )
        affine = [*self.action_noise.tensors().values(), *self.angle_noise.tensors().values()]
        exact = self.seen(self.angles())
        return torch.cat([exact, self.robot_random_params, delays, *affine], dim=1)

    def begin(self, envs: torch.Tensor) -> None:
        super().begin(envs)
        self.latency.begin(envs)
        self.action_noise.begin(envs)
        self.angle_noise.begin(envs)
        self.robot_random_params[envs] = self._properties(envs) / self._originals

    def task_tensors(self) -> dict[str, torch.Tensor]:
        return {
            **super().task_tensors(),
            **self.latency.tensors(),
            **self.action_noise.tensors(),
            **self.angle_noise.tensors(),
            "act_moving_average": self.act_moving_average,
            "robot_random_params": self.robot_random_params,
        }

    def _properties(self, envs: torch.Tensor) -> torch.Tensor:
        """Means of what OBSERVED_BY_CRITIC names, in some environments."""
        robot = self.robot
        parts = (
            robot.get_dofs_kp(self.arm, envs),
            robot.get_dofs_kv(self.arm, envs),
            robot.get_geoms_friction(None, envs),
            robot.get_links_inertial_mass(None, envs),
        )
        return torch.stack([part.mean(dim=1) for part in parts], dim=1)
