"""Meshes from files as assets of MuJoCo's, which touch others with their convex hulls."""

from __future__ import annotations

from typing import Any

import mujoco

from genesis_state import morphs
from genesis_state.mesh_file import TriangleMesh, read_mesh
from genesis_state.runtime import logger
from genesis_state.text import one_line

# A hull that is larger than its mesh by this part passes for the mesh where that has to be convex.
CONVEX_WITHIN = 1e-3
# And by this part it is told. It is where Genesis would rather take several hulls.
TELL_FROM = 0.15

EXACT = mujoco.mjtMeshInertia.mjMESH_INERTIA_EXACT
CONVEX = mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX


def asset_of(name: str, mesh: TriangleMesh) -> dict[str, Any]:
    """A mesh as `MjSpec.add_mesh` takes it. A closed one weighs what it holds, others as hulls."""
    return {
        "name": name,
        "uservert": mesh.vertices.ravel(),
        "userface": mesh.faces.ravel(),
        "inertia": CONVEX if mesh.volume is None else EXACT,
    }


def hull_volume(asset: dict[str, Any]) -> float:
    """Volume of the convex hull of a mesh asset [m^3], as MuJoCo computes its mass.

    Raises:
        ValueError: MuJoCo finds no hull.
    """
    spec = mujoco.MjSpec()
    spec.add_mesh(**{**asset, "inertia": CONVEX})
    spec.worldbody.add_body().add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH, meshname=asset["name"], density=1.0
    )
    return float(spec.compile().body_mass[1])


def add_mesh(child: mujoco.MjSpec, name: str, kind: str, morph: morphs.Mesh) -> None:
    """Adds the mesh of a morph to `child` if its hull may stand for it.

    Args:
        child: The model.
        name: The entity's name.
        kind: The asset's.
        morph: The morph.

    Raises:
        ValueError: The file cannot be read, or its mesh has no hull or is not its hull and should
            be.
    """
    path = morphs.find_file(morph.file)
    try:
        mesh = read_mesh(path, morph.scale, z_up=bool(morph.file_meshes_are_zup))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    asset = asset_of(kind, mesh)
    child.add_mesh(**asset)
    if not morph.collision:
        return
    try:
        hull = hull_volume(asset)
    except ValueError as error:
        raise ValueError(f"{name}: {path} has no convex hull: {one_line(error)}") from None
    if mesh.volume is None:
        flaw = "is not closed"
    elif hull > (1 + CONVEX_WITHIN) * mesh.volume:
        flaw = f"is not convex, its hull has {hull / mesh.volume:.4g} times its volume"
    else:
        return
    if not morph.convexify:
        raise ValueError(
            f"{name}: {path} {flaw}; pass convexify=True to let it touch others with its hull."
        )
    if mesh.volume is not None and hull > (1 + TELL_FROM) * mesh.volume:
        logger.warning("%s: %s %s, and it touches others with its hull.", name, path, flaw)
