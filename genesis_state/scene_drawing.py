"""A scene's entities → what is drawn of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from genesis_state import tetrahedra
from genesis_state.entities.entity import Entity
from genesis_state.entities.fem_entity import FEMEntity
from genesis_state.entities.matter_entity import MatterEntity
from genesis_state.entities.particle_entity import ParticleEntity
from genesis_state.entities.pbd_entity import PBD2DEntity, PBD3DEntity
from genesis_state.entities.rigid_entity import RigidEntity
from genesis_state.viewing.colors import color_of
from genesis_state.viewing.drawing import Cloud, Color, Drawing, Skin
from genesis_state.viewing.geoms import has_colors, rigid_parts

if TYPE_CHECKING:
    from genesis_state.scene import Scene

FULL = 0.55  # radius of a particle, in distances between them: a little more than touching


def drawing_of(scene: Scene) -> Drawing:
    """What is drawn of a built scene."""
    bodies = [entity for entity in scene.entities if isinstance(entity, RigidEntity)]
    parts, grounds = [], []
    if bodies:
        compiled = scene.rigid_solver.compiled
        model, owners = compiled.mj, compiled.geom_entities()
        colors = [
            None
            if _given_color(body) is None and has_colors(model, np.flatnonzero(owners == place))
            else _color(body)
            for place, body in enumerate(bodies)
        ]
        parts, grounds = rigid_parts(model, owners, [body.name for body in bodies], colors)
    clouds, skins = [], []
    for entity in scene.entities:
        if isinstance(entity, FEMEntity | PBD2DEntity | PBD3DEntity):
            skins.append(_skin(entity))
        elif isinstance(entity, ParticleEntity):
            columns = slice(entity.particle_start, entity.particle_end)
            radius = FULL * entity.particle_size
            clouds.append(Cloud(entity.name, _owner(entity), columns, radius, _color(entity)))
    return Drawing(tuple(parts), tuple(grounds), tuple(clouds), tuple(skins), scene.dt)


def _owner(entity: MatterEntity[Any]) -> str:
    """What keys of its solver's variables begin with."""
    return type(entity._solver).__name__


def _given_color(entity: Entity[Any, Any]) -> Color | None:
    """The colour that the user gave it."""
    color = getattr(entity.surface, "given", {}).get("color")
    if color is None:
        return None
    try:
        values = np.asarray(color, dtype=float)
    except (TypeError, ValueError):
        values = np.zeros(0)
    if values.shape not in ((3,), (4,)) or not ((values >= 0) & (values <= 1)).all():
        raise ValueError(
            f"{entity.name}: the colour of its surface is {color!r}, needs red, green and blue "
            "from 0 to 1."
        )
    red, green, blue = (float(value) for value in values[:3])
    return red, green, blue


def _color(entity: Entity[Any, Any]) -> Color:
    given = _given_color(entity)
    return given or color_of(type(entity.material).__name__, entity.idx)


def _skin(entity: FEMEntity | PBD2DEntity | PBD3DEntity) -> Skin:
    if isinstance(entity, FEMEntity):
        start, count, faces = entity.v_start, entity.n_vertices, entity.surface_triangles
        active = slice(entity.el_start, entity.el_start + entity.n_elements)
        elements = entity.elems

        def faces_of(flags: np.ndarray) -> np.ndarray:
            return tetrahedra.surface(elements[flags])

    else:
        start, count = entity.particle_start, entity.n_particles
        active = slice(start, start + count)
        faces = entity.faces if isinstance(entity, PBD2DEntity) else _surface(entity)

        def faces_of(flags: np.ndarray) -> np.ndarray:
            return faces[flags[faces].all(axis=1)]

    return Skin(
        name=entity.name,
        solver=_owner(entity),
        columns=slice(start, start + count),
        faces=faces,
        rest=entity._points,
        color=_color(entity),
        closed=not isinstance(entity, PBD2DEntity),
        active=active,
        faces_of=faces_of,
    )


def _surface(entity: PBD3DEntity) -> np.ndarray:
    return tetrahedra.surface(entity.elems)
