"""Inverse kinematics: reaches what can be reached, and leaves the state alone."""

from types import SimpleNamespace

import pytest
import torch

import genesis_state as gs

N = 32
SEED = 5


@pytest.fixture(scope="module")
def s() -> SimpleNamespace:
    """A Franka at the middle of its limits beside a free box, and poses that the hand can have."""
    scene = gs.Scene()
    box = scene.add_entity(gs.morphs.Box(size=(0.1, 0.1, 0.1), pos=(1, 1, 1)), name="box")
    franka = scene.add_entity(gs.morphs.MJCF(file="franka.xml", pos=(0.1, 0, 0.2)), name="franka")
    scene.build(n_envs=N)
    lower, upper = franka.get_dofs_limit()
    share = torch.rand(N, 9, generator=torch.Generator().manual_seed(SEED))
    hand = franka.get_link("hand")
    franka.set_qpos(lower + share * (upper - lower))
    pos, quat = hand.get_pos(), hand.get_quat()
    franka.set_qpos((lower + upper) / 2)
    return SimpleNamespace(
        scene=scene,
        box=box,
        franka=franka,
        hand=hand,
        lower=lower,
        upper=upper,
        pos=pos,
        quat=quat,
        home=scene.get_state(),
    )


@pytest.fixture(autouse=True)
def at_home(s):
    s.scene.reset(state=s.home)


