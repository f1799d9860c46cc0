"""Meshes as cloth: edges, hinges and areas, and which meshes are refused."""

import numpy as np
import pytest

from genesis_state import morphs
from genesis_state.cloth_mesh import cloth_mesh

SQUARE = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"


@pytest.fixture
def sheet(tmp_path):
    """A Mesh morph of the text of an .obj file."""

    def sheet(text: str, **given) -> morphs.Mesh:
        (tmp_path / "sheet.obj").write_text(text)
        return morphs.Mesh(file=str(tmp_path / "sheet.obj"), **given)

    return sheet


def test_two_triangles_are_five_edges_and_a_hinge(sheet):
    found = cloth_mesh(sheet(SQUARE + "f 1 2 3\nf 1 3 4", scale=2.0, pos=(0, 0, 1)))
    np.testing.assert_allclose(found.vertices[:, 2], 1)
    corners = found.vertices[:, :2].tolist()
    assert sorted(corners) == [[0, 0], [0, 2], [2, 0], [2, 2]]
    edges = {frozenset((tuple(corners[a]), tuple(corners[b]))) for a, b in found.edges}
    assert len(found.edges) == len(edges) == 5 and frozenset({(0, 2), (2, 0)}) not in edges
    (hinge,) = found.hinges.tolist()
    shared = [tuple(corners[v]) for v in hinge[:2]]
    assert set(shared) == {(0, 0), (2, 2)}
    a, b, c, d = (found.vertices[v] for v in hinge)
    for face in ((a, b, c), (b, a, d)):
        assert np.cross(face[1] - face[0], face[2] - face[0])[2] == pytest.approx(4)
    assert found.areas.sum() == pytest.approx(4) and found.areas.max() == pytest.approx(4 / 3)
    assert found.merged == 0


def test_vertices_in_one_place_are_one(sheet):
    torn = SQUARE + "v 0 0 0\nv 1 1 0\nf 1 2 3\nf 5 6 4"
    found = cloth_mesh(sheet(torn))
    assert (len(found.vertices), len(found.hinges), found.merged) == (4, 1, 2)


def test_a_strip_has_a_hinge_for_every_edge_inside(sheet):
    n = 6
    points = "".join(f"v {i} {j} 0\n" for i in range(n) for j in range(2))
    quads = "".join(f"f {2 * i + 1} {2 * i + 3} {2 * i + 4} {2 * i + 2}\n" for i in range(n - 1))
    found = cloth_mesh(sheet(points + quads))
    assert len(found.edges) == 2 * (n - 1) + n + n - 1
    assert len(found.hinges) == 2 * (n - 1) - 1
    assert found.areas.sum() == pytest.approx(n - 1)


def test_the_cloth_of_genesis_scripts_is_ours():
    found = cloth_mesh(morphs.Mesh(file="meshes/cloth.obj", scale=2.0))
    assert len(found.vertices) == 54**2 and found.merged == 0
    size = np.ptp(found.vertices, axis=0)
    np.testing.assert_allclose(size, [size[0], size[0], 0], atol=1e-9)
    assert found.areas.sum() == pytest.approx(size[0] ** 2)


MISTAKES = {
    "three faces at an edge": (
        SQUARE + "v 0 0 1\nf 1 2 3\nf 1 3 4\nf 1 3 5",
        "the edge from (0.0, 0.0, 0.0) to (1.0, 1.0, 0.0) belongs to 3 faces, needs at most two; "
        "cut the mesh there.",
    ),
    "flat": (SQUARE + "v 2 0 0\nf 1 2 5\nf 1 3 4", "faces without area: 1; leave them out."),
    "two corners in one place": (
        SQUARE + "v 1 0 0\nf 1 2 3\nf 2 5 3",
        "faces without area: 1; leave them out.",
    ),
    "twice": (SQUARE + "f 1 2 3\nf 3 2 1", "faces that are there twice: 1; leave one out."),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mesh_that_is_no_sheet_is_refused(sheet, case):
    text, message = MISTAKES[case]
    with pytest.raises(ValueError) as caught:
        cloth_mesh(sheet(text))
    assert str(caught.value).endswith(f"sheet.obj cannot be cloth: {message}")


def test_a_solid_shape_is_no_cloth():
    with pytest.raises(TypeError, match=r"Box is no sheet for cloth; use gs\.morphs\.Mesh"):
        cloth_mesh(morphs.Box(size=(1, 1, 1)))
