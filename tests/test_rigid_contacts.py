"""What an entity tells of contact, against MuJoCo in 64 bits: points, forces, who touches whom."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import mujoco
import numpy as np
import pytest
import torch

import genesis_state as gs
from genesis_state.testing.getters import public_getters, readings_differences

# A robot that lies on the ground, reaches for itself and comes near a post of its own world.
ROBOT = """<mujoco><worldbody>
  <geom name="post" type="sphere" size="0.1" pos="-0.345 0 0.12" margin="0.04" gap="0.02"/>
  <site name="home"/>
  <body name="torso" pos="0 0 0.055"><freejoint/>
    <geom type="capsule" size="0.06" fromto="-0.15 0 0 0.15 0 0" condim="4"/>
    <site name="back" pos="0 0 0.06" euler="0 30 0"/>
    <body name="arm" pos="0.15 0 0">
      <joint name="elbow" axis="0 1 0" range="-170 170"/>
      <geom name="hand" type="sphere" size="0.05" pos="0.05 0 0.16"/>
      <body name="tool" pos="0.05 0 0.16">
        <joint name="wrist" axis="0 1 0" damping="0.1"/>
        <geom name="tip" type="sphere" size="0.04" pos="-0.2 0 -0.063"/>
        <site name="front" pos="0.1 0 0"/><site name="middle" pos="0.02 0.1 0" quat="1 1 0 0"/>
      </body></body></body>
  </worldbody></mujoco>"""


@pytest.fixture(scope="module")
def s(fresh_runtime, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Environment 0 touches in every way; in environment 1 all is in the air."""
    gs.destroy()
    gs.init(precision="64")
    path = tmp_path_factory.mktemp("models") / "robot.xml"
    path.write_text(ROBOT)
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=0.002),
        rigid_options=gs.options.RigidOptions(
            integrator="implicitfast",
            constraint_solver="Newton",
            cone="elliptic",
            iterations=100,
            tolerance=1e-12,
            enable_adjacent_collision=True,
        ),
    )
    plane = scene.add_entity(gs.morphs.Plane(), name="plane")
    robot = scene.add_entity(gs.morphs.MJCF(file=path), name="robot")
    ball = scene.add_entity(gs.morphs.Sphere(radius=0.05, pos=(0, 0.5, 0.0499)), name="ball")
    scene.build(n_envs=2)
    robot.set_qpos([0, 0, 2, 1, 0, 0, 0, 0, 1], envs_idx=1)
    ball.set_pos([0, 2, 1], envs_idx=1)
    for _ in range(4):
        scene.step()
    mj = scene.rigid_solver.mj_model
    before = scene.get_state()
    scene.step()
    data = []
    for env in range(2):
        theirs = mujoco.MjData(mj)
        theirs.qpos[:] = before.rigid.qpos[env]
        theirs.qvel[:] = before.rigid.dofs_vel[env]
        theirs.qacc_warmstart[:] = before.rigid.dofs_acc[env]
        mujoco.mj_forward(mj, theirs)
        data.append(theirs)
    return SimpleNamespace(
        scene=scene, plane=plane, robot=robot, ball=ball, mj=mj, data=data, state=scene.get_state()
    )


def theirs(s: SimpleNamespace, bodies: range) -> dict[tuple[int, int], Any]:
    """MuJoCo's contacts that act on some bodies, by their geoms: what we return, as a row."""
    found = {}
    for i, contact in enumerate(s.data[0].contact):
        if contact.efc_address < 0 or not set(s.mj.geom_bodyid[contact.geom]) & set(bodies):
            continue
        force = np.zeros(6)
        mujoco.mj_contactForce(s.mj, s.data[0], i, force)
        frame = contact.frame.reshape(3, 3)
        found.setdefault(tuple(contact.geom.tolist()), []).append(
            np.concatenate([contact.pos, -frame[0], [-contact.dist], force[:3] @ frame])
        )
    return found


def ours(contacts: dict[str, torch.Tensor], env: int) -> dict[tuple[int, int], Any]:
    found = {}
    for i in contacts["valid_mask"][env].nonzero().squeeze(1).tolist():
        numbers = [contacts[name][env, i] for name in ("position", "normal")]
        numbers += [contacts["penetration"][env, i, None], contacts["force_b"][env, i]]
        geoms = (int(contacts["geom_a"][env, i]), int(contacts["geom_b"][env, i]))
        found.setdefault(geoms, []).append(torch.cat(numbers).numpy())
    return found


