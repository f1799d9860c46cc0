"""AllegroHandADR: every parameter arrives, nothing compounds, and a state goes on bit for bit."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from adr_cases import same, through_file
from task_runs import actions, run

import genesis_state as gs
from genesis_state.tasks.allegro_hand import OF_CUBE, OF_HAND, AllegroHandADR
from genesis_state.tasks.allegro_hand_settings import AllegroHandSettings
from genesis_state.tasks.moving_average import MovingAverage
from genesis_state.tasks.settings import read_settings

CONFIGS = Path(gs.__file__).parent / "training" / "configs"
N = 16
# Of each parameter without a range_path: what has no effect.
NEUTRAL = {"cube_pose_refresh_rate": 1.0}
# Ends that differ, so that it shows which of them is evaluated.
WIDE = {
    "cube_obs_delay_prob": [0.0, 0.5],
    "cube_pose_refresh_rate": [1.0, 3.0],
    "action_delay_prob": [0.0, 0.5],
    "action_latency": [1.0, 4.0],
    "rna_alpha": [0.0, 1.0],
}


def config(**overrides: Any) -> dict[str, Any]:
    """The shipped config, with short episodes and queues that any result moves outwards."""
    shipped = yaml.safe_load((CONFIGS / "task" / "AllegroHandADR.yaml").read_text())
    del shipped["name"], shipped["num_envs"]
    adr = shipped["adr"]
    adr |= {"adr_queue_threshold_length": 3, "worker_adr_boundary_fraction": 1.0}
    adr |= {"adr_objective_threshold_low": -1.0, "adr_objective_threshold_high": -0.5}
    shipped["act_moving_average"] = {
        "range": [0.15, 0.2],
        "schedule_steps": 100,
        "schedule_freq": 5,
    }
    return copy.deepcopy(shipped) | overrides


def wide() -> dict[str, Any]:
    """All parameters move, over wide ranges; goals are reached by chance."""
    found = config(episode_length=20, rna_steps=25, success_tolerance=1.5)
    found["randomization_params"]["frequency"] = 30
    for name, spec in found["adr"]["params"].items():
        spec["init_range"] = WIDE.get(name, [0.5, 1.5] if "range_path" in spec else [0.0, 0.4])
        spec["delta"] = spec["delta"] or 0.01
        if spec["limits"][1] == 60.0:
            spec["limits"] = [0.0, 6.0]
    return found


def exact() -> dict[str, Any]:
    """Actions come late, pictures seldom; all else is as it is."""
    found = config(episode_length=200, wrong_cube_pose_prob=0.0)
    found["act_moving_average"]["range"] = [0.5, 0.5]
    for name, spec in found["adr"]["params"].items():
        if "range_path" not in spec:
            spec["init_range"] = [NEUTRAL.get(name, 0.0)] * 2
    for name, ends in (("action_latency", [0.0, 3.0]), ("cube_pose_refresh_rate", [1.0, 4.0])):
        found["adr"]["params"][name] |= {"init_range": ends, "limits": [0.0, 4.0]}
    for name in ("action_delay_prob", "cube_obs_delay_prob"):
        found["adr"]["params"][name] |= {"init_range": [0.0, 1.0], "limits": [0.0, 1.0]}
    return found


@pytest.fixture(scope="module")
def tasks(fresh_runtime: None) -> Iterator[list[AllegroHandADR]]:
    gs.init()
    made = [AllegroHandADR(wide(), N, seed=seed) for seed in (1, 2)]
    yield made
    for task in made:
        task.scene.close()


@pytest.fixture(scope="module")
def precise(tasks: list[AllegroHandADR]) -> Iterator[AllegroHandADR]:
    task = AllegroHandADR(exact(), N, seed=3)
    yield task
    task.scene.close()


def scales(task: AllegroHandADR, path: str) -> torch.Tensor:
    """A property now, as multiples of what the models have, (N, k)."""
    _, actor, group, name = path.split(".")[:4]
    entity = task.hand if actor == "hand" else task.cube
    if name == "mass":
        if actor == "object":
            return entity.get_links_inertial_mass() / (290.0 * 0.065**3)
        return entity.get_links_inertial_mass([1, 2, 3]) / torch.tensor([0.0119, 0.065, 0.0355])
    if (group, name) == ("rigid_shape_properties", "friction"):
        return entity.get_geoms_friction() / (0.7 if actor == "hand" else 1.0)
    return {
        "stiffness": lambda: entity.get_dofs_kp() / 3.0,
        "damping": lambda: entity.get_dofs_kv() / 0.15,
        "effort": lambda: entity.get_dofs_force_range()[1] / 0.7,
        "armature": lambda: entity.get_dofs_armature() / 0.002,
        "friction": lambda: entity.get_dofs_frictionloss() / 0.01,
    }[name]()


def arrived(task: AllegroHandADR, name: str) -> torch.Tensor:
    """What a parameter did: (N, k) numbers that are its value, or 0 where that is 0."""
    adr = task.adr
    assert adr is not None
    path = adr.specs[name].range_path
    if path is not None:
        return scales(task, path)
    if name == "action_latency":
        return task.latency.latency[:, None]
    if name == "cube_pose_refresh_rate":
        return task.camera.rate[:, None]
    if name == "rna_alpha":
        assert task.adversary is not None
        state = torch.cat([task.hand.get_dofs_position(), task.cube.get_qpos()], dim=1)
        one, other = (task.adversary(torch.full((N, 16), a), state) for a in (0.5, -0.5))
        return 1.0 - (one - other)
    noise = {
        "action": task.action_noise,
        "cube_pose": task.camera.noise,
        "dof_pos": task.dof_pos_noise,
    }[name.removeprefix("affine_").rsplit("_", 1)[0]]
    if name.endswith("scaling"):
        return noise.scaling - 1.0
    if name.endswith("additive"):
        return noise.additive
    return noise(torch.ones_like(noise.scaling)) - noise.scaling - noise.additive


def test_every_parameter_arrives_where_it_should(tasks: list[AllegroHandADR]) -> None:
    task = tasks[0]
    adr = task.adr
    assert adr is not None and len(adr.names) == 23
    seen = torch.zeros(2 * len(adr.names), dtype=torch.bool)
    chances = ("cube_obs_delay_prob", "action_delay_prob")  # see the test of what is late
    run(task, 0, 1)
    for _ in range(30):
        task.reset()
        modes = adr.modes
        seen[modes] = True
        for place, name in enumerate(adr.names):
            if name in chances:
                continue
            found = arrived(task, name).double()
            low, high = adr.range(name)
            for mode, end in ((2 * place, low), (2 * place + 1, high)):
                theirs = found[modes == mode]
                if name.startswith("affine") and end:  # a spread: see gaussian_of_spread
                    deviation = torch.tensor(end).square().expm1()
                    assert (theirs != 0).all() and (theirs.abs() < 6 * deviation).all(), name
                else:
                    assert theirs.numel() == 0 or (theirs - end).abs().max() < 1e-5, name
            if not name.startswith("affine"):
                assert ((found > low - 1e-5) & (found < high + 1e-5)).all(), name
    assert seen.all()


def test_what_is_randomized_never_compounds(tasks: list[AllegroHandADR]) -> None:
    task = tasks[0]
    adr = task.adr
    assert adr is not None
    before, task.settings = task.settings, replace(task.settings, episode_length=2)
    run(task, 0, 60)
    task.settings = before
    assert task.episodes.finished >= 30 * N
    for actor, names, told in (
        ("object", OF_CUBE, task.cube_random_params),
        ("hand", OF_HAND, task.hand_random_params),
    ):
        for column, name in enumerate(names):
            path = f"actor_params.{actor}.{name}"
            now = scales(task, path)
            driver = next(n for n in adr.names if adr.specs[n].range_path == path)
            low, high = adr.range(driver)
            assert ((now > low - 1e-5) & (now < high + 1e-5)).all(), path
            if now.shape[1] != 3:  # of the hand's masses only some are looked at here
                assert torch.allclose(told[:, column], now.mean(dim=1), atol=1e-5), path
    gravity = task.scene.rigid_solver.get_gravity()
    assert torch.equal(gravity, gravity[:1].expand(N, 3))
    assert 0 < (gravity[0] - torch.tensor([0.0, 0.0, -9.81])).abs().max() < 3.0


def test_a_restored_task_goes_on_bit_for_bit(tasks: list[AllegroHandADR]) -> None:
    one, other = tasks
    assert one.adr is not None and other.adr is not None
    one.reset()
    run(one, 0, 33)
    state = through_file(one.get_env_state())
    counts = state["adr"]["counts"]
    assert (counts > 0).any() and (counts < 3).any()
    assert (state["episodes"]["lengths"] > 0).any() and state["task"]["successes"].any()
    then = one.adr.ranges()
    wanted = run(one, 33, 60)
    assert one.adr.ranges() != then
    run(other, 500, 11)
    other.set_env_state(state)
    assert other.env_state_is_complete
    assert same(wanted, run(other, 33, 60))
    assert one.scene.get_state(params=True).equal(other.scene.get_state(params=True))
    assert one.adr_scalars() == other.adr_scalars()
    assert same(one.task_tensors(), other.task_tensors())


def test_actions_come_late_and_pictures_seldom(precise: AllegroHandADR) -> None:
    task = precise
    task.reset()
    given = [task.latency.queue[:, 0].clone()] * 5  # what holds the hand where it is
    rows, steps = torch.arange(N), 120
    repeated, missed = torch.zeros(N), torch.zeros(N)
    half = 0.5 * (task.upper - task.lower)
    for step in range(steps):
        before, known = task.targets_pos.clone(), task.camera.delivered.clone()
        # Small ones, so that the cube stays; no two are the same.
        given.append(0.2 * actions(task, step))
        ended = task.step(given[-1])[2]
        assert not ended.any()
        # The moving average takes half of the new target: the action that arrived follows.
        arrived = (2.0 * task.targets_pos - before - task.lower) / half - 1.0
        newest = len(given) - 1 - task.latency.latency
        late, later = (torch.stack(given)[newest - more, rows] for more in (0, 1))
        on_time = (arrived - late).abs().amax(1) < 1e-4
        delayed = (arrived - later).abs().amax(1) < 1e-4
        assert (on_time | delayed).all()
        repeated += delayed
        due = (task.steps + task.camera.offset) % task.camera.rate == 0
        assert torch.equal(task.camera.refreshed[due], task.cube.get_qpos()[due])
        held = (task.camera.delivered == known).all(1)
        new = (task.camera.delivered == task.camera.refreshed).all(1)
        assert (held | new).all()
        missed += ~new
        assert torch.equal(task.observe()[:, 16:23], task.camera.delivered)
    assert set(task.latency.latency.tolist()) == {0, 1, 2, 3}
    assert set(task.camera.rate.tolist()) == {1, 2, 3, 4}
    chance = task.adr_values("action_delay_prob", 0.0)
    assert (repeated / steps - chance).abs().max() < 0.15
    every = task.camera.rate == 1
    chance = task.adr_values("cube_obs_delay_prob", 0.0)
    assert (missed / steps - chance)[every].abs().max() < 0.15


def test_goals_are_counted_and_a_fall_ends_the_episode(precise: AllegroHandADR) -> None:
    task = precise
    task.reset()
    task.consecutive_successes.zero_()
    task.cube.set_quat([1.0, 0.0, 0.0, 0.0])  # falls flat
    task.goals[:3] = task.cube.get_qpos()[:3, 3:]
    goals = task.goals.clone()
    _, reward, done, infos = task.step(torch.zeros(N, 16))
    assert torch.equal(task.successes, (torch.arange(N) < 3).float()) and not done.any()
    assert (reward[:3] > 200).all() and (reward[3:] < 50).all()
    assert torch.equal((task.goals != goals).any(1), torch.arange(N) < 3)
    assert infos["consecutive_successes"] == 0
    task.cube.set_pos([0.4, 0.0, 0.0], envs_idx=[0, 1, 7])
    _, _, done, infos = task.step(torch.zeros(N, 16))
    assert done.nonzero()[:, 0].tolist() == [0, 1, 7] and not infos["time_outs"].any()
    assert infos["episode"]["successes"].tolist() == [1, 1, 0]
    assert infos["consecutive_successes"] == pytest.approx(0.1 * 2 / 3)
    assert task.successes[[0, 1, 7]].tolist() == [0, 0, 0] and task.successes[2] == 1


def test_settings_are_known_and_actions_become_smoother() -> None:
    assert MovingAverage((0.1, 0.3), 100).at(0) == 0.3
    assert MovingAverage((0.1, 0.3), 100).at(50) == pytest.approx(0.2)
    assert MovingAverage((0.1, 0.3), 100).at(900) == pytest.approx(0.1)
    with pytest.raises(ValueError, match=r"Hand: has no fall_dist; it has .*fall_distance"):
        read_settings(AllegroHandSettings, {"fall_dist": 1.0}, "Hand")
    with pytest.raises(ValueError, match=r"Hand\.act_moving_average: has no steps; it has range"):
        read_settings(AllegroHandSettings, {"act_moving_average": {"steps": 3}}, "Hand")
    with pytest.raises(ValueError, match=r"Hand\.rot_eps: 'small', needs a number"):
        read_settings(AllegroHandSettings, {"rot_eps": "small"}, "Hand")
