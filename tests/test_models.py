"""The models that the package ships, as MuJoCo compiles them."""

from __future__ import annotations

import dataclasses
import math

import mujoco
import numpy as np
import pytest

from genesis_state import materials, morphs, options, surfaces
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


def test_hand_has_sixteen_joints_and_holds_a_cube():
    spec = mujoco.MjSpec.from_file(str(find_file("allegro_hand.xml")))
    hand = spec.compile()
    assert (hand.nq, hand.nv, hand.nu) == (16, 16, 16)
    assert [hand.joint(i).name for i in range(16)] == [
        f"{finger}_joint{i}" for finger in FINGERS for i in range(4)
    ]
    np.testing.assert_allclose(hand.actuator_ctrlrange, hand.jnt_range)
    np.testing.assert_array_equal(hand.actuator_forcerange, [[-0.7, 0.7]] * 16)
    assert hand.body_mass.sum() == pytest.approx(0.955, abs=0.001)
    home = hand.key("home").qpos
    assert (hand.jnt_range[:, 0] < home).all() and (home < hand.jnt_range[:, 1]).all()
    spec.delete(spec.keys[0])  # its size is that of the hand alone
    spec.option.timestep = 1 / 120
    cube = spec.worldbody.add_body(name="cube", pos=(-0.035, 0, 0.06))
    cube.add_freejoint()
    cube.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.0325] * 3, mass=0.08)
    model = spec.compile()
    data = mujoco.MjData(model)
    data.qpos[:16] = data.ctrl[:] = home
    for _ in range(8 * 120):
        mujoco.mj_step(model, data)
    np.testing.assert_allclose(data.qpos[16:19], [-0.035, 0, 0.0334], atol=2e-3)
    assert np.abs(data.qvel).max() < 1e-3
    for finger in FINGERS:
        assert data.site(f"{finger}_tip").xpos[2] > 0.08


FINGERS = ("index", "middle", "ring", "thumb")
SIGNS = np.array([[1, 1, 1], [1, -1, 1], [-1, 1, 1], [-1, -1, 1]])


