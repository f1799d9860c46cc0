"""The last steps of one environment that failed, in a file, and how they are made again."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from genesis_state import checkpoint
from genesis_state.checkpoint import Stored
from genesis_state.comparison import VarDiff
from genesis_state.recording.declaration import declared, scene_of
from genesis_state.recording.history import History
from genesis_state.recording.recording_file import (
    block_names,
    block_of,
    read_timeline,
    require_fit,
    write_timeline,
)
from genesis_state.recording.timeline import Timeline
from genesis_state.state import SimState

if TYPE_CHECKING:
    from genesis_state.scene import Scene

FAILED, FILE = "failed.", "model."


def write_capsule(
    path: str | os.PathLike[str],
    scene: Scene,
    timeline: Timeline,
    env: int,
    reason: str,
    failed: SimState,
) -> None:
    """Writes what led an environment to its failure.

    Args:
        path: The file.
        scene: The scene it happened in.
        timeline: The environment's, alone.
        env: Which it was.
        reason: Why it is said to have failed.
        failed: Its state then, with parameters; one row.
    """
    said, files = declared(scene)
    arrays: dict[str, np.ndarray] = {FILE + name: content for name, content in files.items()}
    for name in block_names(failed.layout):
        arrays[FAILED + name] = block_of(failed, name).cpu().numpy()
    about = {"env": env, "n_envs": scene.n_envs, "reason": reason, "t": scene.t, "scene": said}
    write_timeline(scene, timeline, path, {"capsule": about}, arrays)


@dataclass
class Replay:
    """What came of making a capsule's steps again.

    Attributes:
        scene: A scene of one environment, which stands where the failure was.
        history: The steps that led to it, for `scene.rewind` and `scene.seek`.
        env: Which environment it was in the scene that failed.
        reason: Why it is said to have failed.
        t: The scene's `t` then.
        parted: The step from the capsule's beginning at which this run was not the recorded one;
            None if every step was, bit for bit.
        differences: How the last state differs from the recorded one; empty if it is the same.
        not_finite: Variables that are not finite at the end, by key.
    """

    scene: Scene
    history: History
    env: int
    reason: str
    t: int
    parted: int | None
    differences: list[VarDiff]
    not_finite: list[str]

    @property
    def same(self) -> bool:
        """Whether the failure is the recorded one, bit for bit."""
        return self.parted is None and not self.differences

    def __str__(self) -> str:
        steps = len(self.history) - 1
        head = f"environment {self.env}, t={self.t}: {self.reason}"
        shown = f" Not finite: {', '.join(self.not_finite)}." if self.not_finite else ""
        if self.same:
            return (
                f"{head}. The same after {steps} steps in a scene of its own, bit for bit.{shown}"
            )
        if self.parted is not None:
            return f"{head}. Not the same: this run parts from it at step {self.parted} of {steps}."
        return f"{head}. Not the same: {' '.join(map(str, self.differences))}"


def replay(path: str | os.PathLike[str], scene: Scene | None = None) -> Replay:
    """Makes the steps of a capsule again, in a scene of one environment.

    Args:
        path: A file that a guard wrote.
        scene: A built scene of one environment, declared as the one that failed; by default it is
            made from what the capsule says, which leaves out solvers of a user's own.

    Raises:
        ValueError: The file is damaged, is no capsule, or is of another kind of scene.
        FileNotFoundError: There is no such file, or no such model file as the scene was made from.
    """
    stored = checkpoint.open(path)
    try:
        about = stored.manifest.get("capsule")
        if not isinstance(about, dict):
            raise ValueError(f"{path}: is no capsule; pass a file that a guard wrote.")
        layout, n_envs, timeline = read_timeline(stored)
        if scene is None:
            scene = _rebuilt(stored, about)
        require_fit(scene, stored, layout, n_envs)
        failed = _failed(stored, scene)
    except BaseException as error:
        stored.close()
        if isinstance(error, KeyError):
            raise ValueError(f"{path}: lacks {error}; take another copy.") from None
        raise
    history = History(scene, 10, "2GB", checksums=True, timeline=timeline)
    parted = _parted(history)
    if scene.history is not None:
        scene.history.stop()
    scene._follow(history)
    history._go(timeline.last)
    end = scene.get_state(params=True)
    differences = failed.diff(end)
    wrong = [key for key in end if _not_finite(end[key])]
    return Replay(
        scene, history, about["env"], about["reason"], about["t"], parted, differences, wrong
    )


def _rebuilt(stored: Stored, about: dict[str, Any]) -> Scene:
    names = [name for name in stored.infos if name.startswith(FILE)]
    files = {name.removeprefix(FILE): stored.array(name) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        try:
            scene = scene_of(about["scene"], files, Path(folder))
        except ValueError as error:
            raise ValueError(f"{stored.path}: its scene cannot be made: {error}") from None
        scene.build(n_envs=1)
    return scene


def _failed(stored: Stored, scene: Scene) -> SimState:
    state = SimState.empty(scene.layout, 1, params=True)
    for name in block_names(scene.layout):
        stored.read_into(block_of(state, name).numpy(), FAILED + name)
    return state.to(scene.device)


def _parted(history: History) -> int | None:
    """The first step at whose beginning a replay has another checksum than the recording."""
    timeline = history.timeline
    assert history._checksums is not None
    sums: dict[int, torch.Tensor] = {}
    for moment, _ in history.walk(timeline.first, timeline.last):
        sums[moment] = history._checksums.take().cpu()  # the second time, after an edit, counts
    for moment, recorded in timeline.checksums.items():
        if moment in sums and not torch.equal(sums[moment], recorded.cpu()):
            return moment - timeline.first
    return None


def _not_finite(values: torch.Tensor) -> bool:
    return values.is_floating_point() and not bool(values.isfinite().all())
