"""The .pkl format: what plain pickle reads, pickles made by hand, hostile pickles."""

import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_content import arrays, assert_same, save

from genesis_state.checkpoint import read


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


def test_manifest_without_checksums_is_refused(tmp_path) -> None:
    content = {"timestamp": 0.0, "step_index": 0, "arrays": arrays(), "manifest": {"dt": 1}}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(ValueError, match="damaged"):
        read(tmp_path / "a.pkl")


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
    "empty but huge": (holding(array_pickle(b"\x8a\x07\0\0\0\0\0\0\1K\0\x86")), "shape is none"),
    "negative shape": (holding(array_pickle(b"J\xff\xff\xff\xff\x85")), "shape is none"),
    "bool shape": (holding(array_pickle(b"\x88\x85")), "shape is none"),
    "short array": (holding(array_pickle(b"K\x02\x85")), "8 bytes has 4"),
    "object array": (holding(array_pickle(b"K\x01\x85", dtype="O8")), "dtype 'O8'"),
    "pickled object array": (pickle.dumps({"arrays": np.array([{}, None])}), "dtype 'O8'"),
    "record array": (pickle.dumps(np.zeros(2, [("a", "f4"), ("b", "i4")])), "dtype 'V8'"),
    "bool of two": (holding(array_pickle(b"K\x01\x85", "b1", b"C\x01\x02")), "is 2, needs 0 or 1"),
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
    "zip file": (b"PK\x03\x04" + b"\0" * 100, "those of a .npz file; rename it"),
    "a list": (pickle.dumps([1, 2]), "holds a list, a checkpoint is a dict"),
    "another dict": (pickle.dumps({"qpos": 1}), "lacks arrays"),
    "unknown part": (holding(array_pickle(b"K\x01\x85"))[:-2] + text("x") + b"Nu.", "has 'x'"),
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
