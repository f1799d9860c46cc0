"""The PBD solver as a solver: environments apart, order of sums, parameters, what stops it."""

import pytest
import sheets
import torch

import genesis_state as gs
from genesis_state.kernels import pbd_step
from genesis_state.solvers.pbd.coloring import colored
from tests.matter_checks import lost_matter_stops_its_environment_alone


@pytest.fixture(scope="module", autouse=True)
def precision(fresh_runtime: None) -> None:
    gs.init(precision="32")


def pond(extra: int = 0) -> gs.Scene:
    """Cloth over water and jelly; `extra` particles of liquid that take no part."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=4),
        pbd_options=gs.options.PBDOptions(
            particle_size=0.02, lower_bound=(-0.3, -0.3, 0.0), upper_bound=(0.3, 0.3, 0.6)
        ),
    )
    scene.add_entity(
        gs.morphs.Mesh(file=sheets.sheet_file(11, 11, 0.02), pos=(0.0, 0.0, 0.16)),
        gs.materials.PBD.Cloth(),
        name="cloth",
    )
    for name, x, material in (
        ("water", -0.1, gs.materials.PBD.Liquid()),
        ("jelly", 0.1, gs.materials.PBD.Elastic()),
    ):
        cube = gs.morphs.Box(pos=(x, 0.0, 0.07), size=(0.12, 0.12, 0.12))
        scene.add_entity(cube, material, name=name)
    if extra:
        scene.add_entity(gs.morphs.Nowhere(n_particles=extra), gs.materials.PBD.Liquid())
    return scene


@pytest.fixture(scope="module")
def scene() -> gs.Scene:
    """Three environments of it."""
    built = pond()
    built.build(n_envs=3)
    return built


NAMES = ("cloth", "water", "jelly")


def run(scene: gs.Scene, steps: int = 5) -> torch.Tensor:
    """Positions of all that takes part after some steps."""
    for _ in range(steps):
        scene.step()
    return torch.cat([scene.get_entity(name).get_particles_pos() for name in NAMES], dim=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("pos", 0.7), ("pos", float("nan")), ("vel", float("inf")), ("vel", float("nan"))],
)
def test_a_particle_that_gets_lost_stops_its_environment_and_no_other(scene, name, value):
    lost_matter_stops_its_environment_alone(scene, run, name, value)


def test_inactive_particles_change_nothing(scene):
    scene.reset()
    expected = run(scene)
    # As many lanes as without them, for each takes the particles of its share in their order.
    other = pond(extra=100)
    other.build(n_envs=3)
    assert torch.equal(run(other), expected)


def test_ties_to_what_takes_no_part_do_not_pull(scene):
    scene.reset()
    jelly = scene.get_entity("jelly")
    pos = jelly.get_particles_pos()[0]
    jelly.set_particles_active(False, (pos[:, 2] > 0.07).nonzero().squeeze(1))
    run(scene, 20)
    low = (pos[:, 2] < 0.05).nonzero().squeeze(1)
    assert (jelly.get_particles_pos()[:, low, 2] < 0.06).all()
    scene.reset()


def test_parameters_hold_in_each_environment(scene):
    scene.reset()
    with scene.pbd_solver.arena.edit("air_resistance", "stretch_compliance") as (drag, stretch):
        drag[1, 0] = 10.0
        stretch[2, 2] = 1e-2
    run(scene, 5)
    height = scene.get_entity("cloth").get_particles_pos()[..., 2].mean(dim=1)
    assert height[0] == height[2]
    assert height[1] > height[0] + 5e-4
    jelly = scene.get_entity("jelly").get_particles_pos()
    assert torch.equal(jelly[0], jelly[1])
    assert not torch.equal(jelly[0], jelly[2])
    scene.reset(params=True)


def test_what_is_fixed_keeps_its_velocity_and_what_is_released_falls(scene):
    scene.reset()
    cloth = scene.get_entity("cloth")
    before = cloth.get_particles_pos()
    cloth.set_particles_vel((0.0, 0.0, 0.5))
    cloth.fix_particles(zero_velocity=False)
    run(scene, 5)
    moved = cloth.get_particles_pos() - before
    assert torch.allclose(moved, torch.tensor([0.0, 0.0, 0.01]), atol=1e-6)
    cloth.release_particles()
    run(scene, 1)
    assert (cloth.get_particles_vel()[..., 2] < 0.5).all()
    scene.reset()


def test_no_two_constraints_of_a_color_share_a_particle(scene):
    for ties in (scene.pbd_solver.edges, scene.pbd_solver.hinges, scene.pbd_solver.tets):
        for begin, end in zip(ties.color_starts, ties.color_starts[1:], strict=False):
            group = ties.particles[begin:end].reshape(-1)
            assert len(set(group.tolist())) == len(group)
        order, starts = colored(ties.particles)
        assert starts[-1] == len(ties) == len(set(order.tolist()))


def test_ties_solved_by_color_or_by_environment_come_out_alike(scene, monkeypatch):
    scene.reset()
    expected = run(scene)
    scene.reset()
    monkeypatch.setattr(pbd_step, "by_color", lambda n: True)
    assert torch.equal(run(scene), expected)
