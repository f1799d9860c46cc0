"""URDF files as they come: what is read, what is put right, and what is refused."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path

import mujoco
import numpy as np
import pytest
import trimesh
from trimesh.exchange.dae import export_collada

from genesis_state import morphs
from tests.compiled import build

INERTIAL = """<inertial><origin xyz="0.1 0 0" rpy="0.3 0 0.2"/><mass value="2"/>
<inertia ixx="0.3" ixy="0.01" ixz="0" iyy="0.2" iyz="0" izz="0.25"/></inertial>"""

# Nothing in it needs mending, so that MuJoCo's own reader is the oracle.
PLAIN = f"""<?xml version="1.0"?><robot name="arm">
<material name="red"><color rgba="1 0 0 1"/></material>
<link name="base">{INERTIAL}
  <visual><geometry><sphere radius="9"/></geometry><material name="red"/></visual>
  <collision name="trunk"><origin xyz="0 0 1" rpy="0.1 0.2 0.3"/>
    <geometry><box size="1 2 3"/></geometry></collision>
  <collision><geometry><cylinder radius="0.2" length="0.5"/></geometry></collision></link>
<link name="upper"><collision><geometry><sphere radius="0.3"/></geometry></collision></link>
<link name="lower">{INERTIAL}</link>
<link name="hand">{INERTIAL}<collision name="trunk"><geometry>
  <capsule radius="0.1" length="0.4"/></geometry></collision></link>
<link name="tool"/>
<joint name="shoulder" type="revolute"><parent link="base"/><child link="upper"/>
  <origin xyz="0 0 1" rpy="0.5 0.6 0.7"/><axis xyz="0 1 0"/>
  <limit lower="-1" upper="2" effort="30" velocity="2"/><dynamics damping="0.5" friction="0.1"/>
</joint>
<joint name="mount" type="fixed"><parent link="hand"/><child link="tool"/>
  <origin xyz="0 1 0"/></joint>
<joint name="reach" type="prismatic"><parent link="upper"/><child link="lower"/>
  <axis xyz="1 0 0"/><limit lower="0" upper="0.3" effort="5" velocity="1"/></joint>
<joint name="slide" type="planar"><parent link="base"/><child link="hand"/>
  <axis xyz="0 1 1"/></joint>
</robot>"""

SAME = """body_pos body_quat body_ipos body_mass body_inertia body_parentid geom_type geom_size
geom_pos geom_quat geom_rgba geom_bodyid geom_contype jnt_type jnt_range jnt_limited jnt_axis
jnt_pos jnt_actfrcrange dof_damping dof_frictionloss"""


def robot(*parts: str, head: str = "") -> str:
    return f'<robot name="r">{head}{"".join(parts)}</robot>'


def link(name: str, inside: str = INERTIAL) -> str:
    return f'<link name="{name}">{inside}</link>'


def joint(name: str, kind: str, parent: str, child: str, inside: str = "") -> str:
    return (
        f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>'
        f"{inside}</joint>"
    )


def mesh(file: str, scale: str = "1 1 1", kind: str = "collision") -> str:
    return f'<{kind}><geometry><mesh filename="{file}" scale="{scale}"/></geometry></{kind}>'


@pytest.fixture
def brick(tmp_path) -> Path:
    """A file of a box with edges of 1, 2 and 3 m, off its origin."""
    box = trimesh.creation.box((1, 2, 3))
    box.apply_translation((2, 0, 0))
    box.export(tmp_path / "brick.stl")
    return tmp_path / "brick.stl"


def model(write, text: str, fixed: bool = False) -> mujoco.MjModel:
    return build(morphs.URDF(file=write(text, "robot.urdf"), fixed=fixed)).mj


def corners(mj: mujoco.MjModel, geom: int) -> np.ndarray:
    """Vertices of a mesh geom in the world, at the model's first position."""
    data = mujoco.MjData(mj)
    mujoco.mj_kinematics(mj, data)
    i = mj.geom_dataid[geom]
    start = mj.mesh_vertadr[i]
    points = mj.mesh_vert[start : start + mj.mesh_vertnum[i]]
    return data.geom_xpos[geom] + points @ data.geom_xmat[geom].reshape(3, 3).T


