"""Every page of the docs runs as it stands there."""

import re
import sys
from pathlib import Path

import doc_pages
import pytest
import torch

import genesis_state as gs

SLOW = ("own_solver",)  # as examples/own_solver.py, which always runs


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] if page.stem in SLOW else [])
        for page in doc_pages.PAGES
        if doc_pages.runs(page)
    ],
    ids=lambda page: page.stem,
)
def test_page_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # Commands add their folder, and modules that the page wrote lie here.
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before, threads = set(sys.modules), torch.get_num_threads()
    torch.set_num_threads(1)
    gs.destroy()  # fields number from the start, so that kernels of other pages are in the cache
    try:
        doc_pages.run(page)
    finally:
        torch.set_num_threads(threads)
        for name in set(sys.modules) - before:
            if (tmp_path / f"{name}.py").is_file():
                del sys.modules[name]


@pytest.mark.parametrize("page", doc_pages.PAGES, ids=lambda page: page.stem)
def test_code_is_marked_so_that_it_is_found(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.findall(r"^```(?:py|python3|Python|pycon)$|^~~~", text, re.MULTILINE)
    skipped = re.findall(r"^<!-- not run:(.*)-->\n(.*)$", text, re.MULTILINE)
    assert len(skipped) == text.count("<!-- not run"), (
        "a block follows at once, and a reason is told"
    )


def test_output_that_differs_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1, 2)\n```\n\n```output\n1 ...\n```\n")
    doc_pages.run(page)
    page.write_text(page.read_text().replace("1 ...", "2"))
    with pytest.raises(AssertionError, match="printed"):
        doc_pages.run(page)
