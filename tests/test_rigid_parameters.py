"""Physical parameters of each environment, beside MuJoCo models that were compiled with them."""

from collections.abc import Callable, Iterator
from typing import Any

import mujoco
import numpy as np
import pytest
import torch

import genesis_state as gs

N = 4
MODEL = """
<mujoco>
  <option timestep="0.004" integrator="implicitfast"/>
  <worldbody>
    <geom name="floor" type="plane" size="5 5 1" friction="0.3 0.01 0.001"/>
    <body name="base" pos="0 0 0.6">
      <freejoint/>
      <geom type="box" size="0.1 0.15 0.05" mass="2"/>
      <body name="upper" pos="0.1 0 0" euler="0 20 10">
        <joint name="shoulder" type="ball" damping="0.1"/>
        <geom type="capsule" fromto="0 0 0 0.2 0 0" size="0.03" mass="0.7"/>
        <body name="lower" pos="0.2 0 0">
          <joint name="elbow" axis="0 1 0" armature="0.02" stiffness="1" frictionloss="0.05"/>
          <joint name="slip" type="slide" axis="1 0 0" limited="true" range="-0.1 0.1"/>
          <geom type="capsule" fromto="0 0 0 0.2 0 0" size="0.03" mass="0.4" condim="4"/>
          <site name="tip" pos="0.2 0 0"/>
        </body>
      </body>
    </body>
    <body name="ball" pos="0.6 0 0.1">
      <freejoint/>
      <geom type="sphere" size="0.1" mass="1" condim="6" priority="1" friction="0.7 0.02 0.01"/>
      <site name="knot" pos="0 0 0.1"/>
    </body>
  </worldbody>
  <tendon>
    <spatial range="0 0.2" armature="0.1" damping="0.3">
      <site site="tip"/><site site="knot"/>
    </spatial>
  </tendon>
</mujoco>
"""


@pytest.fixture(scope="module")
def scene(fresh_runtime: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[gs.Scene]:
    gs.init(precision="64")
    path = tmp_path_factory.mktemp("models") / "model.xml"
    path.write_text(MODEL)
    made = gs.Scene(
        sim_options=gs.options.SimOptions(dt=0.004),
        rigid_options=gs.options.RigidOptions(
            iterations=100,
            tolerance=1e-12,
            batch_links_info=True,
            batch_dofs_info=True,
            batch_geoms_info=True,
            batch_gravity=True,
        ),
    )
    made.add_entity(gs.morphs.MJCF(file=str(path)), name="toy")
    made.build(n_envs=N)
    yield made
    made.close()


@pytest.fixture
def toy(scene: gs.Scene) -> Any:
    scene.reset(params=True)
    return scene.entities[0]


COM = np.random.default_rng(1).uniform(-0.02, 0.02, (N, 4, 3))
SCALE = np.random.default_rng(2).uniform(0.5, 2.0, (N, 40))

Change = tuple[Callable[[gs.Scene, Any], None], Callable[[mujoco.MjModel, int], None]]


def tensor(values: Any) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values))


def set_masses(scene: gs.Scene, toy: Any) -> None:
    toy.set_links_inertial_mass(toy.get_links_inertial_mass() * tensor(SCALE[:, :4]))


def scale_masses(mj: mujoco.MjModel, e: int) -> None:
    mj.body_mass[1:] *= SCALE[e, :4]
    mj.body_inertia[1:] *= SCALE[e, :4, None]


def scaled(name: str, field: str) -> Change:
    """A parameter of dofs or joints, made larger or smaller."""

    def ours(scene: gs.Scene, toy: Any) -> None:
        now = getattr(toy, f"get_dofs_{name}")()
        getattr(toy, f"set_dofs_{name}")(now * tensor(SCALE[:, : now.shape[1]]))

    def theirs(mj: mujoco.MjModel, e: int) -> None:
        values = getattr(mj, field)
        values[:] *= SCALE[e, : len(values)]

    return ours, theirs


def set_stiffness(scene: gs.Scene, toy: Any) -> None:
    toy.set_dofs_stiffness(tensor(3.0 * SCALE[:, :2]), [9, 10])


