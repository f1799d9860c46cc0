"""Option flags of a model, several at once, beside MuJoCo."""

import mujoco
import numpy as np
import pytest
import torch

import genesis_state as gs

# Something for each flag to leave out.
EVERYTHING = """
<mujoco>
  <option timestep="0.004" integrator="{integrator}" cone="elliptic" tolerance="1e-12"
    iterations="100" {option}><flag {flags}/></option>
  <worldbody>
    <geom type="plane" size="1 1 0.1"/>
    <body name="arm" pos="0 0 1" gravcomp="0.3">
      <joint name="a" axis="0 1 0" damping="0.4 0.2" stiffness="3 1" springref="40"
        limited="true" range="-5 5" frictionloss="0.2" actuatorfrcrange="-2 2"/>
      <geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.03" contype="0" conaffinity="0"/>
      <body name="hand" pos="0.3 0 0">
        <joint name="b" axis="1 0 0.2" damping="0.02" actuatorgravcomp="true"/>
        <geom type="capsule" fromto="0 0 0 0.1 0.2 0" size="0.03" contype="0" conaffinity="0"/>
      </body>
    </body>
    <body name="ball" pos="0.5 0 0.098">
      <freejoint/>
      <geom type="sphere" size="0.1" margin="0.01" solref="0.006 1"/>
    </body>
  </worldbody>
  <equality><joint joint1="b" polycoef="0.3 0 0 0 0" solref="0.005 1"/></equality>
  <actuator>
    <position joint="b" kp="20" kv="2" ctrlrange="-0.1 0.1"/>
    <general joint="a" dyntype="integrator" gainprm="3" actrange="-0.2 0.2" actlimited="true"/>
  </actuator>
</mujoco>
"""

FLAGS = {
    "no equality, no limit, free controls": ("Euler", "equality limit clampctrl", ""),
    "no gravity, no dry friction, explicit": ("Euler", "gravity frictionloss eulerdamp", ""),
    "no springs, fast references": ("implicitfast", "spring refsafe", ""),
    "no dampers, no contact": ("implicitfast", "damper contact", ""),
    "no passive forces": ("implicitfast", "spring damper", ""),
    "no constraints": ("RK4", "constraint", ""),
    "no actuators": ("implicitfast", "actuation", ""),
    "other contacts": (
        "Euler",
        "island midphase warmstart nativeccd autoreset sensor",
        'o_margin="0.03" o_solref="0.01 0.8" o_solimp="0.8 0.9 0.02 0.5 2"'
        ' o_friction="0.3 0.3 0 0 0"',
    ),
}
CHANGES_NOTHING = ("island", "midphase", "warmstart", "nativeccd", "autoreset", "sensor")


def text(integrator: str, flags: list[str], option: str) -> str:
    given = [f'{flag}="disable"' for flag in flags]
    if option:
        given += [f'{flag}="enable"' for flag in ("override", "energy", "fwdinv", "invdiscrete")]
    return EVERYTHING.format(integrator=integrator, flags=" ".join(given), option=option)


def start(mj: mujoco.MjModel) -> mujoco.MjData:
    """A state in which everything acts."""
    data = mujoco.MjData(mj)
    data.qpos[:2] = 0.15, -0.4
    data.qvel[:] = [1.0, -2.0, 0.3, 0.2, -0.5, 0.0, 3.0, 0.1]
    data.ctrl[:] = 0.7, 1.5
    data.act[:] = 0.1999
    return data


def after(mj: mujoco.MjModel) -> np.ndarray:
    """MuJoCo's state after some steps from there."""
    mj.opt.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
    data = start(mj)
    mujoco.mj_step(mj, data, 5)
    return np.concatenate([data.qpos, data.qvel, data.act])


@pytest.mark.parametrize("case", FLAGS)
def test_flags_leave_out_what_they_do_in_mujoco(case, write):
    integrator, flags, option = FLAGS[case]
    flags = flags.split()
    gs.destroy()
    gs.init(precision="64")
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=0.004))
    path = write(text(integrator, flags, option))
    robot = scene.add_entity(gs.morphs.MJCF(file=path), name="robot")
    scene.build(n_envs=1)
    wanted = after(mujoco.MjModel.from_xml_path(path))
    for flag in set(flags) - set(CHANGES_NOTHING):
        without = text(integrator, [f for f in flags if f != flag], option)
        other = after(mujoco.MjModel.from_xml_string(without))
        assert np.abs(other - wanted).max() > 1e-4, f"{flag} changes nothing here"
    data = start(scene.rigid_solver.mj_model)
    state = scene.get_state()
    state.rigid.qpos[:], state.rigid.dofs_vel[:] = map(torch.from_numpy, (data.qpos, data.qvel))
    state.rigid.act[:] = torch.from_numpy(data.act)
    scene.reset(state=state)
    robot.control_actuators(data.ctrl)
    for _ in range(5):
        scene.step()
    found = scene.get_state().rigid
    found = np.concatenate(
        [getattr(found, name)[0].numpy() for name in ("qpos", "dofs_vel", "act")]
    )
    np.testing.assert_allclose(found, wanted, atol=1e-10)


LYING = """
<mujoco>
  <option><flag multiccd="{multiccd}"/></option>
  <worldbody>
    <geom type="box" size="0.2 0.2 0.1"/>
    <body pos="0 0 0.149"><freejoint/><geom type="cylinder" size="0.1 0.05"/></body>
  </worldbody>
</mujoco>
"""


@pytest.mark.parametrize(("multiccd", "count"), [("enable", 4), ("disable", 1)])
def test_without_multiccd_convex_shapes_touch_in_one_point(multiccd, count, write):
    gs.destroy()
    gs.init()
    scene = gs.Scene()
    path = write(LYING.format(multiccd=multiccd))
    scene.add_entity(gs.morphs.MJCF(file=path))
    scene.build(n_envs=1)
    scene.rigid_solver.detect_contacts()
    found = int(scene.get_state().rigid.n_contacts[0])
    assert found == 1 if count == 1 else found >= count


def test_a_file_that_asks_for_pgs_gets_newton(write, caplog):
    gs.destroy()
    gs.init()
    scene = gs.Scene()
    scene.add_entity(gs.morphs.MJCF(file=write('<mujoco><option solver="PGS"/></mujoco>')))
    with caplog.at_level("INFO", logger="genesis_state"):
        scene.build(n_envs=1)
    assert scene.rigid_solver.mj_model.opt.solver == mujoco.mjtSolver.mjSOL_NEWTON
    assert "asks for the solver PGS; Newton solves the same" in caplog.text
