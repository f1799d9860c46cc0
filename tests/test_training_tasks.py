"""Training on a task with ADR: stopped and resumed, and what the flags take of a checkpoint."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from training_runs import StopAfter, content, differences, run_task, scalars

import genesis_state as gs
from genesis_state.training.run import TrainingResult

TASK = "FrankaReachADR"


@pytest.fixture(autouse=True)
def compiled_once() -> Iterator[None]:
    """A new runtime knows a task's kernels again, where the second scene of one would not."""
    yield
    gs.destroy()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    """A run that was stopped after three epochs."""
    found = run_task(tmp_path_factory.mktemp("stopped"), TASK, observers=[StopAfter(3)])
    gs.destroy()
    return found


def test_a_resumed_run_is_the_run_that_never_stopped(
    stopped: TrainingResult, tmp_path: Path
) -> None:
    whole = run_task(tmp_path / "whole", TASK)
    gs.destroy()
    last = run_task(stopped.directory.parent, TASK, "resume=auto")
    assert (last.epoch, last.notices) == (6, ())
    assert differences(content(whole), content(last)) == []
    assert scalars(whole) == scalars(last)
    logged = {tag for tag, _, _ in scalars(last)}
    assert {"adr/npd", "adr/params/robot_mass/lower", "Episode/distance"} <= logged
    counts = content(last)["env_state"]["adr"]["counts"]
    assert (counts > 0).any()


WITHOUT = "task.adr.adr_load_from_checkpoint=False"


def test_a_checkpoint_gives_its_adr_unless_the_flag_says_otherwise(
    stopped: TrainingResult, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = next(stopped.directory.glob(f"nn/last_{TASK}ep3*.pth"))
    given = f"checkpoint='{path}'"
    before = content(path)["env_state"]["adr"]["episodes"]
    assert before > 0
    with caplog.at_level(logging.INFO, logger="genesis_state.training"):
        fresh = run_task(tmp_path / "fresh", TASK, given, WITHOUT, "max_epochs=4")
    assert "nothing restored, as adr_load_from_checkpoint is false" in caplog.text
    assert "all start new" in fresh.notices[0]
    assert content(fresh)["env_state"]["adr"]["episodes"] == 0  # 8 of 12 steps
    caplog.clear()
    gs.destroy()
    with caplog.at_level(logging.INFO, logger="genesis_state.training"):
        taken = run_task(tmp_path / "taken", TASK, given, "max_epochs=5")
    assert "ADR: ranges and results of 13 parameters restored" in caplog.text
    assert taken.notices == ()
    assert content(taken)["env_state"]["adr"]["episodes"] > before


def test_a_run_that_goes_on_takes_all_of_its_adr_whatever_the_flag(tmp_path: Path) -> None:
    ends = []
    for name, more in (("a", ()), ("b", (WITHOUT,))):
        run_task(tmp_path / name, TASK, *more, observers=[StopAfter(2)])
        gs.destroy()
        ends.append(run_task(tmp_path / name, TASK, *more, "resume=auto", "max_epochs=4"))
        gs.destroy()
    assert ends[1].notices == ()
    assert differences(content(ends[0]), content(ends[1])) == []
