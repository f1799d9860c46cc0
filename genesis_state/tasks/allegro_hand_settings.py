"""What `AllegroHandADR` can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

# Read by ADRVecTask.
RANDOMIZATION = ("randomize", "randomization_params", "adr")


@dataclass(frozen=True)
class MovingAverage:
    """How fast the targets of joints follow actions: share of the new one in each step.

    Attributes:
        range: The share at the end of training, and at its start.
        schedule_steps: Steps of the task from the start to the end.
        schedule_freq: Steps after which the share is brought up to date.
    """

    range: tuple[float, float] = (0.15, 0.2)
    schedule_steps: int = 500_000
    schedule_freq: int = 250

    def at(self, step: int) -> float:
        """The share at a step of the task."""
        last, first = self.range
        return first + (last - first) * min(step, self.schedule_steps) / self.schedule_steps


@dataclass(frozen=True)
class AllegroHandSettings:
    """Settings of `AllegroHandADR`.

    Attributes:
        act_moving_average: How fast joints follow actions, see `MovingAverage`.
        success_tolerance: Angle to the goal at which it is reached [rad].
        fall_distance: Of the cube from where it began, at which it has fallen [m].
        reset_position_noise: Most that a cube begins off its place along each axis [m].
        reset_dof_pos_noise: How far joints begin off the home pose, as a share of what their
            ranges leave.
        wrong_cube_pose_prob: Chance that the camera gives some other pose.
        rna_steps: Steps after which the adversary's network is drawn anew.
        dist_reward_scale: Reward for each metre of the cube from its place.
        rot_reward_scale, rot_eps: Reward s / (angle to the goal + eps), eps in rad.
        action_penalty_scale: Reward for the sum of squared actions.
        reach_goal_bonus: Reward of a goal reached.
        fall_penalty: Reward of a fall.
        success_average: Share of the newest episodes in `consecutive_successes`.
    """

    act_moving_average: MovingAverage = field(default_factory=MovingAverage)
    success_tolerance: float = 0.1
    fall_distance: float = 0.24
    reset_position_noise: float = 0.01
    reset_dof_pos_noise: float = 0.2
    wrong_cube_pose_prob: float = 0.0
    rna_steps: int = 1000
    dist_reward_scale: float = -10.0
    rot_reward_scale: float = 1.0
    rot_eps: float = 0.1
    action_penalty_scale: float = -0.0002
    reach_goal_bonus: float = 250.0
    fall_penalty: float = 0.0
    success_average: float = 0.1

    @classmethod
    def of(cls, own: Mapping[str, Any]) -> AllegroHandSettings:
        """Settings out of a config.

        Raises:
            ValueError: A name that is no setting.
        """
        given = {key: own[key] for key in own if key not in RANDOMIZATION}
        _check("AllegroHandADR", given, cls)
        if "act_moving_average" in given:
            average = given["act_moving_average"]
            _check("AllegroHandADR.act_moving_average", average, MovingAverage)
            given["act_moving_average"] = MovingAverage(**average)
        return cls(**given)


def _check(path: str, given: Mapping[str, Any], kind: type) -> None:
    known = [f.name for f in fields(kind)]
    if lost := sorted(set(given) - set(known)):
        raise ValueError(f"{path}: no setting {lost[0]!r}; known are {', '.join(known)}.")
