"""What a notebook shows of a scene, whatever has become of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from genesis_state.notebook import Markup, details, note, page, pairs, table
from genesis_state.schema import ROLES
from genesis_state.text import count, size

if TYPE_CHECKING:
    from genesis_state.scene import Scene

_TELLING = (
    "link",
    "dof",
    "actuator",
    "particle",
    "vertex",
    "element",
)  # dims, if an entity has them


def scene_page(scene: Scene) -> str:
    """The page of a scene that is being declared, built or gone."""
    if scene.closed:
        return page("Scene", note("closed: its memory is freed. States that were taken live on."))
    if not scene._runtime.alive:
        return page(
            "Scene", note("Taichi was restarted since, its memory is gone; make a new one.")
        )
    entities = count(len(scene.entities), "entity", "entities")
    if not scene.is_built:
        body = [note("not built yet: call build(n_envs=…)"), _entities(scene, {})]
        return page("Scene", *body, aside=entities)
    parts = [pairs(_facts(scene)), _entities(scene, _sizes(scene)), _solvers(scene)]
    if scene.history is not None:
        parts.append(details("history", note(repr(scene.history))))
    parts.append(note("scene.describe() lists every variable and what its state costs"))
    aside = f"{entities}, {count(scene.n_envs, 'environment')}, t = {scene.t}"
    return page("Scene", *parts, aside=aside)


def _facts(scene: Scene) -> Iterator[tuple[str, str]]:
    runtime = scene._runtime
    yield "step", f"{scene.dt:g} s, {count(scene.substeps, 'substep')}"
    yield "time", f"{scene.t * scene.dt:.6g} s"
    yield "runs on", f"{runtime.backend.value}, {runtime.precision} bits"
    saved, params = (scene.layout.nbytes(params=flag) * scene.n_envs for flag in (False, True))
    more = f", {size(params)} with parameters" if params > saved else ""
    yield "one state", f"{size(saved)}{more}"


def _sizes(scene: Scene) -> dict[str, str]:
    """By entity, how much of it there is."""
    found = {}
    for solver in scene.solvers:
        for part in solver.entity_parts():
            counts = {dim: n for dim, n in part.counts().items() if n}
            found[part.name] = ", ".join(
                count(n, dim) for dim, n in counts.items() if dim in _TELLING
            )
    return found


def _entities(scene: Scene, sizes: dict[str, str]) -> Markup:
    rows = [
        (
            entity.name,
            type(entity).__name__,
            type(entity.morph).__name__,
            type(entity.material).__qualname__,
            sizes.get(entity.name, ""),
        )
        for entity in scene.entities
    ]
    head = ("name", "kind", "morph", "material", "size")
    return details("entities", table(head, rows), aside=len(rows), open=len(rows) <= 12)


def _solvers(scene: Scene) -> Markup:
    rows = []
    for name, layouts in scene._memory.rows():
        variables = [var for row in layouts for var in row.variables]
        nbytes = {role: sum(var.nbytes for var in variables if var.role == role) for role in ROLES}
        rows.append((name, len(variables), *(size(nbytes[role]) for role in ROLES)))
    head = ("", "variables", *ROLES[:3], "model (once)", "scratch")
    body = table(head, rows, right=range(1, 7))
    return details("bytes per environment", body, open=True)
