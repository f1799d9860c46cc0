"""`genesis_state.geom` against MuJoCo's own functions, for numpy and torch alike."""

from __future__ import annotations

import math

import mujoco
import numpy as np
import pytest
import torch

from genesis_state import geom

KINDS = {
    "numpy64": (np.asarray, np.float64, 1e-12),
    "numpy32": (lambda x: np.asarray(x, np.float32), np.float32, 2e-6),
    "torch64": (lambda x: torch.tensor(x, dtype=torch.float64), torch.float64, 1e-12),
    "torch32": (lambda x: torch.tensor(x, dtype=torch.float32), torch.float32, 2e-6),
}


@pytest.fixture(params=KINDS)
def kind(request):
    """Builds arrays of one kind, and compares answers of that kind with numpy values."""
    make, dtype, tolerance = KINDS[request.param]

    def check(got, want, factor=1.0):
        assert type(got) is type(make([0.0])) and got.dtype == dtype
        np.testing.assert_allclose(np.asarray(got), want, rtol=0, atol=factor * tolerance)

    return make, check


def random_quats(*lead: int, seed: int = 0) -> np.ndarray:
    quat = np.random.default_rng(seed).normal(size=(*lead, 4))
    return quat / np.linalg.norm(quat, axis=-1, keepdims=True)


def random_vectors(*lead: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(*lead, 3))


def same_rotation(got, want) -> float:
    """Largest distance between quaternions that may differ in sign."""
    got, want = np.asarray(got, float), np.asarray(want, float)
    return np.minimum(np.abs(got - want).max(-1), np.abs(got + want).max(-1)).max()


def each(function, size: int, *arrays: np.ndarray) -> np.ndarray:
    """Applies one of MuJoCo's functions, which write into their first argument, row by row."""
    rows = []
    for row in zip(*arrays, strict=True):
        out = np.zeros(size)
        function(out, *row)
        rows.append(out)
    return np.array(rows)


def test_products_and_rotations_agree_with_mujoco(kind):
    make, check = kind
    u, v, x = random_quats(20), random_quats(20, seed=2), random_vectors(20)
    product = each(mujoco.mju_mulQuat, 4, u, v)
    turned = each(mujoco.mju_rotVecQuat, 3, x, u)
    matrix = each(mujoco.mju_quat2Mat, 9, u).reshape(-1, 3, 3)
    check(geom.transform_quat_by_quat(make(v), make(u)), product)
    check(geom.transform_by_quat(make(x), make(u)), turned)
    check(geom.quat_to_R(make(u)), matrix)
    check(geom.inv_quat(make(u)), each(mujoco.mju_negQuat, 4, u))
    check(geom.inv_transform_by_quat(make(turned), make(u)), x, 2)
    check(geom.transform_by_quat(make(x), make(3 * u)), turned, 2)


def test_rotation_vectors_agree_with_mujoco(kind):
    make, check = kind
    quat = random_quats(20)
    rotvec = each(lambda out, q: mujoco.mju_quat2Vel(out, q, 1), 3, quat)
    check(geom.quat_to_rotvec(make(quat)), rotvec, 4)
    angle, axis = random_vectors(20)[:, 0], random_vectors(20, seed=3)
    axis /= np.linalg.norm(axis, axis=-1, keepdims=True)
    want = each(mujoco.mju_axisAngle2Quat, 4, axis, angle)
    check(geom.axis_angle_to_quat(make(angle), make(5 * axis)), want)
    check(geom.rotvec_to_quat(make(angle[:, None] * axis)), want)


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e-9, 1e-4, 1.0, 3.1])
def test_rotation_vectors_of_any_length_survive_the_round_trip(kind, scale):
    make, check = kind
    rotvec = scale * np.array([[0.6, 0.0, -0.8], [0.0, 1.0, 0.0]])
    check(geom.quat_to_rotvec(geom.rotvec_to_quat(make(rotvec))), rotvec, 10)


@pytest.mark.parametrize(("rpy", "order"), [(True, "XYZ"), (False, "xyz")])
@pytest.mark.parametrize("degrees", [False, True])
def test_angles_agree_with_mujoco_and_survive_the_round_trip(kind, rpy, order, degrees):
    make, check = kind
    angles = np.random.default_rng(4).uniform([-3, -1.5, -3], [3, 1.5, 3], size=(20, 3))
    want = each(lambda out, e: mujoco.mju_euler2Quat(out, e, order), 4, angles)
    given = np.rad2deg(angles) if degrees else angles
    quat = geom.xyz_to_quat(make(given), rpy=rpy, degrees=degrees)
    assert same_rotation(quat, want) < 1e-6
    check(geom.quat_to_xyz(quat, rpy=rpy, degrees=degrees), given, 5000)


