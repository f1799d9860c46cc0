"""Histories: every state comes back to the bit; and where two of them part."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import scenes
import torch

import genesis_state as gs
from genesis_state.recording.compare import compare
from genesis_state.recording.history import History, read_bytes

N = 8


def built(n_envs: int) -> gs.Scene:
    scene = gs.Scene(rigid_options=gs.options.RigidOptions(batch_dofs_info=True))
    scene.add_entity(gs.morphs.MJCF(file="cartpole.xml"), name="cart")
    scene.build(n_envs=n_envs)
    return scene


@pytest.fixture(scope="module")
def small(fresh_runtime: None) -> Iterator[gs.Scene]:
    scene = built(N)
    yield scene
    scene.close()


@pytest.fixture
def scene(small: gs.Scene) -> Iterator[gs.Scene]:
    small.reset(params=True)
    yield small
    if small.history is not None:
        small.history.stop()


def eventful(scene: gs.Scene, steps: int) -> list[Any]:
    """A run with commands, edits and resets of all kinds; the state after each step."""
    cart: Any = scene.get_entity("cart")
    states = [scene.get_state(params=True)]
    for i in range(steps):
        if i % 3 == 0:
            cart.control_actuators(0.1 * (i % 7), envs_idx=[i % N])
        if i % 11 == 4:
            cart.set_dofs_position(0.01 * i, [0], envs_idx=slice(0, 3))
        if i % 13 == 6:
            cart.set_dofs_kp(float(i))
            cart.control_dofs_position(0.3, [0], envs_idx=[2])
        if i % 17 == 9:
            scene.reset(envs_idx=[1, 4])
        if i == 23:
            scene.reset(states[5])  # t goes back
        scene.step()
        states.append(scene.get_state(params=True))
    return states


def test_every_state_comes_back_whatever_was_done_between_them(scene: gs.Scene) -> None:
    history = scene.record(every=5)
    states = eventful(scene, 40)
    assert len(history) == 41 and history.times == [state.t for state in states]
    assert all(found.equal(state) for found, state in zip(history, states, strict=True))
    for back in (1, 3, 17, 0, 16):
        scene.rewind(back)
        assert scene.get_state(params=True).equal(states[history.now])
        assert scene.t == states[history.now].t
    for t in (2, 22, 5, 18, 0):
        scene.seek(t)
        latest = max(i for i, state in enumerate(states) if state.t == t)
        assert history.now == latest and scene.get_state(params=True).equal(states[latest])
    kept = history.read("RigidSolver.qpos")
    assert torch.equal(kept, torch.stack([state.rigid.qpos for state in states]))
    assert [state.t for state in history[-1:30:-4]] == [state.t for state in states[-1:30:-4]]
    assert history.now == 0, "reading is not seeking"


def test_a_scene_that_goes_on_from_the_past_has_a_new_future(scene: gs.Scene) -> None:
    history = scene.record(every=4)
    first = eventful(scene, 12)
    scene.seek(6)
    cart: Any = scene.get_entity("cart")
    cart.control_actuators(-1.0)
    assert len(history) == 13, "until it steps, nothing is forgotten"
    scene.step()
    assert len(history) == 8
    second = scene.get_state(params=True)
    scene.rewind(1)
    assert scene.get_state(params=True).equal(first[6])
    scene.seek(7)
    assert scene.get_state(params=True).equal(second) and not second.equal(first[7])


def test_the_oldest_steps_are_forgotten_first(scene: gs.Scene) -> None:
    size = scene.get_state(params=True).nbytes
    history = scene.record(every=4, memory=5 * size)
    states = eventful(scene, 50)
    assert history.nbytes <= 5 * size and 4 <= len(history) < 20
    assert history.times[-1] == states[-1].t
    for found, state in zip(history, states[-len(history) :], strict=True):
        assert found.equal(state)
    with pytest.raises(ValueError, match=r"45 steps, but only \d+ are kept before this one; rec"):
        scene.rewind(45)
    with pytest.raises(ValueError, match=r"t=1000 is not in the history, which goes from \d+"):
        scene.seek(1000)
    assert scene.get_state(params=True).equal(states[-1])


def test_what_a_branch_does_is_not_history(scene: gs.Scene) -> None:
    history = scene.record()
    eventful(scene, 3)
    cart: Any = scene.get_entity("cart")
    cart.control_actuators(0.7)  # of the next step, though a branch comes between
    with scene.branch():
        scene.step()
        with pytest.raises(RuntimeError, match=r"not within scene\.branch\(\)"):
            scene.rewind(1)
    assert len(history) == 4
    scene.step()
    wanted = scene.get_state(params=True)
    assert history[-1].equal(wanted)
    assert len(history.timeline.keyframes) == 1, "a command takes no keyframe"


def test_a_history_can_stop_and_does_not_keep_its_scene(fresh_runtime: None) -> None:
    scene = scenes.beads()
    scene.build()
    with pytest.raises(RuntimeError, match=r"seek: nothing is recorded; call scene\.record"):
        scene.seek(0)
    first = scene.record()
    scene.step()
    second = scene.record()
    scene.step()
    assert (len(first), len(second)) == (2, 2)
    second.stop()
    scene.step()
    assert len(second) == 2
    with pytest.raises(RuntimeError, match="the scene is closed"):
        scene.close()
        second[0]
    del scene
    gc.collect()
    with pytest.raises(RuntimeError, match="its scene is gone"):
        second[0]


@pytest.mark.parametrize(
    ("memory", "found"),
    [("2GB", 2e9), ("500 MiB", 500 * 2**20), (1e6, 1e6), ("3", 3), ("1.5kb", 1500)],
)
def test_memory_is_read(memory: Any, found: float) -> None:
    assert read_bytes(memory) == found


@pytest.mark.parametrize("memory", ["2 gigs", "", -1, 0, True, None, "GB"])
def test_memory_that_says_nothing_is_refused(memory: Any) -> None:
    with pytest.raises(ValueError, match=r"memory: .*, needs a number of bytes"):
        read_bytes(memory)


# ---------------------------------------------------------------- where two runs part

MANY, STEPS = 256, 1000
PLANT = (617, 201)  # after this step, in this environment


@pytest.fixture(scope="module")
def large(fresh_runtime: None) -> Iterator[gs.Scene]:
    scene = built(MANY)
    yield scene
    scene.close()


def recorded(scene: gs.Scene, plant: Callable[[gs.Scene], None] | None = None) -> History:
    scene.reset(params=True)
    cart: Any = scene.get_entity("cart")
    cart.set_dofs_position(torch.linspace(-1, 1, MANY)[:, None], [1])
    history = scene.record(every=50)
    push = torch.sin(torch.arange(STEPS) / 9.0)
    for i in range(STEPS):
        if i == PLANT[0] and plant is not None:
            plant(scene)
        cart.control_actuators(float(push[i]))
        scene.step()
    return history


def by_reset(scene: gs.Scene) -> None:
    state = scene.get_state()
    state.rigid.dofs_vel.view(torch.int32)[PLANT[1], 1] ^= 1
    scene.reset(state)


def by_edit(scene: gs.Scene) -> None:
    with scene.rigid_solver.arena.edit("dofs_vel") as (vel,):
        vel.view(torch.int32)[PLANT[1], 1] ^= 1


def past_the_scene(scene: gs.Scene) -> None:
    field = scene.rigid_solver.fields.dofs_vel
    value = torch.tensor([field[PLANT[1], 1]])
    value.view(torch.int32)[0] ^= 1
    field[PLANT[1], 1] = float(value)


@pytest.fixture(scope="module")
def undisturbed(large: gs.Scene) -> History:
    return recorded(large)


def test_equal_runs_do_not_part(large: gs.Scene, undisturbed: History) -> None:
    assert compare(undisturbed, recorded(large)) is None


@pytest.mark.parametrize("plant", [by_reset, by_edit])
def test_one_bit_is_found_with_its_step_environment_and_values(
    large: gs.Scene, undisturbed: History, plant: Callable[[gs.Scene], None]
) -> None:
    found = gs.compare(undisturbed, recorded(large, plant))
    assert found is not None and found.edited
    assert (found.step, found.env) == PLANT and found.t == PLANT[0]
    assert (found.solver, found.variable, found.index) == ("RigidSolver", "dofs_vel", (1,))
    wanted = undisturbed.at(PLANT[0]).rigid.dofs_vel[PLANT[1], 1]
    assert found.a == wanted.item() and found.b != found.a
    assert abs(found.b - found.a) < 1e-6
    assert len(found.differences) == 1
    text = f"step {PLANT[0]} (t={PLANT[0]}), in environment {PLANT[1]}: RigidSolver.dofs_vel[1] is"
    assert text in str(found)


def test_a_bit_that_was_changed_past_the_scene_is_found_by_checksums(
    large: gs.Scene, undisturbed: History
) -> None:
    found = compare(undisturbed, recorded(large, past_the_scene))
    assert found is not None and (found.step, found.env) == PLANT
    assert found.key is None and "wrote past the scene's methods" in str(found)


def test_lists_of_states_and_histories_are_compared_alike(scene: gs.Scene) -> None:
    history = scene.record(every=3)
    states = eventful(scene, 20)
    assert compare(history, states) is None and compare(states[3], states[3]) is None
    changed = [state.clone() for state in states]
    changed[13].rigid.qpos[5, 1] = 7.0
    found = compare(changed, history)
    assert found is not None
    assert (found.step, found.env, found.key, found.a) == (13, 5, "RigidSolver.qpos", 7.0)
    with pytest.raises(ValueError, match="8 envs"):
        compare(states, [state[:3] for state in states])
    wrong: list[tuple[Any, str]] = [
        ("a.npz", r"'a\.npz' is a path, needs a recording; open it with scene\.load_history"),
        ([1, 2], "got a list, needs a history, a list of states, or a state"),
    ]
    for given, message in wrong:
        with pytest.raises(TypeError, match=message):
            compare(states, given)


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("suffix", gs.checkpoint.FORMATS)
def test_a_history_goes_through_a_file(scene: gs.Scene, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"run{suffix}"
    history = scene.record(every=5)
    states = eventful(scene, 40)
    history.save(path, metadata={"why": "test"})
    scene.reset(params=True)
    loaded = scene.load_history(path)
    assert scene.get_state(params=True).equal(states[-1]) and scene.t == states[-1].t
    assert loaded.times == history.times and compare(loaded, states) is None
    assert compare(loaded, history) is None
    scene.seek(2)
    assert scene.get_state(params=True).equal(states[2])
    more = eventful(scene, 7)
    assert len(loaded) == 10 and loaded[-1].equal(more[-1]), "it goes on as any other"
    assert gs.checkpoint.read(path).manifest["metadata"] == {"why": "test"}


def test_a_seek_in_a_file_reads_little_of_it(
    large: gs.Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.safetensors"
    large.reset(params=True)
    history = large.record(every=1)
    for _ in range(200):
        large.step()
    history.save(path)
    loaded = large.load_history(path)
    read = 0
    fill = gs.checkpoint.Stored._fill

    def counted(stored: gs.checkpoint.Stored, name: str, target: Any, start: int) -> None:
        nonlocal read
        read += len(target)
        fill(stored, name, target, start)

    monkeypatch.setattr(gs.checkpoint.Stored, "_fill", counted)
    large.seek(70)
    assert large.get_state(params=True).equal(history[70])
    assert 0 < read < path.stat().st_size / 4
    loaded.stop()


def test_a_history_of_another_scene_is_refused(
    scene: gs.Scene, large: gs.Scene, tmp_path: Path
) -> None:
    path = tmp_path / "run.npz"
    scene.record().save(path)
    before = large.get_state(params=True)
    with pytest.raises(ValueError, match="another scene:\n  n_envs: 8 in the file, 256 in this"):
        large.load_history(path)
    scene.save_checkpoint(path)
    with pytest.raises(ValueError, match=r"holds no recording; pass a file that history\.save"):
        scene.load_history(path)
    assert large.get_state(params=True).equal(before)
