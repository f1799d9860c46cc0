"""What a notebook shows of a state: its variables, folded by solver and role, and their values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from genesis_state.declared import doc
from genesis_state.layout import OwnerLayout, StateLayout, VarLayout
from genesis_state.notebook import (
    Markup,
    details,
    glance_cells,
    note,
    page,
    table,
)
from genesis_state.text import count, size

_ROLES = {"state": "state", "memory": "memory", "param": "parameters"}
_PLOTS = 80  # variables whose values are looked at
_HEAD = ("variable", "what it is", "dtype", "shape", "range", "values", "over environments")


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
    aside = f"{count(n_envs, 'environment')}, t = {t}, {per_env}{size(nbytes)}, {device}"
    looked_at = 0
    parts = []
    for index, owner in enumerate(layout.owners):
        mine = {
            var.name: views[f"{owner.name}.{var.name}"]
            for var in owner.variables()
            if f"{owner.name}.{var.name}" in views
        }
        body = _roles(owner, mine, _PLOTS - looked_at)
        looked_at += len(mine)
        parts.append(
            details(
                owner.name,
                *body,
                aside=f"state.{owner.alias}, {count(len(mine), 'variable')}",
                open=index == 0,
            )
        )
    if not any(key in views for key in set(layout.keys(params=True)) - set(layout.keys())) and any(
        owner.param.variables for owner in layout.owners
    ):
        parts.append(note("without parameters; get_state(params=True) carries them"))
    return page("SimState", *parts, aside=aside)


def owner_page(owner: OwnerLayout, t: int, views: Mapping[str, np.ndarray], n_envs: int) -> str:
    """One solver's variables in a state; `views` by their names."""
    aside = f"state.{owner.alias}, {count(n_envs, 'environment')}, t = {t}"
    return page(owner.name, *_roles(owner, views, _PLOTS), aside=aside)


def _roles(owner: OwnerLayout, views: Mapping[str, np.ndarray], plots: int) -> list[Markup]:
    """A fold for each role that is there, that of the physical state open."""
    found = []
    for role, title in _ROLES.items():
        variables = [v for v in owner.variables() if v.role == role and v.name in views]
        if not variables:
            continue
        rows = [
            _row(owner, var, views[var.name], values=index < plots)
            for index, var in enumerate(variables)
        ]
        plots -= len(variables)
        nbytes = sum(var.nbytes for var in variables)
        aside = f"{count(len(variables), 'variable')}, {size(nbytes)} per environment"
        body = table(_HEAD, rows, wide=(1,))
        found.append(details(title, body, aside=aside, open=role == "state"))
    return found


def _row(owner: OwnerLayout, var: VarLayout, view: np.ndarray, values: bool) -> tuple[object, ...]:
    cells = glance_cells(view) if values else ("", "", "")
    return (
        var.name,
        doc(f"{owner.name}.{var.name}"),
        var.dtype,
        tuple(view.shape),
        *cells,
    )
