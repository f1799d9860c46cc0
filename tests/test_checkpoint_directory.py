"""Folders of checkpoints: names, rotation, the newest and the best, broken files, arguments."""

import math
import os
import random
import shutil
import threading
from pathlib import Path
from typing import Any, Literal

import pytest
from checkpoint_content import SUFFIXES
from checkpoint_process import run
from checkpoint_source import Source, assert_exact

from genesis_state.checkpoint import Directory, flush, read, submit, write

SIZE = 1 << 8


def save(directory: Directory, *steps: int, block: bool = True, **more: Any) -> None:
    for step in steps:
        directory.save(Source(t=step, size=SIZE), block=block, **more)
    flush()


def steps(directory: Directory) -> list[int]:
    """Those that stand there, each exact."""
    return [assert_exact(path, SIZE) for path in directory.paths()]


def damage(path: Path) -> Path:
    """Turns one bit of an array."""
    data = bytearray(path.read_bytes())
    at = data.index(read(path).arrays["S.pos"].tobytes())
    data[at + 7] ^= 4
    path.write_bytes(data)
    return path


# Saving


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("block", [True, False], ids=["foreground", "background"])
def test_files_are_named_by_step_and_the_last_are_kept(
    suffix: str, block: bool, tmp_path: Path
) -> None:
    directory = Directory(tmp_path / "runs" / "a", suffix=suffix)
    save(directory, *range(0, 60, 10), block=block)
    assert os.listdir(tmp_path) == ["runs"]
    assert [path.name for path in directory.paths()] == [
        f"step_0000000000{step}{suffix}" for step in (30, 40, 50)
    ]
    assert steps(directory) == [30, 40, 50]
    assert len(os.listdir(directory.path)) == 3
    assert directory.latest() == directory.paths()[-1]
    assert directory.broken == {}


