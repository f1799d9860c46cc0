"""Entities of tetrahedra: what is declared, set, held and refused."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from bad_fem_calls import BAD

import genesis_state as gs
from genesis_state.materials import FEM, PBD
from genesis_state.solvers.fem.spec import FEMSpec
from genesis_state.solvers.pbd.spec import PBDSpec

N = 3
OPTIONS = gs.options.FEMOptions(enable_vertex_constraints=True)
BEAM = gs.morphs.Box(size=(0.2, 0.1, 0.2), pos=(0, 0, 1), maxvolume=0.1**3 / 6)


def make_scene(n_envs: int, **options: Any) -> SimpleNamespace:
    scene = gs.Scene(sim_options=gs.options.SimOptions(**options), fem_options=OPTIONS)
    block = gs.morphs.Box(size=(0.2,) * 3, pos=(1, 0, 0.2), euler=(0, 0, 90))
    block = scene.add_entity(block, name="block")
    coarse = gs.morphs.Sphere(radius=0.2, pos=(-1, 0, 1), maxvolume=1e-3)
    ball = scene.add_entity(coarse, FEM.Elastic(rho=500), name="ball")
    beam = scene.add_entity(BEAM, FEM.Elastic(), name="beam")
    scene.build(n_envs=n_envs)
    return SimpleNamespace(scene=scene, block=block, ball=ball, beam=beam)


@pytest.fixture(scope="module")
def built(fresh_runtime: None) -> tuple[SimpleNamespace, SimpleNamespace]:
    """A scene of three environments, and one without their axis on the other transport."""
    one, other = make_scene(N), make_scene(0, state_transport="kernel")
    one.stranger = other.block.links[0]
    return one, other


@pytest.fixture
def s(built) -> SimpleNamespace:
    built[0].scene.reset()
    return built[0]


@pytest.fixture
def flat(built) -> SimpleNamespace:
    built[1].scene.reset()
    return built[1]


def variable(s: SimpleNamespace, name: str) -> torch.Tensor:
    """A variable of the beam's vertices."""
    first = s.beam.v_start
    return s.scene.get_state()[f"FEMSolver.{name}"][:, first : first + s.beam.n_vertices]


def test_counts_places_and_masses(s, flat):
    assert (s.beam.n_vertices, s.beam.n_elements, s.beam.n_surfaces) == (18, 24, 32)
    assert s.beam.n_surface_vertices == 18
    assert s.beam.get_el2v().shape == (24, 4) and s.beam.get_el2v().dtype == torch.int32
    solver = s.scene.fem_solver
    assert solver.vertex_starts == (0, s.ball.n_vertices, s.ball.n_vertices + 18)
    assert (s.beam.v_start, s.beam.el_start) == (solver.vertex_starts[1], solver.element_starts[1])
    np.testing.assert_allclose(s.beam.get_mass(), [4.0] * N, rtol=1e-6)
    assert 0 < flat.ball.get_mass() < 500 * 4 / 3 * np.pi * 8e-3
    assert torch.equal(s.beam.get_vertices_pos()[1], s.beam.init_positions)
    assert flat.beam.get_vertices_vel().shape == (18, 3)
    assert repr(s.beam) == "FEMEntity('beam', Box)"


def test_vertices_are_set_one_by_one_and_as_a_whole(s, flat):
    s.beam.set_velocity([1, 2, 3])
    s.beam.set_vertices_pos([[0, 0, 2], [0, 1, 2]], [3, 1], envs_idx=[2, 0])
    pos, vel = s.beam.get_vertices_pos(), s.beam.get_vertices_vel()
    assert pos[[2, 0]][:, [3, 1]].tolist() == [[[0, 0, 2], [0, 1, 2]]] * 2
    assert vel[:, [1, 2, 3], 0].tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    rest = s.beam.init_positions
    s.beam.set_position([[0.5, 0, 1], [0, 0.5, 1]], envs_idx=[1, 2])
    moved = s.beam.get_vertices_pos()
    np.testing.assert_allclose(moved[1], rest + torch.tensor([0.5, 0, 0]), atol=1e-6)
    np.testing.assert_allclose(moved[2], rest + torch.tensor([0, 0.5, 0]), atol=1e-6)
    assert torch.equal(moved[0], pos[0])
    flat.beam.set_vertices_vel([0, 0, 1], slice(0, 18, 2))
    assert flat.beam.get_vertices_vel()[:, 2].tolist() == [1, 0] * 9
    assert not flat.ball.get_vertices_vel().any()


def test_which_elements_take_part(s):
    s.beam.deactivate(envs_idx=0)
    s.beam.set_elements_active([True] * 6 + [False] * 18, envs_idx=1)
    assert s.beam.get_elements_active().sum(dim=1).tolist() == [0, 6, 24]
    np.testing.assert_allclose(s.beam.get_mass(), [0, 1, 4], rtol=1e-5)
    corner = s.beam.init_positions[17]
    found = s.beam.find_closest_vertex(corner)
    assert found[0] == -1 and found[2] == 17
    used = np.unique(s.beam.elems[:6])
    assert found[1].item() in used and 17 not in used
    s.beam.activate()
    assert s.beam.get_elements_active().all() and s.ball.get_elements_active().all()


