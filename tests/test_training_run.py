"""`train`: settings, seeds, playing, and the stock Runner with our agents."""

import copy
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from training_runs import StopAfter, content, differences, run
from training_toy import Toy, params

from genesis_state.training import agent, training_checkpoint, vecenv
from genesis_state.training.agent_config import settle
from genesis_state.training.random_state import random_state, seed_all, set_random_state
from genesis_state.training.rl_games_library import Runner
from genesis_state.training.run import train
from genesis_state.training.train_config import TrainConfig


def test_a_seed_makes_a_run_and_another_makes_another(tmp_path: Path) -> None:
    ends = [
        content(run(tmp_path / name, seed=seed, max_epochs=2))
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    # rl_games takes seed 0 for no seed.
    assert differences(ends[0], ends[1]) == []
    assert "/model/a2c_network.mu.weight" in differences(ends[0], ends[2])


def test_a_seed_from_the_clock_is_kept(tmp_path: Path) -> None:
    result = run(tmp_path, seed=-1, max_epochs=1)
    assert content(result)["run"]["seed"] > 10**9


def test_random_streams_go_on() -> None:
    seed_all(3)
    # Both keep a number for the next call.
    random.gauss(0, 1)
    np.random.randn(3)
    state = random_state()

    def draw() -> tuple[Any, ...]:
        return (
            random.gauss(0, 1),
            random.random(),
            *np.random.randn(3).tolist(),
            *torch.randn(3).tolist(),
        )

    first = draw()
    assert draw() != first
    assert set_random_state(state) == []
    assert draw() == first


def test_settings_override_the_tree(tmp_path: Path) -> None:
    result = run(
        tmp_path,
        num_envs=16,
        max_epochs=2,
        experiment="named",
        threads=1,
        config={"full_experiment_name": "other"},
    )
    assert result.directory == tmp_path / "named"
    assert (result.epoch, result.frame) == (2, 2 * 8 * 16)
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"resume": "always"}, "resume: 'always', needs 'auto' or None."),
        ({"colour": 1}, "colour: no setting of train; it has checkpoint, "),
        ({"params": {"config": {}}}, "params: lacks 'algo'; give the tree"),
        ({"params": params() | {"algo": {"name": "sac"}}}, "params.algo: name 'sac', needs one of"),
        ({"env": None}, "env_name: 'unknown' is not registered; give env, or call"),
        ({"keep": 0}, "keep: 0, needs a whole number of at least 1, or None."),
        ({"config": {"max_steps": 5}}, "max_steps: rl_games 1.6.5 fails on it; give max_frames."),
        ({"config": {"normalize_rms_advantage": True}}, "neither builds nor saves it; leave it"),
        ({"config": {"multi_gpu": True}}, "multi_gpu: only the first process's environments"),
        ({"config": {"bound_loss_type": "x"}}, "bound_loss_type: 'x', needs 'bound' or 'reg"),
    ],
)
def test_settings_that_cannot_be_are_a_sentence(
    change: dict[str, Any], text: str, tmp_path: Path
) -> None:
    config = {"env_name": "unknown"} | change.pop("config", {})
    with pytest.raises(ValueError) as said:
        run(tmp_path, config=config, **change)
    assert text in str(said.value)
    assert list(tmp_path.iterdir()) == []


def test_settling_a_config_twice_changes_nothing_more() -> None:
    config = params(bound_loss_type="regularization", bounds_loss_coef=None)["config"]
    settle(config)
    assert config["bound_loss_type"] == "regularisation"
    assert config["bounds_loss_coef"] == 0.0
    assert config["torch_compile"] is False
    before = dict(config)
    settle(config)
    assert config == before


def test_a_tree_of_omegaconf_will_do(tmp_path: Path) -> None:
    from omegaconf import OmegaConf

    tree = OmegaConf.create({"params": params(max_epochs=2), "root": str(tmp_path), "seed": 4})
    vecenv.register("toy_toy", Toy)
    assert train(tree).epoch == 2  # type: ignore[arg-type]
    assert TrainConfig.of(tree).seed_used == 4  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a2c_continuous", agent.CONTINUOUS])
