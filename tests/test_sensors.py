"""Sensors against MuJoCo's in 64 bits, after a restore, and declarations that are refused."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import mujoco
import numpy as np
import pytest
import torch

import genesis_state as gs
from genesis_state.testing.getters import public_getters, readings_differences

SITES = ("chip", "wrist", "cargo", "swing", "top")
_SENSORS = "".join(
    f'<{kind} name="{kind} {site}" site="{site}"/>'
    for kind in ("accelerometer", "gyro", "force", "torque")
    for site in SITES
)
# A body that lies and rolls on the ground, carries a load welded to its hand and is tied to a
# swing; and a mast that nothing moves.
MODEL = f"""<mujoco><compiler eulerseq="XYZ"/>
  <default><geom contype="0" conaffinity="0"/></default>
  <worldbody>
  <body name="torso" pos="0 0 0.058"><freejoint/>
    <geom type="capsule" size="0.06" fromto="-0.15 0 0 0.15 0 0" condim="6" contype="1"
      conaffinity="1" friction="0.8 0.02 0.01"/>
    <site name="chip" pos="0.1 0.02 0.03" euler="20 40 -30"/>
    <body name="arm" pos="0.1 0 0.05">
      <joint name="elbow" axis="0 1 0" damping="0.1" stiffness="2"/>
      <geom type="capsule" size="0.02" fromto="0 0 0 0 0 0.3"/>
      <body name="hand" pos="0 0 0.3"><joint type="ball" damping="0.05"/>
        <geom type="sphere" size="0.05"/><site name="wrist" pos="0 0.01 0" euler="0 0 50"/>
      </body></body></body>
  <body name="load" pos="0.2 0 0.408"><freejoint/><geom type="box" size="0.03 0.03 0.05"/>
    <site name="cargo" pos="0 0 0.05" euler="90 0 0"/></body>
  <body name="rod" pos="-0.3 0 0.5"><joint name="rod" axis="0 1 0"/>
    <geom type="capsule" size="0.02" fromto="0 0 0 0.1 0 -0.35"/>
    <site name="swing" pos="0.05 0 -0.2"/></body>
  <body name="mast" pos="1 0 0"><geom type="box" size="0.1 0.1 0.5"/>
    <site name="top" pos="0 0 0.5" euler="0 30 0"/></body>
  </worldbody>
  <equality>
    <connect body1="rod" body2="torso" anchor="0.1 0 -0.4"/>
    <joint joint1="elbow" joint2="rod" polycoef="0 0.3 0 0 0"/>
    <weld body1="hand" body2="load" torquescale="0.7"/>
  </equality>
  <actuator><motor name="elbow" joint="elbow"/></actuator>
  <sensor>{_SENSORS}</sensor></mujoco>"""


@pytest.fixture(scope="module", autouse=True)
def in_64_bits(fresh_runtime):
    gs.destroy()
    gs.init(precision="64")


@pytest.fixture(
    scope="module",
    params=[("implicitfast", "elliptic", 1), ("RK4", "pyramidal", 2)],
    ids=lambda param: param[0],
)
def s(request, in_64_bits, tmp_path_factory) -> SimpleNamespace:
    """Two environments in contact, with MuJoCo's data after the same step."""
    integrator, cone, substeps = request.param
    path = tmp_path_factory.mktemp("models") / "model.xml"
    path.write_text(MODEL)
    options = gs.options.RigidOptions(
        integrator=integrator,
        cone=cone,
        constraint_solver="Newton",
        iterations=200,
        tolerance=1e-13,
    )
    dt = 0.002 * substeps
    sim = gs.options.SimOptions(dt=dt, substeps=substeps)
    scene = gs.Scene(sim_options=sim, rigid_options=options)
    scene.add_entity(gs.morphs.Plane(), name="ground")
    robot = scene.add_entity(gs.morphs.MJCF(file=path), name="robot")
    sensors = {}
    for site in SITES:
        given: dict[str, Any] = {"entity_idx": robot.idx, "site": site}
        sensors[site] = (
            scene.add_sensor(gs.sensors.IMU(**given)),
            scene.add_sensor(gs.sensors.JointForce(**given)),
        )
    given = {"entity_idx": 1, "pos_offset": (0.1, 0.02, 0.03), "euler_offset": (20, 40, -30)}
    on_torso = scene.add_sensor(gs.sensors.IMU(**given))
    touch = scene.add_sensor(gs.sensors.Contact(entity_idx=1))
    push = scene.add_sensor(gs.sensors.ContactForce(entity_idx=1, euler_offset=(0, 0, 90)))
    scene.build(n_envs=2)

    robot.set_dofs_velocity([[0.3, 0.5, 0, 3, 0.5, 1], [-0.5, 0, 0, -4, 0, -2]], range(6))
    robot.control_actuators([[1.0], [-1.5]])
    for _ in range(10):
        scene.step()
    before = scene.get_state()
    force = [1.0, -2.0, 3.0]
    robot.apply_links_external_force(force, ref="link_com", links_idx_local=[2])
    scene.step()

    mj = scene.rigid_solver.mj_model
    data = []
    for env in range(2):
        theirs = mujoco.MjData(mj)
        theirs.qpos[:] = before.rigid.qpos[env]
        theirs.qvel[:] = before.rigid.dofs_vel[env]
        theirs.ctrl[:] = before.rigid.ctrl[env]
        theirs.qacc_warmstart[:] = before.rigid.dofs_acc[env]
        theirs.xfrc_applied[mj.body("robot/hand").id, :3] = force
        for _ in range(substeps):
            mujoco.mj_step(mj, theirs)
        assert any(contact.efc_address >= 0 for contact in theirs.contact)
        data.append(theirs)
    return SimpleNamespace(
        scene=scene, robot=robot, sensors=sensors, on_torso=on_torso, touch=touch, push=push,
        data=data,
    )  # fmt: skip


