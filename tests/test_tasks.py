"""Tasks: episodes that begin anew in place, and a state that goes on bit for bit."""

from collections.abc import Iterator

import pytest
import torch
from adr_cases import same, through_file
from task_runs import actions, run

import genesis_state as gs
from genesis_state.tasks.cartpole import Cartpole

N = 16


@pytest.fixture(scope="module")
def tasks(fresh_runtime: None) -> Iterator[list[Cartpole]]:
    gs.init()
    made = [Cartpole({"episode_length": 30}, N, seed=seed) for seed in (1, 2)]
    yield made
    for task in made:
        task.scene.close()


def test_episodes_begin_anew_in_the_step_they_end(tasks: list[Cartpole]) -> None:
    task = tasks[0]
    task.reset()
    ends = torch.zeros(N, dtype=torch.int64)
    for step in range(100):
        t = task.scene.envs_t.clone()
        obs, reward, done, infos = task.step(actions(task, step))
        assert torch.equal(task.episodes.lengths == 0, done)
        assert torch.equal(task.scene.envs_t == 0, done)
        assert torch.equal(task.scene.envs_t[~done], t[~done] + 1)
        assert not (infos["time_outs"] & ~done).any()
        assert obs["obs"].shape == (N, 4) and reward.shape == (N,)
        if done.any():
            ends += done
            assert len(infos["final_observation"]) == len(infos["episode"]["r"]) == done.sum()
            late = infos["episode"]["l"] == 30
            assert torch.equal(late, infos["time_outs"][done])
            # Of a new episode the pole is near upright, of an old one it may be anywhere.
            assert (obs["obs"][done].abs() <= 0.26).all()
    assert ends.sum() > N


def test_a_restored_task_goes_on_bit_for_bit(tasks: list[Cartpole]) -> None:
    one, other = tasks
    one.reset()
    run(one, 0, 37)
    state = through_file(one.get_env_state())
    wanted = run(one, 37, 60)
    run(other, 500, 11)
    other.set_env_state(state)
    assert other.env_state_is_complete
    assert same(wanted, run(other, 37, 60))
    assert one.scene.get_state(params=True).equal(other.scene.get_state(params=True))
