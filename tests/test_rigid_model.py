"""From entities to one compiled model: placement, names, options and refusals."""

from __future__ import annotations

import re
import struct
from importlib.resources import files
from pathlib import Path

import mujoco
import numpy as np
import pytest

from genesis_state import morphs
from genesis_state.materials import Rigid
from genesis_state.options import RigidOptions, SimOptions
from genesis_state.solvers.rigid.entity_spec import EntitySpec
from genesis_state.solvers.rigid.model import RigidModel, compile_model
from genesis_state.solvers.rigid.signature import DYNAMICS
from tests.compiled import build, differing

GYMNASIUM = Path(str(files("gymnasium") / "envs" / "mujoco" / "assets"))

ARM = """
<robot name="arm">
  <link name="base"><inertial><mass value="2"/>
    <inertia ixx=".1" iyy=".1" izz=".1" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <link name="upper"><inertial><mass value="1"/>
    <inertia ixx=".1" iyy=".1" izz=".1" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <link name="tool"/>
  <joint name="elbow" type="revolute"><parent link="base"/><child link="upper"/>
    <origin xyz="0 0 .3"/><axis xyz="0 1 0"/><limit lower="-1" upper="1" effort="9" velocity="1"/>
  </joint>
  <joint name="mount" type="fixed"><parent link="upper"/><child link="tool"/>
    <origin xyz="0 0 .2"/></joint>
</robot>
"""


@pytest.fixture
def scene(write) -> RigidModel:
    arm = write(ARM, "arm.urdf")
    return build(
        morphs.MJCF(file="franka.xml", pos=(1, 0, 0.5)),
        morphs.MJCF(file="franka.xml", pos=(-1, 2, 0), euler=(0, 0, 90)),
        morphs.URDF(file=arm, pos=(0, 0, 3)),
        morphs.Box(size=(0.2, 0.4, 0.6), pos=(0, -2, 1), euler=(90, 0, 0)),
        morphs.URDF(file="urdf/plane/plane.urdf", fixed=True),
    )


def test_entities_lie_one_after_the_other_with_stable_names(scene):
    left, right, arm, box, plane = scene.entities
    assert left.links[0] == "link0" and left.links == right.links
    assert left.joints == tuple(scene.mj.joint(i).name[3:] for i in range(9))
    assert (arm.links, arm.joints) == (("base", "upper", "tool"), ("root_joint", "elbow"))
    assert (box.links, box.joints) == (("box_baselink",), ("box_baselink_joint",))
    assert (plane.links, plane.joints) == (("ground",), ())
    sizes = {"link": 27, "joint": 21, "dof": 31, "q": 33, "actuator": 18}
    for family, total in sizes.items():
        ranges = [part.at(family) for part in scene.entities]
        assert [r.start for r in ranges] == [0, *(r.stop for r in ranges[:-1])]
        assert ranges[-1].stop == total
    assert (scene.mj.nbody - 1, scene.mj.njnt, scene.mj.nv, scene.mj.nq, scene.mj.nu) == (
        *sizes.values(),
    )
    for part in scene.entities:
        for i, link in enumerate(part.links):
            assert scene.mj.body(f"{part.name}/{link}").id == part.link_start + i + 1
        bodies = scene.mj.geom_bodyid[part.at("geom")] - 1
        assert ((bodies >= part.link_start) & (bodies < part.link_end)).all()


def test_entities_stand_where_their_morphs_put_them(scene):
    data = mujoco.MjData(scene.mj)
    mujoco.mj_forward(scene.mj, data)
    half = 0.5**0.5
    np.testing.assert_allclose(data.body("e0/link0").xpos, [1, 0, 0.5])
    np.testing.assert_allclose(data.body("e0/link1").xpos, [1, 0, 0.833])
    np.testing.assert_allclose(data.body("e1/link1").xpos, [-1, 2, 0.333])
    np.testing.assert_allclose(data.body("e1/link0").xquat, [half, 0, 0, half])
    np.testing.assert_allclose(data.body("e2/tool").xpos, [0, 0, 3.5])
    box = scene.entities[3]
    np.testing.assert_allclose(scene.mj.qpos0[box.at("q")], [0, -2, 1, half, half, 0, 0])
    np.testing.assert_allclose(data.body("e3/box_baselink").xpos, [0, -2, 1])
    # The Franka turned by a quarter reaches along y where the other reaches along x.
    reach = data.body("e0/hand").xpos - data.body("e0/link0").xpos
    turned = data.body("e1/hand").xpos - data.body("e1/link0").xpos
    np.testing.assert_allclose(turned, [-reach[1], reach[0], reach[2]], atol=1e-12)


