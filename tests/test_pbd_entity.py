"""Cloth, elastic solids, liquid and free particles: what is declared, held, let go and refused."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from bad_pbd_calls import BAD
from sheets import sheet_file

import genesis_state as gs
from genesis_state.materials import PBD

N = 3
SIZE = 0.1
SHEET = sheet_file(4, 4, SIZE)
OPTIONS = gs.options.PBDOptions(particle_size=SIZE, lower_bound=(-2, -2, 0), upper_bound=(2, 2, 2))


def make_scene(n_envs: int, **options: Any) -> SimpleNamespace:
    scene = gs.Scene(sim_options=gs.options.SimOptions(**options), pbd_options=OPTIONS)
    block = scene.add_entity(gs.morphs.Box(size=(0.2,) * 3, pos=(1, 0, 0.2), euler=(0, 0, 90)))
    ground = scene.add_entity(gs.morphs.Plane())
    sheet = scene.add_entity(
        gs.morphs.Mesh(file=SHEET, pos=(0, 0, 1.0)), PBD.Cloth(rho=2), name="sheet"
    )
    cube = gs.morphs.Box(size=(0.3,) * 3, pos=(0, 0, 0.4))
    jelly = scene.add_entity(cube, PBD.Elastic(), name="jelly")
    ball = gs.morphs.Sphere(radius=0.2, pos=(-1, 0, 0.4))
    ball = scene.add_entity(ball, PBD.Liquid(rho=500), name="ball")
    dust = scene.add_entity(gs.morphs.Box(size=(0.2,) * 3, pos=(0, 1, 1)), PBD.Particle())
    hose = scene.add_emitter(PBD.Liquid(), max_particles=40)
    hose.entity.name = "hose"  # short in messages
    scene.build(n_envs=n_envs)
    kinds = {"sheet": sheet, "jelly": jelly, "ball": ball, "dust": dust, "hose": hose}
    return SimpleNamespace(scene=scene, block=block, ground=ground, **kinds)


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
    return s.scene.get_state()[f"PBDSolver.{name}"]


def test_entities_are_what_their_material_says(s):
    kinds = [type(e).__name__ for e in (s.sheet, s.jelly, s.ball, s.dust, s.hose.entity)]
    assert kinds == [
        "PBD2DEntity",
        "PBD3DEntity",
        "PBDParticleEntity",
        "PBDFreeParticleEntity",
        "PBDParticleEntity",
    ]
    assert (s.sheet.n_particles, s.sheet.n_edges, s.sheet.n_inner_edges) == (16, 33, 21)
    assert (s.jelly.n_particles, s.jelly.n_elems, s.jelly.elems.shape) == (64, 162, (162, 4))
    starts = s.scene.pbd_solver.particle_starts
    for i, entity in enumerate((s.sheet, s.jelly, s.ball, s.dust, s.hose.entity)):
        assert (entity.particle_start, entity.particle_end) == starts[i : i + 2]
    assert s.hose.place == 0


def test_masses_are_exact(s, flat):
    np.testing.assert_allclose(s.sheet.get_mass(), [2 * 0.09] * N, rtol=1e-6)
    np.testing.assert_allclose(s.jelly.get_mass(envs_idx=[0, 2]), [27, 27], rtol=1e-6)
    np.testing.assert_allclose(flat.ball.get_mass(), 500 * 4 / 3 * np.pi * 8e-3, rtol=1e-6)
    assert s.hose.entity.get_mass().tolist() == [0] * N
    s.jelly.set_particles_active(False, range(32), envs_idx=1)
    assert 0 < s.jelly.get_mass()[1] < 27


def test_corners_are_fixed_and_released(s, flat):
    s.sheet.set_velocity([0, 0, 1])
    for corner in ((-1, -1, 1), (1, 1, 1)):
        found = s.sheet.find_closest_particle(corner)
        assert found.tolist() == [found[0]] * N
        s.sheet.fix_particles(found)  # alike in all environments
        s.sheet.set_particles_pos((*corner[:2], 1.5), found, envs_idx=[0, 1])
    assert (~s.sheet.get_particles_free()).nonzero().tolist() == [
        [e, p] for e in range(N) for p in (0, 15)
    ]
    assert s.sheet.get_particles_vel()[:, [0, 15, 7], 2].tolist() == [[0, 0, 1]] * N
    np.testing.assert_allclose(s.sheet.get_particles_pos()[:, 15, 2], [1.5, 1.5, 1])
    s.sheet.release_particle([0, 15], envs_idx=[2, 0])
    assert s.sheet.get_particles_free().all(dim=1).tolist() == [True, False, True]
    s.sheet.release_particles()
    s.sheet.fix_particles([[1, 2], [3, 4], [5, 6]], zero_velocity=False)  # by environment
    assert (~s.sheet.get_particles_free()).nonzero()[:, 1].tolist() == [1, 2, 3, 4, 5, 6]
    assert s.sheet.get_particles_vel()[0, 1].tolist() == [0, 0, 1]
    assert s.ball.get_particles_free().all() and s.jelly.get_particles_free().all()
    flat.sheet.fix_particles(flat.sheet.find_closest_particle((-1, 1, 1)))
    assert (~flat.sheet.get_particles_free()).nonzero().tolist() == [[3]]


def test_what_differs_between_environments_is_fixed_by_environment(s):
    s.sheet.set_position([[0, 0, 1], [0.2, 0, 1], [0, 0.2, 1]])
    found = s.sheet.find_closest_particle((-0.15, -0.15, 1))
    s.sheet.fix_particles(found[:, None])
    pinned = (~s.sheet.get_particles_free()).nonzero().tolist()
    assert pinned == [[0, 0], [1, found[1].item()], [2, found[2].item()]]


def test_a_link_carries_what_is_fixed_to_it(s):
    link = s.block.links[0]
    s.sheet.set_position([1, 0, 0.5], envs_idx=[0, 1])
    s.sheet.fix_particles_to_link(link.idx, [0, 5], envs_idx=1)
    held = variable(s, "attached_body")
    assert held.nonzero().tolist() == [[1, 0], [1, 5]] and held.max() == link.idx + 1
    # The block is turned by a quarter: its x axis is the world's y.
    offset = s.sheet.get_particles_pos()[1, 0] - link.get_pos()[1]
    place = variable(s, "attached_pos")[1, s.sheet.particle_start]
    np.testing.assert_allclose(place, [offset[1], -offset[0], offset[2]], atol=1e-6)
    assert (~s.sheet.get_particles_free()).nonzero().tolist() == [[1, 0], [1, 5]]
    s.sheet.release_particles(envs_idx=1)
    assert not variable(s, "attached_body").any() and s.sheet.get_particles_free().all()


def test_a_new_place_leaves_pins_and_a_new_droplet_has_none(s):
    s.sheet.fix_particles([3])
    s.sheet.set_position([0, 0, 1.2])
    assert not s.sheet.get_particles_free()[:, 3].any()
    hose = s.hose.entity
    hose.fix_particles(range(4))
    hose.fix_particles_to_link(0, [4])
    s.hose.emit("square", 0.2, 0.2, pos=(0, 0, 1.5), envs_idx=[0, 2])
    assert hose.get_particles_active().sum(dim=1).tolist() == [8, 0, 8]
    assert hose.get_particles_free().all(dim=1).tolist() == [True, False, True]
    assert variable(s, "attached_body").nonzero().tolist() == [[1, hose.particle_start + 4]]


def test_cloth_of_another_size_is_another_scene(fresh_runtime):
    states = []
    for scale in (1.0, 1.0, 1.001):
        scene = gs.Scene(pbd_options=OPTIONS)
        scene.add_entity(gs.morphs.Mesh(file=SHEET, scale=scale, pos=(0, 0, 1)), PBD.Cloth())
        scene.build()
        states.append(scene.get_state())
    with pytest.raises(ValueError, match="pbd rest shapes"):
        scene.reset(states[0])
    assert states[0].layout == states[1].layout


def test_a_mesh_finer_than_its_particles_has_room_for_its_neighbours(fresh_runtime):
    fine = gs.morphs.Mesh(file=sheet_file(40, 40, SIZE / 10), pos=(0, 0, 1))
    scene = gs.Scene(pbd_options=OPTIONS)
    scene.add_entity(fine, PBD.Cloth())
    scene.build()
    n = scene.pbd_solver.counts
    inside = 40**2 * np.pi * 10**2  # neighbours of each, but for the rim
    assert 0.6 * inside < n.lanes * n.near.room < 2 * inside
    scene.close()


@pytest.mark.parametrize(("kind", "message", "call"), BAD, ids=[m[:60] for _, m, _ in BAD])
def test_bad_calls_are_one_clear_sentence_and_change_nothing(s, kind, message, call: Callable):
    before = s.scene.get_state(params=True)
    with pytest.raises(kind) as caught:
        call(s)
    assert message in str(caught.value)
    assert before.equal(s.scene.get_state(params=True))


def test_there_has_to_be_a_link_that_can_hold(fresh_runtime):
    for body, message in ((None, "the scene has no links; add a rigid"), (False, "no body of the")):
        scene = gs.Scene(pbd_options=OPTIONS)
        sheet = scene.add_entity(gs.morphs.Mesh(file=SHEET, pos=(0, 0, 1)), PBD.Cloth())
        if body is not None:
            scene.add_entity(gs.morphs.Sphere(radius=0.1), gs.materials.Rigid(needs_coup=False))
        scene.build()
        with pytest.raises(ValueError, match=message):
            sheet.fix_particles_to_link(0, [0])
        scene.close()


CUBE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"
BUILDS: dict[str, tuple[type[Exception], str, str]] = {
    "non-manifold": (ValueError, CUBE + "v 0 0 1\nf 1 2 3\nf 1 3 4\nf 1 3 5", "to 3 faces, needs"),
    "flat": (ValueError, CUBE + "v 2 0 0\nf 1 2 5\nf 1 3 4", "faces without area: 1; leave"),
    "outside": (ValueError, CUBE.replace("1 1", "9 1") + "f 1 2 3", "is 7 m above the domain"),
}


@pytest.mark.parametrize("case", BUILDS)
def test_cloth_that_cannot_be_is_refused(case, fresh_runtime, tmp_path):
    kind, text, message = BUILDS[case]
    (tmp_path / "sheet.obj").write_text(text)
    scene = gs.Scene(pbd_options=OPTIONS)
    scene.add_entity(gs.morphs.Mesh(file=str(tmp_path / "sheet.obj")), PBD.Cloth(), name="a")
    with pytest.raises(kind, match=message) as caught:
        scene.build()
    assert str(caught.value).startswith("a: ")


def test_matter_of_one_solver_must_not_overlap_but_may_touch(fresh_runtime):
    def add(scene: gs.Scene, x: float, material: Any) -> None:
        scene.add_entity(gs.morphs.Box(size=(0.2,) * 3, pos=(x, 0, 0.3)), material)

    for one, other in ((PBD.Liquid(), PBD.Elastic()), (PBD.Elastic(), PBD.Elastic())):
        scene = gs.Scene(pbd_options=OPTIONS)
        add(scene, 0.1, one)
        add(scene, 0.3, other)
        scene.build()
        scene.close()
        scene = gs.Scene(pbd_options=OPTIONS)
        add(scene, 0.1, one)
        add(scene, 0.2, other)
        with pytest.raises(ValueError, match=r"box_0 and box_1 overlap: \d+ particles of one lie"):
            scene.build()


def test_declarations_that_do_not_fit_are_refused(fresh_runtime):
    with pytest.raises(ValueError, match=r"PBDOptions: dt is 0\.1, SimOptions has 0\.01"):
        gs.Scene(pbd_options=gs.options.PBDOptions(dt=0.1))
    scene = gs.Scene()
    with pytest.raises(TypeError, match="add_emitter: material is a Cloth, needs one of"):
        scene.add_emitter(PBD.Cloth())  # pyright: ignore
    sized = gs.morphs.Sphere(radius=0.1, maxvolume=1e-6)
    with pytest.raises(ValueError, match="drop: maxvolume is that of tetrahedra, and Liquid has"):
        scene.add_entity(sized, PBD.Liquid(), name="drop")
    scene.add_entity(gs.morphs.Box(size=(1, 1, 1)), PBD.Cloth(), name="sheet")
    with pytest.raises(TypeError, match="sheet: Box is no sheet for cloth; use gs"):
        scene.build()
