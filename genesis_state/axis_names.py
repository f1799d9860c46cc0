"""What the entries of a variable are called, and their units, from a layout and a declaration."""

from __future__ import annotations

import math
import re
from itertools import product

from genesis_state.layout import StateLayout
from genesis_state.schema import StateVar

# What the coordinates and the velocities of a joint are called, each with its kind: of motion along
# an axis, about one, or a part of a quaternion.
_COORDINATES = {
    "hinge": [("", "angular")],
    "slide": [("", "linear")],
    "ball": [(axis, "") for axis in ("w", "x", "y", "z")],
    "free": [
        *((axis, "linear") for axis in ("x", "y", "z")),
        *((axis, "") for axis in ("qw", "qx", "qy", "qz")),
    ],
}
_VELOCITIES = {
    "hinge": [("", "angular")],
    "slide": [("", "linear")],
    "ball": [(f"about {axis}", "angular") for axis in "xyz"],
    "free": [
        *((axis, "linear") for axis in "xyz"),
        *((f"about {axis}", "angular") for axis in "xyz"),
    ],
}


def column_names(
    declared: StateVar | None, layout: StateLayout | None, shape: tuple[int, ...]
) -> list[str]:
    """A name for each entry of a variable, in C order: "joint1", "hand x", "particle 7 z".

    Args:
        declared: Its declaration, if it is known.
        layout: The layout of the states it comes from, if there is one.
        shape: Its shape in one environment.
    """
    return [name for name, _ in _columns(declared, layout, shape)]


def column_units(
    declared: StateVar | None, layout: StateLayout | None, shape: tuple[int, ...]
) -> list[str]:
    """The unit of each entry; where it cannot be told, what the declaration says of all."""
    unit = unit_of(declared.doc) if declared is not None else ""
    linear, _, angular = unit.partition(", ")
    angular = angular.split(", ")[0]
    known = {"linear": linear, "angular": angular} if angular else {}
    return [known.get(kind, unit) for _, kind in _columns(declared, layout, shape)]


def unit_of(doc: str) -> str:
    """What stands in brackets at the end of a doc: "m, rad" of "Positions [m, rad]"."""
    found = re.search(r"\[([^\[\]]*)\]\s*$", doc)
    return found[1] if found else ""


def _columns(
    declared: StateVar | None, layout: StateLayout | None, shape: tuple[int, ...]
) -> list[tuple[str, str]]:
    """Name and kind of each entry."""
    n_dims = len(shape) - (len(declared.element) if declared is not None else 0)
    dims = declared.dims if declared is not None else ()
    axes = []
    for axis, size in enumerate(shape):
        if axis >= n_dims:
            axes.append([(name, "") for name in _element(shape[n_dims:], axis - n_dims)])
        elif axis < len(dims):
            axes.append(_entries(dims[axis], size, layout))
        else:
            axes.append([(str(i) if axis else f"entry {i}", "") for i in range(size)])
    if math.prod(shape) == 1 and not dims:
        return [("", "")]
    return [
        (" ".join(name for name, _ in entry if name), next((k for _, k in entry if k), ""))
        for entry in product(*axes)
    ]


def _element(element: tuple[int, ...], axis: int) -> list[str]:
    size = element[axis]
    if size == 4 and len(element) == 1:
        return ["w", "x", "y", "z"]
    return ["x", "y", "z"][:size] if size <= 3 else [str(i) for i in range(size)]


def _entries(dim: str, size: int, layout: StateLayout | None) -> list[tuple[str, str]]:
    """What is along a named dim; counted where the layout does not say."""
    found = (
        [] if layout is None else _named(dim.removeprefix("own_").removeprefix("weighed_"), layout)
    )
    return found if len(found) == size else [(f"{dim} {i}", "") for i in range(size)]


def _named(dim: str, layout: StateLayout) -> list[tuple[str, str]]:
    if dim == "body":
        return [("world", ""), *_named("link", layout)]
    part = {"q": "joints", "dof": "joints", "joint": "joints"}.get(dim, f"{dim}s")
    lists = {
        key.removeprefix("entity ").removesuffix(f" {part}"): value.split(", ")
        for key, value in layout.model
        if key.startswith("entity ") and key.endswith(f" {part}") and value
    }
    found = []
    for entity, parts in lists.items():
        owner = f"{entity} " if len(lists) > 1 else ""
        for text in parts:
            name, _, kind = text.removesuffix(")").partition(" (")
            table = {"q": _COORDINATES, "dof": _VELOCITIES}.get(dim)
            entries = [("", "")] if table is None else table.get(kind, [])
            found += [(f"{owner}{name} {entry}".rstrip(), motion) for entry, motion in entries]
    return found
