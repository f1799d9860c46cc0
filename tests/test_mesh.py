"""Meshes from files: what is read, what it weighs, and which of them may stand for their hull."""

from __future__ import annotations

import logging
from pathlib import Path

import mujoco
import numpy as np
import pytest
import trimesh
from trimesh.exchange.gltf import export_gltf

from genesis_state import morphs
from genesis_state.materials import Rigid
from genesis_state.mesh_file import read_mesh
from genesis_state.solvers.rigid.signature import signature
from tests.compiled import build, differing

SIZE = np.array([1.0, 2.0, 3.0])
SHIFT = np.array([0.0, 0.0, 5.0])


def brick(size=SIZE) -> trimesh.Trimesh:
    """A box that stands off the origin."""
    box = trimesh.creation.box(size)
    box.apply_translation(SHIFT)
    return box


@pytest.fixture
def export(tmp_path):
    """Writes a mesh into a file and returns its path."""

    def export(mesh: trimesh.Trimesh | trimesh.Scene, name: str = "brick.obj") -> str:
        mesh.export(tmp_path / name)
        return str(tmp_path / name)

    return export


@pytest.mark.parametrize("suffix", ["obj", "stl", "ply", "off", "glb", "gltf"])
def test_a_closed_mesh_of_any_format_is_whole(export, tmp_path, suffix):
    if suffix == "gltf":
        for name, data in export_gltf(trimesh.Scene(brick())).items():
            (tmp_path / ("brick.gltf" if name == "model.gltf" else name)).write_bytes(data)
    else:
        export(brick(), f"brick.{suffix}")
    mesh = read_mesh(tmp_path / f"brick.{suffix}", 1.0, z_up=True)
    assert mesh.vertices.shape == (8, 3) and mesh.faces.shape == (12, 3)
    assert mesh.volume == pytest.approx(6, rel=1e-6)
    np.testing.assert_allclose(mesh.vertices.min(axis=0), SHIFT - SIZE / 2)


def test_a_body_of_a_mesh_has_its_place_mass_and_inertia(export):
    morph = morphs.Mesh(file=export(brick()), pos=(0, 1, 0), scale=(2, 1, 0.5))
    model = build(
        morph, (morph, Rigid(rho=10, friction=0.2)), morphs.Mesh(file=morph.file, fixed=True)
    )
    mj, (first, _, third) = model.mj, model.entities
    assert (first.links, first.joints) == (("brick_obj_baselink",), ("brick_obj_baselink_joint",))
    assert (third.links, third.joints) == (("brick_obj_baselink",), ())
    np.testing.assert_allclose(mj.qpos0[:7], [0, 1, 0, 1, 0, 0, 0])
    np.testing.assert_allclose(mj.body_ipos[1], SHIFT * 0.5, atol=1e-6)
    np.testing.assert_allclose(mj.body_mass[1:], [6000, 60, 6000], rtol=1e-6)
    x, y, z = SIZE * (2, 1, 0.5)
    want = 500 * np.sort([y * y + z * z, x * x + z * z, x * x + y * y])[::-1]
    np.testing.assert_allclose(mj.body_inertia[1], want, rtol=1e-6)
    assert mj.geom_friction[:, 0].tolist() == [1, 0.2, 1]
    data = mujoco.MjData(mj)
    mujoco.mj_kinematics(mj, data)
    corners = data.geom_xpos[0] + mj.mesh_vert[:8] @ data.geom_xmat[0].reshape(3, 3).T
    np.testing.assert_allclose(corners.min(axis=0), [-1, 0, 1.75], atol=1e-6)
    np.testing.assert_allclose(corners.max(axis=0), [1, 2, 3.25], atol=1e-6)


def test_a_mesh_whose_y_points_up_is_turned_upright_and_then_scaled(export):
    path = export(brick(), "brick.glb")
    for zup, scale in ((None, (1, 1, 2)), (True, (1, 2, 1))):
        morph = morphs.Mesh(file=path, file_meshes_are_zup=zup, scale=scale)
        mj = build(morph).mj
        turned = SHIFT[[0, 2, 1]] * (1, -1, 1) if zup is None else SHIFT
        np.testing.assert_allclose(mj.body_ipos[1], turned * scale, atol=1e-5)


def test_all_meshes_of_a_file_are_one_body_where_they_stand(export):
    scene = trimesh.Scene(brick())
    # Mirrored, so that its faces are seen from inside.
    scene.add_geometry(brick(), transform=np.diag([1.0, 1.0, -1.0, 1.0]))
    mesh = read_mesh(Path(export(scene, "two.glb")), 1.0, z_up=True)
    assert mesh.volume == pytest.approx(12, rel=1e-6)
    np.testing.assert_allclose([mesh.vertices.min(), mesh.vertices.max()], [-6.5, 6.5])
    model = build(morphs.Mesh(file=export(scene, "two.glb")))
    np.testing.assert_allclose(model.mj.body_mass[1], 12000, rtol=1e-6)


def test_an_inside_out_mesh_weighs_what_it_should(export):
    turned = brick()
    turned.invert()
    mesh = read_mesh(Path(export(turned)), 1.0, z_up=True)
    assert mesh.volume == pytest.approx(6)
    np.testing.assert_allclose(build(morphs.Mesh(file=export(turned))).mj.body_mass[1], 6000)


