"""Writes docs/guarantee.md from docs/guarantee.json, the contract suite's own results.

    python docs/guarantee.py                   # the page, from the results that are kept
    python docs/guarantee.py run               # runs what is quick first and keeps what came of it
    python docs/guarantee.py run --on cpu-64 -m "" -k tank     # arguments for pytest after --on

Results are added to those of the same versions and machine; others are replaced.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
PAGE, RESULTS = FOLDER / "guarantee.md", FOLDER / "guarantee.json"

SUITES = {
    "cpu-32": ("tests/test_contract.py::test_contract", {"GENESIS_STATE_TEST_PRECISION": "32"}),
    "cpu-64": ("tests/test_contract.py::test_contract", {"GENESIS_STATE_TEST_PRECISION": "64"}),
    "vulkan-32": ("tests/test_vulkan.py::test_contract", {}),
}
"""Where the contract is tested: the tests, and what they find in their environment."""

TITLES = {"cpu-32": "CPU, 32 bits", "cpu-64": "CPU, 64 bits", "vulkan-32": "Vulkan, 32 bits"}

SCENES = {
    "franka": ("rigid", "a Franka that presses on the ground"),
    "quadruped": ("rigid", "a quadruped that lands"),
    "varied": (
        "rigid",
        "the quadruped, with masses, friction and gravity of each environment's own",
    ),
    "boxes": ("rigid", "ten boxes that collapse"),
    "gripper": ("rigid", "a stone held by two fingers"),
    "chain": ("rigid", "a chain with equality constraints"),
    "led": ("rigid", "arms led by mocap bodies, that take boxes by welds and leave them"),
    "tendon_hand": ("rigid", "tendons of every kind bend two fingers around a stone"),
    "attached": ("rigid", "a robot that carries a claw, another entity, and lands"),
    "cartpole": ("rigid", "a cart and pole"),
    "beads": ("your own", "a user's solver"),
    "bedlam": ("MPM", "a stone on jelly, sand that collapses, snow, water from a nozzle"),
    "tank": ("SPH", "a ball that falls into water, a block that floats, oil from a nozzle; WCSPH"),
    "tank_dfsph": ("SPH", "the same by DFSPH"),
    "laundry": ("PBD", "stones on a cloth, jelly, dust and water from a nozzle"),
    "cushion": ("FEM", "a stone on a cushion, a bar held at an arm and by a spring; explicit"),
    "cushion, implicit": ("FEM", "the same, implicit"),
    "crowd": ("all five", "a stone that carries a cloth, beside all kinds of matter"),
    "stiff crowd": ("all five", "the same with DFSPH and implicit finite elements"),
}
"""What scenes of the suite are, by the names that it has for them."""

HEAD = """# The guarantee

