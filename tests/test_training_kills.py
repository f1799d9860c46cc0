"""Runs that are killed, and runs that are asked to stop."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from training_runs import content, run

from genesis_state.training import training_checkpoint
from genesis_state.training.observers.observer import Observer
from genesis_state.training.run_directory import RunDirectory
from genesis_state.training.signals import stopping

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs fork and signals")

TESTS = Path(__file__).resolve().parent
SEED = 20_261_122


@pytest.mark.parametrize(
    ("kills", "kind"),
    [
        (4, "toy"),
        (2, "Cartpole"),
        pytest.param(20, "Cartpole", marks=pytest.mark.slow),
        pytest.param(20, "FrankaReachADR", marks=pytest.mark.slow),
        pytest.param(5, "AllegroHandADR", marks=pytest.mark.slow),
        pytest.param(4, "views", marks=pytest.mark.slow),
        pytest.param(20, "toy", marks=pytest.mark.slow),
        pytest.param(20, "discrete", marks=pytest.mark.slow),
    ],
)
def test_a_run_killed_again_and_again_is_the_run_that_never_stopped(
    kills: int, kind: str, tmp_path: Path
) -> None:
    """What is compared after the kills is in `training_victims.py`."""
    ended = subprocess.run(
        [sys.executable, TESTS / "training_victims.py", tmp_path, str(SEED), str(kills), kind],
        env=os.environ | {"PYTHONPATH": str(TESTS.parent), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1500,
    )
    assert ended.returncode == 0, f"seed {SEED}\n{ended.stderr}"
    found = json.loads(ended.stdout)
    print(found)
    assert found["kills"] == kills
    assert len(set(found["epochs"])) > kills // 4, "the kills came too early to show anything"
    assert found["last_epoch"] == 15 * kills
    assert found["differences"] == []
    assert found["scalars"] > 200 * kills
    if kind.endswith("ADR"):
        assert any(found["queued"]), "no queue has anything in it that could be lost"
    assert found["same_scalars"]


CALLS = ("replace", "link", "symlink", "unlink", "fsync", "open")


def killed_at(moment: int, directory: RunDirectory) -> bool:
    """Forks a process that saves epoch 2, and dies just before its `moment`-th call to the disk."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    left = moment

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os._exit(9)
            return call(*args, **kwargs)

        return wrapper

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))
    try:
        directory.save({"epoch": 2}, numbered=(2, 1.0), best=True)
    finally:
        os._exit(0)


def test_a_save_that_is_killed_between_any_two_steps_leaves_a_whole_newest(tmp_path: Path) -> None:
    moments, found = 0, []
    while True:
        moments += 1
        directory = RunDirectory("toy", tmp_path / str(moments), keep=1)
        directory.save({"epoch": 1}, numbered=(1, 1.0), best=True)
        killed = killed_at(moments, directory)
        newest = directory.newest_whole(warn=pytest.fail)
        assert newest is not None
        directory.finish(newest)
        found.append(training_checkpoint.read(newest)["epoch"])
        for name in ("last", "best", "toy", f"last_toyep{found[-1]}rew1.0"):
            path = directory.checkpoints / f"{name}.pth"
            assert training_checkpoint.read(path)["epoch"] == found[-1], name
        for path in directory.files():
            training_checkpoint.read(path)
        # The next save is not held up by what was left, and takes it away.
        directory.save({"epoch": 3}, numbered=(3, 1.0), best=True)
        assert training_checkpoint.read(directory.last)["epoch"] == 3
        names = {"last.pth", "best.pth", "toy.pth", "last_toyep3rew1.0.pth"}
        assert {path.name for path in directory.checkpoints.iterdir()} == names
        if not killed:
            break
    assert moments > 8
    # Once the new one is there, it is found.
    assert found == sorted(found) and {1, 2} == set(found)


class Signals(Observer):
    """Sends signals to this process in the middle of an epoch."""

    def __init__(self, epoch: int, *numbers: int) -> None:
        self._epoch = epoch
        self._numbers = numbers

    def after_init(self, algo: Any) -> None:
        self._algo = algo

    def after_steps(self) -> None:
        if self._algo.epoch_num == self._epoch:
            for number in self._numbers:
                os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_epoch_and_saves(number: signal.Signals, tmp_path: Path) -> None:
    before = signal.getsignal(number)
    result = run(tmp_path, config={"save_frequency": 0}, observers=[Signals(4, number)])
    assert (result.stopped, result.epoch) == (number.name, 4)
    assert result.checkpoint == tmp_path / "toy" / "nn" / "last.pth"
    assert content(result)["epoch"] == 4
    assert signal.getsignal(number) is before
    assert run(tmp_path, resume="auto").epoch == 6


def test_a_second_signal_leaves_at_once(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, observers=[Signals(5, signal.SIGINT, signal.SIGINT)])
    assert training_checkpoint.read(tmp_path / "toy" / "nn" / "last.pth")["epoch"] <= 4
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, resume="auto", observers=[Signals(5, signal.SIGTERM, signal.SIGTERM)])
    assert ended.value.code == 143


def test_a_signal_before_there_is_anything_to_save_leaves_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), stopping(lambda name: False):
        os.kill(os.getpid(), signal.SIGINT)
