"""The rigid entity: what it sets, reads and refuses, against MuJoCo and byte for byte."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mujoco
import numpy as np
import pytest
import torch
from bad_entity_calls import BAD

import genesis_state as gs
from genesis_state.kernels import rigid_actuation
from genesis_state.solvers.rigid import readings

N = 3
# A cart with a servo and a limit, a body on a ball joint, and a pole whose motor is geared and
# holds half of its weight.
ROBOT = """<mujoco><compiler angle="radian"/><worldbody>
  <body name="cart" pos="0 0 1"><joint name="rail" type="slide" axis="1 0 0" range="-2 2"/>
    <geom type="box" size="0.1 0.1 0.1" pos="0.02 0 0" mass="1"/>
    <body name="pendulum" pos="0.1 0 0"><joint name="ball" type="ball" pos="0 0 0.05"/>
      <geom type="capsule" fromto="0 0 0 0.1 0.2 0.3" size="0.03" mass="0.4"/>
      <body name="pole" pos="0.1 0.2 0.3" euler="0.3 0 0.2" gravcomp="0.5">
        <joint name="hinge" axis="0 1 0.5" pos="0.01 0 0" ref="0.3" actuatorgravcomp="true"/>
        <geom type="capsule" fromto="0 0 0 0 0 0.5" size="0.02" mass="0.2"/></body></body></body>
  </worldbody><actuator>
    <position name="servo" joint="rail" kp="50" kv="5" forcerange="-20 20"/>
    <motor name="motor" joint="hinge" gear="3" ctrlrange="-1 1"/>
  </actuator></mujoco>"""


def make_scene(path: Path, n_envs: int, **options: Any) -> SimpleNamespace:
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=0.01, **options))
    box = scene.add_entity(gs.morphs.Box(size=(0.2, 0.4, 0.6), pos=(1, 0, 2)), name="box")
    robot = scene.add_entity(gs.morphs.MJCF(file=path), name="robot")
    wall = scene.add_entity(gs.morphs.Box(size=(1, 1, 1), fixed=True), name="wall")
    scene.build(n_envs=n_envs)
    return SimpleNamespace(scene=scene, box=box, robot=robot, wall=wall)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[SimpleNamespace, SimpleNamespace]:
    """A scene of three environments, and one without their axis on the other transport."""
    path = tmp_path_factory.mktemp("models") / "robot.xml"
    path.write_text(ROBOT)
    return make_scene(path, N), make_scene(path, 0, state_transport="kernel")


@pytest.fixture
def s(built) -> SimpleNamespace:
    built[0].scene.reset(params=True, state=built[0].scene._initial)
    return built[0]


@pytest.fixture
def flat(built) -> SimpleNamespace:
    built[1].scene.reset(params=True, state=built[1].scene._initial)
    return built[1]


def saved(s: SimpleNamespace) -> gs.SimState:
    return s.scene.get_state(params=True)


def shake(s: SimpleNamespace, seed: int = 0) -> None:
    """Random coordinates and velocities everywhere, different in each environment."""
    draw = np.random.default_rng(seed)
    for entity in (s.box, s.robot):
        entity.set_qpos(draw.normal(0, 0.5, (N, entity.n_qs)))
        entity.set_dofs_velocity(draw.normal(0, 1, (N, entity.n_dofs)))


def oracle(s: SimpleNamespace, env: int) -> tuple[mujoco.MjModel, mujoco.MjData]:
    mj = s.scene.rigid_solver.mj_model
    data = mujoco.MjData(mj)
    data.qpos[:] = s.scene.rigid_solver.arena.get("qpos")[env].numpy()
    data.qvel[:] = s.scene.rigid_solver.arena.get("dofs_vel")[env].numpy()
    data.ctrl[:] = s.scene.rigid_solver.arena.get("ctrl")[env].numpy()
    mujoco.mj_forward(mj, data)
    return mj, data


def close(a: Any, b: Any, tolerance: float = 2e-5) -> None:
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=tolerance, rtol=tolerance)


# -------------------------------------------------------------------- names and places


def test_counts_names_and_places(s):
    robot = s.robot
    counts = robot.n_links, robot.n_joints, robot.n_dofs, robot.n_qs, robot.n_actuators
    assert counts == (3, 3, 5, 6, 2)
    assert (robot.link_start, robot.dof_start, robot.q_start, robot.joint_start) == (1, 6, 7, 1)
    assert (robot.link_end, robot.dof_end, robot.q_end, robot.joint_end) == (4, 11, 13, 4)
    assert (robot.actuator_start, robot.actuator_end) == (0, 2)
    assert [link.name for link in robot.links] == ["cart", "pendulum", "pole"]
    assert robot.actuators == ["servo", "motor"]
    assert robot.base_link.name == "cart"
    pole = robot.get_link("pole")
    assert (pole.idx, pole.idx_local, pole.is_fixed) == (3, 2, False)
    assert s.wall.base_link.is_fixed and s.wall.n_dofs == 0
    assert [joint.type for joint in robot.joints] == ["slide", "ball", "hinge"]
    hinge = robot.get_joint("hinge")
    assert (hinge.dof_idx_local, hinge.dofs_idx_local, hinge.qs_idx_local) == (4, [4], [5])
    assert robot.get_joint("ball").dofs_idx_local == [1, 2, 3]
    assert robot.get_mass() == pytest.approx(1.6)
    assert pole.get_mass() == pytest.approx(0.2)
    assert repr(robot) == "RigidEntity('robot', MJCF)"


def test_unknown_names_list_what_there_is(s):
    with pytest.raises(KeyError, match="robot has no link 'leg'; it has cart, pendulum, pole"):
        s.robot.get_link("leg")
    with pytest.raises(KeyError, match="robot has no joint 'knee'; it has rail, ball, hinge"):
        s.robot.get_joint("knee")
    with pytest.raises(ValueError, match="a ball joint has 3 dofs; use dofs_idx_local"):
        _ = s.robot.get_joint("ball").dof_idx_local


def test_limits(s):
    lower, upper = s.robot.get_dofs_limit()
    inf = float("inf")
    assert lower.tolist() == [-2, -inf, -inf, -inf, -inf]
    assert upper.tolist() == [2, inf, inf, inf, inf]
    assert s.robot.get_dofs_limit([0])[1].tolist() == [2]


# -------------------------------------------------------------------- coordinates


@pytest.mark.parametrize(
    "make",
    [list, tuple, np.array, lambda x: torch.tensor(x, dtype=torch.float64), torch.tensor],
    ids=["list", "tuple", "numpy", "float64", "float32"],
)
def test_every_form_of_a_value_is_read(s, make: Callable):
    row = [0.5, 1.0, 0.0, 0.0, 0.0, 0.25]
    s.robot.set_qpos(make(row))
    assert s.robot.get_qpos().tolist() == [row] * N
    rows = [[float(env), 1.0, 0.0, 0.0, 0.0, -1.0] for env in range(2)]
    s.robot.set_qpos(make(rows), envs_idx=[2, 0])
    assert s.robot.get_qpos(envs_idx=[2, 0]).tolist() == rows
    s.robot.set_qpos(make([7, 8]), qs_idx_local=[-1, 0], envs_idx=1)
    assert s.robot.get_qpos(qs_idx_local=[0, 5], envs_idx=1).tolist() == [[8, 7]]


SETTERS: dict[str, Callable[[SimpleNamespace, Any], None]] = {
    "set_qpos": lambda s, e: s.robot.set_qpos([0.1, 0.9, 0.1, 0.2, 0.3, 0.5], envs_idx=e),
    "set_dofs_position": lambda s, e: s.robot.set_dofs_position([0.3] * 5, envs_idx=e),
    "set_dofs_velocity": lambda s, e: s.robot.set_dofs_velocity(0.7, envs_idx=e),
    "zero_all_dofs_velocity": lambda s, e: s.robot.zero_all_dofs_velocity(envs_idx=e),
    "set_pos": lambda s, e: s.box.set_pos([1, 2, 3], envs_idx=e),
    "set_quat": lambda s, e: s.box.set_quat([0, 1, 0, 0], envs_idx=e),
    "control_actuators": lambda s, e: s.robot.control_actuators(0.3, envs_idx=e),
    "control_dofs_position": lambda s, e: s.robot.control_dofs_position(0.3, [0, 4], e),
    "control_dofs_velocity": lambda s, e: s.robot.control_dofs_velocity(0.3, [4, 0], e),
    "control_dofs_force": lambda s, e: s.box.control_dofs_force(0.3, envs_idx=e),
    "apply_links_external_force": lambda s, e: s.robot.apply_links_external_force(
        [1, 2, 3], envs_idx=e
    ),
    "set_dofs_kp": lambda s, e: s.robot.set_dofs_kp(3, envs_idx=e),
    "set_dofs_force_range": lambda s, e: s.robot.set_dofs_force_range(-3, 3, envs_idx=e),
}


@pytest.mark.parametrize("name", SETTERS)
@pytest.mark.parametrize(
    "envs",
    [1, [2, 0], slice(0, 2), torch.tensor([True, False, True]), [], None],
    ids=["int", "list", "slice", "mask", "none", "all"],
)
def test_setters_touch_the_selected_environments_alone(s, name, envs):
    shake(s)
    before = saved(s)
    SETTERS[name](s, envs)
    after = saved(s)
    chosen = np.zeros(N, dtype=bool)
    chosen[slice(None) if envs is None else envs] = True
    changed = np.array([not after[e].equal(before[e]) for e in range(N)])
    assert changed.tolist() == chosen.tolist()
    links = saved(s).rigid.links_pos
    s.scene.rigid_solver.refresh_links()
    assert torch.equal(links, saved(s).rigid.links_pos)


def test_links_follow_coordinates_as_in_mujoco(s):
    shake(s)
    for env in range(N):
        _, data = oracle(s, env)
        close(s.box.get_pos(envs_idx=env)[0], data.xpos[1])
        close(s.robot.get_links_pos(envs_idx=env)[0], data.xpos[2:5])
        close(s.robot.get_links_quat(envs_idx=env)[0], data.xquat[2:5])
        close(s.robot.get_links_pos(envs_idx=env, ref="link_com")[0], data.xipos[2:5])
        close(s.robot.get_link("pole").get_pos(env)[0], data.xpos[4])
        close(s.robot.get_link("pole").get_quat(env)[0], data.xquat[4])


def test_velocities_as_in_mujoco(s):
    shake(s)
    six = np.zeros(6)
    for env in range(N):
        mj, data = oracle(s, env)
        for entity in (s.box, s.robot, s.wall):
            for link in entity.links:
                at = (mujoco.mjtObj.mjOBJ_XBODY, link.idx + 1, six, 0)
                mujoco.mj_objectVelocity(mj, data, *at)
                close(link.get_ang(env)[0], six[:3])
                close(link.get_vel(env)[0], six[3:])
                mujoco.mj_objectVelocity(mj, data, mujoco.mjtObj.mjOBJ_BODY, *at[1:])
                close(entity.get_links_vel(link.idx_local, env, ref="link_com")[0, 0], six[3:])
    close(s.box.get_vel(), s.box.get_dofs_velocity()[:, :3])
    close(s.box.get_ang(), s.box.get_links_ang()[:, 0])


def test_setters_of_coordinates_stop_the_entity_unless_told(s):
    shake(s)
    moving = s.robot.get_dofs_velocity()
    s.robot.set_qpos([0.1], qs_idx_local=[0], zero_velocity=False)
    assert torch.equal(s.robot.get_dofs_velocity(), moving)
    s.robot.set_dofs_position([0.1], [0], envs_idx=1)
    assert s.robot.get_dofs_velocity()[1].tolist() == [0] * 5
    assert torch.equal(s.robot.get_dofs_velocity()[[0, 2]], moving[[0, 2]])
    assert s.box.get_dofs_velocity().abs().min() > 0
    s.box.set_pos([0, 0, 0], zero_velocity=False)
    assert s.box.get_dofs_velocity().abs().min() > 0
    s.box.set_quat([1, 0, 0, 0])
    assert s.box.get_dofs_velocity().abs().max() == 0


def test_skip_forward_leaves_links_until_the_next_setter(s):
    before = s.robot.get_links_pos()
    s.robot.set_qpos([0.5], [0], skip_forward=True)
    assert torch.equal(s.robot.get_links_pos(), before)
    s.box.set_pos([0, 0, 0])
    close(s.robot.get_links_pos()[0, 0], [0.5, 0, 1])


def test_positions_of_dofs_are_angles_for_free_and_ball_joints(s):
    wanted = torch.tensor([1.0, 2.0, 3.0, 0.1, -0.2, 0.3])
    s.box.set_dofs_position(wanted)
    close(s.box.get_dofs_position(), wanted.expand(N, 6))
    quat = gs.geom.xyz_to_quat(wanted[3:])
    close(s.box.get_quat(), quat.expand(N, 4))
    ball = torch.rand(N, 3)
    s.robot.set_dofs_position(ball, [1, 2, 3])
    close(s.robot.get_dofs_position([1, 2, 3]), ball)
    close(s.robot.get_qpos([1, 2, 3, 4]), gs.geom.xyz_to_quat(ball))
    s.robot.set_dofs_position([0.5, 0.25], [3, 0])  # one angle, the others stay
    ball[:, 2] = 0.5
    close(s.robot.get_dofs_position([1, 2, 3]), ball)
    assert s.robot.get_dofs_position([0]).tolist() == [[0.25]] * N
    # The hinge has ref="0.3": its position is its coordinate.
    assert torch.equal(s.robot.get_dofs_position([4]), s.robot.get_qpos([5]))


def test_quaternions_stay_as_they_are_while_other_dofs_are_set(s):
    shake(s)
    quat = s.robot.get_qpos([1, 2, 3, 4])
    s.robot.set_dofs_position([0.5, 0.5], [0, 4])
    assert torch.equal(s.robot.get_qpos([1, 2, 3, 4]), quat)


def test_pos_and_quat_may_be_relative_to_the_model(s):
    s.box.set_pos([1, 1, 1], relative=True)
    close(s.box.get_pos(), [[2, 1, 3]] * N)
    s.box.set_quat([0, 0, 0, 2], envs_idx=[1], relative=True)
    close(s.box.get_quat(envs_idx=1), [[0, 0, 0, 1]])
    close(s.box.get_quat(envs_idx=0), [[1, 0, 0, 0]])


# -------------------------------------------------------------------- control


def memory(s: SimpleNamespace, name: str, noun: str = "dof") -> torch.Tensor:
    start, end = getattr(s.robot, f"{noun}_start"), getattr(s.robot, f"{noun}_end")
    return s.scene.rigid_solver.arena.get(name)[:, start:end]


def test_modes_are_those_of_the_kernels():
    for name in ("NO_CONTROL", "FORCE", "VELOCITY", "POSITION"):
        assert getattr(readings, name) == getattr(rigid_actuation, name)


def test_commands_set_targets_and_modes_of_their_dofs(s):
    s.robot.control_dofs_position_velocity([1, 2], [3, 4], [0, 4])
    assert memory(s, "control_mode").tolist() == [[3, 0, 0, 0, 3]] * N
    assert memory(s, "control_pos").tolist() == [[1, 0, 0, 0, 2]] * N
    assert memory(s, "control_vel").tolist() == [[3, 0, 0, 0, 4]] * N
    s.robot.control_dofs_position([[5], [6]], [4], envs_idx=[2, 1])
    assert memory(s, "control_pos")[:, 4].tolist() == [2, 6, 5]
    assert memory(s, "control_vel")[:, 4].tolist() == [4, 0, 0]
    s.robot.control_dofs_velocity(7, [4], envs_idx=0)
    assert memory(s, "control_mode")[:, 4].tolist() == [2, 3, 3]
    s.robot.control_dofs_force([8, 9, 10], [1, 2, 3])
    assert memory(s, "control_force").tolist() == [[0, 8, 9, 10, 0]] * N
    s.robot.release_dofs([4, 1], envs_idx=[0])
    assert memory(s, "control_mode").tolist() == [[3, 0, 1, 1, 0], [3, 1, 1, 1, 3], [3, 1, 1, 1, 3]]


def test_control_force_is_that_of_mujocos_actuators(s):
    shake(s)
    s.robot.control_actuators([[0.3, 0.5], [9, 9], [-0.1, -2]])
    got = s.robot.get_dofs_control_force()
    for env in range(N):
        _, data = oracle(s, env)
        close(got[env], data.qfrc_actuator[6:])
    assert s.box.get_dofs_control_force().abs().max() == 0


def test_a_dof_under_pd_control_takes_nothing_from_its_actuator(s):
    shake(s)
    s.robot.control_actuators([1, 1])
    by_actuators = s.robot.get_dofs_control_force()
    q, v = s.robot.get_qpos([5])[:, 0], s.robot.get_dofs_velocity([4])[:, 0]
    s.robot.set_dofs_kp([10], [4])
    s.robot.set_dofs_kv([2], [4])
    s.robot.control_dofs_position([0.5], [4])
    close(s.robot.get_dofs_control_force([4])[:, 0], 10 * (0.5 - q) - 2 * v)
    s.robot.set_dofs_force_range(-0.01, 0.01, [4])
    assert s.robot.get_dofs_control_force([4]).abs().max() == pytest.approx(0.01)
    s.robot.release_dofs([4])
    assert torch.equal(s.robot.get_dofs_control_force(), by_actuators)


def test_gains_start_with_those_of_the_servos(s):
    assert s.robot.get_dofs_kp([0, 4]).tolist() == [[50, 100]] * N
    assert s.robot.get_dofs_kv([0, 4]).tolist() == [[5, 10]] * N
    lower, upper = s.robot.get_dofs_force_range([0, 4])
    assert (lower.tolist(), upper.tolist()) == ([[-20, -torch.inf]] * N, [[20, torch.inf]] * N)


def test_gains_are_set_per_environment(s):
    s.robot.set_dofs_kp([[1], [2], [3]], [0])
    s.robot.set_dofs_kv([4], [0], envs_idx=-1)
    assert s.robot.get_dofs_kv([0])[:, 0].tolist()[2] == 4
    s.robot.set_dofs_force_range(-20, 20, [0])
    s.robot.set_dofs_force_range([-1, -torch.inf], [5, torch.inf], [0, 4], envs_idx=1)
    assert s.robot.get_dofs_kp([0]).tolist() == [[1], [2], [3]]
    lower, upper = s.robot.get_dofs_force_range([0, 4], envs_idx=[1, 2])
    assert lower.tolist() == [[-1, -torch.inf], [-20, -torch.inf]]
    assert upper.tolist() == [[5, torch.inf], [20, torch.inf]]


# -------------------------------------------------------------------- external forces


def test_external_forces_add_up_and_act_once(s):
    s.box.set_quat([0.6, 0, 0.8, 0])
    before = s.box.get_dofs_velocity()
    mass = s.box.get_mass()
    s.box.apply_links_external_force([mass, 0, 0], ref="link_com")
    s.box.apply_links_external_force([[[0, mass, 0]], [[0, 0, 0]], [[0, mass, 0]]])
    s.scene.step()
    gained = s.box.get_dofs_velocity() - before
    close(gained[:, :2] / 0.01, [[1, 1], [1, 0], [1, 1]], 1e-4)
    s.scene.step()
    again = s.box.get_dofs_velocity() - before
    close(again[:, :2], gained[:, :2])


def test_external_wrenches_are_about_the_centre_of_mass_in_world_axes(s):
    shake(s)
    force, torque = np.array([1.0, 2.0, 3.0]), np.array([-1.0, 0.5, 2.0])
    s.robot.apply_links_external_force(force, [2, 0], ref="link_origin", local=True)
    s.robot.apply_links_external_torque(torque, [2], envs_idx=[1], ref="link_com", local=True)
    got = memory(s, "links_applied_force", "link")
    assert got[:, 1].abs().max() == 0
    for env in range(N):
        _, data = oracle(s, env)
        for link in (0, 2):
            world = data.xmat[link + 2].reshape(3, 3) @ force
            turn = np.cross(data.xpos[link + 2] - data.xipos[link + 2], world)
            if (env, link) == (1, 2):
                turn += data.ximat[link + 2].reshape(3, 3) @ torque
            close(got[env, link], np.concatenate([turn, world]), 1e-4)


# -------------------------------------------------------------------- readings


NEEDS_A_NAME = ("get_link", "get_joint", "get_geom", "get_site", "get_jacobian")


def readings_of(entity: Any) -> dict[str, Any]:
    """What every getter says, by name."""
    said = {}
    for name in dir(entity):
        if name.startswith("get_") and name not in NEEDS_A_NAME:
            value = getattr(entity, name)()
            said[name] = tuple(value.values()) if isinstance(value, dict) else value
    said["get_jacobian"] = entity.get_jacobian(entity.links[-1])
    return said


def same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple):
        return all(same(x, y) for x, y in zip(a, b, strict=True))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def test_getters_say_after_a_restore_what_they_said_at_the_snapshot(s):
    shake(s)
    s.robot.control_dofs_position([0.2, 0.3], [0, 4])
    for _ in range(3):
        s.scene.step()
    state = s.scene.get_state()
    said = [readings_of(entity) for entity in (s.box, s.robot)]
    for _ in range(3):
        s.scene.step()
    s.scene.reset(state)
    s.scene.rigid_solver.arena.poison_scratch()
    for entity, before in zip((s.box, s.robot), said, strict=True):
        after = readings_of(entity)
        assert len(after) > 15
        assert [name for name in before if not same(before[name], after[name])] == []


def test_getters_give_copies_and_change_nothing(s):
    shake(s)
    before = saved(s)
    for entity in (s.box, s.robot):
        for value in readings_of(entity).values():
            for tensor in value if isinstance(value, tuple) else (value,):
                if isinstance(tensor, torch.Tensor):
                    tensor.fill_(77)
    assert saved(s).equal(before)


def test_getters_take_the_selected_columns_and_environments(s):
    shake(s)
    mask = torch.tensor([True, False, True])
    for name in ("get_qpos", "get_dofs_position", "get_links_vel", "get_dofs_control_force"):
        everything = getattr(s.robot, name)()
        for idx, at in (([2, 0], [2, 0]), (-1, [-1]), (range(1, 3), [1, 2])):
            assert torch.equal(getattr(s.robot, name)(idx, mask), everything[[0, 2]][:, at])


# -------------------------------------------------------------------- without environments


def test_without_environments_there_is_no_axis_for_them(flat):
    row = [0.5, 1.0, 0.0, 0.0, 0.0, 0.25]
    flat.robot.set_qpos(row)
    assert flat.robot.get_qpos().tolist() == row
    flat.robot.set_qpos([row])
    flat.box.set_pos([1, 2, 3])
    assert flat.box.get_pos().tolist() == [1, 2, 3]
    flat.robot.control_dofs_position([0.5, 0.5], [0, 4])
    flat.robot.control_actuators([0.5, 0.5])
    flat.robot.apply_links_external_force([1, 2, 3])
    flat.robot.set_dofs_kp(3)
    shapes = {k: v.shape for k, v in readings_of(flat.robot).items() if hasattr(v, "shape")}
    assert shapes["get_qpos"] == (6,)
    assert shapes["get_dofs_control_force"] == (5,)
    assert shapes["get_links_vel"] == (3, 3)
    assert shapes["get_vel"] == (3,)
    assert shapes["get_jacobian"] == (6, 5)
    assert flat.robot.get_link("pole").get_quat().shape == (4,)


def test_both_transports_give_the_same_bytes(s, flat):
    for scene in (s, flat):
        scene.robot.set_dofs_position([0.3, 0.1, 0.2, 0.3, -0.4])
        scene.box.set_quat([0.6, 0.8, 0, 0])
        scene.robot.set_dofs_velocity([1, 2, 3, 4, 5])
        scene.robot.control_dofs_position(0.1, [0, 4])
        scene.robot.apply_links_external_force([1, 2, 3], [1])
    assert s.scene.get_state()[:1].equal(flat.scene.get_state())
    assert torch.equal(s.robot.get_links_vel()[0], flat.robot.get_links_vel())


# -------------------------------------------------------------------- refusals


@pytest.mark.parametrize(("kind", "message", "call"), BAD, ids=[message for _, message, _ in BAD])
def test_bad_input_is_refused_with_nothing_changed(s, kind, message, call):
    shake(s)
    before = saved(s)
    with pytest.raises(kind) as caught:
        call(s)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert saved(s).equal(before)


def test_an_entity_answers_between_build_and_close_alone():
    scene = gs.Scene()
    box = scene.add_entity(gs.morphs.Box(size=(1, 1, 1)), name="box")
    calls = (lambda: box.n_dofs, lambda: box.get_qpos(), lambda: box.set_pos([0, 0, 0]))
    for call in calls:
        with pytest.raises(RuntimeError, match="the scene is not built; call build"):
            call()
    assert box.name == "box" and box.idx == 0
    scene.build()
    link = box.base_link
    link.get_pos()
    scene.close()
    for call in (*calls, link.get_pos, box.get_vel):
        with pytest.raises(RuntimeError, match="the scene is closed; build a new one"):
            call()
