"""SimState: its views, copies, comparisons and pickles, over layouts made by hand."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from genesis_state import pages
from genesis_state.layout import OwnerLayout, RowLayout, StateLayout, VarLayout
from genesis_state.state import SimState

ROOT = Path(__file__).resolve().parent.parent


def make_layout(dofs: int = 3) -> StateLayout:
    """Two solvers and the scene, with every dtype, matrices, odd bools and an empty variable."""
    rigid = RowLayout.pack(
        [
            ("qpos", "state", "float32", (dofs,)),
            ("dofs_vel", "state", "float64", (3,)),
            ("mode", "memory", "int32", (3,)),
            ("awake", "memory", "bool", (5,)),
            ("gone", "memory", "float32", (0, 3)),
        ]
    )
    mpm = RowLayout.pack(
        [("F", "state", "float32", (2, 3, 3)), ("active", "state", "bool", (2, 3))]
    )
    scene = RowLayout.pack([("envs_t", "memory", "int32", ())])
    mass = RowLayout.pack([("mass", "param", "float32", (2,))])
    none = RowLayout.pack([])
    owners = (
        OwnerLayout("RigidSolver", "rigid", rigid, mass),
        OwnerLayout("MPMSolver", "mpm", mpm, none),
        OwnerLayout("Scene", "scene", scene, none),
    )
    return StateLayout(owners, (("entities", f"arm of {dofs} dofs"),))


LAYOUT = make_layout()
KEYS = LAYOUT.keys(params=True)


def var_of(key: str) -> VarLayout:
    place = LAYOUT.place(key)
    assert place is not None
    return place[2][place[3]]


def make_state(n_envs: int = 4, params: bool = True, layout: StateLayout = LAYOUT) -> SimState:
    """Env number in the hundreds, place within the variable below; bools alternate."""
    state = SimState.zeros(layout, n_envs, params=params)
    for key in state:
        view = state[key]
        size = math.prod(view.shape[1:])
        numbers = torch.arange(n_envs)[:, None] * 100 + torch.arange(size)
        numbers = numbers % 2 if view.dtype == torch.bool else numbers
        view.copy_(numbers.reshape(view.shape))
    state.t = 42
    return state


def envs_of(state: SimState) -> list[int]:
    """Which environments of make_state these rows are, the same in every variable."""
    envs = state.rigid.qpos[:, 0].div(100).int().tolist()
    assert state.equal(make_state(100, state.params is not None)[envs])
    return envs


# Reading and writing variables


@pytest.mark.parametrize("key", KEYS)
def test_attribute_and_key_give_the_same_live_view(key: str) -> None:
    state = make_state()
    owner, name = key.split(".")
    alias = {"RigidSolver": "rigid", "MPMSolver": "mpm", "Scene": "scene"}[owner]
    view = getattr(getattr(state, alias), name)
    var = var_of(key)
    assert view.shape == (4, *var.shape) and view.dtype == var.torch_dtype
    assert view.data_ptr() == state[key].data_ptr() and torch.equal(view, state[key])


@pytest.mark.parametrize("key", [key for key in KEYS if 0 not in var_of(key).shape])
def test_editing_a_view_changes_one_variable_of_one_state(key: str) -> None:
    state = make_state()
    before = state.clone()
    state[key][2] = state[key][1] if var_of(key).dtype != "bool" else ~state[key][2]
    (diff,) = state.diff(before)
    assert diff.key == key and diff.envs == (2,)
    assert before.equal(make_state())


def test_assignment_copies_into_the_rows() -> None:
    state = make_state()
    source = torch.full((4, 3), 7.5)
    state.rigid.qpos = source
    source.zero_()
    assert (state.rigid.qpos == 7.5).all()
    state["RigidSolver.mode"] = np.full((4, 3), 9, dtype=np.int64)
    assert (state.rigid.mode == 9).all()
    state.rigid.dofs_vel = 0.1
    assert (state.rigid.dofs_vel == 0.1).all(), "a Python float keeps its 64 bits"
    state.mpm.active = True
    assert state.mpm.active.all()
    state.envs_t[:] = 5
    assert state.scene.envs_t.tolist() == [5] * 4


BAD_ASSIGNMENTS: dict[str, tuple[str, Any, type[Exception], str]] = {
    "shape": ("qpos", torch.zeros(3, 3), ValueError, "shape (3, 3), this state needs (4, 3)"),
    "one row": ("qpos", torch.zeros(3), ValueError, "shape (3,), this state needs (4, 3)"),
    "float to int": ("mode", torch.zeros(4, 3), TypeError, "dtype torch.float32, needs torch.int3"),
    "int to bool": ("awake", 1, TypeError, "dtype torch.int64, needs torch.bool; use .to("),
}


@pytest.mark.parametrize("case", BAD_ASSIGNMENTS, ids=str)
def test_a_bad_assignment_changes_nothing(case: str) -> None:
    name, value, error, text = BAD_ASSIGNMENTS[case]
    state = make_state()
    with pytest.raises(error) as caught:
        setattr(state.rigid, name, value)
    assert str(caught.value).startswith(f"RigidSolver.{name}: ") and text in str(caught.value)
    assert state.equal(make_state())


def test_what_is_not_there_is_answered_with_what_is() -> None:
    state = make_state(params=False)
    with pytest.raises(
        AttributeError, match=r"state.sph: no such solver; .* has rigid, mpm, scene"
    ):
        _ = state.sph
    with pytest.raises(AttributeError, match=r"state.mpm.Jp: no such variable; .* has F, active"):
        _ = state.mpm.Jp
    with pytest.raises(AttributeError, match=r"state.mpm.Jp: no such variable"):
        state.mpm.Jp = 1.0
    with pytest.raises(KeyError, match=r"MPMSolver.Jp: no such variable; there are Rigid.*, MPM"):
        state["MPMSolver.Jp"]
    with pytest.raises(TypeError, match=r"state\[0\] = …: only variables can be assigned"):
        state[0] = state[1]  # type: ignore[index]
    for read in (lambda: state.rigid.mass, lambda: state["RigidSolver.mass"]):
        with pytest.raises((AttributeError, KeyError), match=r"carries no parameters; use get_sta"):
            read()
    assert not hasattr(state, "_private") and not hasattr(state.rigid, "_private")


def test_iteration_is_over_the_keys_carried() -> None:
    saved, both = make_state(params=False), make_state()
    assert list(saved) == saved.keys() == LAYOUT.keys()
    assert list(both) == KEYS and "RigidSolver.mass" in both
    assert "RigidSolver.mass" not in saved and "RigidSolver.qpos" in saved and 3 not in saved
    assert list(both.rigid) == ["dofs_vel", "qpos", "mode", "gone", "awake", "mass"]
    assert "mass" in both.rigid and "mass" not in saved.rigid
    assert {"rigid", "mpm", "scene", "equal"} <= set(dir(saved))


def test_figures_of_a_state() -> None:
    state = make_state(5)
    assert state.n_envs == 5 and state.t == 42 and state.device == torch.device("cpu")
    assert state.nbytes == 5 * LAYOUT.nbytes(params=True)
    assert make_state(5, params=False).nbytes == 5 * LAYOUT.nbytes()
    assert torch.equal(state.envs_t, torch.arange(5, dtype=torch.int32) * 100)
    assert [list(view) for view in make_state(params=False).solvers_state] == [
        ["dofs_vel", "qpos", "mode", "gone", "awake"],
        ["F", "active"],
    ]


def test_repr_says_what_is_in_it() -> None:
    text = repr(make_state())
    assert text.startswith(f"SimState: 4 envs, t=42, {LAYOUT.nbytes(True)} bytes per env, cpu\n")
    assert "    F       float32  state   (4, 2, 3, 3)" in text
    assert all(key.split(".")[1] in text for key in KEYS)
    assert repr(make_state().mpm) in text


def test_arrays_are_copies_under_the_checkpoint_keys() -> None:
    state = make_state()
    arrays = state.arrays()
    assert list(arrays) == KEYS
    for key, array in arrays.items():
        assert array.dtype == np.dtype(var_of(key).dtype) and array.flags.c_contiguous
        assert np.array_equal(array, state[key].numpy())
        array[...] = 1
    assert state.equal(make_state())


@pytest.mark.parametrize("params", [False, True])
def test_from_arrays_is_the_inverse_of_arrays(params: bool) -> None:
    state = make_state(params=params)
    again = SimState.from_arrays(LAYOUT, state.arrays(), t=state.t)
    assert again.equal(state) and again.t == 42


def test_from_arrays_lists_everything_that_does_not_fit() -> None:
    arrays = make_state().arrays()
    del arrays["RigidSolver.mass"], arrays["Scene.envs_t"]
    arrays["MPMSolver.F"] = arrays["MPMSolver.F"][:3]
    arrays["RigidSolver.dofs_vel"] = arrays["RigidSolver.dofs_vel"].astype(np.float32)
    arrays["MPMSolver.Jp"] = np.ones(4)
    with pytest.raises(ValueError) as caught:
        SimState.from_arrays(LAYOUT, arrays, params=True)
    assert str(caught.value).splitlines() == [
        "arrays do not fit the layout:",
        "  MPMSolver.Jp is not in the layout.",
        "  RigidSolver.dofs_vel has shape (4, 3) and dtype float32, needs (4, 3) and float64.",
        "  RigidSolver.mass is missing.",
        "  MPMSolver.F has shape (3, 2, 3, 3) and dtype float32, needs (4, 2, 3, 3) and float32.",
        "  Scene.envs_t is missing.",
    ]


# Slices, stacks, copies


@pytest.mark.parametrize(
    ("which", "envs"),
    [
        (2, [2]),
        (-1, [3]),
        (slice(1, 3), [1, 2]),
        (slice(None, None, -1), [3, 2, 1, 0]),
        ([3, 0, 3], [3, 0, 3]),
        ([True, False, False, True], [0, 3]),
        (torch.tensor([False, True, True, False]), [1, 2]),
        (np.array([1]), [1]),
        (None, [0, 1, 2, 3]),
        ([], []),
    ],
    ids=str,
)
@pytest.mark.parametrize("params", [False, True])
def test_indexing_gives_a_copy_of_those_environments(
    which: Any, envs: list[int], params: bool
) -> None:
    state = make_state(params=params)
    part = state[which]
    assert part.n_envs == len(envs) and part.t == 42 and part.layout is LAYOUT
    assert envs_of(part) == envs
    part.rigid.qpos = -1.0
    assert state.equal(make_state(params=params))


def test_an_index_that_does_not_exist_is_refused() -> None:
    with pytest.raises(IndexError, match="envs_idx: 4 is out of range for n_envs=4"):
        make_state()[4]
    with pytest.raises(ValueError, match="a mask of length 2"):
        make_state()[[True, False]]


def test_cat_puts_environments_one_after_the_other() -> None:
    state = make_state(5)
    parts = [state[i : i + 1] for i in range(5)]
    assert SimState.cat(parts).equal(state)
    parts[1].t = 7
    assert SimState.cat(iter(parts[1:])).t == 7
    assert envs_of(SimState.cat([state[[3, 1]], state[[]], state[2]])) == [3, 1, 2]


def test_cat_of_one_is_a_copy() -> None:
    state = make_state()
    SimState.cat([state]).rigid.qpos = 0
    assert state.equal(make_state())


def test_cat_refuses_with_all_differences() -> None:
    with pytest.raises(ValueError, match="cat: no states given"):
        SimState.cat([])
    other = make_state(params=False, layout=make_layout(dofs=4))
    with pytest.raises(ValueError) as caught:
        SimState.cat([make_state(), make_state(), other])
    assert str(caught.value).splitlines() == [
        "state 0 and state 2 do not match:",
        "  RigidSolver.qpos has shape (3,) in state 0, (4,) in state 2.",
        "  entities is arm of 3 dofs in state 0, arm of 4 dofs in state 2.",
        "  state 0 carries parameters, state 2 does not; "
        "take both with the same get_state(params=…).",
    ]


def test_states_from_equal_layouts_fit_each_other() -> None:
    state = make_state(layout=make_layout())
    assert state.equal(make_state()) and SimState.cat([state, make_state()]).n_envs == 8


def test_repeat_goes_round_the_environments() -> None:
    assert envs_of(make_state(2).repeat(3)) == [0, 1, 0, 1, 0, 1]
    assert make_state(2).repeat(0).n_envs == 0


COPIES: dict[str, Callable[[SimState], SimState]] = {
    "clone": SimState.clone,
    "to": lambda state: state.to("cpu"),
    "serializable": SimState.serializable,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda state: pickle.loads(pickle.dumps(state)),
    "pickle 2": lambda state: pickle.loads(pickle.dumps(state, protocol=2)),
    "all": lambda state: state[:],
    "repeat": lambda state: state.repeat(1),
}


@pytest.mark.parametrize("how", COPIES, ids=str)
@pytest.mark.parametrize("params", [False, True])
@pytest.mark.parametrize("n_envs", [0, 1, 4])
def test_every_copy_is_equal_and_shares_nothing(how: str, params: bool, n_envs: int) -> None:
    state = make_state(n_envs, params)
    made = COPIES[how](state)
    assert made.equal(state) and made.t == 42 and made.layout == LAYOUT
    made.rigid.qpos = -1.0
    made.t = 0
    if params:
        made.rigid.mass = -1.0
    assert state.equal(make_state(n_envs, params)) and state.t == 42


def test_views_of_one_solver_can_be_copied_too() -> None:
    state = make_state()
    view = copy.deepcopy(state.rigid)
    view.qpos = 0.0
    assert torch.equal(pickle.loads(pickle.dumps(state.rigid)).qpos, make_state().rigid.qpos)


# Comparison


def test_equality_is_bitwise() -> None:
    state = make_state()
    state.rigid.qpos[1, 0] = math.nan
    assert state.equal(state.clone()) and not state.diff(state.clone())
    state.rigid.qpos[1, 0] = 0.0
    other = state.clone()
    other.rigid.qpos[1, 0] = -0.0
    assert not state.equal(other)
    (diff,) = state.diff(other)
    assert diff.largest == 0.0 and diff.envs == (1,)


def test_equal_is_false_for_what_cannot_be_compared() -> None:
    state = make_state()
    assert not state.equal(make_state(5))
    assert not state.equal(make_state(params=False))
    assert not state.equal(make_state(layout=make_layout(dofs=4)))


def test_the_step_count_belongs_to_no_environment() -> None:
    state, other = make_state(), make_state()
    other.t = 0
    assert state.equal(other) and not state.diff(other)
    assert torch.equal(state.checksum(), other.checksum())


LARGEST = {
    "float32": ("RigidSolver.qpos", 1.0, -0.5, 1.5),
    "float64": ("RigidSolver.dofs_vel", 1.0, 1.0 + 2**-50, 2**-50),
    "int32": ("RigidSolver.mode", -(2**31), 2**31 - 1, 2**32 - 1),
    "bool": ("RigidSolver.awake", True, False, 1.0),
    "matrix": ("MPMSolver.F", 4.0, 1.0, 3.0),
    "param": ("RigidSolver.mass", 4.0, 1.0, 3.0),
    "scalar": ("Scene.envs_t", 4, 1, 3.0),
    "one nan": ("RigidSolver.qpos", 1.0, math.nan, math.inf),
    "one inf": ("RigidSolver.qpos", 1.0, math.inf, math.inf),
    "two infs": ("RigidSolver.qpos", -math.inf, math.inf, math.inf),
}


@pytest.mark.parametrize("case", LARGEST, ids=str)
def test_diff_says_which_variable_which_envs_and_how_far(case: str) -> None:
    key, mine, theirs, largest = LARGEST[case]
    a, b = make_state(6), make_state(6)
    for env in (1, 4):
        a[key][env] = mine
        b[key][env] = theirs
    (diff,) = a.diff(b)
    assert (diff.key, diff.envs, diff.first, diff.n_envs) == (key, (1, 4), 1, 6)
    assert diff.largest == largest
    assert str(diff) == f"{key} differs in 2 of 6 envs, first in 1, by up to {largest:.6g}."


def test_nans_that_differ_in_their_bits_differ_by_nan() -> None:
    a, b = make_state(), make_state()
    a.rigid.qpos.view(torch.int32)[0, 0] = 0x7FC00000
    b.rigid.qpos.view(torch.int32)[0, 0] = 0x7FC00001
    (diff,) = a.diff(b)
    assert math.isnan(diff.largest) and "by up to nan" in str(diff)


def test_diff_takes_the_largest_of_many() -> None:
    a, b = make_state(), make_state()
    b.rigid.qpos += torch.tensor([0.0, 1.0, -3.0])
    b.rigid.qpos[1:3, 2] = math.nan
    a.rigid.qpos[1:3, 2] = math.nan
    b.mpm.active[3, 1, 1] ^= True
    assert [(d.key, d.envs, d.largest) for d in a.diff(b)] == [
        ("RigidSolver.qpos", (0, 1, 2, 3), 3.0),
        ("MPMSolver.active", (3,), 1.0),
    ]


def test_diff_is_empty_exactly_if_the_states_are_equal_padding_included() -> None:
    a, b = make_state(), make_state()
    b.saved[0][2].view(torch.uint8)[-1] = 1
    assert not a.equal(b)
    assert [(diff.key, diff.envs) for diff in a.diff(b)] == [("RigidSolver.<padding>", (2,))]


def test_diff_refuses_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="this state has 4 envs, the other 5"):
        make_state().diff(make_state(5))
    with pytest.raises(ValueError, match=r"qpos has shape \(3,\) in this state, \(4,\) in the oth"):
        make_state().diff(make_state(layout=make_layout(4)))


# Checksums


@pytest.mark.parametrize("params", [False, True])
def test_checksums_follow_the_rows_wherever_they_are(params: bool) -> None:
    state = make_state(9, params)
    sums = state.checksum()
    assert sums.shape == (9,) and sums.dtype == torch.int64 and len(set(sums.tolist())) == 9
    order = [4, 8, 0, 2, 2, 7]
    assert torch.equal(state[order].checksum(), sums[order])
    assert torch.equal(state.checksum(order), sums[order])
    assert torch.equal(state[5].checksum(), sums[5:6])
    assert torch.equal(state.repeat(3000).checksum(), sums.repeat(3000)), "in pieces, too"
    assert state[[]].checksum().shape == (0,)


def test_a_checksum_is_what_it_was() -> None:
    # Checksums are compared between processes and versions: this value may not change.
    assert make_state(2).checksum().tolist() == [-3380668748894166044, 6119387108369986534]


def test_each_flipped_bit_changes_the_checksum_of_its_environment() -> None:
    state = make_state(64)
    sums = state.checksum()
    seen = set(sums.tolist())
    for block in [*state.saved, *(state.params or ())]:
        for word in range(block.shape[1]):
            bits = torch.ones(64, dtype=torch.int64) << torch.arange(64)
            block[:, word] ^= bits  # bit e in environment e
            changed = state.checksum()
            assert (changed != sums).all()
            seen |= set(changed.tolist())
            block[:, word] ^= bits
    assert torch.equal(state.checksum(), sums)
    words = LAYOUT.nbytes(params=True) // 8
    assert len(seen) == 64 * (words + 1), "no two of these changes look alike"


def test_swapped_words_and_swapped_owners_change_the_checksum() -> None:
    state = SimState.zeros(LAYOUT, 1, params=True)
    seen = set()
    for block in [*state.saved, *(state.params or ())]:
        for word in range(block.shape[1]):
            block[0, word] = 1
            seen.add(state.checksum().item())
            block[0, word] = 0
    assert len(seen) == LAYOUT.nbytes(params=True) // 8


def test_parameters_count_in_the_checksum_if_carried() -> None:
    state = make_state()
    changed = state.clone()
    changed.rigid.mass[1, 0] += 1
    differs = state.checksum() != changed.checksum()
    assert differs.tolist() == [False, True, False, False]


# Pickles


def test_a_pickle_loads_without_taichi_in_another_process(tmp_path: Path) -> None:
    state = make_state()
    state.rigid.qpos[1, 1] = math.nan
    file = tmp_path / "state.pkl"
    file.write_bytes(pickle.dumps(state.serializable()))
    code = (
        "import pickle, sys\n"
        f"state = pickle.load(open({str(file)!r}, 'rb'))\n"
        "assert 'taichi' not in sys.modules and 'mujoco' not in sys.modules\n"
        "state.rigid.qpos[0, 0] = 5.0\n"
        "print(state.n_envs, state.t, state[1:].checksum().tolist())\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == f"4 42 {state[1:].checksum().tolist()}"


def test_a_pickle_holds_names_and_arrays_and_no_blocks() -> None:
    _, (plain,) = make_state().__reduce__()
    assert list(plain) == ["format", "layout", "n_envs", "params", "t", "arrays"]
    assert list(plain["arrays"]) == KEYS
    assert b"offset" not in pickle.dumps(make_state())


def test_a_pickle_of_another_format_is_refused() -> None:
    load, (plain,) = make_state().__reduce__()
    with pytest.raises(ValueError, match="pickle of format 2, this version reads format 1"):
        load(plain | {"format": 2})
    del plain["arrays"]["MPMSolver.F"]
    with pytest.raises(ValueError, match=r"MPMSolver\.F is missing"):
        load(plain)


def test_pickles_of_equal_states_are_the_same_bytes() -> None:
    used = make_state()
    used.diff(used.clone())
    _ = used.rigid.qpos
    assert pickle.dumps(used) == pickle.dumps(make_state())


def test_memory_of_a_large_state_is_used_again_once_no_view_of_it_is_left() -> None:
    def block() -> torch.Tensor:
        return pages.empty_rows((1024, pages.LARGE // 1024), "cpu")

    first = block()
    view, address = first[3:], first.data_ptr()
    del first
    assert block().data_ptr() != address
    del view
    assert block().data_ptr() == address
    pages.let_go()