def test_a_sound_file_is_read_as_mujoco_reads_it(write):
    spec = mujoco.MjSpec.from_string(PLAIN)
    spec.compiler.fusestatic = False
    want, got = spec.compile(), model(write, PLAIN, fixed=True)
    for name in SAME.split():
        np.testing.assert_allclose(getattr(got, name), getattr(want, name), atol=1e-9, err_msg=name)
    for kind in ("body", "joint", "geom"):
        for i in range(getattr(want, {"body": "nbody", "joint": "njnt", "geom": "ngeom"}[kind])):
            name = getattr(want, kind)(i).name
            assert getattr(got, kind)(i).name == (
                f"e0/{name}" if name and name != "world" else name
            )
    turns = [np.zeros((got.nbody, 9)), np.zeros((got.nbody, 9))]
    for turn, mj in zip(turns, (want, got), strict=True):
        for i in range(mj.nbody):
            mujoco.mju_quat2Mat(turn[i], mj.body_iquat[i])
    # An axis of inertia may point either way.
    np.testing.assert_allclose(abs(turns[0]), abs(turns[1]), atol=1e-6)


PATHS = {
    "beside the file": ("robots", "brick.stl", "robots/brick.stl"),
    "in a folder": ("robots", "meshes/brick.stl", "robots/meshes/brick.stl"),
    "above the file": ("robots/a/urdf", "meshes/brick.stl", "robots/a/meshes/brick.stl"),
    "of a package": ("pkg/urdf", "package://pkg/meshes/brick.stl", "pkg/meshes/brick.stl"),
    "of another package": ("pkg/urdf", "package://other/m/brick.stl", "other/m/brick.stl"),
    "of no package": ("pkg/urdf", "package:///meshes/brick.stl", "pkg/meshes/brick.stl"),
    "of a package by another name": ("me/urdf", "package://pkg/m/brick.stl", "me/pkg/m/brick.stl"),
    "of a model": ("mug", "model://mug/m/brick.stl", "mug/m/brick.stl"),
    "with backslashes": ("robots", r"meshes\brick.stl", "robots/meshes/brick.stl"),
    "with a blank": ("robots", "a%20b/brick.stl", "robots/a b/brick.stl"),
    "of another machine": ("robots", "/home/me/robots/brick.stl", "robots/brick.stl"),
    "whole": ("robots", "{tmp}/far/brick.stl", "far/brick.stl"),
    "a file's": ("robots", "file://{tmp}/far/brick.stl", "far/brick.stl"),
}


@pytest.mark.parametrize("case", PATHS)
def test_a_mesh_is_found(tmp_path, brick, case):
    folder, named, place = PATHS[case]
    target = tmp_path / place
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(brick, target)
    file = tmp_path / folder / "robot.urdf"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(robot(link("a", INERTIAL + mesh(named.format(tmp=tmp_path)))))
    assert build(morphs.URDF(file=file)).mj.nmesh == 1


def test_meshes_have_their_scale_and_are_loaded_once(write, brick):
    shapes = [mesh("brick.stl", s) for s in ("1 1 1", "-1 1 2", "0.5", " 1  1\t1 ")]
    mj = model(write, robot(link("a", INERTIAL + "".join(shapes))))
    assert (mj.nmesh, mj.ngeom) == (3, 4)
    for geom, low, high in (
        (0, (1.5, -1, -1.5), (2.5, 1, 1.5)),
        (1, (-2.5, -1, -3), (-1.5, 1, 3)),
        (2, (0.75, -0.5, -0.75), (1.25, 0.5, 0.75)),
    ):
        np.testing.assert_allclose(corners(mj, geom).min(axis=0), low, atol=1e-6)
        np.testing.assert_allclose(corners(mj, geom).max(axis=0), high, atol=1e-6)
    assert mj.geom_dataid[0] == mj.geom_dataid[3]


