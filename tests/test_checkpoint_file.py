"""The checkpoint file in every format: round trips, damaged files, atomic writing."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_content import (
    FOUND,
    SUFFIXES,
    arrays,
    assert_same,
    assert_same_checkpoint,
    save,
)

from genesis_state.checkpoint import differences, read, write
from genesis_state.checkpoint.content import MAX_ARRAYS, MAX_VALUES

DTYPES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")


@pytest.fixture(params=SUFFIXES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of each format, in a folder of its own."""
    return tmp_path / f"a{request.param}"


# Round trips


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (5,), (2, 3, 4)], ids=str)
def test_every_dtype_and_shape_comes_back(dtype: str, shape: tuple[int, ...], path: Path) -> None:
    array = (np.arange(np.prod(shape, dtype=int)) % 2).astype(dtype).reshape(shape)
    write(path, {"Solver.x": array}, step_index=0, manifest={})
    found = read(path).arrays
    assert_same(found, {"Solver.x": array})
    assert found["Solver.x"].flags.c_contiguous
    assert found["Solver.x"].flags.writeable


def test_all_parts_come_back(path: Path) -> None:
    before = time.time()
    save(path)
    checkpoint = read(path)
    assert_same(checkpoint.arrays, arrays())
    assert checkpoint.path == path
    assert checkpoint.step_index == 7
    assert before <= checkpoint.timestamp <= time.time()
    assert checkpoint.manifest == FOUND


def test_special_floats_keep_their_bits(path: Path) -> None:
    bits = np.array([0x7FC00001, 0xFFC12345, 0x80000000, 0x7F800000, 1], dtype=np.uint32)
    write(path, {"S.x": bits.view(np.float32)}, step_index=0, manifest={})
    assert (read(path).arrays["S.x"].view(np.uint32) == bits).all()


def test_order_and_byte_order_become_native(path: Path) -> None:
    array = np.asfortranarray(np.arange(6, dtype=">f8").reshape(2, 3))
    write(path, {"S.x": array[:, ::2]}, step_index=0, manifest={})
    assert_same(read(path).arrays, {"S.x": array[:, ::2].astype("f8", order="C")})


def test_the_largest_checkpoint_that_can_be_written_can_be_read(path: Path) -> None:
    many = {f"S.{i}": np.full(i % 3, i, np.int16) for i in range(MAX_ARRAYS)}
    manifest = {"all": list(range(2**40, 2**40 + MAX_VALUES - 3))}
    write(path, many, step_index=0, manifest=manifest)
    assert read(path).manifest["all"] == manifest["all"]


# What cannot be written


def deep(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("given", "manifest", "step_index", "error", "message"),
    [
        ({"S.x": np.array([{}])}, {}, 0, TypeError, "S.x: dtype object, a checkpoint holds"),
        ({"S.x": np.zeros(2, "c8")}, {}, 0, TypeError, "S.x: dtype complex64"),
        ({"S.x": np.array(["a"])}, {}, 0, TypeError, "S.x: dtype <U1"),
        ({"S.x": [1.0]}, {}, 0, TypeError, "S.x: a list, needs a NumPy array"),
        ({3: np.zeros(2)}, {}, 0, TypeError, "array name 3: a int, needs a str"),
        ({}, {"a": {"b": print}}, 0, TypeError, "manifest.a.b: a builtin_function_or_method"),
        ({}, {"a": {1: 2}}, 0, TypeError, "manifest.a: key 1, a manifest's keys are str"),
        ({}, {"a": deep(100)}, 0, ValueError, "nested deeper than"),
        ({}, {"a": 1 << 300}, 0, ValueError, "manifest.a: an integer of 301 bits"),
        ({}, {"a": [0] * 100_000}, 0, ValueError, "keep large data in arrays"),
        ({}, {"a": "x" * 2_100_000}, 0, ValueError, "keep large data in arrays"),
        ({}, {}, -1, ValueError, "step_index: -1, needs a count"),
        ({}, {}, 2**63, ValueError, "needs a count"),
        (
            {"a/b": np.zeros(2)},
            {},
            0,
            ValueError,
            "array name 'a/b': needs 1 to 200 bytes of printable",
        ),
        ({"": np.zeros(2)}, {}, 0, ValueError, "array name ''"),
        ({"\ud800": np.zeros(2)}, {}, 0, ValueError, "rename it"),
        ({"checkpoint": np.zeros(2)}, {}, 0, ValueError, "and none of checkpoint"),
        ({"µ" * 101: np.zeros(2)}, {}, 0, ValueError, "needs 1 to 200"),
    ],
)
def test_what_is_no_checkpoint_is_not_written(
    given: Any,
    manifest: Any,
    step_index: int,
    error: type[Exception],
    message: str,
    path: Path,
    tmp_path,
) -> None:
    with pytest.raises(error) as caught:
        write(path, given, step_index=step_index, manifest=manifest)
    assert message in str(caught.value)
    assert list(path.parent.iterdir()) == []


# Damaged files


def test_every_truncation_is_refused(path: Path) -> None:
    data = save(path)
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(ValueError, match=re.escape(f"{path}: ")):
            read(path)


