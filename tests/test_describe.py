"""`scene.describe()`: every variable, totals, and costs that were measured."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from html_pages import Page

import genesis_state as gs
from genesis_state import scene_cost


class ChainState(gs.Schema):
    """One variable of each role."""

    pos = gs.StateVar("Position [m]", ("mass",), (3,))
    bounces = gs.StateVar("Bounces so far", ("mass",), dtype="int", role="memory")
    torn = gs.StateVar("Whether it tore", dtype="bool", role="memory")
    loads = gs.StateVar("What hangs on it [kg]", ("load",), role="memory")
    stiffness = gs.StateVar("Stiffness [N/m]", role="param")
    rest = gs.StateVar("Lengths at rest [m]", ("mass",), role="model")
    force = gs.StateVar("Force [N]", ("mass",), (3,), role="scratch")
    work = gs.StateVar("Work [J]", role="scratch")


class ChainSolver(gs.Solver):
    """It stands still."""

    schema = ChainState

    def sizes(self) -> dict[str, int]:
        return {"mass": 3, "load": 0}

    def step(self) -> None:
        pass


def built(n_envs: int, **sim: Any) -> gs.Scene:
    scene = gs.Scene(sim_options=gs.options.SimOptions(**sim))
    scene.add_solver(ChainSolver())
    scene.build(n_envs=n_envs)
    return scene


@pytest.fixture(scope="module")
def scene(fresh_runtime: None) -> Iterator[gs.Scene]:
    scene = built(4)
    yield scene
    scene.close()


TEXT = """\
ChainSolver
  variable   role    dtype    shape   bytes  what it is
  pos        state   float32  (3, 3)     36  Position [m]
  bounces    memory  int32    (3,)       12  Bounces so far
  torn       memory  bool     ()          1  Whether it tore
  stiffness  param   float32  ()          4  Stiffness [N/m]
  of no size here: loads
  model: 1 variable, 16 B; largest: rest 12 B
  scratch: 2 variables, 40 B; largest: force 36 B, work 4 B

Scene
  variable  role    dtype  shape  bytes  what it is
  envs_t    memory  int32  ()         4  Steps since the environment's state was new

bytes per environment  state  memory  param  scratch  model (once)
ChainSolver               36      20      8       40            16
Scene                      0       8      0        0             0
all                       36      28      8       40            16
4 environments: 464 B of fields

cost                         time  copied
  get_state()                #     256 B
  get_state(out=state)       #     256 B
  reset(state)               #     256 B
  reset(state, envs_idx=half)  #     128 B
  times: measured on 4 rows of 64 bytes
  one state: 256 B, 32 B more with parameters
  a ring of 100 states with parameters: 28.8 kB
"""


def test_the_text(scene: gs.Scene) -> None:
    text = repr(scene.describe(ring=100))
    head, cost, table = text.partition("cost ")
    said = re.sub(r"[0-9.]+(e-?[0-9]+)? (µs|ms|s)\b", "#", cost + table)
    assert head == TEXT.partition("cost ")[0]
    assert said.split() == (cost + TEXT.partition("cost ")[2]).split()


def test_totals_are_what_is_allocated(scene: gs.Scene) -> None:
    description = scene.describe()
    state = scene.get_state(params=True)
    assert description.state_nbytes + description.params_nbytes == state.nbytes
    blocks = [block for solver in scene.solvers for block in solver.arena.blocks]
    allocated = sum(block.layout.nbytes * block.n_rows for block in blocks)
    assert description.memory_nbytes == allocated + 8 * scene.n_envs  # the clock
    names = {(v.owner, v.name) for v in description.variables}
    assert names == {("ChainSolver", name) for name in ChainState.variables()} | {
        ("Scene", "envs_t")
    }


def test_other_sizes_are_measured_at_that_size(scene: gs.Scene, monkeypatch) -> None:
    few, many = scene.describe(n_envs=64), scene.describe(n_envs=500_000)
    assert many.state_nbytes == 32 * 10**6
    assert many.cost.measured_n_envs == 500_000
    for a, b in zip(few.cost.operations, many.cost.operations, strict=True):
        assert a.us > 0 and 20 * a.us < b.us
    monkeypatch.setattr(scene_cost, "STAND_IN", 1 << 20)
    scaled = scene.describe(n_envs=500_000).cost
    assert scaled.measured_n_envs == (1 << 20) // 64
    assert scaled.how == "measured on 16,384 rows of 64 bytes, and scaled"


def test_describing_changes_nothing(scene: gs.Scene) -> None:
    history = scene.record(every=100)
    scene.step()
    state = scene.get_state(params=True)
    scene.describe(n_envs=128)
    scene.step()
    assert len(history.timeline.keyframes) == 1
    scene.rewind(1)
    assert scene.get_state(params=True).equal(state)


def test_a_ring_by_memory_and_by_length(scene: gs.Scene) -> None:
    each = scene.get_state(params=True).nbytes
    ring = scene.describe(ring="1kB").ring
    assert ring is not None and (ring.states, ring.nbytes) == (1000 // each, 1000 // each * each)
    ring = scene.describe(n_envs=8, ring=5).ring
    assert ring is not None and ring.nbytes == 5 * 2 * each
    assert scene.describe(ring="1B").ring == type(ring)(0, 0)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"n_envs": 0}, "describe: n_envs is 0, needs a number of environments from 1."),
        ({"n_envs": 2.5}, "describe: n_envs is 2.5, needs a number of environments from 1."),
        ({"ring": 0}, "describe: ring is 0, needs a number of states from 1."),
        ({"ring": "two"}, "memory: 'two', needs a number of bytes"),
    ],
)
def test_what_is_refused(scene: gs.Scene, given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        scene.describe(**given)


def test_kernels_are_measured_in_the_scene_itself(scene: gs.Scene) -> None:
    other = built(2, state_transport="kernel")
    state = other.get_state(params=True)
    cost = other.describe(n_envs=4).cost
    assert cost.how == "measured in this scene, of 2 environments, and scaled"
    assert all(operation.us > 0 for operation in cost.operations)
    assert other.get_state(params=True).equal(state)
    other.close()


def test_the_page_holds_every_variable(scene: gs.Scene) -> None:
    text = Page(scene.describe(ring="2GB")._repr_html_()).text
    for name, var in ChainState.variables().items():
        assert name in text and var.doc in text
    assert "a ring of 6,944,444 states" in text
    assert scene.describe().to_dict()["cost"]["operations"][0]["nbytes"] == 256


def test_before_build_and_after_close_it_says_what_to_do() -> None:
    scene = gs.Scene()
    with pytest.raises(RuntimeError, match="call build\\(\\) first"):
        scene.describe()
    scene.close()
    with pytest.raises(RuntimeError, match="closed; build a new one"):
        scene.describe()
