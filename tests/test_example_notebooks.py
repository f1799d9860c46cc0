"""The example notebooks run as they stand, and their cells in any order, twice, or too early."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import nbformat
import pytest
from nbclient import NotebookClient

import genesis_state as gs

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def read(path: Path) -> Any:
    found = nbformat.read(path, as_version=4)
    nbformat.validate(found)
    return found


def sources(path: Path) -> list[str]:
    """The code cells: the first makes the scene, the last closes it."""
    return [cell.source for cell in read(path).cells if cell.cell_type == "code"]


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture(autouse=True)
def figures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def run(source: str, session: dict[str, Any]) -> str:
    """Runs a cell. Returns what it complains of: one clear sentence, or nothing."""
    session["display"] = lambda shown: shown._repr_html_()
    try:
        exec(compile(source, "cell", "exec"), session)
    except (AssertionError, RuntimeError, ValueError) as error:
        sentence = str(error)
        assert "\n" not in sentence and len(sentence.split()) > 5 and sentence[-1] == "."
        return sentence
    return ""


def test_it_runs_in_a_kernel_of_its_own(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = read(path)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    kinds = {kind for cell in cells for out in cell.outputs for kind in out.get("data", ())}
    assert {"text/html", "image/png"} <= kinds
    for cell in cells:
        assert cell.outputs, cell.source
        # Nothing but what the cell itself prints: no warning, no banner.
        assert "print(" in cell.source or all(out.output_type != "stream" for out in cell.outputs)


def test_it_is_kept_without_what_a_machine_adds(path: Path) -> None:
    """Times and pictures differ from run to run; this test runs them anyway."""
    for cell in read(path).cells:
        assert not cell.get("outputs") and cell.get("execution_count") is None
        assert not cell.metadata


def test_a_cell_run_too_early_or_too_late_says_so(path: Path) -> None:
    first, *others = sources(path)
    for source in others:
        assert run(source, {}) == "Run the first code cell: it builds the scene."
    session: dict[str, Any] = {}
    assert not run(first, session)
    assert not run(others[-1], session)
    for source in others[:-1]:
        assert run(source, session) == "the scene is closed; build a new one."
    assert not run(others[-1], session)
    gs.destroy()
    assert not run(first, session)


@pytest.mark.slow
def test_cells_run_in_any_order_and_twice(path: Path) -> None:
    first, *others, _ = sources(path)
    session: dict[str, Any] = {}
    for seed in range(2):
        order = [*others, *others]
        random.Random(seed).shuffle(order)
        assert not run(first, session)
        for source in order:
            run(source, session)  # it may complain, in a sentence
    assert not run(first, session)
    assert [run(source, session) for source in others] == [""] * len(others)