def stiffen(mj: mujoco.MjModel, e: int) -> None:
    mj.jnt_stiffness[2:4] = 3.0 * SCALE[e, :2]


def add_friction(scene: gs.Scene, toy: Any) -> None:
    toy.set_dofs_frictionloss(tensor(0.3 * SCALE[:, 6:11]), range(6, 11))


def add_dry_friction(mj: mujoco.MjModel, e: int) -> None:
    mj.dof_frictionloss[6:11] = 0.3 * SCALE[e, 6:11]


def tilt(scene: gs.Scene, toy: Any) -> None:
    scene.rigid_solver.set_gravity(tensor(SCALE[:, :3] * [1, -1, -6]))


def tilt_too(mj: mujoco.MjModel, e: int) -> None:
    mj.opt.gravity[:] = SCALE[e, :3] * [1, -1, -6]


def roughen(scene: gs.Scene, toy: Any) -> None:
    toy.set_friction(tensor(SCALE[:, :4]))


def roughen_too(mj: mujoco.MjModel, e: int) -> None:
    for g in range(mj.ngeom):
        if mj.geom_bodyid[g]:
            mj.geom_friction[g, 0] = SCALE[e, mj.geom_bodyid[g] - 1]


CHANGES: dict[str, Change] = {
    "mass": (set_masses, scale_masses),
    "centre of mass": (lambda s, t: t.set_COM_shift(tensor(COM)), lambda mj, e: None),
    "damping": scaled("damping", "dof_damping"),
    "armature": scaled("armature", "dof_armature"),
    "dry friction": (add_friction, add_dry_friction),
    "stiffness": (set_stiffness, stiffen),
    "gravity": (tilt, tilt_too),
    "friction": (roughen, roughen_too),
}


def everything(scene: gs.Scene, toy: Any) -> None:
    for ours, _ in list(CHANGES.values()):
        if ours is not everything:
            ours(scene, toy)


def everything_too(mj: mujoco.MjModel, e: int) -> None:
    for _, theirs in list(CHANGES.values()):
        if theirs is not everything_too:
            theirs(mj, e)


CHANGES["everything"] = (everything, everything_too)


def compiled(change: str, e: int) -> mujoco.MjModel:
    """MuJoCo's model with a change; it refuses to move the centres of mass of one that is there."""
    spec = mujoco.MjSpec.from_string(MODEL)
    if change in ("centre of mass", "everything"):
        base = mujoco.MjModel.from_xml_string(MODEL)
        for b, body in enumerate(spec.bodies[1:], start=1):
            body.explicitinertial = True
            body.mass, body.inertia = base.body_mass[b], base.body_inertia[b]
            body.ipos, body.iquat = base.body_ipos[b] + COM[e, b - 1], base.body_iquat[b]
    mj = spec.compile()
    CHANGES[change][1](mj, e)
    mujoco.mj_setConst(mj, mujoco.MjData(mj))
    return mj


def mean_inertia(mj: mujoco.MjModel) -> float:
    """What the compiler would write into the model."""
    data = mujoco.MjData(mj)
    mujoco.mj_forward(mj, data)
    M = np.zeros((mj.nv, mj.nv))
    mujoco.mj_fullM(mj, data, M)
    return float(M.diagonal().mean())


