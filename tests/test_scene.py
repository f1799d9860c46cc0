"""Scene: reset to the letter, refusals that change nothing, broken environments, checkpoints."""

import dataclasses
import pickle
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scenes
import torch

import genesis_state as gs

N = 6


@pytest.fixture(scope="module")
def scene(fresh_runtime: None) -> Iterator[gs.Scene]:
    made = scenes.beads()
    made.build(n_envs=N)
    yield made
    made.close()


@pytest.fixture(scope="module")
def carts(fresh_runtime: None) -> Iterator[gs.Scene]:
    """Rigid: four cartpoles."""
    made = scenes.cartpole()
    made.build(n_envs=4)
    yield made
    made.close()


@pytest.fixture
def lively(scene: gs.Scene) -> gs.Scene:
    return scenes.enlivened(scene)


def other_state(scene: gs.Scene) -> gs.SimState:
    """A state at t=8, unlike the scene's in every environment; the scene stays as it is."""
    was = scene.get_state(params=True)
    for _ in range(3):
        scene.step()
    found = scene.get_state(params=True)
    found["Scene.envs_t"] = torch.arange(N, dtype=torch.int32) + 40
    scene.reset(state=was, params=True)
    return found


def assert_rows(scene: gs.Scene, wanted: list[gs.SimState]) -> None:
    """Environment e has the bytes of wanted[e]."""
    found = scene.get_state()
    assert not gs.SimState.cat(wanted).diff(found)


def without_params(state: gs.SimState) -> gs.SimState:
    return gs.SimState(state.layout, state.saved, None, state.t)


# ---------------------------------------------------------------- reset semantics


def test_state_with_n_envs_rows_gives_row_e_to_env_e(lively: gs.Scene) -> None:
    state = without_params(other_state(lively))
    lively.reset(state=state)
    assert_rows(lively, [state[e] for e in range(N)])
    assert lively.t == 8
    assert lively.envs_t.tolist() == [40, 41, 42, 43, 44, 45]


FORMS: list[tuple[Any, list[int]]] = [
    ([0, 2, 5], [0, 2, 5]),
    ([5, 2], [5, 2]),
    ([-1], [5]),
    (3, [3]),
    (-2, [4]),
    (slice(1, None, 2), [1, 3, 5]),
    (slice(None, None, -2), [5, 3, 1]),
    (range(2, 4), [2, 3]),
    ((1, 4), [1, 4]),
    (np.array([4, 0]), [4, 0]),
    (np.int32(1), [1]),
    (torch.tensor([2, 3], dtype=torch.int32), [2, 3]),
    (torch.tensor(0), [0]),
    ([True, False, True, False, False, False], [0, 2]),
    (np.array([False] * 5 + [True]), [5]),
    (torch.arange(N) > 3, [4, 5]),
    (torch.ones(N, dtype=torch.bool), list(range(N))),
    ([], []),
    (torch.zeros(N, dtype=torch.bool), []),
    (torch.tensor([]), []),
]


@pytest.mark.parametrize(("envs_idx", "chosen"), FORMS, ids=lambda x: str(x).replace("\n", ""))
def test_masked_reset_by_every_form(lively: gs.Scene, envs_idx: Any, chosen: list[int]) -> None:
    was, state = lively.get_state(), without_params(other_state(lively))
    for given, row_of in (
        (state, lambda k, e: state[e]),  # n_envs rows: row e to env e
        (state[chosen] if len(chosen) not in (0, N) else state, lambda k, e: state[e]),
        (state[0], lambda k, e: state[0]),  # one row for all
        (None, lambda k, e: lively._initial[e]),
    ):
        lively.reset(state=was)
        wanted = [was[e] for e in range(N)]
        for k, e in enumerate(chosen):
            wanted[e] = without_params(row_of(k, e))
        lively.reset(state=given, envs_idx=envs_idx)
        assert_rows(lively, wanted)
        assert lively.t == 5, "a masked reset leaves t alone"


def test_listed_rows_follow_the_order_of_the_list(lively: gs.Scene) -> None:
    was, state = lively.get_state(), without_params(other_state(lively))
    lively.reset(state=state[[0, 1, 2]], envs_idx=[5, 3, 4])
    assert_rows(lively, [was[0], was[1], was[2], state[1], state[2], state[0]])


