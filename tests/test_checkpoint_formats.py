"""What each checkpoint format promises others: golden files, the manifest, other programs."""

import io
import json
import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_content import FOUND, MANIFEST, SUFFIXES, arrays, assert_same, save

from genesis_state.checkpoint import manifest, read, write
from genesis_state.checkpoint.draft import Draft
from genesis_state.checkpoint.safetensors_format import dump

safetensors = pytest.importorskip("safetensors")
GOLDEN = Path(__file__).parent / "golden"
TIME = 1_700_000_000.25


def golden_arrays() -> dict[str, np.ndarray]:
    return {
        "RigidSolver.qpos": np.arange(12, dtype=np.float32).reshape(4, 3),
        "RigidSolver.awake": np.array([True, False, True, True]),
        "MPMSolver.pos": np.zeros((4, 0, 3), np.float32),
        "Scene.envs_t": np.arange(4, dtype=np.int32),
    }


GOLDEN_MANIFEST = {
    "backend": "cpu",
    "precision": "32",
    "layout": {"n_envs": 4, "nested": [1, [2.5, None, True]]},
    "settings": {"scene step": "0.01 s in 1 substeps"},
}


def write_golden(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: TIME)
    monkeypatch.setattr(manifest, "__version__", "0.1.0")
    given = GOLDEN_MANIFEST | {"metadata": {"run": "µ"}}
    write(path, golden_arrays(), step_index=7, manifest=given)


# Golden files. tests/golden/format_1.pkl was written by the code of that format.


def test_a_file_of_format_1_is_read() -> None:
    found = read(GOLDEN / "format_1.pkl")
    assert_same(found.arrays, golden_arrays())
    assert (found.timestamp, found.step_index) == (TIME, 7)
    assert found.manifest == {"format": 1, "library": "0.1.0"} | GOLDEN_MANIFEST


@pytest.mark.parametrize("what", ["an array", "a shape", "the manifest"])
def test_a_damaged_file_of_format_1_is_refused(what: str, tmp_path) -> None:
    data = (GOLDEN / "format_1.pkl").read_bytes()
    old, new, message = {
        "an array": (np.float32(11).tobytes(), np.float32(12).tobytes(), "damaged: block 0 of"),
        "a shape": (b"K\x04K\x00K\x03", b"K\x05K\x00K\x03", "damaged: the shape of MPMSolver.pos"),
        "the manifest": (b"substeps", b"substepz", "damaged outside its arrays"),
    }[what]
    assert data.count(old) == 1
    (tmp_path / "a.pkl").write_bytes(data.replace(old, new))
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "a.pkl")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_of_format_2_stays_readable(suffix: str) -> None:
    found = read(GOLDEN / f"format_2{suffix}")
    assert_same(found.arrays, golden_arrays())
    assert (found.timestamp, found.step_index) == (TIME, 7)
    own = {"format": 2, "library": "0.1.0", "metadata": {"run": "µ"}}
    assert found.manifest == own | GOLDEN_MANIFEST


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_the_bytes_of_a_file_do_not_change(suffix: str, tmp_path, monkeypatch) -> None:
    """Those of a pickle depend on NumPy."""
    write_golden(tmp_path / f"a{suffix}", monkeypatch)
    golden = GOLDEN / f"format_2{suffix}"
    assert (tmp_path / f"a{suffix}").read_bytes() == golden.read_bytes()


# The manifest


def test_a_file_of_a_later_format_says_so(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(manifest, "FORMAT", 3)
    monkeypatch.setattr(manifest, "__version__", "9.0")
    save(tmp_path / "a.npz")
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"of format 3, written by version '9\.0'.* update"):
        read(tmp_path / "a.npz")


@pytest.mark.parametrize("number", [0, -1, "2", None, [2]])
def test_a_format_that_does_not_exist_is_refused(number: Any, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(manifest, "FORMAT", number)
    save(tmp_path / "a.safetensors")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="which does not exist"):
        read(tmp_path / "a.safetensors")


def test_what_a_file_says_of_itself_is_the_writers(tmp_path) -> None:
    own = {"format": 1, "library": "0", "checksums": {}, "seal": "x"}
    write(tmp_path / "a.pkl", arrays(), step_index=0, manifest=MANIFEST | own)
    assert read(tmp_path / "a.pkl").manifest == FOUND


