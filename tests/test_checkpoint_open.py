"""An open checkpoint: nothing is read before it is asked for, and only what was asked for."""

import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_content import FOUND, SUFFIXES, arrays, assert_same, save

from genesis_state import checkpoint
from genesis_state.checkpoint.checksum import BLOCK

N = 1000
RNG = np.random.default_rng(0)
LARGE = {
    "S.wide": RNG.integers(0, 255, (N, 5000), np.uint8),  # about 5 blocks
    "S.rows": RNG.random((3, 300_000)),  # rows of more than two blocks
    "S.small": np.arange(N, dtype=np.int32),
}
SELECTIONS = {
    "none": [],
    "one": [417],
    "some": [3, 999, 0, 3, 500, 501, 502],
    "a slice": slice(190, 650),
    "backwards": slice(None, None, -97),
    "a mask": np.arange(N) % 7 == 2,
    "indices": np.array([209, 210], np.uint8),
}


@pytest.fixture(params=SUFFIXES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"a{request.param}"


@pytest.fixture(scope="module", params=SUFFIXES)
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / f"a{request.param}"
    checkpoint.write(path, LARGE, step_index=0, manifest={})
    return path


def test_the_header_is_there_at_once(path: Path) -> None:
    save(path)
    with checkpoint.open(path) as stored:
        assert (stored.path, stored.step_index, stored.manifest) == (path, 7, FOUND)
        assert {n: (i.dtype, i.shape, i.nbytes) for n, i in stored.infos.items()} == {
            n: (a.dtype, a.shape, a.nbytes) for n, a in arrays().items()
        }
        assert_same({name: stored.array(name) for name in stored.infos}, arrays())
        assert repr(stored) == f"Stored({str(path)!r}, 3 arrays, step 7)"


@pytest.mark.parametrize("name", ["S.wide", "S.small"])
@pytest.mark.parametrize("selection", SELECTIONS)
def test_rows_are_those_of_the_array(name: str, selection: str, large: Path) -> None:
    rows = SELECTIONS[selection]
    wanted = LARGE[name][rows if not isinstance(rows, list) else np.array(rows, int)]
    with checkpoint.open(large) as stored:
        found = stored.array(name, rows)
    assert_same({"x": found}, {"x": wanted})
    assert found.flags.c_contiguous
    assert found.flags.writeable


@pytest.mark.parametrize("rows", [[0], [1], [2, 0], [0, 1, 2]])
def test_rows_larger_than_a_block_are_put_together(rows: list[int], large: Path) -> None:
    with checkpoint.open(large) as stored:
        assert_same({"x": stored.array("S.rows", rows)}, {"x": LARGE["S.rows"][rows]})


def test_only_the_blocks_that_are_needed_are_read(large: Path, monkeypatch) -> None:
    with checkpoint.open(large) as stored:
        read: list[tuple[str, int]] = []
        fill = stored._fill

        def count(name: str, target: np.ndarray, start: int) -> None:
            read.append((name, start // BLOCK))
            fill(name, target, start)

        monkeypatch.setattr(stored, "_fill", count)
        stored.array("S.wide", [0, 1, 2, 450, 451])
    assert read == [("S.wide", 0), ("S.wide", 2)]


def test_damage_is_found_where_it_is_read_and_only_there(path: Path) -> None:
    checkpoint.write(path, LARGE, step_index=0, manifest={})
    with checkpoint.open(path) as stored:
        offset = stored.infos["S.wide"].offset
    with open(path, "r+b") as file:
        file.seek(offset + 3 * BLOCK + 17)
        file.write(bytes([LARGE["S.wide"].reshape(-1)[3 * BLOCK + 17] ^ 1]))
    with checkpoint.open(path) as stored:
        assert (stored.array("S.wide", slice(0, 600)) == LARGE["S.wide"][:600]).all()
        assert (stored.array("S.small") == LARGE["S.small"]).all()
        last = 4 * BLOCK // 5000 + 1
        assert (stored.array("S.wide", slice(last, N)) == LARGE["S.wide"][last:]).all()
        for rows in (None, [700], slice(500, 700)):
            with pytest.raises(ValueError, match=f"{re.escape(str(path))}: damaged: block 3 of S."):
                stored.array("S.wide", rows)
    with pytest.raises(ValueError, match=r"block 3 of S\.wide"):
        checkpoint.read(path)


def test_a_file_cut_short_while_it_is_open_is_an_error(path: Path) -> None:
    checkpoint.write(path, LARGE, step_index=0, manifest={})
    with checkpoint.open(path) as stored:
        with open(path, "r+b") as file:
            file.truncate(stored.infos["S.rows"].offset + 10)
        with pytest.raises(ValueError, match=r"ends in S\.rows, something cut it short while"):
            stored.array("S.rows")


def test_a_file_replaced_while_it_is_open_stays_what_it_was(path: Path) -> None:
    save(path)
    with checkpoint.open(path) as stored:
        checkpoint.write(path, {"S.x": np.zeros(1)}, step_index=8, manifest={})
        assert_same({name: stored.array(name) for name in stored.infos}, arrays())


@pytest.mark.parametrize(
    ("name", "rows", "error", "message"),
    [
        ("S.none", None, KeyError, "there is no array 'S.none'"),
        ("S.x", [4], IndexError, "S.x: rows: 4, needs indices from 0 to 3."),
        ("S.x", [-1, 2], IndexError, "S.x: rows: -1, needs indices from 0 to 3."),
        ("S.x", [True], ValueError, "S.x: rows: a mask of length 1, needs 4."),
        ("S.x", [0.5], TypeError, "S.x: rows: float64 of shape (1,), needs a slice"),
        ("S.x", 2, TypeError, "S.x: rows: int64 of shape (), needs a slice"),
        ("S.one", [0], TypeError, "S.one has no rows; read it whole."),
    ],
)
def test_what_cannot_be_read_is_named(
    name: str, rows: Any, error: type[Exception], message: str, tmp_path
) -> None:
    path = tmp_path / "a.safetensors"
    given = {"S.x": np.zeros((4, 2)), "S.one": np.array(1.0)}
    checkpoint.write(path, given, step_index=0, manifest={})
    with checkpoint.open(path) as stored, pytest.raises(error) as caught:
        stored.array(name, rows)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_refused_file_is_not_left_open(tmp_path, recwarn) -> None:
    (tmp_path / "a.npz").write_bytes(b"no checkpoint")
    for _ in range(3):
        with pytest.raises(ValueError):
            checkpoint.open(tmp_path / "a.npz")
    assert [str(w.message) for w in recwarn if w.category is ResourceWarning] == []


def test_rows_of_an_array_turned_by_hand(tmp_path) -> None:
    array = np.asfortranarray(np.arange(12, dtype=">i4").reshape(4, 3))
    content = {"timestamp": 0.0, "step_index": 0, "arrays": {"S.x": array}}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content, 5))
    with checkpoint.open(tmp_path / "a.pkl") as stored:
        wanted = np.ascontiguousarray(array).astype("i4")[[2, 0]]
        assert_same({"x": stored.array("S.x", [2, 0])}, {"x": wanted})


def with_gaps(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same array as a variable of a state has it, rows with gaps between them; and the gaps."""
    row = array[:1].nbytes
    block = np.full((len(array), row + 24), 170, np.uint8)
    view = np.ndarray(
        array.shape,
        array.dtype,
        block.data,
        offset=8,
        strides=(row + 24, *array.strides[1:]),
    )
    view[...] = array
    return view, np.delete(block, range(8, 8 + row), axis=1)


GAPPED = {
    **LARGE,
    "S.wide_rows": RNG.random((5, 200_003)),
    "S.flags": RNG.random((70, 40_000)) < 0.5,
    "S.none": np.zeros((4, 0, 3)),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_arrays_with_gaps_are_saved_and_read_in_place(suffix: str, tmp_path: Path) -> None:
    given = {name: with_gaps(array)[0] for name, array in GAPPED.items()}
    gapped, dense = tmp_path / f"gapped{suffix}", tmp_path / f"dense{suffix}"
    checkpoint.write(gapped, given, step_index=0, manifest={}, timestamp=1.0)
    checkpoint.write(dense, GAPPED, step_index=0, manifest={}, timestamp=1.0)
    assert gapped.read_bytes() == dense.read_bytes()
    with checkpoint.open(gapped) as stored:
        stored.verify()
        for name, wanted in GAPPED.items():
            for rows in (None, [2], slice(1, 3), [3, 1, 1] if len(wanted) > 3 else [2, 0, 0]):
                part = wanted if rows is None else wanted[rows]
                out, gaps = with_gaps(np.zeros_like(part))
                stored.read_into(out, name, rows)
                np.testing.assert_array_equal(out, part, err_msg=f"{name} {rows}")
                assert (gaps == 170).all()


@pytest.mark.parametrize("out", [np.zeros(N, np.int64), np.zeros((N, 1), np.int32)])
def test_memory_that_does_not_fit_is_refused(out: np.ndarray, large: Path) -> None:
    wanted = rf"S.small is int32 of shape \(1000,\), out is {out.dtype} of shape"
    with checkpoint.open(large) as stored, pytest.raises(ValueError, match=wanted):
        stored.read_into(out, "S.small")
