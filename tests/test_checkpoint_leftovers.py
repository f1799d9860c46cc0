"""Temporary files of processes that were killed: removed when nobody holds them, others never."""

import os
import signal
import threading
from pathlib import Path

import pytest
from checkpoint_process import run

from genesis_state.checkpoint import leftovers
from genesis_state.checkpoint.atomic import replacing
from genesis_state.checkpoint.leftovers import sweep

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs flock")

HEX = "0123456789abcdef"


def leave(folder: Path, target: str, number: int = 0) -> Path:
    """What a killed save to `target` leaves."""
    path = folder / f".{target}.{number:016x}.tmp"
    path.write_bytes(b"part")
    return path


def test_the_next_save_to_a_file_removes_its_leftovers_only(tmp_path: Path) -> None:
    own = [leave(tmp_path, "a.pkl", n) for n in range(3)]
    others = [leave(tmp_path, name) for name in ("b.pkl", "aa.pkl", "apkl", "a.pkl.npz")]
    with replacing(tmp_path / "a.pkl") as stream:
        assert not any(path.exists() for path in own)  # before the disk has to take more
        stream.write(b"new")
    assert all(path.read_bytes() == b"part" for path in others)
    assert (tmp_path / "a.pkl").read_bytes() == b"new"


def test_what_is_not_named_so_stays(tmp_path: Path) -> None:
    names = [
        *("a.pkl", f"a.pkl.{HEX}.tmp", f".a.pkl.{HEX}", f".a.pkl.{HEX[1:]}.tmp", f".{HEX}.tmp"),
        *(f".a.pkl.{HEX.upper()}.tmp", f".a.pkl.{HEX}0.tmp", f".a.pkl.{HEX}.tmp~"),
    ]
    for name in names:
        (tmp_path / name).write_text("mine")
    assert sweep(tmp_path) == []
    assert sorted(os.listdir(tmp_path)) == sorted(names)


def test_what_is_no_file_of_ones_own_stays(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / f".a.{HEX}.tmp").symlink_to("mine")
    (tmp_path / f".b.{HEX}.tmp").mkdir()
    os.mkfifo(tmp_path / f".c.{HEX}.tmp")
    before = sorted(os.listdir(tmp_path))
    assert sweep(tmp_path) == []
    assert sorted(os.listdir(tmp_path)) == before
    left = leave(tmp_path, "d")
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        assert sweep(tmp_path) == []
    assert sweep(tmp_path) == [left]


def test_a_pattern_is_of_the_targets_whole_name(tmp_path: Path) -> None:
    paths = [leave(tmp_path, name) for name in ("step_1.pkl", "step_22.pkl", "step_1.npz")]
    assert sweep(tmp_path, r"step_[0-9]\.pkl") == paths[:1]
    assert sorted(sweep(tmp_path)) == sorted(paths[1:])


def test_what_is_being_written_stays(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.pkl") as first:
        first.write(b"first")
        with replacing(tmp_path / "a.pkl") as second:  # which sweeps
            second.write(b"second")
            assert sweep(tmp_path) == []
            code = "import sys; from genesis_state.checkpoint.leftovers import sweep\n"
            seen = run(code + "print(sweep(sys.argv[1]))", tmp_path)
            assert seen.stdout == "[]\n", seen.stderr
        assert (tmp_path / "a.pkl").read_bytes() == b"second"
    assert (tmp_path / "a.pkl").read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["a.pkl"]


def test_a_save_whose_file_is_swept_before_it_is_held_makes_another(
    tmp_path: Path, monkeypatch
) -> None:
    """The other order, in which the sweep holds it already, is the same to the save."""
    swept: list[Path] = []
    flock = leftovers.fcntl.flock

    def late(stream, how: int) -> None:
        if not swept and not isinstance(stream, int):
            monkeypatch.setattr(leftovers.fcntl, "flock", flock)
            swept.extend(sweep(tmp_path))
        flock(stream, how)

    monkeypatch.setattr(leftovers.fcntl, "flock", late)
    with replacing(tmp_path / "a.pkl") as stream:
        stream.write(b"new")
    assert len(swept) == 1
    assert (tmp_path / "a.pkl").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a.pkl"]


def test_a_file_system_without_locks_saves_and_sweeps_nothing(tmp_path: Path, monkeypatch) -> None:
    def none(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(leftovers.fcntl, "flock", none)
    left = leave(tmp_path, "a.pkl")
    with replacing(tmp_path / "a.pkl") as stream:
        stream.write(b"new")
    assert sorted(os.listdir(tmp_path)) == [left.name, "a.pkl"]


def test_saves_and_sweeps_at_once_lose_nothing(tmp_path: Path) -> None:
    stop = threading.Event()

    def sweeps() -> None:
        while not stop.is_set():
            sweep(tmp_path)

    threads = [threading.Thread(target=sweeps) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for n in range(300):
            with replacing(tmp_path / f"{n % 3}.pkl") as stream:
                stream.write(b"%d" % n)
            assert (tmp_path / f"{n % 3}.pkl").read_bytes() == b"%d" % n
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert sorted(os.listdir(tmp_path)) == ["0.pkl", "1.pkl", "2.pkl"]


def test_a_killed_save_leaves_one_hidden_file_and_the_next_removes_it(tmp_path: Path) -> None:
    code = """
        import os, sys
        from genesis_state.checkpoint.atomic import replacing
        with replacing(sys.argv[1]) as stream:
            stream.write(b"part")
            stream.flush()
            os.kill(os.getpid(), 9)
    """
    path = tmp_path / "a.pkl"
    assert run(code, path).returncode == -signal.SIGKILL
    (left,) = os.listdir(tmp_path)
    assert left.startswith(".a.pkl.") and left.endswith(".tmp")
    with replacing(path) as stream:
        stream.write(b"new")
    assert os.listdir(tmp_path) == ["a.pkl"]
