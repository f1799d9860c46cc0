"""The SPH solver as a solver: density at rest, environments apart, parameters, what stops it."""

import numpy as np
import pytest
import torch

import genesis_state as gs
from genesis_state.sampling import particles
from genesis_state.solvers.sph.rest import rest_volume
from tests.matter_checks import lost_matter_stops_its_environment_alone
from tests.sph_matter import pressures

SIZE = 0.02
WATER = gs.materials.SPH.Liquid(gamma=0.0)


@pytest.fixture(scope="module", autouse=True)
def precision(fresh_runtime: None) -> None:
    gs.init(precision="32")


def pool(*extra: tuple[gs.morphs.Morph, gs.materials.SPH.Liquid]) -> gs.Scene:
    """A block of water in the corner of a box, with a floor on the bottom of the domain."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=5),
        sph_options=gs.options.SPHOptions(
            particle_size=SIZE, lower_bound=(0.0, 0.0, 0.0), upper_bound=(0.4, 0.4, 0.6)
        ),
    )
    scene.add_entity(gs.morphs.Plane())
    scene.add_entity(gs.morphs.Box(lower=(0, 0, 0), upper=(0.2, 0.2, 0.2)), WATER, name="water")
    for morph, material in extra:
        scene.add_entity(morph, material)
    return scene


@pytest.fixture(scope="module")
def scene() -> gs.Scene:
    built = pool()
    built.build(n_envs=3)
    return built


def run(scene: gs.Scene, steps: int = 5) -> torch.Tensor:
    """Positions after some steps."""
    for _ in range(steps):
        scene.step()
    return scene.get_entity("water").get_particles_pos()


def test_a_lattice_between_walls_and_a_floor_is_at_rest(scene):
    """Where floor and bottom of the domain are one, they count once."""
    scene.reset()
    scene.rigid_solver.begin_coupling()
    scene.sph_solver.approach()
    x, density, _ = pressures(scene)
    deep = (x < 0.2 - SIZE).all(axis=1)
    assert deep.sum() == 9**3
    assert np.abs(density[deep] - 1.0).max() < 0.01


@pytest.mark.parametrize(
    "morph",
    [
        gs.morphs.Box(size=(0.105, 0.11, 0.2), quat=(0.9, 0.1, 0.3, 0.2)),
        gs.morphs.Sphere(radius=0.1),
        gs.morphs.Cylinder(radius=0.1, height=0.13),
    ],
    ids=lambda morph: type(morph).__name__,
)
def test_no_shape_starts_compressed(morph):
    """Boxes stretch the lattice, and round shapes have not the volume of its cells."""
    found = particles(morph, SIZE)
    x = found.positions
    q = np.linalg.norm(x[:, None] - x[None], axis=-1) / (2 * SIZE)
    w = 2 * np.maximum(1 - q, 0) ** 3 - 8 * np.maximum(0.5 - q, 0) ** 3
    density = rest_volume(x, found.volume, 2 * SIZE) * w.sum(axis=1) / (np.pi * SIZE**3)
    assert density.max() == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "value"),
    [("pos", 0.7), ("pos", float("nan")), ("vel", float("inf")), ("vel", float("nan"))],
)
def test_a_particle_that_gets_lost_stops_its_environment_and_no_other(scene, name, value):
    lost_matter_stops_its_environment_alone(scene, run, name, value)


def test_more_neighbours_than_there_is_room_for_stop_an_environment(scene):
    scene.reset()
    with scene.sph_solver.arena.edit("pos") as (pos,):
        pos[2] = 0.1 + 0.02 * torch.rand(pos[2].shape, generator=torch.Generator().manual_seed(1))
    before = scene.get_entity("water").get_particles_pos()[2]
    after = run(scene, 1)[2]
    assert scene.sph_solver.get_error_envs_mask().tolist() == [False, False, True]
    assert torch.equal(after, before)


def test_inactive_particles_change_nothing(scene):
    scene.reset()
    expected = run(scene)
    other = pool((gs.morphs.Nowhere(n_particles=3000), gs.materials.SPH.Liquid(rho=500)))
    other.build(n_envs=3)
    assert torch.equal(run(other), expected)


def test_parameters_hold_in_each_environment(scene):
    scene.reset()
    with scene.sph_solver.arena.edit("mu") as (mu,):
        mu[1] *= 4.0
    pos = run(scene, 25)
    front = pos.amax(dim=1)[:, 0]
    assert front[0] == front[2]
    assert front[1] < front[0] - 0.01
    scene.reset(params=True)


def test_what_is_between_a_heavy_body_and_the_floor_stays_above_the_floor():
    scene = pool()
    scene.add_entity(
        gs.morphs.Sphere(radius=0.05, pos=(0.1, 0.1, 0.27)), gs.materials.Rigid(rho=8000)
    )
    scene.build(n_envs=1)
    for _ in range(80):
        scene.step()
        assert scene.get_entity("water").get_particles_pos()[..., 2].min() > 0.45 * SIZE
    assert not scene.sph_solver.get_error_envs_mask().any()