def test_vertices_are_held_where_they_are_where_they_should_be_and_by_links(s, flat):
    s.beam.set_vertex_constraints([0, 2], envs_idx=1)
    s.beam.set_vertex_constraints([5], [0, 0, 2], is_soft_constraint=True, stiffness=100.0)
    assert variable(s, "constrained")[:, [0, 2, 5]].tolist() == [[0, 0, 2], [1, 1, 2], [0, 0, 2]]
    target = variable(s, "constraint_target")
    assert torch.equal(target[1, [0, 2]], s.beam.get_vertices_pos()[1, [0, 2]])
    assert target[:, 5].tolist() == [[0, 0, 2]] * N
    assert variable(s, "constraint_stiffness")[2, 5] == 100
    link = s.block.links[0]
    s.beam.set_vertex_constraints([7], [1.5, 0, 0.2], link=link, envs_idx=[2])
    assert variable(s, "constraint_body")[:, 7].tolist() == [0, 0, link.idx + 1]
    # The block is turned by a quarter: the world's x axis is its -y.
    np.testing.assert_allclose(variable(s, "constraint_target")[2, 7], [0, -0.5, 0], atol=1e-6)
    s.beam.update_constraint_targets([7], [1, 0.5, 0.2], envs_idx=2)
    np.testing.assert_allclose(variable(s, "constraint_target")[2, 7], [0.5, 0, 0], atol=1e-6)
    s.beam.update_constraint_targets([5], [0, 0, 3])
    s.beam.remove_vertex_constraints([0, 5], envs_idx=[True, True, False])
    assert variable(s, "constrained").nonzero().tolist() == [[1, 2], [2, 5], [2, 7]]
    assert variable(s, "constraint_target")[:, 5, 2].tolist() == [3] * N
    s.beam.remove_vertex_constraints()
    assert not variable(s, "constrained").any()
    flat.beam.set_vertex_constraints([1], link=flat.block.links[0])
    assert variable(flat, "constrained").nonzero().tolist() == [[0, 1]]


@pytest.mark.parametrize(("kind", "message", "call"), BAD, ids=[m[:60] for _, m, _ in BAD])
def test_bad_calls_are_one_clear_sentence_and_change_nothing(s, kind, message, call: Callable):
    s.beam.set_vertex_constraints([0, 1], envs_idx=1)
    before = s.scene.get_state(params=True)
    with pytest.raises(kind) as caught:
        call(s)
    assert message in str(caught.value)
    assert before.equal(s.scene.get_state(params=True))


def test_holding_has_to_be_allowed(fresh_runtime):
    scene = gs.Scene()
    beam = scene.add_entity(BEAM, FEM.Elastic(), name="beam")
    scene.build()
    with pytest.raises(ValueError) as caught:
        beam.set_vertex_constraints([0])
    assert str(caught.value) == (
        "beam.set_vertex_constraints: vertices cannot be held in this scene; make it with "
        "fem_options=gs.options.FEMOptions(enable_vertex_constraints=True)."
    )
    scene.close()


def test_elements_that_are_inverted_or_flat_at_rest_are_refused():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=float)
    inverted, none = np.array([[1, 0, 2, 3]]), np.zeros((0, 2), dtype=int)
    with pytest.raises(ValueError, match="beam: element 0 is inverted at rest"):
        FEMSpec("beam", FEM.Elastic(), vertices, inverted)
    with pytest.raises(ValueError, match="beam: element 0 is flat at rest"):
        FEMSpec("beam", FEM.Elastic(), vertices * (1, 1, 0), np.array([[0, 1, 2, 3]]))
    with pytest.raises(ValueError, match="jelly: element 0 is inverted at rest"):
        PBDSpec("jelly", PBD.Elastic(), vertices, np.ones(4), none, none, inverted)


def test_what_cannot_be_filled_is_refused(fresh_runtime):
    for morph, message in (
        (gs.morphs.Plane(), "a: Plane is no solid shape that matter could fill"),
        (gs.morphs.Nowhere(n_particles=3), "a: Nowhere is no solid shape"),
    ):
        scene = gs.Scene()
        scene.add_entity(morph, FEM.Elastic(), name="a")
        with pytest.raises(TypeError, match=message):
            scene.build()
    with pytest.raises(ValueError, match="a: maxvolume is that of tetrahedra, and Rigid has none"):
        gs.Scene().add_entity(BEAM, name="a")
    scene = gs.Scene()
    assert scene.add_entity(BEAM, PBD.Elastic()).n_elems == 24