def theirs(s: SimpleNamespace, kind: str, site: str) -> np.ndarray:
    name = f"robot/{kind} {site}"
    return np.array([data.sensor(name).data for data in s.data])


def test_readings_are_mujocos(s):
    for site, (imu, joint_force) in s.sensors.items():
        acc, ang = imu.read()
        force, torque = joint_force.read()
        for kind, ours in (
            ("accelerometer", acc),
            ("gyro", ang),
            ("force", force),
            ("torque", torque),
        ):
            wanted = theirs(s, kind, site)
            scale = max(1.0, np.abs(wanted).max())
            np.testing.assert_allclose(ours, wanted, atol=1e-6 * scale, rtol=0, err_msg=site)
    assert s.sensors["top"][1].read().force.norm(dim=1).min() > 100  # its weight


def test_a_frame_may_be_given_by_an_offset(s):
    for a, b in zip(s.on_torso.read(), s.sensors["chip"][0].read(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_environments_can_be_chosen(s):
    assert torch.equal(s.on_torso.read(envs_idx=[1]).ang_vel, s.on_torso.read().ang_vel[1:])


def test_contact_sensors(s):
    assert s.touch.read().tolist() == [[True], [True]]
    world = s.robot.get_links_net_contact_force()[:, 0]
    local = gs.geom.inv_transform_by_quat(world, s.robot.get_quat())
    turned = torch.stack([local[:, 1], -local[:, 0], local[:, 2]], dim=1)
    torch.testing.assert_close(s.push.read(), turned, rtol=1e-12, atol=1e-12)


def test_readings_are_part_of_the_state(s):
    before, state = public_getters(s.scene), s.scene.get_state()
    assert {"sensors[0].read[0]", "sensors[1].read[1]", "robot.get_links_acc"} <= set(before)
    s.scene.step()
    assert readings_differences(before, public_getters(s.scene))
    s.scene.reset(state=state)
    s.scene.rigid_solver.arena.poison_scratch()
    assert not readings_differences(before, public_getters(s.scene))


def test_accelerations_of_links_are_the_rates_of_their_velocities(s):
    acc, ang = s.robot.get_links_acc(), s.robot.get_links_acc_ang()
    state, h = s.scene.get_state(), 1e-6
    rate = s.robot.get_links_vel(), s.robot.get_links_ang()
    qpos = state.rigid.qpos.numpy().copy()
    mj = s.scene.rigid_solver.mj_model
    for row, vel, change in zip(qpos, state.rigid.dofs_vel, state.rigid.dofs_acc, strict=True):
        mujoco.mj_integratePos(mj, row, (vel + 0.5 * h * change).numpy(), h)
    s.robot.set_qpos(qpos, zero_velocity=False)
    s.robot.set_dofs_velocity(state.rigid.dofs_vel + h * state.rigid.dofs_acc)
    later = s.robot.get_links_vel(), s.robot.get_links_ang()
    for found, a, b in zip((acc, ang), rate, later, strict=True):
        torch.testing.assert_close(found, (b - a) / h, rtol=1e-3, atol=1e-3)
    s.scene.reset(state=state)


def test_without_environments_there_is_no_axis_for_them(in_64_bits):
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=0.002))
    ground = scene.add_entity(gs.morphs.Plane())
    ball = scene.add_entity(gs.morphs.Sphere(radius=0.1, pos=(0, 0, 0.1)))
    imu = scene.add_sensor(gs.sensors.IMU(entity_idx=1))
    touch = scene.add_sensor(gs.sensors.Contact(entity_idx=1))
    push = scene.add_sensor(gs.sensors.ContactForce(entity_idx=1, min_force=1, max_force=30))
    scene.build(n_envs=0)
    assert not touch.read() and not ball.touches() and not imu.read().lin_acc.any()
    for _ in range(500):
        scene.step()
    weight = 9.81 * ball.get_mass()
    assert imu.read().lin_acc.tolist() == pytest.approx([0, 0, 9.81], abs=1e-6)
    assert touch.read().tolist() == [True] and ball.touches(ground).item() is True
    assert ball.get_links_net_contact_force().tolist() == [pytest.approx([0, 0, weight], abs=1e-4)]
    assert push.read().tolist() == [0, 0, 30] and weight > 30
    contacts = ball.get_contacts()
    assert "valid_mask" not in contacts
    assert (contacts["geom_a"].tolist(), contacts["link_b"].tolist()) == ([0], [1])
    assert contacts["position"].shape == contacts["force_a"].shape == (1, 3)
    assert contacts["normal"].tolist() == [[0, 0, -1]]