def test_a_flipped_bit_is_refused_or_changes_nothing(path: Path) -> None:
    """Some bytes say nothing, such as a frame's size or a zip's date; all others are noticed."""
    data = save(path)
    whole = read(path)
    refused = 0
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << at % 7
        path.write_bytes(damaged)
        try:
            found = read(path)
        except ValueError:
            refused += 1
            continue
        assert_same_checkpoint(found, whole)
    assert refused > 0.8 * len(data)


def test_damaged_array_is_named(path: Path) -> None:
    data = save(path)
    at = data.index(arrays()["RigidSolver.qpos"].tobytes()) + 5
    path.write_bytes(data[:at] + b"\xff" + data[at + 1 :])
    with pytest.raises(ValueError) as caught:
        read(path)
    assert re.fullmatch(
        re.escape(f"{path}: damaged: block 0 of RigidSolver.qpos has checksum ")
        + "[0-9a-f]{16}, was saved with [0-9a-f]{16}; take another copy.",
        str(caught.value),
    )


# Files and folders


@pytest.mark.parametrize("name", ["a.npy", "a", "a.pkl.tmp", "a.PKL"])
def test_unknown_suffix_is_refused(name: str, tmp_path) -> None:
    wanted = f"{tmp_path / name}: suffix {Path(name).suffix!r}, a checkpoint's is .pkl, .safe"
    for attempt in (lambda p: read(p), lambda p: write(p, {}, step_index=0, manifest={})):
        with pytest.raises(ValueError) as caught:
            attempt(tmp_path / name)
        assert str(caught.value).startswith(wanted)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_file_is_refused(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.pkl")
    (tmp_path / "folder.pkl").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        read(tmp_path / "folder.pkl")
    os.mkfifo(tmp_path / "pipe.pkl")
    with pytest.raises(OSError, match="not a regular file"):
        read(tmp_path / "pipe.pkl")


def test_missing_folder_is_named(tmp_path) -> None:
    path = tmp_path / "none" / "a.pkl"
    with pytest.raises(FileNotFoundError) as caught:
        write(path, arrays(), step_index=0, manifest={})
    assert str(caught.value).startswith(f"{path}: the folder {path.parent} does not exist")


@pytest.mark.parametrize("call", ["replace", "fsync"])
@pytest.mark.parametrize(
    "failure", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "stop"]
)
def test_failed_save_leaves_the_old_file(
    call: str, failure: BaseException, path: Path, tmp_path, monkeypatch
) -> None:
    old = save(path)

    def fail(*_: Any) -> None:
        raise failure

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(type(failure)) as caught:
        write(path, {"S.x": np.zeros(3)}, step_index=1, manifest={})
    assert os.listdir(tmp_path) == [path.name]
    assert path.read_bytes() == old
    if isinstance(caught.value, OSError):
        assert caught.value.errno == 28
        assert "nothing was saved and what stood there is as it was: No space left" in str(
            caught.value
        )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_disk_is_one_error(path: Path, tmp_path, monkeypatch) -> None:
    real_open = open

    def full(path: Any, mode: str) -> Any:
        real_open(path, mode).close()
        return real_open("/dev/full", "wb")

    monkeypatch.setattr("builtins.open", full)
    with pytest.raises(OSError, match="nothing was saved"):
        write(path, {"S.x": np.zeros(100_000)}, step_index=1, manifest={})
    assert os.listdir(tmp_path) == []


def test_a_killed_writer_leaves_the_old_file(path: Path) -> None:
    old = save(path)
    code = (
        "import os, sys, signal, numpy as np\n"
        "from genesis_state.checkpoint import write\n"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write(sys.argv[1], {'S.x': np.zeros(9)}, step_index=1, manifest={})\n"
    )
    run = subprocess.run([sys.executable, "-c", code, path])
    assert run.returncode == -9
    assert path.read_bytes() == old


def test_a_link_stays_a_link_and_permissions_are_the_users(tmp_path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "a.pkl").symlink_to(Path("runs") / "real.pkl")
    before = os.umask(0o027)
    try:
        save(tmp_path / "a.pkl")
    finally:
        os.umask(before)
    assert (tmp_path / "a.pkl").is_symlink()
    assert (tmp_path / "runs" / "real.pkl").stat().st_mode & 0o777 == 0o640
    assert read(tmp_path / "a.pkl").step_index == 7


# Signatures


def test_equal_signatures_do_not_differ() -> None:
    wanted = {"dt": 0.01, "shape": (1, 2), "n": 1, "nan": float("nan"), "deep": {"a": [(1,)]}}
    found = {"dt": 0.01, "shape": [1, 2], "n": 1.0, "nan": float("nan"), "deep": {"a": [[1]]}}
    assert differences(found, wanted) == []


def test_every_difference_is_one_sentence() -> None:
    found = {"dt": 0.02, "joints": 9, "extra": "x" * 200, "flag": 1}
    wanted = {"dt": 0.01, "links": ["a"], "joints": 9, "flag": True}
    assert differences(found, wanted) == [
        "dt: the checkpoint has 0.02, the scene has 0.01.",
        "links: the checkpoint lacks it, the scene has ['a'].",
        "flag: the checkpoint has 1, the scene has True.",
        "extra: the checkpoint has '" + "x" * 78 + "…, the scene lacks it.",
    ]
