"""Keyframes, and what was commanded between them: what it takes to compute every state again.

A moment is the end of a step; moment 0 is where the recording began. What users write between
moment m and the step after it is an edit at m. If only commands were written, their values are
kept. Otherwise a keyframe is taken of all there is after the edit: an edited keyframe of moment m
is what step m + 1 starts from, and not what step m ended with.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch

from genesis_state.state import SimState


class Commands(Mapping[str, torch.Tensor]):
    """Values of variables after an edit, shape (n_envs, …), by key."""

    nbytes: int
    """Bytes that they take in memory."""


class Keyframe(ABC):
    """A state with its parameters, as of a moment or of the edit that followed it."""

    moment: int
    edited: bool
    nbytes: int
    """Bytes that it takes in memory."""

    @abstractmethod
    def load(self) -> SimState:
        """The state. It is not to be changed."""


class KeptCommands(Commands):
    """Commands in memory."""

    def __init__(self, values: Mapping[str, torch.Tensor]):
        self._values = dict(values)
        self.nbytes = sum(value.nbytes for value in values.values())

    def __getitem__(self, key: str) -> torch.Tensor:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class KeptKeyframe(Keyframe):
    """A keyframe in memory."""

    def __init__(self, moment: int, edited: bool, state: SimState):
        self.moment = moment
        self.edited = edited
        self.state = state
        self.nbytes = state.nbytes

    def load(self) -> SimState:
        return self.state


@dataclass
class Timeline:
    """The keyframes and commands of consecutive moments.

    Attributes:
        keyframes: By moment; of one moment the edited one comes last.
        commands: What was commanded after a moment, by moment.
        times: The scene's `t` at each moment from `base` on.
        checksums: What `StepChecksums` gave where a step began, by moment.
        base: The moment of the first entry of `times`.
        nbytes: Bytes of keyframes and commands.
    """

    keyframes: list[Keyframe] = field(default_factory=list)
    commands: dict[int, Commands] = field(default_factory=dict)
    times: list[int] = field(default_factory=list)
    checksums: dict[int, torch.Tensor] = field(default_factory=dict)
    base: int = 0
    nbytes: int = 0

    @property
    def first(self) -> int:
        """The earliest moment that can be computed."""
        keyframe = self.keyframes[0]
        return keyframe.moment + keyframe.edited

    @property
    def last(self) -> int:
        """The latest moment."""
        return self.base + len(self.times) - 1

    def add_keyframe(self, keyframe: Keyframe) -> None:
        """Takes a keyframe that is later than all others."""
        self.keyframes.append(keyframe)
        self.nbytes += keyframe.nbytes

    def add_commands(self, moment: int, commands: Commands) -> None:
        """Takes what was commanded after a moment."""
        self.commands[moment] = commands
        self.nbytes += commands.nbytes

    def before(self, moment: int) -> Keyframe:
        """The latest keyframe from which a moment can be reached."""
        keys = [(keyframe.moment, keyframe.edited) for keyframe in self.keyframes]
        return self.keyframes[bisect_right(keys, (moment, False)) - 1]

    def edited(self, moment: int) -> Keyframe | None:
        """The edited keyframe of a moment, if there is one."""
        keys = [(keyframe.moment, keyframe.edited) for keyframe in self.keyframes]
        place = bisect_right(keys, (moment, True)) - 1
        return self.keyframes[place] if place >= 0 and keys[place] == (moment, True) else None

    def drop_first(self) -> Keyframe:
        """Forgets the moments before the second keyframe. Returns the first one."""
        dropped = self.keyframes.pop(0)
        self.nbytes -= dropped.nbytes
        start = self.keyframes[0].moment
        for moment in range(self.base, start):
            self._forget(moment)
        del self.times[: start - self.base]
        self.base = start
        return dropped

    def cut(self, moment: int) -> None:
        """Forgets everything after a moment, edits at the moment too."""
        while (self.keyframes[-1].moment, self.keyframes[-1].edited) > (moment, False):
            self.nbytes -= self.keyframes.pop().nbytes
        for later in range(moment, self.last + 1):
            self._forget(later)
        del self.times[moment - self.base + 1 :]

    def moment_of(self, t: int) -> int | None:
        """The latest moment at which the scene's `t` was this, of those that can be computed."""
        for moment in range(self.last, self.first - 1, -1):
            if self.times[moment - self.base] == t:
                return moment
        return None

    def held(self) -> Timeline:
        """The same in memory, whatever file it came from."""
        own = Timeline(times=list(self.times), base=self.base, checksums=dict(self.checksums))
        for keyframe in self.keyframes:
            own.add_keyframe(KeptKeyframe(keyframe.moment, keyframe.edited, keyframe.load()))
        for moment, commands in self.commands.items():
            own.add_commands(moment, KeptCommands(dict(commands.items())))
        return own

    def of_env(self, env: int) -> Timeline:
        """The timeline of one environment alone, in memory."""
        own = Timeline(times=list(self.times), base=self.base)
        for keyframe in self.keyframes:
            row = keyframe.load()[env]
            own.add_keyframe(KeptKeyframe(keyframe.moment, keyframe.edited, row))
        for moment, commands in self.commands.items():
            rows = {key: value[env : env + 1].clone() for key, value in commands.items()}
            own.add_commands(moment, KeptCommands(rows))
        own.checksums = {m: sums[env : env + 1].clone() for m, sums in self.checksums.items()}
        return own

    def _forget(self, moment: int) -> None:
        """What follows a moment."""
        commands = self.commands.pop(moment, None)
        self.nbytes -= 0 if commands is None else commands.nbytes
        self.checksums.pop(moment, None)