def test_a_free_mjcf_starts_moved_as_a_whole():
    model = build(morphs.MJCF(file="quadruped.xml", pos=(1, 2, 3), euler=(0, 0, 180)))
    np.testing.assert_allclose(model.mj.qpos0[:7], [1, 2, 3.45, 0, 0, 0, 1], atol=1e-12)


def test_primitives_have_their_size_and_mass():
    model = build(
        morphs.Box(lower=(0, 0, 0), upper=(1, 2, 3)),
        (morphs.Sphere(radius=0.1), Rigid(rho=200, gravity_compensation=1)),
        morphs.Capsule(radius=0.1, height=1, fixed=True),
        morphs.Plane(normal=(0, 1, 0), pos=(0, 0, -1)),
        morphs.Sphere(collision=False),
    ).mj
    np.testing.assert_allclose(model.body_mass[1], 6000)
    np.testing.assert_allclose(model.qpos0[:3], [0.5, 1, 1.5])
    np.testing.assert_allclose(model.body_mass[2], 200 * 4 / 3 * np.pi * 0.001)
    np.testing.assert_array_equal(model.body_gravcomp, [0, 0, 1, 0, 0, 0])
    np.testing.assert_allclose(model.geom_size[2], [0.1, 0.5, 0])
    assert (model.njnt, model.geom_type[3]) == (3, mujoco.mjtGeom.mjGEOM_PLANE)
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    np.testing.assert_allclose(data.geom_xmat[3].reshape(3, 3)[:, 2], [0, 1, 0], atol=1e-12)
    assert model.geom_contype.tolist() == [0xFFFF] * 4 + [0]


def test_materials_and_morphs_change_what_a_file_leaves_open(write):
    file = write(
        """<mujoco><worldbody><body gravcomp="0.5"><joint armature="3"/><joint axis="1 0 0"/>
        <geom size="0.1"/><geom size="0.1" mass="5"/></body></worldbody></mujoco>"""
    )
    plain = build(morphs.MJCF(file=file)).mj
    assert (plain.dof_armature.tolist(), plain.body_gravcomp[1]) == ([3, 0], 0.5)
    changed = build(
        (morphs.MJCF(file=file, default_armature=0.1), Rigid(rho=2000, gravity_compensation=1))
    ).mj
    assert (changed.dof_armature.tolist(), changed.body_gravcomp[1]) == ([3, 0.1], 1)
    np.testing.assert_allclose(changed.body_mass[1] - 5, 2 * (plain.body_mass[1] - 5))


def test_urdf_base_is_free_unless_it_is_fixed(write):
    arm = write(ARM, "arm.urdf")
    assert build(morphs.URDF(file=arm)).mj.jnt_type.tolist() == [0, 3]
    fixed = build(morphs.URDF(file=arm, fixed=True, links_to_keep=("tool",)))
    assert fixed.mj.jnt_type.tolist() == [3]
    assert fixed.entities[0].links == ("base", "upper", "tool")
    assert fixed.mj.body_mass[1] == 2
    with pytest.raises(ValueError, match=r"has no links \['nose'\] to keep"):
        build(morphs.URDF(file=arm, links_to_keep=("nose",)))


REFUSED = {"swimmer.xml": "density"}


