"""Mocap bodies, and equalities that are switched, welds that are made on the way, beside MuJoCo."""

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
    runs = [mujoco.MjData(mj) for _ in range(scene.n_envs)]
    worst = 0.0
    for step in range(steps):
        for env, data in enumerate(runs):
            drive(step, env, mj, data)
        scene.step()
        qpos = scene.entities[0].get_qpos().double().numpy()
        for env, data in enumerate(runs):
            mujoco.mj_step(mj, data)
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
