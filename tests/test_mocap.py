"""Mocap bodies, and equalities that are switched, welds that are made on the way, beside MuJoCo."""

import copy
import re
from collections.abc import Callable

import mujoco
import numpy as np
import pytest
import torch

import genesis_state as gs

# A mocap body drags an arm by a weld, and pushes a ball and a slide that only it can touch.
DRAGGED = """
<mujoco>
  <option timestep="0.004" integrator="{integrator}" solver="Newton" cone="elliptic"
    tolerance="1e-12" iterations="100" jacobian="dense"/>
  <default><geom contype="0" conaffinity="0"/></default>
  <worldbody>
    <body name="target" mocap="true" pos="0.5 0.1 0.6" euler="0 20 0">
      <geom type="box" size="0.05 0.06 0.07" contype="1"/>
    </body>
    <body name="upper" pos="0 0 0.5">
      <joint name="a" type="ball" damping="0.1"/>
      <geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.03"/>
      <body name="lower" pos="0.3 0 0">
        <joint name="b" axis="0 1 0" damping="0.1"/>
        <geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.03"/>
      </body>
    </body>
    <body name="ball" pos="0.5 0.1 0.75">
      <freejoint/>
      <geom type="sphere" size="0.08" conaffinity="1" mass="0.3"/>
    </body>
    <body name="puck" pos="0.5 0.25 0.6">
      <joint name="puck" type="slide" axis="0 1 0"/>
      <geom type="capsule" size="0.05 0.05" conaffinity="1" mass="0.5"/>
    </body>
    <body name="stand" mocap="true" pos="0 0 -1"/>
  </worldbody>
  <equality>
    <weld name="hold" body1="target" body2="lower" relpose="-0.3 0 0 1 0.1 0 0" solref="0.03 1"/>
    <connect name="tie" body1="ball" body2="puck" anchor="0 0.1 -0.1" active="false"/>
    <weld name="spare" body1="ball" body2="lower" active="false"/>
    <joint name="gear" joint1="b" polycoef="0.2 0 0 0 0" active="false"/>
  </equality>
</mujoco>
"""

TOLERANCE = {"64": 1e-9, "32": 2e-3}


@pytest.fixture(params=["64", "32"])
def precision(request):
    gs.destroy()
    gs.init(precision=request.param)
    yield request.param
    gs.destroy()


def build(path: str, n_envs: int = 2, **options) -> gs.Scene:
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=0.004),
        rigid_options=gs.options.RigidOptions(**options),
    )
    scene.add_entity(gs.morphs.MJCF(file=path), name="robot")
    scene.build(n_envs=n_envs)
    return scene


def follow(
    scene: gs.Scene, steps: int, drive: Callable[[int, int, mujoco.MjModel, mujoco.MjData], None]
) -> float:
    """Largest difference of positions from MuJoCo's, each environment beside a run of its own.

    Args:
        steps: How many.
        drive: Called with the step, the environment, MuJoCo's model and data before each step.
    """
    mj = scene.rigid_solver.mj_model
    mj.opt.tolerance, mj.opt.iterations = 1e-12, 100
    mj.opt.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
    models = [copy.copy(mj) for _ in range(scene.n_envs)]
    runs = [mujoco.MjData(model) for model in models]
    worst = 0.0
    for step in range(steps):
        for env, (model, data) in enumerate(zip(models, runs, strict=True)):
            drive(step, env, model, data)
        scene.step()
        qpos = scene.entities[0].get_qpos().double().numpy()
        for env, (model, data) in enumerate(zip(models, runs, strict=True)):
            mujoco.mj_step(model, data)
            worst = max(worst, float(np.abs(qpos[env] - data.qpos).max()))
    return worst


@pytest.mark.parametrize("integrator", ["Euler", "implicitfast", "RK4"])
def test_a_mocap_body_drags_and_pushes_as_in_mujoco(write, precision, integrator):
    scene = build(write(DRAGGED.format(integrator=integrator)))
    robot = scene.entities[0]

    def drive(step, env, mj, data):
        if step % 5:
            return
        t = 0.004 * step
        pos = data.mocap_pos.copy()
        pos[0] += [0.003 * np.cos(5 * t + env), 0.006, 0.002 * np.sin(9 * t)]
        quat = np.array([[1.0, 0.3 * np.sin(7 * t), 0.2 * env, 0.1], [2.0, 0.0, 0.0, 0.0]])
        data.mocap_pos[:], data.mocap_quat[:] = pos, quat
        robot.set_mocap_pos(pos, envs_idx=env)
        robot.set_mocap_quat(quat, envs_idx=env)

    assert follow(scene, 60, drive) < TOLERANCE[precision]
    assert (scene.get_state().rigid.n_contacts > 0).all()


def test_equalities_are_switched_in_each_environment_as_in_mujoco(write, precision):
    scene = build(write(DRAGGED.format(integrator="implicitfast")), n_envs=3)
    solver = scene.rigid_solver
    assert solver.get_equalities_active().tolist() == [[True, False, False, False]] * 3

    def drive(step, env, mj, data):
        if step == 5 and env > 0:
            data.eq_active[1] = True
            solver.set_equalities_active(True, "robot/tie", envs_idx=env)
        if step == 10 and env == 1:
            data.eq_active[[0, 3]] = [False, True]
            solver.set_equalities_active([False, True], ["robot/hold", "robot/gear"], envs_idx=1)

    assert follow(scene, 40, drive) < TOLERANCE[precision]
    assert solver.get_equalities_active(1).tolist() == [[False, True, False, True]]
    scene.reset()
    assert solver.get_equalities_active().sum().item() == 3


