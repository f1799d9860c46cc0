"""The contract of simulation state, line by line, for every kind of scene; and that it can fail."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import broken_solvers
import pytest
import scenes

import genesis_state as gs
from genesis_state import testing
from genesis_state.testing import Contract, ContractError

# One process has one precision. The tests in 64 bits are these same tests in another process.
PRECISION = os.environ.get("GENESIS_STATE_TEST_PRECISION", "32")

# These start processes that compile everything again, once for each number of threads.
SLOW = {("threads", "quadruped"), ("threads", "chain")}


def _cases() -> list[Any]:
    """Subject by subject, so that each one's scenes are built once; one environment is slow."""
    cases = []
    for n_envs in (7, 1):
        for subject in scenes.SUBJECTS:
            for line in testing.ALL:
                slow = n_envs == 1 or (line, subject) in SLOW
                marks = [pytest.mark.slow] if slow and subject != "beads" else []
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
        given = vars(scenes.SUBJECTS[subject])
        contracts[subject, n_envs] = Contract(**given, n_envs=n_envs)
    return contracts[subject, n_envs]


@pytest.mark.parametrize(("subject", "n_envs", "line"), _cases())
def test_contract(contract: Contract, line: str) -> None:
    testing.LINES[line](contract)


@pytest.mark.skipif(PRECISION == "64", reason="this is the process with 64 bits")
@pytest.mark.parametrize("subject", scenes.SUBJECTS)
def test_contract_holds_in_64_bits(subject: str) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        __file__,
        "-k",
        f"test_contract and {subject}-7",
    ]
    environment = {**os.environ, "GENESIS_STATE_TEST_PRECISION": "64"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


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
}


@pytest.mark.parametrize(("line", "name"), [(k, v) for k, names in BROKEN.items() for v in names])
def test_broken_solver_is_caught(line: str, name: str) -> None:
    kind = getattr(broken_solvers, f"{name}Solver")
    with broken_solvers.contract_of(kind) as contract, pytest.raises(ContractError) as caught:
        testing.LINES[line](contract)
    print(caught.value)
    assert str(caught.value).startswith(f"{line}: ")
    assert f"{name}Solver." in str(caught.value) or "_solver.get_" in str(caught.value)


def test_every_line_is_shown_to_fail() -> None:
    assert set(BROKEN) == set(testing.ALL)
