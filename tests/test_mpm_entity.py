"""Entities of particles: what is declared, set, read and refused."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import trimesh
from bad_particle_calls import BAD

import genesis_state as gs
from genesis_state.materials import MPM

N = 3
SIZE = 0.1
OPTIONS = gs.options.MPMOptions(grid_density=16, particle_size=SIZE, upper_bound=(1, 1, 1))


def make_scene(n_envs: int, **options: Any) -> SimpleNamespace:
    scene = gs.Scene(sim_options=gs.options.SimOptions(**options), mpm_options=OPTIONS)
    ball = scene.add_entity(
        gs.morphs.Sphere(radius=0.2, pos=(0.5, 0, 0.5)), MPM.Sand(), name="ball"
    )
    box = gs.morphs.Box(size=(0.3,) * 3, pos=(0, 0, 0.4), euler=(0, 0, 90))
    jelly = scene.add_entity(box, MPM.Elastic(rho=500), name="jelly")
    hose = scene.add_emitter(MPM.Liquid(), max_particles=40)
    hose.entity.name = "hose"  # short in messages
    scene.build(n_envs=n_envs)
    return SimpleNamespace(scene=scene, ball=ball, jelly=jelly, hose=hose)


@pytest.fixture(scope="module")
def built(fresh_runtime: None) -> tuple[SimpleNamespace, SimpleNamespace]:
    """A scene of three environments, and one without their axis on the other transport."""
    return make_scene(N), make_scene(0, state_transport="kernel")


@pytest.fixture
def s(built) -> SimpleNamespace:
    built[0].scene.reset()
    return built[0]


@pytest.fixture
def flat(built) -> SimpleNamespace:
    built[1].scene.reset()
    return built[1]


def variable(s: SimpleNamespace, name: str) -> torch.Tensor:
    return s.scene.get_state()[f"MPMSolver.{name}"]


def shake(s: SimpleNamespace, seed: int = 0) -> None:
    """Every variable of every particle unlike that of any other, positions but little."""
    draw = torch.Generator().manual_seed(seed)
    state = s.scene.get_state()
    for name, width in (("pos", 0.01), ("vel", 1.0), ("C", 1.0), ("F", 0.1), ("Jp", 0.1)):
        value = state[f"MPMSolver.{name}"]
        value += width * torch.rand(value.shape, generator=draw)
    s.scene.reset(state)


def test_entities_are_numbered_all_together_and_particles_by_their_solver(s):
    assert [entity.idx for entity in s.scene.entities] == [0, 1, 2]
    assert s.scene.get_entity("jelly") is s.jelly and s.hose.entity is s.scene.entities[2]
    n = s.ball.n_particles
    assert (n, s.jelly.n_particles, s.hose.max_particles) == (32, 27, 40)
    assert (s.jelly.particle_start, s.jelly.particle_end, s.jelly.particle_size) == (
        n,
        n + 27,
        SIZE,
    )
    assert s.scene.mpm_solver.particle_starts == (0, n, n + 27, n + 67)
    assert repr(s.jelly) == "MPMEntity('jelly', Box)"


def test_getters_read_what_was_sampled(s, flat):
    for entity, active in ((s.ball, True), (s.jelly, True), (s.hose.entity, False)):
        pos = entity.get_particles_pos()
        assert pos.shape == (N, entity.n_particles, 3)
        np.testing.assert_array_equal(pos[1], entity.init_particles.astype(np.float32))
        assert (entity.get_particles_active() == active).all()
        assert entity.get_particles_vel([0, 2]).shape == (2, entity.n_particles, 3)
    assert flat.jelly.get_particles_pos().shape == (27, 3)
    np.testing.assert_allclose(s.jelly.get_mass(), [0.027 * 500] * N, rtol=1e-6)
    np.testing.assert_allclose(flat.ball.get_mass(), 4 / 3 * np.pi * 8, rtol=1e-6)
    assert s.hose.entity.get_mass(envs_idx=1).tolist() == [0]


def test_a_new_place_is_free_of_stress_and_at_rest(s):
    shake(s)
    before = s.scene.get_state()
    s.jelly.set_particles_pos([[0, 0, 0.5], [0.1, 0, 0.5]], [3, 1], envs_idx=[2, 0])
    first = s.jelly.particle_start
    for name, value in (("vel", 0.0), ("C", 0.0), ("F", torch.eye(3)), ("Jp", 1.0)):
        found = variable(s, name)[[2, 0]][:, [first + 3, first + 1]]
        assert (found == value).all(), name
    pos = s.jelly.get_particles_pos()
    np.testing.assert_allclose(pos[[2, 0]][:, 3], [[0, 0, 0.5]] * 2)
    np.testing.assert_allclose(pos[[2, 0]][:, 1], [[0.1, 0, 0.5]] * 2, rtol=1e-6)
    after = s.scene.get_state()
    assert before[1].equal(after[1])
    others = np.setdiff1d(np.arange(99), [first + 1, first + 3])
    for name in ("pos", "vel", "C", "F", "Jp", "active"):
        key = f"MPMSolver.{name}"
        assert torch.equal(before[key][:, others], after[key][:, others]), name
    s.jelly.set_particles_pos([0, 0, 0.5], slice(5, 20, 2), envs_idx=1)
    stretched = variable(s, "F")[1, first : first + 27]
    assert (stretched == torch.eye(3)).all(dim=(1, 2)).nonzero().flatten().tolist() == [
        *range(5, 20, 2)
    ]
    s.ball.set_particles_pos(s.ball.get_particles_pos())
    assert (variable(s, "Jp")[:, : s.ball.n_particles] == 0).all(), "what sand is at rest"


def test_position_of_the_whole(s, flat):
    shape = torch.tensor(s.jelly.init_particles - (0, 0, 0.4), dtype=torch.float32)
    s.jelly.set_position([[0.1, 0.2, 0.3], [0, 0, 0.5]], envs_idx=[2, 0])
    pos = s.jelly.get_particles_pos()
    np.testing.assert_allclose(pos[2], shape + torch.tensor([0.1, 0.2, 0.3]), atol=1e-6)
    np.testing.assert_allclose(pos[0], shape + torch.tensor([0, 0, 0.5]), atol=1e-6)
    np.testing.assert_array_equal(pos[1], s.jelly.init_particles.astype(np.float32))
    flat.jelly.set_position([0.1, 0.2, 0.3])
    np.testing.assert_array_equal(flat.jelly.get_particles_pos(), pos[2])
    flat.jelly.set_position(pos[0])
    np.testing.assert_array_equal(flat.jelly.get_particles_pos(), pos[0])
    s.jelly.set_position(pos.flip(0))
    np.testing.assert_array_equal(s.jelly.get_particles_pos(), pos.flip(0))


def test_velocity_of_the_whole(s):
    s.jelly.set_velocity([1, 2, 3], envs_idx=1)
    s.jelly.set_velocity([[4, 5, 6], [7, 8, 9]], envs_idx=[2, 0])
    vel = s.jelly.get_particles_vel()
    assert vel[:, 5].tolist() == [[7, 8, 9], [1, 2, 3], [4, 5, 6]]
    assert (vel == vel[:, :1]).all()
    each = np.arange(81.0).reshape(27, 3)
    s.jelly.set_velocity(each, envs_idx=[True, False, False])
    np.testing.assert_array_equal(s.jelly.get_particles_vel()[0], each)
    assert not s.ball.get_particles_vel().any()


def test_which_particles_take_part(s):
    s.jelly.deactivate(envs_idx=0)
    s.jelly.set_active([1] * 20 + [0] * 7, envs_idx=1)
    s.jelly.set_particles_active([[True, False]], [4, 5], envs_idx=0)
    assert s.jelly.get_particles_active().sum(dim=1).tolist() == [1, 20, 27]
    np.testing.assert_allclose(s.jelly.get_mass(), [0.5, 10, 13.5], rtol=1e-6)
    corner = s.jelly.init_particles[26]
    assert s.jelly.find_closest_particle(corner).tolist()[::2] == [4, 26]
    assert s.jelly.find_closest_particle(corner, envs_idx=1).item() < 20
    s.jelly.deactivate()
    assert s.jelly.find_closest_particle(corner, envs_idx=[2, 1]).tolist() == [-1, -1]
    s.jelly.activate()
    assert s.jelly.get_particles_active().all()
    placed = s.hose.entity
    placed.set_particles_pos([0, 0, 0.5], [7, 8])
    placed.set_particles_active(True, [7, 8])
    assert placed.get_particles_active().sum().item() == 2 * N


def test_what_is_pressed_into_a_wall_may_be_put_back(s):
    s.jelly.set_particles_pos([0, 0, OPTIONS.domain.lower[2] - 0.9 / 16], [0])
    s.jelly.set_particles_pos(s.jelly.get_particles_pos())
    with pytest.raises(ValueError, match="below the domain"):
        s.jelly.set_particles_pos([0, 0, OPTIONS.domain.lower[2] - 1.1 / 16], [0])


@pytest.mark.parametrize(
    ("kind", "message", "call"), BAD, ids=[message[:60] for _, message, _ in BAD]
)
def test_bad_calls_are_one_clear_sentence_and_change_nothing(s, kind, message, call: Callable):
    shake(s)
    before = s.scene.get_state(params=True)
    with pytest.raises(kind) as caught:
        call(s)
    assert message in str(caught.value)
    assert before.equal(s.scene.get_state(params=True))


def test_sensors_find_their_rigid_entity_among_all():
    scene = gs.Scene(mpm_options=OPTIONS)
    scene.add_entity(gs.morphs.Box(size=(0.3,) * 3, pos=(0, 0, 0.5)), MPM.Elastic(), name="jelly")
    scene.add_entity(gs.morphs.Sphere(radius=0.1, pos=(0.5, 0, 0.5)), name="one")
    two = scene.add_entity(gs.morphs.Sphere(radius=0.1, pos=(-0.5, 0, 0.5)), name="two")
    sensor = scene.add_sensor(gs.sensors.IMU(entity_idx=two.idx))
    with pytest.raises(TypeError, match="add_sensor: jelly has no links"):
        scene.add_sensor(gs.sensors.IMU(entity_idx=0))
    scene.build(n_envs=1)
    assert (two.idx, two.link_start, sensor.options.entity_idx) == (2, 1, 2)
    assert scene.rigid_solver.sensors.bodies == [2]
    assert [solver.alias() for solver in scene.solvers] == ["rigid", "mpm"]
    assert two.get_pos().tolist() == [[-0.5, 0, 0.5]]
    with pytest.raises(TypeError, match="with_entity is a MPMEntity, needs a rigid entity"):
        two.get_contacts(with_entity=scene.entities[0])
    scene.close()


def hull(tmp_path) -> str:
    torn = trimesh.creation.box((1, 1, 1))
    torn.update_faces(np.arange(12) > 0)
    torn.export(tmp_path / "torn.stl")
    return str(tmp_path / "torn.stl")


BUILDS: dict[str, tuple[type[Exception], Callable[..., list[Any]], str]] = {
    "plane": (TypeError, lambda path: [gs.morphs.Plane()], "a: Plane is no solid shape that"),
    "model": (
        TypeError,
        lambda path: [gs.morphs.MJCF(file="franka.xml")],
        "a: MJCF is no solid shape that matter could fill; use gs.morphs.Box",
    ),
    "torn": (ValueError, lambda path: [gs.morphs.Mesh(file=hull(path))], "torn.stl is not closed"),
    "outside": (
        ValueError,
        lambda path: [gs.morphs.Box(size=(0.3, 0.3, 0.3), pos=(0, 0, 0.25))],
        "a: a particle is 0.0375 m below the domain, which begins at z=0.1875 (3 cells inside of "
        "lower_bound)",
    ),
    "overlap": (
        ValueError,
        lambda path: [
            gs.morphs.Box(size=(0.3, 0.3, 0.3), pos=(0, 0, 0.5)),
            gs.morphs.Sphere(radius=0.2, pos=(0.21, 0.21, 0.71)),
        ],
        "a and b overlap: 1 particles of one lie in the shape of the other; move them apart.",
    ),
}


@pytest.mark.parametrize("case", BUILDS)
def test_what_cannot_be_built_is_refused(case, tmp_path):
    kind, shapes, message = BUILDS[case]
    scene = gs.Scene(mpm_options=OPTIONS)
    for name, morph in zip("ab", shapes(tmp_path), strict=False):
        scene.add_entity(morph, MPM.Elastic(), name=name)
    with pytest.raises(kind) as caught:
        scene.build()
    assert message in str(caught.value)


def test_shapes_that_touch_are_apart():
    for sampler in ("regular", "random"):
        scene = gs.Scene(mpm_options=OPTIONS)
        for x in (-0.15, 0.15):
            box = gs.morphs.Box(size=(0.3, 0.3, 0.3), pos=(x, 0, 0.5))
            scene.add_entity(box, MPM.Elastic(sampler=sampler))
        scene.build()
        scene.close()


def test_declarations_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"MPMOptions: dt is 0\.1, SimOptions has 0\.01"):
        gs.Scene(mpm_options=gs.options.MPMOptions(dt=0.1))
    scene = gs.Scene()
    with pytest.raises(TypeError, match="material is a str, needs"):
        scene.add_entity(gs.morphs.Sphere(), "gold")  # pyright: ignore
    with pytest.raises(TypeError, match="add_emitter: material is a Rigid, needs one of"):
        scene.add_emitter(gs.materials.Rigid())  # pyright: ignore
    with pytest.raises(ValueError, match="max_particles is 0, needs a positive integer"):
        scene.add_emitter(MPM.Liquid(), max_particles=0)
    assert not scene.entities and not scene.emitters
