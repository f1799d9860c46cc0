"""A scene's checkpoints: what the manifest says of it, and what fits back into it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from genesis_state import checkpoint
from genesis_state.checkpoint import Stored
from genesis_state.checkpoint.background import settle
from genesis_state.checkpoint.content import plain_metadata
from genesis_state.entity_match import EntityMatch, described
from genesis_state.load_report import LoadReport
from genesis_state.selection import select
from genesis_state.state import SimState
from genesis_state.state_file import (
    Rows,
    array_differences,
    converted,
    count_rows,
    float_dtype,
    has_params,
    read_keys,
    saved_envs,
    saved_layout,
    source_rows,
    with_float_dtype,
)

if TYPE_CHECKING:
    from genesis_state.scene import Scene

ADVICE = (
    "build the scene as the one that was saved, or pass strict=False to load what fits by entity "
    "and variable."
)


def manifest(scene: Scene) -> dict[str, Any]:
    """What a checkpoint says of its scene."""
    dims = {
        f"{type(solver).__name__}.{name}": list(var.dims)
        for solver in scene.solvers
        for name, var in solver.schema.variables().items()
    }
    runtime = scene._runtime
    return {
        "backend": runtime.backend.value,
        "precision": runtime.precision,
        "layout": scene.layout.to_dict(),
        "settings": settings(scene),
        "entities": described(scene.solvers),
        "dims": {key: dims[key] for key in scene.layout.keys(params=True) if key in dims},
        "metadata": {},
    }


def settings(scene: Scene) -> dict[str, str]:
    """What has to agree for a restored run to go on as it would have, besides its layout."""
    step = {"scene step": f"{scene.dt:.9g} s in {scene.substeps} substeps"}
    return step | {key: text for solver in scene.solvers for key, text in solver.settings()}


def save(
    scene: Scene,
    path: str | os.PathLike[str],
    metadata: Mapping[str, Any] | None,
    *,
    block: bool,
) -> checkpoint.Saving | None:
    """What `Scene.save_checkpoint` does; see there."""
    checkpoint.require_suffix(path)
    target = os.path.abspath(path)  # the program may be in another folder by then
    said = scene._manifest
    if metadata is not None:
        said = checkpoint.Manifest({"metadata": plain_metadata(metadata)}, said)
    step_index, timestamp = scene.t, time.time()

    def write(state: SimState) -> None:
        arrays = state.views()
        checkpoint.write(target, arrays, step_index=step_index, manifest=said, timestamp=timestamp)

    if block:
        settle(target)
        write(scene._memory.live())
        return None
    return checkpoint.submit(target, partial(write, scene.get_state(params=True)))


def load(
    scene: Scene,
    path: str | os.PathLike[str],
    *,
    strict: bool,
    source_envs: Any,
    envs_idx: Any,
    convert_precision: bool,
) -> LoadReport:
    """What `Scene.load_checkpoint` does; see there."""
    settle(path)
    with checkpoint.open(path) as stored:
        fitting = _Fitting(scene, stored, convert_precision)
        try:
            rows, targets = _pairs(scene, stored, source_envs, envs_idx)
        except ValueError as error:
            raise _misfit(path, [*(fitting.differences if strict else ()), str(error)]) from None
        if strict:
            if fitting.differences:
                raise _misfit(path, [*fitting.differences, ADVICE])
            state, report = fitting.read_all(rows)
        else:
            state, report = fitting.read_fitting(rows, scene._initial[targets].to("cpu"))
    masked = None if envs_idx is None else targets
    state.t = stored.step_index
    scene.reset(state=state, envs_idx=masked, params=state.params is not None)
    return report


def _misfit(path: str | os.PathLike[str], problems: list[str]) -> ValueError:
    return ValueError(f"{path} does not fit this scene:\n  " + "\n  ".join(problems))


def _pairs(
    scene: Scene, stored: Stored, source_envs: Any, envs_idx: Any
) -> tuple[Rows, torch.Tensor]:
    """Which rows of the file go where.

    Returns:
        Rows to read, one for each target or one for all; and the targets, ascending.
    """
    rows = source_rows(stored, source_envs)
    count = count_rows(stored, rows)
    targets = select(envs_idx, scene.n_envs, "cpu").indices()
    every = torch.arange(saved_envs(stored))
    if source_envs is None and count == scene.n_envs:
        sources = targets  # as `reset` reads a state that has a row for each environment
    elif count == len(targets):
        sources = every if rows is None else every[rows]
    elif count == 1:
        first = every if rows is None else every[rows]
        return first.numpy(), targets.unique()
    else:
        saved = saved_envs(stored)
        chosen = "" if source_envs is None else f", of which source_envs chooses {count}"
        counts = sorted(
            {1, len(targets), scene.n_envs} if source_envs is None else {1, len(targets)}
        )
        raise ValueError(
            f"the checkpoint has {saved} environments{chosen}; loading into {len(targets)} of this "
            f"scene's {scene.n_envs} takes {' or '.join(map(str, counts))} of them. Choose with "
            f"source_envs and envs_idx, or build with n_envs={saved}."
        )
    order = torch.argsort(targets, stable=True)
    targets, sources = targets[order], sources[order]
    again = targets[1:] == targets[:-1]
    if again.any():
        clash = again & (sources[1:] != sources[:-1])
        if clash.any():
            env = int(targets[1:][clash][0])
            raise ValueError(f"envs_idx names environment {env} twice; name it once.")
        keep = torch.cat([torch.ones(1, dtype=torch.bool), ~again])
        targets, sources = targets[keep], sources[keep]
    whole = len(sources) == len(every) and bool((sources == every).all())
    return None if whole else sources.numpy(), targets


def _carries_params(stored: Stored, scene: Scene) -> bool:
    """Whether a file is to have parameters: it may say that it was saved without."""
    left_out = stored.manifest.get("parameters") is False
    return not left_out or has_params(stored, scene.layout)


class _Fitting:
    """A file beside a scene: what differs, and what can be read."""

    def __init__(self, scene: Scene, stored: Stored, convert: bool):
        self._scene = scene
        self._stored = stored
        self._convert = convert
        self._saved = saved_layout(stored)
        try:
            self._match = EntityMatch(scene.solvers, stored.manifest)
        except ValueError as error:
            raise ValueError(f"{stored.path}: {error}") from None
        self.params = _carries_params(stored, scene)
        self.differences = tuple(self._differences())

    def _differences(self) -> Iterator[str]:
        stored, ours = self._stored, self._scene.layout
        params = self.params
        here, there = "this scene", "the checkpoint"
        theirs = self._saved
        if theirs is None:
            # Made by hand: its arrays are all there is to compare.
            yield from array_differences(stored, ours, params=params)
        else:
            mine, yours = float_dtype(ours), float_dtype(theirs)
            if mine and yours and mine != yours:
                if not self._convert:
                    yield (
                        f"precision: {there} has {yours}, {here} has {mine}; pass "
                        "convert_precision=True, or gs.init with the checkpoint's."
                    )
                theirs = with_float_dtype(theirs, mine)
            yield from ours.differences(theirs, here, there, in_order=False)
            assert self._saved is not None
            for problem in array_differences(stored, self._saved, params=params):
                yield f"the checkpoint is not what it says: {problem}"
        found = stored.manifest.get("settings")
        if isinstance(found, dict):
            yield from checkpoint.differences(found, settings(self._scene))
        elif found is not None:
            yield f"settings: the checkpoint has a {type(found).__name__}, needs a dict."

    def read_all(self, rows: Rows) -> tuple[SimState, LoadReport]:
        """The state in a file that fits."""
        stored, layout = self._stored, self._scene.layout
        state = SimState.empty(layout, count_rows(stored, rows), params=self.params)
        read_keys(stored, state, state.keys(), rows)
        state.clear_padding()
        return state, LoadReport(stored.path, tuple(state), {}, (), (), ())

    def read_fitting(self, rows: Rows, state: SimState) -> tuple[SimState, LoadReport]:
        """Puts what fits into a state of reset values."""
        loaded, partial, reset = [], {}, []
        for key in state:
            taken = self._read(key, rows, state)
            if taken is None:
                loaded.append(key)
            elif taken:
                partial[key] = taken
            else:
                reset.append(key)
        ignored = tuple(key for key in self._stored.infos if key not in state)
        report = LoadReport(
            self._stored.path,
            tuple(loaded),
            partial,
            tuple(reset),
            ignored,
            tuple(dict.fromkeys([*self._match.differences(), *self.differences])),
        )
        return state, report

    def _readable(self, found: np.dtype, wanted: np.dtype) -> bool:
        return found == wanted or (self._convert and found.kind == wanted.kind == "f")

    def _values(self, key: str, rows: Rows, dtype: np.dtype) -> np.ndarray:
        if self._stored.infos[key].dtype == dtype:
            return self._stored.array(key, rows)
        return converted(self._stored, key, rows, dtype)

    def _read(self, key: str, rows: Rows, state: SimState) -> tuple[str, ...] | None:
        """Reads what fits of one variable: None if all of it did, else of which entities."""
        view = state[key].numpy()
        info = self._stored.infos.get(key)
        if not view[:1].size:
            return None
        if info is None or not self._readable(info.dtype, view.dtype):
            return ()
        owner, name = key.split(".", 1)
        if not self._match.admits(owner, name):
            return ()
        if info.shape[1:] == view.shape[1:] and self._match.agree(owner):
            view[...] = self._values(key, rows, view.dtype)
            return None
        if info.shape[2:] != view.shape[2:] or len(info.shape) != view.ndim:
            return ()
        columns = self._match.columns(owner, name)
        fits = [c for c in columns if c[1].stop <= info.shape[1] and c[2].stop <= view.shape[1]]
        if not fits:
            return ()
        values = self._values(key, rows, view.dtype)
        for _, there, here in fits:
            view[:, here] = values[:, there]
        whole = sum(here.stop - here.start for _, _, here in fits) == view.shape[1]
        return None if whole else tuple(dict.fromkeys(entity for entity, _, _ in fits))