def open_brick() -> trimesh.Trimesh:
    box = brick()
    box.update_faces(np.arange(12) > 0)
    return box


def ring() -> trimesh.Trimesh:
    return trimesh.creation.annulus(0.8, 1, 0.5, sections=24)


def dented() -> trimesh.Trimesh:
    """A brick with a shallow dent: a little smaller than its hull."""
    box = brick().subdivide()
    middle = np.argmin(np.linalg.norm(box.vertices - (0, 0, 6.5), axis=1))
    box.vertices[middle] -= (0, 0, 0.09)
    return box


def test_a_closed_mesh_weighs_its_volume_and_any_other_its_hull(export):
    ring_mass, brick_mass = (
        build(morphs.Mesh(file=export(mesh))).mj.body_mass[1] for mesh in (ring(), open_brick())
    )
    np.testing.assert_allclose(ring_mass, 1000 * ring().volume, rtol=1e-5)
    np.testing.assert_allclose(brick_mass, 6000, rtol=1e-6)


NOT_CONVEX = {
    "ring": (ring, r"is not convex, its hull has 2\.\d+ times its volume"),
    "dent": (dented, r"is not convex, its hull has 1\.008 times its volume"),
    "hole": (open_brick, "is not closed"),
}


@pytest.mark.parametrize("case", NOT_CONVEX)
def test_what_is_not_convex_touches_with_its_hull_or_not_at_all(export, case):
    make, message = NOT_CONVEX[case]
    path = export(make())
    assert build(morphs.Mesh(file=path)).mj.mesh_graphadr[0] >= 0
    assert build(morphs.Mesh(file=path, convexify=False, collision=False)).mj.ngeom
    message = rf"e0: {path} {message}; pass convexify=True to let it touch others with its hull\."
    with pytest.raises(ValueError, match=message):
        build(morphs.Mesh(file=path, convexify=False))


def test_a_convex_mesh_needs_no_convexifying(export):
    for i, mesh in enumerate((brick(), trimesh.creation.icosphere(), brick().subdivide())):
        path = export(mesh, f"{i}.stl")
        assert build(morphs.Mesh(file=path, convexify=False)).mj.ngeom == 1


def test_a_hull_much_larger_than_its_mesh_is_told(export, caplog):
    caplog.set_level(logging.WARNING, "genesis_state")
    build(morphs.Mesh(file=export(dented())))
    assert not caplog.records
    build(morphs.Mesh(file=export(ring(), "ring.stl")))
    assert "ring.stl is not convex" in caplog.text and "with its hull" in caplog.text


def test_the_signature_tells_hulls_apart_and_not_what_is_inside(export):
    # A dent's bottom is no part of the hull.
    model = build(morphs.Mesh(file=export(dented())))
    assert model.signature == build(morphs.Mesh(file=export(dented()))).signature
    mj = model.mj
    depth = np.abs(mj.mesh_vert - mj.mesh_vert.mean(axis=0)).max(axis=1)
    for vertex, keys in ((int(depth.argmax()), ["entity e0 dynamics"]), (bottom(mj), [])):
        mj.mesh_vert[vertex] += 0.01
        changed = signature(["Mesh"], model.entities, mj, self_collision=True)
        assert [k for k, v in changed if (k, v) not in model.signature] == keys
        mj.mesh_vert[vertex] -= 0.01
    other = build(morphs.Mesh(file=export(dented()), scale=1.001))
    assert "entity e0 dynamics" in differing(model, other)


def bottom(mj: mujoco.MjModel) -> int:
    """The vertex of a dented brick that lies in its dent."""
    data = mujoco.MjData(mj)
    mujoco.mj_kinematics(mj, data)
    world = data.geom_xpos[0] + mj.mesh_vert @ data.geom_xmat[0].reshape(3, 3).T
    return int(np.argmin(np.linalg.norm(world - (0, 0, 6.41), axis=1)))


FLAT = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0\nf 1 2 3\nf 2 4 3\n"
BAD_FILES = {
    "no mesh": ("hello", "a.obj", "has no faces"),
    "empty": ("", "a.stl", "cannot be read|has no faces"),
    "torn": ("hello", "a.glb", "cannot be read: "),
    "not finite": ("v 0 0 0\nv nan 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\n", "a.obj", "not finite"),
    "points": ("v 0 0 0\nv 1 0 0\nv 0 1 0\n", "a.obj", "has no faces"),
    "flat": (FLAT, "a.obj", "has no convex hull: .*coplanar"),
    "lines": ("v 0 0 0\nv 1 0 0\nf 1 2 1\n", "a.obj", "has no faces"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_mesh_is_named_in_one_line(write, case):
    text, name, message = BAD_FILES[case]
    path = write(text, name)
    with pytest.raises(ValueError, match=message) as caught:
        build(morphs.Mesh(file=path))
    assert str(caught.value).startswith(f"e0: {path} ")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_a_mesh_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"'none\.stl' is neither"):
        build(morphs.Mesh(file="none.stl"))
