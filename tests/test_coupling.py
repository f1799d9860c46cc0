"""What continua do to rigid bodies, with sums given by hand."""

from collections.abc import Sequence
from pathlib import Path

import mujoco
import numpy as np
import pytest
import torch

import genesis_state as gs
from genesis_state.materials import Rigid
from genesis_state.morphs import ASSETS
from genesis_state.solvers.rigid.constants import mass_rows
from genesis_state.solvers.rigid.entity_spec import EntitySpec
from tests.coupled import DT, SHAPES, build, put, read
from tests.rigid_models import MODELS

LOWER = [(i, j) for i in range(6) for j in range(i + 1)]

CRATE = """<mujoco><worldbody><body><freejoint/><geom type="box" size="0.1 0.06 0.04" mass="0.05"/>
</body></worldbody></mujoco>"""


@pytest.fixture
def in_64_bits():
    gs.destroy()
    gs.init(precision="64")
    yield
    gs.destroy()


@pytest.fixture
def models(tmp_path) -> dict[str, Path]:
    """An arm, a body with diagonal inertia, a tree on a free body beside one on two hinges."""
    found = {"franka": ASSETS / "franka.xml"}
    for name, text in (("crate", CRATE), ("trees", MODELS["trees"])):
        found[name] = tmp_path / f"{name}.xml"
        found[name].write_text(text)
    return found


def of_files(models: dict[str, Path]) -> list[EntitySpec]:
    return [EntitySpec(name, gs.morphs.MJCF(file=path), Rigid()) for name, path in models.items()]


