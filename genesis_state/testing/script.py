"""The contract of a script that somebody wrote without thinking of it.

What the script does up to `scene.build` makes its scene. What it writes before the first step is
the start, and what it commands in the steps after that is what drives the scene.
"""

from __future__ import annotations

import contextlib
import io
import os
import runpy
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from genesis_state import checkpoint
from genesis_state.recording.recording_file import read_timeline
from genesis_state.recording.timeline import Timeline
from genesis_state.scene import Scene
from genesis_state.state import SimState

LEAST, MOST = 6, 60  # steps
THREAD_BYTES = 1 << 25  # of states in the line about threads


class _Enough(BaseException):
    """Ends a script; not an Exception, so that no script catches it."""


@dataclass
class Script:
    """A script, and what is needed to do again what it did.

    It travels to other processes, where the script runs anew.

    Attributes:
        path: The script.
        arguments: What follows it on its command line.
        recording: A file that holds what it did, once `record` has run it.
    """

    path: str
    arguments: tuple[str, ...] = ()
    recording: str = ""

    def factory(self) -> Scene:
        """The script's scene, as it is when it calls `build`."""
        found: list[Scene] = []

        def build(scene: Scene, *_: Any, **__: Any) -> None:
            found.append(scene)
            raise _Enough

        with _replaced(Scene, "build", build):
            self._run()
        if not found:
            raise ValueError(f"{self.path}: builds no gs.Scene; needs one, and steps of it.")
        return found[0]

    def start(self, scene: Scene, streams: torch.Tensor) -> None:
        """What the script wrote before the first step; stream s is its environment s."""
        rows = streams % self._start.n_envs
        scene.reset(self._start[rows], params=True)

    def drive(self, scene: Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
        """What the script commanded before each step."""
        rows = streams % self._start.n_envs
        for step in steps.unique().tolist():
            commands = self._timeline.commands.get(step)
            if commands is None:
                continue
            chosen = steps == step
            for key, values in commands.items():
                owner, _, name = key.partition(".")
                arena = next(a for a in scene._memory.arenas if a.name == owner)
                with arena.edit(name) as (view,):
                    view[chosen] = values[rows[chosen]].to(view.device)

    def record(self, folder: str, most: int = MOST) -> tuple[int, int]:
        """Runs the script and keeps what it does, up to the first step before which it edits.

        Args:
            folder: Where to keep it.
            most: Steps after which that is enough.

        Returns:
            The number of its environments, and of its steps that can be made again.

        Raises:
            ValueError: It builds no scene, or makes too few steps.
        """
        kept: list[Scene] = []
        build, step = Scene.build, Scene.step

        def and_record(scene: Scene, *given: Any, **named: Any) -> None:
            build(scene, *given, **named)
            if not kept:
                kept.append(scene)
                scene.record(every=most)

        def and_count(scene: Scene) -> None:
            if kept and scene is kept[0] and scene.t >= most:
                raise _Enough
            step(scene)

        with _replaced(Scene, "build", and_record), _replaced(Scene, "step", and_count):
            self._run()
        if not kept:
            raise ValueError(f"{self.path}: builds no gs.Scene; needs one, and steps of it.")
        history = kept[0].history
        if history is None or len(history) <= LEAST:
            steps = 0 if history is None else len(history) - 1
            raise ValueError(
                f"{self.path}: makes {steps} steps, needs {LEAST} or more to check anything."
            )
        self.recording = os.path.join(folder, "script.npz")
        history.save(self.recording)
        edits = [k.moment for k in history.timeline.keyframes if k.edited and k.moment > 0]
        steps = min([*edits, len(history) - 1])
        if steps < LEAST:
            raise ValueError(
                f"{self.path}: sets or resets state itself before step {steps}; needs {LEAST} or "
                "more steps before that to check anything."
            )
        n_envs = kept[0].n_envs
        kept[0].close()
        return n_envs, steps

    @property
    def env_bytes(self) -> int:
        """Bytes of one environment's state."""
        return self._start.nbytes // self._start.n_envs

    @cached_property
    def _timeline(self) -> Timeline:
        with checkpoint.open(self.recording) as stored:
            _, _, stored_timeline = read_timeline(stored)
            return stored_timeline.held()

    @property
    def _start(self) -> SimState:
        return (self._timeline.edited(0) or self._timeline.before(0)).load()

    def _run(self) -> None:
        before = sys.argv, sys.path[:]
        sys.argv = [self.path, *self.arguments]
        sys.path.insert(0, str(Path(self.path).resolve().parent))
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(_Enough):
                runpy.run_path(self.path, run_name="__main__")
        except SystemExit as ended:
            if ended.code not in (None, 0):
                raise ValueError(f"{self.path}: ends with status {ended.code}.") from None
        finally:
            sys.argv, sys.path[:] = before

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "arguments": self.arguments, "recording": self.recording}


def check_script(
    path: str,
    arguments: tuple[str, ...] = (),
    *,
    lines: tuple[str, ...],
    said: Callable[[str, str | None], None],
    most: int = MOST,
) -> bool:
    """Checks lines of the contract on a script.

    Args:
        path: The script.
        arguments: What follows it on its command line.
        lines: Names of the lines.
        said: said(line, problem) is told of each line, with None if it holds.
        most: Steps of the script to look at.

    Returns:
        Whether all of them hold.

    Raises:
        ValueError: The script cannot be checked.
    """
    from genesis_state import testing

    script, good = Script(path, arguments), True
    with tempfile.TemporaryDirectory() as folder:
        n_envs, steps = script.record(folder, most)
        after = steps // 3
        # Enough to occupy several threads, as far as memory goes.
        thread_envs = max(n_envs, min(2048, THREAD_BYTES // script.env_bytes))
        with testing.Contract(
            script.factory,
            start=script.start,
            drive=script.drive,
            n_envs=n_envs,
            before=steps - 2 * after,
            after=after,
            thread_envs=thread_envs,
            trace=True,
            alike=True,
        ) as contract:
            for line in lines:
                problem = None
                try:
                    testing.LINES[line](contract)
                except testing.ContractError as error:
                    problem, good = str(error), False
                said(line, problem)
    return good


@contextlib.contextmanager
def _replaced(owner: type, name: str, value: Callable[..., Any]) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