SENSORS = gs.sensors
BAD: list[tuple[type[Exception], str, Callable[[gs.Scene], Any]]] = [
    (
        IndexError,
        "entity_idx is 1, out of range for the 1 entities added so far",
        lambda scene: scene.add_sensor(SENSORS.IMU(entity_idx=1)),
    ),
    (
        TypeError,
        "add_sensor: it is a Box, needs one of gs.sensors",
        lambda scene: scene.add_sensor(gs.morphs.Box(size=(1, 1, 1))),  # pyright: ignore
    ),
    (ValueError, "IMU: entity_idx=-1, needs the place", lambda _: SENSORS.IMU(entity_idx=-1)),
    (TypeError, "acc_noise", lambda _: SENSORS.IMU(**{"entity_idx": 0, "acc_noise": 0.1})),
    (
        ValueError,
        "JointForce: pos_offset=(0, 1), needs three finite numbers",
        lambda _: SENSORS.JointForce(entity_idx=0, pos_offset=(0, 1)),
    ),
    (
        ValueError,
        "needs no link_idx_local beside it",
        lambda _: SENSORS.IMU(entity_idx=0, link_idx_local=1, site="chip"),
    ),
    (
        ValueError,
        "ContactForce: min_force=(2.0, 2.0, 2.0), needs less than max_force=(1.0, 1.0, 3.0)",
        lambda _: SENSORS.ContactForce(entity_idx=0, min_force=2, max_force=(1, 1, 3)),
    ),
    (
        RuntimeError,
        "the scene is not built; call build() first",
        lambda scene: scene.add_sensor(SENSORS.IMU(entity_idx=0)).read(),
    ),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case[1])
def test_bad_declarations_are_refused(case, in_64_bits):
    kind, message, call = case
    scene = gs.Scene()
    scene.add_entity(gs.morphs.Sphere(radius=0.1), name="ball")
    with pytest.raises(kind) as caught:
        call(scene)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"link_idx_local": 1}, IndexError, "link_idx_local is 1, out of range for the 1 links"),
        ({"site": "chip"}, KeyError, "sensor 0, IMU: ball has no site 'chip'; it has none."),
    ],
)
def test_a_link_that_is_not_there_is_refused_by_build(given, kind, message, in_64_bits):
    scene = gs.Scene()
    scene.add_entity(gs.morphs.Sphere(radius=0.1), name="ball")
    scene.add_sensor(gs.sensors.IMU(entity_idx=0, **given))
    with pytest.raises(kind) as caught:
        scene.build()
    assert message in str(caught.value)


def test_a_sensor_comes_before_build(s):
    with pytest.raises(RuntimeError, match="add_sensor: the scene is built; add sensors before"):
        s.scene.add_sensor(gs.sensors.IMU(entity_idx=0))


def test_states_agree_on_where_sensors_sit(in_64_bits):
    def signature(*declared: gs.sensors.RigidSensor) -> tuple:
        scene = gs.Scene()
        scene.add_entity(gs.morphs.Sphere(radius=0.1), name="ball")
        for sensor in declared:
            scene.add_sensor(sensor)
        scene.build()
        return scene.rigid_solver.signature()

    assert not any("sensor" in key for key, _ in signature(gs.sensors.Contact(entity_idx=0)))
    a, b = (signature(gs.sensors.IMU(entity_idx=0, pos_offset=(0, 0, z))) for z in (0, 0.1))
    assert a[:-1] == b[:-1] and a[-1] == (
        "sensor imu 0",
        "on ball/sphere_baselink at 0, 0, 0, 1, 0, 0, 0",
    )
    assert a != b
