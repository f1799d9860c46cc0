"""The recent past of a scene, to which it can be taken back."""

from __future__ import annotations

import os
import re
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import torch
from tqdm import tqdm

from genesis_state import checkpoint
from genesis_state.checkpoint.content import plain_metadata
from genesis_state.notebook.running import hidden
from genesis_state.recording.checksums import StepChecksums
from genesis_state.recording.history_page import history_page
from genesis_state.recording.recording_file import read_timeline, require_fit, write_timeline
from genesis_state.recording.timeline import KeptCommands, KeptKeyframe, Keyframe, Timeline
from genesis_state.state import SimState
from genesis_state.viewing.view import View

if TYPE_CHECKING:
    from genesis_state.scene import Scene

DELAY = 1.0  # s; a seek that is over sooner needs no bar


class History(Sequence[SimState]):
    """What a scene did since `scene.record()`, one state for each step, the first one included.

    It keeps a keyframe every few steps and what was commanded in between; other states are computed
    again by stepping from the keyframe before them, which gives the same bytes. As a sequence it
    gives states: `history[-1]`, `len(history)`; asking leaves the scene where it is.

    What writes past the scene's own methods, such as a kernel of one's own on a solver's fields
    between two steps, is not seen until the next keyframe.

    Args:
        scene: A built scene.
        every: Steps between two keyframes.
        memory: Bytes to use, a number or such as "2GB"; the oldest steps are forgotten first.
        checksums: Whether to take a checksum of every environment where each step begins.
        timeline: What is known of the past already; the scene stands at its last moment.

    Attributes:
        every: Steps between two keyframes.
        memory: Bytes that may be used.
        timeline: What is kept.
        now: The moment at which the scene stands.
        recording: Whether steps are added.
    """

    def __init__(
        self,
        scene: Scene,
        every: int,
        memory: float | str,
        checksums: bool,
        timeline: Timeline | None = None,
    ):
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ValueError(f"record: every is {every!r}, needs a number of steps, 1 or more.")
        self._scene = weakref.ref(scene)  # which holds this
        self.every = every
        self.memory = read_bytes(memory)
        size = scene.layout.nbytes(params=True) * scene.n_envs
        if self.memory < size:
            raise ValueError(
                f"record: memory is {self.memory} bytes, one keyframe of this scene takes {size}; "
                "give it several times that."
            )
        self._spare: SimState | None = None
        self._checksums = StepChecksums(scene._memory) if checksums else None
        self.recording = True
        if timeline is None:
            timeline = Timeline(times=[scene.t])
            timeline.add_keyframe(KeptKeyframe(0, False, scene.get_state(params=True)))
        self.timeline = timeline
        self.now = timeline.last
        self._edits: dict[str, list[str]] = {}
        scene._tell_edits()

    @classmethod
    def from_file(
        cls, scene: Scene, path: str | os.PathLike[str], every: int, memory: float | str
    ) -> History:
        """The history in a file; the scene goes to its end. See `Scene.load_history`."""
        stored = checkpoint.open(path)
        try:
            layout, n_envs, timeline = read_timeline(stored)
            require_fit(scene, stored, layout, n_envs)
            history = cls(scene, every, memory, bool(timeline.checksums), timeline)
            history._restore(history.now)
        except BaseException:
            stored.close()
            raise
        scene._tell_edits()
        return history

    @property
    def scene(self) -> Scene:
        """The scene.

        Raises:
            RuntimeError: It is gone.
        """
        scene = self._scene()
        if scene is None:
            raise RuntimeError("history: its scene is gone; keep the scene as long as its history.")
        return scene

    # ---------------------------------------------------------------- following

    def edited(self, touched: Mapping[str, list[str]]) -> None:
        """Variables were written, by owner."""
        for owner, names in touched.items():
            self._edits[owner] = sorted({*self._edits.get(owner, ()), *names})

    def before_step(self) -> None:
        """Keeps what was written since the last step."""
        touched, self._edits = self._edits, {}
        timeline = self.timeline
        if self.now < timeline.last:
            timeline.cut(self.now)  # another future begins
        if touched:
            memory = self.scene._memory
            if memory.only_commands(touched):
                timeline.add_commands(self.now, KeptCommands(memory.values(touched)))
            else:
                self._take_keyframe(edited=True)
        if self._checksums is not None:
            timeline.checksums[self.now] = self._checksums.take()

    def after_step(self) -> None:
        """Counts the step."""
        timeline = self.timeline
        self.now += 1
        timeline.times.append(self.scene.t)
        if self.now % self.every == 0:
            self._take_keyframe(edited=False)
        while timeline.nbytes > self.memory and len(timeline.keyframes) > 1:
            dropped = timeline.drop_first()
            self._spare = dropped.state if isinstance(dropped, KeptKeyframe) else None

    def stop(self) -> None:
        """Ends the recording. What is there can still be gone back to and read."""
        self.recording = False
        if self in self.scene._followers:
            self.scene._followers.remove(self)

    def _take_keyframe(self, edited: bool) -> None:
        spare, self._spare = self._spare, None
        state = self.scene.get_state(out=spare, params=True)
        self.timeline.add_keyframe(KeptKeyframe(self.now, edited, state))

    # ---------------------------------------------------------------- going back

    def rewind(self, steps: int = 1) -> None:
        """Takes the scene back by a number of steps.

        Raises:
            ValueError: So many are not kept; nothing has been changed.
        """
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 0:
            raise ValueError(f"rewind: steps is {steps!r}, needs a number of steps, 0 or more.")
        first = self.timeline.first
        if self.now - steps < first:
            raise ValueError(
                f"rewind: {steps} steps, but only {self.now - first} are kept before this one"
                f"{self._forgotten()}."
            )
        self._go(self.now - steps)

    def seek(self, t: int) -> None:
        """Takes the scene to the step at which its `t` was this, back or forth.

        After full resets several steps have the same `t`: then to the latest of them.

        Raises:
            ValueError: It is not kept; nothing has been changed.
        """
        if isinstance(t, bool) or not isinstance(t, int):
            raise ValueError(f"seek: t is {t!r}, needs a step number; seconds are t * scene.dt.")
        moment = self.timeline.moment_of(t)
        if moment is None:
            times = self.timeline.times[self.timeline.first - self.timeline.base :]
            raise ValueError(
                f"seek: t={t} is not in the history, which goes from {min(times)} to {max(times)}"
                f"{self._forgotten() if t < min(times) else ''}."
            )
        self._go(moment)

    def _forgotten(self) -> str:
        """What would have kept more."""
        return "; record with more memory to keep more" if self.timeline.base else ""

    def _go(self, moment: int) -> None:
        scene = self.scene
        if self.recording and self not in scene._followers:
            raise RuntimeError("rewind and seek: not within scene.branch(); leave it first.")
        scene._tell_edits()
        self._restore(moment)
        scene._tell_edits(but=self)  # others see one more edit
        self._edits.clear()
        self.now = moment

    def _restore(self, moment: int) -> None:
        """Puts the scene to a moment, without anyone's noticing."""
        keyframe = self.timeline.before(moment)
        self.scene.reset(keyframe.load(), params=True)
        self._advance(keyframe, range(keyframe.moment, moment))

    def _advance(self, keyframe: Keyframe, moments: range) -> None:
        for at in tqdm(moments, desc="seek", delay=DELAY, leave=False, disable=hidden()):
            self._replay(at, skip=keyframe.edited and at == keyframe.moment)

    def _replay(self, at: int, skip: bool = False) -> None:
        """Makes the step from moment `at` to the next one."""
        commands = None if skip else self.timeline.commands.get(at)
        if commands is not None:
            self.scene._memory.command(commands)
        self._step()

    def _step(self) -> None:
        """A step that no one follows."""
        scene = self.scene
        followers, scene._followers = scene._followers, []
        try:
            scene.step()
        finally:
            scene._followers = followers

    # ---------------------------------------------------------------- reading

    @property
    def times(self) -> list[int]:
        """The scene's `t` at each of the states."""
        return self.timeline.times[self.timeline.first - self.timeline.base :]

    @property
    def nbytes(self) -> int:
        """Bytes that are kept."""
        return self.timeline.nbytes

    def __len__(self) -> int:
        return self.timeline.last - self.timeline.first + 1

    @overload
    def __getitem__(self, index: int) -> SimState: ...

    @overload
    def __getitem__(self, index: slice) -> list[SimState]: ...

    def __getitem__(self, index: int | slice) -> SimState | list[SimState]:
        places = range(len(self))[index]
        if isinstance(places, range):
            backwards = places.step < 0
            found = list(self.states(places[::-1] if backwards else places))
            return found[::-1] if backwards else found
        return next(iter(self.states(range(places, places + 1))))

    def __iter__(self) -> Iterator[SimState]:
        return iter(self[:])

    def states(self, places: range) -> list[SimState]:
        """States at some places, which rise; in one pass."""
        return [self.scene.get_state(params=True) for _ in self._visit(places)]

    def read(self, key: str, places: range | None = None) -> torch.Tensor:
        """A variable at each state, shape (len, n_envs, …).

        Args:
            key: Its key, such as "RigidSolver.qpos".
            places: Places in the history, which rise; by default all.

        Raises:
            KeyError: There is no such variable.
        """
        read = self.scene._memory.reader(key)
        chosen = range(len(self)) if places is None else places
        return torch.stack([read().clone() for _ in self._visit(chosen)])

    def at(self, moment: int) -> SimState:
        """The state at a moment, which counts from where the recording began."""
        return self.states(range(moment - self.timeline.first, moment - self.timeline.first + 1))[0]

    def walk(self, first: int, last: int) -> Iterator[tuple[int, bool]]:
        """Takes the scene through consecutive moments, and back at the end.

        Yields:
            A moment, and whether the scene now stands at the edit that followed it: where there
            was one, the moment comes a second time.
        """
        with self.scene.branch():
            self._restore(first)
            for moment in range(first, last + 1):
                yield moment, False
                edited = self.timeline.edited(moment)
                if edited is not None:
                    self.scene.reset(edited.load(), params=True)
                elif moment in self.timeline.commands:
                    self.scene._memory.command(self.timeline.commands[moment])
                if edited is not None or moment in self.timeline.commands:
                    yield moment, True
                if moment < last:
                    self._step()

    def view(self, **settings: Any) -> View:
        """Shows it in a notebook or a browser, with a slider of time; see `Scene.view`."""
        return self.scene.view(self, **settings)

    def _visit(self, places: range) -> Iterator[None]:
        """Takes the scene to each place, and back at the end."""
        at = (-1, False)
        with self.scene.branch():
            for place in places:
                moment = self.timeline.first + place
                keyframe = self.timeline.before(moment)
                if at < (keyframe.moment, keyframe.edited):
                    self._restore(moment)
                else:
                    self._advance(keyframe, range(at[0], moment))
                at = (moment, False)
                yield

    # ---------------------------------------------------------------- files

    def save(self, path: str | os.PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        """Writes all that is kept to a file, from which `scene.load_history` seeks.

        Args:
            path: The file; its suffix names the format: .safetensors, .npz or .pkl.
            metadata: Plain values of your own to keep in the manifest, under "metadata".

        Raises:
            TypeError, ValueError: The suffix names no format, or `metadata` is not plain.
            OSError: Nothing could be saved; what stood there is as it was.
        """
        write_timeline(self.scene, self.timeline, path, {"metadata": plain_metadata(metadata)})

    def _repr_html_(self) -> str:
        return history_page(self)

    def __repr__(self) -> str:
        times = self.times
        return (
            f"History({len(times)} states, t={times[0]}…{times[-1]}, "
            f"{len(self.timeline.keyframes)} keyframes, {self.nbytes} bytes)"
        )


_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def read_bytes(memory: float | str) -> int:
    """A number of bytes: 2e9, "2GB", "500 MiB"."""
    if isinstance(memory, str):
        found = re.fullmatch(r"\s*([0-9.]+(?:e[0-9]+)?)\s*([kmg]i?)?b?\s*", memory, re.IGNORECASE)
        if found:
            return int(float(found[1]) * _UNITS[(found[2] or "").lower()])
    elif isinstance(memory, (int, float)) and not isinstance(memory, bool) and memory > 0:
        return int(min(memory, 1 << 62))
    raise ValueError(f'memory: {memory!r}, needs a number of bytes, or such as "2GB" or "500MiB".')
