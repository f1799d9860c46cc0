"""The pose of an object as a camera gives it: noisy, now and then, late, and at times all wrong."""

from __future__ import annotations

from collections.abc import Callable

import torch

from genesis_state.randomization.distributions import stochastic_round
from genesis_state.tasks.adr_vec_task import ADRVecTask
from genesis_state.tasks.affine_noise import AffineNoise

REFRESH_RATE, DELAY = "cube_pose_refresh_rate", "cube_obs_delay_prob"


class CubeCamera:
    """Keeps the pose that was delivered last.

    Reads these parameters of the task's ADR, by the names that DeXtreme (Handa et al. 2022) gives
    them: `cube_pose_refresh_rate`, the number of steps from one picture to the next, rounded at
    random to a whole number when an episode begins; `cube_obs_delay_prob`, the chance that a step
    still gets the pose of the step before; and those of `AffineNoise` for `cube_pose`.

    Args:
        task: Whose ADR, random streams and steps are used.
        wrong: Chance that a picture gives some other pose.
        other_poses: Draws so many of these, shape (n, 7).

    Attributes:
        noise: Of the pose.
        rate: Steps from picture to picture, int64, shape (n_envs,).
        offset: When the pictures are taken, in steps below `rate`, int64, shape (n_envs,).
        refreshed: Pose in the last picture: position [m] and quaternion, shape (n_envs, 7).
        delivered: The pose that is known, likewise.
    """

    def __init__(
        self, task: ADRVecTask, wrong: float, other_poses: Callable[[int], torch.Tensor]
    ) -> None:
        self.task, self.wrong, self.other_poses = task, wrong, other_poses
        self.noise = AffineNoise(task, "cube_pose", 7)
        self.rate = torch.ones(task.num_envs, dtype=torch.int64, device=task.device)
        self.offset = torch.zeros_like(self.rate)
        self.refreshed = torch.zeros((task.num_envs, 7), device=task.device)
        self.delivered = torch.zeros_like(self.refreshed)

    def begin(self, envs: torch.Tensor, pose: torch.Tensor) -> None:
        """Draws rates and noise for new episodes, which begin with a picture.

        Args:
            envs: Which, int64.
            pose: The true pose in all environments, shape (n_envs, 7).
        """
        self.noise.begin(envs)
        rate = self.task.adr_values(REFRESH_RATE, 1.0, envs)
        self.rate[envs] = stochastic_round(rate, self.task.streams[REFRESH_RATE])
        part = self.task.draw(REFRESH_RATE, len(envs))
        self.offset[envs] = (part * self.rate[envs]).long()
        self.refreshed[envs] = self.delivered[envs] = self.noise(pose)[envs]

    def see(self, pose: torch.Tensor) -> None:
        """One step, with the true pose, shape (n_envs, 7)."""
        n_envs = self.task.num_envs
        pose = self.noise(pose)
        if self.wrong:
            mistaken = self.task.draw("wrong_cube_pose", n_envs) < self.wrong
            pose = torch.where(mistaken[:, None], self.other_poses(n_envs), pose)
        due = (self.task.steps + self.offset) % self.rate == 0
        self.refreshed.copy_(torch.where(due[:, None], pose, self.refreshed))
        delayed = self.task.draw(DELAY, n_envs) < self.task.adr_values(DELAY, 0.0)
        self.delivered.copy_(torch.where(delayed[:, None], self.delivered, self.refreshed))

    def tensors(self) -> dict[str, torch.Tensor]:
        """For the task's own."""
        return {
            **self.noise.tensors(),
            REFRESH_RATE: self.rate,
            "cube_pose_refresh_offset": self.offset,
            "cube_pose_refreshed": self.refreshed,
            "cube_pose_delivered": self.delivered,
        }
