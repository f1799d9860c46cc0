"""Friction that does not creep: the noslip solver, beside MuJoCo's."""

from importlib.util import find_spec
from pathlib import Path

import mujoco
import numpy as np
import pytest

import genesis_state as gs
from tests import compiled, oracle

# Things that stick, slide, spin and roll on a floor without friction of its own, one of them
# without any, one on another's back; joints and a tendon with dry friction, some of which hold.
SLOPE = """
<mujoco>
  <option timestep="0.004" {option}/>
  <default><geom condim="3" friction="0.8 0.02 0.005"/></default>
  <worldbody>
    <geom type="plane" size="1 1 0.1" condim="1" friction="0 0 0"/>
    <body name="sticks" pos="0 0 0.099">
      <freejoint/>
      <geom type="box" size="0.2 0.15 0.1" mass="1"/>
    </body>
    <body name="on top" pos="0.03 0.02 0.248">
      <freejoint/>
      <geom type="sphere" size="0.05" mass="0.4" condim="{top}"/>
    </body>
    <body name="slides" pos="0 1 0.099">
      <freejoint/>
      <geom type="box" size="0.2 0.15 0.1" mass="1" friction="0.1 0.005 0.0001"/>
    </body>
    <body name="lies" pos="1 0 0.0995">
      <freejoint/>
      <geom type="capsule" size="0.1 0.2" euler="0 90 0" mass="0.7" condim="{lies}"/>
    </body>
    <body name="rolls" pos="1 1 0.0995">
      <freejoint/>
      <geom type="sphere" size="0.1" mass="0.5" condim="{rolls}"/>
    </body>
    <body name="glides" pos="2 1 0.0995">
      <freejoint/>
      <geom type="sphere" size="0.1" mass="0.5" condim="1"/>
    </body>
    <body name="upper" pos="-1 0 1">
      <joint name="a" axis="0 1 0" frictionloss="20"/>
      <geom type="capsule" fromto="0 0 0 0.3 0 0" size="0.03" mass="1"/>
      <body name="lower" pos="0.3 0 0">
        <joint name="b" axis="0 1 0" frictionloss="0.3" limited="true" range="-2 0.1"/>
        <geom type="capsule" fromto="0 0 0 0.3 0 0.1" size="0.03" mass="0.5"/>
        <body name="tip" pos="0.3 0 0.1">
          <joint name="c" axis="0 1 0"/>
          <geom type="sphere" size="0.04" pos="0.1 0 0" mass="0.3"/>
        </body>
      </body>
    </body>
  </worldbody>
  <tendon>
    <fixed frictionloss="0.2"><joint joint="b" coef="1"/><joint joint="c" coef="-0.7"/></fixed>
  </tendon>
  <equality><joint joint1="c" polycoef="0.1 0 0 0 0"/></equality>
</mujoco>
"""
GRAVITY = (2.0, 0.7, -9.81)


def reference(mj: mujoco.MjModel) -> mujoco.MjData:
    """MuJoCo's data where things begin to move; it is to stop sweeps for all things together."""
    mj.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_ISLAND
    mj.opt.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
    mj.opt.tolerance = 1e-20
    data = mujoco.MjData(mj)
    data.qvel[:] = 0.1 * np.random.default_rng(0).normal(size=mj.nv)
    return data


def build(path: str, precision: str, **options) -> tuple[gs.Scene, mujoco.MjModel]:
    gs.destroy()
    gs.init(precision=precision)
    exact = precision == "64"
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=0.004, gravity=GRAVITY),
        rigid_options=gs.options.RigidOptions(
            iterations=2000, tolerance=1e-20 if exact else 1e-8, **options
        ),
    )
    scene.add_entity(gs.morphs.MJCF(file=path), name="robot")
    scene.build(n_envs=2)
    return scene, scene.rigid_solver.mj_model


def contact_forces(mj: mujoco.MjModel, data: mujoco.MjData) -> np.ndarray:
    """Force on the second geom of each contact, in the world."""
    found = np.zeros((data.ncon, 6))
    for i, row in enumerate(found):
        mujoco.mj_contactForce(mj, data, i, row)
        row[:3] = data.contact.frame[i].reshape(3, 3).T @ row[:3]
    return found[:, :3]


