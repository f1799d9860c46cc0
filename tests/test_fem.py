"""The FEM solver as a solver: environments apart, order of sums, what is held, what stops it."""

from typing import Any

import numpy as np
import pytest
import torch

import genesis_state as gs
from tests.fem_matter import Solid, block
from tests.matter_checks import lost_matter_stops_its_environment_alone

FEM = gs.materials.FEM
WAYS = pytest.mark.parametrize("implicit", [False, True], ids=["explicit", "implicit"])


@pytest.fixture(scope="module", autouse=True)
def precision(fresh_runtime: None) -> None:
    gs.init(precision="32")


def fallen(n_envs: int, implicit: bool, **given: Any) -> gs.Scene:
    """A cube just above the ground."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=4),
        fem_options=gs.options.FEMOptions(
            floor_height=0.0, use_implicit_solver=implicit, enable_vertex_constraints=True, **given
        ),
    )
    scene.add_entity(
        gs.morphs.Box(pos=(0.0, 0.0, 0.052), size=(0.1, 0.1, 0.1), maxvolume=0.025**3 / 6),
        FEM.Elastic(E=2e4, nu=0.3, model="linear_corotated"),
        name="cube",
    )
    scene.build(n_envs=n_envs)
    return scene


def run(scene: gs.Scene, steps: int = 5) -> torch.Tensor:
    """Positions after some steps, shape (n_envs, n_vertices, 3)."""
    for _ in range(steps):
        scene.step()
    return scene.get_entity("cube").get_vertices_pos()


@WAYS
def test_a_vertex_that_gets_lost_stops_its_environment_and_no_other(implicit):
    scene = fallen(3, implicit)
    for name, value in (("pos", float("nan")), ("vel", float("inf"))):
        lost_matter_stops_its_environment_alone(scene, run, name, value)


@WAYS
def test_an_environment_of_many_is_what_it_is_alone(implicit):
    assert torch.equal(run(fallen(16, implicit))[11], run(fallen(1, implicit))[0])


@WAYS
def test_parameters_hold_in_each_environment(implicit):
    scene = fallen(2, implicit)
    with scene.fem_solver.arena.edit("mu", "lam") as (mu, lam):
        mu[1] *= 0.1
        lam[1] *= 0.1
    scene.get_entity("cube").set_velocity([0.0, 0.0, -1.0])
    height = torch.stack([run(scene, 1)[..., 2] for _ in range(8)])
    extent = (height.amax(dim=2) - height.amin(dim=2)).amin(dim=0)
    assert extent[1] < 0.9 * extent[0]


@WAYS
def test_without_its_elements_a_vertex_stays_and_the_others_go_on(implicit):
    scene = fallen(1, implicit)
    cube = scene.get_entity("cube")
    start = cube.get_vertices_pos()[0]
    vertex = 0
    around = np.flatnonzero((cube.elems == vertex).any(axis=1)).tolist()
    whole = cube.get_mass().item()
    cube.set_elements_active(False, around)
    assert cube.get_mass().item() == pytest.approx(whole * (1 - len(around) / cube.n_elements))
    x = run(scene, 3)[0]
    assert torch.equal(x[vertex], start[vertex])
    assert (x[1:, 2] < start[1:, 2]).all()


def test_implicit_free_fall_is_that_of_backward_euler():
    h, n = 1e-2, 30
    rest, elements = block((-0.1, -0.1, 0.0), (0.1, 0.1, 0.2), 0.1)
    cube = Solid(
        rest,
        elements,
        FEM.Elastic(model="stable_neohookean"),
        dt=h,
        gravity=10.0,
        use_implicit_solver=True,
    )
    cube.put(vel=np.array((1.0, -2.0, 3.0)))
    cube.step(n)
    fallen = np.array((1.0, -2.0, 3.0)) * n * h - np.array((0.0, 0.0, 5.0)) * n * (n + 1) * h * h
    assert np.abs(cube.bent - fallen).max() < 1e-5


@WAYS
def test_held_vertices_are_at_their_targets_and_springs_pull_to_theirs(implicit):
    scene = fallen(1, implicit)
    cube = scene.get_entity("cube")
    start = cube.get_vertices_pos()[0]
    top = (start[:, 2] > 0.101).nonzero().flatten().tolist()
    hard, soft = top[:3], top[-3:]
    goal = start[hard] + torch.tensor([0.0, 0.0, 0.02])
    cube.set_vertex_constraints(hard, goal)
    lifted = start[soft] + torch.tensor([0.0, 0.0, 0.05])
    cube.set_vertex_constraints(soft, lifted, is_soft_constraint=True, stiffness=1e6)
    x = run(scene, 100)[0]
    torch.testing.assert_close(x[hard], goal, atol=1e-6, rtol=0)
    assert ((x[soft] - lifted).norm(dim=1) < 0.005).all()
    cube.remove_vertex_constraints()
    assert (run(scene, 60)[0][:, 2].min() - 0.0).abs() < 1e-3


BALL = '<mujoco><worldbody><body pos="0 0 0.3"><freejoint/><geom type="sphere" size="0.03" \
mass="0.5"/></body></worldbody></mujoco>'


@WAYS
@pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
def test_a_body_that_holds_vertices_feels_their_weight(implicit, soft, write):
    """In free fall, thrown upwards with what hangs on it: momentum is that of one thing."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=4, gravity=(0, 0, 0)),
        fem_options=gs.options.FEMOptions(
            use_implicit_solver=implicit, enable_vertex_constraints=True, damping_alpha=0.0
        ),
    )
    ball = scene.add_entity(gs.morphs.MJCF(file=write(BALL)))
    cube = scene.add_entity(
        gs.morphs.Box(pos=(0.0, 0.0, 0.2), size=(0.1, 0.1, 0.1), maxvolume=0.05**3 / 6),
        FEM.Elastic(E=5e4, nu=0.3, model="linear_corotated"),
    )
    scene.build()
    top = cube.init_positions[:, 2] > 0.249
    spring = {"is_soft_constraint": True, "stiffness": 1e3} if soft else {}
    cube.set_vertex_constraints(top.nonzero().flatten().tolist(), link=ball.links[0], **spring)
    ball.set_dofs_velocity([0.5, 0.0, 1.0, 0.0, 0.0, 0.0])
    for _ in range(50):
        scene.step()
    mass = 1000.0 * 0.001
    part = (
        torch.bincount(torch.from_numpy(cube.elems).flatten(), minlength=cube.n_vertices)
        / cube.elems.size
    )
    carried = mass * (part[:, None] * cube.get_vertices_vel().reshape(-1, 3)).sum(0)
    total = carried + 0.5 * ball.get_dofs_velocity().flatten()[:3]
    torch.testing.assert_close(total, torch.tensor([0.25, 0.0, 0.5]), atol=2e-5, rtol=0)
    assert carried[2] > 0.2
