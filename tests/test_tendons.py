"""What tendons do to sensors; their motion is in test_rigid_oracle.py."""

import mujoco
import numpy as np
import pytest
import torch

import genesis_state as gs
from tests.tendon_models import ARM, BRANCHES, TACKLE, fixed, spatial, tied

PULLED = tied(
    fixed('stiffness="8" damping="0.4" armature="0.1"', *ARM, name="sum"),
    spatial('stiffness="9 1 4" damping="0.3" springlength="0.4"', *BRANCHES, name="branches"),
    spatial('armature="0.2" frictionloss="0.5" actuatorfrcrange="-1 3"', *TACKLE, name="tackle"),
    spatial('range="0.2 0.5" margin="0.1"', "hand", "nail"),
    spatial('range="2 3"', "hand", "hook", "corner"),
    rest='<equality><tendon tendon1="tackle" tendon2="branches" polycoef="0.1 0.5 0.1 0 0"/>'
    '<tendon tendon1="sum" polycoef="0.1 0 0 0 0"/></equality>'
    '<actuator><motor tendon="tackle" gear="5"/><motor tendon="tackle" gear="-2"/></actuator>'
    '<sensor><force site="hand"/><torque site="hand"/></sensor>',
)


@pytest.mark.parametrize("integrator", ["implicitfast", "RK4"])
def test_joint_force_leaves_out_what_tendons_pull(integrator, tmp_path, fresh_runtime):
    gs.init(precision="64")
    path = tmp_path / "pulled.xml"
    path.write_text(PULLED)
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=0.002),
        rigid_options=gs.options.RigidOptions(
            integrator=integrator, iterations=100, tolerance=1e-12
        ),
    )
    robot = scene.add_entity(gs.morphs.MJCF(file=path), name="robot")
    sensor = scene.add_sensor(gs.sensors.JointForce(entity_idx=0, site="hand"))
    scene.build(n_envs=1)
    mj = scene.rigid_solver.mj_model
    mj.opt.tolerance = 1e-12
    # MuJoCo 4.0.0 factors a sparse Hessian wrongly (its release notes of 4.0.1).
    mj.opt.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
    data = mujoco.MjData(mj)
    data.qvel[:] = np.random.default_rng(0).normal(size=mj.nv)
    data.ctrl[:] = 1.0, 0.4
    robot.set_dofs_velocity(torch.from_numpy(data.qvel.copy())[None])
    robot.control_actuators(torch.from_numpy(data.ctrl.copy())[None])
    for _ in range(20):
        scene.step()
        mujoco.mj_step(mj, data)
    read = sensor.read()
    found = torch.cat((read.force[0], read.torque[0])).numpy()
    np.testing.assert_allclose(found, data.sensordata, rtol=1e-7, atol=1e-9)
    scene.close()
