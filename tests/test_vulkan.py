"""Vulkan, where there is a driver: Mesa's llvmpipe will do (mesa-vulkan-drivers, libvulkan1)."""

import functools
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import vulkan_job

from genesis_state import testing

JOB = Path(vulkan_job.__file__)

# Each scene compiles for half a minute where nothing is cached.
QUICK = ("resume", "poison", "history", "isolation")
OTHERS = tuple(line for line in testing.ALL if line not in (*QUICK, "transport"))


def run(job: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a job in a new process."""
    command = [sys.executable, str(JOB), job, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


@functools.cache
def why_not() -> str:
    """What is in the way of Vulkan, or "" if nothing is."""
    found = run("probe")
    if found.returncode == 0:
        return ""
    lines = [line for line in found.stderr.splitlines() if line.strip()]
    last = lines[-1] if lines else f"the process ended with {found.returncode}"
    return f"Vulkan does not start here (mesa-vulkan-drivers and libvulkan1 would do): {last}"


@pytest.fixture(autouse=True)
def driver() -> None:
    if why_not():
        pytest.skip(why_not())


def succeed(job: str, *arguments: str) -> None:
    found = run(job, *arguments)
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_schema_goes_through_the_kernel_transport() -> None:
    succeed("transport")


def test_zero_copy_is_refused() -> None:
    found = run("zero_copy")
    assert 'ValueError: SimOptions: state_transport="zero_copy" cannot see' in found.stderr


def test_cartpole_moves_as_on_the_cpu(tmp_path: Path) -> None:
    file = tmp_path / "trajectory.pt"
    succeed("trajectory", str(file))
    found, wanted = torch.load(file), vulkan_job.trajectory()
    assert wanted[-1].std() > 0.1, "it did not move"
    assert (found - wanted).abs().max() < 1e-4


def test_ball_lands_as_on_the_cpu(tmp_path: Path) -> None:
    file = tmp_path / "landing.pt"
    succeed("landing", str(file))
    found, wanted = torch.load(file), vulkan_job.landing()
    assert (found - wanted).abs().max() < 1e-3
    assert wanted[-1, :, 2].max() < 0.101, "it did not land"


SLOW = ("laundry", "cushion")  # five minutes of compiling, and more than one


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in SLOW else ())
        for name in vulkan_job.IMPACTS
    ],
)
def test_matter_stops_a_stone_as_on_the_cpu(tmp_path: Path, name: str) -> None:
    file = tmp_path / "impact.pt"
    succeed("impact", name, str(file))
    found, wanted = torch.load(file), vulkan_job.impact(name)
    assert (found - wanted).abs().max() < 1e-4
    fall = wanted[:, :, 2].diff(dim=0)
    assert (fall.diff(dim=0).amax(dim=0) > 2e-5).all(), "nothing slowed it down"


def test_implicit_finite_elements_are_refused() -> None:
    found = run("implicit")
    assert "ValueError: FEMOptions: use_implicit_solver=True on Vulkan" in found.stderr


@pytest.mark.parametrize("lines", [QUICK, pytest.param(OTHERS, marks=pytest.mark.slow)], ids=str)
def test_contract(lines: tuple[str, ...]) -> None:
    succeed("contract", " ".join(lines))