# Cone, solver, integrator, sweeps and the gain that ends them, condims, error in 64 and 32 bits.
# How far conjugate gradients come within their iterations is what both sides begin with.
CASES = {
    "few sweeps": ("pyramidal", "Newton", "Euler", (3, 0.0), (6, 4, 3), (1e-9, 1e-2)),
    "to the end": ("pyramidal", "CG", "implicitfast", (100, 1e-6), (3, 6, 4), (1e-5, 0.1)),
    "cones, few sweeps": ("elliptic", "Newton", "implicitfast", (3, 0.0), (6, 4, 3), (1e-7, 1e-2)),
    "cones, to the end": ("elliptic", "Newton", "RK4", (100, 1e-6), (4, 6, 3), (1e-7, 1e-2)),
    "flat cones": ("elliptic", "Newton", "Euler", (5, 1e-6), (3, 3, 3), (1e-7, 1e-2)),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("precision", ["64", "32"])
def test_friction_holds_as_in_mujoco(write, precision, case):
    cone, solver, integrator, (iterations, tolerance), (top, lies, rolls), limits = CASES[case]
    given = f'cone="{cone}" noslip_iterations="{iterations}" noslip_tolerance="{tolerance}"'
    path = write(SLOPE.format(option=given, top=top, lies=lies, rolls=rolls))
    scene, mj = build(path, precision, constraint_solver=solver, integrator=integrator)
    data = reference(mj)
    scene.entities[0].set_dofs_velocity(data.qvel)
    limit = limits[0] if precision == "64" else limits[1]
    for _ in range(25):
        before = mujoco.MjData(mj)
        before.qpos[:], before.qvel[:] = data.qpos, data.qvel
        scene.step()
        mujoco.mj_step(mj, data)
        # Where it does nothing there is nothing to compare.
        mj.opt.noslip_iterations = 0
        mujoco.mj_step(mj, before)
        mj.opt.noslip_iterations = iterations
        assert oracle.error(before.qacc, data.qacc) > 1e-3
        read = scene.rigid_solver.arena.get
        wanted = {"dofs_acc": data.qacc, "dofs_vel": data.qvel}
        if integrator != "RK4":  # MuJoCo keeps these of the first stage
            wanted["dofs_force"] = data.qfrc_smooth + data.qfrc_constraint
            wanted["contact_force"] = contact_forces(mj, data)
        for name, theirs in wanted.items():
            ours = read(name)[0].double().numpy()[: len(theirs)]
            assert oracle.error(ours, theirs) < limit, name


def test_noslip_follows_the_files_and_the_user_first(write):
    once = gs.morphs.MJCF(
        file=write(SLOPE.format(option='noslip_iterations="7"', top=3, lies=3, rolls=3))
    )
    assert compiled.build(once).mj.opt.noslip_iterations == 7
    rigid = gs.options.RigidOptions(noslip_iterations=0, noslip_tolerance=0.1)
    opt = compiled.build(once, rigid=rigid).mj.opt
    assert (opt.noslip_iterations, opt.noslip_tolerance) == (0, 0.1)
    with pytest.raises(ValueError, match="RigidOptions: noslip_iterations=-1"):
        gs.options.RigidOptions(noslip_iterations=-1)
    with pytest.raises(ValueError, match="RigidOptions: noslip_tolerance=-1"):
        gs.options.RigidOptions(noslip_tolerance=-1)


ADROIT = "gymnasium_robotics/envs/assets/adroit_hand/adroit_{}.xml"
ROBOTS = (
    *(ADROIT.format(task) for task in ("door", "hammer", "pen", "relocate")),
    "dm_control/suite/dog.xml",
)


@pytest.mark.parametrize("robot", ROBOTS)
def test_robots_that_ask_for_noslip_are_taken(robot):
    wheel, _, path = robot.partition("/")
    found = find_spec(wheel)
    if found is None or found.origin is None:
        pytest.skip(f"{wheel} is not installed")
    morph = gs.morphs.MJCF(file=Path(found.origin).parent / path)
    assert compiled.build(morph).mj.opt.noslip_iterations > 0