def columns(x: np.ndarray, about: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """g of a point at `x` along each of several unit vectors, in columns."""
    return np.concatenate([np.cross(x - about, axes), axes], axis=1).T


class Loads:
    """Points of mass that stick to bodies: with our solver, and as bodies welded on in MuJoCo."""

    def __init__(self, path: Path, integrator: str, first_body: int, bodies: Sequence[int], rng):
        self.spec = mujoco.MjSpec.from_file(str(path))
        self.spec.option.timestep = DT
        self.spec.option.gravity = [0, 0, -9.81]
        self.spec.option.integrator = getattr(mujoco.mjtIntegrator, f"mjINT_{integrator.upper()}")
        self.spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONTACT
        self.spec.option.solver = mujoco.mjtSolver.mjSOL_NEWTON
        self.spec.option.tolerance = 1e-12
        # MuJoCo 4.0.0 factors a sparse Hessian wrongly (its release notes of 4.0.1).
        self.spec.option.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
        self.plain = self.spec.compile()
        self.first_body = first_body
        self.points = [
            (b, rng.uniform(-0.2, 0.2, 3), 10 ** rng.uniform(-2, 1.5)) for b in [*bodies, *bodies]
        ]
        for b in bodies:
            self.spec.bodies[b].add_site(name=f"site {b}")
            for kind in ("force", "torque"):
                self.spec.add_sensor(
                    name=f"{kind} {b}",
                    type=getattr(mujoco.mjtSensor, f"mjSENS_{kind.upper()}"),
                    objtype=mujoco.mjtObj.mjOBJ_SITE,
                    objname=f"site {b}",
                )
        parents = list(self.spec.bodies)
        for b, pos, mass in self.points:
            parents[b].add_body(
                pos=pos, mass=mass, ipos=[0, 0, 0], inertia=[1e-11] * 3, explicitinertial=True
            )
        self.loaded = self.spec.compile()
        # Limits are as stiff as without the load.
        self.loaded.dof_invweight0[:] = self.plain.dof_invweight0

    def add(self, solver, env, qpos, qvel, inertia, momentum) -> None:
        """Adds the points to the sums, so that they go on as they would under gravity."""
        data = mujoco.MjData(self.plain)
        data.qpos[:], data.qvel[:] = qpos, qvel
        mujoco.mj_forward(self.plain, data)
        com, cvel = read(solver, "tree_com")[env], read(solver, "cvel")[env]
        rate = np.zeros((3, self.plain.nv))
        for b, pos, mass in self.points:
            own = b + self.first_body
            x = data.xpos[b] + data.xmat[b].reshape(3, 3) @ pos
            mujoco.mj_jacDot(self.plain, data, rate, None, x, b)
            g = columns(x, com[solver.mj_model.body_rootid[own]], np.eye(3))
            force = mass * (self.plain.opt.gravity - rate @ qvel)
            inertia[env, own] += mass * g @ g.T
            momentum[env, own] += mass * g @ g.T @ cvel[own] + DT * g @ force

    def theirs(self, qpos, qvel) -> mujoco.MjData:
        data = mujoco.MjData(self.loaded)
        data.qpos[:], data.qvel[:] = qpos, qvel
        mujoco.mj_forward(self.loaded, data)
        return data


@pytest.mark.parametrize("integrator", ["Euler", "implicitfast"])
def test_points_that_stick_weigh_as_bodies_welded_on(integrator, models, in_64_bits):
    n_envs = 4
    rng = np.random.default_rng(0)
    loaded = {"franka": [3, 7, 9], "crate": [1], "trees": [1, 2, 4, 5]}
    sensors = [
        gs.sensors.JointForce(entity_idx=i, link_idx_local=b - 1)
        for i, bodies in enumerate(loaded.values())
        for b in bodies
    ]
    solver = build(of_files(models), n_envs, sensors=sensors, integrator=integrator)
    mj, parts = solver.mj_model, solver.compiled.entities
    loads = [
        Loads(models[name], integrator, part.link_start, loaded[name], rng)
        for name, part in zip(loaded, parts, strict=True)
    ]
    qpos = np.tile(mj.qpos0, (n_envs, 1))
    for row in qpos:
        mujoco.mj_integratePos(mj, row, rng.normal(size=mj.nv), 1.0)
    qvel = rng.normal(size=(n_envs, mj.nv))
    put(solver, qpos=qpos, dofs_vel=qvel)

    solver.begin_coupling()
    inertia, momentum = np.zeros((n_envs, mj.nbody, 6, 6)), np.zeros((n_envs, mj.nbody, 6))
    for env in range(n_envs):
        for load, part in zip(loads, parts, strict=True):
            q, v = qpos[env, part.at("q")], qvel[env, part.at("dof")]
            load.add(solver, env, q, v, inertia, momentum)
    put(
        solver,
        coupling_inertia=np.stack([inertia[..., i, j] for i, j in LOWER], axis=-1),
        coupling_momentum=momentum,
    )
    solver.substep(last=True)
    solver.end_coupling()

    acc, cvel = read(solver, "dofs_acc"), read(solver, "cvel")
    # Of free bodies `dofs_vel` is what it is where they are now.
    after = qvel + DT * read(solver, "step_acc")
    force, torque = read(solver, "joint_wrench_force"), read(solver, "joint_wrench_torque")
    net = read(solver, "dofs_force")
    for env in range(n_envs):
        start = mujoco.MjData(mj)
        start.qpos[:] = qpos[env]
        mujoco.mj_forward(mj, start)
        sensor = 0
        for load, (name, bodies), part in zip(loads, loaded.items(), parts, strict=True):
            dofs = part.at("dof")
            theirs = load.theirs(qpos[env, part.at("q")], qvel[env, dofs])
            assert np.linalg.norm(theirs.qacc - acc[env, dofs]) < 1e-6 * np.linalg.norm(theirs.qacc)
            for b in bodies:
                for ours, kind in ((force, "force"), (torque, "torque")):
                    wanted = theirs.sensor(f"{kind} {b}").data
                    scale = np.linalg.norm(wanted) + 1.0
                    assert np.linalg.norm(ours[env, sensor] - wanted) < 1e-6 * scale, (name, b)
                sensor += 1
        inert = np.zeros(mj.nv)
        mujoco.mj_mulM(mj, start, inert, acc[env])
        assert np.allclose(net[env], inert, rtol=1e-9, atol=1e-9 * np.abs(inert).max())
        linear, angular = np.zeros((2, 3, mj.nv))
        for b in range(mj.nbody):
            mujoco.mj_jac(mj, start, linear, angular, start.subtree_com[mj.body_rootid[b]], b)
            moved = np.concatenate([angular @ after[env], linear @ after[env]])
            assert np.allclose(cvel[env, b], moved, atol=1e-9)


FLOATING = """
<mujoco><worldbody>
  <body name="root"><freejoint/><geom type="box" size="0.1 0.06 0.04" mass="0.5"/>
    <body pos="0.1 0 0.1"><joint axis="0 1 0" damping="0.1" armature="0.02"/>
      <geom type="capsule" size="0.03 0.1" mass="0.2"/></body></body>
  <body name="alone" pos="1 0 0"><freejoint/><geom type="box" size="0.1 0.2 0.1" mass="2"/></body>
</worldbody></mujoco>
"""


@pytest.mark.parametrize("integrator", ["Euler", "implicitfast"])
@pytest.mark.parametrize(("precision", "within"), [("64", 1e-12), ("32", 2e-5)])
def test_bodies_receive_the_momentum_that_matter_loses(precision, within, integrator, write):
    gs.destroy()
    gs.init(precision=precision)
    path = write(FLOATING)
    model = EntitySpec("floating", gs.morphs.MJCF(file=path), Rigid())
    solver = build([model], 3, integrator=integrator, gravity=(0, 0, 0))
    mj = solver.mj_model
    rng = np.random.default_rng(1)
    # Nothing turns yet, so that no momentum goes into changing directions.
    qvel = np.zeros((3, mj.nv))
    qvel[:, [0, 1, 2, 7, 8, 9]] = rng.normal(size=(3, 6))
    put(solver, dofs_vel=qvel)
    solver.begin_coupling()
    com, before = read(solver, "tree_com"), read(solver, "cvel")
    inertia, momentum = np.zeros((3, mj.nbody, 6, 6)), np.zeros((3, mj.nbody, 6))
    for env, mass in enumerate((1e-3, 1.0, 1e4)):
        for b in (1, 2, 3):
            for _ in range(4):  # points that slide, each along another direction
                axis = rng.normal(size=(1, 3))
                axis /= np.linalg.norm(axis)
                about = com[env, mj.body_rootid[b]]
                g = columns(about + rng.uniform(-0.2, 0.2, 3), about, axis)
                inertia[env, b] += mass * g @ g.T
                momentum[env, b] += mass * g @ rng.normal(size=1)
    put(
        solver,
        coupling_inertia=np.stack([inertia[..., i, j] for i, j in LOWER], axis=-1),
        coupling_momentum=momentum,
    )
    solver.substep(last=True)
    solver.end_coupling()
    after = read(solver, "cvel")
    own = read(solver, "cinert")
    solver.close()
    for env in range(3):
        for tree in ((1, 2), (3,)):
            gained, given, scale = np.zeros(6), np.zeros(6), 0.0
            for b in tree:
                gained += spatial_inertia(own[env, b]) @ (after[env, b] - before[env, b])
                given += momentum[env, b] - inertia[env, b] @ after[env, b]
                scale += np.abs(momentum[env, b]).sum() + np.abs(before[env, b]).sum()
            assert np.abs(gained - given).max() < within * scale


def spatial_inertia(numbers: np.ndarray) -> np.ndarray:
    """The 6x6 matrix of a spatial inertia of ten numbers."""
    xx, yy, zz, xy, xz, yz, hx, hy, hz, mass = numbers
    h = np.array([[0, -hz, hy], [hz, 0, -hx], [-hy, hx, 0]])
    return np.block(
        [[np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]), h], [-h, mass * np.eye(3)]]
    )


