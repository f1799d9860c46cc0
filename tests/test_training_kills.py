"""Runs that are killed, and runs that are asked to stop."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from training_runs import content, run

from genesis_state.training import training_checkpoint
from genesis_state.training.observers.observer import Observer
from genesis_state.training.signals import stopping

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs fork and signals")

TESTS = Path(__file__).resolve().parent
SEED = 20_261_122


@pytest.mark.parametrize(
    ("kills", "kind"),
    [
        (4, "toy"),
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
        timeout=300,
    )
    assert ended.returncode == 0, f"seed {SEED}\n{ended.stderr}"
    found = json.loads(ended.stdout)
    print(found)
    assert found["kills"] == kills
    assert len(set(found["epochs"])) > kills // 4, "the kills came too early to show anything"
    assert found["last_epoch"] == 15 * kills
    assert found["differences"] == []
    assert found["scalars"] > 300 * kills
    assert found["same_scalars"]


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
