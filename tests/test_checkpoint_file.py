"""The checkpoint file: round trips, hostile and damaged files, atomic writing."""

import itertools
import os
import pickle
import struct
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genesis_state.checkpoint import differences, read, write
from genesis_state.checkpoint.content import MAX_ARRAYS, MAX_VALUES

DTYPES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
MANIFEST = {
    "version": "0.1.0",
    "dt": 0.01,
    "large": 2**64 - 1,
    "negative": -(2**70),
    "nothing": None,
    "flags": [True, False],
    "text": "µ ×",
    "nested": {"a": [1, [2, {"b": 3.5}]], "empty": {}},
}


def arrays() -> dict[str, np.ndarray]:
    return {
        "RigidSolver.qpos": np.arange(12, dtype=np.float32).reshape(4, 3),
        "RigidSolver.awake": np.array([True, False, True, True]),
        "Scene.envs_t": np.arange(4, dtype=np.int32),
    }


def save(path: Path) -> bytes:
    write(path, arrays(), step_index=7, manifest=MANIFEST)
    return path.read_bytes()


def assert_same(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    assert list(found) == list(wanted)
    for name, array in wanted.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


# Round trips


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (5,), (2, 3, 4)], ids=str)
def test_every_dtype_and_shape_comes_back(dtype: str, shape: tuple[int, ...], tmp_path) -> None:
    array = (np.arange(np.prod(shape, dtype=int)) % 2).astype(dtype).reshape(shape)
    write(tmp_path / "a.pkl", {"Solver.x": array}, step_index=0, manifest={})
    found = read(tmp_path / "a.pkl").arrays
    assert_same(found, {"Solver.x": array})
    assert found["Solver.x"].flags.c_contiguous
    assert found["Solver.x"].flags.writeable


def test_all_parts_come_back(tmp_path) -> None:
    before = time.time()
    save(tmp_path / "a.pkl")
    checkpoint = read(tmp_path / "a.pkl")
    assert_same(checkpoint.arrays, arrays())
    assert checkpoint.path == tmp_path / "a.pkl"
    assert checkpoint.step_index == 7
    assert before <= checkpoint.timestamp <= time.time()
    assert checkpoint.manifest == MANIFEST


def test_special_floats_keep_their_bits(tmp_path) -> None:
    bits = np.array([0x7FC00001, 0xFFC12345, 0x80000000, 0x7F800000, 1], dtype=np.uint32)
    write(tmp_path / "a.pkl", {"S.x": bits.view(np.float32)}, step_index=0, manifest={})
    assert (read(tmp_path / "a.pkl").arrays["S.x"].view(np.uint32) == bits).all()


def test_order_and_byte_order_become_native(tmp_path) -> None:
    array = np.asfortranarray(np.arange(6, dtype=">f8").reshape(2, 3))
    write(tmp_path / "a.pkl", {"S.x": array[:, ::2]}, step_index=0, manifest={})
    assert_same(read(tmp_path / "a.pkl").arrays, {"S.x": array[:, ::2].astype("f8", order="C")})


def test_plain_pickle_opens_it_with_numpy_alone(tmp_path) -> None:
    save(tmp_path / "a.pkl")
    code = (
        "import pickle, sys\n"
        "content = pickle.load(open(sys.argv[1], 'rb'))\n"
        "assert set(content) == {'timestamp', 'step_index', 'arrays', 'manifest'}\n"
        "assert content['arrays']['RigidSolver.qpos'].sum() == 66\n"
        "assert 'genesis_state' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-I", "-c", code, tmp_path / "a.pkl"], check=True)


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("old_numpy", [False, True])
def test_a_dict_pickled_by_hand_is_read(protocol: int, old_numpy: bool, tmp_path) -> None:
    wanted = arrays() | {"S.turned": np.asfortranarray(np.arange(6.0).reshape(2, 3))}
    wanted["S.same"] = wanted["S.turned"]
    content = {"timestamp": np.float64(1.5), "step_index": np.int64(3), "arrays": wanted}
    data = pickle.dumps(content, protocol=protocol)
    if old_numpy and protocol == 3:  # where the name's length is not written down
        data = data.replace(b"numpy._core.", b"numpy.core.")
    (tmp_path / "a.pkl").write_bytes(data)
    found = read(tmp_path / "a.pkl")
    assert (found.timestamp, found.step_index, found.manifest) == (1.5, 3, {})
    wanted["S.same"] = wanted["S.turned"] = wanted["S.turned"].copy(order="C")
    assert_same(found.arrays, wanted)