@pytest.mark.parametrize("name", sorted(p.name for p in GYMNASIUM.glob("*.xml")))
def test_gymnasium_models_are_taken_as_they_are_or_refused(name):
    morph = morphs.MJCF(file=GYMNASIUM / name)
    if name in REFUSED:
        with pytest.raises(ValueError, match=REFUSED[name]):
            build(morph)
        return
    model = build(morph, rigid=RigidOptions(constraint_solver="Newton")).mj
    alone = mujoco.MjModel.from_xml_path(str(GYMNASIUM / name))
    names = [n for names in DYNAMICS.values() for n in names.split()]
    for array in [*names, "body_subtreemass", "body_invweight0", "dof_invweight0"]:
        want = getattr(alone, array)
        np.testing.assert_allclose(getattr(model, array), want, rtol=1e-12, atol=1e-14)
    assert (model.opt.integrator, model.opt.solver) == (alone.opt.integrator, 2)
    np.testing.assert_allclose(model.stat.meaninertia, alone.stat.meaninertia)


def test_time_step_and_gravity_are_the_scene_s():
    sim = SimOptions(dt=0.02, substeps=4, gravity=(0, 1, -2))
    mj = build(morphs.MJCF(file=GYMNASIUM / "hopper.xml"), sim=sim).mj
    assert mj.opt.timestep == 0.005 and mj.opt.gravity.tolist() == [0, 1, -2]
    with pytest.raises(ValueError, match=r"dt=0\.01, SimOptions has dt=0\.02"):
        build(morphs.Sphere(), sim=sim, rigid=RigidOptions(dt=0.01))


def test_options_follow_the_files_where_they_agree_and_the_user_first():
    franka, hopper = morphs.MJCF(file="franka.xml"), morphs.MJCF(file=GYMNASIUM / "hopper.xml")
    assert build(franka, morphs.Sphere()).mj.opt.integrator == 3
    assert build(morphs.Sphere()).mj.opt.integrator == 0
    with pytest.raises(
        ValueError, match=r"'e0' has implicitfast, 'e2' has rk4; set RigidOptions\("
    ):
        build(franka, morphs.Sphere(), hopper)
    rigid = RigidOptions(integrator="Euler", iterations=7, tolerance=0, ls_tolerance=0.5)
    opt = build(franka, hopper, rigid=rigid).mj.opt
    assert (opt.integrator, opt.iterations, opt.tolerance) == (0, 7, 0)
    assert (opt.ls_iterations, opt.ls_tolerance) == (50, 0.5)


def test_joint_limits_can_be_switched_off():
    franka = morphs.MJCF(file="franka.xml")
    assert build(franka).mj.jnt_limited.all()
    assert not build(franka, rigid=RigidOptions(enable_joint_limit=False)).mj.jnt_limited.any()


def test_signature_tells_models_apart():
    franka = morphs.MJCF(file="franka.xml")
    model = build(franka, morphs.Box(size=(1, 1, 1)))
    assert model.signature == build(franka, morphs.Box(size=(1, 1, 1))).signature
    assert all(isinstance(text, str) for pair in model.signature for text in pair)
    heavier = build((franka, Rigid(gravity_compensation=1)), morphs.Box(size=(1, 1, 1)))
    assert differing(model, heavier) == ["entity e0 dynamics"]
    slower = build(franka, morphs.Box(size=(1, 1, 1)), sim=SimOptions(substeps=2))
    assert differing(model, slower) == ["rigid step"]
    fixed = differing(model, build(franka, morphs.Box(size=(1, 1, 1), fixed=True)))
    assert {"entity e1 joints", "entity e1 size"} <= set(fixed)


