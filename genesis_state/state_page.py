"""What a notebook shows of a state: its variables, folded by solver and role, and their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from genesis_state.declared import doc
from genesis_state.layout import OwnerLayout, StateLayout
from genesis_state.notebook import (
    GlanceCells,
    Markup,
    badge,
    details,
    escape,
    glance_cells,
    note,
    page,
    table,
)
from genesis_state.text import count, size

_ROLES = {"state": "state", "memory": "memory", "param": "parameters"}
_PLOTS = 80  # variables whose values are looked at
_UNSEEN = GlanceCells(Markup(""), Markup(""), Markup(""), 0)
_HEAD = ("variable", "what it is", "dtype", "shape", "range", "values")
_HEAD_OF_MANY = (*_HEAD, "over environments")


def state_page(
    layout: StateLayout, t: int, views: Mapping[str, np.ndarray], nbytes: int, device: Any
) -> str:
    """A state of any number of environments.

    Args:
        layout: Its layout.
        t: The scene's step count.
        views: Its variables by checkpoint key, shape (n_envs, …).
        nbytes: Bytes of all environments.
        device: Where its rows are.
    """
    n_envs = len(next(iter(views.values()))) if views else 0
    per_env = f"{size(nbytes // n_envs)} each, " if n_envs > 1 else ""
    aside_of_all = f"{count(n_envs, 'environment')}, t = {t}, {per_env}{size(nbytes)}, {device}"
    left = _PLOTS
    parts = []
    largest = max(layout.owners, key=lambda owner: owner.saved.nbytes, default=None)
    for owner in layout.owners:
        keys = {var.name: f"{owner.name}.{var.name}" for var in owner.variables()}
        mine = {name: views[key] for name, key in keys.items() if key in views}
        body, broken = _roles(owner, mine, left)
        left -= len(mine)
        aside = f"state.{owner.alias}, {count(len(mine), 'variable')}"
        parts.append(details(owner.name, *body, aside=_said(aside, broken), open=owner is largest))
    saved = set(layout.keys())
    params = [key for key in layout.keys(params=True) if key not in saved]
    if params and not any(key in views for key in params):
        parts.append(note("without parameters; get_state(params=True) carries them"))
    return page("SimState", *parts, aside=aside_of_all)


def owner_page(owner: OwnerLayout, t: int, views: Mapping[str, np.ndarray], n_envs: int) -> str:
    """One solver's variables in a state; `views` by their names."""
    aside = f"state.{owner.alias}, {count(n_envs, 'environment')}, t = {t}"
    return page(owner.name, *_roles(owner, views, _PLOTS)[0], aside=aside)


def _roles(
    owner: OwnerLayout, views: Mapping[str, np.ndarray], left: int
) -> tuple[list[Markup], int]:
    """A fold for each role that is there, that of the physical state open; how much is no number.

    Args:
        owner: The solver.
        views: Its variables by their names.
        left: At how many variables' values to look.
    """
    found = []
    broken = 0
    for role, title in _ROLES.items():
        variables = [v for v in owner.variables() if v.role == role and v.name in views]
        if not variables:
            continue
        rows, here = [], 0
        head = _HEAD_OF_MANY if len(views[variables[0].name]) > 1 else _HEAD
        for var in variables:
            view = views[var.name]
            if not var.nbytes:
                continue
            cells = glance_cells(view) if left > 0 else _UNSEEN
            left -= 1
            here += cells.broken
            about = doc(f"{owner.name}.{var.name}")
            row = (var.name, about, var.dtype, tuple(view.shape), *cells[:3])
            rows.append(row[: len(head)])
        nbytes = sum(var.nbytes for var in variables)
        aside = f"{count(len(variables), 'variable')}, {size(nbytes)} per environment"
        body = [table(head, rows, wide=(1,)) if rows else ""]
        empty = [var.name for var in variables if not var.nbytes]
        if empty:
            body.append(note(f"of no size here: {', '.join(empty)}"))
        found.append(details(title, *body, aside=_said(aside, here), open=role == "state"))
        broken += here
    return found, broken


def _said(aside: str, broken: int) -> Markup:
    """What follows a title, marked where values are no numbers: they may be folded away."""
    mark = badge(count(broken, "value is no number", "values are no numbers"), "bad")
    return Markup(f"{escape(aside)} {mark if broken else ''}".rstrip())
