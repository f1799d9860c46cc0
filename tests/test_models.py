"""The models that the package ships, as MuJoCo compiles them."""

from __future__ import annotations

import math

import mujoco
import numpy as np
import pytest

from genesis_state.morphs import ASSETS, find_file

# The manufacturer's modified Denavit-Hartenberg parameters: a [m], d [m], alpha [rad].
FRANKA_DH = (
    (0.0, 0.333, 0.0),
    (0.0, 0.0, -math.pi / 2),
    (0.0, 0.316, math.pi / 2),
    (0.0825, 0.0, math.pi / 2),
    (-0.0825, 0.384, -math.pi / 2),
    (0.0, 0.0, math.pi / 2),
    (0.088, 0.0, math.pi / 2),
)
FRANKA_HOME = (0, -math.pi / 4, 0, -3 * math.pi / 4, 0, math.pi / 2, math.pi / 4)
LEGS = ("FL", "FR", "RL", "RR")


def load(name: str) -> mujoco.MjModel:
    return mujoco.MjModel.from_xml_path(str(find_file(name)))


def shift(x: float, z: float) -> np.ndarray:
    transform = np.eye(4)
    transform[[0, 2], 3] = x, z
    return transform


def turn(axis: int, angle: float) -> np.ndarray:
    transform, (i, j) = np.eye(4), ((axis + 1) % 3, (axis + 2) % 3)
    transform[[i, i, j, j], [i, j, i, j]] = (
        math.cos(angle),
        -math.sin(angle),
        math.sin(angle),
        math.cos(angle),
    )
    return transform


def franka_flange(joints) -> np.ndarray:
    """Pose of the flange from the published parameters, shape (4, 4)."""
    pose = np.eye(4)
    for (a, d, alpha), angle in zip(FRANKA_DH, joints, strict=True):
        pose = pose @ turn(0, alpha) @ shift(a, 0) @ turn(2, angle) @ shift(0, d)
    return pose @ shift(0, 0.107)


@pytest.mark.parametrize("path", sorted(ASSETS.rglob("*.[xu][mr]*")), ids=lambda p: p.name)
def test_every_model_compiles_without_a_warning(path, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)  # MuJoCo also writes warnings to a file where it runs
    model = mujoco.MjModel.from_xml_path(str(path))
    data = mujoco.MjData(model)
    if model.nkey:
        mujoco.mj_resetDataKeyframe(model, data, 0)
    for _ in range(50):
        mujoco.mj_step(model, data)
    assert np.isfinite(data.qpos).all() and data.ncon == 0
    assert capfd.readouterr() == ("", "") and not list(tmp_path.iterdir())
    assert not np.any([warning.number for warning in data.warning])


def test_franka_flange_is_where_the_published_parameters_put_it():
    model = load("franka.xml")
    data = mujoco.MjData(model)
    rng = np.random.default_rng(0)
    poses = [FRANKA_HOME, *rng.uniform(model.jnt_range[:7, 0], model.jnt_range[:7, 1], (20, 7))]
    for joints in poses:
        data.qpos[:7] = joints
        mujoco.mj_kinematics(model, data)
        flange, want = data.site("flange"), franka_flange(joints)
        np.testing.assert_allclose(flange.xpos, want[:3, 3], atol=1e-9)
        np.testing.assert_allclose(flange.xmat.reshape(3, 3), want[:3, :3], atol=1e-9)


def test_franka_home_holds_the_hand_forward_and_down():
    model = load("franka.xml")
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, model.key("home").id)
    np.testing.assert_allclose(data.qpos[:7], FRANKA_HOME)
    mujoco.mj_kinematics(model, data)
    np.testing.assert_allclose(data.body("hand").xpos, [0.307, 0, 0.59], atol=1e-3)
    np.testing.assert_allclose(data.body("hand").xmat, [1, 0, 0, 0, -1, 0, 0, 0, -1], atol=1e-9)
    np.testing.assert_allclose(data.site("grip").xpos, [0.307, 0, 0.487], atol=1e-3)


def test_franka_has_the_published_masses_and_limits():
    model = load("franka.xml")
    joints = [f"joint{i}" for i in range(1, 8)] + ["finger_joint1", "finger_joint2"]
    links = [f"link{i}" for i in range(8)] + ["hand", "left_finger", "right_finger"]
    assert [model.joint(i).name for i in range(model.njnt)] == joints
    assert [model.body(i).name for i in range(1, model.nbody)] == links
    assert (model.nq, model.nv, model.nu, model.neq) == (9, 9, 9, 1)
    assert model.opt.integrator == mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    assert model.body_mass.sum() == pytest.approx(17.45, abs=0.01)
    np.testing.assert_array_equal(model.actuator_forcerange[:, 1], [87] * 4 + [12] * 3 + [20] * 2)
    np.testing.assert_array_equal(
        model.actuator_gainprm[:, 0], [4500, 4500, 3500, 3500, 2000, 2000, 2000, 100, 100]
    )
    np.testing.assert_allclose(model.actuator_ctrlrange, model.jnt_range)
    np.testing.assert_array_equal(
        model.jnt_range[:7, 1], [2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973]
    )


def test_cartpole_has_one_motor_and_an_upright_pole():
    model = load("cartpole.xml")
    assert (model.nq, model.nv, model.nu) == (2, 2, 1)
    assert [model.joint(i).name for i in range(2)] == ["slider", "hinge"]
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    assert data.body("pole").xipos[2] > data.body("cart").xipos[2] + 0.4
    np.testing.assert_allclose(data.qacc, 0, atol=1e-12)


def test_quadruped_is_symmetric_and_weighs_twelve_kilograms():
    model = load("quadruped.xml")
    assert (model.nq, model.nv, model.nu) == (19, 18, 12)
    assert model.body_mass.sum() == pytest.approx(12.0)
    for part in ("hip", "thigh", "calf"):
        legs = [model.body(f"{leg}_{part}") for leg in LEGS]
        for leg in legs[1:]:
            np.testing.assert_allclose(leg.mass, legs[0].mass)
            np.testing.assert_allclose(np.sort(leg.inertia), np.sort(legs[0].inertia))
    data = mujoco.MjData(model)
    mujoco.mj_resetDataKeyframe(model, data, model.key("home").id)
    mujoco.mj_forward(model, data)
    np.testing.assert_allclose(data.subtree_com[1][1], 0, atol=1e-12)
    feet = np.array([data.site(f"{leg}_foot").xpos for leg in LEGS])
    np.testing.assert_allclose(feet * [[1, 1, 0]], [[1, 1, 0]] * feet[0] * SIGNS, atol=1e-9)
    assert (feet[:, 2] > 0.0).all() and (feet[:, 2] < 0.05).all()


SIGNS = np.array([[1, 1, 1], [1, -1, 1], [-1, 1, 1], [-1, -1, 1]])


def test_files_are_found_where_they_should_be(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_file("franka.xml") == ASSETS / "franka.xml"
    assert find_file("xml/franka_emika_panda/panda.xml") == ASSETS / "franka.xml"
    assert find_file("urdf/plane/plane.urdf") == ASSETS / "urdf" / "plane" / "plane.urdf"
    (tmp_path / "franka.xml").write_text("<mujoco/>")
    assert find_file("franka.xml") == tmp_path / "franka.xml"
    with pytest.raises(FileNotFoundError, match=r"'none.xml' is neither in .*quadruped.xml"):
        find_file("none.xml")
    with pytest.raises(FileNotFoundError, match="neither"):
        find_file(tmp_path / "none.xml")
