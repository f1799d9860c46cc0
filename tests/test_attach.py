"""Entities attached to a link of another: one tree of bodies, two entities."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
import pytest
import scenes
import torch

import genesis_state as gs
from genesis_state import morphs
from genesis_state.geom import euler_to_quat
from genesis_state.materials import Rigid
from genesis_state.options import RigidOptions, SimOptions
from genesis_state.recording import declaration
from genesis_state.solvers.rigid.entity_spec import EntitySpec
from genesis_state.solvers.rigid.model import compile_model


@pytest.fixture(scope="module")
def scene():
    gs.init(precision="64")
    scene = scenes.attached()
    scene.build(n_envs=2)
    return scene


def whole() -> mujoco.MjModel:
    """The carrier with the claw attached by MuJoCo, and nothing else."""
    spec = mujoco.MjSpec.from_string(scenes.CARRIER)
    claw = mujoco.MjSpec.from_string(scenes.CLAW.replace("<freejoint/>", ""))
    turn = euler_to_quat(np.array([0, 0, 90.0]))
    frame = spec.body("left").add_frame(pos=scenes.CLAW_POS, quat=turn)
    spec.attach(claw, prefix="claw-", frame=frame)
    return spec.compile()


def test_both_are_one_tree(scene):
    mj, want = scene.rigid_solver.mj_model, whole()
    got = {
        name: mj.body(f"{entity.name}/{name}").id
        for entity in scene.entities[1:3]
        for name in (link.name for link in entity.links)
    }
    assert list(got) == ["trunk", "left", "link_2", "right", "palm", "finger"]
    assert list(got.values()) == [2, 3, 4, 7, 5, 6]
    # MuJoCo's own way of attaching, with the plane's body before it and the box's after it.
    for name in ("body_mass", "body_pos", "body_quat", "body_inertia"):
        np.testing.assert_array_equal(getattr(mj, name)[2:8], getattr(want, name)[1:])
    np.testing.assert_array_equal(mj.body_parentid[3:8] - 1, want.body_parentid[2:])
    np.testing.assert_array_equal(mj.jnt_type[:4], want.jnt_type)
    names = [mj.joint(i).name for i in range(mj.njnt)]
    assert names == [
        *("carrier/trunk", "carrier/left", "claw/finger", "carrier/right"),
        "box/box_baselink_joint",
    ]


def test_each_keeps_its_own_numbers(scene):
    carrier, claw, box = scene.entities[1:]
    assert (carrier.n_links, carrier.n_dofs, carrier.n_qs) == (4, 8, 9)
    assert (claw.n_links, claw.n_dofs, claw.n_qs, claw.n_joints) == (2, 1, 1, 1)
    assert carrier.links_idx == [1, 2, 3, 6] and claw.links_idx == [4, 5]
    assert carrier.dofs_idx == [0, 1, 2, 3, 4, 5, 6, 8] and claw.dofs_idx == [7]
    assert carrier.qs_idx == [0, 1, 2, 3, 4, 5, 6, 7, 9] and claw.qs_idx == [8]
    assert [joint.dofs_idx_local for joint in carrier.joints] == [[*range(6)], [6], [7]]
    assert [geom.link.name for geom in carrier.geoms] == ["trunk", "left", "link_2", "right"]
    assert [site.name for site in claw.sites] == ["nail"]
    assert (carrier.actuators, claw.actuators) == (["left", "right"], ["finger"])
    assert (claw.dof_start, claw.dof_end, box.dof_start) == (7, 8, 9)
    assert (carrier.link_start, carrier.actuator_end) == (1, 2)
    with pytest.raises(ValueError, match=r"carrier\.dof_end: .* take links_idx, dofs_idx"):
        _ = carrier.dof_end
    assert carrier.get_mass() == pytest.approx(2.7) and claw.get_mass() == pytest.approx(0.25)


def test_each_is_set_and_read_by_itself(scene):
    scene.reset()
    carrier, claw, box = scene.entities[1:]
    elsewhere = box.get_qpos()
    arms = torch.tensor([[0.3, -0.4], [0.1, 0.2]], dtype=torch.float64)
    carrier.set_dofs_position(arms, [6, 7])
    claw.set_dofs_position([0.5])
    torch.testing.assert_close(
        carrier.get_qpos()[:, 7:], torch.tensor([[0.3, -0.4], [0.1, 0.2]]).double()
    )
    assert claw.get_qpos().tolist() == [[0.5], [0.5]]
    assert torch.equal(box.get_qpos(), elsewhere)
    carrier.set_dofs_velocity([1.0, 2.0], [6, 7])
    assert carrier.get_dofs_velocity()[0].tolist() == [0] * 6 + [1, 2]
    assert claw.get_dofs_velocity()[0].tolist() == [0]
    mj = scene.rigid_solver.mj_model
    data = mujoco.MjData(mj)
    for env in range(2):
        data.qpos[:] = scene.rigid_solver.arena.get("qpos")[env]
        data.qvel[:] = scene.rigid_solver.arena.get("dofs_vel")[env]
        mujoco.mj_forward(mj, data)
        for entity in (carrier, claw):
            at = data.xpos[[i + 1 for i in entity.links_idx]]
            np.testing.assert_allclose(entity.get_links_pos()[env], at, atol=1e-12)
        nail = data.site("claw/nail").xpos
        np.testing.assert_allclose(claw.get_sites_pos()[env, 0], nail, atol=1e-12)
    for call in (claw.set_pos, claw.set_quat):
        with pytest.raises(ValueError, match="its base is attached to carrier; move that"):
            call([0.0] * 4)


def test_jacobians_and_inverse_kinematics_take_an_entity_s_own_dofs(scene):
    scene.reset()
    carrier, claw = scene.entities[1:3]
    mj = scene.rigid_solver.mj_model
    data = mujoco.MjData(mj)
    data.qpos[:] = scene.rigid_solver.arena.get("qpos")[0]
    mujoco.mj_forward(mj, data)
    for entity, link in ((carrier, "right"), (claw, "finger")):
        want = np.zeros((6, mj.nv))
        mujoco.mj_jacBody(mj, data, want[:3], want[3:], mj.body(f"{entity.name}/{link}").id)
        at = data.body(f"{entity.name}/{link}").xpos
        mujoco.mj_jac(mj, data, want[:3], want[3:], at, mj.body(f"{entity.name}/{link}").id)
        got = entity.get_jacobian(entity.get_link(link))[0]
        np.testing.assert_allclose(got, want[:, entity.dofs_idx], atol=1e-12)
    right = carrier.get_link("right")
    goal = right.get_pos() + torch.tensor([0.05, 0, 0.02])
    found, error = carrier.inverse_kinematics(right, pos=goal, return_error=True)
    assert found.shape == (2, 9) and error.abs().max() < 5e-4
    finger = claw.get_link("finger")
    claw.set_dofs_position([0.4])
    goal = finger.get_quat()
    claw.set_dofs_position([0.0])
    found = claw.inverse_kinematics(finger, quat=goal)
    np.testing.assert_allclose(found, 0.4, atol=5e-3)


def test_contacts_are_those_of_the_entity_that_touches(scene):
    scene.reset()
    ground, carrier, claw, box = scene.entities
    for _ in range(60):
        scene.step()
    forces = {entity.name: entity.get_links_net_contact_force() for entity in (carrier, claw, box)}
    assert forces["carrier"].shape == (2, 4, 3) and forces["claw"].shape == (2, 2, 3)
    for entity in (carrier, claw, box):
        own = entity.get_contacts(with_entity=ground)
        sums = torch.zeros(3, dtype=torch.float64)
        for side in "ab":
            mine = torch.isin(own[f"link_{side}"][0], torch.tensor(entity.links_idx))
            sums += own[f"force_{side}"][0][mine].sum(0)
        torch.testing.assert_close(forces[entity.name][0].sum(0), sums)
    assert carrier.touches(ground).all() and not claw.touches(carrier).any()


def test_a_file_brings_back_what_both_were(scene, tmp_path):
    scene.reset()
    for _ in range(5):
        scene.step()
    scene.save_checkpoint(tmp_path / "state.npz")
    state = scene.get_state()
    scene.reset()
    scene.load_checkpoint(tmp_path / "state.npz")
    assert scene.get_state().equal(state)


def test_without_a_claw_what_is_the_carrier_s_is_found(scene, tmp_path):
    scene.reset()
    carrier = scene.get_entity("carrier")
    carrier.set_dofs_position([0.3, -0.4], [6, 7])
    scene.save_checkpoint(tmp_path / "state.npz")
    alone = gs.Scene()
    alone.add_entity(gs.morphs.Plane(), name="ground")
    file = scenes.model_file(scenes.CARRIER, "carrier")
    robot = alone.add_entity(gs.morphs.MJCF(file=file), name="carrier")
    alone.build(n_envs=2)
    alone.load_checkpoint(tmp_path / "state.npz", strict=False)
    assert torch.equal(robot.get_qpos(), carrier.get_qpos())


def test_a_declaration_says_where_it_is_attached(scene, tmp_path):
    again = declaration.scene_of(*declaration.declared(scene), tmp_path)
    carrier, link = again.get_entity("claw").attached_to
    assert (carrier.name, link) == ("carrier", "left")


# ---------------------------------------------------------------- what is refused


def test_attach_is_refused_where_it_means_nothing(scene):
    fresh = gs.Scene()
    box = fresh.add_entity(morphs.Box(size=(1, 1, 1)), name="box")
    ball = fresh.add_entity(morphs.Sphere(), name="ball")
    plane = fresh.add_entity(morphs.Plane(), name="plane")
    with pytest.raises(ValueError, match="ball was not added to this scene before it"):
        box.attach(ball)
    with pytest.raises(ValueError, match="carrier was not added to this scene before it"):
        ball.attach(scene.get_entity("carrier"))
    nothing: Any = "box"
    with pytest.raises(TypeError, match="parent_entity is a str, needs a rigid entity"):
        ball.attach(nothing)
    nothing = 3
    with pytest.raises(TypeError, match="parent_link_name is 3, needs a link's name"):
        ball.attach(box, nothing)
    with pytest.raises(ValueError, match="a plane cannot move"):
        plane.attach(box)
    ball.attach(box)
    with pytest.raises(ValueError, match="attached to box already"):
        ball.attach(box)
    with pytest.raises(RuntimeError, match="the scene is built"):
        scene.get_entity("claw").attach(scene.get_entity("carrier"))


def compiled(write, child: str, link: str | None = None):
    specs = [
        EntitySpec("box", morphs.Box(size=(1, 1, 1)), Rigid()),
        EntitySpec("child", morphs.MJCF(file=write(child)), Rigid(), ("box", link)),
    ]
    return compile_model(specs, SimOptions(), RigidOptions())


BASE = '<body pos="0 0 1">'
BODY = '<body><freejoint/><geom size="1"/></body>'
NOT_ATTACHED = {
    "no such link": (BODY, "lid", "child: attach: box has no link 'lid'; it has box_baselink"),
    "two roots": (BODY * 2, None, "needs a model with one root, it has"),
    "something fixed": ('<geom name="pole" size="1"/>' + BODY, None, "it has geom 'pole'"),
}


@pytest.mark.parametrize("case", NOT_ATTACHED)
def test_a_model_that_cannot_be_attached_is_refused(write, case):
    world, link, message = NOT_ATTACHED[case]
    with pytest.raises(ValueError, match=message):
        compiled(write, f"<mujoco><worldbody>{world}</worldbody></mujoco>", link)


@pytest.mark.parametrize(("parent", "child"), [(2.0, 1.0), (1.0, 2.0), (2.0, 3.0)])
def test_each_has_its_own_scale(write, parent, child):
    file = write(f"<mujoco><worldbody>{BODY.replace('<body>', BASE)}</worldbody></mujoco>")
    small = morphs.MJCF(file=file, scale=child, pos=(0, 0, 5))
    specs = [
        EntitySpec("big", morphs.MJCF(file=file, scale=parent), Rigid()),
        EntitySpec("top", small, Rigid(), ("big", None)),
    ]
    mj = compile_model(specs, SimOptions(), RigidOptions()).mj
    assert mj.geom_size[:, 0].tolist() == [parent, child]
    np.testing.assert_allclose(mj.body_pos[1:, 2], [parent, 5 + child])
    np.testing.assert_allclose(mj.body_mass[2], mj.body_mass[1] * (child / parent) ** 3)


def test_signatures_tell_where_it_is_attached(write):
    model = compiled(write, f"<mujoco><worldbody>{BODY}</worldbody></mujoco>")
    assert ("entity child attached to", "box/box_baselink") in model.signature
    assert model.body_robots().tolist() == [-1, 0, 0]
    assert model.body_entities().tolist() == [-1, 0, 1]
