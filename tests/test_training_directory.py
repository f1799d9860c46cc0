"""The folder of a run: names, the newest, the best, and which periodic ones stay."""

import os
from pathlib import Path

import pytest
import torch
from training_runs import run
from training_toy import Toy, params

from genesis_state.training import training_checkpoint
from genesis_state.training.checkpoint_names import numbered_name, read_numbered_name
from genesis_state.training.run import train
from genesis_state.training.run_directory import RunDirectory

CONTENT = {"value": torch.arange(5.0)}


def names(directory: RunDirectory) -> set[str]:
    return {path.name for path in directory.checkpoints.iterdir()}


@pytest.mark.parametrize(
    ("file", "epoch", "reward"),
    [
        ("last_toyep6rew-5.87.pth", 6, -5.87),
        ("last_toy_ep_2_rew_-5.8795376.pth", 2, -5.8795376),
        ("last_toy_ep_8_rew__-5.418574_.pth", 8, -5.418574),
        ("last_toy_frame_99_rew__1e-05_.pth", None, 1e-05),
        ("last_toy_ep_1_rew_-inf.pth", 1, float("-inf")),
        ("last_toyep=100rew[12.5].pth", 100, 12.5),
        ("last_toy_ep_100_rew_[12.5].pth", 100, 12.5),
    ],
)
def test_names_of_rl_games_are_read_too(file: str, epoch: int | None, reward: float) -> None:
    found = read_numbered_name(file)
    assert found is not None
    assert (found.name, found.epoch, found.reward) == ("toy", epoch, reward)


@pytest.mark.parametrize("name", ["toy", "step2rew1", "Ant_ep", "a_b", "last_x", "rep"])
@pytest.mark.parametrize("reward", [1.25, -0.1, 1e-7, 3e20, float("-inf"), float("nan")])
def test_a_name_is_read_as_it_was_written(name: str, reward: float) -> None:
    found = read_numbered_name(numbered_name(name, 12, reward))
    assert found is not None
    assert (found.name, found.epoch) == (name, 12)
    assert str(found.reward) == str(reward) or found.reward == pytest.approx(reward)


@pytest.mark.parametrize("file", ["toy.pth", "last.pth", "last_toy.pth", "best.pth", "last_ep.pth"])
def test_other_names_are_no_periodic_ones(file: str) -> None:
    assert read_numbered_name(file) is None


def test_a_run_leaves_the_files_of_the_table(tmp_path: Path) -> None:
    result = run(tmp_path, experiment="Cart pole", config={"save_frequency": 2})
    assert result.directory == tmp_path / "Cart pole"
    folder = result.directory / "nn"
    files = sorted(path.name for path in folder.iterdir())
    numbered = [found for file in files if (found := read_numbered_name(file)) is not None]
    assert sorted(found.epoch or 0 for found in numbered) == [2, 4, 6]
    assert set(files) >= {"toy.pth", "best.pth", "last.pth"} and len(files) == 6
    assert os.readlink(folder / "best.pth") == "toy.pth"
    assert (result.directory / "config.yaml").is_file()
    best = training_checkpoint.read(folder / "best.pth")
    assert best["last_mean_rewards"] == result.best_reward
    assert training_checkpoint.read(folder / "last.pth")["epoch"] == 6


def test_save_freq_is_another_name_for_save_frequency(tmp_path: Path) -> None:
    tree = params(save_freq=4, max_epochs=5, save_best_after=100)
    del tree["config"]["save_frequency"]
    result = train({"params": tree, "env": Toy, "root": tmp_path, "threads": 1})
    found = [read_numbered_name(path.name) for path in (result.directory / "nn").iterdir()]
    assert sorted(name.epoch or 0 for name in found if name) == [4, 5]


def test_only_the_newest_periodic_ones_stay(tmp_path: Path) -> None:
    directory = RunDirectory("toy", tmp_path, keep=2, keep_every=10)
    (tmp_path / "toy" / "nn").mkdir(parents=True)
    strange = tmp_path / "toy" / "nn" / "last_otherep1rew1.0.pth"
    strange.write_bytes(b"")
    for epoch in range(5, 35, 5):
        directory.save(CONTENT, numbered=(epoch, 1.0), best=epoch == 15)
    found = names(directory) - {strange.name}
    kept = {numbered_name("toy", epoch, 1.0) for epoch in (10, 15, 20, 25, 30)}
    assert found == {"last.pth", "toy.pth", "best.pth"} | kept
    directory.save(CONTENT, numbered=(35, 1.0))
    assert numbered_name("toy", 15, 1.0) not in names(directory)
    assert strange.exists()


def test_the_newest_whole_one_is_found_past_broken_ones(tmp_path: Path) -> None:
    directory = RunDirectory("toy", tmp_path)
    assert directory.newest_whole() is None
    for epoch in (1, 2):
        assert directory.save({"epoch": epoch}, numbered=(epoch, 0.5)) == directory.last
    first, second = (directory.checkpoints / numbered_name("toy", i, 0.5) for i in (1, 2))
    assert directory.newest_whole() == directory.last
    # last.pth and the periodic one are one file.
    second.write_bytes(second.read_bytes()[:-100])
    said: list[str] = []
    assert directory.newest_whole(warn=said.append) == first
    assert len(said) == 2
    assert all("is broken" in text and "passed over" in text for text in said)
    first.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"none of its 3 checkpoints is whole; move them away"):
        directory.newest_whole(warn=said.append)


def test_files_that_rl_games_named_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "toy" / "nn"
    folder.mkdir(parents=True)
    weights = {"model": {}, "optimizer": {}, "frame": 0}
    for epoch in (2, 4):
        torch.save(weights | {"epoch": epoch}, folder / f"last_toy_ep_{epoch}_rew_1.5.pth")
        os.utime(folder / f"last_toy_ep_{epoch}_rew_1.5.pth", ns=(epoch, epoch))
    assert RunDirectory("toy", tmp_path).newest_whole() == folder / "last_toy_ep_4_rew_1.5.pth"


@pytest.mark.parametrize("kept", ["", "a/b", "..", "last"])
def test_names_that_cannot_be_are_refused(kept: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"use another|without slashes"):
        RunDirectory(kept, tmp_path)


def test_a_folder_that_holds_a_run_is_not_overwritten(tmp_path: Path) -> None:
    run(tmp_path, config={"max_epochs": 3})
    with pytest.raises(ValueError, match="holds a run; go on with resume=auto"):
        run(tmp_path)
    given = tmp_path / "toy" / "nn" / "last.pth"
    assert run(tmp_path, checkpoint=given).epoch == 6


def test_the_config_is_kept(tmp_path: Path) -> None:
    run(tmp_path, seed=5, num_envs=4, extra={"task": "Toy"}, config={"minibatch_size": 16})
    config = RunDirectory("toy", tmp_path).read_config()
    assert config["seed"] == 5
    assert config["num_envs"] == 4
    assert config["extra"] == {"task": "Toy"}
    assert config["params"]["config"]["minibatch_size"] == 16