def test_the_seal_is_the_same_in_every_format(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(time, "time", lambda: TIME)
    for suffix in SUFFIXES:
        save(tmp_path / f"a{suffix}")
    manifest = pickle.loads((tmp_path / "a.pkl").read_bytes())["manifest"]
    with safetensors.safe_open(tmp_path / "a.safetensors", "np") as file:
        assert json.loads(file.metadata()["checkpoint"])["manifest"] == manifest
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert json.loads(file["checkpoint"].item())["manifest"] == manifest


# Wrong suffixes


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("other", SUFFIXES)
def test_a_wrong_suffix_is_named(suffix: str, other: str, tmp_path) -> None:
    save(tmp_path / f"a{suffix}")
    (tmp_path / f"a{suffix}").rename(tmp_path / f"b{other}")
    if suffix == other:
        read(tmp_path / f"b{other}")
        return
    with pytest.raises(ValueError) as caught:
        read(tmp_path / f"b{other}")
    assert str(caught.value) == (
        f"{tmp_path / f'b{other}'}: its bytes are those of a {suffix} file; rename it to that."
    )


# Other programs


def test_the_safetensors_package_reads_ours(tmp_path) -> None:
    import safetensors.numpy

    save(tmp_path / "a.safetensors")
    found = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    assert_same({name: found[name] for name in arrays()}, arrays())


def test_what_the_safetensors_package_wrote_again_is_read(tmp_path) -> None:
    """In another order, with a header padded otherwise, and still sealed."""
    import safetensors.numpy

    save(tmp_path / "a.safetensors")
    with safetensors.safe_open(tmp_path / "a.safetensors", "np") as file:
        content = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    safetensors.numpy.save_file(content, tmp_path / "b.safetensors", metadata)
    found = read(tmp_path / "b.safetensors")
    assert_same({name: found.arrays[name] for name in arrays()}, arrays())
    assert found.manifest == FOUND


def test_a_file_of_weights_is_no_checkpoint(tmp_path) -> None:
    import safetensors.numpy

    safetensors.numpy.save_file(arrays(), tmp_path / "a.safetensors", {"format": "pt"})
    with pytest.raises(ValueError, match="no 'checkpoint' in its metadata; it is no checkpoint"):
        read(tmp_path / "a.safetensors")
    content: Any = arrays()
    np.savez(tmp_path / "a.npz", **content)
    with pytest.raises(ValueError, match=r"has no checkpoint\.npy; it is no checkpoint"):
        read(tmp_path / "a.npz")


def test_safetensors_data_is_aligned(tmp_path) -> None:
    mixed = {
        "a": np.ones(3, bool), "b": np.ones(3, "f8"), "c": np.ones((), "i2"), "d": np.ones(5, "f4")
    }  # fmt: skip
    for extra in range(70):
        write(tmp_path / "a.safetensors", mixed, step_index=0, manifest={"x": "." * extra})
        data = (tmp_path / "a.safetensors").read_bytes()
        start = 8 + int.from_bytes(data[:8], "little")
        assert start % 64 == 0
        entries = json.loads(data[8:start])
        for name, array in mixed.items():
            assert entries[name]["data_offsets"][0] % array.itemsize == 0


def test_numpy_reads_ours(tmp_path) -> None:
    save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert_same({name: found[name] for name in arrays()}, arrays())


def test_an_npz_that_numpy_wrote_again_is_read(tmp_path) -> None:
    save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        content: Any = {name: found[name] for name in found.files}
        np.savez(tmp_path / "b.npz", **content)
    assert_same(read(tmp_path / "b.npz").arrays, arrays())


def test_an_npz_past_the_limits_of_32_bits_is_read(tmp_path, monkeypatch) -> None:
    """Such as one of 4 GB: from a limit on, `zipfile` writes 64-bit numbers."""
    monkeypatch.setattr("zipfile.ZIP64_LIMIT", 100)
    save(tmp_path / "a.npz")
    monkeypatch.undo()
    assert b"PK\x06\x07" in (tmp_path / "a.npz").read_bytes()
    assert_same(read(tmp_path / "a.npz").arrays, arrays())


def test_writing_safetensors_copies_no_data() -> None:
    array = np.zeros(1000, np.float32)

    class Stream(io.BytesIO):
        pieces: tuple[Any, ...] = ()

        def write(self, data: Any) -> int:
            self.pieces += (data,)
            return super().write(data)

    stream = Stream()
    dump(stream, Draft(0.0, 0, {}, {"S.x": array}))
    shared = [np.shares_memory(np.frombuffer(piece, np.uint8), array) for piece in stream.pieces]
    assert shared == [False, True, False]