def test_files_are_found_where_they_should_be(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_file("franka.xml") == ASSETS / "franka.xml"
    assert find_file("xml/franka_emika_panda/panda.xml") == ASSETS / "franka.xml"
    assert find_file("urdf/plane/plane.urdf") == ASSETS / "plane.xml"
    (tmp_path / "franka.xml").write_text("<mujoco/>")
    assert find_file("franka.xml") == tmp_path / "franka.xml"
    with pytest.raises(FileNotFoundError, match=r"'none.xml' is neither in .*quadruped.xml"):
        find_file("none.xml")
    with pytest.raises(FileNotFoundError, match="neither"):
        find_file(tmp_path / "none.xml")


NAN = float("nan")
MISTAKES = {
    "dt zero": (options.SimOptions, {"dt": 0}, "dt=0, needs a positive number of seconds"),
    "dt nan": (options.SimOptions, {"dt": NAN}, "dt=nan"),
    "dt text": (options.SimOptions, {"dt": "fast"}, "dt='fast'"),
    "substeps": (options.SimOptions, {"substeps": 1.5}, "substeps=1.5, needs a positive integer"),
    "gravity": (options.SimOptions, {"gravity": -9.81}, "gravity=-9.81, needs three"),
    "transport": (options.SimOptions, {"state_transport": "mail"}, '"zero_copy" or "kernel"'),
    "integrator": (options.RigidOptions, {"integrator": "magic"}, r"one of gs\.integrator\.Euler"),
    "solver": (options.RigidOptions, {"constraint_solver": 2}, r"one of gs\.constraint_solver"),
    "iterations": (options.RigidOptions, {"iterations": True}, "a positive integer"),
    "tolerance": (options.RigidOptions, {"tolerance": -1e-9}, "that is not negative"),
    "limits": (options.RigidOptions, {"enable_joint_limit": 1}, "True or False"),
    "collision": (options.RigidOptions, {"enable_collision": 0}, "True or False"),
    "self": (options.RigidOptions, {"enable_self_collision": None}, "True or False"),
    "adjacent": (options.RigidOptions, {"enable_adjacent_collision": "no"}, "True or False"),
    "pairs": (options.RigidOptions, {"max_collision_pairs": 0}, "a positive integer"),
    "contacts": (options.RigidOptions, {"max_contacts": 10.0}, "a positive integer"),
    "cone": (options.RigidOptions, {"cone": "round"}, r"one of gs\.cone\.pyramidal, gs\.cone\.ell"),
    "impratio": (options.RigidOptions, {"impratio": 0}, "a positive number"),
    "rho": (materials.Rigid, {"rho": 0.0}, "a positive density"),
    "ice": (materials.Rigid, {"friction": 0.0}, r"a coefficient from 0\.01 to 5"),
    "glue": (materials.Rigid, {"friction": 5.1}, r"friction=5\.1, needs a coefficient"),
    "compensation": (materials.Rigid, {"gravity_compensation": math.inf}, "a finite number"),
    "pos": (morphs.Sphere, {"pos": (0, 0)}, "three finite numbers in metres"),
    "pos nan": (morphs.Sphere, {"pos": (0, 0, NAN)}, "three finite numbers in metres"),
    "quat": (morphs.Sphere, {"quat": (0, 0, 0, 0)}, "not all zero"),
    "two turns": (morphs.Sphere, {"quat": (1, 0, 0, 0), "euler": (0, 0, 0)}, "at most one of"),
    "radius": (morphs.Capsule, {"radius": -1}, "a positive length"),
    "thin": (morphs.Cylinder, {"radius": 0}, "radius=0, needs a positive length"),
    "flat": (morphs.Cylinder, {"height": NAN}, "height=nan, needs a positive length"),
    "bits": (morphs.Sphere, {"contype": -1}, "contype=-1, needs an integer from 0 to 0xFFFFFFFF"),
    "33 bits": (morphs.Sphere, {"conaffinity": 2**32}, "needs an integer from 0 to 0xFFFFFFFF"),
    "no bit": (morphs.Sphere, {"contype": True}, "contype=True, needs an integer"),
    "no size": (morphs.Box, {}, "either size, or both lower and upper"),
    "flat box": (morphs.Box, {"size": (1, 1, 0)}, "three positive lengths"),
    "inside out": (morphs.Box, {"lower": (0, 0, 0), "upper": (1, 1, 0)}, "to lie above lower"),
    "moving plane": (morphs.Plane, {"fixed": False}, "a plane cannot move"),
    "no normal": (morphs.Plane, {"normal": (0, 0, 0)}, "not all zero"),
    "no model": (morphs.MJCF, {"file": "a.urdf"}, r"ends in \.xml"),
    "no mesh": (morphs.Mesh, {"file": "a.zip"}, r"ends in \.obj or \.stl or .* or \.dae"),
    "no path": (morphs.Mesh, {"file": 3}, "file=3, needs a path"),
    "scale": (morphs.Mesh, {"file": "a.obj", "scale": 0}, "scale=0, needs a positive factor, or"),
    "mirror": (morphs.Mesh, {"file": "a.obj", "scale": (1, 1, -1)}, "a positive factor, or three"),
    "scales": (morphs.Mesh, {"file": "a.obj", "scale": (1, 1)}, "a positive factor, or three"),
    "convex": (morphs.Mesh, {"file": "a.obj", "convexify": 1}, "True or False"),
    "decimate": (morphs.Mesh, {"file": "a.obj", "decimate": True}, "never simplified"),
    "up": (morphs.Mesh, {"file": "a.obj", "file_meshes_are_zup": "y"}, "True or False"),
    "scaled": (morphs.URDF, {"file": "a.urdf", "scale": -2.0}, "a positive factor"),
    "merged": (morphs.URDF, {"file": "a.urdf", "merge_fixed_links": True}, "never merged"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_in_a_declaration_is_one_clear_error(case):
    declare, given, message = MISTAKES[case]
    with pytest.raises(ValueError, match=message) as caught:
        declare(**given)
    assert str(caught.value).startswith(declare.__name__)


def test_declarations_are_stored_in_one_form():
    turned = morphs.Sphere(euler=[0, 0, 90], pos=np.ones(3))
    assert turned.pos == (1.0, 1.0, 1.0) and turned.euler is None
    assert isinstance(turned.quat, tuple)
    np.testing.assert_allclose(turned.quat, [0.5**0.5, 0, 0, 0.5**0.5])
    assert turned == morphs.Sphere(quat=turned.quat, pos=(1, 1, 1))
    assert dataclasses.replace(turned, radius=2).quat == turned.quat
    assert morphs.Box(lower=(0, 0, 0), upper=(2, 2, 2)) == morphs.Box(size=(2, 2, 2), pos=(1, 1, 1))
    assert options.RigidOptions(integrator="RK4").integrator is options.integrator.RK4
    assert options.RigidOptions(cone="elliptic").cone is options.cone.elliptic
    assert morphs.Mesh(file="a.obj", scale=2) == morphs.Mesh(file="a.obj", scale=np.full(3, 2.0))
    assert morphs.Mesh(file="a.obj") == morphs.Mesh(
        file="a.obj", convexify=True, file_meshes_are_zup=True
    )
    assert morphs.Mesh(file="a.GLB").file_meshes_are_zup is False
    assert options.RigidOptions(tolerance=np.float64(0.5)).tolerance == 0.5
    assert options.ViewerOptions(camera_fov=30, max_FPS=60).given["camera_fov"] == 30
    assert surfaces.Default(color=(1, 0, 0)).given == {"color": (1, 0, 0)}
    plane = morphs.Plane(plane_size=(5, 5), visualization=False)
    assert plane.visual_only() == ["visualization", "plane_size"]
    assert morphs.Plane().visual_only() == []
    with pytest.raises(TypeError, match="colour"):
        morphs.Sphere(colour="red")  # pyright: ignore[reportCallIssue]  the mistake under test