def names(s: SimpleNamespace, contacts: dict[str, torch.Tensor], env: int = 0) -> set[frozenset]:
    return {frozenset(s.mj.geom(g).name for g in geoms) for geoms in ours(contacts, env)}


GROUND, HAND, TIP = "plane/plane", "robot/hand", "robot/tip"


def test_contacts_are_mujocos(s):
    contacts = s.robot.get_contacts()
    part = s.scene.rigid_solver.compiled.entities[1]
    wanted = theirs(s, range(part.link_start + 1, part.link_end + 1))
    found = ours(contacts, 0)
    assert found.keys() == wanted.keys() and len(found) == 2
    for geoms, rows in wanted.items():
        np.testing.assert_allclose(sorted(map(list, found[geoms])), sorted(map(list, rows)), 1e-6)
    room = s.scene.rigid_solver.max_contacts
    assert contacts["valid_mask"].shape == contacts["geom_a"].shape == (2, room)
    assert contacts["valid_mask"].dtype == torch.bool
    assert torch.equal(contacts["force_a"], -contacts["force_b"])
    free = ~contacts["valid_mask"]
    assert free[1].all() and (contacts["link_a"][free] == -1).all()
    assert not contacts["force_b"][free].any() and not contacts["position"][free].any()


def test_links_of_contacts_are_the_entitys(s):
    contacts = s.robot.get_contacts(s.robot)
    mask = contacts["valid_mask"][0]
    links = {int(i) for name in ("link_a", "link_b") for i in contacts[name][0][mask]}
    assert links == {s.robot.base_link.idx, s.robot.get_link("tool").idx}
    geoms = {int(i) for name in ("geom_a", "geom_b") for i in contacts[name][0][mask]}
    assert geoms == {s.robot.geoms[0].idx, s.robot.get_geom("tip").idx}


def test_a_contact_that_is_only_known_is_not_listed(s):
    raw = s.scene.rigid_solver.arena.get("n_contacts")[0]
    known = [contact.geom for contact in s.data[0].contact if contact.efc_address < 0]
    assert len(known) == 1 and s.mj.geom("robot/post").id in known[0]
    listed = sum(len(rows) for rows in theirs(s, range(s.mj.nbody)).values())
    assert raw == listed + 1


def test_whom_it_touches(s):
    robot, ball, plane = s.robot, s.ball, s.plane
    torso = s.mj.geom(robot.geoms[0].idx).name
    inside = {frozenset({torso, TIP})}
    outside = {frozenset({GROUND, torso})}
    assert names(s, robot.get_contacts(robot)) == inside
    assert names(s, robot.get_contacts(plane)) == outside
    assert names(s, robot.get_contacts(exclude_self_contact=True)) >= outside
    assert not names(s, robot.get_contacts(exclude_self_contact=True)) & inside
    assert names(s, plane.get_contacts(ball)) == names(s, ball.get_contacts())
    assert robot.touches().tolist() == [True, False]
    assert robot.touches(robot).tolist() == ball.touches(plane).tolist() == [True, False]
    assert robot.touches(ball).tolist() == [False, False]
    assert ball.touches(ball).tolist() == [False, False]
    assert ball.touches(plane, envs_idx=[1]).tolist() == [False]
    assert robot.get_contacts(envs_idx=[1, 0])["valid_mask"].any(1).tolist() == [False, True]


def test_force_on_links(s):
    force = s.robot.get_links_net_contact_force()
    assert force.shape == (2, 3, 3) and not force[1].any()
    wanted = np.zeros((s.mj.nbody, 3))
    for geoms, rows in theirs(s, range(s.mj.nbody)).items():
        for sign, geom in zip((-1, 1), geoms, strict=True):
            wanted[s.mj.geom_bodyid[geom]] += sign * sum(row[7:] for row in rows)
    for entity in (s.robot, s.ball, s.plane):
        bodies = range(entity.link_start + 1, entity.link_end + 1)
        found = entity.get_links_net_contact_force(envs_idx=0)[0]
        np.testing.assert_allclose(found, wanted[bodies], rtol=1e-6, atol=1e-9)


