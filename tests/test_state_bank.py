"""The bank of states: what it keeps, what it draws, and that a saved one goes on."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import scenes
import torch
from bank_oracle import Oracle

import genesis_state as gs
from genesis_state.counter_random import mix, mix_array

MARK = "BeadSolver.hits"
CHI_SQUARE_15 = 44.3  # of 15 degrees of freedom is larger once in 10,000 times


@pytest.fixture(scope="module")
def scene(fresh_runtime: None) -> gs.Scene:
    gs.init(logging_level="warning")
    scene = scenes.beads()
    scene.build(n_envs=6)
    return scenes.enlivened(scene)


def marked(scene: gs.Scene, marks: list[int]) -> gs.SimState:
    """A state with a row for each mark, equal exactly if the marks are."""
    state = scene.get_state(params=True)[0].repeat(len(marks))
    state[MARK][:, 0] = torch.tensor(marks)
    state.t = 100
    return state


def marks_of(state: gs.SimState) -> list[int]:
    return state[MARK][:, 0].tolist()


def everything(bank: gs.StateBank) -> str:
    """All that can be seen of a bank without drawing from it."""
    return repr((list(bank.entries), bank[list(bank)].checksum().tolist()))


# ---------------------------------------------------------------- what it keeps and draws


@pytest.mark.parametrize("policy", ["ring", "reservoir"])
def test_batches_do_what_one_row_at_a_time_does(scene: gs.Scene, policy: str) -> None:
    bank = gs.StateBank(scene, 7, policy, seed=5)
    oracle = Oracle(7, policy, seed=5)
    numbers = random.Random(1)
    for size in (1, 4, 0, 5, 3, 20, 6, 2, 9):
        marks = [numbers.randrange(40) for _ in range(size)]
        weights = [numbers.choice([0.0, 0.3, 1e-9, 2.0, 7.5]) for _ in marks]
        ids = bank.add(marked(scene, marks), weights=weights)
        oracle.add(marks, weights)
        # An id is its place and a multiple of the capacity.
        assert dict(zip((i % 7 for i in bank), marks_of(bank[list(bank)]), strict=True)) == dict(
            enumerate(oracle.marks)
        )
        assert [mark in oracle.marks for mark in marks] == (ids >= 0).tolist()
        assert marks_of(bank[ids[ids >= 0]]) == [mark for mark in marks if mark in oracle.marks]
        if any(oracle.weights):
            assert marks_of(bank[bank.sample(9)]) == oracle.draw(9)


def test_draws_follow_weights(scene: gs.Scene) -> None:
    bank = gs.StateBank(scene, 20)
    weights = torch.rand(17, generator=torch.Generator().manual_seed(0)).double()
    weights[3] = 0.0
    ids = bank.add(marked(scene, list(range(17))), weights=weights)
    drawn = bank.sample(20_000).bincount(minlength=17)[ids]
    assert drawn[3] == 0
    wanted = weights / weights.sum() * 20_000
    error = ((drawn - wanted) ** 2 / wanted)[wanted > 0].sum()
    assert error < CHI_SQUARE_15


def test_a_reservoir_is_a_uniform_sample(scene: gs.Scene) -> None:
    kept = torch.zeros(16)
    for seed in range(400):
        bank = gs.StateBank(scene, 4, "reservoir", seed=seed)
        for part in (range(7), range(7, 9), range(9, 16)):
            bank.add(marked(scene, list(part)))
        kept[marks_of(bank[list(bank)])] += 1
    assert ((kept - 100) ** 2 / 100).sum() / (1 - 4 / 16) < CHI_SQUARE_15


def test_seed_and_calls_decide_alone(scene: gs.Scene) -> None:
    before = torch.get_rng_state()
    drawn = []
    for seed in (3, 3, 4):
        bank = gs.StateBank(scene, 50, seed=seed)
        bank.add(marked(scene, list(range(50))))
        drawn.append(torch.cat([bank.sample(8), bank.sample(24)]))
        torch.rand(5)
    torch.set_rng_state(before)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    bank = gs.StateBank(scene, 50, seed=3)
    bank.add(marked(scene, list(range(50))))
    assert torch.equal(drawn[0], bank.sample(32)), "however many at a time"


def test_arrays_and_tensors_are_mixed_alike() -> None:
    words = torch.arange(-5, 2000) * 0x9E3779B97F4A7C1
    array = words.numpy().copy()
    mix_array(array.view("u8"), array.copy().view("u8"))
    assert mix(words).tolist() == array.tolist()


# ---------------------------------------------------------------- what it says of entries


def test_a_state_that_is_there_is_refreshed(scene: gs.Scene) -> None:
    bank = gs.StateBank(scene, 4)
    first = bank.add(marked(scene, [1, 2]), weights=[0.5, 0.25], tags=["a", {"level": [1]}])
    later = marked(scene, [2, 3, 2])
    later.t = 200
    again = bank.add(later, weights=[8.0, 9.0, 10.0], tags=["x", "y", "z"])
    assert again.tolist() == [first[1], 2, first[1]]
    assert [(e.id, e.serial, e.t, e.env, e.weight, e.tag) for e in bank.entries] == [
        (0, 0, 100, 0, 0.5, "a"),
        (1, 1, 100, 1, 10.0, "z"),
        (2, 2, 200, 1, 9.0, "y"),
    ]
    bank.add(later)
    assert bank.entries.weight.tolist() == [0.5, 10.0, 9.0]
    assert bank.entries.tag.tolist() == ["a", "z", "y"]


def test_provenance_is_of_the_source(scene: gs.Scene) -> None:
    bank = gs.StateBank(scene, 4)
    state = scene.get_state()
    state.envs_t[3] = 77
    ids = bank.add(state, envs_idx=[5, 3], tags="fell")
    assert bank.entries[1] == (1, 1, scene.t, 77, 3, 1.0, "fell")
    assert bank[ids].equal(state[[5, 3]])
    assert bank[ids[1]].t == scene.t
    assert list(bank) == [0, 1] and 1 in bank and 2 not in bank
    assert bank.nbytes == 2 * scene.layout.nbytes()
    assert "fell" in repr(bank) and "fell" in repr(bank.entries)


def test_what_came_of_an_entry_that_was_replaced_is_ignored(scene: gs.Scene) -> None:
    bank = gs.StateBank(scene, 2)
    old = bank.add(marked(scene, [1, 2]))
    new = bank.add(marked(scene, [3]))
    assert new % 2 == old[0] % 2, "the place is the same"
    assert bank.update(torch.cat([old, new, old]), [9, 3, 0.5, 9, 4]).tolist() == [
        *(False, True, True),
        *(False, True),
    ]
    assert dict(zip(bank, bank.entries.weight.tolist(), strict=True)) == {1: 3.5, 2: 0.5}
    bank.update([1, 1], 1.5, rate=0.25)
    assert bank.entries[0].weight == 3.0
    with pytest.raises(KeyError, match="0 is the id of no entry"):
        bank[old]
    bank.clear()
    assert bank.add(marked(scene, [5, 6])).min() > 2
    assert not bank.update([0, 1, 2, -1], 7.0).any()
    assert bank.entries.weight.tolist() == [1.0, 1.0]


# ---------------------------------------------------------------- reset


def test_reset_writes_what_it_says(scene: gs.Scene) -> None:
    bank = gs.StateBank(scene, 9, seed=2)
    bank.add(marked(scene, list(range(9))))
    for envs_idx, envs in (
        (None, list(range(6))),
        ([4, 0, 2], [4, 0, 2]),
        (torch.tensor([True, False] * 3), [0, 2, 4]),
        ([], []),
    ):
        scenes.enlivened(scene)
        before = scene.get_state(params=True)
        entries = bank.reset(scene, envs_idx=envs_idx)
        after = scene.get_state(params=True)
        assert entries.shape == (len(envs),)
        untouched = [env for env in range(6) if env not in envs]
        assert after[untouched].equal(before[untouched])
        assert scene.t == before.t
        assert scene.get_state()[envs].equal(bank[entries])


def test_parameters_go_with_entries_that_carry_them(scene: gs.Scene) -> None:
    scenes.enlivened(scene)
    state = scene.get_state(params=True)
    state["BeadSolver.stiffness"] += 5.0
    for params in (True, False):
        bank = gs.StateBank(scene, 6, params=params)
        bank.add(state)
        before = scene.get_state(params=True)
        entries = bank.reset(scene)
        source = state if params else before
        which = entries if params else torch.arange(6)
        found = scene.get_state(params=True)["BeadSolver.stiffness"]
        assert torch.equal(found, source["BeadSolver.stiffness"][which])


def test_a_scene_of_another_size_takes_entries(scene: gs.Scene) -> None:
    bank = gs.StateBank(scene, 6)
    bank.add(scenes.enlivened(scene).get_state())
    other = scenes.beads()
    other.build(n_envs=9)
    entries = bank.reset(other)
    assert other.get_state().equal(bank[entries])
    other.close()


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("suffix", [".pkl", ".safetensors", ".npz"])
@pytest.mark.parametrize("policy", ["ring", "reservoir"])
def test_a_saved_bank_goes_on(scene: gs.Scene, policy: str, suffix: str, tmp_path: Path) -> None:
    bank = gs.StateBank(scene, 8, policy, seed=-7, params=True)
    bank.add(marked(scene, [90, 91]))
    bank.clear()
    bank.save(tmp_path / f"empty{suffix}")
    banks = [bank, gs.StateBank.load(scene, tmp_path / f"empty{suffix}")]
    tags = ["a", None, 1, True, 1.0, {"b": [2]}, "a", 0, ""]
    for each in banks:
        each.add(marked(scene, list(range(9))), weights=torch.arange(9), tags=tags)
        each.sample(5)
    bank.save(tmp_path / f"bank{suffix}", metadata={"run": 3})
    banks.append(gs.StateBank.load(scene, tmp_path / f"bank{suffix}"))
    assert gs.checkpoint.read(tmp_path / f"bank{suffix}").manifest["metadata"] == {"run": 3}
    by_place = sorted(bank, key=lambda entry: entry % 8)
    assert gs.load_state(tmp_path / f"bank{suffix}").equal(bank[by_place])
    for given in ([20, 3, 21], [22, 23, 24, 25]):
        assert len({everything(each) for each in banks}) == 1
        assert len({repr(each.sample(40).tolist()) for each in banks}) == 1
        for each in banks:
            each.add(marked(scene, given), tags="later")
            each.update(each.sample(3), 2.5)
    assert all(each.params for each in banks)


def test_files_that_are_no_bank_of_this_scene_are_refused(scene: gs.Scene, tmp_path: Path) -> None:
    other = gs.Scene()
    other.add_solver(WiderSolver())
    other.build(n_envs=2)
    bank = gs.StateBank(other, 3)
    bank.add(other.get_state())
    bank.save(tmp_path / "other.pkl")
    scene.save_checkpoint(tmp_path / "scene.pkl")
    with pytest.raises(ValueError, match=r"of another scene:\n.*\n  WiderSolver is in the bank"):
        gs.StateBank.load(scene, tmp_path / "other.pkl")
    with pytest.raises(ValueError, match="holds no bank; name a file that"):
        gs.StateBank.load(scene, tmp_path / "scene.pkl")
    with pytest.raises(ValueError, match=r"scene is of another kind:\n  WiderSolver is in"):
        bank.reset(scene)
    with pytest.raises(ValueError, match=r"state is of another kind:\n  WiderSolver is in"):
        bank.add(scene.get_state())
    assert len(bank) == 1, "both environments were alike"
    held = gs.checkpoint.read(tmp_path / "other.pkl")
    damages: list[Callable[[dict[str, Any], dict[str, Any]], object]] = [
        lambda arrays, said: arrays["StateBank.weight"].fill(-1.0),
        lambda arrays, said: arrays["StateBank.id"].fill(2),
        lambda arrays, said: arrays["StateBank.tag"].fill(7),
        lambda arrays, said: arrays.pop("StateBank.env"),
        lambda arrays, said: said.update(policy="heap"),
        lambda arrays, said: said.update(offered=4),
        lambda arrays, said: said.update(drawn=-1),
        lambda arrays, said: said.pop("seed"),
    ]
    for damage in damages:
        manifest = gs.checkpoint.read(tmp_path / "other.pkl").manifest
        arrays = {name: array.copy() for name, array in held.arrays.items()}
        damage(arrays, manifest["state_bank"])
        for key in ("format", "library"):
            del manifest[key]
        gs.checkpoint.write(tmp_path / "bad.npz", arrays, step_index=0, manifest=manifest)
        with pytest.raises(ValueError, match=r"bad\.npz"):
            gs.StateBank.load(other, tmp_path / "bad.npz")
    other.close()


class WiderSolver(scenes.BeadSolver):
    """With more beads."""

    def sizes(self) -> dict[str, int]:
        return {"bead": 5}

    def start(self) -> None:
        pass


# ---------------------------------------------------------------- refusals

WRONG: dict[str, tuple[Callable[[Any, gs.Scene], object], type[Exception], str]] = {
    "a dict": (lambda b, s: b.add({}), TypeError, "the state is a dict, needs a SimState"),
    "no parameters": (
        lambda b, s: b.add(s.get_state()),
        ValueError,
        r"carries no parameters; take it with get_state\(params=True\)",
    ),
    "negative weight": (
        lambda b, s: b.add(s.get_state(params=True), weights=-1.0),
        ValueError,
        "one is negative or not finite",
    ),
    "nan": (lambda b, s: b.update([0], float("nan")), ValueError, "negative or not finite"),
    "weights of other length": (
        lambda b, s: b.add(s.get_state(params=True), [0, 1], weights=[1.0, 2.0, 3.0]),
        ValueError,
        r"weights: shape \(3,\), needs one number, or one for each of 2",
    ),
    "tags of other length": (
        lambda b, s: b.add(s.get_state(params=True), tags=["a"]),
        ValueError,
        "a list of 1, needs one for each of 6 environments",
    ),
    "tag that is not plain": (
        lambda b, s: b.add(s.get_state(params=True), tags=object()),
        TypeError,
        "tags: a object, a manifest holds",
    ),
    "rate": (lambda b, s: b.update([0], 1.0, rate=2.0), ValueError, "rate: 2.0, needs a number"),
    "ids that are floats": (lambda b, s: b.update([0.5], 1.0), TypeError, "needs ids as sample"),
    "environment named twice": (
        lambda b, s: b.reset(s, [1, 1]),
        ValueError,
        "names an environment more than once",
    ),
    "environment out of range": (lambda b, s: b.reset(s, [6]), IndexError, "out of range"),
    "sample of fewer than none": (lambda b, s: b.sample(-1), ValueError, "n is -1, needs"),
}


@pytest.mark.parametrize("name", WRONG)
def test_refusals_change_nothing(scene: gs.Scene, name: str) -> None:
    call, error, message = WRONG[name]
    bank = gs.StateBank(scene, 4, params=True)
    bank.add(marked(scene, [1, 2, 3]), weights=[1, 2, 3])
    seen, state = everything(bank), scene.get_state(params=True)
    with pytest.raises(error, match=message):
        call(bank, scene)
    assert everything(bank) == seen
    assert scene.get_state(params=True).equal(state)
    same = gs.StateBank(scene, 4, params=True)
    same.add(marked(scene, [1, 2, 3]), weights=[1, 2, 3])
    assert torch.equal(bank.sample(9), same.sample(9)), "no random number was used"


def test_nothing_can_be_drawn_from_nothing(scene: gs.Scene) -> None:
    bank = gs.StateBank(scene, 4)
    assert bank.reset(scene, torch.zeros(6, dtype=torch.bool)).shape == (0,)
    with pytest.raises(ValueError, match="bank: it is empty; put states in"):
        bank.sample(1)
    bank.add(marked(scene, [1]), weights=0.0)
    with pytest.raises(ValueError, match="the weights of all 1 entries are 0"):
        bank.reset(scene)
    for given, error in (({"capacity": 0}, ValueError), ({"policy": "heap"}, ValueError)):
        with pytest.raises(error, match=next(iter(given))):
            gs.StateBank(scene, **{"capacity": 3, **given})
