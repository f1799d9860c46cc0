"""Model files of another size and at another place."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
import trimesh

import genesis_state as gs
from genesis_state import morphs
from tests.compiled import build

# All that has a length, and what has none.
ROBOT = """
<mujoco>
  <asset><mesh name="wedge" vertex="0 0 0 1 0 0 0 1 0 0 0 1"/></asset>
  <worldbody>
    <geom name="table" type="box" size="1 1 0.1" pos="0 0 0.5"/>
    <body name="base" pos="0 0 1">
      <freejoint/>
      <geom type="box" size="0.1 0.2 0.3" margin="0.01" gap="0.002"/>
      <geom type="mesh" mesh="wedge" pos="0 0 1"/>
      <body name="arm" pos="0 0.3 0">
        <inertial mass="2" pos="0.1 0 0" diaginertia="1 2 2.5"/>
        <joint name="arm" pos="0 0.1 0" range="-60 60" damping="0.5" stiffness="3" armature="0.2"
          frictionloss="0.1" actuatorfrcrange="-5 5" springref="10"/>
        <geom type="capsule" fromto="0 0 0 0.2 0 0" size="0.05"/>
        <site name="tip" pos="0.2 0 0"/>
      </body>
      <body name="lift" pos="0.3 0 0">
        <joint name="lift" type="slide" range="-1 1" ref="0.1" springref="0.2" stiffness="7"/>
        <geom size="0.1" mass="3"/>
        <site name="hook" pos="0.1 0 0"/>
      </body>
    </body>
  </worldbody>
  <tendon>
    <spatial name="rope" springlength="0.5" width="0.01">
      <site site="tip"/><site site="hook"/>
    </spatial>
    <fixed name="rise"><joint joint="lift" coef="2"/></fixed>
  </tendon>
  <equality>
    <connect name="pin" body1="arm" body2="lift" anchor="0.1 0.2 0.3"/>
    <joint name="geared" joint1="lift" joint2="arm" polycoef="0.1 0.2 0.3 0 0"/>
  </equality>
  <actuator><motor joint="arm" gear="2" forcerange="-3 3"/></actuator>
  <keyframe><key name="up" qpos="0 0 2 1 0 0 0 0.3 0.4"/></keyframe>
