"""The quadruped: it stands, falls, is rewarded as its terms say, and goes on bit for bit."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from adr_cases import same, through_file
from task_runs import run

import genesis_state as gs
from genesis_state.tasks.quadruped import TERMS, Quadruped, QuadrupedSettings
from genesis_state.tasks.settings import read_settings

N = 8
EPISODE = 100
INTERVAL = 40


@pytest.fixture(scope="module")
def tasks(fresh_runtime: None) -> Iterator[list[Quadruped]]:
    gs.init()
    config = {"episode_length": EPISODE, "command_interval": INTERVAL}
    made = [Quadruped(config, N, seed=seed) for seed in (1, 2)]
    yield made
    for task in made:
        task.scene.close()


def numbers(seed: int, columns: int) -> torch.Tensor:
    return torch.rand((N, columns), generator=torch.Generator().manual_seed(seed)) * 2 - 1


def tilted(angles: torch.Tensor) -> torch.Tensor:
    """Quaternions (w, x, y, z) of turns about x."""
    zero = torch.zeros_like(angles)
    return torch.stack([(angles / 2).cos(), (angles / 2).sin(), zero, zero], dim=1)


def test_it_stands_for_an_episode_without_actions(tasks: list[Quadruped]) -> None:
    task = tasks[0]
    task.reset()
    for _ in range(EPISODE - 1):
        _, _, done, infos = task.step(torch.zeros(N, 12))
        assert not done.any()
    motion = task.motion()
    assert (motion.height > 0.2).all() and (motion.gravity[:, 2] < -0.95).all()
    _, _, done, infos = task.step(torch.zeros(N, 12))
    assert done.all() and infos["time_outs"].all()
    terms = [infos["episode"][f"rew_{name}"] for name in TERMS]
    torch.testing.assert_close(torch.stack(terms).sum(0), infos["episode"]["r"])


def test_an_episode_ends_when_it_is_thrown_over_or_down(tasks: list[Quadruped]) -> None:
    task = tasks[0]
    task.reset()
    limit = task.own.max_tilt
    angles = torch.tensor([0.0, limit - 0.1, limit + 0.1, -limit - 0.1, math.pi, 0.0, 0.0, 0.0])
    task.robot.set_quat(tilted(angles))
    wanted = torch.tensor([False, False, True, True, True, False, False, False])
    _, _, done, infos = task.step(torch.zeros(N, 12))
    assert torch.equal(done, wanted) and not infos["time_outs"].any()
    task.robot.set_pos([0.0, 0.0, task.own.min_height - 0.01], envs_idx=[5])
    assert task.reward()[1].nonzero().flatten().tolist() == [5]


def test_each_term_of_the_reward_is_its_formula(tasks: list[Quadruped]) -> None:
    task = tasks[0]
    task.reset()
    roll, height = 0.6 * numbers(1, 1)[:, 0], 0.3 + 0.1 * numbers(2, 1)[:, 0]
    vel, joints, commands = numbers(3, 18), numbers(4, 12), numbers(5, 3)
    qpos = torch.cat([torch.zeros(N, 2), height[:, None], tilted(roll), task.home + joints], 1)
    task.robot.set_qpos(qpos)
    task.robot.set_dofs_velocity(vel)
    task.commands.copy_(commands)
    task.actions.copy_(numbers(6, 12))
    task.last_actions.copy_(numbers(7, 12))
    # The base sees the world turned back by its roll.
    x, y, z = vel[:, :3].unbind(1)
    y, z = roll.cos() * y + roll.sin() * z, roll.cos() * z - roll.sin() * y
    wanted = {
        "tracking_lin_vel": (-((commands[:, 0] - x) ** 2 + (commands[:, 1] - y) ** 2) / 0.25).exp(),
        "tracking_ang_vel": (-((commands[:, 2] - vel[:, 5]) ** 2) / 0.25).exp(),
        "lin_vel_z": z**2,
        "ang_vel_xy": vel[:, 3] ** 2 + vel[:, 4] ** 2,
        "orientation": roll.sin() ** 2,
        "action_rate": ((numbers(6, 12) - numbers(7, 12)) ** 2).sum(1),
        "similar_to_default": joints.abs().sum(1),
        "base_height": (height - task.own.base_height_target) ** 2,
    }
    assert list(wanted) == list(TERMS)
    reward, _ = task.reward()
    for k, (name, value) in enumerate(wanted.items()):
        found = task.reward_sums[:, k] / (0.02 * task.own.reward_scales[name])
        torch.testing.assert_close(found, value, rtol=1e-4, atol=1e-6, msg=name)
    torch.testing.assert_close(reward, task.reward_sums.sum(1))
    assert torch.equal(task.last_actions, numbers(6, 12))


def test_commands_change_where_an_episode_begins_and_at_intervals(tasks: list[Quadruped]) -> None:
    task, some = tasks[0], torch.tensor([2, 5])
    late = torch.ones(N, dtype=torch.bool)
    late[some] = False

    def changed(steps: int) -> torch.Tensor:
        before = task.commands.clone()
        for _ in range(steps):
            task.step(torch.zeros(N, 12))
        assert torch.equal(task.observe()[:, 6:9], task.commands * task.command_scale)
        return (task.commands != before).any(1)

    task.reset()
    assert not changed(10).any()
    before = task.commands.clone()
    task.begin_anew(some)
    assert torch.equal((task.commands != before).any(1), ~late)
    assert not changed(INTERVAL - 11).any()
    assert torch.equal(changed(1), late)
    assert torch.equal(changed(10), ~late)
    low, high = task.command_range.unbind(1)
    assert (task.commands >= low).all() and (task.commands <= high).all()


def test_a_restored_task_goes_on_bit_for_bit(tasks: list[Quadruped]) -> None:
    one, other = tasks
    one.reset()
    run(one, 0, 37)
    state = through_file(one.get_env_state())
    wanted = run(one, 37, 90)
    run(other, 500, 11)
    other.set_env_state(state)
    assert other.env_state_is_complete
    assert same(wanted, run(other, 37, 90))
    assert sum(int(step[2].sum()) for step in wanted) >= N
    assert same(one.task_tensors(), other.task_tensors())
    assert one.scene.get_state(params=True).equal(other.scene.get_state(params=True))


def test_the_config_file_has_every_setting_and_says_its_default() -> None:
    path = Path(gs.__file__).parent / "training" / "configs" / "task" / "Quadruped.yaml"
    given = yaml.safe_load(path.read_text())
    own = set(QuadrupedSettings.__dataclass_fields__)
    assert own <= set(given)
    given = {name: given[name] for name in own}
    assert read_settings(QuadrupedSettings, given, "Quadruped") == QuadrupedSettings()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"actoin_scale": 1.0}, "Quadruped: has no actoin_scale; it has action_scale, "),
        ({"reward_scales": {"speed": 1.0}}, "Quadruped.reward_scales: has no speed; it has "),
        ({"command_interval": 0}, "Quadruped.command_interval: 0, needs 1 step or more"),
    ],
)
def test_settings_it_has_not_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_settings(QuadrupedSettings, given, "Quadruped")