SIGNED = """<mujoco><option actuatorgroupdisable="{group}" {option}><flag {flag}/></option>
<worldbody><body name="m" mocap="{mocap}"/><body name="b"><joint name="j"/><geom size="0.1"/>
<site name="s" pos="{site} 0 0"/></body><body><freejoint/><geom size="0.1"/><site name="t"/></body>
</worldbody><equality><weld site1="s" site2="t"/></equality><actuator><motor joint="j" group="1"
armature="{armature}"/><motor site="s" gear="1 0 0 0 0 0"/></actuator></mujoco>"""
PLAIN = {"group": 2, "option": "", "flag": "", "mocap": "true", "site": 1, "armature": 0}
DIFFERENT = {
    "group": (1, ["entity e0 dynamics"]),
    "option": ('o_margin="1"', []),
    "flag": ('spring="disable"', ["rigid solver"]),
    "mocap": ("false", ["entity e0 dynamics"]),
    "site": (2, ["entity e0 dynamics", "equalities"]),
    "armature": (1, ["entity e0 dynamics"]),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_signature_has_what_changes_the_motion(write, what):
    value, keys = DIFFERENT[what]
    plain = build(morphs.MJCF(file=write(SIGNED.format(**PLAIN))))
    other = build(morphs.MJCF(file=write(SIGNED.format(**(PLAIN | {what: value})))))
    assert differing(plain, other) == keys


TWO_JOINTS = """<body>
<joint name="j"/><geom name="ball" size="0.1"/><site name="near" pos="0 0 0.2"/><body>
<joint name="k" axis="1 0 0"/><geom size="0.1"/><site name="far" pos="0 0 -0.2"/></body></body>"""
BALL = '<body><joint name="b" type="ball"/><geom size="0.1"/></body>'
FREE = '<body><freejoint name="f"/><geom size="0.1"/></body>'
TENDON = '<tendon><fixed name="t" {}><joint joint="j" coef="1"/></fixed></tendon>'

WRAPPED = """<tendon><spatial name="t" {}>
<site site="near"/><geom geom="ball"/><site site="far"/></spatial></tendon>"""


def mjcf(body: str = TWO_JOINTS, rest: str = "", option: str = "") -> str:
    return f"<mujoco><option {option}/><worldbody>{body}</worldbody>{rest}</mujoco>"


def actuated(actuator: str, body: str = TWO_JOINTS) -> str:
    return mjcf(body, f"<actuator>{actuator}</actuator>")


def flagged(flag: str) -> str:
    return f"<mujoco><option><flag {flag}/></option><worldbody>{TWO_JOINTS}</worldbody></mujoco>"


TIE = '<site site="near"/>{}<site site="far"/>'
SPATIAL = f'<tendon><spatial name="t" {{}}>{TIE}</spatial></tendon>'
TENDONS = {
    "stiffness": SPATIAL.format('stiffness="1"', ""),
    "polynomial stiffness": SPATIAL.format('stiffness="1 2"', ""),
    "rest length": SPATIAL.format('stiffness="1" springlength="0.1"', ""),
    "damping": SPATIAL.format('damping="1"', ""),
    "armature": SPATIAL.format('armature="1"', ""),
    "dry friction": SPATIAL.format('frictionloss="1"', ""),
    "limit": SPATIAL.format('range="0 1"', ""),
    "another limit": SPATIAL.format('range="0 2"', ""),
    "margin": SPATIAL.format('range="0 1" margin="0.1"', ""),
    "path": SPATIAL.format('stiffness="1"', '<site site="far"/><site site="near"/>'),
    "pulley": SPATIAL.format(
        'stiffness="1"', '<site site="far"/><pulley divisor="2"/><site site="near"/>'
    ),
    "sum": TENDON.format('stiffness="1"'),
    "another joint": TENDON.format('stiffness="1"').replace('"j"', '"k"'),
    "coefficient": TENDON.format('stiffness="1"').replace('coef="1"', 'coef="2"'),
}


def test_signature_tells_tendons_apart(write):
    """Only those that do something."""
    bare = build(morphs.MJCF(file=write(mjcf())))
    inert = build(morphs.MJCF(file=write(mjcf(rest=SPATIAL.format("", "")))))
    assert bare.signature == inert.signature
    found = {
        name: build(morphs.MJCF(file=write(mjcf(rest=text)))) for name, text in TENDONS.items()
    }
    assert all(differing(bare, model) == ["entity e0 dynamics"] for model in found.values())
    assert len({model.signature for model in found.values()}) == len(TENDONS)


SITE = '<site name="s"/>'
UNSUPPORTED = {
    "implicit": (mjcf(option='integrator="implicit"'), "integrator 'implicit'"),
    "air": (mjcf(option='density="1.2"'), "option density: forces of a fluid"),
    "syrup": (mjcf(option='viscosity="1"'), "option viscosity: forces of a fluid"),
    "sleep": (flagged('sleep="enable"'), "flag 'sleep': enabling"),
    "wrapped tendon": (
        mjcf(rest=WRAPPED.format('stiffness="3"')),
        "'e0/t': wrapping around a sphere",
    ),
    "wrapped and driven": (
        mjcf(rest=WRAPPED.format("") + '<actuator><motor tendon="t"/></actuator>'),
        r"'e0/t': wrapping around a sphere .*\(geom 'e0/ball'\)",
    ),
    "plastic tendon": (
        mjcf(rest=TENDON.format('stiffness="3" springyield="1"')),
        "'e0/t': a plastic",
    ),
    "muscle": (
        actuated('<muscle name="m" joint="j" lengthrange="0 1"/>', TWO_JOINTS),
        "'e0/m': dynamics 'muscle'.*gain 'muscle'.*bias 'muscle'",
    ),
    "user": (actuated('<general joint="j" gaintype="user"/>'), r"0 \(unnamed\): gain 'user'"),
    "several": (
        actuated('<general joint="j" gaintype="user"/>' * 5),
        r"actuator 0 \(unnamed\), actuator 1 .* actuator 2 \(unnamed\) and 2 more: gain 'user'",
    ),
    "flex": (
        mjcf(TWO_JOINTS + '<flexcomp name="f" type="grid" count="3 3 1" spacing=".1 .1 .1"/>'),
        "flex 'e0/f': flexes",
    ),
    "plugin": (
        mjcf(
            rest='<extension><plugin plugin="mujoco.pid"><instance name="p"/></plugin></extension>'
            '<actuator><plugin joint="j" plugin="mujoco.pid" instance="p"/></actuator>'
        ),
        "plugin 'e0/p': plugins",
    ),
    "delay": (
        actuated('<motor name="m" joint="j" delay="0.1" nsample="20"/>'),
        "'e0/m': delay",
    ),
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_what_the_solver_lacks_is_refused_by_name(write, case):
    text, message = UNSUPPORTED[case]
    with pytest.raises(ValueError, match=f"(?s)cannot simulate this scene: .*{message}"):
        build(morphs.MJCF(file=write(text)))


SUPPORTED = {
    "inert tendon": mjcf(rest=TENDON.format("")),
    "inert wrapped tendon": mjcf(rest=WRAPPED.format("")),
    "wind without air": mjcf(option='wind="1 0 0"'),
    "air without passive forces": mjcf(option='density="1"').replace(
        "<option", '<option><flag spring="disable" damper="disable"/></option><option'
    ),
    "no contact": flagged('contact="disable"'),
    "energy": flagged('energy="enable"'),
    "motor on a ball": actuated('<motor joint="b" gear="1 2 3"/>', BALL),
    "motor on a free body": actuated('<motor joint="f" gear="1 0 0 0 0 1"/>', FREE),
    "in parent of a hinge": actuated('<motor jointinparent="j"/>'),
    "ball servo": actuated('<position joint="b"/>', BALL),
    "free servo": actuated('<velocity jointinparent="f" damping="1" armature="2"/>', FREE),
    "site actuator": actuated('<motor site="s"/>', TWO_JOINTS.replace("<geom", SITE + "<geom", 1)),
    "filters": actuated(
        '<general joint="j" dyntype="filterexact" dynprm="0.1" actrange="-1 1" actlimited="true"'
        ' actearly="true"/><general joint="k" dyntype="integrator" biastype="affine"/>'
    ),
    "equalities": mjcf(
        f"{TWO_JOINTS}{BALL}",
        '<equality><joint joint1="j" joint2="k" polycoef="0 1 2 3 4"/></equality>',
    ),
    "cg": mjcf(option='solver="CG"'),
    "pgs": mjcf(option='solver="PGS"'),
    "mocap": mjcf(TWO_JOINTS + '<body mocap="true" name="m"/>'),
    "adhesion": actuated(
        '<adhesion body="a" ctrlrange="0 1"/>', '<body name="a"><joint/><geom size="1"/></body>'
    ),
    "group": mjcf(
        rest='<actuator><motor name="m" joint="j" group="3"/></actuator>',
        option='actuatorgroupdisable="3"',
    ),
    "no gravity": flagged('gravity="disable"'),
    "looks at the world": mjcf(
        TWO_JOINTS + '<light name="l" mode="targetbody" target="world"/>'
        '<camera name="c" mode="targetbody" target="world"/>'
    ),
}


def test_a_skin_that_hangs_on_the_world_is_no_reason_to_refuse(tmp_path, write):
    def numbers(kind, *values):
        return struct.pack(f"<{len(values)}{kind}", *values)

    (tmp_path / "skin.skn").write_bytes(
        numbers("i", 3, 0, 1, 1)  # vertices, texture coordinates, faces, bones
        + numbers("f", 0, 0, 0, 1, 0, 0, 0, 1, 0)
        + numbers("i", 0, 1, 2)
        + b"world".ljust(40, b"\0")
        + numbers("f", 0, 0, 0, 1, 0, 0, 0)
        + numbers("i", 3, 0, 1, 2)
        + numbers("f", 1, 1, 1)
    )
    text = mjcf(rest='<asset><skin file="skin.skn"/></asset>')
    assert build(morphs.MJCF(file=write(text))).mj.njnt


@pytest.mark.parametrize("case", SUPPORTED)
def test_what_has_no_effect_or_is_supported_passes(write, case):
    assert build(morphs.MJCF(file=write(SUPPORTED[case]))).mj.njnt


def test_what_nothing_can_move_is_refused_only_beside_what_moves(write):
    text = """<mujoco><option viscosity="1" integrator="implicit"><flag sleep="enable"/></option>
    <asset><hfield name="h" nrow="2" ncol="2" size="1 1 1 1"/></asset>
    <worldbody><geom name="hills" type="hfield" hfield="h"/></worldbody></mujoco>"""
    still = morphs.MJCF(file=write(text))
    assert build(still, morphs.Plane()).mj.nv == 0
    lacking = r"'implicit'.*option viscosity.*flag 'sleep'.*'e0/hills': contact of type 'hfield'"
    with pytest.raises(ValueError, match=f"(?s){lacking}"):
        build(still, morphs.Sphere())


BAD_FILES = {
    "not closed": ("<mujoco><worldbody>", "model.xml", "cannot be read"),
    "not a model": ("hello", "model.xml", "cannot be read"),
    "no mass": ("<mujoco><worldbody><body><joint/></body></worldbody></mujoco>", "m.xml", "mass"),
    "no mesh": ('<mujoco><asset><mesh file="no.stl"/></asset></mujoco>', "m.xml", "no.stl"),
    "no include": ('<mujoco><include file="no.xml"/></mujoco>', "m.xml", "no.xml"),
    "robot without links": ('<robot name="r"/>', "m.urdf", "m.urdf"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_named_in_one_line(write, case):
    text, name, message = BAD_FILES[case]
    path = write(text, name)
    morph = (morphs.URDF if name.endswith("urdf") else morphs.MJCF)(file=path)
    with pytest.raises(ValueError, match=message) as caught:
        build(morph)
    assert re.match("e0: ", str(caught.value)) and path in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_are_one_s_own():
    ball = EntitySpec("ball", morphs.Sphere(), Rigid())
    with pytest.raises(ValueError, match="'ball': given to 2"):
        compile_model([ball, ball], SimOptions(), RigidOptions())
    with pytest.raises(ValueError, match="no slash"):
        compile_model([EntitySpec("a/b", morphs.Sphere(), Rigid())], SimOptions(), RigidOptions())
    with pytest.raises(FileNotFoundError, match=r"'none\.xml' is neither"):
        build(morphs.MJCF(file="none.xml"))
    assert build().mj.nv == 0