def test_getters_return_what_they_did_at_the_snapshot(s):
    before = public_getters(s.scene)
    assert {"robot.get_contacts['force_b']", "robot.touches", "robot.front.get_vel"} <= set(before)
    for _ in range(3):
        s.scene.step()
    assert readings_differences(before, public_getters(s.scene))
    s.scene.reset(state=s.state)
    assert not readings_differences(before, public_getters(s.scene))


def test_overflow_is_told_by_environment(s):
    solver = s.scene.rigid_solver
    assert solver.max_collision_pairs >= 3 and solver.max_contacts >= 5
    assert solver.get_overflow_envs_mask().tolist() == [False, False]
    with solver.arena.edit("overflow") as (overflow,):
        overflow[1] = True
    assert solver.get_overflow_envs_mask().tolist() == [False, True]
    s.scene.reset(state=s.state)
    assert solver.get_overflow_envs_mask().tolist() == [False, False]


BAD: list[tuple[type[Exception], str, Callable[[SimpleNamespace], Any]]] = [
    (
        TypeError,
        "with_entity is a str, needs a rigid entity",
        lambda s: s.robot.get_contacts("ball"),
    ),
    (TypeError, "with_entity is a RigidLink", lambda s: s.ball.touches(s.robot.base_link)),
    (
        ValueError,
        "'other' is of another scene; give one of this scene",
        lambda s: s.robot.get_contacts(gs.Scene().add_entity(gs.morphs.Plane(), name="other")),
    ),
    (
        ValueError,
        "contacts with itself are excluded; leave one of the two out",
        lambda s: s.robot.get_contacts(s.robot, exclude_self_contact=True),
    ),
    (IndexError, "envs_idx: 2 at position 0", lambda s: s.robot.touches(envs_idx=[2])),
    (KeyError, "robot has no geom 'post'; it has geom_0, hand", lambda s: s.robot.get_geom("post")),
    (
        KeyError,
        "robot has no site 'home'; it has back, front, middle",
        lambda s: s.robot.get_site("home"),
    ),
    (IndexError, "sites_idx_local has 3", lambda s: s.robot.get_sites_pos(3)),
]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case[1])
def test_bad_calls_are_refused(s, case):
    kind, message, call = case
    with pytest.raises(kind) as caught:
        call(s)
    assert message in str(caught.value)


def test_geoms_and_sites_have_names_and_places(s):
    assert [geom.name for geom in s.robot.geoms] == ["geom_0", "hand", "tip"]
    assert (s.robot.n_geoms, s.ball.n_geoms, s.robot.n_sites, s.ball.n_sites) == (3, 1, 3, 0)
    tip = s.robot.get_geom("tip")
    assert (tip.idx_local, tip.link.name) == (2, "tool")
    assert s.mj.geom(tip.idx).name == "robot/tip"
    middle = s.robot.get_site("middle")
    assert (middle.idx_local, middle.link.name) == (2, "tool")
    assert repr(middle) == "RigidSite('middle' of 'robot', idx_local=2)"
    assert s.mj.site(middle.idx).name == "robot/middle"


def test_sites_are_where_mujocos_are(s):
    data = mujoco.MjData(s.mj)
    data.qpos[:] = s.scene.rigid_solver.arena.get("qpos")[0]
    data.qvel[:] = s.scene.rigid_solver.arena.get("dofs_vel")[0]
    mujoco.mj_forward(s.mj, data)
    sites = range(s.robot.site_start, s.robot.site_end)
    np.testing.assert_allclose(s.robot.get_sites_pos(envs_idx=0)[0], data.site_xpos[sites], 1e-9)
    matrix = gs.geom.quat_to_R(s.robot.get_sites_quat(envs_idx=0))[0]
    np.testing.assert_allclose(matrix.flatten(1), data.site_xmat[sites], atol=1e-12)
    for local, site in enumerate(sites):
        velocity = np.zeros(6)
        kind = mujoco.mjtObj.mjOBJ_SITE
        mujoco.mj_objectVelocity(s.mj, data, kind, site, velocity, 0)
        np.testing.assert_allclose(s.robot.get_sites_ang()[0, local], velocity[:3], atol=1e-12)
        np.testing.assert_allclose(s.robot.get_sites_vel()[0, local], velocity[3:], atol=1e-12)
    middle = s.robot.get_site("middle")
    assert torch.equal(middle.get_pos(), s.robot.get_sites_pos([2, 0])[:, 0])
