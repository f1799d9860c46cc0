"""Event files, read back with TensorBoard's own reader."""

import logging
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from training_runs import StopAfter, run, scalars

from genesis_state.training.observers.observer import Observer
from genesis_state.training.observers.tensorboard import TensorBoard
from genesis_state.training.run_directory import event_files


def read(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and values of each tag, as TensorBoard shows them."""
    found = EventAccumulator(str(folder / "summaries"), size_guidance={"scalars": 0}).Reload()
    tags: Any = found.Tags()["scalars"]
    return {tag: [(event.step, event.value) for event in found.Scalars(tag)] for tag in tags}


def test_all_that_is_logged_is_read_back(tmp_path: Path) -> None:
    result = run(tmp_path)
    found = read(result.directory)
    frames = [64 * epoch for epoch in range(6)]
    assert [step for step, _ in found["info/epochs"]] == frames
    assert [value for _, value in found["info/epochs"]] == [1, 2, 3, 4, 5, 6]
    for tag in ("losses/a_loss", "losses/bounds_loss", "info/kl", "adr/npd"):
        assert [step for step, _ in found[tag]] == frames, tag
    assert [step for step, _ in found["rewards/iter"]] == [1, 2, 3, 4, 5, 6]
    assert [step for step, _ in found["Episode/distance"]] == [1, 2, 3, 4, 5, 6]
    assert max(value for _, value in found["rewards/step"][1:]) == result.best_reward
    assert {"consecutive_successes/frame", "episode_cumulative/work"} <= found.keys()
    # One value for each environment is no scalar.
    assert not any(tag.startswith(("successes", "time_outs")) for tag in found)
    assert len(list(event_files(result.directory / "summaries"))) == 1


class Break(Observer):
    """Ends the process's run without a word, as a kill does, with all scalars on the disk."""

    def __init__(self, epoch: int, tensorboard: TensorBoard) -> None:
        self._epoch = epoch
        self._tensorboard = tensorboard

    def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
        if epoch_num == self._epoch:
            self._tensorboard.state_dict()
            raise KeyboardInterrupt


def broken_run(root: Path, epoch: int, **settings: Any) -> None:
    tensorboard = TensorBoard()
    observers = [tensorboard, Break(epoch, tensorboard)]
    with pytest.raises(KeyboardInterrupt):
        config = {"save_best_after": 99}
        run(root, tensorboard=False, observers=observers, config=config, **settings)


def test_what_was_logged_past_the_checkpoint_is_cut(tmp_path: Path) -> None:
    config = {"save_best_after": 99}
    whole = run(tmp_path / "whole", config=config)
    broken_run(tmp_path, 5)
    assert len(read(tmp_path / "toy")["info/epochs"]) == 5
    run(tmp_path, resume="auto", observers=[StopAfter(4)], config=config)
    found = read(tmp_path / "toy")
    assert [value for _, value in found["info/epochs"]] == [1, 2, 3, 4]
    last = run(tmp_path, resume="auto", config=config)
    assert scalars(last) == scalars(whole)
    assert len(list(event_files(last.directory / "summaries"))) == 3


def test_what_was_logged_before_any_checkpoint_goes(tmp_path: Path) -> None:
    broken_run(tmp_path, 2)
    assert len(read(tmp_path / "toy")["info/epochs"]) == 2
    result = run(tmp_path, resume="auto")
    assert [value for _, value in read(result.directory)["info/epochs"]] == [1, 2, 3, 4, 5, 6]


def test_logs_of_another_run_are_left_alone(tmp_path: Path) -> None:
    first = run(tmp_path / "first", observers=[StopAfter(3)])
    before = scalars(first)
    more = run(tmp_path / "more", checkpoint=first.checkpoint)
    assert scalars(first) == before
    assert [value for _, value in read(more.directory)["info/epochs"]] == [4, 5, 6]


def test_seconds_go_on(tmp_path: Path) -> None:
    first = run(tmp_path, observers=[StopAfter(3)])
    from genesis_state.training import training_checkpoint

    assert first.checkpoint is not None
    content = training_checkpoint.read(first.checkpoint)
    content["loop"]["elapsed"] = 1000.0
    training_checkpoint.write(first.checkpoint, content)
    found = read(run(tmp_path, resume="auto").directory)
    for tag in ("rewards/time", "episode_lengths/time", "consecutive_successes/time"):
        assert [step >= 1000 for step, _ in found[tag]] == [False] * 3 + [True] * 3
        assert found[tag][-1][0] < 1100


def test_two_writers_of_one_second_have_two_files(tmp_path: Path) -> None:
    names = set()
    for epoch in (1, 2, 3):
        run(tmp_path, resume="auto", observers=[StopAfter(epoch)])
        names |= {path.name for path in event_files(tmp_path / "toy" / "summaries")}
    assert len(names) == 3


def test_a_file_that_lost_its_end_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run(tmp_path, observers=[StopAfter(3)])
    (file,) = event_files(tmp_path / "toy" / "summaries")
    file.write_bytes(file.read_bytes()[:500])
    with caplog.at_level(logging.WARNING):
        assert run(tmp_path, resume="auto").epoch == 6
    assert f"{file}: is shorter than when it was saved" in caplog.text