def test_the_handle_says_when_the_file_is_complete(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    saved = directory.save(Source(t=1))
    assert saved.done()
    assert saved.path == directory.path / "step_000000000001.safetensors"
    go = threading.Event()
    submit("gate", lambda: go.wait(30))
    saving = directory.save(Source(t=2), block=False)
    assert not saving.done()
    assert directory.latest() == saved.path
    go.set()
    saving.wait()
    assert directory.latest() == saving.path
    flush()


def test_step_score_and_metadata_are_the_callers(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    given = {"name": "run"}
    directory.save(Source(t=5), step=70, score=0.5, metadata=given)
    (path,) = directory.paths()
    assert path.name == "step_000000000070.safetensors"
    found = read(path)
    assert found.step_index == 5
    assert found.manifest["metadata"] == {"name": "run", "score": 0.5}
    assert given == {"name": "run"}
    directory.save(Source(t=6), step=70)
    assert directory.paths() == [path]
    assert read(path).manifest["metadata"] == {}


def test_a_save_in_the_foreground_comes_after_those_in_flight(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    go = threading.Event()
    submit("gate", lambda: go.wait(30))
    directory.save(Source(t=1, size=SIZE), step=9, block=False)
    threading.Timer(0.05, go.set).start()
    directory.save(Source(t=2, size=SIZE), step=9)
    flush()
    assert steps(directory) == [2]


def test_long_steps_sort_as_numbers(tmp_path: Path) -> None:
    directory = Directory(tmp_path, keep_last=None)
    wanted = [0, 999_999_999_999, 10**12, 2**63 - 1]
    for step in reversed(wanted):
        directory.save(Source(size=SIZE), step=step)
    assert [int(path.stem[5:]) for path in directory.paths()] == wanted


def test_the_folder_stays_the_same_when_the_process_changes_its_own(
    tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    directory = Directory("runs")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    save(directory, 1, block=False)
    assert directory.path == tmp_path / "runs"
    assert steps(directory) == [1]


# Rotation


@pytest.mark.parametrize("block", [True, False], ids=["foreground", "background"])
def test_a_file_is_kept_if_any_rule_keeps_it(block: bool, tmp_path: Path) -> None:
    rng = random.Random(0)
    directory = Directory(tmp_path, keep_last=2, keep_every=7, keep_best=3)
    scores: dict[int, float] = {}
    for step in range(40):
        score = rng.choice([None, rng.random()])
        if score is not None:
            scores[step] = score
        save(directory, step, score=score, block=block)
    # A best one of the moment may have been kept in its time, not one that never was one.
    best = sorted(scores, key=lambda step: scores[step])[-3:]
    assert steps(directory) == sorted({38, 39, *range(0, 40, 7), *best})
    found = directory.best()
    assert found is not None and assert_exact(found, SIZE) == best[-1]


def test_best_is_by_mode_and_the_later_of_equals(tmp_path: Path) -> None:
    modes: list[tuple[Literal["max", "min"], int]] = [("max", 3), ("min", 4)]
    for mode, wanted in modes:
        directory = Directory(tmp_path, keep_last=None, mode=mode)
        for step, score in enumerate([0, 1.5, -2, 1.5, -2, None]):
            save(directory, step, score=score)
        found = directory.best()
        assert found is not None and assert_exact(found, SIZE) == wanted


def test_without_a_score_there_is_no_best(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    assert directory.best() is None
    assert directory.latest() is None
    save(directory, 1)
    assert directory.best() is None
    odd = {"score": [1]}, {"score": True}, {"score": math.inf}, {"score": "1"}, {"score": 10**400}
    for n, metadata in enumerate(odd):  # not saved by a Directory
        file = tmp_path / f"step_{n:012d}.safetensors"
        manifest = {"metadata": metadata if n < 4 else {}, "score": 1}
        write(file, {}, step_index=0, manifest=manifest)
    assert directory.best() is None


def test_what_is_not_named_so_is_not_touched(tmp_path: Path) -> None:
    names = [
        *("step_1.safetensors", "step_0000000000001.safetensors", "step_000000000001.pkl"),
        *("step_000000000001.safetensors.bak", "a.safetensors", ".step_000000000001.safetensors"),
        "step_00000000000١.safetensors",
    ]
    for name in names:
        (tmp_path / name).write_text("mine")
    (tmp_path / "step_000000000000.safetensors").mkdir()
    directory = Directory(tmp_path, keep_last=1)
    save(directory, 5, 6, 7)
    assert steps(directory) == [7]
    assert len(os.listdir(tmp_path)) == len(names) + 2
    assert directory.broken == {}


def test_broken_files_are_not_counted_and_not_removed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    directory = Directory(tmp_path, keep_last=None)
    save(directory, 1, 2, 3, score=1)
    save(directory, 4, score=9)
    paths = directory.paths()
    damage(paths[3])
    paths[2].write_bytes(paths[2].read_bytes()[:-1])
    paths[0].write_bytes(b"")

    directory = Directory(tmp_path, keep_last=1, keep_best=1)
    assert directory.latest() == paths[1]
    assert directory.best() == paths[1]
    save(directory, 5, 6)
    assert directory.paths() == [
        paths[0],
        *paths[1:4],
        tmp_path / "step_000000000006.safetensors",
    ]
    assert list(directory.broken) == [paths[0], paths[2], paths[3]]
    assert "damaged: block 0 of S.pos has checksum" in directory.broken[paths[3]]
    assert "is cut short or damaged" in directory.broken[paths[2]]
    assert all(str(path) in why for path, why in directory.broken.items())
    warned = [line for line in caplog.messages if line.startswith("a broken checkpoint is passed")]
    assert len(warned) == 3  # each once

    paths[3].unlink()
    save(Directory(tmp_path), 3)
    assert assert_exact(paths[2], SIZE) == 3
    assert directory.latest() is not None
    assert list(directory.broken) == [paths[0]]


def test_nothing_whole_is_removed_before_a_newer_one_is_whole(tmp_path: Path) -> None:
    """As when the disk takes what it is given and gives back something else."""
    directory = Directory(tmp_path, keep_last=1)

    class Spoiled(Source):
        def save_checkpoint(self, path: Any, *args: Any, **more: Any) -> None:
            super().save_checkpoint(path, *args, **more)
            damage(Path(path))

    save(directory, 1)
    for step in (2, 3):
        directory.save(Spoiled(t=step, size=SIZE))
    assert [int(path.stem[5:]) for path in directory.paths()] == [1, 2, 3]
    found = directory.latest()
    assert found is not None and assert_exact(found, SIZE) == 1
    save(directory, 4)
    assert [int(path.stem[5:]) for path in directory.paths()] == [2, 3, 4]


def test_what_was_saved_last_stays_among_later_steps(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(Directory(tmp_path), 100, 110, 120)
    directory = Directory(tmp_path)
    save(directory, 50)
    assert steps(directory) == [50, 100, 110, 120]
    assert "step_000000000050.safetensors: later steps stand in its folder" in caplog.text
    save(directory, 60, block=False)
    assert steps(directory) == [60, 100, 110, 120]
    saving = directory.save(Source(t=70), block=False, metadata={"bad": object()})
    assert isinstance(saving.exception(), TypeError)
    flush()
    assert steps(directory) == [60, 100, 110, 120]


def test_what_cannot_be_removed_is_a_warning(
    tmp_path: Path, monkeypatch, caplog: pytest.LogCaptureFixture
) -> None:
    directory = Directory(tmp_path, keep_last=1)

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        save(directory, 1, 2)
    assert "old checkpoints could not be removed: [Errno 13] Permission denied" in caplog.text
    assert steps(directory) == [1, 2]
    save(directory, 3)
    assert steps(directory) == [3]


def test_a_failed_save_removes_nothing_and_is_raised_by_the_next(tmp_path: Path) -> None:
    directory = Directory(tmp_path, keep_last=1)
    save(directory, 1)
    with pytest.raises(TypeError, match=r"manifest\.metadata\.bad"):
        directory.save(Source(t=2), metadata={"bad": object()})
    saving = directory.save(Source(t=3), metadata={"bad": object()}, block=False)
    while not saving.done():
        pass
    with pytest.raises(RuntimeError, match=r"step_0+3\.safe.*saved nothing to .*step_0+4\.safe"):
        directory.save(Source(t=4), block=False)
    flush()
    assert steps(directory) == [1]
    assert len(os.listdir(tmp_path)) == 1


def test_it_sweeps_leftovers_of_its_own(tmp_path: Path) -> None:
    def leave(name: str) -> Path:
        path = tmp_path / f".{name}.0123456789abcdef.tmp"
        path.write_text("part")
        return path

    own, other = leave("step_000000000009.safetensors"), leave("other.safetensors")
    directory = Directory(tmp_path)
    directory.latest()
    assert own.exists()  # one that only looks changes nothing
    save(directory, 1)
    assert not own.exists()
    assert other.exists()


# Looking


def test_what_was_verified_is_not_read_again(tmp_path: Path, monkeypatch) -> None:
    directory = Directory(tmp_path)
    save(directory, 1, 2, score=1)
    newest = directory.latest()
    assert newest is not None
    opened: list[Path] = []
    from genesis_state.checkpoint import inspection

    real = inspection.open_checkpoint
    monkeypatch.setattr(inspection, "open_checkpoint", lambda p: opened.append(p) or real(p))
    assert directory.latest() == directory.best() == newest
    assert newest not in opened
    damage(newest)
    assert directory.latest() != newest
    assert newest in opened
    shutil.copy(directory.paths()[0], newest)
    assert directory.latest() == newest


def test_a_file_that_cannot_be_read_now_is_asked_again(tmp_path: Path, monkeypatch) -> None:
    from genesis_state.checkpoint import inspection

    directory = Directory(tmp_path)
    save(directory, 1)

    def refuse(path: Path) -> Any:
        raise OSError(5, "Input/output error", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(inspection, "open_checkpoint", refuse)
        assert directory.latest() is None
        assert list(directory.broken.values()) == [f"{directory.paths()[0]}: Input/output error"]
    assert directory.latest() == directory.paths()[0]
    assert directory.broken == {}


def test_processes_may_look_while_one_saves(tmp_path: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from checkpoint_source import Source, assert_exact
        from genesis_state.checkpoint import Directory
        directory = Directory(sys.argv[1], keep_last=1)
        print("ready", flush=True)
        seen = -1
        while seen < 149:
            path = directory.latest()
            if path is not None:
                found = int(path.stem[5:])
                assert found >= seen, (found, seen)
                seen = found
            best = directory.best()
            assert seen < 0 or best is not None
            assert directory.broken == {}
    """
    ended = []
    lookers = [threading.Thread(target=lambda: ended.append(run(code, tmp_path))) for _ in range(2)]
    for looker in lookers:
        looker.start()
    directory = Directory(tmp_path, keep_last=1)
    for step in range(150):
        directory.save(Source(t=step), score=step, block=step % 2 == 0)
    flush()
    for looker in lookers:
        looker.join()
    assert [(end.returncode, end.stderr) for end in ended] == [(0, "")] * 2


# Arguments


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"keep_last": 0}, ValueError, "keep_last: 0, needs to be 1 or more; pass None to keep"),
        ({"keep_every": -5}, ValueError, "keep_every: -5, needs to be 1 or more; pass None to"),
        ({"keep_best": 1.5}, TypeError, "keep_best: a float, needs an int; pass None to have no"),
        ({"keep_last": True}, TypeError, "keep_last: a bool, needs an int"),
        ({"mode": "best"}, ValueError, 'mode: \'best\', needs "max" or "min"'),
        ({"suffix": "pkl"}, ValueError, "suffix: 'pkl', needs one of .pkl, .safetensors, .npz."),
    ],
)
def test_what_is_no_rule_is_refused(
    more: dict[str, Any], error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error) as caught:
        Directory(tmp_path / "new", **more)
    assert str(caught.value).startswith(message)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("more", "error", "message"),
    [
        ({"step": -1}, ValueError, "step: -1, needs 0 or more"),
        ({"step": 2**63}, ValueError, "step: 9223372036854775808, needs 0 or more"),
        ({"step": 1.0}, TypeError, "step: a float, needs an int"),
        ({"score": math.nan}, ValueError, "score: nan, needs a finite number; pass None"),
        ({"score": "1"}, TypeError, "score: a str, needs a number; pass a float"),
        ({"score": [1]}, TypeError, "score: a list, needs a number"),
        ({"metadata": 3}, TypeError, "metadata: a int, needs a dict"),
        ({"metadata": {"score": 1}}, ValueError, 'metadata: has a "score" of its own'),
    ],
)
def test_what_cannot_be_saved_is_refused(
    more: dict[str, Any], error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error) as caught:
        Directory(tmp_path).save(Source(), **more)
    assert str(caught.value).startswith(message)
    assert os.listdir(tmp_path) == []


def test_what_is_no_scene_is_refused(tmp_path: Path) -> None:
    nothing: Any = {}
    with pytest.raises(TypeError, match="source: a dict, needs a Scene or anything else with t"):
        Directory(tmp_path).save(nothing)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(NotADirectoryError, match="is a file, needs to be a folder"):
        Directory(tmp_path / "a")


def test_repr_says_the_rules(tmp_path: Path) -> None:
    assert repr(Directory(tmp_path, keep_best=2, mode="min")) == (
        f"Directory({str(tmp_path)!r}, keep_last=3, keep_every=None, keep_best=2, mode='min', "
        "suffix='.safetensors')"
    )
