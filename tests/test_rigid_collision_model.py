"""What a compiled model says about contact: who may touch whom and how, and what is refused."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from genesis_state import morphs
from genesis_state.materials import Rigid
from genesis_state.options import RigidOptions
from genesis_state.solvers.rigid.collision import collision
from genesis_state.solvers.rigid.model import RigidModel
from genesis_state.solvers.rigid.unsupported import colliding
from tests.compiled import build, differing

# Three links in a row, the first fixed to the world, and a shelf of the world's own.
ROW = """<geom name="shelf" type="box" size="1 1 0.1"/>
<body name="base"><geom name="stand" size="0.1"/>
<body name="upper"><joint name="j"/><geom name="arm" size="0.1"/>
<body name="lower"><joint axis="1 0 0"/><geom name="hand" size="0.1"/>
<geom name="paint" size="0.2" contype="0" conaffinity="0"/></body></body></body>"""
PAIR = '<pair name="p" geom1="arm" geom2="hand" friction="0.7 0.7 0.1 0.1 0.1"/>'


def mjcf(body: str = ROW, contact: str = "", flag: str = "", option: str = "") -> str:
    return f"""<mujoco><option {option}><flag {flag}/></option><worldbody>{body}</worldbody>
    <contact>{contact}</contact></mujoco>"""


def names_of_pairs(model: RigidModel, own: np.ndarray | None = None) -> set[str]:
    """All that may touch, as "geom geom" in the order of the alphabet, without entities."""
    found = collision(model.mj, own)
    names = [model.mj.geom(int(g)).name.split("/")[1] for g in found.geoms]
    return {" ".join(sorted(names[g] for g in pair)) for pair in found.pairs}


def test_shapes_touch_everything_unless_told_otherwise():
    mj = build(
        morphs.Cylinder(radius=0.2, height=3),
        morphs.Box(size=(1, 1, 1), contype=0b100, conaffinity=0xFFFFFFFF),
        morphs.Capsule(collision=False),
        morphs.Plane(),
    ).mj
    assert mj.geom_type[0] == mujoco.mjtGeom.mjGEOM_CYLINDER
    np.testing.assert_allclose(mj.geom_size[0], [0.2, 1.5, 0])
    np.testing.assert_allclose(mj.body_mass[1], 1000 * np.pi * 0.04 * 3)
    assert mj.geom_contype.tolist() == [0xFFFF, 0b100, 0, 0xFFFF]
    # All 32 bits are a sign in MuJoCo.
    assert mj.geom_conaffinity.tolist() == [0xFFFF, -1, 0, 0xFFFF]
    assert colliding(mj).tolist() == [True, True, False, True]


def test_the_shipped_ground_is_a_plane_that_touches():
    ground = morphs.URDF(file="urdf/plane/plane.urdf", fixed=True)
    odd = morphs.Sphere(contype=0b10, conaffinity=0b10)
    model = build(ground, odd)
    assert model.mj.geom_type[0] == mujoco.mjtGeom.mjGEOM_PLANE
    assert names_of_pairs(model) == {"ground sphere"}


URDF_LINK = """<robot name="r"><mujoco><compiler discardvisual="{}"/></mujoco>
<link name="a"><inertial><mass value="1"/>
<inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
<visual><geometry><sphere radius="1"/></geometry></visual>
<collision><geometry><box size="1 1 1"/></geometry></collision></link></robot>"""


@pytest.mark.parametrize("discarded", ["true", "false"])
def test_only_collision_shapes_of_a_urdf_touch(write, discarded):
    path = write(URDF_LINK.format(discarded), "link.urdf")
    model = build(morphs.URDF(file=path), morphs.Plane(), morphs.URDF(file=path, collision=False))
    types = model.mj.geom_type[colliding(model.mj)].tolist()
    assert types == [mujoco.mjtGeom.mjGEOM_BOX, mujoco.mjtGeom.mjGEOM_PLANE]
    for part in model.entities:
        bodies = model.mj.geom_bodyid[part.at("geom")] - 1
        assert ((bodies >= part.link_start) & (bodies < part.link_end)).all()
    # What touches nothing is discarded as well.
    counts = [part.geom_end - part.geom_start for part in model.entities]
    assert counts == ([1, 1, 0] if discarded == "true" else [2, 1, 2])


def test_friction_of_a_material_is_that_of_all_its_geoms(write):
    file = write(mjcf(ROW.replace('name="hand"', 'name="hand" friction="0.3"'), PAIR))
    left, changed = (
        build((morphs.MJCF(file=file), Rigid(friction=friction))).mj for friction in (None, 2)
    )
    assert left.geom("e0/hand").friction[0] == 0.3
    assert changed.geom_friction[:, 0].tolist() == [2] * 5
    np.testing.assert_array_equal(changed.geom_friction[:, 1:], left.geom_friction[:, 1:])
    np.testing.assert_array_equal(changed.pair_friction, left.pair_friction)
    shapes = build(morphs.Box(size=(1, 1, 1)), (morphs.Sphere(), Rigid(friction=0.5))).mj
    assert shapes.geom_friction[:, 0].tolist() == [1, 0.5]


def test_a_file_that_switches_contacts_off_speaks_for_itself_alone(write):
    quiet = morphs.MJCF(file=write(mjcf(ROW, PAIR, 'contact="disable"')))
    model = build(quiet, morphs.Sphere(), morphs.Plane())
    assert names_of_pairs(model) == {"plane sphere"}
    assert model.mj.npair == 0
    assert not colliding(build(quiet).mj).any()


def test_an_entity_without_collision_is_named_in_no_pair(write):
    file = write(mjcf(ROW, PAIR))
    assert build(morphs.MJCF(file=file)).mj.npair == 1
    still = build(morphs.MJCF(file=file, collision=False)).mj
    assert still.npair == 0 and not colliding(still).any()


WITH_SHELF = {"arm shelf", "hand shelf"}


def test_who_in_an_entity_may_touch_follows_the_options(write):
    robot = morphs.MJCF(file=write(mjcf()))
    usual = build(robot)
    assert usual.self_collision
    assert names_of_pairs(usual) == WITH_SHELF | {"hand stand", "arm stand"}
    off = build(robot, morphs.Sphere(), rigid=RigidOptions(enable_collision=False))
    assert names_of_pairs(off) == set() and not colliding(off.mj).any()
    apart = build(robot, morphs.Sphere(), rigid=RigidOptions(enable_self_collision=False))
    assert not apart.self_collision
    assert apart.body_entities().tolist() == [-1, 0, 0, 0, 1]
    others = {"arm sphere", "hand sphere", "shelf sphere", "sphere stand"}
    assert names_of_pairs(apart, apart.body_entities()) == WITH_SHELF | others


@pytest.mark.parametrize("flag", ["", 'filterparent="disable"'])
def test_a_link_may_touch_its_parent_if_the_user_or_the_file_says_so(write, flag):
    robot = morphs.MJCF(file=write(mjcf(flag=flag)))
    model = build(robot, rigid=RigidOptions(enable_adjacent_collision=not flag))
    assert "arm hand" in names_of_pairs(model)


def test_the_cone_follows_the_files_and_the_user_first(write):
    steep = morphs.MJCF(file=write(mjcf(option='cone="elliptic" impratio="5"')))
    opt = build(steep, morphs.Sphere()).mj.opt
    assert (opt.cone, opt.impratio) == (1, 5)
    opt = build(steep, rigid=RigidOptions(cone="pyramidal", impratio=2)).mj.opt
    assert (opt.cone, opt.impratio) == (0, 2)
    other = morphs.MJCF(file=write(mjcf(option='impratio="3"'), "other.xml"))
    with pytest.raises(ValueError, match=r"'e0' has 5.0, 'e1' has 3.0; set RigidOptions\(impratio"):
        build(steep, other)
    assert build(steep, rigid=RigidOptions(constraint_solver="CG")).mj.opt.solver == 1


HFIELD = """<mujoco><asset><hfield name="h" nrow="2" ncol="2" size="1 1 1 1"/></asset><worldbody>
<geom name="hills" type="hfield" hfield="h" {}/><body><joint/><geom size="1"/></body></worldbody>
</mujoco>"""
UNSUPPORTED = {
    "hills": (HFIELD.format(""), "geom 'e0/hills': contact of type 'hfield'"),
    "sticky": (mjcf(ROW.replace('name="hand"', 'name="hand" adhesion="1"')), "'e0/hand': adhesion"),
    "belt": (
        mjcf(ROW.replace('name="hand"', 'name="hand" surfacevel="1 0 0"')),
        "'e0/hand': a surface velocity",
    ),
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_what_contact_lacks_is_refused_by_name(write, case):
    text, message = UNSUPPORTED[case]
    with pytest.raises(ValueError, match=f"(?s)cannot simulate this scene: .*{message}"):
        build(morphs.MJCF(file=write(text)))


@pytest.mark.parametrize("flag", ["speculative", "diagexact"])
def test_flags_of_newer_solvers_are_refused(write, flag):
    if not hasattr(mujoco.mjtEnableBit, f"mjENBL_{flag.upper()}"):
        pytest.skip("this MuJoCo has no such flag")
    with pytest.raises(ValueError, match=f"flag '{flag}': enabling it is not supported"):
        build(morphs.MJCF(file=write(mjcf(flag=f'{flag}="enable"'))))


SUPPORTED = {
    "hills to look at": HFIELD.format('contype="0" conaffinity="0"'),
    "hills that all move through": HFIELD.format("").replace(
        'size="1"/', 'size="1" contype="0" conaffinity="0"/'
    ),
    "hills of a quiet model": HFIELD.format("").replace(
        "<asset>", '<option><flag contact="disable"/></option><asset>'
    ),
    "one contact of hulls": mjcf(flag='multiccd="disable" nativeccd="disable"'),
    "other pairs": mjcf(flag='filterparent="disable" midphase="disable" island="disable"'),
    "sticky paint": mjcf(ROW.replace('name="paint"', 'name="paint" adhesion="1"')),
    "cones": mjcf(ROW.replace('name="hand"', 'name="hand" condim="6"'), option='cone="elliptic"'),
}


@pytest.mark.parametrize("case", SUPPORTED)
def test_what_has_no_effect_or_is_supported_passes(write, case):
    assert build(morphs.MJCF(file=write(SUPPORTED[case]))).mj.njnt


@pytest.mark.parametrize("condim", [0, 2, 5, 7])
def test_a_cone_of_no_known_dimension_is_a_bad_file(write, condim):
    file = write(mjcf(ROW.replace('name="hand"', f'name="hand" condim="{condim}"')))
    with pytest.raises(ValueError, match=r"e0: .*model\.xml cannot be compiled: .*condim"):
        build(morphs.MJCF(file=file))


OWN = ["entity e0 dynamics"]
CHANGES = {
    "type": (('name="hand" size="0.1"', 'name="hand" type="box" size="0.1 0.1 0.1"'), OWN),
    "size": (('name="hand" size="0.1"', 'name="hand" size="0.2"'), OWN),
    "position": (('name="hand"', 'name="hand" pos="0 0 1"'), OWN),
    "bits": (('name="hand"', 'name="hand" contype="3"'), OWN),
    "affinity": (('name="hand"', 'name="hand" conaffinity="3"'), OWN),
    "condim": (('name="hand"', 'name="hand" condim="4"'), OWN),
    "friction": (('name="hand"', 'name="hand" friction="1 0.1"'), OWN),
    "solref": (('name="hand"', 'name="hand" solref="0.1 1"'), OWN),
    "solimp": (('name="hand"', 'name="hand" solimp="0.5 0.9"'), OWN),
    "solmix": (('name="hand"', 'name="hand" solmix="2"'), OWN),
    "priority": (('name="hand"', 'name="hand" priority="1"'), OWN),
    "margin": (('name="hand"', 'name="hand" margin="0.1"'), OWN),
    "gap": (('name="hand"', 'name="hand" gap="0.1"'), OWN),
    "touching paint": (('name="paint" size="0.2" contype="0"', 'name="paint" size="0.2"'), OWN),
    "world": (('name="shelf"', 'name="shelf" friction="0.5"'), ["geoms of the world"]),
    "pair": (('friction="0.7', 'friction="0.8'), ["contact pairs"]),
    "other pair": (('geom2="hand"', 'geom2="stand"'), ["contact pairs"]),
    "exclusion": (("<exclude", '<exclude body1="base" body2="upper"/><exclude'), ["contact excl"]),
    "cone": (("<option ", '<option cone="elliptic" '), ["rigid solver"]),
    "impratio": (("<option ", '<option impratio="2" '), ["rigid solver"]),
    "solver": (("<option ", '<option solver="CG" '), ["rigid solver"]),
    "noslip": (("<option ", '<option noslip_iterations="2" '), ["rigid solver"]),
    "noslip that is off": (("<option ", '<option noslip_tolerance="2" '), []),
    "parents": (("<flag ", '<flag filterparent="disable" '), ["rigid solver"]),
    # What is only seen moves nothing, nor does its place among the others.
    "paint": (('name="paint"', 'name="paint" friction="3" pos="1 1 1"'), []),
    "more paint": (
        ('<geom name="stand"', '<geom size="3" contype="0" conaffinity="0"/><geom name="stand"'),
        [],
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_the_signature_tells_what_touches_differently(write, case):
    (old, new), keys = CHANGES[case]
    # Only contact shall differ, so no mass comes from a geom.
    row = ROW
    for link in ("base", "upper", "lower"):
        inertial = '<inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>'
        row = row.replace(f'<body name="{link}">', f'<body name="{link}">{inertial}')
    text = mjcf(row, PAIR + '<exclude body1="base" body2="lower"/>')
    changed = text.replace(old, new)
    assert changed != text
    models = [build(morphs.MJCF(file=write(t, f"{i}.xml"))) for i, t in enumerate((text, changed))]
    found = differing(*models)
    assert len(found) == len(keys)
    assert all(key.startswith(start) for key, start in zip(found, keys, strict=True))


def test_the_signature_tells_whether_things_touch_at_all(write):
    robot = morphs.MJCF(file=write(mjcf()))
    usual = build(robot)
    for option in (
        RigidOptions(enable_self_collision=False),
        RigidOptions(enable_adjacent_collision=True),
        RigidOptions(enable_collision=False),
    ):
        assert "rigid solver" in differing(usual, build(robot, rigid=option))