def test_a_mesh_of_several_parts_and_another_unit_is_one(write, tmp_path):
    pytest.importorskip("collada")
    boxes = [trimesh.creation.box((2, 2, 2)) for _ in range(2)]
    boxes[1].apply_translation((10, 0, 0))
    text = export_collada(boxes).decode()
    unit = '<unit name="cm" meter="0.01"/>'
    (tmp_path / "two.dae").write_text(text.replace("<up_axis>", f"{unit}<up_axis>"))
    mj = model(write, robot(link("a", INERTIAL + mesh("two.dae"))))
    points = corners(mj, 0)
    np.testing.assert_allclose(points.min(axis=0), (-0.01, -0.01, -0.01), atol=1e-6)
    np.testing.assert_allclose(points.max(axis=0), (0.11, 0.01, 0.01), atol=1e-6)


def test_a_flat_mesh_touches_with_its_faces(write, tmp_path, caplog):
    (tmp_path / "flat.obj").write_text("v 0 0 1\nv 4 0 1\nv 0 2 1\nf 1 2 3\n")
    with caplog.at_level(logging.WARNING):
        mj = model(write, robot(link("a", INERTIAL + mesh("flat.obj"))))
    points = corners(mj, 0)
    assert points[:, 2].max() == pytest.approx(1) and points[:, 2].min() == pytest.approx(0.96)
    assert "flat meshes touch others as slabs behind their faces (flat.obj)" in caplog.text


def test_a_hull_far_from_its_mesh_is_told(write, tmp_path, caplog):
    trimesh.creation.annulus(0.9, 1.0, 1.0).export(tmp_path / "ring.obj")
    with caplog.at_level(logging.WARNING):
        model(write, robot(link("a", INERTIAL + mesh("ring.obj"))))
    assert "are not convex touch others with their hulls (ring.obj, 5." in caplog.text


@pytest.mark.parametrize("kept", ["true", "false"])
def test_what_is_only_drawn_may_be_missing(write, caplog, kept):
    head = f'<mujoco><compiler discardvisual="{kept}"/></mujoco>'
    shapes = (
        mesh("gone.dae", kind="visual") + "<visual/><visual><geometry><box/></geometry></visual>"
    )
    with caplog.at_level(logging.WARNING):
        mj = model(write, robot(link("a", INERTIAL + shapes), head=head))
    assert mj.ngeom == 0
    # Nobody misses what is not kept.
    assert ("gone.dae" in caplog.text) == (kept == "false")


# ---------------------------------------------------------------- masses

SPHERE = "<collision><geometry><sphere radius='0.5'/></geometry></collision>"
SEEN = SPHERE.replace("collision", "visual")


def inertial(mass: float, *moments: float) -> str:
    xx, yy, zz = moments or (0, 0, 0)
    return (
        f'<inertial><mass value="{mass}"/><inertia ixx="{xx}" iyy="{yy}" izz="{zz}" ixy="0" '
        'ixz="0" iyz="0"/></inertial>'
    )


BALL = 1000 * np.pi / 6
MASSES = {
    "as written": (inertial(2, 3, 4, 5), 2, (5, 4, 3)),
    "no inertia": (inertial(2) + SPHERE, 2, (0.2, 0.2, 0.2)),
    "one moment of 0": (inertial(0.1, 1, 1, 0) + SPHERE, 0.1, (0.01, 0.01, 0.01)),
    "a negative one": (inertial(2, 1, -1, 1) + SPHERE, 2, (0.2, 0.2, 0.2)),
    "no inertia and only seen": (inertial(2) + SEEN, 2, (0.2, 0.2, 0.2)),
    "no inertia and no shape": (inertial(2), 2, (0.002, 0.002, 0.002)),
    "more than the other two": (inertial(2, 1, 2, 9), 2, (3, 2, 1)),
    "no mass": (inertial(0) + SPHERE, BALL, (BALL / 10,) * 3),
    "no inertial": (SPHERE, BALL, (BALL / 10,) * 3),
    "no inertial and only seen": (SEEN, BALL, (BALL / 10,) * 3),
    "nothing": ("", 1e-3, (1e-6, 1e-6, 1e-6)),
}


