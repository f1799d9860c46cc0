"""Views: what they show, that they follow, and that looking changes nothing."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from browser import differs, needs_chromium, opened

import genesis_state as gs
from genesis_state.viewing.view import View

SWING = """
<mujoco>
  <worldbody>
    <body name="arm" pos="0 0 1">
      <joint axis="0 1 0"/>
      <geom type="capsule" fromto="0 0 0 0.6 0 0" size="0.08" rgba="0.8 0.2 0.2 1"/>
    </body>
  </worldbody>
</mujoco>
"""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[gs.Scene]:
    """An arm that swings, in the second environment the other way round."""
    file = tmp_path_factory.mktemp("view") / "swing.xml"
    file.write_text(SWING)
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=0.02))
    scene.add_entity(gs.morphs.Plane())
    scene.add_entity(gs.morphs.MJCF(file=str(file)), name="arm")
    scene.build(n_envs=2)
    scene.get_entity("arm").set_qpos([[0.0], [3.0]])
    scene._initial = scene.get_state(params=True)
    yield scene
    scene.close()


@pytest.fixture
def recording(scene: gs.Scene) -> list[gs.SimState]:
    scene.reset()
    states = [scene.get_state()]
    for _ in range(40):
        scene.step()
        states.append(scene.get_state())
    return states


@needs_chromium
def test_moving_the_slider_and_picking_an_environment_change_what_a_browser_shows(
    scene: gs.Scene, recording: list[gs.SimState]
) -> None:
    with scene.view(recording) as view, opened(view.url) as page:
        first = page.settled()
        assert "step 0" in page.text()
        page.slide("moment", 30)
        moved = page.settled(unlike=first)
        assert "0.600 s, step 30" in page.text()
        assert view.index == 30
        page.slide("environment", 1)
        page.settled(unlike=moved)
        assert view.env == 1
        page.slide("environment", 0)
        page.slide("moment", 0)
        view.camera = view.camera  # where every browser looks from already
        assert not differs(page.settled(unlike=moved), first), "as it was at first"
        page.click("Play")
        page.settled(unlike=first)
        assert view.index == 40
        there = view.url.split("//")[1]
        assert page.asked
        assert all(there in url for url in page.asked), "nothing comes from elsewhere"


def test_looking_changes_nothing(scene: gs.Scene, recording: list[gs.SimState]) -> None:
    scene.reset()
    with scene.view() as view, recording[7].view(env=1) as other:
        sums = [recording[0].checksum()]
        for state in recording[1:]:
            scene.step()
            view.update()
            other.env = 1 - other.env
            scene.picture(res=(16, 12))
            assert scene.get_state().equal(state)
            sums.append(state.checksum())
    assert torch.equal(torch.stack(sums), torch.stack([s.checksum() for s in recording]))


def test_a_history_is_viewed_as_the_states_it_gives(scene: gs.Scene) -> None:
    scene.reset()
    history = scene.record(every=4)
    for _ in range(10):
        scene.step()
    before = scene.get_state()
    with history.view(every=2) as view:
        assert [frame.t for frame in view._frames] == [0, 2, 4, 6, 8, 10]
        last = view._frames[-1].arrays["RigidSolver.links_pos"]
        np.testing.assert_array_equal(last, before.rigid.links_pos)
    assert scene.get_state().equal(before)
    history.stop()


def test_a_view_of_a_scene_follows_it_and_is_one(scene: gs.Scene) -> None:
    scene.reset()
    with scene.view() as view:
        assert scene.view(env=1) is view
        assert view.env == 1
        camera = gs.Camera((1.0, 1.0, 1.0))
        assert scene.view(env=1, camera=camera).camera == camera
        view._next_update = 0.0  # now it is time to
        scene.step()
        assert view._frames[0].t == scene.t == 1
        with scene.branch():
            view._next_update = 0.0
            scene.step()
        assert view._frames[0].t == 1, "what is taken back is not shown"
    with scene.view() as again:
        assert again is not view
        views = [follower for follower in scene._followers if isinstance(follower, View)]
        assert views == [again], "one that was closed is forgotten"


def test_a_notebook_shows_a_view_and_a_terminal_its_address(scene: gs.Scene) -> None:
    with scene.get_state().view() as view:
        assert f'<iframe src="{view.url}"' in view._repr_html_()
        assert repr(view) == f"View of a state, 2 environments; open {view.url} in a browser."
        assert view.url.startswith("http://127.0.0.1:")
    assert repr(view) == "View(closed)"


def test_what_does_not_fit_is_refused(scene: gs.Scene, recording: list[gs.SimState]) -> None:
    with pytest.raises(IndexError, match="env is 2, there are 2; give 0 to 1"):
        scene.view(recording, env=2)
    with pytest.raises(ValueError, match="the recording is empty"):
        scene.view([])
    with pytest.raises(ValueError, match="every is 0, needs a number of states"):
        scene.view(recording, every=0)
    with pytest.raises(ValueError, match="every is for recordings"):
        scene.view(every=2)
    with pytest.raises(ValueError, match="states of 2 and of 1 environments"):
        scene.view([recording[0], recording[1][0]])
    with pytest.raises(TypeError, match="needs SimStates alone"):
        scene.view([recording[0], "state"])  # pyright: ignore[reportArgumentType]
    with scene.view(recording[:1]) as view:
        with pytest.raises(ValueError, match="there is one moment only"):
            view.play()
        with pytest.raises(ValueError, match="a view of states, which do not change"):
            view.update()
    with pytest.raises(RuntimeError, match="the view is closed; open another"):
        view.env = 0


def test_a_state_needs_a_scene_that_it_fits(recording: list[gs.SimState]) -> None:
    foreign = gs.SimState.zeros(gs.StateLayout(recording[0].layout.owners, (("a", "b"),)), 1)
    with pytest.raises(ValueError, match="no scene is built whose states are like this one"):
        foreign.view()


def test_without_viser_one_sentence_says_what_to_install(
    scene: gs.Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "viser", None)
    needed = r"a view needs viser; pip install 'genesis-state\[view\]'\."
    with pytest.raises(ModuleNotFoundError, match=f"^{needed}$"):
        scene.view()
    assert scene.picture(res=(8, 6)).shape == (6, 8, 3)
    shown = gs.Scene(show_viewer=True)
    shown.add_entity(gs.morphs.Plane())
    shown.build()
    assert re.search(f"show_viewer: nothing is shown: {needed}", caplog.text)
    shown.close()


def test_show_viewer_opens_the_view_where_the_options_say(
    caplog: pytest.LogCaptureFixture,
) -> None:
    options = gs.options.ViewerOptions(camera_pos=(2.0, 0.0, 1.0), camera_fov=50)
    scene = gs.Scene(viewer_options=options, show_viewer=True)
    scene.add_entity(gs.morphs.Plane())
    scene.build()
    view = scene.view()
    assert repr(view) in caplog.text
    assert view.camera == gs.Camera(pos=(2.0, 0.0, 1.0), fov=50)
    scene.close()
    assert view.closed


def test_blocks_of_the_page_run_one_after_the_other(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parent.parent
    page = (root / "docs" / "view.md").read_text(encoding="utf-8")
    script = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "box.png").is_file()
    assert re.fullmatch(r"View of a recording of 61 moments, .*\n", run.stdout), "and no more"
    for picture in re.findall(r"\]\((.*?\.png)\)", page):
        assert (root / "docs" / picture).stat().st_size < 300_000
