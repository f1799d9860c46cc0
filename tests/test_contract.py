"""The contract of simulation state, line by line, for every kind of scene; and that it can fail."""

import dataclasses
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import all_matter
import broken_solvers
import fem_scenes
import liquids
import matter
import pbd_scenes
import pytest
import scenes
import tendon_hand

import genesis_state as gs
from genesis_state import testing
from genesis_state.solvers.rigid.schema import RigidState
from genesis_state.testing import Contract, ContractError

MATTER = (matter, liquids, pbd_scenes, fem_scenes, all_matter)
"""Modules of scenes with continua, which know whether a snapshot is `in_the_middle` of them."""

SUBJECTS = (
    scenes.SUBJECTS
    | tendon_hand.SUBJECTS
    | {k: v for module in MATTER for k, v in module.SUBJECTS.items()}
)

# One process has one precision. The test in 64 bits is these same tests in another process.
PRECISION = os.environ.get("GENESIS_STATE_TEST_PRECISION", "32")

# What compiles a scene again takes long: threads do for each number of them. In 64 bits one rigid
# subject goes through the lines that need several scenes, and one with all kinds of matter.
OTHERS = ("quadruped", "varied", "boxes", "gripper", "chain", "attached", "led", "tendon_hand")
APART = [name for module in MATTER for name in module.SUBJECTS if name != "crowd"]
SLOW = {
    "32": {
        *itertools.product(("threads",), (*OTHERS, *fem_scenes.SUBJECTS, "crowd", "tank_dfsph")),
        *itertools.product(testing.ALL, ("stiff crowd",)),
    },
    "64": {
        ("threads", "franka"),
        *itertools.product(
            ("poison", "batch", "threads", "transport", "observation"), (*OTHERS, "crowd")
        ),
        *itertools.product(testing.ALL, APART),
    },
}[PRECISION]


# Taichi writes its cache when a runtime ends: these come last, and then compile little.
ELSEWHERE = ("threads", "file")
LINES = sorted(testing.ALL, key=ELSEWHERE.__contains__)


def _cases() -> list[Any]:
    """Subject by subject, so that each one's scenes are built once."""
    cases = []
    for n_envs, subject, line in itertools.product((7, 1), SUBJECTS, LINES):
        slow = (line, subject) in SLOW or (n_envs == 1 and subject != "beads")
        marks = [pytest.mark.slow] if slow else []
        cases.append(pytest.param(subject, n_envs, line, marks=marks))
    return cases


@pytest.fixture(scope="module", autouse=True)
def precision(fresh_runtime: None) -> None:
    gs.init(precision=PRECISION)


@pytest.fixture(scope="module")
def contracts() -> Iterator[dict[tuple[str, int], Contract]]:
    """The contract of the subject that was asked for last."""
    kept: dict[tuple[str, int], Contract] = {}
    yield kept
    for contract in kept.values():
        contract.close()


@pytest.fixture
def contract(subject: str, n_envs: int, contracts: dict[tuple[str, int], Contract]) -> Contract:
    if (subject, n_envs) not in contracts:
        # Fields number from the start of a runtime: a fresh one finds its kernels in the cache,
        # and so do the processes that some lines start.
        gs.destroy()
        gs.init(precision=PRECISION)
        contracts.clear()
        given = vars(SUBJECTS[subject])
        contracts[subject, n_envs] = Contract(**given, n_envs=n_envs)
    return contracts[subject, n_envs]


@pytest.mark.parametrize(("subject", "n_envs", "line"), _cases())
def test_contract(contract: Contract, subject: str, line: str) -> None:
    if line == "resume" and subject in (*scenes.TOUCHING, *tendon_hand.SUBJECTS):
        touching = contract.recording.snapshot.rigid.n_contacts > 0
        assert touching.float().mean() > 0.5
    for module in MATTER:
        if line == "resume" and subject in module.SUBJECTS:
            assert module.in_the_middle(contract.recording.snapshot)
    if line in ELSEWHERE:
        assert contract.recording
        contract.close()
        gs.destroy()
    testing.LINES[line](contract)


@pytest.fixture(scope="module", autouse=True)
def in_64_bits(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str] | None]:
    """The other process. It runs beside this one, as each compiles on one core."""
    # The other process must not start a third.
    asked = any(item.name == test_contract_holds_in_64_bits.__name__ for item in _items(request))
    if PRECISION == "64" or not asked:
        yield None
        return
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", f"{__file__}::{test_contract.__name__}"],
            env={**os.environ, "GENESIS_STATE_TEST_PRECISION": "64"},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        process.stdout = output
        yield process
        process.kill()
        process.wait()


def _items(request: pytest.FixtureRequest) -> list[pytest.Item]:
    return [item for item in request.session.items if item.path == Path(__file__)]


@pytest.mark.skipif(PRECISION == "64", reason="this is the process with 64 bits")
def test_contract_holds_in_64_bits(in_64_bits: subprocess.Popen[str]) -> None:
    code = in_64_bits.wait()
    output = in_64_bits.stdout
    assert output is not None
    output.seek(0)
    assert code == 0, output.read()


# ---------------------------------------------------------------- it can fail

BROKEN = {
    "resume": ("Forgetful", "Counting"),
    "poison": ("Forgetful", "Hoarding"),
    "history": ("Forgetful", "Counting"),
    "isolation": ("Forgetful", "Coupled"),
    "permutation": ("Placed",),
    "batch": ("Coupled", "Placed"),
    "threads": ("Thready", "Local"),
    "file": ("Local", "Counting"),
    "transport": ("Peeking",),
    "observation": ("Showing", "Meddling"),
    "copy": ("Placed", "Counting"),
    "branch": ("Forgetful", "Counting"),
    "bank": ("Placed", "Counting"),
    "rewind": ("Forgetful", "Counting"),
}


@pytest.mark.parametrize(("line", "name"), [(k, v) for k, names in BROKEN.items() for v in names])
def test_broken_solver_is_caught(line: str, name: str) -> None:
    kind = getattr(broken_solvers, f"{name}Solver")
    with broken_solvers.contract_of(kind) as contract, pytest.raises(ContractError) as caught:
        testing.LINES[line](contract)
    print(caught.value)
    assert str(caught.value).startswith(f"{line}: ")
    assert f"{name}Solver." in str(caught.value) or "_solver.get_" in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("subject", "name"),
    [
        *itertools.product(["chain"], ["dofs_acc", "act", "ctrl", "dofs_force", "error"]),
        *itertools.product(
            ["led"], ["mocap_pos", "mocap_quat", "eq_active", "weld_link1", "weld_quat"]
        ),
    ],
)
def test_rigid_memory_cannot_pass_for_scratch(
    subject: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = RigidState.variables()
    variables[name] = dataclasses.replace(variables[name], role="scratch", command=False)
    monkeypatch.setattr(RigidState, "_variables", variables)
    lines = ("resume", "poison", "observation")
    with pytest.raises(ContractError):
        testing.check_contract(**vars(scenes.SUBJECTS[subject]), lines=lines)


def test_every_line_is_shown_to_fail() -> None:
    assert set(BROKEN) == set(testing.ALL)
