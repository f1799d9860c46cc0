"""Geoms of a compiled model → parts that links carry."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from genesis_state.viewing import shapes
from genesis_state.viewing.drawing import Color, Ground, Part
from genesis_state.viewing.mesh import Mesh, creased

SEEN_GROUPS = 3  # groups 0 to 2 are drawn, as MuJoCo's viewer does; models hide geoms in the others
NO_COLOR = (0.5, 0.5, 0.5)  # what MuJoCo gives a geom that was given none
TYPES = mujoco.mjtGeom


def rigid_parts(
    model: mujoco.MjModel, owners: np.ndarray, names: Sequence[str], colors: Sequence[Color | None]
) -> tuple[list[Part], list[Ground]]:
    """All that a model's bodies carry. Geoms of one colour on one link are one part.

    Geoms of the groups 3 to 5 are those that models hide, and are drawn for an entity only that has
    no others. Textures are not drawn.

    Args:
        model: The model; link l is its body l + 1.
        owners: Of each geom the entity it belongs to, shape (ngeom,).
        names: Of each entity.
        colors: Of each entity, for all its geoms; None for the colours of its model.
    """
    groups: dict[tuple[int, int, Color, float], list[Mesh]] = {}
    grounds = []
    visible = model.geom_group < SEEN_GROUPS
    shown = [bool(visible[owners == entity].any()) for entity in range(len(names))]
    for g in range(model.ngeom):
        entity, link = int(owners[g]), int(model.geom_bodyid[g]) - 1
        rgba = _rgba(model, g)
        if rgba[3] == 0 or (shown[entity] and not visible[g]):
            continue
        pos, quat = model.geom_pos[g].copy(), model.geom_quat[g].copy()
        if model.geom_type[g] == TYPES.mjGEOM_PLANE and model.geom_size[g, :2].min() == 0:
            grounds.append(Ground(link, pos, quat))
            continue
        red, green, blue = colors[entity] or (float(c) for c in rgba[:3])
        key = (entity, link, (red, green, blue), float(rgba[3]))
        groups.setdefault(key, []).append(_mesh(model, g).moved(pos, quat))
    parts = [
        Part(f"{names[entity]}/{link}/{i}", link, Mesh.joined(meshes), color, opacity)
        for i, ((entity, link, color, opacity), meshes) in enumerate(groups.items())
    ]
    return parts, grounds


def has_colors(model: mujoco.MjModel, geoms: np.ndarray) -> bool:
    """Whether any of these geoms was given a colour."""
    return any(tuple(_rgba(model, g)[:3]) != NO_COLOR for g in geoms)


def _rgba(model: mujoco.MjModel, g: int) -> np.ndarray:
    material = model.geom_matid[g]
    # MuJoCo: a geom's own colour counts before its material's, unless it is the default.
    if material >= 0 and tuple(model.geom_rgba[g]) == (*NO_COLOR, 1.0):
        return model.mat_rgba[material]
    return model.geom_rgba[g]


def _mesh(model: mujoco.MjModel, g: int) -> Mesh:
    kind, size = model.geom_type[g], model.geom_size[g]
    if kind == TYPES.mjGEOM_PLANE:
        return shapes.quad(size[0], size[1])
    if kind == TYPES.mjGEOM_SPHERE:
        return shapes.ellipsoid(size[[0, 0, 0]])
    if kind == TYPES.mjGEOM_CAPSULE:
        return shapes.capsule(size[0], size[1])
    if kind == TYPES.mjGEOM_ELLIPSOID:
        return shapes.ellipsoid(size)
    if kind == TYPES.mjGEOM_CYLINDER:
        return shapes.cylinder(size[0], size[1])
    if kind == TYPES.mjGEOM_BOX:
        return shapes.box(size)
    if kind == TYPES.mjGEOM_MESH:
        mesh = model.geom_dataid[g]
        vertices = model.mesh_vert[model.mesh_vertadr[mesh] :][: model.mesh_vertnum[mesh]]
        faces = model.mesh_face[model.mesh_faceadr[mesh] :][: model.mesh_facenum[mesh]]
        return creased(vertices, faces)
    raise ValueError(f"geom {g} is of type {kind}, which has no shape to draw.")