def test_the_largest_checkpoint_that_can_be_written_can_be_read(tmp_path) -> None:
    many = {f"S.{i}": np.full(i % 3, i, np.int16) for i in range(MAX_ARRAYS)}
    manifest = {"all": list(range(2**40, 2**40 + MAX_VALUES - 3))}
    write(tmp_path / "a.pkl", many, step_index=0, manifest=manifest)
    assert read(tmp_path / "a.pkl").manifest == manifest


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
        ({}, {}, -1, ValueError, "step_index: -1, needs a count"),
    ],
)
def test_what_is_no_checkpoint_is_not_written(
    given: Any, manifest: Any, step_index: int, error: type[Exception], message: str, tmp_path
) -> None:
    with pytest.raises(error) as caught:
        write(tmp_path / "a.pkl", given, step_index=step_index, manifest=manifest)
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


# Files that must not be believed


class Reduced:
    """Pickles as a call."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call[0], self.call[1:]


def text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


def array_pickle(shape: bytes, dtype: str = "f4", payload: bytes = b"C\x04abcd") -> bytes:
    """An array whose shape is the opcodes given."""
    return (
        text("numpy._core.numeric") + text("_frombuffer") + b"\x93(" + payload
        + text("numpy") + text("dtype") + b"\x93" + text(dtype) + b"\x89\x88\x87R"
        + shape + text("C") + b"tR"
    )  # fmt: skip


def holding(value: bytes) -> bytes:
    """A checkpoint with one array, the opcodes given."""
    head = b"\x80\x05}(" + text("timestamp") + b"K\x00" + text("step_index") + b"K\x00"
    return head + text("arrays") + b"}" + text("S.x") + value + b"su."


def laughs() -> bytes:
    """A list of ten of a list of ten of …"""
    levels = b"]\x94" + b"".join(b"](" + b"h" + bytes([i]) + b"h" + bytes([i]) * 1 + b"e\x94"
                                 for i in range(40))  # fmt: skip
    return b"\x80\x05" + levels + b"."


def setstate_pickle() -> bytes:
    """`_reconstruct` followed by a state with a huge shape and no bytes."""
    return (
        b"\x80\x05cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
        b"(K\x01J\xff\xff\xff\x7f\x85cnumpy\ndtype\n\x8c\x02f8\x89\x88\x87R\x89C\x00tb."
    )


HOSTILE = {
    "runs a command": (pickle.dumps(Reduced(os.system, "echo owned > owned")), "posix.system"),
    "runs code": (pickle.dumps(Reduced(eval, "1"), protocol=2), "__builtin__.eval"),
    "opens a file": (pickle.dumps(Reduced(np.fromfile, "/etc/passwd")), "fromfile"),
    "allocates": (pickle.dumps(Reduced(np.zeros, (10**9,))), "zeros"),
    "bytearray": (pickle.dumps(Reduced(bytearray, 10**10)), "bytearray"),
    "memo bomb": (b"\x80\x04Nr\xff\xff\xff\x0f.", "holds a NoneType"),
    "memo bomb, text": (b"\x80\x04Np999999999\n.", "opcode b'p'"),
    "long text": (b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b".", "bytes wanted"),
    "long bytes": (b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b".", "bytes wanted"),
    "long bytearray": (b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".", "bytes wanted"),
    "long frame": (b"\x80\x05\x95" + struct.pack("<Q", 1 << 40) + b"N.", "bytes wanted"),
    "long integer": (b"\x80\x04\x8a\xff" + b"\xff" * 255 + b".", "integer of 255 bytes"),
    "longer integer": (b"\x80\x04\x8b" + struct.pack("<i", 2**31 - 1) + b".", "opcode"),
    "huge shape": (holding(array_pickle(b"J\xff\xff\xff\x7f\x85")), "has 4"),
    "huge state": (setstate_pickle(), "has 0"),
    "empty but huge": (holding(array_pickle(b"\x8a\x05\0\0\0\0\1K\0\x86")), "shape is none"),
    "negative shape": (holding(array_pickle(b"J\xff\xff\xff\xff\x85")), "shape is none"),
    "bool shape": (holding(array_pickle(b"\x88\x85")), "shape is none"),
    "short array": (holding(array_pickle(b"K\x02\x85")), "8 bytes has 4"),
    "object array": (holding(array_pickle(b"K\x01\x85", dtype="O8")), "dtype 'O8'"),
    "pickled object array": (pickle.dumps({"arrays": np.array([{}, None])}), "dtype 'O8'"),
    "record array": (pickle.dumps(np.zeros(2, [("a", "f4"), ("b", "i4")])), "dtype 'V8'"),
    "bool of two": (holding(array_pickle(b"K\x01\x85", "b1", b"C\x01\x02")), "neither 0 nor 1"),
    "array of text": (holding(array_pickle(b"K\x01\x85", payload=text("abcd"))), "without numbers"),
    "laughs": (laughs(), "stands in two places"),
    "cycle": (b"\x80\x04]\x94h\x00a.", "stands in two places"),
    "deep lists": (b"\x80\x04" + b"]" * 40_000 + b"a" * 39_999 + b".", "holds a list"),
    "deep tuples": (b"\x80\x04)" + b"\x85" * 50_000 + b".", "holds a tuple"),
    "deep key": (b"\x80\x04})" + b"\x85" * 50_000 + b"Ns.", "key is a tuple"),
    "deep marks": (b"\x80\x04" + b"(" * 50_000 + b".", "ends in the middle"),
    "endless": (b"\x80\x04" + b"N" * 400_000 + b".", "opcodes"),
    "persistent id": (b"\x80\x04NQ.", "opcode b'Q'"),
    "extension": (b"\x80\x04\x82\x01.", "opcode"),
    "instance": (b"(S'a'\nios\nsystem\n.", "not a pickle"),
    "new object": (b"\x80\x02cnumpy\nndarray\nK\x01\x85\x81.", "opcode"),
    "build on a dict": (b"\x80\x02}}b.", "damaged"),
    "call of an array": (b"\x80\x02cnumpy\nndarray\nK\x01\x85R.", "damaged"),
    "lone class": (b"\x80\x02cnumpy\nndarray\n.", "holds a Builder"),
    "stack underflow": (b"\x80\x02a.", "damaged"),
    "mark underflow": (b"\x80\x02t.", "damaged"),
    "unknown memo": (b"\x80\x02h\x00.", "memo entry 0"),
    "duplicate key": (b"\x80\x04}\x8c\x01aN\x8c\x01aN.".replace(b"aN", b"aNs"), "twice"),
    "trailing bytes": (b"\x80\x02}.N", "bytes follow"),
    "protocol 9": (b"\x80\x09N.", "protocol 9"),
    "empty file": (b"", "not a pickle"),
    "text file": (b"hello, world\n", "not a pickle"),
    "zip file": (b"PK\x03\x04" + b"\0" * 100, "not a pickle"),
    "a list": (pickle.dumps([1, 2]), "holds a list, a checkpoint is a dict"),
    "another dict": (pickle.dumps({"qpos": 1}), "lacks timestamp, step_index, arrays"),
    "unknown part": (holding(b"N")[:-2] + text("x") + b"Nu.", "has 'x'"),
    "no arrays": (holding(b"K\x01"), "S.x is a int, needs an array"),
    "unfilled array": (
        holding(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\1b\x87R"),
        "needs an array",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_file_is_refused_in_little_memory(case: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    data, message = HOSTILE[case]
    Path("a.pkl").write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"^a\.pkl: ") as caught:
            read("a.pkl")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300
    assert peak < 60e6
    assert len(data) > 10_000 or peak < 1e6
    assert os.listdir() == ["a.pkl"]


def test_one_buffer_under_many_names_is_not_multiplied(tmp_path) -> None:
    payload = b"\x96" + struct.pack("<Q", 1 << 20) + b"\0" * (1 << 20) + b"\x94"
    first = array_pickle(b"J" + struct.pack("<i", 1 << 20) + b"\x85", "i1", payload)
    again = array_pickle(b"J" + struct.pack("<i", 1 << 20) + b"\x85", "i1", b"h\x00")
    items = b"".join(text(f"S.{i}") + again for i in range(1000))
    (tmp_path / "a.pkl").write_bytes(holding(first)[:-3] + b"s(" + items + b"uu.")
    with pytest.raises(ValueError, match="arrays take more bytes than the file has"):
        read(tmp_path / "a.pkl")


# Damaged files


def test_every_truncation_is_refused(tmp_path) -> None:
    data = save(tmp_path / "a.pkl")
    for length in range(len(data)):
        (tmp_path / "a.pkl").write_bytes(data[:length])
        with pytest.raises(ValueError, match=r"a\.pkl: "):
            read(tmp_path / "a.pkl")


def test_a_flipped_bit_is_refused_or_changes_nothing(tmp_path) -> None:
    """Some bytes say nothing, such as a frame's size; all others are noticed."""
    data = save(tmp_path / "a.pkl")
    whole = read(tmp_path / "a.pkl")
    refused = 0
    for at, bit in itertools.product(range(len(data)), (0, 5)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << bit
        (tmp_path / "a.pkl").write_bytes(damaged)
        try:
            found = read(tmp_path / "a.pkl")
        except ValueError:
            refused += 1
            continue
        assert_same(found.arrays, whole.arrays)
        assert found.timestamp == whole.timestamp
        assert (found.step_index, found.manifest) == (whole.step_index, whole.manifest)
    assert refused > 1.75 * len(data)


def test_damaged_array_is_named(tmp_path) -> None:
    data = save(tmp_path / "a.pkl")
    at = data.index(arrays()["RigidSolver.qpos"].tobytes()) + 5
    (tmp_path / "a.pkl").write_bytes(data[:at] + b"\xff" + data[at + 1 :])
    with pytest.raises(ValueError) as caught:
        read(tmp_path / "a.pkl")
    path = tmp_path / "a.pkl"
    assert str(caught.value) == f"{path}: damaged: RigidSolver.qpos; take another copy."


def test_manifest_without_checksums_is_refused(tmp_path) -> None:
    content = {"timestamp": 0.0, "step_index": 0, "arrays": arrays(), "manifest": {"dt": 1}}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match="damaged"):
        read(tmp_path / "a.pkl")