def test_tie_is_read_as_row_e_for_env_e(lively: gs.Scene) -> None:
    state = without_params(other_state(lively))
    lively.reset(state=state, envs_idx=[5, 4, 3, 2, 1, 0])
    assert_rows(lively, [state[e] for e in range(N)])
    assert lively.t == 5


def test_one_row_is_broadcast(lively: gs.Scene) -> None:
    state = without_params(other_state(lively))
    lively.reset(state=state[3])
    assert_rows(lively, [state[3]] * N)
    assert lively.t == 8


@pytest.mark.parametrize("everything", [slice(None), list(range(N)), [True] * N, range(N)])
def test_naming_all_environments_is_still_masked(lively: gs.Scene, everything: Any) -> None:
    state = without_params(other_state(lively))
    lively.reset(state=state, envs_idx=everything)
    assert_rows(lively, [state[e] for e in range(N)])
    assert lively.t == 5


def test_duplicates_with_equal_rows_are_allowed(lively: gs.Scene) -> None:
    was, state = lively.get_state(), without_params(other_state(lively))
    for rows, row in ((state[[2, 2]], 2), (state[4], 4), (state, 1)):
        lively.reset(state=was)
        lively.reset(state=rows, envs_idx=[1, 1])
        assert_rows(lively, [was[0], state[row], *(was[e] for e in range(2, N))])


def test_bare_reset_is_the_end_of_build_whatever_came_before(lively: gs.Scene) -> None:
    initial = lively._initial.clone()
    lively.reset(state=other_state(lively))
    taken = lively.get_state(params=True)
    taken.bead.pos.fill_(7.0)
    lively.reset()
    assert_rows(lively, [without_params(initial[e]) for e in range(N)])
    assert lively.t == 0
    assert lively.envs_t.tolist() == [0] * N
    lively.get_state().bead.pos.fill_(7.0)
    lively.reset(envs_idx=[1])
    assert_rows(lively, [without_params(initial[e]) for e in range(N)])


def test_clocks_count_steps_and_follow_the_rows(lively: gs.Scene) -> None:
    lively.reset()
    for _ in range(3):
        lively.step()
    assert (lively.t, lively.envs_t.tolist()) == (3, [3] * N)
    assert lively.envs_t.dtype == gs.tc_int
    lively.reset(envs_idx=[0, 1])
    lively.step()
    assert (lively.t, lively.envs_t.tolist()) == (4, [1, 1, 4, 4, 4, 4])


def test_parameters_move_only_when_asked(lively: gs.Scene) -> None:
    arena = lively.bead_solver.arena
    was = arena.get("stiffness")
    carried = lively.get_state(params=True)
    carried.bead.stiffness += 1.0
    lively.reset(state=carried)
    assert torch.equal(arena.get("stiffness"), was)
    lively.reset(state=carried, envs_idx=[2], params=True)
    assert (arena.get("stiffness") - was).tolist() == pytest.approx([0, 0, 1, 0, 0, 0], abs=1e-4)
    lively.reset()
    assert arena.get("stiffness")[2] == carried.bead.stiffness[2]
    lively.reset(params=True)
    assert arena.get("stiffness").tolist() == [40.0] * N


def test_states_share_no_memory_with_the_scene(lively: gs.Scene) -> None:
    state = lively.get_state()
    kept = state.clone()
    lively.step()
    assert state.equal(kept)
    lively.reset(state=state)
    state.bead.pos.fill_(3.0)
    assert lively.get_state().equal(kept)


# ---------------------------------------------------------------- get_state


@pytest.mark.parametrize("params", [False, True])
def test_get_state_fills_a_state_without_allocating(lively: gs.Scene, params: bool) -> None:
    out = lively.get_state(params=params)
    places = [block.data_ptr() for block in (*out.saved, *(out.params or ()))]
    lively.step()
    assert lively.get_state(out=out) is out
    assert [block.data_ptr() for block in (*out.saved, *(out.params or ()))] == places
    assert out.equal(lively.get_state(params=params))
    assert out.t == lively.t


def test_state_describes_itself(lively: gs.Scene) -> None:
    state = lively.get_state(params=True)
    assert state.bead.pos.shape == (N, 4, 3)
    assert state["BeadSolver.turn"].shape == (N, 3, 3)
    assert state.bead.awake.dtype == torch.bool
    assert "BeadSolver.stiffness" in state and "BeadSolver.stiffness" not in lively.get_state()
    assert not any(name in state for name in ("BeadSolver.force", "BeadSolver.mass"))
    assert {*state.solvers_state[0]} == {*scenes.BeadState.variables()} - {"force", "mass"}


