"""`genesis-state diff`: where two files differ, bit for bit, and how it reads them."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_content import MANIFEST, SUFFIXES, arrays, save
from cli_runs import GOLDEN, INF, NAN, SPECIAL, TIME, by_hand, damage, put, run, told, trouble

from genesis_state import checkpoint
from genesis_state.cli import pieces as reading
from genesis_state.cli.manifest import differences


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run where their files are, so that texts hold no long paths."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("other", SUFFIXES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_equal_files_of_any_formats(suffix: str, other: str) -> None:
    put(f"a{suffix}", SPECIAL, **MANIFEST)
    checkpoint.write(
        f"b{other}",
        dict(reversed(SPECIAL.items())),
        step_index=7,
        manifest=dict(reversed(MANIFEST.items())),
        timestamp=TIME + 100,
    )
    text = run("diff", f"a{suffix}", f"b{other}").stdout
    assert text == "equal: 7 arrays, 84 B, step and manifest\n"
    found = told("diff", f"a{suffix}", f"b{other}")
    assert found.pop("a") == {"file": f"a{suffix}", "timestamp": TIME, "step_index": 7}
    assert found.pop("b") == {"file": f"b{other}", "timestamp": TIME + 100, "step_index": 7}
    assert found == {
        "equal": True,
        "manifest": [],
        "only_in_a": [],
        "only_in_b": [],
        "unlike": [],
        "differing": [],
        "compared": 7,
    }


def entry(env: int | None, index: list[int], a: Any, b: Any, distance: Any) -> dict[str, Any]:
    return {"env": env, "index": index, "a": a, "b": b, "distance": distance}


def float_case() -> tuple[np.ndarray, np.ndarray]:
    a = np.zeros((3, 2, 2), np.float32)
    b = a.copy()
    b[0, 1, 0] = -0.0
    b[1, 0, 1] = NAN
    b[2, 0, 0] = -2.5
    b[2, 1, 1] = 2.5  # as far, but later
    return a, b


QUIET_NAN = np.array([0x7FC00000, 0x7FC00000], np.uint32).view(np.float32)
OTHER_NAN = np.array([0x7FC00000, 0x7FC00001], np.uint32).view(np.float32)
DIFFERENT = {
    "floats": (
        *float_case(),
        (4, 1, 1, entry(0, [1, 0], 0.0, -0.0, 0.0), entry(2, [0, 0], 0.0, -2.5, 2.5)),
    ),
    "NaNs of other bits": (
        QUIET_NAN,
        OTHER_NAN,
        (1, 1, 0, entry(1, [], "NaN", "NaN", None), None),
    ),
    "infinities": (
        np.array([[1.0, INF]]),
        np.array([[1.0, -INF]]),
        (1, 0, 0, *[entry(0, [1], "Infinity", "-Infinity", "Infinity")] * 2),
    ),
    "beyond a double": (
        np.array([1e308]),
        np.array([-1e308]),
        (1, 0, 0, *[entry(0, [], 1e308, -1e308, "Infinity")] * 2),
    ),
    "int64": (
        np.array([0, -(2**63)]),
        np.array([1, 2**63 - 1]),
        (2, 0, 0, entry(0, [], 0, 1, 1), entry(1, [], -(2**63), 2**63 - 1, 2**64 - 1)),
    ),
    "uint64": (
        np.array([2**64 - 1], np.uint64),
        np.array([2**64 - 2], np.uint64),
        (1, 0, 0, *[entry(0, [], 2**64 - 1, 2**64 - 2, 1)] * 2),
    ),
    "bool": (
        np.array([[True, False]]),
        np.array([[True, True]]),
        (1, 0, 0, *[entry(0, [1], False, True, 1)] * 2),
    ),
    "no axes": (
        np.array(1, np.int16),
        np.array(4, np.int16),
        (1, 0, 0, *[entry(None, [], 1, 4, 3)] * 2),
    ),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("case", DIFFERENT)
def test_diff_finds_first_and_largest(case: str, suffix: str) -> None:
    a, b, wanted = DIFFERENT[case]
    put("a.npz", {"S.same": np.arange(4), "S.x": a})
    put(f"b{suffix}", {"S.same": np.arange(4), "S.x": b})
    found = told("diff", "a.npz", f"b{suffix}", status=1)
    assert not found["equal"] and found["compared"] == 2
    (item,) = found["differing"]
    assert (item["name"], item["entries"]) == ("S.x", a.size)
    parts = (item[key] for key in ("differing", "nan", "zeros", "first", "largest"))
    assert tuple(parts) == wanted


def test_diff_says_that_zeros_differ_by_sign() -> None:
    a, b = float_case()
    put("a.npz", {"S.x": a})
    put("b.npz", {"S.x": b})
    assert run("diff", "a.npz", "b.npz", status=1).stdout == (
        "a: a.npz\nb: b.npz\n"
        "S.x: 4 of 12 entries differ, 1 beside a NaN, 1 only as 0.0 and -0.0\n"
        "  first    env 0 [1, 0]: 0.0 | -0.0\n"
        "  largest  env 2 [0, 0]: 0.0 | -2.5, 2.5 apart\n"
    )


@pytest.mark.parametrize("read", [64, 10**6])
@pytest.mark.parametrize("piece", [8, 24, 10**6])
@pytest.mark.parametrize("other", ["a.npz", "old.pkl", "turned.pkl"])
def test_pieces_of_any_size_find_the_same(other: str, piece: int, read: int, monkeypatch) -> None:
    """Files of format 1 and arrays in Fortran order are read whole, in the same pieces."""
    monkeypatch.setattr(reading, "_READ", read)
    monkeypatch.setattr(reading, "_PIECE", piece)
    shutil.copy(GOLDEN / "format_1.pkl", "old.pkl")
    qpos = np.arange(12, dtype=np.float32).reshape(4, 3)
    put("a.npz", {"RigidSolver.qpos": qpos})
    by_hand("turned.pkl", {"RigidSolver.qpos": np.asfortranarray(qpos)})
    changed = qpos.copy()
    changed[1, 2], changed[3, 1] = 6, 14
    put("b.npz", {"RigidSolver.qpos": changed})
    (item,) = told("diff", other, "b.npz", "--arrays-only", status=1)["differing"]
    assert item["differing"] == 2
    assert item["first"] == entry(1, [2], 5, 6, 1)
    assert item["largest"] == entry(3, [1], 10, 14, 4)
    row = told("inspect", other)["arrays"][0]
    assert (row["min"], row["max"]) == (0, 11)


def test_rows_are_read_few_at_a_time(monkeypatch) -> None:
    put("a.npz", {"S.x": np.zeros((100, 10)), "S.wide": np.zeros((2, 500))})
    largest = []
    array = checkpoint.Stored.array

    def watched(self: checkpoint.Stored, name: str, rows: Any = None) -> np.ndarray:
        largest.append((found := array(self, name, rows)).nbytes)
        return found

    monkeypatch.setattr(checkpoint.Stored, "array", watched)
    monkeypatch.setattr(reading, "_READ", 800)
    run("diff", "a.npz", "a.npz")
    run("inspect", "a.npz")
    run("verify", "a.npz")
    assert sorted(set(largest)) == [800, 4000]  # ten rows, or one that is larger


def test_what_has_one_sum_is_read_once(monkeypatch) -> None:
    asked = []
    array = checkpoint.Stored.array

    def watched(self: checkpoint.Stored, name: str, rows: Any = None) -> np.ndarray:
        asked.append((name, rows))
        return array(self, name, rows)

    monkeypatch.setattr(checkpoint.Stored, "array", watched)
    monkeypatch.setattr(reading, "_READ", 1)
    run("verify", GOLDEN / "format_1.pkl")
    names = ("RigidSolver.qpos", "RigidSolver.awake", "Scene.envs_t")
    assert asked == [(name, None) for name in names]


def test_diff_names_what_cannot_be_compared() -> None:
    put(
        "a.npz",
        {"S.x": np.zeros(2), "S.y": np.zeros((2, 3)), "S.z": np.zeros(2), "S.a": np.ones(2)},
    )
    put(
        "b.npz",
        {"S.x": np.zeros(2, "f4"), "S.y": np.zeros((2, 4)), "S.z": np.zeros(2), "S.b": np.ones(2)},
    )
    assert run("diff", "a.npz", "b.npz", status=1).stdout.splitlines()[2:] == [
        "S.a: only in a",
        "S.b: only in b",
        "S.x: float64 (2,) | float32 (2,)",
        "S.y: float64 (2, 3) | float64 (2, 4)",
    ]
    found = told("diff", "a.npz", "b.npz", status=1)
    assert (found["only_in_a"], found["only_in_b"], found["compared"]) == (["S.a"], ["S.b"], 1)
    assert found["unlike"][1] == {
        "name": "S.y",
        "a": {"dtype": "float64", "shape": [2, 3]},
        "b": {"dtype": "float64", "shape": [2, 4]},
    }


def test_diff_compares_step_settings_and_model() -> None:
    model = [["entity cart", "MJCF"], ["contact pairs", "0"]]
    put("a.npz", arrays(), 7, settings={"dt": 0.01}, layout={"model": model}, backend="cpu")
    model = [["entity cart", "Box"], ["floor", "x"], ["contact pairs", "0"]]
    put("b.npz", arrays(), 8, settings={"dt": 0.02}, layout={"model": model})
    assert run("diff", "a.npz", "b.npz", status=1).stdout.splitlines()[2:] == [
        "step_index: 7 | 8",
        "settings.dt: 0.01 | 0.02",
        "layout.model.entity cart: MJCF | Box",
        "layout.model.floor: lacks it | x",
        "backend: cpu | lacks it",
    ]
    found = told("diff", "a.npz", "b.npz", status=1)["manifest"]
    assert found[0] == {"key": "step_index", "a": 7, "b": 8}
    assert found[-1] == {"key": "backend", "a": "cpu"}
    assert "and manifest" not in run("diff", "--arrays-only", "a.npz", "b.npz").stdout


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        (1, 1.0, [{"key": "k", "a": 1, "b": 1.0}]),
        (True, 1, [{"key": "k", "a": True, "b": 1}]),
        (NAN, NAN, []),
        ({"x": 1, "y": 2}, {"y": 2, "x": 1}, []),
        ([{"x": 1, "y": 2}], [{"y": 2, "x": 1}], []),
        ([1, 2], [1, 3], [{"key": "k", "a": [1, 2], "b": [1, 3]}]),
        ({}, None, [{"key": "k", "a": {}, "b": None}]),
        (["a", "b"], ["a"], [{"key": "k", "a": ["a", "b"], "b": ["a"]}]),
        (
            [{"name": "R", "n": 1}, {"name": "S", "n": 1}],
            [{"name": "R", "n": 2}],
            [{"key": "k.R.n", "a": 1, "b": 2}, {"key": "k.S", "a": {"name": "S", "n": 1}}],
        ),
        (
            [["x", 1], ["y", 2]],
            [["y", 2], ["x", 1]],
            [{"key": "order of k", "a": ["x", "y"], "b": ["y", "x"]}],
        ),
        (
            [["x", 1], ["x", 2]],
            [["x", 1], ["x", 3]],
            [{"key": "k", "a": [["x", 1], ["x", 2]], "b": [["x", 1], ["x", 3]]}],
        ),
    ],
)
def test_manifests_are_compared_by_name(a: Any, b: Any, wanted: list[dict[str, Any]]) -> None:
    assert differences({"k": a, "format": 1, "library": "0"}, {"k": b, "format": 2}) == wanted


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ("nope.npz", "nope.npz: there is no such file; check the name."),
        ("a.bin", "a.bin: suffix '.bin', a checkpoint's is .pkl, .safetensors or .npz; rename"),
        ("broken.npz", "broken.npz: damaged: block 0 of RigidSolver.qpos has checksum"),
    ],
)
def test_trouble_of_diff_is_not_a_difference(other: str, message: str) -> None:
    save(Path("a.npz"))
    save(Path("broken.npz"))
    damage("broken.npz", "RigidSolver.qpos")
    assert trouble("diff", "a.npz", other).startswith(message)
    assert trouble("diff", other, "a.npz", "--json").startswith(message)