@pytest.mark.parametrize("change", CHANGES)
def test_it_moves_as_mujoco_with_that_parameter(change: str, scene: gs.Scene, toy: Any) -> None:
    CHANGES[change][0](scene, toy)
    qpos = toy.get_qpos()
    qpos[:, 2] = 0.22  # into the floor a little, once it has turned
    qpos[:, 3:7] = torch.tensor([0.9, 0.3, -0.2, 0.1]) / np.sqrt(0.95)
    qpos[:, 11] = 0.3
    qpos[:, 12] = 0.11  # at a limit
    qpos[:, -5] = 0.099  # the ball in the floor
    toy.set_qpos(qpos)
    toy.set_dofs_velocity(tensor(SCALE[:, : toy.n_dofs] - 1.0))
    cone = scene.rigid_solver.mj_model.opt.cone
    for e in range(N):
        mj = compiled(change, e)
        mj.opt.iterations, mj.opt.tolerance, mj.opt.cone = 100, 1e-12, cone
        data = mujoco.MjData(mj)
        own = scene.rigid_solver.arena
        np.testing.assert_allclose(
            own.get("bodies_invweight")[e].numpy(), mj.body_invweight0, rtol=1e-9, atol=1e-12
        )
        np.testing.assert_allclose(
            own.get("dofs_invweight")[e].numpy(), mj.dof_invweight0, rtol=1e-9, atol=1e-12
        )
        np.testing.assert_allclose(
            own.get("tendons_invweight")[e].numpy(), mj.tendon_invweight0, rtol=1e-9
        )
        np.testing.assert_allclose(own.get("inertia_scale")[e, 0], mean_inertia(mj), rtol=1e-9)
        np.testing.assert_allclose(
            own.get("bodies_tree_mass")[e].numpy(), mj.body_subtreemass, rtol=1e-12
        )
        data.qpos[:] = qpos[e].numpy()
        data.qvel[:] = SCALE[e, : mj.nv] - 1.0
        mujoco.mj_step(mj, data)
        theirs_acc = data.qacc.copy()
        if e == 0:
            scene.step()
        found = scene.get_state().rigid.dofs_acc[e].numpy()
        scale = np.abs(theirs_acc).max()
        np.testing.assert_allclose(found, theirs_acc, atol=1e-6 * scale, err_msg=f"{change} {e}")
        assert data.ncon > 0 or e


def test_a_mass_shift_adds_to_the_model(scene: gs.Scene, toy: Any) -> None:
    model = tensor(scene.rigid_solver.mj_model.body_mass[1:])
    for _ in range(2):  # it does not add up
        toy.set_mass_shift(0.25, [1, 2], envs_idx=[0, 3])
    mass = toy.get_links_inertial_mass()
    wanted = model.repeat(N, 1)
    wanted[0, 1:3] += 0.25
    wanted[3, 1:3] += 0.25
    torch.testing.assert_close(mass, wanted)
    moments = scene.rigid_solver.arena.get("bodies_inertia")
    torch.testing.assert_close(
        moments[0], tensor(scene.rigid_solver.mj_model.body_inertia), rtol=1e-12, atol=0
    )


def test_other_environments_keep_theirs(scene: gs.Scene, toy: Any) -> None:
    was = scene.get_state(params=True)
    for ours, _ in CHANGES.values():
        ours(scene, toy)
    changed = scene.get_state(params=True)
    scene.reset(state=was, params=True)
    toy.set_links_inertial_mass(1.5, envs_idx=torch.tensor([False, True, False, False]))
    toy.set_dofs_armature(0.5, [6, 7], envs_idx=1)
    toy.set_friction(0.9, 2, envs_idx=[1])
    scene.rigid_solver.set_gravity([0, 0, -1.6], envs_idx=1)
    now = scene.get_state(params=True)
    for e in (0, 2, 3):
        assert now[e].equal(was[e])
    assert {d.key for d in was.diff(now)} == {
        *("RigidSolver.bodies_mass", "RigidSolver.bodies_inertia", "RigidSolver.bodies_tree_mass"),
        *("RigidSolver.bodies_invweight", "RigidSolver.dofs_invweight"),
        "RigidSolver.tendons_invweight",
        *("RigidSolver.inertia_scale", "RigidSolver.dofs_armature"),
        *("RigidSolver.geoms_friction", "RigidSolver.envs_gravity"),
    }
    assert not changed.equal(was)


