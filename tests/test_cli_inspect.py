"""`genesis-state inspect`: what a file holds, as text and as JSON."""

from pathlib import Path

import numpy as np
import pytest
from checkpoint_content import FOUND, MANIFEST, SUFFIXES, arrays, save
from cli_runs import INF, NAN, SPECIAL, TIME, by_hand, damage, put, run, told, trouble

from genesis_state import checkpoint


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run where their files are, so that texts hold no long paths."""
    monkeypatch.chdir(tmp_path)


FACTS = {  # min, max, nan, inf
    "S.floats": (-2.25, 1.5, 2, 2),
    "S.only_nan": (None, None, 3, 0),
    "S.large": (0, 2**64 - 1, 0, 0),
    "S.small": (-128, 127, 0, 0),
    "S.half": (-0.5, 65504.0, 0, 0),
    "S.flags": (False, True, 0, 0),
    "S.empty": (None, None, 0, 0),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_inspect_tells_all_as_json(suffix: str) -> None:
    put(f"a{suffix}", SPECIAL, **MANIFEST, odd=[NAN, -INF])
    found = told("inspect", f"a{suffix}")
    rows = {row["name"]: row for row in found.pop("arrays")}
    assert found == {
        "file": f"a{suffix}",
        "checksums": True,
        "timestamp": TIME,
        "saved": "2023-11-14T22:13:20.250000+00:00",
        "step_index": 7,
        "n_envs": 3,
        "bytes": sum(array.nbytes for array in SPECIAL.values()),
        "ranges": True,
        "manifest": FOUND | {"odd": ["NaN", "-Infinity"]},
    }
    for name, array in SPECIAL.items():
        row = rows[name]
        assert (row["dtype"], row["bytes"]) == (array.dtype.name, array.nbytes)
        assert row["shape"] == list(array.shape)
        assert (row["min"], row["max"], row["nan"], row["inf"]) == FACTS[name]


def test_inspect_prints_values_in_few_digits() -> None:
    put("a.npz", {"S.x": np.array([0.1, 0.2], np.float32)})
    assert run("inspect", "a.npz").stdout.splitlines()[-1].split() == [
        *("S.x", "float32", "(2,)", "8", "0.1", "0.2", "0", "0")
    ]


@pytest.mark.parametrize("option", [[], ["--no-ranges"], ["--ranges"]])
def test_inspect_reads_values_of_small_files_or_as_asked(option: list[str], monkeypatch) -> None:
    monkeypatch.setattr("genesis_state.cli.inspect.READ_AT_ONCE", 40)
    save(Path("a.npz"))
    found = told("inspect", "a.npz", *option)
    assert found["ranges"] == (option == ["--ranges"])
    assert [row["max"] for row in found["arrays"]] == (
        [11, True, 3] if found["ranges"] else [None] * 3
    )
    text = run("inspect", "a.npz", *option).stdout
    assert ("ranges: not read, there are 68 B; ask with --ranges" in text) != found["ranges"]
    assert ("NaN" in text) == found["ranges"]


def test_inspect_names_entities_apart_from_the_rest_of_the_model() -> None:
    model = [["entity cart", "MJCF"], ["entity cart size", "nq 2"], ["contact pairs", "0"], "odd"]
    save(Path("plain.npz"))
    put("a.npz", arrays(), layout={"model": model}, settings={"dt": 0.01})
    text = run("inspect", "a.npz").stdout
    assert "\nsettings\n  dt  0.01\n" in text
    assert "\nentities\n  cart       MJCF\n  cart size  nq 2\n\nmodel\n  contact pairs  0\n" in text
    assert "entities" not in run("inspect", "plain.npz").stdout


def test_inspect_of_a_pickle_made_by_hand_says_so() -> None:
    by_hand("a.pkl", {"x": np.zeros((2, 3)), "y": np.zeros(3), "z": np.array(1.5)})
    text = run("inspect", "a.pkl").stdout
    assert "format  made by hand, without manifest and checksums" in text
    assert "n_envs  first axes disagree" in text
    found = told("inspect", "a.pkl")
    assert (found["checksums"], found["manifest"], found["n_envs"]) == (False, {}, None)


def test_inspect_of_no_arrays_and_of_a_time_beyond_the_calendar() -> None:
    checkpoint.write("a.npz", {}, step_index=0, manifest={}, timestamp=1e300)
    text = run("inspect", "a.npz").stdout
    assert "saved   1e+300 s since 1970" in text and "arrays  0, 0 B" in text
    assert told("inspect", "a.npz")["saved"] is None


def test_a_file_cannot_command_the_terminal() -> None:
    put("a.npz", arrays(), **{"\x1b[31m": "\x1b]0;x\x07", "m": {"k\n": "\x9b31m\u202e\ud800"}})
    by_hand("b.pkl", {"x\x1b[2J": np.zeros(1)})
    put("c.npz", arrays(), m={"k\n": 1})
    for args in (["inspect", "a.npz"], ["inspect", "b.pkl"], ["diff", "a.npz", "c.npz"]):
        text = run(*args, status=args[0] == "diff").stdout
        assert all(c.isprintable() for c in text.replace("\n", "")), args
        assert told(*args, status=args[0] == "diff")
    assert r"  k\n  \x9b31m\u202e\ud800" in run("inspect", "a.npz").stdout


def test_long_values_are_cut_and_long_sections_counted() -> None:
    put("a.npz", arrays(), many={f"k{i}": i for i in range(100)}, long="x" * 1000)
    text = run("inspect", "a.npz").stdout
    assert "  and 70 more; see --json\n" in text
    assert "\nlong: " + "x" * 99 + "…\n" in text
    assert told("inspect", "a.npz")["manifest"]["many"]["k99"] == 99


def test_inspect_of_a_damaged_file_is_trouble_once_values_are_read() -> None:
    save(Path("a.npz"))
    damage("a.npz", "RigidSolver.qpos")
    assert trouble("inspect", "a.npz").startswith("a.npz: damaged: block 0 of RigidSolver.qpos")
    assert told("inspect", "--no-ranges", "a.npz")["step_index"] == 7
