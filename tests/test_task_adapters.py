"""A task behind the interfaces of gymnasium and rsl_rl."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import genesis_state as gs
from genesis_state.tasks.cartpole import Cartpole
from genesis_state.tasks.vec_task import StepResult

gym = pytest.importorskip("gymnasium")
pytest.importorskip("rsl_rl")

from gymnasium.utils import env_checker, passive_env_checker  # noqa: E402
from gymnasium.vector import AutoresetMode, SyncVectorEnv  # noqa: E402
from gymnasium.wrappers import RecordEpisodeStatistics as OfOne  # noqa: E402
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics  # noqa: E402
from rsl_rl.runners import OnPolicyRunner  # noqa: E402
from tensordict import TensorDict  # noqa: E402

from genesis_state.tasks.gymnasium_env import GymnasiumVectorEnv  # noqa: E402
from genesis_state.tasks.rsl_rl_env import RslRlVecEnv  # noqa: E402

N = 8
ENDS = {"final_obs", "_final_obs", "final_info", "_final_info"}


class Watched(Cartpole):
    """Cartpole whose critic sees more, which tells more, and which keeps what it last returned."""

    num_states = 2
    last: StepResult

    def observe_states(self) -> torch.Tensor:
        return self.episodes.lengths[:, None] * torch.tensor([1.0, 0.5])

    def step(self, actions: torch.Tensor) -> StepResult:
        self.last = super().step(actions)
        told = {"height": torch.arange(N), "deep": {"count": 3}, "word": "so"}
        return (*self.last[:3], {**self.last[3], **told})


@pytest.fixture(scope="module")
def task(fresh_runtime: None) -> Iterator[Watched]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    gs.init()
    made = Watched({"episode_length": 25, "reset_angle": 0.15}, N, seed=1)
    yield made
    made.scene.close()
    torch.set_num_threads(before)


@pytest.fixture
def env(task: Watched) -> GymnasiumVectorEnv:
    return GymnasiumVectorEnv(task)


@pytest.fixture
def rsl(task: Watched) -> RslRlVecEnv:
    return RslRlVecEnv(task)


def numpy_actions(step: int) -> np.ndarray:
    return np.random.default_rng(step).uniform(-1, 1, (N, 1)).astype(np.float32)


def actions(step: int) -> torch.Tensor:
    return torch.from_numpy(numpy_actions(step))


# ---------------------------------------------------------------- gymnasium


@pytest.mark.filterwarnings("ignore:.*A Box observation space")
def test_gymnasiums_own_checks_pass(env: Any) -> None:
    """Those written for one environment that ask for nothing a batch has not.

    Two ask whether one bool is true: in the place of check_step_determinism stands
    test_a_seed_decides_all_that_follows, in that of check_returned_data_not_reused the loop here.
    """
    env_checker.check_seed_deprecation(env)
    env_checker.check_reset_return_info_deprecation(env)
    env_checker.check_reset_return_type(env)
    env_checker.check_reset_seed_determinism(env)
    env_checker.check_reset_options(env)
    env_checker.check_space_limit(env.single_observation_space, "observation")
    env_checker.check_space_limit(env.single_action_space, "action")
    passive_env_checker.check_space(env.observation_space, "observation", lambda space: None)
    given = [env.reset()]
    passive_env_checker.check_obs(given[0][0], env.observation_space, "reset")
    for step in range(60):
        given.append(env.step(numpy_actions(step)))
        passive_env_checker.check_obs(given[-1][0], env.observation_space, "step")
        for earlier in given[-3:-1]:
            assert not passive_env_checker.data_shares_objects(
                (earlier[0], earlier[-1]), (given[-1][0], given[-1][-1])
            )


def test_spaces_are_those_of_the_task_in_batches(env: GymnasiumVectorEnv) -> None:
    assert env.num_envs == N and env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert env.observation_space.shape == (N, 4) and env.single_observation_space.shape == (4,)
    assert env.action_space.shape == (N, 1) and env.single_action_space.shape == (1,)
    found, infos = env.reset()
    assert env.observation_space.contains(found)
    assert infos["states"].shape == (N, 2) and infos["_states"].all()
    found, rewards, terminations, truncations, _ = env.step(env.action_space.sample())
    assert env.observation_space.contains(found)
    assert rewards.shape == (N,) and rewards.dtype == np.float64
    for ends in (terminations, truncations):
        assert ends.shape == (N,) and ends.dtype == np.bool_


def test_ends_are_those_that_the_task_tells(env: GymnasiumVectorEnv, task: Watched) -> None:
    env.reset(seed=3)
    ways = np.zeros(2, dtype=np.int64)
    for step in range(70):
        found, rewards, terminations, truncations, infos = env.step(numpy_actions(step))
        seen, earned, done, told = task.last
        assert np.array_equal(found, seen["obs"].numpy())
        assert np.array_equal(infos["states"], seen["states"].numpy())
        assert np.array_equal(rewards, earned.numpy())
        assert np.array_equal(terminations | truncations, done.numpy())
        assert np.array_equal(truncations, told["time_outs"].numpy())
        assert not (terminations & truncations).any()
        assert ENDS.isdisjoint(infos) or done.any()
        ways += [terminations.sum(), truncations.sum()]
        if not done.any():
            continue
        for name in ("final_obs", "final_info"):
            assert np.array_equal(infos[f"_{name}"], done.numpy())
        episode = infos["final_info"]["episode"]
        assert np.array_equal(episode["_r"], done.numpy())
        assert np.array_equal(episode["r"][done], told["episode"]["r"].numpy())
        assert np.array_equal(episode["l"][done], told["episode"]["l"].numpy())
        last = told["final_observation"].numpy()
        assert np.array_equal(np.stack(list(infos["final_obs"][done])), last)
        assert all(row is None for row in infos["final_obs"][~done.numpy()])
        # A step of an episode that failed is not the first of the next.
        assert (last != found[done.numpy()]).any(axis=1).all()
    assert (ways > 0).all(), "both ways to end should have come up"


def test_infos_have_the_form_of_gymnasiums_own(env: GymnasiumVectorEnv) -> None:
    theirs = SyncVectorEnv(
        [lambda: OfOne(gym.make("CartPole-v1"))] * N, autoreset_mode=AutoresetMode.SAME_STEP
    )
    theirs.reset(seed=0)
    env.reset(seed=0)
    model, own = ends(theirs), ends(env)
    assert set(own) >= ENDS and set(model) == ENDS
    assert own["final_obs"].dtype == model["final_obs"].dtype == object
    assert own["_final_obs"].dtype == model["_final_obs"].dtype == np.bool_
    assert set(own["final_info"]) == set(model["final_info"]) == {"episode", "_episode"}
    # The time that an episode took on the clock, "t", is none of the task's business.
    assert set(own["final_info"]["episode"]) == set(model["final_info"]["episode"]) - {"t", "_t"}
    for name in ("r", "l"):
        assert own["final_info"]["episode"][name].shape == (N,)
    theirs.close()


def ends(env: Any) -> dict[str, Any]:
    """Infos of the first step in which an episode ends."""
    for _ in range(200):
        infos = env.step(env.action_space.sample())[4]
        if "final_obs" in infos:
            return infos
    raise AssertionError("no episode ended")


def test_wrappers_of_gymnasium_count_what_the_task_counts(env: GymnasiumVectorEnv) -> None:
    wrapped = RecordEpisodeStatistics(env)
    wrapped.reset(seed=5)
    count = 0
    for step in range(40):
        infos = wrapped.step(numpy_actions(step))[4]
        if "episode" in infos:
            own, mask = infos["final_info"]["episode"], infos["_episode"]
            assert np.array_equal(infos["episode"]["l"][mask], own["l"][mask])
            assert np.allclose(infos["episode"]["r"][mask], own["r"][mask], atol=1e-4)
            count += mask.sum()
    assert count > 0
    listed = DictInfoToList(env)
    told = listed.step(numpy_actions(0))[4]
    assert [one["height"] for one in told] == list(range(N))
    assert all(one["deep"]["count"] == 3 and one["word"] == "so" for one in told)


def test_a_seed_decides_all_that_follows(env: GymnasiumVectorEnv, task: Watched) -> None:
    def run(seed: int | None) -> np.ndarray:
        first, _ = env.reset(seed=seed)
        return np.stack([first, *(env.step(numpy_actions(step))[0] for step in range(40))])

    stream = task.streams["begin"]
    one = run(7)
    assert np.array_equal(one, run(7))
    assert not np.array_equal(one[0], run(None)[0]), "without a seed the streams go on"
    assert not np.array_equal(one[0], run(8)[0])
    assert task.streams["begin"] is stream and task.streams.seed == 8
    fresh = Watched({}, N, seed=7)
    assert np.array_equal(GymnasiumVectorEnv(fresh).reset()[0], one[0])
    fresh.scene.close()


def test_a_seed_and_exact_state_go_together(env: GymnasiumVectorEnv, task: Watched) -> None:
    env.reset(seed=9)
    for step in range(10):
        env.step(numpy_actions(step))
    state = task.get_env_state()
    wanted = [env.step(numpy_actions(step))[0] for step in range(10, 50)]
    env.reset(seed=1234)
    task.set_env_state(state)
    found = [env.step(numpy_actions(step))[0] for step in range(10, 50)]
    assert np.array_equal(np.stack(wanted), np.stack(found))


def test_refusals_of_gymnasiums_interface(env: Any, task: Watched) -> None:
    env.reset(seed=2)
    before = task.get_env_state()
    bad = {
        "reset: seed is a list, needs one int for all environments; use int(seed).": (
            lambda: env.reset(seed=[1] * N)
        ),
        "reset: seed is -1, needs an int that is 0 or more; use another.": (
            lambda: env.reset(seed=-1)
        ),
        "reset: got options ['reset_mask'], a task has none; leave them out "
        "(some environments alone: task.begin_anew).": (
            lambda: env.reset(seed=4, options={"reset_mask": np.ones(N, dtype=bool)})
        ),
        f"step: actions have shape (1,), need ({N}, 1); pass one row for each environment.": (
            lambda: env.step(np.zeros(1))
        ),
    }
    for sentence, call in bad.items():
        with pytest.raises((TypeError, ValueError)) as raised:
            call()
        assert str(raised.value) == sentence
    assert torch.equal(before["episodes"]["lengths"], task.episodes.lengths)
    assert task.streams.seed == 2


def test_closing_closes_the_scene() -> None:
    env = GymnasiumVectorEnv(Cartpole({}, N))
    env.close()
    env.close()
    assert env.closed and env.task.scene.closed
    with pytest.raises(RuntimeError):
        env.reset()


# ---------------------------------------------------------------- rsl_rl


def train_cfg() -> dict[str, Any]:
    layers = {"class_name": "MLPModel", "hidden_dims": [16], "activation": "elu"}
    return {
        "num_steps_per_env": 30,
        "save_interval": 100,
        "obs_groups": {"actor": ["policy"], "critic": ["critic", "policy"]},
        "actor": {
            **layers,
            "obs_normalization": True,
            "distribution_cfg": {"class_name": "GaussianDistribution", "init_std": 1.0},
        },
        "critic": dict(layers),
        "algorithm": {"class_name": "PPO", "num_learning_epochs": 2, "num_mini_batches": 2},
    }


def weights(runner: OnPolicyRunner) -> dict[str, torch.Tensor]:
    return {name: one.clone() for name, one in runner.alg.actor.named_parameters()}


def test_a_runner_trains_and_goes_on_from_its_file(rsl: RslRlVecEnv, tmp_path: Path) -> None:
    torch.manual_seed(0)
    runner = OnPolicyRunner(rsl, train_cfg(), log_dir=str(tmp_path), device="cpu")
    before = weights(runner)
    runner.learn(2, init_at_random_ep_len=True)
    after = weights(runner)
    assert all(torch.isfinite(one).all() for one in after.values())
    assert all(not torch.equal(before[name], after[name]) for name in before)
    assert rsl.task.episodes.finished > 0

    # The runner stepped in inference mode; the task goes on outside of it.
    rsl.task.begin_anew(torch.tensor([0]))
    assert not rsl.task.actions.is_inference()

    runner.save(str(tmp_path / "own.pt"), infos={"env": rsl.get_env_state()})
    generator = torch.get_rng_state()
    runner.learn(1)
    wanted = weights(runner), rsl.get_observations()
    again = OnPolicyRunner(rsl, train_cfg(), device="cpu")
    rsl.set_env_state(again.load(str(tmp_path / "own.pt"))["env"])
    torch.set_rng_state(generator)
    again.learn(1)
    for name, one in weights(again).items():
        assert torch.equal(one, wanted[0][name]), name
    assert (rsl.get_observations() == wanted[1]).all()


def test_steps_are_those_of_the_task(rsl: RslRlVecEnv, task: Watched) -> None:
    assert (rsl.num_envs, rsl.num_actions, rsl.max_episode_length) == (N, 1, 25)
    assert rsl.step_dt == pytest.approx(1 / 60) and rsl.unwrapped is rsl
    cfg: Any = rsl.cfg
    assert cfg["task"] == "Watched" and cfg["own"] == {"reset_angle": 0.15}
    logged = 0
    for step in range(40):
        seen, rewards, dones, extras = rsl.step(actions(step))
        wanted, earned, done, told = task.last
        assert isinstance(seen, TensorDict) and seen.batch_size == (N,)
        assert torch.equal(seen["policy"], wanted["obs"])
        assert torch.equal(seen["critic"], wanted["states"])
        assert (rsl.get_observations() == seen).all()
        assert torch.equal(rewards, earned) and torch.equal(dones, done.long())
        assert torch.equal(extras["time_outs"], told["time_outs"])
        assert torch.equal(rsl.episode_length_buf == 0, done)
        assert "episode" not in extras and extras["word"] == "so"
        if done.any():
            logged += len(extras["log"]["Episode/length"])
            assert torch.equal(extras["log"]["Episode/return"], told["episode"]["r"])
    assert logged > 0


def test_assigned_episode_lengths_reach_the_task(rsl: RslRlVecEnv, task: Watched) -> None:
    lengths = task.episodes.lengths
    rsl.episode_length_buf = torch.full((N,), 24)
    assert task.episodes.lengths is lengths
    _, _, dones, extras = rsl.step(torch.zeros(N, 1))
    assert dones.all() and extras["time_outs"].all()


def test_observations_outlive_a_file(rsl: RslRlVecEnv) -> None:
    rsl.step(actions(0))
    stream = io.BytesIO()
    torch.save(rsl.get_env_state(), stream)
    stream.seek(0)
    wanted = [rsl.get_observations(), *(rsl.step(actions(step))[0] for step in range(1, 40))]
    rsl.set_env_state(torch.load(stream, weights_only=True))
    found = [rsl.get_observations(), *(rsl.step(actions(step))[0] for step in range(1, 40))]
    assert all((a == b).all() for a, b in zip(wanted, found, strict=True))


def test_states_that_do_not_fit(rsl: RslRlVecEnv, task: Watched) -> None:
    state = rsl.get_env_state()
    rsl.step(actions(0))
    other = {"task": state["task"], "observations": {"obs": torch.zeros(N, 4)}}
    with pytest.raises(ValueError, match="load a state that was saved with this task"):
        rsl.set_env_state(other)
    assert (task.episodes.lengths == 1).all()
    more = {**state, "task": {**state["task"], "num_envs": 2 * N}}
    assert f"saved with {2 * N} environments" in rsl.set_env_state(more)[0]
    assert (task.episodes.lengths == 0).all()
    assert torch.equal(rsl.get_observations()["policy"], task.observe())
    assert "everything starts fresh" in rsl.set_env_state(None)[0]


def test_refusals_of_rsl_rls_interface(rsl: RslRlVecEnv) -> None:
    with pytest.raises(ValueError) as raised:
        rsl.step(torch.zeros(1))
    assert str(raised.value) == (
        f"step: actions have shape (1,), need ({N}, 1); pass one row for each environment."
    )
    with pytest.raises(ValueError) as raised:
        rsl.episode_length_buf = torch.zeros(N)
    assert str(raised.value) == (
        f"episode_length_buf: got torch.float32 of shape ({N},), needs whole numbers of shape "
        f"({N},); pass one for each environment."
    )