def angle_between(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    turn = gs.geom.transform_quat_by_quat(gs.geom.inv_quat(a), b)
    return gs.geom.quat_to_rotvec(turn).norm(dim=-1)


def test_the_hand_reaches_poses_it_can_have(s):
    qpos, error = s.franka.inverse_kinematics(s.hand, s.pos, s.quat, return_error=True)
    assert qpos.shape == (N, 9) and error.shape == (N, 6)
    assert s.scene.get_state().equal(s.home)
    assert bool((qpos >= s.lower).all()) and bool((qpos <= s.upper).all())
    # The fingers do not move the hand and stay where they were.
    assert torch.equal(qpos[:, 7:], s.franka.get_qpos()[:, 7:])
    s.franka.set_qpos(qpos)
    assert (s.hand.get_pos() - s.pos).norm(dim=1).max() < 5.1e-4
    assert angle_between(s.hand.get_quat(), s.quat).max() < 5.1e-3
    close = s.pos - s.hand.get_pos()
    torch.testing.assert_close(error[:, :3], close, atol=2e-6, rtol=0)


def test_the_state_keeps_every_byte_and_the_answer_depends_on_nothing_else(s):
    before = s.scene.get_state(params=True)
    first = s.franka.inverse_kinematics(s.hand, s.pos, s.quat, max_samples=3)
    assert s.scene.get_state(params=True).equal(before)
    s.scene.rigid_solver.arena.poison_scratch()
    again = s.franka.inverse_kinematics(s.hand, s.pos, s.quat, max_samples=3)
    assert torch.equal(first, again)
    some = s.franka.inverse_kinematics(
        s.hand, s.pos[[7, 2]], s.quat[[7, 2]], max_samples=3, envs_idx=[7, 2]
    )
    torch.testing.assert_close(some, first[[7, 2]], atol=1e-3, rtol=0)


def test_a_point_of_the_link_goes_to_the_position(s):
    grip = [0.0, 0.0, 0.1]
    qpos = s.franka.inverse_kinematics(s.hand, s.pos, local_point=grip)
    s.franka.set_qpos(qpos)
    reached = gs.geom.transform_by_trans_quat(
        torch.tensor(grip).expand(N, 3), s.hand.get_pos(), s.hand.get_quat()
    )
    assert (reached - s.pos).norm(dim=1).max() < 5.1e-4


def test_masks_leave_axes_free(s):
    # Straight down, turned about the vertical as it likes.
    down = [0.0, 1.0, 0.0, 0.0]
    qpos = s.franka.inverse_kinematics(s.hand, [0.5, 0.1, 0.6], down, rot_mask=[0, 0, 1])
    s.franka.set_qpos(qpos)
    axis = gs.geom.transform_by_quat(torch.tensor([0.0, 0.0, 1.0]).expand(N, 3), s.hand.get_quat())
    torch.testing.assert_close(axis[:, 2], torch.full((N,), -1.0), atol=2e-5, rtol=0)
    assert (s.hand.get_pos() - torch.tensor([0.5, 0.1, 0.6])).norm(dim=1).max() < 5.1e-4
    qpos = s.franka.inverse_kinematics(s.hand, [9, 9, 0.7], pos_mask=[False, False, True])
    s.franka.set_qpos(qpos)
    assert (s.hand.get_pos()[:, 2] - 0.7).abs().max() < 5.1e-4


def test_only_the_named_dofs_move(s):
    qpos = s.franka.inverse_kinematics(
        s.hand, s.pos[:4], dofs_idx_local=[0, 3], max_samples=2, envs_idx=range(4)
    )
    still = [1, 2, 4, 5, 6, 7, 8]
    assert torch.equal(qpos[:, still], s.franka.get_qpos(envs_idx=range(4))[:, still])
    assert bool((qpos[:, [0, 3]] != s.franka.get_qpos(envs_idx=range(4))[:, [0, 3]]).any(1).all())


def test_a_free_body_goes_anywhere(s):
    quat = gs.geom.normalize(torch.randn(N, 4, generator=torch.Generator().manual_seed(0)))
    target = torch.randn(N, 3, generator=torch.Generator().manual_seed(1))
    qpos = s.box.inverse_kinematics(s.box.base_link, target, quat, max_samples=1)
    s.box.set_qpos(qpos)
    assert (s.box.get_pos() - target).norm(dim=1).max() < 5.1e-4
    assert angle_between(s.box.get_quat(), quat).max() < 5.1e-3


def test_what_cannot_be_reached_is_approached(s):
    qpos, error = s.franka.inverse_kinematics(
        s.hand, [9, 0, 0.5], max_samples=2, return_error=True, envs_idx=[0]
    )
    assert qpos.shape == (1, 9)
    assert 7.5 < error[0, :3].norm() < 8.3
    free, _ = s.franka.inverse_kinematics(
        s.hand, s.pos, s.quat, respect_joint_limit=False, max_samples=1, return_error=True
    )
    assert bool(((free < s.lower) | (free > s.upper)).any())


def test_the_jacobian_is_the_rate_of_the_pose(s):
    s.franka.set_qpos(s.franka.inverse_kinematics(s.hand, s.pos, s.quat, max_samples=2))
    vel = torch.randn(N, 9, generator=torch.Generator().manual_seed(2))
    s.franka.set_dofs_velocity(vel)
    J = s.franka.get_jacobian(s.hand)
    assert J.shape == (N, 6, 9)
    twist = (J @ vel[:, :, None])[:, :, 0]
    torch.testing.assert_close(twist[:, :3], s.hand.get_vel(), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(twist[:, 3:], s.hand.get_ang(), atol=1e-5, rtol=1e-5)
    point = torch.tensor([0.1, 0.2, 0.3])
    arm = gs.geom.transform_by_quat(point.expand(N, 3), s.hand.get_quat())
    moved = s.hand.get_vel() + torch.linalg.cross(s.hand.get_ang(), arm)
    twist = (s.franka.get_jacobian(s.hand, point) @ vel[:, :, None])[:, :, 0]
    torch.testing.assert_close(twist[:, :3], moved, atol=1e-5, rtol=1e-5)
    box = s.box.get_jacobian(s.box.base_link)
    assert torch.equal(box[0], torch.eye(6))


BAD = [
    (ValueError, "neither pos nor quat is given", {}),
    (ValueError, "pos: shape (2,), needs (3,) or (32, 3)", {"pos": [1, 2]}),
    (ValueError, "pos is nan at [2]", {"pos": [1, 2, float("nan")]}),
    (ValueError, "quat: of length 0", {"quat": [0, 0, 0, 0]}),
    (ValueError, "init_qpos: shape (7,), needs (9,) or (32, 9)", {"init_qpos": [0] * 7}),
    (ValueError, "max_samples is 0, needs 1 or more", {"max_samples": 0}),
    (ValueError, "damping is 0, needs more than 0", {"damping": 0}),
    (ValueError, "rot_mask has two axes", {"quat": [1, 0, 0, 0], "rot_mask": [1, 1, 0]}),
    (ValueError, "pos_mask has 2 entries, needs 3 bools", {"pos_mask": [True, True]}),
    (ValueError, "none of the dofs [7, 8] moves link 'hand'", {"dofs_idx_local": [7, 8]}),
    (TypeError, "link is a str, needs a link; use get_link(name)", {"link": "hand"}),
    (ValueError, "link 'box_baselink' is of box", {"link": "box's"}),
]


@pytest.mark.parametrize(("kind", "message", "given"), BAD, ids=[message for _, message, _ in BAD])
def test_bad_input_is_refused_with_nothing_changed(s, kind, message, given):
    given = dict(given)
    if "quat" not in given and given:
        given.setdefault("pos", [0.5, 0, 0.5])
    link = given.pop("link", s.hand)
    link = s.box.base_link if link == "box's" else link
    with pytest.raises(kind) as caught:
        s.franka.inverse_kinematics(link, **given)
    assert message in str(caught.value)
    assert s.scene.get_state().equal(s.home)
