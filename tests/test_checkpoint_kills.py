"""Saves that are killed or interrupted: the newest complete file is there, whole, and is found."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from checkpoint_content import SUFFIXES
from checkpoint_process import TESTS
from checkpoint_source import Source, assert_exact

from genesis_state.checkpoint import Directory, flush
from genesis_state.checkpoint.atomic import replacing

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs fork and signals")

SEED = 20_240_611


@pytest.mark.parametrize("kills", [30, pytest.param(300, marks=pytest.mark.slow)])
def test_a_kill_at_any_moment_loses_nothing_that_was_told(kills: int, tmp_path: Path) -> None:
    """What is looked at after each kill is in `checkpoint_victims.py`."""
    ended = subprocess.run(
        [
            sys.executable,
            str(TESTS / "checkpoint_victims.py"),
            str(tmp_path),
            str(SEED),
            str(kills),
        ],
        env=os.environ | {"PYTHONPATH": str(TESTS.parent)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, f"seed {SEED}\n{ended.stderr}"
    found = json.loads(ended.stdout)
    print(found)
    assert found["kills"] == kills
    # Kills that hit a file being written leave it; some must have, and later saves removed them.
    assert found["leftovers"] >= kills // 10
    assert 0 < found["swept"] <= found["leftovers"]
    assert found["told"] > 0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_interrupt_in_the_middle_of_a_write_leaves_the_old_file(
    suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"a{suffix}"
    Source(t=3).save_checkpoint(path)
    with pytest.raises(KeyboardInterrupt), replacing(path) as stream:
        stream.write(bytes(100_000))
        assert len(os.listdir(tmp_path)) == 2
        signal.raise_signal(signal.SIGINT)
        stream.write(bytes(100_000))
    assert os.listdir(tmp_path) == [path.name]
    assert assert_exact(path) == 3


# An interrupt in the middle of making a ZipFile leaves one that zipfile cannot take down.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupts_at_any_moment_leave_a_whole_file_and_nothing_else(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    source = Source()
    directory = Directory(tmp_path / "runs", keep_last=1)
    saves: list[Callable[[], object]] = [
        lambda: source.save_checkpoint(tmp_path / "a.npz"),
        lambda: directory.save(source),
    ]
    for save in saves:  # the first also makes what is made once
        save()
    begin = time.perf_counter()
    for save in saves:
        save()
    longest = (time.perf_counter() - begin) / 2

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    hits = 0
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for n in range(1, 101):
            source.t = n
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(longest / 100, longest))
                saves[n % 2]()
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                hits += 1
            flush()
            assert sorted(os.listdir(tmp_path)) == ["a.npz", "runs"], f"seed {SEED}, round {n}"
            assert all(name[0] != "." for name in os.listdir(directory.path))
            for path in (tmp_path / "a.npz", *directory.paths()):
                assert_exact(path)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert hits > 20
    source.t = 1000
    saves[1]()
    assert [assert_exact(path) for path in directory.paths()] == [1000]
