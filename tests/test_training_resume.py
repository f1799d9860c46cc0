"""A run that is stopped and resumed is the run that never stopped; and what may differ between."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from training_runs import StopAfter, content, differences, run, scalars
from training_toy import Toy

from genesis_state.training import training_checkpoint
from genesis_state.training.agent import ContinuousAgent
from genesis_state.training.rl_games_library import A2CAgent
from genesis_state.training.run import TrainingResult

KINDS = [
    pytest.param("toy", False, id="toy"),
    pytest.param("toy", True, id="lstm"),
    pytest.param("discrete", False, id="discrete"),
    pytest.param("arrays", False, id="arrays"),
    pytest.param("views", False, id="central-value"),
    pytest.param("views", True, id="central-value-lstm"),
]


@pytest.mark.parametrize(("kind", "rnn"), KINDS)
def test_a_resumed_run_is_the_run_that_never_stopped(kind: str, rnn: bool, tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", kind, rnn=rnn)
    first = run(tmp_path / "parts", kind, rnn=rnn, observers=[StopAfter(2)])
    assert (first.stopped, first.epoch) == ("test", 2)
    second = run(tmp_path / "parts", kind, rnn=rnn, resume="auto", observers=[StopAfter(4)])
    assert second.epoch == 4
    last = run(tmp_path / "parts", kind, rnn=rnn, resume="auto")
    assert last.epoch == whole.epoch == 6
    assert last.notices == ()
    assert differences(content(whole), content(last)) == []
    assert len(scalars(whole)) > 100
    assert scalars(whole) == scalars(last)
    assert last.best_reward == whole.best_reward


def test_diagnostics_go_on_too(tmp_path: Path) -> None:
    config = {"use_diagnostics": True}
    whole = run(tmp_path / "whole", config=config)
    run(tmp_path / "parts", config=config, observers=[StopAfter(3)])
    last = run(tmp_path / "parts", config=config, resume="auto")
    assert any(tag == "diagnostics/exp_var" for tag, _, _ in scalars(whole))
    assert scalars(whole) == scalars(last)


def drop(*keys: str) -> Callable[[dict[str, Any]], None]:
    """Sets a number or a tensor deep in a checkpoint to something else."""

    def change(found: dict[str, Any]) -> None:
        for key in keys[:-1]:
            found = found[key]
        value = found[keys[-1]]
        if keys == ("random", "torch"):
            found[keys[-1]] = torch.Generator().manual_seed(1).get_state()
        elif keys[-1] == "size":
            found[keys[-1]] = 1
        elif isinstance(value, torch.Tensor):
            found[keys[-1]] = (value + 1).to(value.dtype)
        elif isinstance(value, (list, tuple)):
            found[keys[-1]] = [item + 1 for item in value]
        else:
            found[keys[-1]] = value + 1

    return change


@pytest.mark.parametrize(
    "keys",
    [
        ("epoch",),
        ("frame",),
        ("last_mean_rewards",),
        ("env_state", "envs", "pos"),
        ("loop", "obs", "obs"),
        ("loop", "dones"),
        ("loop", "current_rewards"),
        ("loop", "current_shaped_rewards"),
        ("loop", "current_lengths"),
        ("loop", "rnn_states"),
        ("loop", "meters", "game_rewards", "mean"),
        ("loop", "meters", "game_rewards", "size"),
        ("loop", "meters", "game_shaped_rewards", "mean"),
        ("loop", "meters", "game_lengths", "mean"),
        ("loop", "schedules", "last_lr", "value"),
        ("loop", "schedules", "entropy_coef", "value"),
        ("random", "torch"),
        ("observers", "EpisodeStatistics", "running", "work"),
        ("observers", "EpisodeStatistics", "ended", "work"),
    ],
    ids="-".join,
)
def test_each_part_of_a_checkpoint_matters(
    keys: tuple[str, ...], parts: TrainingResult, tmp_path: Path
) -> None:
    """What could be left out without a trace would show that nothing puts it back."""
    assert parts.checkpoint is not None
    changed = training_checkpoint.read(parts.checkpoint)
    drop(*keys)(changed)
    training_checkpoint.write(tmp_path / "changed.pth", changed)
    ends = []
    for name, checkpoint in (("same", parts.checkpoint), ("other", tmp_path / "changed.pth")):
        more = run(tmp_path / name, rnn=True, checkpoint=checkpoint, config={"max_epochs": 5})
        ends.append((content(more), scalars(more)))
    assert differences(ends[0], ends[1])


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    """A run that was stopped after three epochs."""
    return run(tmp_path_factory.mktemp("parts"), rnn=True, observers=[StopAfter(3)])


@pytest.fixture
def stopped(tmp_path: Path) -> TrainingResult:
    return run(tmp_path / "first", observers=[StopAfter(3)])


def test_another_seed_goes_on_with_the_saved_random_numbers(
    stopped: TrainingResult, tmp_path: Path
) -> None:
    same = run(tmp_path / "a", checkpoint=stopped.checkpoint)
    other = run(tmp_path / "b", checkpoint=stopped.checkpoint, seed=12)
    assert other.notices == ("seed 12 is not used: the random numbers go on from those of seed 11",)
    assert [name for name in differences(content(same), content(other))] == ["/run/seed"]


def test_another_number_of_environments_starts_new_episodes(
    stopped: TrainingResult, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        more = run(tmp_path, checkpoint=stopped.checkpoint, num_envs=16)
    text = "8 environments were saved and there are 16, so all of them start new episodes"
    assert more.notices == (text,)
    assert f"{stopped.checkpoint}: {text}." in caplog.text
    assert more.epoch == 6
    assert more.frame == 3 * 64 + 3 * 128
    assert more.best_reward >= stopped.best_reward


def test_a_checkpoint_without_a_state_of_environments_starts_new_episodes(tmp_path: Path) -> None:
    first = run(tmp_path, "stateless", observers=[StopAfter(3)])
    assert content(first)["env_state"] is None
    more = run(tmp_path, "stateless", resume="auto")
    assert more.notices == ("no state of environments was saved, so all start new episodes",)
    assert more.epoch == 6


class Incomplete(Toy):
    env_state_is_complete = False


def test_a_state_that_does_not_hold_episodes_is_given_before_a_reset(
    stopped: TrainingResult, tmp_path: Path
) -> None:
    made: list[Incomplete] = []

    def build(**settings: Any) -> Incomplete:
        made.append(Incomplete(**settings))
        return made[-1]

    more = run(tmp_path / "more", checkpoint=stopped.checkpoint, env=build)
    assert "the environments' state does not say where their episodes stood" in more.notices[0]
    assert made[0].resets == 1
    again = run(tmp_path / "again", checkpoint=stopped.checkpoint)
    assert again.notices == ()


def rl_games_checkpoint(path: Path, source: Path, **changes: Any) -> Path:
    """A file as rl_games writes it."""
    found = training_checkpoint.read(source)
    keys = ("model", "epoch", "frame", "optimizer", "env_state")
    saved = {key: found[key] for key in keys}
    saved["last_mean_rewards"] = np.float32(found["last_mean_rewards"])
    torch.save(saved | changes, path)
    return path


def test_a_checkpoint_of_rl_games_gives_its_weights(
    stopped: TrainingResult, tmp_path: Path
) -> None:
    assert stopped.checkpoint is not None
    path = rl_games_checkpoint(tmp_path / "plain.pth", stopped.checkpoint)
    # Its mark is out of reach, so the best is not overwritten with something worse.
    torch.save(torch.load(path, weights_only=False) | {"last_mean_rewards": np.float32(9)}, path)
    more = run(tmp_path / "more", checkpoint=path, config={"save_best_after": 0})
    assert more.notices == (
        "was written by rl_games: weights, optimizer, epoch and best reward are taken, and "
        "episodes, random numbers, meters and observers start afresh",
    )
    assert more.epoch == 6
    assert more.best_reward == 9
    assert not (more.directory / "nn" / "toy.pth").exists()


def test_an_adaptive_learning_rate_of_rl_games_goes_on(
    stopped: TrainingResult, tmp_path: Path
) -> None:
    assert stopped.checkpoint is not None
    found = training_checkpoint.read(stopped.checkpoint)
    found["optimizer"]["param_groups"][0]["lr"] = 0.0004
    path = rl_games_checkpoint(
        tmp_path / "plain.pth", stopped.checkpoint, optimizer=found["optimizer"]
    )
    more = run(tmp_path / "more", checkpoint=path, observers=[StopAfter(4)])
    first = next(value for tag, _, value in scalars(more) if tag == "info/last_lr")
    # The first of the four changes in an epoch is by a factor of 1.5, or none.
    assert min(abs(first / 0.0004 - 1.5**power) for power in range(-4, 5)) < 1e-5


def test_what_rl_games_wrote_itself_is_read(stopped: TrainingResult, tmp_path: Path) -> None:
    """And its own agent reads ours."""
    seen: list[Path] = []

    class Stock(StopAfter):
        def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
            if epoch_num == 4:
                agent = self._algo
                path = tmp_path / "stock.pth"
                state = super(ContinuousAgent.__mro__[1], agent).get_full_state_weights()
                torch.save(state, path)
                A2CAgent.restore(agent, str(stopped.checkpoint))
                agent.epoch_num = 4
                seen.append(path)

    run(tmp_path / "a", checkpoint=stopped.checkpoint, observers=[Stock(0)])
    more = run(tmp_path / "b", checkpoint=seen[0], config={"max_epochs": 5})
    assert more.epoch == 5


def test_changed_settings_are_used_and_told(stopped: TrainingResult, tmp_path: Path) -> None:
    changed = {"learning_rate": 2e-3, "entropy_coef": 0.02}
    more = run(tmp_path / "more", checkpoint=stopped.checkpoint, config=changed)
    assert more.notices == (
        "learning_rate is 0.002 in the config now and was 0.001, so its schedule starts afresh",
        "entropy_coef is 0.02 in the config now and was 0.01, so its schedule starts afresh",
    )
    assert content(more)["loop"]["schedules"]["entropy_coef"]["value"] == 0.02


def test_other_networks_are_refused_before_anything_is_changed(
    stopped: TrainingResult, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"the networks differ: a2c_network.*; use the config"):
        run(tmp_path / "more", checkpoint=stopped.checkpoint, rnn=True)
    with pytest.raises(ValueError, match="has no assymetric_vf_nets, and this config has a cent"):
        run(tmp_path / "views", "views", checkpoint=stopped.checkpoint)


def test_a_run_that_came_to_its_end_is_over(tmp_path: Path) -> None:
    whole = run(tmp_path)
    before = content(whole)
    again = run(tmp_path, resume="auto")
    assert (again.epoch, again.stopped) == (6, None)
    assert differences(before, content(again)) == []
    assert run(tmp_path, resume="auto", max_epochs=8).epoch == 8


def test_a_run_that_won_is_over(tmp_path: Path) -> None:
    config = {"score_to_win": -100.0, "max_epochs": 50}
    first = run(tmp_path, config=config)
    assert first.epoch == 2
    assert run(tmp_path, resume="auto", config=config).epoch == 2


def test_a_missing_or_broken_checkpoint_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such checkpoint"):
        run(tmp_path / "a", checkpoint=tmp_path / "none.pth")
    broken = tmp_path / "broken.pth"
    broken.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ValueError, match=r"is broken: no whole file of torch\.save"):
        run(tmp_path / "b", checkpoint=broken)
