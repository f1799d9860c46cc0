"""`gs.plot`: names, units, what is drawn of which kind of recording, and what is refused."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
import torch

import genesis_state as gs
from genesis_state.axis_names import column_names, column_units
from genesis_state.layout import StateLayout
from genesis_state.schema import StateVar

matplotlib.use("Agg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).resolve().parent.parent
QPOS = StateVar("Generalized positions [m, rad, quaternions w x y z]", ("q",))
VEL = StateVar("Generalized velocities [m/s, rad/s]", ("dof",))
LINKS = StateVar("Position of each link's frame in the world [m]", ("link",), (3,))
ONE = StateLayout(
    (), (("entity arm links", "base, tip"), ("entity arm joints", "yaw (hinge), lift (slide)"))
)
WRONG: Any = [1]
NUMBER: Any = 3
TWO = StateLayout(
    (), (*ONE.model, ("entity box links", "block"), ("entity box joints", "root (free)"))
)


class DriftState(gs.Schema):
    """Where things are that drift."""

    pos = gs.StateVar("Position [m]", ("thing",), (3,))
    hits = gs.StateVar("Hits so far", dtype="int", role="memory")


class DriftSolver(gs.Solver):
    """Each environment drifts with a speed of its own."""

    schema = DriftState

    def sizes(self) -> dict[str, int]:
        return {"thing": 1}

    def step(self) -> None:
        with self.arena.edit("pos", "hits") as (pos, hits):
            pos += 0.1 * torch.arange(self.n_envs)[:, None, None]
            hits += 1


@pytest.fixture(scope="module")
def scene(fresh_runtime: None) -> Iterator[gs.Scene]:
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=0.02))
    scene.add_solver(DriftSolver())
    scene.build(n_envs=100)
    yield scene
    scene.close()


@pytest.fixture(autouse=True)
def no_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def states(scene: gs.Scene) -> list[gs.SimState]:
    scene.reset()
    found = [scene.get_state()]
    for _ in range(4):
        scene.step()
        found.append(scene.get_state())
    return found


def test_names_and_units_are_those_of_joints_and_links() -> None:
    assert column_names(QPOS, ONE, (2,)) == ["yaw", "lift"]
    assert column_units(QPOS, ONE, (2,)) == ["rad", "m"]
    assert column_units(VEL, ONE, (2,)) == ["rad/s", "m/s"]
    names = [f"box root {axis}" for axis in ("x", "y", "z", "qw", "qx", "qy", "qz")]
    assert column_names(QPOS, TWO, (9,)) == ["arm yaw", "arm lift", *names]
    assert column_units(QPOS, TWO, (9,))[2:5] == ["m"] * 3
    assert column_names(LINKS, ONE, (2, 3))[3:] == ["tip x", "tip y", "tip z"]
    assert column_units(LINKS, ONE, (2, 3)) == ["m"] * 6
    # Where the layout does not say, or does not fit, they are counted.
    assert column_names(QPOS, ONE, (3,)) == ["q 0", "q 1", "q 2"]
    assert column_names(LINKS, None, (1, 3)) == ["link 0 x", "link 0 y", "link 0 z"]
    assert column_names(None, None, (2, 2)) == ["entry 0 0", "entry 0 1", "entry 1 0", "entry 1 1"]


def test_many_environments_are_lines_a_median_and_a_band(states: list[gs.SimState]) -> None:
    ax = gs.plot(states, "DriftSolver.pos", columns="thing 0 x")
    assert len(ax.lines) == 64 + 1 and len(ax.collections) == 1
    assert ax.lines[-1].get_label() == "median of 100"
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), 0.1 * 49.5 * np.arange(5), rtol=1e-6)
    assert ax.lines[-1].get_xdata().tolist() == [0, 1, 2, 3, 4]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "pos [m]")
    assert ax.get_title() == "DriftSolver.pos: Position  (thing 0 x)"


def test_columns_have_panels_or_colours(states: list[gs.SimState], scene: gs.Scene) -> None:
    panels = gs.plot(states, "DriftSolver.pos", scene=scene)
    assert [panel.get_title() for panel in panels] == ["thing 0 x", "thing 0 y", "thing 0 z"]
    assert [panel.get_xlabel() for panel in panels] == ["time [s]"] * 3
    assert panels[0].lines[-1].get_xdata()[-1] == pytest.approx(4 * 0.02)
    one = gs.plot(states, "DriftSolver.pos", envs_idx=3)
    assert [line.get_label() for line in one.lines] == ["thing 0 x", "thing 0 y", "thing 0 z"]
    _, ax = plt.subplots()
    assert gs.plot(states, "DriftSolver.pos", envs_idx=slice(0, 10), columns=[0, -1], ax=ax) is ax
    assert ax.get_legend_handles_labels()[1] == ["thing 0 x", "thing 0 z"]


def test_a_history_knows_its_times_and_a_reset_does_not_fold_them(scene: gs.Scene) -> None:
    scene.reset()
    history = scene.record(every=2)
    for _ in range(3):
        scene.step()
    ax = gs.plot(history, "DriftSolver.hits", envs_idx=0)
    assert ax.lines[0].get_xdata().tolist() == pytest.approx([0, 0.02, 0.04, 0.06])
    assert ax.lines[0].get_ydata().tolist() == [0, 1, 2, 3]
    assert ax.lines[0].get_drawstyle() == "steps-post"
    scene.reset()
    scene.step()
    ax = gs.plot(history, "DriftSolver.hits", envs_idx=0)
    assert ax.lines[0].get_xdata().tolist() == pytest.approx([0, 0.02, 0.04, 0.06, 0.08])


def test_what_a_rollout_returns(scene: gs.Scene, states: list[gs.SimState]) -> None:
    found = {"DriftSolver.pos": torch.ones(6, 100, 1, 3), "DriftSolver.hits": torch.ones(6, 100)}
    assert gs.plot(found, "DriftSolver.hits").get_ylabel() == "hits"
    assert gs.plot(found["DriftSolver.pos"], columns=2).get_title().endswith("(entry 0 2)")
    assert gs.plot(found["DriftSolver.pos"].numpy(), "DriftSolver.pos")[2].get_title() == (
        "thing 0 z"
    )
    assert len(gs.plot(torch.zeros(3, 2, 40))) == 12
    gs.plot(torch.full((3, 7), torch.nan))


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda s: gs.plot(s), ValueError, "key is missing; there are DriftSolver.pos, "),
        (lambda s: gs.plot(s, "DriftSolver.x"), KeyError, "DriftSolver.x: no such variable; there"),
        (lambda s: gs.plot({}, "A.b"), KeyError, "A.b: was not recorded"),
        (lambda s: gs.plot([], "A.b"), ValueError, "no states yet; step the scene first."),
        (lambda s: gs.plot(s[0], "DriftSolver.pos"), TypeError, "a SimState, needs a recording"),
        (lambda s: gs.plot(WRONG, "A.b"), TypeError, "holds a int, needs SimStates."),
        (lambda s: gs.plot(NUMBER, "A.b"), TypeError, "a int, needs a recording"),
        (lambda s: gs.plot(torch.zeros(3)), ValueError, "needs (T, n_envs, …)"),
        (lambda s: gs.plot(torch.zeros(3, 2, 0)), ValueError, "has no entries"),
        (
            lambda s: gs.plot(s, "DriftSolver.pos", columns="joint1"),
            KeyError,
            "there is no column 'joint1'; there are thing 0 x, thing 0 y, thing 0 z.",
        ),
        (lambda s: gs.plot(s, "DriftSolver.pos", columns=3), IndexError, "needs -3 to 2."),
        (lambda s: gs.plot(s, "DriftSolver.pos", columns=[]), ValueError, "name at least one"),
        (lambda s: gs.plot(s, "DriftSolver.pos", envs_idx=100), IndexError, "envs_idx"),
        (lambda s: gs.plot(s, "DriftSolver.pos", envs_idx=[]), ValueError, "names no environment"),
    ],
)
def test_what_is_refused(
    states: list[gs.SimState], call: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=re.escape(sentence)):
        call(states)
    assert not plt.get_fignums()


def test_without_matplotlib_there_is_one_sentence() -> None:
    code = "import sys; sys.modules['matplotlib'] = None\nimport genesis_state as gs; gs.plot([])"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: gs.plot needs matplotlib; pip install 'genesis-state[notebook]'."
    )