def test_ten_thousand_cycles_leave_memory_flat(lively: gs.Scene) -> None:
    some = torch.arange(N) % 2 == 0
    state = lively.get_state()

    def cycle(count: int) -> None:
        for _ in range(count):
            taken = lively.get_state()
            lively.reset(state=taken)
            lively.reset(state=state, envs_idx=some)

    cycle(500)
    before = resident_bytes()
    cycle(10_000)
    assert resident_bytes() - before < 2**20


def resident_bytes() -> int:
    """Memory of this process that is in RAM."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


# ---------------------------------------------------------------- refusals


def of(make: Callable[..., gs.Scene], n_envs: int) -> gs.SimState:
    """A state of another scene."""
    scene = make()
    scene.build(n_envs=n_envs)
    state = scene.get_state(params=True)
    scene.close()
    return state


class Refused:
    """One mistake: what is called, which exception, which words."""

    def __init__(self, call: Callable[[gs.Scene, gs.SimState], object], kind: type, words: str):
        self.call, self.kind, self.words = call, kind, words

    def __repr__(self) -> str:
        return self.words[:40]


REFUSED = [
    Refused(lambda s, x: s.reset(envs_idx=[0, N]), IndexError, "out of range for n_envs=6"),
    Refused(lambda s, x: s.reset(envs_idx=-N - 1), IndexError, "-7 is out of range"),
    Refused(lambda s, x: s.reset(x, envs_idx=[True] * 5), ValueError, "mask of length 5"),
    Refused(lambda s, x: s.reset(envs_idx=torch.ones(N)), TypeError, "dtype float32"),
    Refused(lambda s, x: s.reset(envs_idx=np.zeros(N)), TypeError, "dtype float64"),
    Refused(
        lambda s, x: s.reset(envs_idx=torch.ones(N, dtype=torch.uint8)),
        TypeError,
        "uint8 could be a mask or indices",
    ),
    Refused(lambda s, x: s.reset(envs_idx=[True, 2]), TypeError, "both bools and ints"),
    Refused(lambda s, x: s.reset(envs_idx=True), TypeError, "single bool"),
    Refused(lambda s, x: s.reset(envs_idx="all"), TypeError, "a str"),
    Refused(lambda s, x: s.reset(envs_idx=[[0, 1]]), ValueError, "one axis"),
    Refused(lambda s, x: s.reset(x[[0, 1, 2]]), ValueError, "has 3 rows, needs 6"),
    Refused(lambda s, x: s.reset(x[[0, 1, 2]], envs_idx=[0, 1]), ValueError, "has 3 rows"),
    Refused(lambda s, x: s.reset(x[[0, 1]], envs_idx=[]), ValueError, "has 2 rows"),
    Refused(
        lambda s, x: s.reset(x[[0, 1]], envs_idx=[4, 4]),
        ValueError,
        "environment 4 is selected more than once with different rows",
    ),
    Refused(lambda s, x: s.reset(x.arrays()), TypeError, "a dict, needs a SimState"),  # pyright: ignore[reportArgumentType]
    Refused(
        lambda s, x: s.reset(without_params(x), params=True), ValueError, "carries no parameters"
    ),
    Refused(lambda s, x: s.reset(of(scenes.cartpole, N)), ValueError, "is of another scene"),
    Refused(lambda s, x: s.get_state(out=x[:2]), ValueError, "out has 2 environments"),
    Refused(
        lambda s, x: s.get_state(out=without_params(x), params=True),
        ValueError,
        "out carries no parameters",
    ),
    Refused(lambda s, x: s.get_state(out=of(scenes.cartpole, N)), ValueError, "another scene"),
    Refused(lambda s, x: s.add_solver(scenes.BeadSolver()), RuntimeError, "the scene is built"),
    Refused(lambda s, x: s.add_entity(gs.morphs.Sphere()), RuntimeError, "the scene is built"),
    Refused(lambda s, x: s.build(n_envs=2), RuntimeError, "is built already"),
    Refused(lambda s, x: s.load_checkpoint("/nowhere/x.pkl"), OSError, "x.pkl"),
    Refused(lambda s, x: s.save_checkpoint("/nowhere/x.pkl"), OSError, "does not exist"),
    Refused(lambda s, x: s.save_checkpoint("x.txt"), ValueError, "suffix '.txt'"),
]


@pytest.mark.parametrize("case", REFUSED, ids=repr)
def test_what_is_refused_changes_nothing(lively: gs.Scene, case: Refused) -> None:
    state = other_state(lively)
    was, t = lively.get_state(params=True), lively.t
    with pytest.raises(case.kind) as caught:
        case.call(lively, state)
    assert case.words in str(caught.value)
    assert lively.get_state(params=True).equal(was)
    assert lively.t == t
    lively.step()
    after = lively.get_state(params=True)
    lively.reset(state=was, params=True)
    lively.step()
    assert lively.get_state(params=True).equal(after), "nor does it change anything later"


def test_state_of_another_scene_is_refused_with_every_difference(lively: gs.Scene) -> None:
    with pytest.raises(ValueError) as caught:
        lively.reset(of(scenes.cartpole, N))
    message = str(caught.value)
    assert "RigidSolver" in message and "BeadSolver" in message
    assert message.count("\n") >= 2


FILES: list[tuple[str, Callable[[Path, gs.Scene], Any], str]] = [
    ("garbage", lambda path, scene: path.write_bytes(b"no checkpoint at all"), "bad.pkl"),
    ("empty", lambda path, scene: path.write_bytes(b""), "bad.pkl"),
    ("foreign", lambda path, scene: path.write_bytes(pickle.dumps({"weights": [1, 2]})), "lacks"),
    ("code", lambda path, scene: path.write_bytes(pickle.dumps(print)), "bad.pkl"),
    ("truncated", lambda path, scene: _truncate(path, scene), "bad.pkl"),
    ("folder", lambda path, scene: path.mkdir(), "folder"),
    ("other scene", lambda path, scene: _save_of(scenes.cartpole, N, path), "BeadSolver"),
    ("other n_envs", lambda path, scene: _save_of(scenes.beads, 2, path), "n_envs=2"),
    ("other substeps", lambda path, scene: _save_of(_finer_beads, N, path), "in 7 substeps"),
]


def _finer_beads() -> gs.Scene:
    scene = scenes.beads()
    scene.sim_options = dataclasses.replace(scene.sim_options, substeps=7)
    return scene


def _truncate(path: Path, scene: gs.Scene) -> None:
    scene.save_checkpoint(path)
    path.write_bytes(path.read_bytes()[:-100])


def _save_of(make: Callable[..., gs.Scene], n_envs: int, path: Path) -> None:
    scene = make()
    scene.build(n_envs=n_envs)
    scene.save_checkpoint(path)
    scene.close()


@pytest.mark.parametrize(("write", "words"), [row[1:] for row in FILES], ids=[r[0] for r in FILES])
def test_unusable_checkpoint_changes_nothing(
    lively: gs.Scene, tmp_path: Path, write: Callable[[Path, gs.Scene], Any], words: str
) -> None:
    path = tmp_path / "bad.pkl"
    write(path, lively)
    was, t = lively.get_state(params=True), lively.t
    with pytest.raises((ValueError, OSError), match=words):
        lively.load_checkpoint(path)
    assert lively.get_state(params=True).equal(was)
    assert lively.t == t


def test_checkpoint_is_what_the_page_says(lively: gs.Scene, tmp_path: Path) -> None:
    lively.save_checkpoint(tmp_path / "checkpoint.pkl")
    found = pickle.loads((tmp_path / "checkpoint.pkl").read_bytes())
    assert found["step_index"] == lively.t
    assert found["timestamp"] > 1.7e9
    state = lively.get_state(params=True)
    assert set(found["arrays"]) == set(state.keys())
    for key, array in found["arrays"].items():
        assert np.array_equal(array, state[key].numpy())


def test_checkpoint_goes_back_in_place(lively: gs.Scene, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pkl"
    lively.save_checkpoint(path)
    was = lively.get_state(params=True)
    lively.step()
    lively.reset(params=True)
    lively.load_checkpoint(path)
    assert lively.get_state(params=True).equal(was)
    assert lively.t == was.t


USES = {
    "step": lambda s: s.step(),
    "get_state": lambda s: s.get_state(),
    "reset": lambda s: s.reset(),
    "envs_t": lambda s: s.envs_t,
    "save_checkpoint": lambda s: s.save_checkpoint("x.pkl"),
    "load_checkpoint": lambda s: s.load_checkpoint("x.pkl"),
}


@pytest.mark.parametrize("use", USES)
def test_closed_or_unbuilt_scene_says_so(use: str) -> None:
    scene = scenes.beads()
    with pytest.raises(RuntimeError, match="not built; call build"):
        USES[use](scene)
    scene.build(n_envs=2)
    state = scene.get_state()
    scene.close()
    scene.close()
    with pytest.raises(RuntimeError, match="the scene is closed"):
        USES[use](scene)
    assert state.bead.pos.shape == (2, 4, 3), "a state outlives its scene"


def test_unsupported_model_is_refused_by_name() -> None:
    text = scenes.PENDULUM.replace(
        "<actuator>",
        '<tendon><fixed name="rope" stiffness="3" springyield="1"><joint joint="hinge" coef="1"/>'
        "</fixed></tendon>"
        "<actuator>",
    )
    scene = scenes.from_file(scenes.model_file(text, "tendon"))
    with pytest.raises(ValueError, match="tendon 'robot/rope': a plastic spring"):
        scene.build(n_envs=2)
    with pytest.raises(RuntimeError, match="not built"):
        scene.step()


def test_n_envs_zero_keeps_the_axis_in_states() -> None:
    scene = scenes.beads()
    scene.build()
    scene.step()
    assert scene.n_envs == 1 and not scene.batched
    assert scene.get_state().bead.pos.shape == (1, 4, 3)
    scene.reset(envs_idx=0)
    assert scene.envs_t.tolist() == [0]
    scene.close()


# ---------------------------------------------------------------- rigid


def test_nan_environment_is_flagged_and_leaves_its_neighbours_alone(carts: gs.Scene) -> None:
    carts.reset()
    solver = carts.rigid_solver
    with solver.arena.edit("qpos", "ctrl") as (qpos, ctrl):
        qpos[:, 1] = torch.tensor([0.1, 0.2, 0.3, 0.4])
        ctrl.fill_(0.5)
    start = carts.get_state()
    for _ in range(10):
        carts.step()
    undisturbed = carts.get_state()
    assert not solver.get_error_envs_mask().any()

    carts.reset(state=start)
    with solver.arena.edit("dofs_vel") as (velocity,):
        velocity[2, 0] = torch.nan
    for _ in range(10):
        carts.step()
    assert solver.get_error_envs_mask().tolist() == [False, False, True, False]
    others = [0, 1, 3]
    assert carts.get_state()[others].equal(undisturbed[others])

    carts.reset(state=start, envs_idx=[2])
    assert not solver.get_error_envs_mask().any()
    for _ in range(10):
        carts.step()
    found = carts.get_state()
    assert found.rigid.qpos[2].equal(undisturbed.rigid.qpos[2])


def test_command_that_waits_for_its_step_is_in_the_snapshot(carts: gs.Scene) -> None:
    carts.reset()
    cart = carts.entities[0]
    cart.control_dofs_force(torch.tensor([[1.0], [2.0], [3.0], [4.0]]), [0])
    with carts.rigid_solver.arena.edit("links_applied_force") as (force,):
        force[:, 0, 3] = torch.tensor([10.0, 20.0, 30.0, 40.0])
    commanded = carts.get_state()
    carts.step()
    moved = carts.get_state()
    assert moved.rigid.dofs_vel[:, 0].unique().numel() == 4
    carts.reset()
    carts.step()
    carts.reset(state=commanded)
    carts.step()
    assert carts.get_state().equal(moved)


NAN = float("nan")
SETTERS: dict[str, Callable[[Any], object]] = {
    "set_qpos": lambda robot: robot.set_qpos([0.1, NAN]),
    "set_dofs_position": lambda robot: robot.set_dofs_position([NAN], [0]),
    "set_dofs_velocity": lambda robot: robot.set_dofs_velocity(torch.full((4, 2), NAN)),
    "control_actuators": lambda robot: robot.control_actuators(NAN),
    "control_dofs_position": lambda robot: robot.control_dofs_position([0.0, NAN]),
    "control_dofs_force": lambda robot: robot.control_dofs_force([float("inf"), 0.0]),
    "set_dofs_kp": lambda robot: robot.set_dofs_kp([NAN, 1.0]),
}


@pytest.mark.parametrize("setter", SETTERS)
def test_setters_refuse_what_is_not_a_number(carts: gs.Scene, setter: str) -> None:
    carts.reset()
    was = carts.get_state(params=True)
    with pytest.raises(ValueError, match=setter):
        SETTERS[setter](carts.entities[0])
    assert carts.get_state(params=True).equal(was)