@pytest.mark.parametrize("case", MASSES)
def test_a_link_that_moves_has_mass_and_inertia(write, case):
    inside, mass, moments = MASSES[case]
    mj = model(write, robot(link("a", inside)))
    assert mj.body_mass[1] == pytest.approx(mass, rel=1e-6)
    np.testing.assert_allclose(mj.body_inertia[1], moments, rtol=1e-5)


def test_a_link_without_mass_is_carried_by_what_is_fixed_to_it(write):
    chain = [link("a", ""), link("b"), joint("ab", "fixed", "a", "b")]
    mj = model(write, robot(*chain))
    assert mj.body_mass.tolist() == [0, 0, 2]
    # What is only seen weighs nothing then.
    seen = model(write, robot(link("a"), link("b", SEEN), joint("ab", "fixed", "a", "b")))
    assert seen.body_mass.tolist() == [0, 2, 0]
    # Where that moves against it, it needs its own.
    mj = model(write, robot(*chain[:2], joint("ab", "continuous", "a", "b")))
    assert mj.body_mass.tolist() == [0, 1e-3, 2]


# ---------------------------------------------------------------- joints

LIMITS = {
    'lower="-1" upper="2"': (True, (-1, 2)),
    'lower=" -1 " upper="2 "': (True, (-1, 2)),
    'upper="2"': (True, (0, 2)),
    'lower="2" upper="-2"': (False, (0, 0)),
    'lower="0" upper="0"': (False, (0, 0)),
    "": (False, (0, 0)),
    'lower="-1.5." upper="1,"': (True, (-1.5, 1)),
    'lower="$(optenv LOW -1)" upper="1"': (True, (-1, 1)),
}


@pytest.mark.parametrize("text", LIMITS)
def test_limits(write, text):
    inside = f'<limit {text} effort="7"/>'
    hinge = joint("j", "revolute", "a", "b", inside)
    mj = model(write, robot(link("a"), link("b"), hinge), fixed=True)
    assert (bool(mj.jnt_limited[0]), tuple(mj.jnt_range[0])) == LIMITS[text]
    assert mj.jnt_actfrcrange[0].tolist() == [-7, 7]
    wheel = joint("j", "continuous", "a", "b", inside)
    assert not model(write, robot(link("a"), link("b"), wheel), fixed=True).jnt_limited[0]


def test_a_joint_that_mimics_is_tied_to_the_other(write):
    tie = '<mimic joint="j" multiplier="-2" offset="0.1"/>'
    text = robot(
        *(link(name) for name in "abc"),
        joint("j", "revolute", "a", "b", '<limit lower="-1" upper="1"/>'),
        joint("k", "prismatic", "a", "c", tie),
    )
    mj = model(write, text, fixed=True)
    assert mj.eq_type.tolist() == [mujoco.mjtEq.mjEQ_JOINT]
    assert (mj.eq_obj1id[0], mj.eq_obj2id[0]) == (1, 0)
    assert mj.eq_data[0, :5].tolist() == [0.1, -2, 0, 0, 0]


def test_joints_of_more_dofs(write):
    def kinds(kind: str, root: str = "a", fixed: bool = True) -> list[str]:
        text = robot(link(root), link("b"), joint("j", kind, root, "b"))
        mj = model(write, text, fixed=fixed)
        return [
            f"{mj.joint(i).name[3:]} {mujoco.mjtJoint(mj.jnt_type[i]).name[6:].lower()}"
            for i in range(mj.njnt)
        ]

    assert kinds("floating") == ["j_TX slide", "j_TY slide", "j_TZ slide", "j ball"]
    assert kinds("floating", "world") == kinds("floating", "world", False) == ["j free"]
    assert kinds("fixed", "world", False) == ["root_joint free"]
    assert kinds("planar") == ["j_TX slide", "j_TY slide", "j_RZ hinge"]
    assert kinds("spherical") == ["j ball"]
    with pytest.raises(ValueError, match="rooted in the world, pass fixed=True"):
        kinds("revolute", "world", False)


