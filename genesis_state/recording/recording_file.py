"""Timelines in checkpoint files, of which what is asked for is read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from genesis_state import checkpoint
from genesis_state.checkpoint import Stored
from genesis_state.layout import StateLayout
from genesis_state.recording.timeline import Commands, Keyframe, Timeline
from genesis_state.scene_files import manifest, settings
from genesis_state.state import SimState
from genesis_state.state_file import saved_layout

if TYPE_CHECKING:
    from genesis_state.scene import Scene

PARAM = ".param"
KEYFRAME, COMMAND = "keyframe.", "command."
MOMENT = "moment"
PACKING = 1
"""How `RowLayout.pack` places variables. A keyframe is kept as whole rows, so that it lies in one
place of the file and a seek reads little else."""


def block_names(layout: StateLayout) -> list[str]:
    """Names of the blocks of a state with its parameters: "RigidSolver", "RigidSolver.param"."""
    return [f"{o.name}{end}" for end in ("", PARAM) for o in layout.owners]


def block_of(state: SimState, name: str) -> torch.Tensor:
    """A block of a state with its parameters, int64 of shape (n_envs, words)."""
    names = [owner.name for owner in state.layout.owners]
    place = names.index(name.removesuffix(PARAM))
    assert state.params is not None
    return state.params[place] if name.endswith(PARAM) else state.saved[place]


def write_timeline(
    scene: Scene,
    timeline: Timeline,
    path: str | os.PathLike[str],
    said: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Writes a timeline of a scene, of all its environments or some.

    Args:
        scene: Whose it is.
        timeline: What to write.
        path: The file; its suffix names the format.
        said: What else the manifest says, plain values.
        arrays: What else the file holds.
    """
    found: dict[str, np.ndarray] = dict(arrays or {})
    keyframes = timeline.keyframes
    found["times"] = np.array(timeline.times, dtype=np.int64)
    found[f"{KEYFRAME}{MOMENT}"] = np.array([k.moment for k in keyframes], dtype=np.int64)
    found[f"{KEYFRAME}edited"] = np.array([k.edited for k in keyframes], dtype=bool)
    states = [keyframe.load().serializable() for keyframe in keyframes]
    found[f"{KEYFRAME}t"] = np.array([state.t for state in states], dtype=np.int64)
    for name in block_names(states[0].layout):
        found[KEYFRAME + name] = np.stack([block_of(state, name).numpy() for state in states])
    moments: dict[str, list[int]] = {}
    values: dict[str, list[np.ndarray]] = {}
    for moment, commands in sorted(timeline.commands.items()):
        for key, value in commands.items():
            moments.setdefault(key, []).append(moment)
            values.setdefault(key, []).append(value.cpu().numpy())
    for key in values:
        found[f"{COMMAND}{MOMENT}.{key}"] = np.array(moments[key], dtype=np.int64)
        found[COMMAND + key] = np.stack(values[key])
    sums = sorted(timeline.checksums.items())
    if sums:
        found[f"checksum.{MOMENT}"] = np.array([m for m, _ in sums], dtype=np.int64)
        found["checksum.values"] = np.stack([value.cpu().numpy() for _, value in sums])
    own = {
        "packing": PACKING,
        "base": timeline.base,
        "commands": sorted(values),
        "n_envs": states[0].n_envs,
    }
    described = manifest(scene) | {"recording": own, "settings": settings(scene)} | dict(said)
    checkpoint.write(path, found, step_index=timeline.times[-1], manifest=described)


