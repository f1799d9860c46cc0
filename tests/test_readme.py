"""The README: its blocks run as pasted, its tables are what the code says; docs/state.md too."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import test_vulkan

from docs import state
from genesis_state import assembly, testing

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
STATE_BANK = (ROOT / "docs" / "state_bank.md").read_text(encoding="utf-8")
CHECKPOINTS = (ROOT / "docs" / "checkpoints.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
BLOCKS = BLOCK.findall(TEXT)


def table(header: str, text: str = TEXT) -> list[list[str]]:
    """The cells of the table below a header row, without the line of dashes."""
    below = text[text.index(header) :].splitlines()[2:]
    rows = []
    for line in below:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


@pytest.mark.parametrize("block", BLOCKS, ids=["script", "matter"])
def test_block_runs_as_pasted(block: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "checkpoint.pkl").is_file() == ("checkpoint.pkl" in block)


def test_blocks_on_checkpoints_run_one_after_the_other(tmp_path: Path) -> None:
    script = "\n".join(BLOCK.findall(CHECKPOINTS))
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stderr
    for words in (
        "20 {'reward': 12.5}",
        "entity floor is in this scene, not in the checkpoint.",
        "in part: RigidSolver.links_pos, of robot",
        "'step_000000000100.safetensors'",
    ):
        assert words in run.stdout


def test_blocks_on_state_banks_run_one_after_the_other(tmp_path: Path) -> None:
    script = "\n".join(BLOCK.findall(STATE_BANK))
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, run.stderr
    assert "'askew': 256" in run.stdout


def test_state_table_is_that_of_the_schemas() -> None:
    wanted = []
    for solver in assembly.OWN:
        variables = solver.schema.variables().items()
        names = [f"`{name}`" for name, var in variables if var.role == "state"]
        wanted.append([f"`{solver.__name__}`", ", ".join(names)])
    lines = "\n".join(f"| {' | '.join(row)} |" for row in wanted)
    assert table("| solver | public variables |", CHECKPOINTS) == wanted, (
        f"the table should be\n{lines}"
    )


def test_page_on_states_is_that_of_the_schemas() -> None:
    assert state.PAGE.read_text(encoding="utf-8") == state.document(), "run python docs/state.py"


def test_guarantee_table_is_that_of_the_suite() -> None:
    on_vulkan = dict.fromkeys(testing.ALL, "has one")
    on_vulkan |= dict.fromkeys(test_vulkan.QUICK, "tested")
    on_vulkan |= dict.fromkeys(test_vulkan.OTHERS, "slow tests")
    found = [(row[0].strip("`"), row[2], row[3], row[4]) for row in table("| line | |")]
    wanted = [(line, "tested", on_vulkan[line], "never run") for line in testing.ALL]
    assert found == wanted


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT))))
def test_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_commands_are_one_line_each() -> None:
    lines = TEXT.splitlines()
    assert "make demo" in lines and "make test" in lines


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) < 200