def test_welds_are_made_and_undone_in_each_environment_as_in_mujoco(write, precision):
    path = write(DRAGGED.format(integrator="implicitfast"))
    scene = build(path, n_envs=3, max_dynamic_constraints=2)
    solver, robot = scene.rigid_solver, scene.entities[0]
    ball, lower, puck = (robot.get_link(name).idx for name in ("ball", "lower", "puck"))

    def drive(step, env, mj, data):
        if step == env:
            # MuJoCo's weld has its second anchor first, then the first, then the orientation.
            data.eq_active[2] = True
            mujoco.mj_kinematics(mj, data)
            a, b = data.body("robot/ball"), data.body("robot/lower")
            back, turn = np.zeros(4), np.zeros(4)
            mujoco.mju_negQuat(back, b.xquat)
            mujoco.mju_rotVecQuat(mj.eq_data[2, :3], a.xpos - b.xpos, back)
            mujoco.mju_negQuat(back, a.xquat)
            mujoco.mju_mulQuat(turn, back, b.xquat)
            mj.eq_data[2, 3:] = [0, 0, 0, *turn, 1, *mj.eq_data[2, 11:]]
            solver.add_weld_constraint(ball, lower, envs_idx=env)
        if step == 20 and env == 2:
            data.eq_active[2] = False
            solver.delete_weld_constraint(lower, ball, envs_idx=2)

    assert follow(scene, 35, drive) < TOLERANCE[precision]
    solver.add_weld_constraint(puck, lower, envs_idx=[1, 2])
    welds = solver.get_weld_constraints()
    assert welds["link_a"].tolist() == [[ball, -1], [ball, puck], [puck, -1]]
    assert welds["link_b"].tolist() == [[lower, -1], [lower, lower], [lower, -1]]
    with pytest.raises(ValueError, match=r"are welded already in environments \[0, 1\]"):
        solver.add_weld_constraint(lower, ball)
    with pytest.raises(ValueError, match=r"no room, all 2 welds are made in environments \[1\]"):
        solver.add_weld_constraint(puck, ball)
    scene.reset()
    assert solver.get_weld_constraints()["link_a"].shape == (3, 0)


BAD_CALLS = {
    "needs the number of a link among the scene's, 0 to 6": (
        lambda s: s.rigid_solver.add_weld_constraint(0, 7)
    ),
    "link1_idx is 'ball'": lambda s: s.rigid_solver.delete_weld_constraint("ball", 1),
    "both links are 2, needs two": lambda s: s.rigid_solver.add_weld_constraint(2, 2),
    "there is no equality 'tie'; the scene has 'robot/hold', ": (
        lambda s: s.rigid_solver.set_equalities_active(True, "tie")
    ),
    "there is no equality 4": lambda s: s.rigid_solver.set_equalities_active(True, 4),
    "active is of int64 and shape (2,), needs bools of shape (), (4,) or (2, 4)": (
        lambda s: s.rigid_solver.set_equalities_active([0, 1])
    ),
    "shape (3, 3), needs (2, 3) or (2, 2, 3)": (
        lambda s: s.entities[0].set_mocap_pos(np.zeros((3, 3)))
    ),
    "is nan at": lambda s: s.entities[0].set_mocap_pos(np.full(3, np.nan)),
    "a quaternion of length 0": lambda s: s.entities[0].set_mocap_quat(np.zeros((2, 4))),
    "ball.set_mocap_pos: it has no mocap body": lambda s: s.entities[1].set_mocap_pos([0, 0, 0]),
}


def test_wrong_calls_are_refused_in_a_sentence(write):
    gs.init()
    scene = gs.Scene(rigid_options=gs.options.RigidOptions(max_dynamic_constraints=1))
    path = write(DRAGGED.format(integrator="Euler"))
    scene.add_entity(gs.morphs.MJCF(file=path), name="robot")
    scene.add_entity(gs.morphs.Sphere(), name="ball")
    scene.build(n_envs=2)
    before = scene.get_state()
    for message, call in BAD_CALLS.items():
        with pytest.raises(ValueError, match=re.escape(message)):
            call(scene)
    assert torch.equal(scene.get_state().checksum(), before.checksum())
    scene.entities[0].set_mocap_quat([0, 0, 3, 4], envs_idx=1)
    assert scene.entities[0].get_mocap_quat()[1, 0].tolist() == pytest.approx([0, 0, 0.6, 0.8])
    assert scene.entities[0].links[0].get_quat()[1].tolist() == pytest.approx([0, 0, 0.6, 0.8])


def test_welds_without_room_are_refused(write):
    gs.init()
    scene = build(write(DRAGGED.format(integrator="Euler")))
    with pytest.raises(RuntimeError, match=r"RigidOptions\(max_dynamic_constraints=…\)"):
        scene.rigid_solver.add_weld_constraint(0, 1)