Written by `python docs/guarantee.py` from `docs/guarantee.json`, what the contract suite found; a
test compares the two. The suite is `gs.testing`, a function per line, and runs on
[a solver of your own](own_solver.md) too. What bit for bit means, and for what, is in
[Concepts](concepts.md#what-bit-for-bit-means).

Each line starts from a recording: a scene runs, is snapshot in the middle of something happening,
and runs on. The line then gets to the same moment in another way; every byte has to be the same.
"""

BETWEEN = """
A figure is the number of scenes in which the line held, of those in which it was run. CUDA is
written and has never run. Vulkan has one transport, so there is nothing to compare.

## Scene by scene

Bits of the numbers with which a line held on the CPU, in 7 environments (`beads` in 1
too). A dash, or a precision that is missing, is a test that takes long and was not run this time.
"""

Results = dict[str, dict[str, Any]]


def document(results: Results, lines: dict[str, str]) -> str:
    """The text of the page.

    Args:
        results: What docs/guarantee.json holds.
        lines: The lines of the contract, and the first sentence about each.
    """
    columns = [name for name in SUITES if name in results]
    text = HEAD + "\n| line | what holds | "
    text += " | ".join(TITLES[name] for name in columns) + " | CUDA |\n"
    text += "| --- " * (len(columns) + 3) + "|\n"
    for line, what in lines.items():
        cells = [summary(results[name]["cases"], line) for name in columns]
        text += f"| `{line}` | {what} | {' | '.join(cells)} | never run |\n"
    text += BETWEEN
    text += "\n| scene | " + " | ".join(lines) + " |\n"
    text += "| --- " * (len(lines) + 1) + "|\n"
    for scene in SCENES:
        cells = [cell(results, scene, line) for line in lines]
        if any(cells):
            text += f"| {scene} | {' | '.join(cell or '–' for cell in cells)} |\n"
    text += "\n"
    text += "".join(f"- **{name}**, {kind}: {what}.\n" for name, (kind, what) in SCENES.items())
    return text + "\n## Run on\n\n" + "".join(ran_on(name, results[name]) for name in columns)


def summary(cases: dict[str, dict[str, str]], line: str) -> str:
    """In how many scenes a line held."""
    found: dict[str, list[str]] = {}
    for case, outcomes in cases.items():
        if line in outcomes:
            found.setdefault(case.rpartition(" ")[0], []).append(outcomes[line])
    if not found:
        return "not run"
    held = sum(set(outcomes) == {"passed"} for outcomes in found.values())
    return f"{held} of {len(found)}"


def cell(results: Results, scene: str, line: str) -> str:
    """In which precisions a line held in a scene, however many environments it had."""
    parts = []
    for suite in ("cpu-32", "cpu-64"):
        cases = results.get(suite, {"cases": {}})["cases"]
        found = {
            outcomes[line]
            for case, outcomes in cases.items()
            if case.rpartition(" ")[0] == scene and line in outcomes
        }
        if found:
            broken = "" if found == {"passed"} else " failed"
            parts.append(suite.removeprefix("cpu-") + broken)
    return " ".join(parts)


def ran_on(name: str, suite: dict[str, Any]) -> str:
    what = ", ".join(f"{key} {value}" for key, value in suite["on"].items())
    return f"- {TITLES[name]}: {suite['date']}, {what}.\n"


def run(name: str, arguments: list[str]) -> dict[str, Any]:
    """Runs one suite; what came of it, and where."""
    tests, environment = SUITES[name]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", tests, *arguments]
        subprocess.run(command, cwd=ROOT, env={**os.environ, **environment})
        cases = outcomes(report.read_text(encoding="utf-8"))
    on = {package: importlib.metadata.version(package) for package in ("taichi", "torch", "mujoco")}
    on |= {"Python": platform.python_version(), "on": f"{platform.system()} {platform.machine()}"}
    return {"date": datetime.date.today().isoformat(), "on": on, "cases": cases}


def outcomes(report: str) -> dict[str, dict[str, str]]:
    """By scene and number of environments, what came of each line: passed or failed."""
    found: dict[str, dict[str, str]] = {}
    for test in ElementTree.fromstring(report).iter("testcase"):
        name = test.get("name", "")
        if test.find("skipped") is not None:
            continue
        broken = test.find("failure") is not None or test.find("error") is not None
        outcome = "failed" if broken else "passed"
        if case := re.fullmatch(r"test_contract\[(.+)-(\d+)-(\w+)\]", name):
            found.setdefault(f"{case[1]} {case[2]}", {})[case[3]] = outcome
        else:  # several lines in one test, of a cartpole
            for line in re.findall(r"'(\w+)'", name):
                found.setdefault("cartpole 4", {})[line] = outcome
    return found


def merged(old: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
    """Old results with the new ones over them, if they are of the same versions and machine."""
    if old is None or old["on"] != new["on"]:
        return new
    cases = {case: dict(lines) for case, lines in old["cases"].items()}
    for case, lines in new["cases"].items():
        cases.setdefault(case, {}).update(lines)
    return {**new, "cases": cases}


def load() -> Results:
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}


def contract_lines() -> dict[str, str]:
    """The lines of the suite as it is, and what its docstrings say of them."""
    from genesis_state import testing

    return {
        name: " ".join((line.__doc__ or "").split("\n\n")[0].split())
        for name, line in testing.LINES.items()
    }


def main(arguments: list[str]) -> None:
    results = load()
    if arguments[:1] == ["run"]:
        rest, names = arguments[1:], list(SUITES)
        if rest[:1] == ["--on"]:
            names, rest = [rest[1]], rest[2:]
        for name in names:
            results[name] = merged(results.get(name), run(name, rest))
            RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(document(results, contract_lines()), encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main(sys.argv[1:])