</mujoco>
"""
SCALE = 2.0
# By what each array grows, for all of its numbers.
GROWS = {
    "body_mass": 3,
    "body_inertia": 5,
    **dict.fromkeys(
        ("body_pos", "body_ipos", "jnt_pos", "geom_size", "geom_pos", "geom_margin", "geom_gap"), 1
    ),
    **dict.fromkeys(("site_pos", "tendon_lengthspring", "tendon_length0"), 1),
    **dict.fromkeys(("body_quat", "geom_quat", "dof_damping", "dof_armature"), 0),
    **dict.fromkeys(("dof_frictionloss", "jnt_stiffness", "jnt_actfrcrange"), 0),
    **dict.fromkeys(("actuator_gear", "actuator_forcerange", "actuator_gainprm"), 0),
}


def test_lengths_masses_and_inertias_grow_and_forces_do_not(write):
    file = write(ROBOT)
    one, two = (build(morphs.MJCF(file=file, scale=scale)).mj for scale in (1.0, SCALE))
    for name, power in GROWS.items():
        want = getattr(one, name) * SCALE**power
        np.testing.assert_allclose(getattr(two, name), want, rtol=1e-6, atol=1e-9, err_msg=name)
    lift = one.joint("e0/lift").id
    for name in ("jnt_range", "qpos0", "qpos_spring"):
        grown = getattr(one, name).copy()
        at = lift if name == "jnt_range" else one.jnt_qposadr[lift]
        grown[at] *= SCALE
        grown[:3] *= SCALE if name != "jnt_range" else 1
        np.testing.assert_allclose(getattr(two, name), grown, rtol=1e-6, err_msg=name)
    np.testing.assert_allclose(two.key_qpos, one.key_qpos * ([2] * 3 + [1] * 4 + [1, 2]))
    np.testing.assert_allclose(two.eq_data[0, :6], one.eq_data[0, :6] * 2)
    # lift = 0.1 + 0.2 arm + 0.3 arm^2, in metres.
    np.testing.assert_allclose(two.eq_data[1, :3], [0.2, 0.4, 0.6])
    span = [np.ptp(mj.mesh_vert, axis=0) for mj in (one, two)]
    np.testing.assert_allclose(span[1], span[0] * 2, rtol=1e-6)


def test_a_urdf_grows_with_its_meshes_and_what_it_mimics(write, tmp_path):
    trimesh.creation.box((1, 2, 3)).export(tmp_path / "box.stl")
    mass = '<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1"/></inertial>'
    shape = '<collision><geometry><mesh filename="box.stl"/></geometry></collision>'
    ends = '<parent link="a"/><child link="{}"/>'
    file = write(
        f"""<robot name="r"><link name="a">{mass}{shape}</link><link name="b">{mass}</link>
        <link name="c">{mass}</link>
        <joint name="j" type="prismatic">{ends.format("b")}<limit lower="-1" upper="1"/></joint>
        <joint name="k" type="continuous">{ends.format("c")}
        <mimic joint="j" multiplier="2"/></joint></robot>""",
        "robot.urdf",
    )
    mj = build(morphs.URDF(file=file, scale=0.5)).mj
    np.testing.assert_allclose(np.ptp(mj.mesh_vert, axis=0), (0.5, 1, 1.5), rtol=1e-6)
    np.testing.assert_allclose(mj.body_mass[1:], 0.125)
    np.testing.assert_allclose(mj.body_inertia[1:], 1 / 32)
    np.testing.assert_allclose(mj.jnt_range[1], (-0.5, 0.5))
    # Twice as many radians to the metre.
    np.testing.assert_allclose(mj.eq_data[0, :2], (0, 4))


def test_a_file_is_placed_as_a_whole(write):
    mj = build(morphs.MJCF(file=write(ROBOT), scale=2, pos=(1, 2, 3), euler=(0, 0, 90))).mj
    data = mujoco.MjData(mj)
    mujoco.mj_kinematics(mj, data)
    np.testing.assert_allclose(mj.qpos0[:7], [1, 2, 5, *[2**-0.5, 0, 0, 2**-0.5]], atol=1e-12)
    np.testing.assert_allclose(data.geom("e0/table").xpos, (1, 2, 4))
    np.testing.assert_allclose(data.body("e0/arm").xpos, (1 - 0.6, 2, 5), atol=1e-12)


PENDULUM = """
<mujoco>
  <option integrator="RK4"/>
  <worldbody>
    <body pos="0 0 1">
      <joint name="hinge" axis="0 1 0"/>
      <geom type="capsule" fromto="0 0 0 0 0 -0.5" size="0.02" contype="0" conaffinity="0"/>
    </body>
  </worldbody>
</mujoco>
"""


def test_a_pendulum_of_four_times_the_size_swings_half_as_fast(write):
    gs.init(precision="64")
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=0.002))
    file = write(PENDULUM)
    one, four = (scene.add_entity(gs.morphs.MJCF(file=file, scale=scale)) for scale in (1.0, 4.0))
    scene.build(n_envs=1)
    assert four.get_mass() == pytest.approx(64 * one.get_mass())
    for pendulum in (one, four):
        pendulum.set_dofs_position([0.5])
    angles = []
    for _ in range(600):
        angles.append([pendulum.get_dofs_position().item() for pendulum in (one, four)])
        scene.step()
    small, large = np.array(angles).T
    assert small.min() < -0.4
    np.testing.assert_allclose(large[::2], small[:300], atol=1e-6)


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf"), (1, 2, 1), "2"])
def test_a_scale_is_one_positive_number(write, scale):
    with pytest.raises((ValueError, TypeError), match="MJCF: scale"):
        morphs.MJCF(file=write(PENDULUM), scale=scale)


def test_what_cannot_be_scaled_is_refused_by_name(write):
    skin = """<mujoco><extension><plugin plugin="mujoco.elasticity.cable"/></extension>
    <worldbody><body name="cable"><geom size="1"/>
    <plugin plugin="mujoco.elasticity.cable"/></body></worldbody></mujoco>"""
    with pytest.raises(ValueError, match="plugin") as caught:
        build(morphs.MJCF(file=write(skin), scale=2))
    assert "e0" in str(caught.value)
