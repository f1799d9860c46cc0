"""Actuators that pull a body and what touches it together, beside MuJoCo."""

import mujoco
import numpy as np
import pytest
import torch

import genesis_state as gs

# A ball on the floor, one within the gap of an arm, and an arm that presses on both of them. Its
# elbow's force is limited, and one of the actuators damps.
STICKY = """
<mujoco>
  <option timestep="0.004" integrator="{integrator}" cone="{cone}" tolerance="1e-12"
    iterations="100"/>
  <worldbody>
    <geom type="plane" size="1 1 0.1"/>
    <body name="low" pos="0.1 0 0.098"><freejoint/><geom size="0.1" mass="0.5"/></body>
    <body name="high" pos="0.35 0.02 0.36">
      <freejoint/>
      <geom size="0.1" mass="0.4" margin="0.02" gap="0.01" condim="4"/>
    </body>
    <body name="upper" pos="-0.2 0 0.22">
      <joint axis="0 1 0" damping="0.1"/>
      <geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.03"/>
      <body name="hand" pos="0.3 0 0">
        <joint axis="0 1 0.1" damping="0.1" actuatorfrcrange="-0.5 0.5"/>
        <geom type="capsule" fromto="0 0 0 0.4 0 0" size="0.03" condim="1"/>
        <geom type="sphere" size="0.04" pos="0.1 0 -0.04"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <adhesion body="hand" gain="8" ctrlrange="0 1"/>
    <general body="low" gainprm="3" biastype="affine" biasprm="0.1 0 -4" ctrlrange="0 1"
      dyntype="filter" dynprm="0.1"/>
    <adhesion body="high" gain="2" ctrlrange="0 1" forcerange="0 1"/>
  </actuator>
</mujoco>
"""


@pytest.mark.parametrize(
    ("integrator", "cone"),
    [("Euler", "elliptic"), ("implicitfast", "pyramidal"), ("RK4", "elliptic")],
)
@pytest.mark.parametrize("precision", ["64", "32"])
def test_adhesion_pulls_as_in_mujoco(write, precision, integrator, cone):
    gs.destroy()
    gs.init(precision=precision)
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=0.004))
    path = write(STICKY.format(integrator=integrator, cone=cone))
    robot = scene.add_entity(gs.morphs.MJCF(file=path), name="robot")
    scene.build(n_envs=2)
    mj = mujoco.MjModel.from_xml_path(path)
    mj.opt.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
    velocity = np.random.default_rng(0).normal(size=mj.nv) * 0.1
    controls = np.array([[1.0, 0.8, 2.0], [0.0, 0.0, 0.0]])
    robot.set_dofs_velocity(velocity)
    robot.control_actuators(controls)
    runs = [mujoco.MjData(mj) for _ in controls]
    for data, ctrl in zip(runs, controls, strict=True):
        data.qvel[:], data.ctrl[:] = velocity, ctrl
    moments = set()
    for _ in range(30):
        scene.step()
        for data in runs:
            mujoco.mj_step(mj, data)
        moments.update(np.flatnonzero(runs[0].moment_rownnz).tolist())
    assert moments == {0, 1, 2}
    qpos = robot.get_qpos().double()
    wanted = torch.tensor(np.array([data.qpos for data in runs]))
    assert (qpos - wanted).abs().max() < (1e-7 if precision == "64" else 1e-4)
    assert (wanted[0] - wanted[1]).abs().max() > 1e-3
