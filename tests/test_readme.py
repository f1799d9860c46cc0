"""The README: its blocks run as pasted, its tables are what the docs have."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import test_vulkan

from docs import guarantee, measured
from genesis_state import testing

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
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


def test_guarantee_table_is_that_of_the_suite() -> None:
    on_vulkan = dict.fromkeys(testing.ALL, "has one")
    on_vulkan |= dict.fromkeys(test_vulkan.QUICK, "tested")
    on_vulkan |= dict.fromkeys(test_vulkan.OTHERS, "slow tests")
    found = [(row[0].strip("`"), row[2], row[3], row[4]) for row in table("| line | |")]
    wanted = [(line, "tested", on_vulkan[line], "never run") for line in testing.ALL]
    assert found == wanted


def test_what_it_says_was_tested_has_results() -> None:
    results = guarantee.load()
    for row in table("| line | |"):
        line, cpu, vulkan = row[0].strip("`"), row[2], row[3]
        assert (guarantee.summary(results["cpu-32"]["cases"], line) != "not run") == (
            cpu == "tested"
        )
        found = guarantee.summary(results["vulkan-32"]["cases"], line)
        assert (found != "not run") == (vulkan in ("tested", "slow tests"))


def test_figures_are_those_of_the_docs() -> None:
    rows = {row[0]: row[1:] for row in table("| | 64 environments |")}
    states = rows["a Franka's state: get, reset, reset of half by a mask [µs]"]
    assert states == measured.readme_state_ops()
    copies = rows["`copy_` of the same bytes, `index_copy_` of half [µs]"]
    assert copies == measured.readme_copies()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT))))
def test_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_commands_are_one_line_each() -> None:
    lines = TEXT.splitlines()
    assert "make demo" in lines and "make test" in lines


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) < 200