def test_links_that_overlap_where_they_start_are_told(write, caplog):
    ball = INERTIAL + SPHERE
    chain = [joint("j", "continuous", "a", "b"), joint("k", "continuous", "b", "c")]
    text = robot(link("a", ball), link("b"), link("c", ball), *chain)
    with caplog.at_level(logging.WARNING):
        model(write, text)
    assert "links overlap where they start, and push each other apart (a and c)" in caplog.text
    caplog.clear()
    # A link and its parent never touch.
    model(write, robot(link("a", ball), link("b", ball), chain[0]))
    assert not caplog.text


def test_text_may_be_untidy(write):
    text = f"""

<?xml version="1.0"?><robot name="r">
<gazebo><plugin:camera rate="1"/></gazebo>
{link("a", INERTIAL.replace("0.3 0 0.2", " 0.3,0,  0.2 "))}
{link("b", INERTIAL + "<collision><geometry/></collision>")}
{joint("j", "continuous", " a ", "b", '<origin xyz=" 1  2 " rpy=""/><axis/><dynamics damping=""/>')}
</robot>
\x00"""
    mj = model(write, text, fixed=True)
    np.testing.assert_allclose(mj.body_pos[2], (1, 2, 0))
    assert mj.jnt_axis[0].tolist() == [1, 0, 0] and mj.dof_damping[0] == 0


A = link("a")
REFUSED = {
    "no XML": ("<robot", "unclosed token|no element|not well-formed"),
    "another root": ("<sdf/>", "root element is <sdf>, needs <robot>"),
    "xacro": ('<robot><xacro:property name="x"/></robot>', "expand it with xacro"),
    "no links": ("<robot/>", "has no links"),
    "two of a name": (robot(A, A), "link 'a' is there twice"),
    "no number": (
        robot(link("a", SPHERE.replace("0.5", "big"))),
        "<collision> of link 'a' has radius='big', needs numbers",
    ),
    "no length": (robot(link("a", SPHERE.replace("0.5", "-1"))), "needs positive lengths"),
    "no shape": (
        robot(link("a", SPHERE.replace("sphere", "cone"))),
        "link 'a' has <cone> as its geometry, needs one of box",
    ),
    "no mesh": (robot(link("a", mesh("gone.stl"))), "link 'a': the mesh 'gone.stl' is neither in"),
    "a mesh of no format": (robot(link("a", mesh("robot.urdf"))), "robot.urdf cannot be read"),
    "scale of 0": (robot(link("a", mesh("brick.stl", "1 0 1"))), "factors other than 0"),
    "negative mass": (robot(link("a", inertial(-1))), "link 'a' has the mass -1"),
    "no such link": (
        robot(A, joint("j", "fixed", "a", "z")),
        "joint 'j' has as its child 'z', which is no link",
    ),
    "no such kind": (robot(A, link("b"), joint("j", "screw", "a", "b")), "joint 'j' is of type"),
    "no axis": (
        robot(A, link("b"), joint("j", "revolute", "a", "b", '<axis xyz="0 0 0"/>')),
        "joint 'j' has the axis",
    ),
    "two parents": (
        robot(A, link("b"), joint("j", "fixed", "a", "b"), joint("k", "fixed", "a", "b")),
        "link 'b' hangs on the joints 'j' and 'k'",
    ),
    "a loop": (
        robot(A, link("b"), joint("j", "fixed", "a", "b"), joint("k", "fixed", "b", "a")),
        "through a loop",
    ),
    "two roots": (robot(A, link("b")), r"roots \['a', 'b'\], pass fixed=True"),
    "a plane that moves": (
        robot(link("a", "<collision><geometry><plane/></geometry></collision>")),
        "link 'a' has a <plane>, which cannot move, pass fixed=True",
    ),
    "mimics nobody": (
        robot(A, link("b"), joint("j", "continuous", "a", "b", '<mimic joint="z"/>')),
        "joint 'j' mimics 'z'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_understood_is_refused_in_one_sentence(write, brick, case):
    text, message = REFUSED[case]
    with pytest.raises(ValueError, match=message) as caught:
        model(write, text)
    assert re.match(r"e0: .*robot\.urdf cannot be read: ", str(caught.value))
    assert "\n" not in str(caught.value)
