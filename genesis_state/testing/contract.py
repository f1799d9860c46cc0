"""The apparatus of the contract suite: scenes of one factory, and the run all others must match."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from genesis_state import runtime
from genesis_state.checkpoint import FORMATS
from genesis_state.recording.compare import Divergence
from genesis_state.state import SimState
from genesis_state.testing.getters import Readings, public_getters, readings_differences
from genesis_state.testing.trail import Trail, first_divergence

if TYPE_CHECKING:
    from genesis_state.scene import Scene

Factory: TypeAlias = "Callable[[], Scene]"
Start: TypeAlias = "Callable[[Scene, torch.Tensor], None]"
Drive: TypeAlias = "Callable[[Scene, torch.Tensor, torch.Tensor], None]"
Getters: TypeAlias = "Callable[[Scene], Readings]"


class ContractError(AssertionError):
    """A line of the contract does not hold."""


@dataclasses.dataclass(frozen=True)
class Recording:
    """A run that nothing disturbed.

    Attributes:
        start: The state at its beginning.
        snapshot: That after `before` steps.
        readings: What the getters gave then.
        end: That after another `after` steps.
        later: That after `after` more.
        checkpoints: Files saved at the snapshot, by name: one at once, and one of each format
            while the scene stepped on.
        init: What a new process must give `gs.init` to do the same.
    """

    start: SimState
    snapshot: SimState
    readings: Readings
    end: SimState
    later: SimState
    checkpoints: dict[str, bytes]
    init: dict[str, str]


class Contract:
    """A scene, what is done with it, and what came of it: what every line starts from.

    Environments are told apart by their streams: stream s has the same initial state and the same
    controls wherever it runs. An undisturbed scene runs stream e in environment e.

    Args:
        factory: Makes an unbuilt scene, the same each time.
        n_envs: Number of environments.
        before: Steps up to the snapshot. Choose it so that the snapshot falls into live action.
        after: Steps from the snapshot on.
        start: start(scene, streams) makes the environments of a scene that was just built
            differ; environment e gets the initial state of streams[e].
        drive: drive(scene, steps, streams) sets the controls before each step; environment e gets
            those of streams[e] at its own time steps[e]. Both are int64 of shape (n_envs,). The
            value must not depend on who else is in the batch: look it up in a table, since
            vectorized functions may round the ends of an array otherwise than its middle.
        getters: getters(scene) gives a dict of tensors; by default all that the scene's
            entities and solvers can be asked.
        thread_envs: Number of environments for the line about threads, enough to occupy several:
            Taichi gives a thread no fewer than 512 iterations of a loop.
        trace: Whether to keep every state, so that an error names the first step that differs.
        alike: Whether all environments may be alike, of which a mix-up would not be noticed.

    For the lines that start a process, `threads` and `file`, the functions must be importable:
    defined at the top of a module, or of a script that guards what it does with
    `if __name__ == "__main__"`.
    """

    def __init__(
        self,
        factory: Factory,
        *,
        n_envs: int = 7,
        before: int = 20,
        after: int = 20,
        start: Start | None = None,
        drive: Drive | None = None,
        getters: Getters | None = None,
        thread_envs: int = 2048,
        trace: bool = False,
        alike: bool = False,
    ):
        self.factory = factory
        self.n_envs = n_envs
        self.before = before
        self.after = after
        self.start = start
        self.drive = drive
        self.getters = getters or public_getters
        self.thread_envs = thread_envs
        self.trace = trace
        self.alike = alike
        self._scenes: list[Scene] = []
        self._trail: Trail | None = None
        self._undisturbed: list[SimState] = []

    @cached_property
    def scene(self) -> Scene:
        """The scene of the undisturbed run."""
        return self._build(self.n_envs)

    @cached_property
    def other(self) -> Scene:
        """A second one, which moves its state by the kernel transport."""
        return self._build(self.n_envs, transport="kernel")

    @cached_property
    def alone(self) -> Scene:
        """One with a single environment."""
        return self._build(1)

    @cached_property
    def recording(self) -> Recording:
        """The undisturbed run."""
        scene = self.scene
        if self.start is not None:
            self.start(scene, self.streams)
        start = scene.get_state(params=True)
        self.run(scene, self.before)
        self._keep_trail(start)
        snapshot = scene.get_state(params=True)
        readings = self.getters(scene)
        self.same("observation", "after asking the getters", scene, snapshot)
        with tempfile.TemporaryDirectory() as folder:
            scene.save_checkpoint(Path(folder, "at_once.pkl"))
            later_files = [Path(folder, f"meanwhile{suffix}") for suffix in FORMATS]
            savings = [scene.save_checkpoint(path, block=False) for path in later_files]
            self.run(scene, self.after)
            self._keep_trail()
            for saving in savings:
                saving.wait()
            checkpoints = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
        end = scene.get_state(params=True)
        self.run(scene, self.after)
        self._keep_trail()
        later = scene.get_state(params=True)
        running = runtime.require()
        init = {"backend": running.backend.value, "precision": running.precision}
        return Recording(start, snapshot, readings, end, later, checkpoints, init)

    @cached_property
    def streams(self) -> torch.Tensor:
        """Stream e for environment e."""
        return torch.arange(self.n_envs)

    def run(
        self,
        scene: Scene,
        steps: int,
        streams: torch.Tensor | None = None,
        *,
        poisoned: bool = False,
    ) -> None:
        """Drives and steps a scene.

        Args:
            scene: The scene.
            steps: How many steps.
            streams: What runs in which environment; stream e in environment e by default.
            poisoned: Whether to poison scratch memory before each step.
        """
        streams = torch.arange(scene.n_envs) if streams is None else streams
        self._trail = Trail(streams, []) if self.trace else None
        for _ in range(steps):
            if poisoned:
                poison_scratch(scene)
            if self.drive is not None:
                self.drive(scene, scene.envs_t.cpu().long(), streams)
            scene.step()
            if self._trail is not None:
                self._trail.states.append(scene.get_state(params=True))

    def same(self, line: str, when: str, found: Scene | SimState, wanted: SimState) -> None:
        """Raises unless a scene or state has the bytes of another."""
        state = found if isinstance(found, SimState) else found.get_state(params=True)
        if differing := wanted.diff(state):
            begins = said_of(self._beginning())
            raise ContractError(f"{line}: {when}, {' '.join(map(str, differing))}{begins}")

    def same_readings(self, line: str, when: str, scene: Scene) -> None:
        """Raises unless the getters give what they gave at the snapshot."""
        found = self.getters(scene)
        if differing := readings_differences(self.recording.readings, found):
            raise ContractError(f"{line}: {when}, {' '.join(differing)}")

    def _keep_trail(self, *before: SimState) -> None:
        """Takes the states of the run just made as those of the undisturbed one."""
        if self._trail is not None:
            self._undisturbed += [*before, *self._trail.states]
            self._trail = None

    def _beginning(self) -> Divergence | None:
        """Where the last run began to differ, if that is known."""
        return None if self._trail is None else first_divergence(self._trail, self._undisturbed)

    def _build(self, n_envs: int, transport: str | None = None) -> Scene:
        scene = self.factory()
        if scene.is_built:
            raise ValueError("factory: the scene is built; return it unbuilt, the suite builds it.")
        if transport is not None:
            options = dataclasses.replace(scene.sim_options, state_transport=transport)
            scene.sim_options = options
        scene.build(n_envs=n_envs)
        self._scenes.append(scene)
        return scene

    def close(self) -> None:
        """Closes the scenes it built. The recording stays, and so do the lines with processes."""
        for scene in self._scenes:
            scene.close()

    def __enter__(self) -> Contract:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()


def said_of(begins: Divergence | None) -> str:
    """Where a difference begins, as the end of a message."""
    if begins is None or begins.key is None:
        return ""
    place = f"[{', '.join(map(str, begins.index))}]" if begins.index else ""
    return (
        f" It begins at step {begins.step}, in environment {begins.env}: {begins.key}{place} was "
        f"{begins.a!r} and is {begins.b!r}."
    )


def poison_scratch(scene: Scene) -> None:
    """Fills every scratch variable of every solver with bits that must not matter."""
    for solver in scene.solvers:
        solver.arena.poison_scratch()


def rows_of(chosen: torch.Tensor, yes: SimState, no: SimState) -> SimState:
    """Row by row, one state or the other; `chosen` says where it is the first."""
    both = type(yes).cat([yes, no])
    own = torch.arange(len(chosen))
    return both[torch.where(chosen, own, own + len(chosen))]
