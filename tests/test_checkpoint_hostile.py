"""Hostile .safetensors and .npz files: each refused for what it is, in little memory.

Hostile pickles are in test_checkpoint_pickle.py.
"""

import io
import json
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_content import MANIFEST, arrays, assert_same, save

from genesis_state.checkpoint import npz_format, open, read, write
from genesis_state.checkpoint.draft import Draft
from genesis_state.checkpoint.safetensors_format import load

MEMORY = 70e6  # beyond twice the file


def refused(path: Path, data: bytes) -> str:
    """Why a file is refused, in how little memory."""
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=rf"{path.name}: ") as caught:
            read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(data) + (1e6 if len(data) < 1e5 else MEMORY)
    assert len(str(caught.value)) < len(str(path)) + 300
    assert re.search(r"take another copy|rename it|save it|update", str(caught.value))
    return str(caught.value)


# .safetensors


def with_header(text: bytes | str, data: bytes = b"") -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw)) + raw + data


def tensor(dtype: Any = "F32", shape: Any = (1,), offsets: Any = (0, 4)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def tensors(data: bytes = b"abcd", **entries: Any) -> bytes:
    """A file with these entries, and a header sealed for other arrays."""
    text = Draft(0.0, 0, {}, {}).header_text()
    return with_header(json.dumps({"__metadata__": {"checkpoint": text}, **entries}), data)


def metadata(value: Any) -> bytes:
    return with_header(json.dumps({"__metadata__": value}))


SAFETENSORS: dict[str, tuple[bytes, str]] = {
    "empty file": (b"", "has 0 bytes, a .safetensors file has at least 8"),
    "no header": (struct.pack("<Q", 0), "no JSON"),
    "huge length": (struct.pack("<Q", 2**63) + b"{}", "9223372036854775808 bytes of header"),
    "length past the end": (struct.pack("<Q", 3) + b"{}", "3 bytes of header, 10 of file"),
    "length over the limit": (with_header(b"{" * (1 << 25)), "needs at most"),
    "deep lists": (with_header(b'{"a":' + b"[" * 100_000), "nested too deep"),
    "deep objects": (with_header(b'{"a":' * 100_000), "nested too deep"),
    "brackets in a text": (with_header('{"a":"' + "[" * 1_000_000 + '"}'), "no 'checkpoint'"),
    "many after escaped quotes": (
        with_header(rb'{"\"\\":[' + b"[]," * 1_000_000 + rb'"\"'), "holds 2000003 values"
    ),
    "deep, but not for JSON": (
        metadata({"checkpoint": '{"manifest":{"a":' + "[" * 90 + "]" * 90 + "}}"}), "lacks"
    ),
    "many lists": (with_header(b"[" + b"[]," * 1_000_000 + b"0]"), "values, needs at most"),
    "many keys": (with_header(b"{" + b'"":0,' * 1_000_000 + b"}"), "values, needs at most"),
    "a wide text": (with_header('{"a":"😀' + "x" * 9_000_000 + '"}'), "no 'checkpoint'"),
    "duplicate keys": (
        with_header(b'{"a":' + json.dumps(tensor()).encode() + b',"a":1}'), "has key 'a' twice"
    ),
    "duplicate inside": (with_header(b'{"a":{"dtype":1,"dtype":2}}'), "has key 'dtype' twice"),
    "a list": (with_header(b"[]"), "is a list, needs an object"),
    "a number": (with_header(b"1"), "is a int, needs an object"),
    "no text": (with_header(b"\xff{}"), "no JSON"),
    "trailing": (with_header(b"{}{}"), "no JSON"),
    "long integer": (with_header('{"a":' + "9" * 5000 + "}"), "an integer of 5000 digits"),
    "no metadata": (with_header(b"{}"), "no 'checkpoint' in its metadata"),
    "metadata a list": (metadata([1]), "no 'checkpoint' in its metadata"),
    "metadata a number": (metadata({"checkpoint": 1}), "no 'checkpoint' in its metadata"),
    "more metadata": (metadata({"checkpoint": "{}", "x": "y"}), "more metadata"),
    "inner no JSON": (metadata({"checkpoint": "{"}), "no JSON"),
    "inner deep": (metadata({"checkpoint": "[" * 50_000}), "nested too deep"),
    "inner surrogate": (metadata({"checkpoint": '"\ud800"'}), "no JSON"),
    "inner too long": (metadata({"checkpoint": " " * 5_000_000}), "needs at most 2097152"),
    "no manifest": (metadata({"checkpoint": "{}"}), "has no manifest"),
    "bare manifest": (metadata({"checkpoint": '{"manifest":{}}'}), "lacks timestamp, step_index"),
    "infinite time": (
        metadata({"checkpoint": '{"manifest":{},"timestamp":Infinity,"step_index":0}'}),
        "timestamp is inf",
    ),
    "a step of true": (
        metadata({"checkpoint": '{"manifest":{},"timestamp":0,"step_index":true}'}),
        "step_index is no count",
    ),
    "manifest a list": (
        metadata({"checkpoint": '{"manifest":[],"timestamp":0,"step_index":0}'}), "needs a dict"
    ),
    "unsealed": (
        metadata({"checkpoint": '{"manifest":{"format":2},"timestamp":0,"step_index":0}'}),
        "damaged outside its arrays",
    ),
    "unsealed format 1": (
        metadata({"checkpoint": '{"manifest":{},"timestamp":0,"step_index":0}'}),
        "damaged outside its arrays",
    ),
    "an array too many": (tensors(x=tensor()), "damaged outside its arrays"),
    "name with a path": (tensors(b"abcd", **{"../x": tensor()}), "array name '../x'"),
    "not an object": (tensors(x=3), "x: needs dtype, shape and data_offsets"),
    "more in an entry": (tensors(x=tensor() | {"y": 1}), "x: needs dtype, shape and"),
    "strange dtype": (tensors(x=tensor("BF16", [2])), "x: dtype 'BF16?'"),
    "NumPy's dtype": (tensors(x=tensor("f4")), "x: dtype 'f4?'"),
    "dtype a list": (tensors(x=tensor(["F32"])), "x: dtype unknown"),
    "shape a number": (tensors(x=tensor(shape=1)), "x: an array whose shape is none"),
    "shape of floats": (tensors(x=tensor(shape=[1.0])), "x: an array whose shape is none"),
    "shape of bools": (tensors(x=tensor(shape=[True])), "x: an array whose shape is none"),
    "negative shape": (tensors(x=tensor(shape=[-1])), "x: an array whose shape is none"),
    "twice negative": (tensors(x=tensor(shape=[-1, -1])), "x: an array whose shape is none"),
    "giant shape": (tensors(x=tensor(shape=[2**47])), "x: an array whose shape is none"),
    "overflow": (tensors(x=tensor(shape=[2**32, 2**32, 4])), "x: an array whose shape is none"),
    "overflow to fit": (tensors(x=tensor(shape=[2**62, 4, 1])), "x: an array whose shape is"),
    "empty but giant": (
        tensors(b"", x=tensor(shape=[2**40, 2**40, 0], offsets=[0, 0])), "it is too large"
    ),
    "many dimensions": (tensors(x=tensor(shape=[1] * 33)), "x: an array whose shape is none"),
    "too few bytes": (tensors(x=tensor(shape=[2])), "x: an array of 8 bytes has 4"),
    "offsets turned": (tensors(x=tensor(offsets=[4, 0])), "x: an array of 4 bytes has -4"),
    "one offset": (tensors(x=tensor(offsets=[0])), "x: data_offsets are not two integers"),
    "offsets of floats": (tensors(x=tensor(offsets=[0.0, 4.0])), "are not two integers"),
    "offset before the data": (tensors(x=tensor(offsets=[-4, 0])), "begins at byte -4 of the"),
    "offset past the file": (tensors(x=tensor(offsets=[2**70, 2**70 + 4])), "needs 0; take"),
    "a gap": (tensors(b"abcdefgh", x=tensor(offsets=[4, 8])), "x: begins at byte 4"),
    "overlap": (tensors(x=tensor(), y=tensor()), "y: begins at byte 0 of the data, needs 4"),
    "data left": (tensors(b"abcdefgh", x=tensor()), "is cut short or damaged: its arrays end"),
    "data lacking": (tensors(b"abc", x=tensor()), "is cut short or damaged: its arrays end"),
    "many arrays": (
        tensors(b"", **{f"S.{i}": tensor(shape=[0], offsets=[0, 0]) for i in range(4097)}),
        "4097 arrays, a checkpoint holds at most 4096",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SAFETENSORS)
def test_hostile_safetensors_is_refused(case: str, tmp_path: Path) -> None:
    data, message = SAFETENSORS[case]
    assert message in refused(tmp_path / "a.safetensors", data)


def test_a_bool_that_is_neither_is_refused_even_under_a_seal(tmp_path: Path) -> None:
    array = np.array([0, 2], np.uint8).view(bool)
    path = tmp_path / "a.safetensors"
    write(path, {"S.x": array}, step_index=0, manifest={})
    assert "S.x has a bool that is 2, needs 0 or 1; take another copy" in refused(
        path, path.read_bytes()
    )


def test_a_header_alone_is_read_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    write(path, {"S.x": np.zeros(5_000_000)}, step_index=0, manifest={})
    tracemalloc.start()
    with open(path) as stored:
        assert stored.array("S.x", [7]).shape == (1,)
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1.5e6


def test_the_loader_reads_no_array(tmp_path: Path) -> None:
    data = save(tmp_path / "a.safetensors")
    start = 8 + int.from_bytes(data[:8], "little")
    (tmp_path / "b").write_bytes(data[:start])
    with (tmp_path / "b").open("rb") as stream:
        _, infos = load(stream, len(data))
    assert list(infos) == list(arrays())


# .npz


def zipped(change: Callable[[zipfile.ZipFile, dict[str, bytes]], None]) -> bytes:
    """A checkpoint whose members `change` writes again as it likes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        change(archive, members())
    return stream.getvalue()


def members() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(good_npz())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def good_npz() -> bytes:
    stream = io.BytesIO()
    npz_format.dump(stream, Draft(0.0, 7, MANIFEST, arrays()))
    return stream.getvalue()


def all_of(archive: zipfile.ZipFile, content: dict[str, bytes], **options: Any) -> None:
    for name, data in content.items():
        archive.writestr(name, data, **options)


def npy(description: str, data: bytes = b"") -> bytes:
    raw = description.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(raw)) + raw + data


def replaced(name: str, data: bytes) -> bytes:
    return zipped(lambda archive, content: all_of(archive, content | {name: data}))


def described(description: str, data: bytes = b"abcd") -> bytes:
    return replaced("S.x.npy", npy(description + "\n", data))


def of(descr: str, shape: str = "(1,)", fortran: bool = False) -> bytes:
    return described(f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}")


def edited(pattern: str, new: bytes, at: int, skip: int = 0) -> bytes:
    """A good file in which bytes after a signature are others."""
    data = bytearray(good_npz())
    place = -1
    for _ in range(skip + 1):
        place = data.index(pattern.encode("latin1"), place + 1)
    data[place + at : place + at + len(new)] = new
    return bytes(data)


LOCAL, ENTRY, END = "PK\x03\x04", "PK\x01\x02", "PK\x05\x06"
BOMB = b"\0" * 50_000_000


def duplicated(archive: zipfile.ZipFile, content: dict[str, bytes]) -> None:
    all_of(archive, content)
    archive.writestr("Scene.envs_t.npy", content["Scene.envs_t.npy"])


NPZ: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty file": (lambda: b"", "is no zip file"),
    "only an end": (lambda: b"PK\x05\x06" + b"\0" * 18, "has no checkpoint.npy"),
    "a comment": (lambda: edited(END, b"\x01", 20) + b"x", "does not end as a zip file does"),
    "bytes before": (lambda: b"MZ" + good_npz(), "needs to end at"),
    "bytes after": (lambda: good_npz() + b"x", "does not end as a zip file does"),
    "deflated": (
        lambda: zipped(lambda a, c: all_of(a, c, compress_type=zipfile.ZIP_DEFLATED)),
        "compressed; save it with np.savez",
    ),
    "deflate bomb": (
        lambda: zipped(lambda a, c: a.writestr("S.x.npy", BOMB, zipfile.ZIP_DEFLATED)),
        "S.x.npy: compressed",
    ),
    "bomb said to be stored": (
        lambda: zipped(
            lambda a, c: a.writestr(zipfile.ZipInfo("S.x.npy"), BOMB, zipfile.ZIP_DEFLATED)
        ).replace(b"\x08\x00\x00\x00\x21\x00", b"\x00\x00\x00\x00\x21\x00"),
        "bytes stored",
    ),
    "duplicate member": (lambda: zipped(duplicated), "two members are called 'Scene.envs_t.npy'"),
    "a path": (lambda: replaced("../../S.x.npy", b""), "needs a name without a path"),
    "an absolute path": (lambda: replaced("/etc/passwd", b""), "needs a name without a path"),
    "a backslash": (lambda: edited(ENTRY, b"\\", 50), "needs a name without a path"),
    "no .npy": (lambda: replaced("S.x", b""), "S.x: needs the suffix .npy"),
    "encrypted": (lambda: edited(ENTRY, b"\x01", 8), "encrypted"),
    "size said larger": (lambda: edited(ENTRY, b"\xff", 24, 1), "bytes stored"),
    "both sizes larger": (
        lambda: edited(ENTRY, b"\xff\0\0\0\xff\0\0\0", 20, 1), "says something else"
    ),
    "local size other": (lambda: edited(LOCAL, b"\x01", 18), "says something else"),
    "local name other": (lambda: edited(LOCAL, b"x", 30), "says something else"),
    "offset elsewhere": (lambda: edited(ENTRY, b"\x01", 42), "begins at byte 1, needs 0"),
    "overlapping members": (lambda: edited(ENTRY, b"\0\0\0\0", 42, 1), "begins at byte 0, needs"),
    "offset past the end": (lambda: edited(ENTRY, b"\xfe\xff\xff\xff", 42, 1), "needs"),
    "fewer entries": (lambda: edited(END, b"\x01\0\x01\0", 8), "bytes follow its directory"),
    "more entries": (lambda: edited(END, b"\x09\0\x09\0", 8), "its directory is too short"),
    "many entries": (lambda: edited(END, b"\xff\xff\xff\xff", 8), "65535 members"),
    "two disks": (lambda: edited(END, b"\x01", 4), "one part of a zip file of several"),
    "no header": (
        lambda: zipped(lambda a, c: all_of(a, {k: c[k] for k in c if k != "checkpoint.npy"})),
        "has no checkpoint.npy",
    ),
    "header no text": (
        lambda: replaced("checkpoint.npy", members()["Scene.envs_t.npy"]), "is not one text"
    ),
    "an array lacking": (
        lambda: zipped(lambda a, c: all_of(a, {k: c[k] for k in list(c)[1:]})),
        "damaged outside its arrays",
    ),
    "an array too many": (
        lambda: of("<f4"),
        "damaged outside its arrays",
    ),
    "empty member": (lambda: replaced("S.x.npy", b""), "is no .npy of version 1.0"),
    "version 2": (lambda: replaced("S.x.npy", b"\x93NUMPY\2\0\1\0\0\0\n"), "is no .npy of version"),
    "long description": (lambda: described(" " * 60_000), "a description of 60001 bytes"),
    "code": (lambda: described("__import__('os').system('id')"), "not described as"),
    "deep": (lambda: described("(" * 900), "not described as"),
    "objects": (
        lambda: of("|O"),
        "not described as",
    ),
    "pickled objects": (
        lambda: of("|O8"),
        "in no byte order",
    ),
    "big-endian": (
        lambda: of(">f4"),
        "not described as little-endian",
    ),
    "Fortran order": (
        lambda: of("<f4", fortran=True),
        "in C order",
    ),
    "complex": (
        lambda: of("<c8"),
        "dtype 'c8'",
    ),
    "text": (
        lambda: of("|S4", "()"), "dtype 'S4'"
    ),
    "giant shape": (
        lambda: of("<f4", "(9, 9999999999999)"),
        "shape is none",
    ),
    "another shape": (
        lambda: of("<f4", "(2, 1)"),
        "an array of 8 bytes has 4",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NPZ)
def test_hostile_npz_is_refused(case: str, tmp_path: Path) -> None:
    make, message = NPZ[case]
    assert message in refused(tmp_path / "a.npz", make())


def test_what_the_hostile_ones_are_made_from_is_good(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(zipped(all_of))
    assert_same(read(tmp_path / "a.npz").arrays, arrays())
    (tmp_path / "a.safetensors").write_bytes(tensors(b""))
    assert read(tmp_path / "a.safetensors").arrays == {}
