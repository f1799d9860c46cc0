"""Equalities between steps: which of the model's hold, and welds that are made and undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from genesis_state import geom
from genesis_state.selection import Selection, select

if TYPE_CHECKING:
    from genesis_state.solvers.rigid.solver import RigidSolver

_WELD = ("weld_link1", "weld_link2", "weld_pos", "weld_quat")


def set_active(solver: RigidSolver, active: Any, which: Any, envs_idx: Any) -> None:
    """See `RigidSolver.set_equalities_active`."""
    mj = solver.compiled.mj
    known = [mj.equality(i).name for i in range(mj.neq)]
    wanted = list(range(mj.neq)) if which is None else [which] if _one(which) else list(which)
    columns = [_equality(known, name) for name in wanted]
    with solver.arena.edit("eq_active") as (view,):
        selection = select(envs_idx, solver.n_envs, view.device)
        flags = torch.as_tensor(np.asarray(active) if isinstance(active, list) else active)
        shapes = ((), (len(columns),), (len(selection.indices()), len(columns)))
        if flags.dtype != torch.bool or tuple(flags.shape) not in shapes:
            raise ValueError(
                f"set_equalities_active: active is of {str(flags.dtype).removeprefix('torch.')} "
                f"and shape {tuple(flags.shape)}, needs bools of shape (), {shapes[1]} or "
                f"{shapes[2]}."
            )
        rows = selection.indices()[:, None]
        view[rows, torch.tensor(columns, dtype=torch.int64, device=view.device)] = flags.to(
            view.device
        )


def add_weld(solver: RigidSolver, link1_idx: Any, link2_idx: Any, envs_idx: Any) -> None:
    """See `RigidSolver.add_weld_constraint`."""
    pair = _links(solver, "add_weld_constraint", link1_idx, link2_idx)
    arena = solver.arena
    room = arena.get("weld_link1").shape[1]
    if not room:
        raise RuntimeError(
            "add_weld_constraint: there is no room for welds; build the scene with "
            "rigid_options=gs.options.RigidOptions(max_dynamic_constraints=…)."
        )
    links_pos, links_quat = arena.get("links_pos"), arena.get("links_quat")
    with arena.edit(*_WELD) as (link1, link2, pos, quat):
        selection = select(envs_idx, solver.n_envs, link1.device)
        envs = selection.indices()
        _refuse_envs(_welded(link1, link2, pair).any(-1), selection, pair, "are welded already")
        full = (link1 >= 0).all(-1)
        _refuse_envs(full, selection, pair, f"find no room, all {room} welds are made")
        slot = (link1[envs] < 0).to(torch.int32).argmax(-1)
        places, turns = links_pos[envs], links_quat[envs]
        first, second = pair
        inverse = geom.inv_quat(turns[:, second])
        offset = places[:, first] - places[:, second]
        link1[envs, slot], link2[envs, slot] = first, second
        pos[envs, slot] = geom.transform_by_quat(offset, inverse)
        quat[envs, slot] = geom.transform_quat_by_quat(
            turns[:, second], geom.inv_quat(turns[:, first])
        )


def delete_weld(solver: RigidSolver, link1_idx: Any, link2_idx: Any, envs_idx: Any) -> None:
    """See `RigidSolver.delete_weld_constraint`."""
    pair = _links(solver, "delete_weld_constraint", link1_idx, link2_idx)
    with solver.arena.edit(*_WELD) as (link1, link2, pos, quat):
        selection = select(envs_idx, solver.n_envs, link1.device)
        gone = _welded(link1, link2, pair) & selection.marks()[:, None]
        link1[gone] = link2[gone] = -1
        pos[gone] = 0.0
        quat[gone] = 0.0


def get_welds(solver: RigidSolver, envs_idx: Any) -> dict[str, torch.Tensor]:
    """See `RigidSolver.get_weld_constraints`."""
    link1, link2 = solver.arena.get("weld_link1"), solver.arena.get("weld_link2")
    selection = select(envs_idx, solver.n_envs, link1.device)
    link1, link2 = selection.take(link1).long(), selection.take(link2).long()
    order = (link1 < 0).to(torch.int8).argsort(dim=-1, stable=True)
    most = int((link1 >= 0).sum(-1).max()) if link1.numel() else 0
    return {
        "link_a": link1.gather(-1, order)[:, :most],
        "link_b": link2.gather(-1, order)[:, :most],
    }


def _one(which: Any) -> bool:
    return isinstance(which, (str, int, np.integer)) and not isinstance(which, bool)


def _equality(known: list[str], name: Any) -> int:
    """Number of an equality that is given by its name or number."""
    if isinstance(name, str) and name in known:
        return known.index(name)
    if isinstance(name, (int, np.integer)) and not isinstance(name, bool):
        number = int(name)
        if -len(known) <= number < len(known):
            return number % len(known)
    raise ValueError(
        f"set_equalities_active: there is no equality {name!r}; the scene has "
        f"{', '.join(repr(k) for k in known) or 'none'}."
    )


def _links(solver: RigidSolver, call: str, link1_idx: Any, link2_idx: Any) -> tuple[int, int]:
    n_links = solver.compiled.mj.nbody - 1
    found = []
    for argument, link in (("link1_idx", link1_idx), ("link2_idx", link2_idx)):
        try:
            number = int(np.asarray(link.cpu() if isinstance(link, torch.Tensor) else link).item())
            wrong = number != link or isinstance(link, bool)
        except (TypeError, ValueError, RuntimeError):
            number, wrong = -1, True
        if wrong or not 0 <= number < n_links:
            raise ValueError(
                f"{call}: {argument} is {link!r}, needs the number of a link among the scene's, 0 "
                f"to {n_links - 1}; a link has it as .idx."
            )
        found.append(number)
    if found[0] == found[1]:
        raise ValueError(f"{call}: both links are {found[0]}, needs two.")
    return found[0], found[1]


def _welded(link1: torch.Tensor, link2: torch.Tensor, pair: tuple[int, int]) -> torch.Tensor:
    """Which welds are of these two links, in either order."""
    first, second = pair
    return ((link1 == first) & (link2 == second)) | ((link1 == second) & (link2 == first))


def _refuse_envs(
    wrong: torch.Tensor, selection: Selection, pair: tuple[int, int], what: str
) -> None:
    envs = (wrong & selection.marks()).nonzero().squeeze(1).tolist()
    if envs:
        raise ValueError(
            f"add_weld_constraint: links {pair[0]} and {pair[1]} {what} in environments "
            f"{envs[:8]}; nothing has been changed."
        )
