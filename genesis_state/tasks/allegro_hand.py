"""A hand that turns a cube in its palm."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from genesis_state import materials
from genesis_state.geom import inv_quat, transform_quat_by_quat
from genesis_state.morphs import MJCF, Box
from genesis_state.options import RigidOptions, SimOptions
from genesis_state.randomization import Target
from genesis_state.scene import Scene
from genesis_state.tasks.action_latency import DELAY, LATENCY, ActionLatency
from genesis_state.tasks.adr_vec_task import ADRVecTask
from genesis_state.tasks.affine_noise import AffineNoise
from genesis_state.tasks.allegro_hand_settings import AllegroHandSettings
from genesis_state.tasks.cube_camera import DELAY as CAMERA_DELAY
from genesis_state.tasks.cube_camera import REFRESH_RATE, CubeCamera
from genesis_state.tasks.random_network_adversary import ALPHA, RandomNetworkAdversary
from genesis_state.tasks.targets import Parameter, gravity_target, rigid_targets
from genesis_state.tasks.vec_task import StepResult

JOINTS = 16
HOME = (*(0.0, 0.6, 0.7, 0.5) * 3, 1.1, 0.4, 0.3, 0.4)  # curled around what lies on the palm [rad]
CUBE_EDGE, CUBE_DENSITY = 0.065, 290.0  # [m], [kg/m³]
CUBE_START = (-0.035, 0.0, 0.06)  # above the palm [m]
TIPS = ("index_tip", "middle_tip", "ring_tip", "thumb_tip")

BOTH_SEE = {"goal": 4, "goal_relative_rot": 4, "last_actions": JOINTS}
SEEN = {"dof_pos_randomized": JOINTS, "cube_pose_randomized": 7}
OF_CUBE = ("rigid_body_properties.mass", "rigid_shape_properties.friction")
OF_HAND = (
    *(f"dof_properties.{name}" for name in ("stiffness", "damping", "effort")),
    *("dof_properties.friction", "dof_properties.armature"),
    *OF_CUBE,
)
TRUE = {
    "dof_pos": JOINTS,
    "dof_vel": JOINTS,
    "dof_force": JOINTS,
    "cube_pose": 7,
    "cube_vel": 6,
    "fingertips": 3 * len(TIPS),
    "cube_random_params": len(OF_CUBE),
    "hand_random_params": len(OF_HAND),
    "gravity": 3,
    "stochastic_delay_params": 4,
    "affine_params": 4 * JOINTS + 14,
    "rna_alpha": 1,
}


class AllegroHandADR(ADRVecTask):
    """A hand with sixteen joints turns a cube to one orientation after another, in its palm.

    It is the task of Handa et al. 2022, "DeXtreme: Transfer of Agile In-hand Manipulation from
    Simulation to Reality". Actions are targets of the joints, from end to end of their ranges, and
    go through a moving average. A goal within `success_tolerance` is reached and replaced by
    another; the goals reached in an episode are the objective of the ADR. An episode ends when the
    cube falls. Settings are those of `AllegroHandSettings` and `ADRVecTask`.

    The policy sees joints, the cube as a camera gives it, the goal, the rotation from it, and its
    last actions (`SEEN`, `BOTH_SEE`); the critic also what is true (`TRUE`). The random params are
    the means of parameters as multiples of the original ones, by `OF_CUBE` and `OF_HAND`.

    Parameters of the ADR have DeXtreme's names. With a `range_path` it can be any of
    `actor_params.hand` and `actor_params.object` that `rigid_targets` lists; the others are
    `cube_obs_delay_prob`, `cube_pose_refresh_rate`, `action_delay_prob`, `action_latency`,
    `rna_alpha` and `affine_action_…`, `affine_cube_pose_…`, `affine_dof_pos_…`, each with
    `scaling`, `additive` and `white`. Of DeXtreme's 27 four are left out: contacts have no
    restitution here (`hand_restitution`, `object_restitution`), and all environments share the
    ranges of joints (`hand_lower`, `hand_upper`). Left out are also sizes, colours and pushes.

    Attributes:
        act_moving_average: Share of the new target in each step, shape ().
        targets_pos: Targets of the joints, shape (n_envs, 16) [rad].
        goals: Orientations to reach, shape (n_envs, 4).
        successes: Goals reached in the running episodes, shape (n_envs,).
        consecutive_successes: Moving average of those of episodes that ended, shape ().
        dof_pos_seen: Joints as the policy sees them, shape (n_envs, 16) [rad].
        cube_random_params: Shape (n_envs, 2).
        hand_random_params: Shape (n_envs, 7).
        latency, camera, action_noise, dof_pos_noise: What comes between the policy and the hand.
        adversary: Likewise, or None without `rna_alpha`.
    """

    settings_kind = AllegroHandSettings
    own: AllegroHandSettings
    num_observations = sum(SEEN.values()) + sum(BOTH_SEE.values())
    num_states = sum(TRUE.values()) + num_observations
    num_actions = JOINTS

    def make_scene(self) -> Scene:
        """A hand that stands fixed, palm up, and a cube."""
        options = RigidOptions(
            batch_links_info=True,
            batch_dofs_info=True,
            batch_geoms_info=True,
            batch_gravity=True,
        )
        scene = Scene(sim_options=SimOptions(dt=1.0 / 120.0), rigid_options=options)
        self.hand: Any = scene.add_entity(MJCF(file="allegro_hand.xml"), name="hand")
        cube = Box(size=(CUBE_EDGE,) * 3, pos=CUBE_START)
        rubber = materials.Rigid(rho=CUBE_DENSITY, friction=1.0)
        self.cube: Any = scene.add_entity(cube, material=rubber, name="cube")
        return scene

    def prepare(self) -> None:
        # What may be randomized, by path, with what is written in the models as the original.
        self.parameters: dict[str, Parameter] = {
            **rigid_targets("hand", self.hand),
            **rigid_targets("object", self.cube),
            **gravity_target(self.scene.rigid_solver),
        }
        super().prepare()
        n, device = self.num_envs, self.device
        self.lower, self.upper = self.hand.get_dofs_limit()
        self.home = torch.tensor(HOME, device=device)
        self.start = torch.tensor(CUBE_START, device=device)
        self.tips = [self.hand.get_site(tip).idx_local for tip in TIPS]
        self.act_moving_average = torch.tensor(self.own.act_moving_average.at(0), device=device)
        self.targets_pos = self.home.repeat(n, 1)
        self.goals = torch.zeros((n, 4), device=device)
        self.goals[:, 0] = 1.0
        self.successes = torch.zeros(n, device=device)
        self.consecutive_successes = torch.zeros((), device=device)
        self.dof_pos_seen = self.home.repeat(n, 1)
        self.cube_random_params = torch.ones((n, len(OF_CUBE)), device=device)
        self.hand_random_params = torch.ones((n, len(OF_HAND)), device=device)
        self.latency = ActionLatency(self)
        self.action_noise = AffineNoise(self, "action", JOINTS)
        self.dof_pos_noise = AffineNoise(self, "dof_pos", JOINTS)
        elsewhere = partial(self._poses, "wrong_cube_pose")
        self.camera = CubeCamera(self, self.own.wrong_cube_pose_prob, elsewhere)
        self.adversary = None
        if self.adr is not None and ALPHA in self.adr.names:
            self.adversary = RandomNetworkAdversary(self, JOINTS + 7, self.own.rna_steps)

    def targets(self) -> Mapping[str, Target]:
        """Of the hand, of the cube as `object`, and gravity."""
        return self.parameters

    def task_tensors(self) -> dict[str, torch.Tensor]:
        names = ("act_moving_average", "targets_pos", "goals", "successes", "dof_pos_seen")
        names += ("consecutive_successes", "cube_random_params", "hand_random_params")
        found = {name: getattr(self, name) for name in names}
        parts = (self.latency, self.action_noise, self.dof_pos_noise, self.camera, self.adversary)
        for part in parts:
            found |= part.tensors() if part is not None else {}
        return found

    def objective(self) -> torch.Tensor:
        """Goals reached in the running episodes."""
        return self.successes

    # ---------------------------------------------------------------- a step

    def step(self, actions: torch.Tensor) -> StepResult:
        """As `ADRVecTask.step`, with `consecutive_successes` in infos."""
        found = super().step(actions)
        found[3]["consecutive_successes"] = self.consecutive_successes.clone()
        return found

    def apply_actions(self, actions: torch.Tensor) -> None:
        schedule = self.own.act_moving_average
        if self.steps % schedule.schedule_freq == 0:
            self.act_moving_average.fill_(schedule.at(self.steps))
        done = self.action_noise(self.latency.late(actions))
        if self.adversary is not None:
            state = torch.cat([self.hand.get_dofs_position(), self._cube_pose()], dim=1)
            done = self.adversary(done, state)
        wanted = self.lower + 0.5 * (done + 1.0) * (self.upper - self.lower)
        self.targets_pos.lerp_(wanted, self.act_moving_average).clamp_(self.lower, self.upper)
        self.hand.control_dofs_position(self.targets_pos)

    def reward(self) -> tuple[torch.Tensor, torch.Tensor]:
        pose, own = self._cube_pose(), self.own
        self.dof_pos_seen.copy_(self.dof_pos_noise(self.hand.get_dofs_position()))
        self.camera.see(pose)
        distance = (pose[:, :3] - self.start).norm(dim=1)
        # Where physics has stopped, numbers need not mean anything.
        stopped = self.scene.rigid_solver.get_error_envs_mask().bool() | ~distance.isfinite()
        fallen = stopped | (distance >= own.fall_distance)
        angle = self._angle_to_goal(pose)
        reached = ~fallen & (angle <= own.success_tolerance)
        reward = (
            own.dist_reward_scale * distance
            + own.rot_reward_scale / (angle + own.rot_eps)
            + own.action_penalty_scale * self.actions.square().sum(dim=1)
        )
        reward = torch.where(stopped, 0.0, reward)
        reward += own.reach_goal_bonus * reached + own.fall_penalty * fallen
        self.successes += reached
        found = reached.nonzero()[:, 0]
        self.goals[found] = self._orientations("goal", len(found))
        return reward, fallen

    def episode_statistics(self, envs: torch.Tensor) -> dict[str, torch.Tensor]:
        """Goals reached."""
        return {"successes": self.successes[envs]}

    def end(self, envs: torch.Tensor) -> None:
        super().end(envs)
        self.consecutive_successes.lerp_(self.successes[envs].mean(), self.own.success_average)

    def begin(self, envs: torch.Tensor) -> None:
        own, n = self.own, len(envs)
        anywhere = self.lower + (self.upper - self.lower) * self.draw("begin_hand", n, JOINTS)
        joints = self.home.lerp(anywhere, own.reset_dof_pos_noise)
        self.hand.set_dofs_position(joints, envs_idx=envs)
        self.targets_pos[envs] = joints
        self.cube.set_qpos(self._poses("begin_cube", n), envs_idx=envs)
        self.goals[envs] = self._orientations("goal", n)
        self.successes[envs] = 0.0
        self.cube_random_params[envs] = self._scales("object", OF_CUBE)[envs]
        self.hand_random_params[envs] = self._scales("hand", OF_HAND)[envs]
        held = 2.0 * (joints - self.lower) / (self.upper - self.lower) - 1.0
        self.latency.begin(envs, held)
        self.action_noise.begin(envs)
        self.dof_pos_noise.begin(envs)
        self.dof_pos_seen[envs] = self.dof_pos_noise(self.hand.get_dofs_position())[envs]
        self.camera.begin(envs, self._cube_pose())

    # ---------------------------------------------------------------- what is seen

    def observe(self) -> torch.Tensor:
        known = self.camera.delivered
        return torch.cat(
            [self.dof_pos_seen, known, self.goals, self._from_goal(known), self.actions], dim=1
        )

    def observe_states(self) -> torch.Tensor:
        parts = [
            self.hand.get_dofs_position(),
            self.hand.get_dofs_velocity(),
            self.hand.get_dofs_force(),
            pose := self._cube_pose(),
            self.cube.get_dofs_velocity(),
            self.hand.get_sites_pos(self.tips).flatten(1),
            self.cube_random_params,
            self.hand_random_params,
            self.scene.rigid_solver.get_gravity(),
            self._delays(),
            *(tensor for noise in self._noises() for tensor in (noise.scaling, noise.additive)),
            self.adr_values(ALPHA, 0.0)[:, None],
            *(self.dof_pos_seen, self.camera.delivered),
            *(self.goals, self._from_goal(pose), self.actions),
        ]
        return torch.cat(parts, dim=1)

    def adr_scalars(self) -> dict[str, float]:
        """What the ADR has to log, and the moving average of actions."""
        average = self.act_moving_average.item()
        return {**super().adr_scalars(), "annealing/action_moving_average_scalar": average}

    def _noises(self) -> tuple[AffineNoise, ...]:
        return self.action_noise, self.camera.noise, self.dof_pos_noise

    def _delays(self) -> torch.Tensor:
        """Chances and steps of delays, steps as shares of the most there may be, (n_envs, 4)."""
        columns = [
            self.adr_values(CAMERA_DELAY, 0.0),
            self.camera.rate / max(1.0, self.adr_limit(REFRESH_RATE, 1.0)),
            self.adr_values(DELAY, 0.0),
            self.latency.latency / max(1.0, self.adr_limit(LATENCY, 1.0)),
        ]
        return torch.stack(columns, dim=1)

    def _cube_pose(self) -> torch.Tensor:
        """Position [m] and orientation of the cube, shape (n_envs, 7)."""
        return self.cube.get_qpos()

    def _from_goal(self, pose: torch.Tensor) -> torch.Tensor:
        """The rotation from the goal to the cube, a unit quaternion."""
        return transform_quat_by_quat(inv_quat(self.goals), pose[:, 3:])

    def _angle_to_goal(self, pose: torch.Tensor) -> torch.Tensor:
        """Angle of that rotation, shape (n_envs,) [rad]."""
        return 2.0 * self._from_goal(pose)[:, 1:].norm(dim=1).clamp(max=1.0).asin()

    def _scales(self, actor: str, names: tuple[str, ...]) -> torch.Tensor:
        """Parameters as multiples of the original ones, shape (n_envs, len(names))."""
        chosen = [self.parameters[f"actor_params.{actor}.{name}"] for name in names]
        return torch.stack([(one.read() / one.original).mean(dim=1) for one in chosen], dim=1)

    # ---------------------------------------------------------------- random numbers

    def _orientations(self, name: str, count: int) -> torch.Tensor:
        """Uniform over all orientations (Shoemake 1992, "Uniform Random Rotations"), (n, 4)."""
        u = self.draw(name, count)
        a, b = 2.0 * torch.pi * self.draw(name, 2, count)
        r, s = (1.0 - u).sqrt(), u.sqrt()
        return torch.stack([s * b.cos(), r * a.sin(), r * a.cos(), s * b.sin()], dim=1)

    def _poses(self, name: str, count: int) -> torch.Tensor:
        """Poses in which a cube may begin, shape (n, 7)."""
        shift = self.own.reset_position_noise * (2.0 * self.draw(name, count, 3) - 1.0)
        return torch.cat([self.start + shift, self._orientations(name, count)], dim=1)