def test_geoms_of_one_link_have_friction_of_their_own(scene: gs.Scene, toy: Any) -> None:
    was = toy.get_geoms_friction()
    toy.set_geoms_friction([[0.2, 0.4], [0.6, 0.8]], [2, 0], envs_idx=[3, 1])
    now = toy.get_geoms_friction()
    assert now[1, [0, 2]].tolist() == pytest.approx([0.8, 0.6])
    assert now[3, [0, 2]].tolist() == pytest.approx([0.4, 0.2])
    assert torch.equal(toy.get_geoms_friction([2, 0], [1]), now[[1]][:, [2, 0]])
    now[1, [0, 2]], now[3, [0, 2]] = was[1, [0, 2]], was[3, [0, 2]]
    assert torch.equal(now, was)


REFUSED: list[tuple[Callable[[gs.Scene, Any], Any], type[Exception], str]] = [
    (lambda s, t: t.set_links_inertial_mass(0.0), ValueError, "a mass of 0 kg, needs a positive"),
    (lambda s, t: t.set_mass_shift(-5.0), ValueError, "a mass of -"),
    (lambda s, t: t.set_dofs_damping(-1.0), ValueError, "-1, needs 0 or more"),
    (lambda s, t: t.set_dofs_stiffness(1.0), ValueError, "are of free joint"),
    (lambda s, t: t.set_friction(-0.1), ValueError, "-0.1, needs 0 or more"),
    (lambda s, t: t.set_geoms_friction(-0.1), ValueError, "-0.1, needs 0 or more"),
    (lambda s, t: t.set_COM_shift([0.0, 0.0]), ValueError, "set_COM_shift"),
    (lambda s, t: t.set_links_inertial_mass(1.0, envs_idx=[9]), IndexError, "envs_idx"),
    (lambda s, t: s.rigid_solver.set_gravity([0.0, 1.0]), ValueError, r"shape \(2,\), needs"),
    (lambda s, t: s.rigid_solver.set_gravity([0, 0, torch.nan]), ValueError, "needs finite"),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_what_cannot_be_is_refused_and_changes_nothing(
    case: int, scene: gs.Scene, toy: Any
) -> None:
    call, kind, words = REFUSED[case]
    was = scene.get_state(params=True)
    with pytest.raises(kind, match=words):
        call(scene, toy)
    assert scene.get_state(params=True).equal(was)


SHARED: dict[str, Callable[[gs.Scene, Any], Any]] = {
    "batch_links_info": lambda s, t: t.set_links_inertial_mass(1.0),
    "batch_dofs_info": lambda s, t: t.set_dofs_damping(1.0),
    "batch_geoms_info": lambda s, t: t.set_friction(1.0),
    "batch_gravity": lambda s, t: s.rigid_solver.set_gravity([0, 0, -1]),
}


def test_environments_share_what_was_not_asked_for(
    fresh_runtime: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("models") / "model.xml"
    path.write_text(MODEL)
    shared = gs.Scene()
    toy: Any = shared.add_entity(gs.morphs.MJCF(file=str(path)), name="toy")
    shared.build(n_envs=2)
    for flag, call in SHARED.items():
        with pytest.raises(RuntimeError, match=rf"{flag}=True"):
            call(shared, toy)
    rigid = next(owner for owner in shared.layout.owners if owner.name == "RigidSolver")
    assert [var.name for var in rigid.param.variables if var.nbytes] == [
        *("dofs_kp", "dofs_kv", "dofs_force_lower", "dofs_force_upper")
    ]
    mj = shared.rigid_solver.mj_model
    for found, wanted in (
        (toy.get_links_inertial_mass(), mj.body_mass[1:]),
        (toy.get_dofs_damping(), mj.dof_damping),
        (toy.get_dofs_armature(), mj.dof_armature),
        (toy.get_dofs_frictionloss(), mj.dof_frictionloss),
        (toy.get_dofs_stiffness(), mj.jnt_stiffness[mj.dof_jntid]),
        (toy.get_dofs_invweight(), mj.dof_invweight0),
        (toy.get_links_invweight(), mj.body_invweight0[1:]),
        (shared.rigid_solver.get_gravity(), mj.opt.gravity),
        (toy.get_geoms_friction(), mj.geom_friction[mj.geom_bodyid > 0, 0]),
    ):
        assert found.shape[0] == 2
        torch.testing.assert_close(found[1].double(), tensor(wanted).double())
    shared.close()
