"""Distances of points from geoms, for every type that continua touch."""

# pyright: reportInvalidTypeForm=false, reportIndexIssue=false
# Taichi's annotations are calls.

import mujoco
import numpy as np
import pytest

import genesis_state as gs
from genesis_state.kernels.geom_distance import geom_distance
from genesis_state.kernels.geom_kinds import ELLIPSOID, MESH
from genesis_state.kernels.lang import ti
from genesis_state.materials import Rigid
from genesis_state.runtime import require
from genesis_state.solvers.rigid.entity_spec import EntitySpec
from genesis_state.solvers.rigid.solver import RigidSolver
from tests.coupled import SHAPES, build, read


@pytest.fixture
def in_64_bits():
    gs.destroy()
    gs.init(precision="64")
    yield
    gs.destroy()


@ti.kernel
def distances(
    m: ti.template(),
    n: ti.template(),
    points: ti.types.ndarray(),
    dist: ti.types.ndarray(),
    normal: ti.types.ndarray(),
):
    """Of every point from every geom, in the geom's frame."""
    for i in range(points.shape[0]):
        x = ti.Vector([points[i, 0], points[i, 1], points[i, 2]])
        for g in range(n.coupled_geoms):
            found, way = geom_distance(m, n, g, x)
            dist[i, g] = found
            for k in ti.static(range(3)):
                normal[i, g, k] = way[k]


def ask(solver: RigidSolver, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    dtype = {"64": np.float64, "32": np.float32}[require().precision]
    dist = np.zeros((len(points), solver.counts.coupled_geoms), dtype)
    normal = np.zeros((*dist.shape, 3), dtype)
    distances(solver.model, solver.counts, points.astype(dtype), dist, normal)
    return dist, normal


def support(mj: mujoco.MjModel, g: int, u: np.ndarray) -> np.ndarray:
    """Largest u . x of all points x of a geom, for unit vectors u in rows."""
    size, kind = mj.geom_size[g], mujoco.mjtGeom(mj.geom_type[g]).name
    radial = np.linalg.norm(u[:, :2], axis=1)
    if kind == "mjGEOM_PLANE":
        return np.where(u[:, 2] > 1 - 1e-12, 0.0, np.inf)
    if kind == "mjGEOM_SPHERE":
        return np.full(len(u), size[0])
    if kind == "mjGEOM_CAPSULE":
        return size[0] + size[1] * np.abs(u[:, 2])
    if kind == "mjGEOM_ELLIPSOID":
        return np.linalg.norm(u * size, axis=1)
    if kind == "mjGEOM_CYLINDER":
        return size[0] * radial + size[1] * np.abs(u[:, 2])
    if kind == "mjGEOM_BOX":
        return np.abs(u) @ size
    start = mj.mesh_vertadr[mj.geom_dataid[g]]
    vertices = mj.mesh_vert[start : start + mj.mesh_vertnum[mj.geom_dataid[g]]]
    return (u @ vertices.T).max(axis=1)


def awkward_points() -> np.ndarray:
    """Where directions or quotients vanish: on axes, faces, edges, corners; and far away."""
    steps = [0.0, 1e-25, -1e-12, 0.1, -0.2, 0.3]
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.concatenate([grid, 1e6 * grid])


def test_no_direction_separates_a_point_farther(write, in_64_bits):
    """The signed distance from a convex set is the largest u . x - support(u) of all directions."""
    solver = build([EntitySpec("all", gs.morphs.MJCF(file=write(SHAPES)), Rigid())])
    mj, geoms = solver.mj_model, solver.coupling.geoms
    rng = np.random.default_rng(0)
    mixed = rng.dirichlet(np.ones(mj.nmeshvert), 100) @ mj.mesh_vert
    points = np.concatenate([mixed, rng.uniform(-0.5, 0.5, (300, 3)), awkward_points()])
    directions = rng.normal(size=(4000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    dist, normal = ask(solver, points)
    assert np.allclose(np.linalg.norm(normal, axis=-1), 1.0, atol=1e-14)
    for k, g in enumerate(geoms):
        within = 1e-12 * (1.0 + np.abs(points).max(axis=1))
        along = (points * normal[:, k]).sum(axis=1) - support(mj, g, normal[:, k])
        others = points @ directions.T - support(mj, g, directions)
        if mj.geom_type[g] == ELLIPSOID:
            # Exact to first order: an offset along the normal is the distance.
            size = mj.geom_size[g]
            surface = directions * size
            out = directions / size
            out /= np.linalg.norm(out, axis=1, keepdims=True)
            for offset in (1e-4, -1e-4, 0.0):
                near, way = ask(solver, surface + offset * out)
                assert np.abs(near[:, k] - offset).max() < 20 * offset**2 + 1e-14
                assert np.abs(way[:, k] - out).max() < 20 * abs(offset) + 1e-14
            assert np.array_equal(dist[:, k] < 0, np.linalg.norm(points / size, axis=1) < 1)
            continue
        if mj.geom_type[g] == MESH:
            # Outside the distance from a face's plane is less than that from an edge.
            inside = dist[:, k] <= 0
            assert inside[:100].all()
            others[~inside] = -np.inf
            within = within + 1e-7  # MuJoCo's normals have 32 bits
        assert (np.abs(along - dist[:, k]) < within).all()
        assert (others.max(axis=1) - dist[:, k] < within).all()


def test_distances_in_32_bits_are_numbers_everywhere(write):
    gs.destroy()
    gs.init(precision="32")
    specs = [EntitySpec("all", gs.morphs.MJCF(file=write(SHAPES)), Rigid())]
    solver = build(specs)
    dist, normal = ask(solver, awkward_points())
    assert np.isfinite(dist).all()
    assert np.allclose(np.linalg.norm(normal, axis=-1), 1.0, atol=1e-6)


def test_boxes_enclose_what_is_touched(write, in_64_bits):
    solver = build([EntitySpec("all", gs.morphs.MJCF(file=write(SHAPES)), Rigid())])
    solver.begin_coupling()
    mj, geoms = solver.mj_model, solver.coupling.geoms
    data = mujoco.MjData(mj)
    mujoco.mj_forward(mj, data)
    pos, rot = (read(solver, f"coupled_geom_{name}")[0] for name in ("pos", "rot"))
    lower, upper = (read(solver, f"coupled_geom_{name}")[0] for name in ("lower", "upper"))
    assert np.allclose(pos, data.geom_xpos[geoms], atol=1e-12)
    assert np.allclose(rot, data.geom_xmat[geoms].reshape(-1, 3, 3), atol=1e-12)
    for k, g in enumerate(geoms):
        if mj.geom_type[g] == 0:
            assert (upper[k] > 1e9).all() and (lower[k] < -1e9).all()
            continue
        reach = np.array([support(mj, g, sign * rot[k]) for sign in (1, -1)])
        assert (upper[k] - pos[k] > reach[0] - 1e-9).all()
        assert (pos[k] - lower[k] > reach[1] - 1e-9).all()
        assert (upper[k] - lower[k] < 3 * (reach[0] + reach[1])).all()
