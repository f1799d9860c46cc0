"""The MPM solver as a solver: environments apart, order of sums, parameters, what stops it."""

import matter
import pytest
import torch

import genesis_state as gs
from tests.matter_checks import lost_matter_stops_its_environment_alone


@pytest.fixture(scope="module", autouse=True)
def precision(fresh_runtime: None) -> None:
    gs.init(precision="32")


@pytest.fixture(scope="module")
def scene() -> gs.Scene:
    """Three environments of a cube that falls onto a plane."""
    built = matter.cube(0.12)
    built.build(n_envs=3)
    return built


def run(scene: gs.Scene, steps: int = 5) -> torch.Tensor:
    """Positions after some steps."""
    for _ in range(steps):
        scene.step()
    return scene.get_entity("cube").get_particles_pos()


@pytest.mark.parametrize(
    ("name", "value"),
    [("pos", 0.7), ("pos", float("nan")), ("vel", float("inf")), ("vel", 1e5), ("F", float("nan"))],
)
def test_a_particle_that_gets_lost_stops_its_environment_and_no_other(scene, name, value):
    lost_matter_stops_its_environment_alone(scene, run, name, value)


def test_inactive_particles_change_nothing(scene):
    scene.reset()
    expected = run(scene)
    other = matter.cube(0.12)
    other.add_entity(gs.morphs.Nowhere(n_particles=3000), gs.materials.MPM.Elastic())
    other.build(n_envs=3)
    assert torch.equal(run(other), expected)


def test_parameters_hold_in_each_environment(scene):
    scene.reset()
    with scene.mpm_solver.arena.edit("mu", "lam") as (mu, lam):
        mu[1] *= 0.1
        lam[1] *= 0.1
    scene.get_entity("cube").set_velocity([0.0, 0.0, -2.0])
    pos = run(scene, 4)
    height = (pos.amax(dim=1) - pos.amin(dim=1))[:, 2]
    assert height[0] == height[2]
    assert height[1] < 0.9 * height[0]
    scene.reset(params=True)
