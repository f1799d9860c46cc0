"""Environments that fail: what is kept of them, what becomes of them, and that it happens again."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import genesis_state as gs

N, SICK, STEPS = 1024, 700, 80


@pytest.fixture(scope="module")
def scene(fresh_runtime: None) -> Iterator[gs.Scene]:
    scene = gs.Scene(rigid_options=gs.options.RigidOptions(batch_dofs_info=True))
    scene.add_entity(gs.morphs.MJCF(file="cartpole.xml"), name="cart")
    scene.build(n_envs=N)
    yield scene
    scene.close()


def run(scene: gs.Scene, sick_from: int = 12) -> gs.SimState:
    """One environment is given gains at which its motion grows step by step, until it is none."""
    cart: Any = scene.get_entity("cart")
    for i in range(STEPS):
        cart.control_actuators(0.1 * ((i // 5) % 3))
        if i == sick_from:
            cart.set_dofs_kp(3e4, [1], envs_idx=[SICK])
            cart.control_dofs_position(1.0, [1], envs_idx=[SICK])
        scene.step()
    return scene.get_state(params=True)


@pytest.fixture
def started(scene: gs.Scene) -> gs.Scene:
    scene.reset(params=True)
    cart: Any = scene.get_entity("cart")
    cart.set_dofs_position(torch.linspace(-1, 1, N)[:, None], [1])
    return scene


def test_a_failure_among_many_happens_again_alone(
    started: gs.Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alone = run(started)
    assert alone.rigid.error.nonzero()[:, 0].tolist() == [SICK]
    started.reset(params=True)
    cart: Any = started.get_entity("cart")
    cart.set_dofs_position(torch.linspace(-1, 1, N)[:, None], [1])
    guard = started.guard(tmp_path, keep=10, restore=None)
    with caplog.at_level(logging.WARNING):
        guarded = run(started)
    guard.stop()
    assert guarded.equal(alone), "watching changes nothing"
    assert guard.failures == 1 and len(guard.capsules) == 1
    assert "environment 700 failed at t=" in caplog.text and str(guard.capsules[0]) in caplog.text
    assert guard.capsules[0].stat().st_size < 200_000

    found = gs.replay(guard.capsules[0])
    assert found.same, found
    assert (found.env, found.scene.n_envs) == (SICK, 1) and 12 < found.t < STEPS
    assert 10 <= len(found.history) - 1 < 20 and found.scene.t == found.t
    assert "bit for bit" in str(found) and "RigidSolver: its state stopped being one" in str(found)
    # The step before, it was still sound; and what it did there can be looked at.
    assert found.scene.get_state().rigid.error.item()
    found.scene.rewind(1)
    assert not found.scene.get_state().rigid.error.item()
    assert bool(found.scene.get_state().rigid.qpos.isfinite().all())
    found.scene.close()


@pytest.mark.parametrize("restore", ["last_good", "initial"])
def test_the_others_never_notice(started: gs.Scene, tmp_path: Path, restore: Any) -> None:
    initial = started._initial
    sick_from = 0 if restore == "last_good" else 12
    undisturbed = run(started, sick_from)
    started.reset(params=True)
    cart: Any = started.get_entity("cart")
    cart.set_dofs_position(torch.linspace(-1, 1, N)[:, None], [1])
    start = started.get_state(params=True)
    guard = started.guard(tmp_path, keep=10, restore=restore)
    guarded = run(started, sick_from)
    guard.stop()
    others = [env for env in range(N) if env != SICK]
    assert guarded[others].equal(undisturbed[others])
    assert not guarded.rigid.error.any()
    if restore == "initial":
        assert guard.failures == 1, "with the gains of the model it is sound"
        assert cart.get_dofs_kp()[SICK, 1] == initial.rigid.dofs_kp[SICK, 1]
    else:
        # It was put back to before its failure, with the gains that lead there again.
        assert guard.failures > 1 and guarded.envs_t[SICK] < started.t
        assert gs.replay(guard.capsules[-1]).same
    assert started.t == start.t + STEPS


def test_a_predicate_says_who_failed(started: gs.Scene, tmp_path: Path) -> None:
    cart: Any = started.get_entity("cart")

    def fell(scene: gs.Scene) -> torch.Tensor:
        return cart.get_qpos()[:, 1].abs() > 1.2

    guard = started.guard(tmp_path, keep=5, predicate=fell, restore="initial", most=2)
    for _ in range(40):
        started.step()
        assert not fell(started).any()
    guard.stop()
    assert guard.failures > 2 and len(guard.capsules) == 2
    assert gs.replay(guard.capsules[1]).same
    with pytest.raises(TypeError, match=r"the predicate gave torch.float32 of shape \(3,\), needs"):
        started.guard(tmp_path, predicate=lambda scene: torch.zeros(3))


def test_a_state_that_is_not_finite_is_noticed_wherever_it_came_from(
    started: gs.Scene, tmp_path: Path
) -> None:
    guard = started.guard(tmp_path, keep=4)
    for _ in range(6):
        started.step()
    state = started.get_state()
    state.rigid.dofs_vel[3] = torch.nan
    started.reset(state)
    started.step()
    guard.stop()
    assert [path.name for path in guard.capsules] == ["env3_t7.capsule.npz"]
    found = gs.replay(guard.capsules[0])
    assert found.same and "RigidSolver.dofs_vel" in found.not_finite
    assert bool(started.get_state().rigid.dofs_vel.isfinite().all())


def test_a_bad_edit_at_a_keyframe_is_not_what_is_put_back(
    started: gs.Scene, tmp_path: Path
) -> None:
    guard = started.guard(tmp_path, keep=4)
    for _ in range(8):
        started.step()
    sound = started.get_state(params=True)
    state = started.get_state()
    state.rigid.dofs_vel[3] = torch.nan  # after step 8, of which there is a keyframe
    started.reset(state)
    guard._history.timeline.drop_first()  # what later steps forget
    started.step()
    guard.stop()
    assert guard.failures == 1
    assert started.get_state(params=True)[3].equal(sound[3])


class GrowingState(gs.Schema):
    size = gs.StateVar("How large it is [m]", ("thing",))


class GrowingSolver(gs.Solver):
    """Doubles until a number has no room for it."""

    schema = GrowingState

    def sizes(self) -> dict[str, int]:
        return {"thing": 2}

    def step(self) -> None:
        with self.arena.edit("size") as (size,):
            size *= 2


def growing(n_envs: int) -> gs.Scene:
    scene = gs.Scene()
    scene.add_solver(GrowingSolver())
    scene.build(n_envs=n_envs)
    with scene.solvers[0].arena.edit("size") as (size,):
        size[:, 1] = torch.tensor([1.0, 2.0, 2.0**110])[:n_envs]
    return scene


def test_a_solver_of_ones_own_is_watched_and_replayed_in_a_scene_that_is_given(
    fresh_runtime: None, tmp_path: Path
) -> None:
    scene = growing(3)
    guard = scene.guard(tmp_path, keep=8)
    for _ in range(20):
        scene.step()
    assert {path.name.split("_")[0] for path in guard.capsules} == {"env2"}
    with pytest.raises(
        ValueError, match=r"solvers of your own \(GrowingSolver\).*pass a built scene"
    ):
        gs.replay(guard.capsules[0])
    found = gs.replay(guard.capsules[0], growing(1))
    assert found.same and found.not_finite == ["GrowingSolver.size"]
    with pytest.raises(ValueError, match="n_envs: 1 in the file, 3 in this scene"):
        gs.replay(guard.capsules[0], growing(3))


def test_what_is_no_capsule_is_refused(started: gs.Scene, tmp_path: Path) -> None:
    path = tmp_path / "state.npz"
    started.save_checkpoint(path)
    with pytest.raises(ValueError, match="is no capsule; pass a file that a guard wrote"):
        gs.replay(path)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"restore": "now"}, "restore is 'now'"),
        ({"keep": 0}, "every is 0"),
        ({"most": -1}, "most is -1"),
    ]
    for given, message in wrong:
        with pytest.raises(ValueError, match=message):
            started.guard(tmp_path, **given)
