"""The command line as a whole, `genesis-state verify`, and docs/command_line.md."""

import os
import re
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_content import SUFFIXES, arrays, save
from cli_runs import GOLDEN, NAN, TIME, by_hand, damage, put, run, told
from click.testing import CliRunner

from genesis_state import checkpoint
from genesis_state.cli import main
from genesis_state.version import __version__

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
COMMANDS = ("inspect", "diff", "verify", "convert", "slice")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run where their files are, so that texts hold no long paths."""
    monkeypatch.chdir(tmp_path)


# The program


def process(code: str, *args: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs Python in a process of its own that finds this package."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    return subprocess.run([sys.executable, "-c", code, *args], env=env, **options)


def test_no_command_loads_what_is_heavy() -> None:
    code = """
import sys
from genesis_state.cli import main
for args in (["inspect", "a.npz"], ["diff", "a.npz", "a.npz"], ["verify", "a.npz"],
             ["convert", "a.npz", "b.pkl"], ["slice", "a.npz", "c.pkl", "--envs", "0"]):
    assert not main(args, standalone_mode=False), args
heavy = ("taichi", "torch", "mujoco", "trimesh", "safetensors", "genesis_state.scene")
print([name for name in heavy if name in sys.modules])
"""
    save(Path("a.npz"))
    result = process(code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "[]"


def test_inspect_answers_within_a_second() -> None:
    save(Path("a.npz"))
    times = []
    for _ in range(3):
        start = time.perf_counter()
        result = process("import genesis_state.__main__", "inspect", "a.npz")
        times.append(time.perf_counter() - start)
        assert result.stdout.startswith("a.npz\n  format   2, written"), result.stderr
    assert min(times) < 1


def test_a_reader_that_goes_away_is_no_error() -> None:
    put("a.npz", arrays())
    read, write = os.pipe()
    os.close(read)
    result = process("import genesis_state.__main__", "inspect", "a.npz", stdout=write)
    os.close(write)
    assert result.stderr == ""


def test_an_interrupt_is_no_difference(monkeypatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    save(Path("a.npz"))
    monkeypatch.setattr(checkpoint.Stored, "array", interrupt)
    result = run("diff", "a.npz", "a.npz", status=130)
    assert result.stderr == "interrupted\n"


def test_stdout_of_few_characters_gets_escapes() -> None:
    put("a.npz", arrays(), m={"µ": 1})
    code = "import sys\nsys.stdout.reconfigure(encoding='ascii')\nimport genesis_state.__main__"
    result = process(code, "inspect", "a.npz")
    assert "  \\xb5  1\n" in result.stdout, result.stderr


def test_progress_goes_to_a_terminal_alone() -> None:
    pty, fcntl = pytest.importorskip("pty"), pytest.importorskip("fcntl")
    termios = pytest.importorskip("termios")
    put("a.npz", arrays())
    code = "from genesis_state.cli import main, progress as p\np.DELAY = 0\nmain()"
    line = "a.npz: OK, 3 arrays, 68 B\n"
    result = process(code, "verify", "a.npz")
    assert (result.stdout, result.stderr) == (line, "")
    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    os.rename("a.npz", "\x1b[31m.npz")
    result = process(code, "verify", "\x1b[31m.npz", stderr=terminal)
    os.close(terminal)
    shown = os.read(reader, 10_000).decode()
    os.close(reader)
    assert result.stdout == line.replace("a.npz", r"\x1b[31m.npz")
    assert r"\x1b[31m.npz:   0%" in shown and "\n" not in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str) -> None:
    text = run(command, "--help").stdout
    assert re.search(rf"Examples?:\n    genesis-state {command} ", text)
    assert "--json" in text
    assert f"  {command} " in run("--help").stdout
    assert f"## {command}\n" in PAGE


def test_version() -> None:
    assert run("--version").stdout == f"genesis_state {__version__}\n"


# verify


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_verify_goes_on_after_a_broken_file(suffix: str) -> None:
    for name in ("good", "bad", "worse", "last"):
        save(Path(f"{name}{suffix}"))
    damage(f"bad{suffix}", "Scene.envs_t")
    damage(f"worse{suffix}", "RigidSolver.qpos", "Scene.envs_t")
    files = [f"{name}{suffix}" for name in ("good", "bad", "nope", "worse", "last")]
    text = run("verify", *files, status=1).stdout.splitlines()
    assert text[0] == f"good{suffix}: OK, 3 arrays, 68 B"
    assert text[1].startswith(f"bad{suffix}: broken: damaged: block 0 of Scene.envs_t has checksum")
    assert text[2] == f"nope{suffix}: broken: there is no such file; check the name."
    assert text[3].startswith(f"worse{suffix}: broken: damaged: block 0 of RigidSolver.qpos has")
    assert text[3].endswith("; take another copy. (1 more array broken)")
    assert text[4] == f"last{suffix}: OK, 3 arrays, 68 B"
    found = told("verify", *files, status=1)
    assert not found["ok"]
    assert [item["status"] for item in found["files"]] == [
        *("OK", "broken", "broken", "broken", "OK")
    ]
    assert [len(item["problems"]) for item in found["files"]] == [0, 1, 1, 2, 0]
    assert found["files"][0] == {
        "file": files[0],
        "status": "OK",
        "problems": [],
        "arrays": 3,
        "bytes": 68,
    }


def test_verify_reads_every_format_and_vouches_for_none_made_by_hand() -> None:
    golden = sorted(GOLDEN.iterdir())
    assert told("verify", *golden)["ok"]
    by_hand("a.pkl", {"x": np.zeros(1)})
    text = run("verify", "a.pkl", status=1).stdout
    assert text == "a.pkl: no checksums, so not verified: made by hand; 1 array, 8 B\n"
    assert told("verify", "a.pkl", status=1)["files"][0]["status"] == "no checksums"


# The page


def test_blocks_of_the_page_print_what_they_say(monkeypatch) -> None:
    shutil.copy(GOLDEN / "format_2.npz", "checkpoint.npz")
    shutil.copy(GOLDEN / "format_2.safetensors", "same.safetensors")
    shutil.copy(GOLDEN / "format_2.npz", "damaged.npz")
    damage("damaged.npz", "RigidSolver.qpos")
    by_hand("by_hand.pkl", {"x": np.zeros(1)})
    later = checkpoint.read("checkpoint.npz")
    later.arrays["RigidSolver.qpos"][[0, 1, 2], [0, 1, 1]] = -0.0, NAN, 9.5
    later.manifest["settings"] = {"scene step": "0.02 s in 1 substeps"}
    monkeypatch.setattr("genesis_state.checkpoint.manifest.__version__", "0.1.0")
    put("later.pkl", later.arrays, 8, time=TIME + 100, **later.manifest)
    blocks = "".join(re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL))
    commands = re.findall(r"^\$ genesis-state (.*)\n((?:(?!\$ ).*\n)*)", blocks, re.MULTILINE)
    assert {command.split()[0] for command, _ in commands} == set(COMMANDS)
    for command, output in commands:
        assert CliRunner().invoke(main, command.split()).output == output, command


def test_page_lists_the_keys_of_every_object() -> None:
    rows = re.findall(r"^\| ((?:inspect|diff|verify|convert|slice).*?) \| (`.*`) \|$", PAGE, re.M)
    listed = {of: re.findall(r"`(\w+)`", keys) for of, keys in rows}
    put("a.npz", arrays())
    put("b.npz", arrays() | {"RigidSolver.awake": np.zeros(4), "Scene.envs_t": np.ones(4, "i4")}, 8)
    inspect, verify = told("inspect", "a.npz"), told("verify", "a.npz")
    diff = told("diff", "a.npz", "b.npz", status=1)
    assert listed == {
        "inspect": list(inspect),
        "inspect: each of `arrays`": list(inspect["arrays"][0]),
        "diff": list(diff),
        "diff: `a` and `b`": list(diff["a"]),
        "diff: each of `manifest`": list(diff["manifest"][0]),
        "diff: each of `unlike`": list(diff["unlike"][0]),
        "diff: each of `differing`": list(diff["differing"][0]),
        "diff: `first` and `largest`": list(diff["differing"][0]["first"]),
        "verify": list(verify),
        "verify: each of `files`": list(verify["files"][0]),
        "convert": list(told("convert", "a.npz", "c.npz")),
        "slice": list(told("slice", "a.npz", "d.npz", "--envs", "0")),
    }