def test_the_runner_of_rl_games_builds_our_agent(name: str, tmp_path: Path) -> None:
    tree = params(train_dir=str(tmp_path), max_epochs=3)
    tree["algo"]["name"] = name
    vecenv.register("toy_toy", Toy)
    runner = Runner()
    agent.register(runner)
    runner.load({"params": tree})
    runner.run({"train": True})
    last = tmp_path / "toy" / "nn" / "last.pth"
    found = training_checkpoint.read(last)
    assert training_checkpoint.is_complete(found)
    assert found["epoch"] == 3
    assert found["observers"] == {}
    # Event files are an observer's, and the stock one of rl_games makes none.
    assert list((tmp_path / "toy" / "summaries").iterdir()) == []


def test_the_critic_alone_is_loaded(tmp_path: Path) -> None:
    first = run(tmp_path / "first", "views", max_epochs=3)
    assert first.checkpoint is not None

    class Look(StopAfter):
        weights: Any = None

        def process_infos(self, infos: Any, done_indices: Any) -> None:
            if self.weights is None:
                self.weights = copy.deepcopy(self._algo.get_full_state_weights())

    look = Look(1)
    run(
        tmp_path / "more",
        "views",
        seed=5,
        checkpoint=first.checkpoint,
        load_critic_only=True,
        observers=[look],
    )
    found = training_checkpoint.read(first.checkpoint)
    key = "a2c_network.actor_mlp.0.weight"
    critic = "assymetric_vf_nets"
    assert not torch.equal(look.weights["model"][key], found["model"][key])
    assert torch.equal(look.weights[critic]["model." + key], found[critic]["model." + key])


@pytest.mark.parametrize("rnn", [False, True])
def test_a_checkpoint_is_played(
    rnn: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, rnn=rnn)
    games = {"player": {"games_num": 10}}
    played = run(tmp_path, rnn=rnn, test=True, config=games)
    assert "av reward" in capsys.readouterr().out
    assert played.epoch == 6
    best = tmp_path / "toy" / "nn" / "best.pth"
    assert run(tmp_path, rnn=rnn, test=True, config=games, checkpoint=best).checkpoint == best
    with pytest.raises(ValueError, match="has no checkpoint to play; train first, or name one"):
        run(tmp_path / "none", test=True)


def test_a_linear_schedule_over_frames_falls(tmp_path: Path) -> None:
    config = {"lr_schedule": "linear", "max_frames": 640, "max_epochs": -1}
    half = run(tmp_path, config=config, observers=[StopAfter(5)])
    value = content(half)["loop"]["schedules"]["last_lr"]["value"]
    # The frames of the running epoch are not among those that have been.
    assert value == pytest.approx(1e-6 + (1e-3 - 1e-6) * (1 - 4 * 64 / 640))
    assert run(tmp_path, config=config, resume="auto").frame == 640


def test_what_cannot_be_saved_is_known_before_the_first_epoch(tmp_path: Path) -> None:
    class Odd(Toy):
        def get_env_state(self) -> dict[str, Any]:
            return {"queue": {1, 2}}

    made: list[Odd] = []

    def build(**settings: Any) -> Odd:
        made.append(Odd(**settings))
        return made[-1]

    with pytest.raises(TypeError, match=r"checkpoint\.env_state\.queue: builtins\.set cannot be"):
        run(tmp_path, env=build)
    assert made[0].calls == 0


def test_a_full_disk_does_not_end_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write, failed = training_checkpoint.write, []

    def full(path: Any, saved: Any) -> None:
        if saved["epoch"] in (3, 4):
            failed.append(saved["epoch"])
            raise OSError(28, "No space left on device", str(path))
        write(path, saved)

    monkeypatch.setattr(training_checkpoint, "write", full)
    config = {"save_best_after": 99}
    result = run(tmp_path, config=config, observers=[StopAfter(5)])
    assert failed == [3, 4]
    assert "No space left on device" in caplog.text
    assert content(result)["epoch"] == 5


def test_an_observer_may_save_under_its_own_name(tmp_path: Path) -> None:
    class Saver(StopAfter):
        def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
            if epoch_num == 2:
                self._algo.save(str(tmp_path / "mine"))

    run(tmp_path, observers=[Saver(0)])
    assert training_checkpoint.read(tmp_path / "mine.pth")["epoch"] == 2
