"""What `AllegroHandADR` can be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from genesis_state.tasks.moving_average import MovingAverage


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
