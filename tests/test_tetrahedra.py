"""Tetrahedra in shapes: what they fill, how good they are, and which of them are refused."""

import itertools

import numpy as np
import pytest
import trimesh

from genesis_state import morphs, solids, tetrahedra

PLACE = {"pos": (0.3, -0.2, 0.5), "euler": (20, 30, 40)}
SHAPES = {
    "box": morphs.Box(size=(0.3, 0.2, 0.1), **PLACE),
    "plate": morphs.Box(size=(0.4, 0.4, 0.01), **PLACE),
    "cylinder": morphs.Cylinder(radius=0.1, height=0.3, **PLACE),
    "disc": morphs.Cylinder(radius=0.3, height=0.02, **PLACE),
    "ball": morphs.Sphere(radius=0.2, **PLACE),
    "capsule": morphs.Capsule(radius=0.1, height=0.2, **PLACE),
}


def dihedral_angles(mesh: tetrahedra.TetMesh) -> np.ndarray:
    """Angles between the faces of every element [degrees], shape (6, n_elements)."""
    x = mesh.vertices[mesh.elements]
    found = []
    for i, j in itertools.combinations(range(4), 2):
        k, m = set(range(4)) - {i, j}
        axis = x[:, j] - x[:, i]
        a, b = np.cross(axis, x[:, k] - x[:, i]), np.cross(axis, x[:, m] - x[:, i])
        norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        found.append(np.degrees(np.arccos((a * b).sum(axis=1) / norms)))
    return np.array(found)


@pytest.mark.parametrize("case", SHAPES)
def test_a_shape_is_filled_without_gaps_by_sound_elements(case):
    morph = SHAPES[case]
    mesh = tetrahedra.tetrahedra(morph)
    tetrahedra.require_sound(case, mesh.vertices, mesh.elements)
    angles = dihedral_angles(mesh)
    assert angles.min() > 15 and angles.max() < 150
    assert np.unique(mesh.elements).tolist() == list(range(len(mesh.vertices)))
    # Every edge of the surface belongs to two of its faces: it has no hole, and no crack inside.
    skin = trimesh.Trimesh(mesh.vertices, tetrahedra.surface(mesh.elements), process=False)
    assert skin.is_watertight and skin.is_winding_consistent
    total = tetrahedra.volumes(mesh.vertices, mesh.elements).sum()
    assert skin.volume == pytest.approx(total, rel=1e-9)
    exact = 1e-12 if isinstance(morph, morphs.Box) else 0.02
    assert total == pytest.approx(solids.solid(morph).volume, rel=exact)
    np.testing.assert_allclose(skin.center_mass, morph.pos, atol=3e-4)


def test_the_same_shape_gives_the_same_bytes():
    for morph in (SHAPES["box"], SHAPES["disc"], SHAPES["ball"]):
        one, other = tetrahedra.tetrahedra(morph), tetrahedra.tetrahedra(morph)
        assert one.vertices.tobytes() == other.vertices.tobytes()
        assert one.elements.tobytes() == other.elements.tobytes()


def test_a_box_has_as_many_cells_as_its_edges_ask_for():
    mesh = tetrahedra.tetrahedra(morphs.Box(size=(0.4, 0.2, 0.1)), edge=0.1)
    assert (len(mesh.vertices), len(mesh.elements)) == (5 * 3 * 2, 6 * 4 * 2 * 1)
    finer = tetrahedra.tetrahedra(morphs.Box(size=(0.4, 0.2, 0.1), maxvolume=0.05**3 / 6), edge=1.0)
    assert len(finer.elements) == 8 * len(mesh.elements)


@pytest.mark.parametrize("case", ["box", "cylinder", "ball"])
def test_no_element_is_larger_than_maxvolume(case):
    kind, given = type(SHAPES[case]), {"box": {"size": (0.3, 0.2, 0.1)}}.get(case, {"radius": 0.2})
    mesh = tetrahedra.tetrahedra(kind(maxvolume=2e-5, **given))
    found = tetrahedra.volumes(mesh.vertices, mesh.elements)
    assert 8e-6 < found.max() <= 2e-5 * (1 + 1e-9)


def test_a_closed_mesh_is_filled_around_its_hole(tmp_path):
    ring = trimesh.creation.torus(0.2, 0.06)
    ring.export(tmp_path / "ring.stl")
    mesh = tetrahedra.tetrahedra(morphs.Mesh(file=str(tmp_path / "ring.stl"), **PLACE))
    skin = trimesh.Trimesh(mesh.vertices, tetrahedra.surface(mesh.elements), process=False)
    assert skin.is_watertight and skin.euler_number == 0  # the hole of the ring is there
    assert skin.volume == pytest.approx(ring.volume, rel=0.05)
    assert dihedral_angles(mesh).min() > 10.7  # what the paper proves


def test_a_mesh_keeps_its_edges_and_corners(tmp_path):
    turned = trimesh.transformations.rotation_matrix(0.5, (1, 2, 3))
    slab = trimesh.creation.box((0.4, 0.3, 0.05), turned)
    slab.export(tmp_path / "slab.ply")
    mesh = tetrahedra.tetrahedra(morphs.Mesh(file=str(tmp_path / "slab.ply")))
    tetrahedra.require_sound("slab", mesh.vertices, mesh.elements)
    skin = trimesh.Trimesh(mesh.vertices, tetrahedra.surface(mesh.elements), process=False)
    assert skin.is_watertight and skin.volume == pytest.approx(slab.volume, rel=5e-3)
    gap = np.linalg.norm(slab.vertices[:, None] - mesh.vertices, axis=2).min(axis=1)
    assert gap.max() < 1e-6, "a vertex in every corner"
    assert dihedral_angles(mesh).min() > 8


def test_what_cannot_be_filled_is_refused(tmp_path):
    trimesh.creation.box((1, 1, 1e-3)).export(tmp_path / "sheet.stl")
    thin = morphs.Mesh(file=str(tmp_path / "sheet.stl"), maxvolume=1e-2)
    with pytest.raises(
        ValueError, match=r"^Mesh: no tetrahedra with edges of .* smaller maxvolume"
    ):
        tetrahedra.tetrahedra(thin)
    with pytest.raises(ValueError, match=r"Sphere: about 3\.35e\+07 tetrahedra .* larger"):
        tetrahedra.tetrahedra(morphs.Sphere(radius=0.2, maxvolume=1e-9))
    with pytest.raises(TypeError, match="Plane is no solid shape that matter could fill"):
        tetrahedra.tetrahedra(morphs.Plane())


def test_inverted_and_flat_elements_are_refused_by_name():
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1e-7]], dtype=float)
    sound = [0, 1, 2, 3]
    tetrahedra.require_sound("beam", vertices, np.array([sound]))
    with pytest.raises(ValueError) as caught:
        tetrahedra.require_sound("beam", vertices, np.array([sound, [1, 0, 2, 3]]))
    assert str(caught.value) == (
        "beam: element 1 is inverted at rest, its volume is -0.166667 m^3; swap two of its "
        "vertices."
    )
    with pytest.raises(ValueError, match="beam: element 0 is flat at rest, its volume is"):
        tetrahedra.require_sound("beam", vertices, np.array([[0, 1, 2, 4]]))
    with pytest.raises(ValueError, match="element 0 is flat at rest, its volume is nan m"):
        tetrahedra.require_sound("beam", vertices * np.nan, np.array([sound]))