# Files and folders


@pytest.mark.parametrize("name", ["a.npz", "a", "a.pkl.tmp", "a.PKL"])
def test_unknown_suffix_is_refused(name: str, tmp_path) -> None:
    wanted = f"{tmp_path / name}: suffix {Path(name).suffix!r}, a checkpoint's is .pkl; rename"
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
    call: str, failure: BaseException, tmp_path, monkeypatch
) -> None:
    old = save(tmp_path / "a.pkl")

    def fail(*_: Any) -> None:
        raise failure

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(type(failure)) as caught:
        write(tmp_path / "a.pkl", {"S.x": np.zeros(3)}, step_index=1, manifest={})
    assert os.listdir(tmp_path) == ["a.pkl"]
    assert (tmp_path / "a.pkl").read_bytes() == old
    if isinstance(caught.value, OSError):
        assert caught.value.errno == 28
        assert "nothing was saved and what stood there is as it was: No space left" in str(
            caught.value
        )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_disk_is_one_error(tmp_path, monkeypatch) -> None:
    real_open = open

    def full(path: Any, mode: str) -> Any:
        real_open(path, mode).close()
        return real_open("/dev/full", "wb")

    monkeypatch.setattr("builtins.open", full)
    with pytest.raises(OSError, match="nothing was saved"):
        write(tmp_path / "a.pkl", {"S.x": np.zeros(100_000)}, step_index=1, manifest={})
    assert os.listdir(tmp_path) == []


def test_a_killed_writer_leaves_the_old_file(tmp_path) -> None:
    old = save(tmp_path / "a.pkl")
    code = (
        "import os, sys, signal, numpy as np\n"
        "from genesis_state.checkpoint import write\n"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write(sys.argv[1], {'S.x': np.zeros(9)}, step_index=1, manifest={})\n"
    )
    run = subprocess.run([sys.executable, "-c", code, tmp_path / "a.pkl"])
    assert run.returncode == -9
    assert (tmp_path / "a.pkl").read_bytes() == old


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
