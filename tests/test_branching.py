"""Copying environments, branches and rollouts, where the contract's lines do not look."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

import genesis_state as gs

N = 6


@pytest.fixture(scope="module")
def scene(fresh_runtime: None) -> Iterator[gs.Scene]:
    scene = gs.Scene()
    scene.add_entity(gs.morphs.MJCF(file="cartpole.xml"), name="cart")
    scene.build(n_envs=N)
    yield scene
    scene.close()


@pytest.fixture
def cart(scene: gs.Scene) -> Any:
    scene.reset()
    cart: Any = scene.get_entity("cart")
    cart.set_dofs_position(torch.arange(float(N))[:, None] * torch.tensor([0.1, 0.2]))
    return cart


def test_a_rollout_gives_what_stepping_gives_and_leaves_nothing(scene: gs.Scene, cart: Any) -> None:
    controls = torch.linspace(-1, 1, 5)[:, None, None].expand(5, N, 1)
    for _ in range(3):
        scene.step()
    before = scene.get_state(params=True)
    found = scene.rollout(controls, record=["RigidSolver.qpos", "Scene.envs_t"])
    assert scene.get_state(params=True).equal(before) and scene.t == 3
    assert found["RigidSolver.qpos"].shape == (5, N, 2)
    for t in range(5):
        cart.control_actuators(controls[t])
        scene.step()
        assert torch.equal(found["RigidSolver.qpos"][t], cart.get_qpos())
        assert torch.equal(found["Scene.envs_t"][t], scene.envs_t)
    # From that state again, though the scene has gone on; of one environment in all of them.
    again = scene.rollout(controls, state=before, record=["RigidSolver.qpos"])
    assert torch.equal(again["RigidSolver.qpos"], found["RigidSolver.qpos"])
    one = scene.rollout(controls, state=before[2], record="RigidSolver.qpos")["RigidSolver.qpos"]
    assert torch.equal(one, found["RigidSolver.qpos"][:, 2:3].expand(5, N, 2))


def test_a_rollout_calls_methods_and_takes_one_row_for_all(scene: gs.Scene, cart: Any) -> None:
    ways: list[Any] = [
        torch.full((4, N, 1), 0.3),
        torch.full((4, 1), 0.3),
        {cart.control_actuators: [0.3] * 4},
    ]
    ends = [scene.rollout(way, record=["RigidSolver.qpos"])["RigidSolver.qpos"] for way in ways]
    assert torch.equal(ends[0], ends[1]) and torch.equal(ends[0], ends[2])
    other = scene.rollout(-ways[0], record=["RigidSolver.qpos"])["RigidSolver.qpos"]
    assert not torch.equal(ends[0], other)


@pytest.mark.parametrize(
    ("controls", "record", "message"),
    [
        (torch.zeros(3, N, 2), [], r"rollout: controls: shape \(3, 6, 2\), needs \(T, 6, 1\)"),
        (torch.zeros(3, 5, 1), [], r"shape \(3, 5, 1\), needs \(T, 6, 1\)"),
        (torch.full((2, N, 1), torch.nan), [], "controls is nan"),
        ({}, [], "empty dict"),
        ({"ctrl": torch.zeros(3)}, [], "methods of entities"),
        (torch.zeros(3, N, 1), ["qpos"], "qpos: no such variable; there are RigidSolver.qpos"),
    ],
)
def test_a_rollout_that_does_not_fit_is_refused(
    scene: gs.Scene, cart: Any, controls: Any, record: Any, message: str
) -> None:
    before = scene.get_state(params=True)
    with pytest.raises((ValueError, TypeError, KeyError), match=message):
        scene.rollout(controls, record=record)
    assert scene.get_state(params=True).equal(before)


def test_controls_of_different_lengths_are_refused(scene: gs.Scene, cart: Any) -> None:
    with pytest.raises(ValueError, match=r"cart\.control_actuators has 3, .*_force has 2"):
        scene.rollout({cart.control_actuators: [0.0] * 3, cart.control_dofs_force: [0.0] * 2})


@pytest.mark.parametrize(
    ("src", "dst", "origin"),
    [
        (0, None, [0, 0, 0, 0, 0, 0]),
        ([1, 0], [0, 1], [1, 0, 2, 3, 4, 5]),
        ([0, 1, 2], [1, 2, 3], [0, 0, 1, 2, 4, 5]),  # each is read before it is written
        ([5, 5, 4], [0, 1, 5], [5, 5, 2, 3, 4, 4]),
        (torch.tensor([True, False] * 3), slice(3, 6), [0, 1, 2, 0, 2, 4]),
        (-1, [True, False, False, False, False, False], [5, 1, 2, 3, 4, 5]),
        ([], [], [0, 1, 2, 3, 4, 5]),
    ],
)
def test_copies_are_of_what_was_there_before(
    scene: gs.Scene, cart: Any, src: Any, dst: Any, origin: list[int]
) -> None:
    scene.step()
    before = scene.get_state(params=True)
    scene.copy_envs(src, dst)
    assert scene.get_state(params=True).equal(before[origin])


@pytest.mark.parametrize(
    ("src", "dst", "message"),
    [
        (0, [1, 1], "copy_envs: dst names an environment more than once"),
        ([0, 1], [2, 3, 4], "src has 2 environments and dst 3"),
        (0, [9], "9"),
    ],
)
def test_copies_that_do_not_fit_change_nothing(
    scene: gs.Scene, cart: Any, src: Any, dst: Any, message: str
) -> None:
    before = scene.get_state(params=True)
    with pytest.raises((ValueError, IndexError), match=message):
        scene.copy_envs(src, dst)
    assert scene.get_state(params=True).equal(before)


def test_parameters_are_copied_unless_asked_not_to(scene: gs.Scene, cart: Any) -> None:
    cart.set_dofs_kp(torch.arange(float(N))[:, None].expand(N, 2))
    scene.copy_envs(3, 0, params=False)
    assert cart.get_dofs_kp()[0, 0] == 0 and cart.get_qpos()[0, 0] == cart.get_qpos()[3, 0]
    scene.copy_envs(3, 0)
    assert cart.get_dofs_kp()[0, 0] == 3
    with scene.branch():
        cart.set_dofs_kp(7.0)
    assert cart.get_dofs_kp()[0, 0] == 3
    scene.reset(params=True)
