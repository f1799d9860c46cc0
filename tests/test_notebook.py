"""What a notebook shows: pieces, and the pages of states, scenes and checkpoint files."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from html_pages import Page

import genesis_state as gs
from genesis_state import checkpoint, notebook
from genesis_state.layout import OwnerLayout, RowLayout, StateLayout
from genesis_state.notebook.html import MAX_ROWS
from genesis_state.notebook.values import MAX_VALUES, glance

NASTY = "<script>alert('&')</script>\x1b[31m"


class NastyState(gs.Schema):
    """Of a solver whose texts want to be obeyed."""

    pos = gs.StateVar(NASTY, ("mass",), (3,))
    energy = gs.StateVar("Energy [J]", role="param")
    table = gs.StateVar("Constants", ("mass",), role="model")
    work = gs.StateVar("Anything", role="scratch")


class NastySolver(gs.Solver):
    """It stands still."""

    schema = NastyState

    def sizes(self) -> dict[str, int]:
        return {"mass": 2}

    def step(self) -> None:
        pass


def built(n_envs: int = 3) -> gs.Scene:
    scene = gs.Scene()
    scene.add_solver(NastySolver())
    scene.build(n_envs=n_envs)
    return scene


def state_of(n_variables: int, n_envs: int, width: int) -> gs.SimState:
    items = [(f"v{i}", "state", "float32", (width,)) for i in range(n_variables)]
    owner = OwnerLayout("ToySolver", "toy", RowLayout.pack(items), RowLayout.pack([]))
    return gs.SimState.zeros(StateLayout((owner,)), n_envs)


def test_pieces_escape_what_no_piece_made() -> None:
    made = notebook.badge("fine", "ok")
    page = notebook.page(
        NASTY,
        notebook.details(NASTY, notebook.table([NASTY], [[NASTY], [made]]), aside=NASTY),
        notebook.note(NASTY),
        notebook.curve([1, 2], title=NASTY),
        NASTY,
    )
    assert "<script" not in page and "\x1b" not in page
    assert page.count("&lt;script&gt;alert(&#x27;&amp;&#x27;)") == 8
    assert made in page
    Page(page)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [np.nan] * 3,
        [1.0],
        [2.0, np.nan, 3.0, np.inf, -np.inf],
        [-1.7e308, 1.7e308],
        [0.0] * 500,
    ],
    ids=["none", "no number", "one", "gaps", "widest", "many equal"],
)
def test_plots_take_any_values(values: list[float]) -> None:
    for drawn in (notebook.curve(values), notebook.bars(np.nan_to_num(np.abs(values), posinf=1))):
        assert "nan" not in drawn and "inf" not in drawn
        Page(drawn)
    with np.errstate(over="ignore"):
        notebook.glance_cells(np.array(values)[:, None])


def test_a_curve_of_many_keeps_its_peaks() -> None:
    values = np.zeros(6000)
    values[1234] = 9.0
    drawn = notebook.curve(values)
    assert len(drawn) < 4000
    assert "polygon" in drawn and "26" in drawn


def test_a_glance_counts_exactly_and_looks_at_no_more_than_it_says() -> None:
    found = glance(np.array([[1.0, np.nan], [3.0, np.inf]]))
    assert (found.minimum, found.mean, found.maximum) == (1.0, 2.0, 3.0)
    assert (found.nan, found.inf, found.counts.sum()) == (1, 1, 2)
    assert found.middle.tolist() == [1.0, 3.0]
    large = glance(np.ones((4 * MAX_VALUES // 8, 8), np.float32))
    assert large.looked_at <= MAX_VALUES and large.of == 4 * MAX_VALUES
    assert len(glance(np.array([[True], [False]])).counts) == 2


def test_a_large_state_has_a_small_page_at_once() -> None:
    state = state_of(300, 4096, 4)
    state["ToySolver.v0"][:, 0] = torch.arange(4096)
    start = time.perf_counter()
    page = state._repr_html_()
    assert time.perf_counter() - start < 3
    assert len(page) < 150_000
    assert f"and {300 - MAX_ROWS} more" in Page(page).text


def test_a_state_marks_what_is_no_number_where_it_is_folded_away() -> None:
    scene = built()
    state = scene.get_state(params=True)
    state["NastySolver.energy"][1] = torch.nan
    page = Page(state._repr_html_())
    assert page.badges.count("1 value is no number") == 2  # of the solver and of its parameters
    assert "1 NaN" in page.badges
    assert "carries them" not in page.text
    assert "get_state(params=True) carries them" in Page(scene.get_state()._repr_html_()).text
    assert "alert" in Page(state.nasty._repr_html_()).text
    assert "0 environments" in Page(state[[]]._repr_html_()).text


def test_a_scene_has_a_page_whatever_became_of_it() -> None:
    scene = gs.Scene()
    assert "not built yet" in Page(scene._repr_html_()).text
    scene.add_entity(gs.morphs.Box(size=(0.1, 0.1, 0.1)), name="<b>box</b>")
    assert "<b>box</b>" in Page(scene._repr_html_()).text
    scene = built()
    assert "3 environments, t = 0" in Page(scene._repr_html_()).text
    scene.record()
    assert "History(" in Page(scene._repr_html_()).text
    scene.close()
    assert "closed" in Page(scene._repr_html_()).text
    scene = built()
    state = scene.get_state()
    gs.destroy()
    assert "closed" in Page(scene._repr_html_()).text
    Page(state._repr_html_())


def test_a_scene_whose_runtime_was_taken_away_says_so() -> None:
    from genesis_state.kernels.lang import ti

    scene = built()
    ti.reset()
    assert "Taichi was restarted" in Page(scene._repr_html_()).text
    gs.destroy()


def test_a_history_shows_where_it_stands_and_outlives_its_scene() -> None:
    scene = built()
    history = scene.record(every=2)
    for _ in range(5):
        scene.step()
    scene.rewind(3)
    assert "recording; the scene stands at t = 2." in Page(history._repr_html_()).text
    history.stop()
    assert "stopped" in Page(history._repr_html_()).text
    scene.close()
    assert "its scene is gone" in Page(history._repr_html_()).text
    assert len(notebook.strip([([i / 10_000 for i in range(10_000)], "x")])) < 50_000


def test_a_bank_shows_its_likeliest_entries() -> None:
    scene = built(30)
    bank = gs.StateBank(scene, 100)
    assert "empty: bank.add" in Page(bank._repr_html_()).text
    state = scene.get_state()
    state.nasty.pos = torch.arange(180.0).reshape(30, 2, 3)
    bank.add(state, weights=torch.arange(30.0), tags=[NASTY] * 29 + ["last"])
    page = Page(bank._repr_html_())
    assert "30 of 100 entries" in page.text and "20 of 30" in page.text
    assert page.text.index("6.67%") < page.text.index("6.44%") and "alert" in page.text
    bank.update(bank.entries.id, weights=0.0)
    assert "%" not in Page(bank._repr_html_()).text


def test_a_file_has_a_page_open_closed_and_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    arrays = {"S.x": np.array([[1.0, np.nan]]), "<i>": np.zeros((1, 0))}
    checkpoint.write(path, arrays, step_index=3, manifest={"metadata": {NASTY: NASTY}})
    with checkpoint.open(path) as stored:
        page = Page(stored._repr_html_())
        assert (
            "1 NaN" in page.badges and "alert" in page.text and "without values: <i>" in page.text
        )
    assert "its values are not read" in Page(stored._repr_html_()).text
    assert "1 NaN" in Page(checkpoint.read(path)._repr_html_()).badges
    where = stored.infos["S.x"].offset
    path.write_bytes(path.read_bytes()[:where] + b"\1" + path.read_bytes()[where + 1 :])
    with checkpoint.open(path) as stored:
        page = Page(stored._repr_html_())
        assert "damaged" in page.badges and "block 0 of S.x has checksum" in page.text


def test_a_large_file_is_not_read_for_its_page(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("genesis_state.checkpoint.file_page.READ_AT_ONCE", 10)
    path = tmp_path / "a.npz"
    checkpoint.write(path, {"S.x": np.zeros((2, 8))}, step_index=0, manifest={})
    with checkpoint.open(path) as stored:
        monkeypatch.setattr(stored, "_read", None)
        assert "not read, there are 128 B" in Page(stored._repr_html_()).text


def test_a_folder_lists_its_files_and_the_broken_one(tmp_path: Path, caplog) -> None:
    folder = checkpoint.Directory(tmp_path / "run", keep_last=None, suffix=".npz")
    assert "no checkpoints yet" in Page(folder._repr_html_()).text
    source: Any = SimpleNamespace(
        t=0,
        save_checkpoint=lambda path, metadata, block: checkpoint.write(
            path, {"S.x": np.zeros(1)}, step_index=0, manifest={"metadata": metadata}
        ),
    )
    for step in range(60):
        folder.save(source, step=step, score=step / 4)
    broken = folder.paths()[-1]
    broken.write_bytes(broken.read_bytes()[:99])
    page = Page(folder._repr_html_())
    assert page.badges == ["broken"]
    assert "the last 50 of 60" in page.text and "14.5" in page.text
    (tmp_path / "run").rename(tmp_path / "gone")
    assert "no checkpoints yet" in Page(folder._repr_html_()).text
