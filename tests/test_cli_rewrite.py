"""`genesis-state convert` and `slice`: what the files they write hold, and what they refuse."""

import json
import os
import pickle
import re
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_content import MANIFEST, SUFFIXES, arrays, assert_same, save
from cli_runs import GOLDEN, SPECIAL, TIME, by_hand, damage, put, run, told, trouble

from genesis_state import checkpoint
from genesis_state.cli.environments import environments


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run where their files are, so that texts hold no long paths."""
    monkeypatch.chdir(tmp_path)


# convert


def sums(path: str) -> dict[str, Any]:
    """The manifest as the file has it, with checksums and seal."""
    if path.endswith(".pkl"):
        return pickle.loads(Path(path).read_bytes())["manifest"]
    if path.endswith(".npz"):
        return json.loads(np.load(path)["checkpoint"].item())["manifest"]
    data = Path(path).read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return json.loads(header["__metadata__"]["checkpoint"])["manifest"]


@pytest.mark.parametrize("other", SUFFIXES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_convert_keeps_all(suffix: str, other: str) -> None:
    put(f"a{suffix}", SPECIAL, **MANIFEST)
    text = run("convert", f"a{suffix}", f"b{other}").stdout
    assert text == f"b{other}: 7 arrays, 84 B\n"
    assert sums(f"b{other}") == sums(f"a{suffix}")
    a, b = checkpoint.read(f"a{suffix}"), checkpoint.read(f"b{other}")
    assert_same(b.arrays, a.arrays)
    assert (b.timestamp, b.step_index, b.manifest) == (TIME, 7, a.manifest)
    found = told("convert", f"b{other}", "c.npz")
    assert found == {
        "file": "c.npz",
        "source": f"b{other}",
        "checked": True,
        "timestamp": TIME,
        "step_index": 7,
        "arrays": 7,
        "bytes": 84,
    }


def test_convert_brings_an_old_file_up_to_date_in_its_place() -> None:
    shutil.copy(GOLDEN / "format_1.pkl", "a.pkl")
    before = checkpoint.read("a.pkl")
    run("convert", "a.pkl", "a.pkl", "--force")
    after = checkpoint.read("a.pkl")
    assert_same(after.arrays, before.arrays)
    assert (before.manifest["format"], after.manifest["format"]) == (1, 2)
    assert after.timestamp == before.timestamp
    run("diff", GOLDEN / "format_1.pkl", "a.pkl")


def test_convert_says_when_nothing_vouched_for_the_source() -> None:
    by_hand("a.pkl", {"x": np.arange(3, dtype=">i4")})
    assert run("convert", "a.pkl", "b.npz").stdout == (
        "b.npz: 1 array, 12 B\na.pkl has no checksums; those of b.npz are of what was read.\n"
    )
    assert told("verify", "b.npz")["ok"]
    assert told("convert", "a.pkl", "c.npz")["checked"] is False


@pytest.mark.parametrize("command", [["convert"], ["slice", "--envs", "0"]])
def test_a_file_is_replaced_only_if_told_so(command: list[str]) -> None:
    save(Path("a.npz"))
    Path("b.pkl").write_text("mine")
    assert trouble(*command, "a.npz", "b.pkl") == (
        "b.pkl: there is such a file; name another, or replace it with --force."
    )
    assert Path("b.pkl").read_text() == "mine"
    run(*command, "a.npz", "b.pkl", "--force")
    assert told("verify", "b.pkl")["ok"]


@pytest.mark.parametrize("command", [["convert"], ["slice", "--envs", "0"]])
@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ("nope.pkl", "b.npz", r"nope.pkl: there is no such file; check the name\."),
        ("a.npz", "b.bin", r"b.bin: suffix '.bin', a checkpoint's is .pkl, .safetensors or .npz; "),
        ("a.npz", "no/b.npz", r"no/b.npz: the folder .*no does not exist; create it, or save else"),
        ("bad.npz", "b.npz", r"bad.npz: damaged: block 0 of RigidSolver.qpos has checksum"),
        ("name.pkl", "b.npz", r"b.npz: array name 'a/b': needs 1 to 200 bytes .*; rename it\."),
        ("text.npz", "b.npz", r"text.npz: is no zip file; it is cut short, damaged, or something"),
        ("folder.npz", "b.npz", r"folder.npz: is a folder, needs to be a file; name one in it\."),
    ],
)
def test_what_cannot_be_rewritten(command: list[str], a: str, b: str, message: str) -> None:
    save(Path("a.npz"))
    save(Path("bad.npz"))
    damage("bad.npz", "RigidSolver.qpos")
    by_hand("name.pkl", {"a/b": np.zeros(1)})
    Path("text.npz").write_text("hello")
    Path("folder.npz").mkdir()
    before = set(os.listdir())
    assert re.match(message, trouble(*command, a, b))
    assert set(os.listdir()) == before


# slice


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0:8", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("3", [3]),
        ("-1", [9]),
        ("0,2,5", [0, 2, 5]),
        ("5,2,2", [5, 2, 2]),
        ("::4", [0, 4, 8]),
        ("::-4", [9, 5, 1]),
        ("8:", [8, 9]),
        (":2,-2:", [0, 1, 8, 9]),
        ("-1, 3:5 ,0", [9, 3, 4, 0]),
        ("8:100", [8, 9]),
        (":", list(range(10))),
    ],
)
def test_environments_are_named_as_in_python(text: str, wanted: list[int]) -> None:
    assert environments(text, 10).tolist() == wanted


FORM = ", needs indices and slices such as 3, -1, 0:8 or ::2 with commas between."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("4", "4 is none of 4 environments, needs indices from -4 to 3."),
        ("0,-5", "-5 is none of 4 environments, needs indices from -4 to 3."),
        ("0,4:8", "'4:8' names none of 4 environments, needs indices from -4 to 3."),
        ("2:2", "'2:2' names none of 4 environments, needs indices from -4 to 3."),
        ("::0", "'::0' has step 0, needs another, or none."),
        ("", "'' has ''" + FORM),
        ("0,,1", "'0,,1' has ''" + FORM),
        ("a", "'a' has 'a'" + FORM),
        ("0:1:2:3", "'0:1:2:3' has '0:1:2:3'" + FORM),
        ("1_0", "'1_0' has '1_0'" + FORM),
        ("0-3", "'0-3' has '0-3'" + FORM),
    ],
)
def test_environments_that_are_none(text: str, message: str) -> None:
    save(Path("a.npz"))
    assert trouble("slice", "a.npz", "b.npz", "--envs", text) == f"a.npz: --envs: {message}"


@pytest.mark.parametrize("envs", ["0:2", "-1,0", "::3,1,1"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_slice_keeps_those_rows_and_the_rest(suffix: str, envs: str) -> None:
    put(f"a{suffix}", arrays(), **MANIFEST)
    rows = environments(envs, 4)
    found = told("slice", f"a{suffix}", f"b{suffix}", "--envs", envs)
    a, b = checkpoint.read(f"a{suffix}"), checkpoint.read(f"b{suffix}")
    assert_same(b.arrays, {name: array[rows] for name, array in arrays().items()})
    assert (b.timestamp, b.step_index, b.manifest) == (TIME, 7, a.manifest)
    assert found == {
        "file": f"b{suffix}",
        "source": f"a{suffix}",
        "checked": True,
        "envs": rows.tolist(),
        "n_envs": len(rows),
        "of": 4,
        "arrays": 3,
        "bytes": 17 * len(rows),
    }


def test_one_array_under_many_names_is_held_once() -> None:
    wide = np.zeros((4, 250_000))
    by_hand("a.pkl", {f"x{i}": wide for i in range(100)})
    tracemalloc.start()
    try:
        run("slice", "a.pkl", "b.pkl", "--envs", "1")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * wide.nbytes


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"S.x": np.zeros(4), "S.y": np.zeros((3, 2))},
            "a.npz: first axes disagree: S.x has 4, S.y has 3; needs arrays with a row for each "
            "environment in all, as a scene saves them.",
        ),
        (
            {"S.x": np.zeros(4), "S.y": np.array(1)},
            "a.npz: first axes disagree: S.x has 4, S.y has no axis; needs arrays with a row for "
            "each environment in all, as a scene saves them.",
        ),
        (
            {"S.x": np.array(1)},
            "a.npz: first axes disagree: S.x has no axis; needs arrays with a row for each "
            "environment in all, as a scene saves them.",
        ),
        ({}, "a.npz: holds no values, so there is nothing to slice."),
        ({"S.x": np.zeros((2**40, 0))}, "a.npz: holds no values, so there is nothing to slice."),
    ],
)
def test_what_has_no_environments_is_not_sliced(given: Any, message: str) -> None:
    put("a.npz", given)
    assert trouble("slice", "a.npz", "b.npz", "--envs", ":") == message
    assert not Path("b.npz").exists()
