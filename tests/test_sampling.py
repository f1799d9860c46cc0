"""Particles in shapes: where they lie, what they stand for, and the inside of a mesh."""

import time
from typing import Any

import numpy as np
import pytest
import trimesh

from genesis_state import morphs, sampling, solids
from genesis_state.mesh_file import read_mesh

PLACE = {"pos": (0.3, -0.2, 0.5), "euler": (20, 30, 40)}
VOLUMES = {
    "box": (morphs.Box(size=(0.1, 0.22, 0.305), **PLACE), 0.1 * 0.22 * 0.305),
    "sphere": (morphs.Sphere(radius=0.1, **PLACE), 4 / 3 * np.pi * 1e-3),
    "cylinder": (morphs.Cylinder(radius=0.1, height=0.204, **PLACE), np.pi * 0.204e-2),
    "capsule": (morphs.Capsule(radius=0.1, height=0.2, **PLACE), np.pi * (2e-3 + 4 / 3e3)),
}


def save(mesh: Any, path) -> str:
    mesh.export(path)
    return str(path)


@pytest.mark.parametrize("sampler", ["regular", "random"])
@pytest.mark.parametrize("case", VOLUMES)
def test_particles_fill_a_shape_at_its_place(case, sampler):
    morph, volume = VOLUMES[case]
    found = sampling.particles(morph, 0.01, sampler)
    n = len(found.positions)
    assert found.positions.dtype == np.float64
    assert found.volume * n == pytest.approx(volume, rel=1e-12)
    assert found.volume == pytest.approx(1e-6, rel=0.03)
    assert sampling.contains(morph, found.positions).all()
    within = 1e-12 if sampler == "regular" else 0.01
    np.testing.assert_allclose(found.positions.mean(axis=0), morph.pos, atol=within)
    again = sampling.particles(morph, 0.01, sampler)
    assert found.positions.tobytes() == again.positions.tobytes()
    moved = sampling.particles(morph, 0.01, sampler, seed=1)
    assert len(moved.positions) == n
    assert (sampler == "regular") == (moved.positions.tobytes() == found.positions.tobytes())


def test_a_box_is_filled_up_to_its_faces():
    found = sampling.particles(morphs.Box(size=(0.1, 0.024, 0.004)), 0.01)
    assert len(found.positions) == 10 * 2 * 1
    assert sorted({*found.positions[:, 1].round(12)}) == [-0.006, 0.006]
    np.testing.assert_allclose(np.abs(found.positions).max(axis=0), [0.045, 0.006, 0], atol=1e-12)


def test_a_mesh_is_filled_and_its_cavity_is_not(tmp_path):
    outer, inner = trimesh.creation.box((0.4, 0.4, 0.4)), trimesh.creation.box((0.2, 0.2, 0.2))
    inner.invert()
    path = save(trimesh.util.concatenate([outer, inner]), tmp_path / "hollow.stl")
    found = sampling.particles(morphs.Mesh(file=path, pos=(0, 0, 1)), 0.02)
    assert len(found.positions) == 20**3 - 10**3
    assert found.volume == pytest.approx(0.02**3)
    assert np.abs(found.positions - (0, 0, 1)).max(axis=1).min() > 0.1


def test_points_on_lines_and_corners_of_a_mesh_are_counted_once(tmp_path):
    """The lattice goes through every edge and corner, seen along z."""
    path = tmp_path / "box.stl"
    trimesh.creation.box((1, 1, 1)).export(path)
    axis = np.linspace(-0.75, 0.75, 13)
    points = np.stack(np.meshgrid(axis, axis, axis), -1).reshape(-1, 3)
    found = solids.winding_number(read_mesh(path, 1.0, z_up=True), points)
    assert (found == ((points >= -0.5) & (points < 0.5)).all(axis=1)).all()


def test_a_hundred_thousand_points_in_a_thousand_faces(tmp_path):
    path = save(trimesh.creation.icosphere(subdivisions=3, radius=0.3), tmp_path / "ball.ply")
    points = np.random.default_rng(0).uniform(-0.3, 0.3, (100_000, 3))
    start = time.perf_counter()
    found = sampling.contains(morphs.Mesh(file=path), points)
    assert time.perf_counter() - start < 2
    distance = np.linalg.norm(points, axis=1)
    assert found[distance < 0.297].all() and not found[distance > 0.3].any()


def test_nowhere_has_room_and_no_place():
    found = sampling.particles(morphs.Nowhere(n_particles=7), 0.1)
    assert found.positions.tolist() == [[sampling.NOWHERE] * 3] * 7
    assert found.volume == pytest.approx(1e-3)


@pytest.mark.parametrize(
    ("shape", "size", "extent", "count"),
    [
        ("circle", 0.1, (0.1, 0.1, 0.03), 240),
        ("square", 0.1, (0.1, 0.1, 0.03), 300),
        ("rectangle", (0.1, 0.2), (0.1, 0.2, 0.03), 600),
        ("sphere", 0.1, (0.1, 0.1, 0.1), 552),
    ],
)
def test_droplets(shape, size, extent, count):
    found = sampling.droplet(shape, size, 0.03, 0.01)
    assert len(found) == count
    np.testing.assert_allclose(np.ptp(found, axis=0), np.array(extent) - 0.01, atol=1e-12)


def test_what_cannot_be_filled_is_refused(tmp_path):
    torn = trimesh.creation.box((1, 1, 1))
    torn.update_faces(np.arange(12) > 0)
    path = save(torn, tmp_path / "torn.stl")
    with pytest.raises(ValueError, match=r"torn.stl is not closed and has no inside"):
        sampling.particles(morphs.Mesh(file=path), 0.1)
    with pytest.raises(TypeError, match=r"Plane is no solid shape .* use gs.morphs.Box"):
        sampling.particles(morphs.Plane(), 0.1)
    frame = trimesh.creation.annulus(0.35, 0.36, 1)
    path = save(frame, tmp_path / "tube.stl")
    with pytest.raises(ValueError, match=r"no particles of particle_size=0.5 fit into it"):
        sampling.particles(morphs.Mesh(file=path), 0.5)
    with pytest.raises(ValueError, match="droplet_shape is 'star', needs one of circle, sphere"):
        sampling.droplet("star", 0.1, 0.1, 0.01)
    with pytest.raises(ValueError, match=r"droplet_size is \(0.1, 0.1\), needs a positive length"):
        sampling.droplet("circle", (0.1, 0.1), 0.1, 0.01)