def read_timeline(stored: Stored) -> tuple[StateLayout, int, Timeline]:
    """The timeline in an open file, which has to stay open as long as the timeline is used.

    Returns:
        The layout of its states, their number of environments, and the timeline.

    Raises:
        ValueError: The file holds none, or is damaged.
    """
    layout, own = saved_layout(stored), stored.manifest.get("recording")
    if layout is None or not isinstance(own, dict):
        raise ValueError(f"{stored.path}: holds no recording; pass a file that history.save wrote.")
    if own.get("packing") != PACKING:
        raise ValueError(
            f"{stored.path}: its rows are packed in way {own.get('packing')}, this version reads "
            f"way {PACKING}; read it with the version that wrote it."
        )
    try:
        base, n_envs, keys = int(own["base"]), int(own["n_envs"]), list(own["commands"])
        timeline = Timeline(times=stored.array("times").tolist(), base=base)
        moments = stored.array(f"{KEYFRAME}{MOMENT}").tolist()
        edited = stored.array(f"{KEYFRAME}edited").tolist()
        ts = stored.array(f"{KEYFRAME}t").tolist()
        for row, moment in enumerate(moments):
            source = _Source(stored, layout, n_envs, row, ts[row])
            timeline.keyframes.append(StoredKeyframe(moment, edited[row], source))
        places: dict[int, dict[str, int]] = {}
        for key in keys:
            for row, moment in enumerate(stored.array(f"{COMMAND}{MOMENT}.{key}").tolist()):
                places.setdefault(moment, {})[key] = row
        timeline.commands = {m: StoredCommands(stored, rows) for m, rows in places.items()}
        if f"checksum.{MOMENT}" in stored.infos:
            values = torch.from_numpy(stored.array("checksum.values"))
            at = stored.array(f"checksum.{MOMENT}").tolist()
            timeline.checksums = dict(zip(at, values, strict=True))
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(
            f"{stored.path}: its recording cannot be read ({error}); take another copy."
        ) from None
    return layout, n_envs, timeline


def require_fit(scene: Scene, stored: Stored, layout: StateLayout, n_envs: int) -> None:
    """Raises unless the steps of a recording would be the same in a scene.

    Raises:
        ValueError: With all differences.
    """
    found = scene.layout.differences(layout) if layout != scene.layout else []
    saved, own = dict(stored.manifest.get("settings", {})), settings(scene)
    for key in sorted(saved.keys() | own.keys()):
        if saved.get(key) != own.get(key):
            found.append(f"{key}: {saved.get(key)} in the file, {own.get(key)} in this scene.")
    for key, value in (
        ("n_envs", (n_envs, scene.n_envs)),
        ("backend", (stored.manifest.get("backend"), scene._runtime.backend.value)),
        ("precision", (stored.manifest.get("precision"), scene._runtime.precision)),
    ):
        if value[0] != value[1]:
            found.append(f"{key}: {value[0]} in the file, {value[1]} in this scene.")
    if found:
        raise ValueError(
            f"{stored.path}: is a recording of another scene:\n  " + "\n  ".join(found)
        )


@dataclass(frozen=True)
class _Source:
    """Where in a file a keyframe is."""

    stored: Stored
    layout: StateLayout
    n_envs: int
    row: int
    t: int

    def read(self) -> SimState:
        state = SimState.empty(self.layout, self.n_envs, params=True)
        rows = slice(self.row, self.row + 1)
        for name in block_names(self.layout):
            self.stored.read_into(block_of(state, name).numpy()[None], KEYFRAME + name, rows)
        state.t = self.t
        return state


class StoredKeyframe(Keyframe):
    """A keyframe that is read from its file when it is asked for."""

    nbytes = 0

    def __init__(self, moment: int, edited: bool, source: _Source):
        self.moment = moment
        self.edited = edited
        self._source = source

    def load(self) -> SimState:
        return self._source.read()


class StoredCommands(Commands):
    """Commands that are read from their file when they are asked for."""

    nbytes = 0

    def __init__(self, stored: Stored, rows: Mapping[str, int]):
        self._stored = stored
        self._rows = rows

    def __getitem__(self, key: str) -> torch.Tensor:
        return torch.from_numpy(self._stored.array(COMMAND + key, rows=[self._rows[key]])[0])

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