def test_untouched_bodies_move_as_in_a_scene_without_continua(models, in_64_bits):
    arm = of_files({"franka": models["franka"]})
    ends = []
    for coupled in (False, True):
        solver = build(arm, 2, coupled=coupled, substeps=3)
        solver.arena.poison_scratch()
        with solver.arena.edit("links_applied_force") as (force,):
            force[:, 5] = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        solver.step()
        assert not solver.arena.get("links_applied_force").any()
        ends.append([read(solver, name) for name in ("qpos", "dofs_vel", "dofs_force")])
        rows = [mass_rows(solver.mj_model, full=full) for full in (False, True)]
        assert rows[0] == rows[1]
    for one, other in zip(*ends, strict=True):
        assert np.array_equal(one, other)


def test_bodies_of_an_environment_that_stopped_stand_still(models, in_64_bits):
    solver = build(of_files(models), 2)
    put(solver, dofs_vel=np.ones((2, solver.mj_model.nv)), error=np.array([True, False]))
    solver.begin_coupling()
    before = read(solver, "cvel")
    solver.substep(last=True)
    solver.end_coupling()
    after = read(solver, "cvel")
    for cvel in (before, after):
        assert not cvel[0].any()
        assert cvel[1].any()


def test_continua_touch_what_collides_unless_told_not_to(write, in_64_bits):
    path = write(SHAPES)
    shapes = gs.morphs.MJCF(file=path)
    specs = [
        EntitySpec("icy", shapes, Rigid(coup_friction=0.0)),
        EntitySpec("ghost", shapes, Rigid(needs_coup=False)),
        EntitySpec("rough", shapes, Rigid(coup_friction=2.0)),
        EntitySpec("plain", gs.morphs.Box(size=(1, 1, 1)), Rigid()),
    ]
    solver = build(specs, enable_collision=True)
    mj = solver.mj_model
    friction = dict(zip(solver.coupling.geoms.tolist(), solver.coupling.friction, strict=True))
    assert len(friction) == 15
    assert all(mj.geom_contype[g] for g in friction)
    names = {0.0: "icy", 2.0: "rough", 0.1: "plain"}
    owners = [names[f] for g, f in friction.items() if mj.geom_bodyid[g]]
    assert owners == ["icy"] * 6 + ["rough"] * 6 + ["plain"]
    # A file's geoms without a body are the file's too.
    assert [f for g, f in friction.items() if not mj.geom_bodyid[g]] == [0.0, 2.0]
    assert np.array_equal(read(solver, "coupled_geom_friction")[0], list(friction.values()))
    assert solver.counts.coupled_types == {0, 2, 3, 4, 5, 6, 7}

    lone = [EntitySpec("ground", gs.morphs.Plane(), Rigid())]
    assert build(lone).counts.coupled_geoms == 1
    apart = build(lone, coupled=False)
    assert (apart.counts.coupled, apart.counts.coupled_geoms) == (0, 0)
    assert dict(apart.signature()).keys() < dict(build(lone).signature()).keys()
    with pytest.raises(ValueError, match=r"RK4.*need Euler or implicitfast"):
        build(lone, integrator="RK4")


def test_fixed_bodies_alone_take_no_step_and_keep_no_force() -> None:
    scene = gs.Scene()
    scene.add_entity(gs.morphs.Plane())
    post = scene.add_entity(gs.morphs.Box(size=(0.1, 0.1, 1.0), fixed=True))
    scene.build(n_envs=2)
    before = scene.get_state()
    post.apply_links_external_force([[1.0, 0.0, 0.0]], links_idx_local=[0])
    assert scene.get_state().rigid.links_applied_force.any()
    scene.step()
    assert {var.key for var in scene.get_state().diff(before)} == {"Scene.envs_t"}