@pytest.mark.parametrize("rpy", [True, False])
@pytest.mark.parametrize("pitch", [math.pi / 2, -math.pi / 2])
def test_locked_angles_still_give_the_same_rotation(kind, rpy, pitch):
    make, _ = kind
    quat = geom.xyz_to_quat(make([0.4, pitch, 0.9]), rpy=rpy)
    again = geom.xyz_to_quat(geom.quat_to_xyz(quat, rpy=rpy), rpy=rpy)
    assert same_rotation(again, quat) < 1e-3


def test_matrices_survive_the_round_trip_near_half_turns(kind):
    make, _ = kind
    half_turns = np.eye(4)[1:] + 1e-7
    quat = np.concatenate([random_quats(50), half_turns, np.eye(4)])
    quat /= np.linalg.norm(quat, axis=-1, keepdims=True)
    got = geom.R_to_quat(geom.quat_to_R(make(quat)))
    assert same_rotation(got, quat) < 2e-6
    want = each(mujoco.mju_mat2Quat, 4, geom.quat_to_R(quat).reshape(-1, 9))
    assert same_rotation(got, want) < 2e-6


def test_frames_compose_and_invert(kind):
    make, check = kind
    pos, quat = random_vectors(6), random_quats(6)
    trans, turn = random_vectors(6, seed=5), random_quats(6, seed=6)
    moved = geom.transform_pos_quat_by_trans_quat(*map(make, (pos, quat, trans, turn)))
    check(moved[0], geom.transform_by_quat(pos, turn) + trans, 4)
    check(moved[0], np.asarray(geom.transform_by_trans_quat(pos, trans, turn)), 4)
    back = geom.inv_transform_pos_quat_by_trans_quat(*moved, make(trans), make(turn))
    check(back[0], pos, 10)
    assert same_rotation(back[1], quat) < 1e-6
    check(geom.inv_transform_by_trans_quat(moved[0], make(trans), make(turn)), pos, 10)
    T = geom.trans_quat_to_T(make(trans), make(turn))
    homogeneous = np.concatenate([pos, np.ones((6, 1))], -1)
    check((T * make(homogeneous)[:, None, :]).sum(-1)[:, :3], np.asarray(moved[0]), 4)
    again = geom.T_to_trans_quat(T)
    check(again[0], trans)
    assert same_rotation(again[1], turn) < 1e-6


def test_leading_axes_broadcast(kind):
    make, _ = kind
    quat, vector = make(random_quats(2, 3)), make(random_vectors()[None, None])
    assert tuple(geom.transform_by_quat(vector, quat).shape) == (2, 3, 3)
    assert tuple(geom.transform_quat_by_quat(quat, make(random_quats())).shape) == (2, 3, 4)
    assert tuple(geom.trans_quat_to_T(make(np.zeros(3)), quat).shape) == (2, 3, 4, 4)
    assert tuple(geom.slerp(quat, make(random_quats()), make(np.zeros((2, 3)))).shape) == (2, 3, 4)
    assert tuple(geom.axis_angle_to_quat(make(np.zeros(5)), make([0, 0, 1.0])).shape) == (5, 4)


def test_slerp_goes_the_short_way_at_constant_speed(kind):
    make, _ = kind
    start = geom.rotvec_to_quat([0.0, 0.0, 0.2])
    for sign in (1, -1):
        end = sign * geom.rotvec_to_quat([0.0, 0.0, 1.2])
        for t in (0.0, 0.3, 1.0):
            want = geom.rotvec_to_quat([0.0, 0.0, 0.2 + t])
            assert same_rotation(geom.slerp(make(start), make(end), t), want) < 1e-6
    assert same_rotation(geom.slerp(make(start), make(start), 0.5), start) < 1e-6


def test_z_to_quat_turns_z_there(kind):
    make, check = kind
    z = np.concatenate([random_vectors(20), [[0, 0, 1], [0, 0, -1]]])
    z /= np.linalg.norm(z, axis=-1, keepdims=True)
    check(geom.transform_by_quat(make([0, 0, 1.0]), geom.z_to_quat(make(z))), z, 20)


def test_sequences_and_integers_become_float_arrays():
    assert geom.euler_to_quat((0, 0, 180)).dtype == np.float64
    np.testing.assert_allclose(geom.euler_to_quat([0, 0, 90]), [0.5**0.5, 0, 0, 0.5**0.5])
    assert geom.normalize(np.array([3, 4])).tolist() == [0.6, 0.8]
    assert geom.normalize(torch.tensor([3, 4])).dtype == torch.get_default_dtype()
    assert geom.transform_by_quat([1, 0, 0], torch.tensor([1.0, 0, 0, 0])).dtype == torch.float32
    np.testing.assert_array_equal(geom.transform_by_quat(geom.zero_pos(), geom.identity_quat()), 0)
