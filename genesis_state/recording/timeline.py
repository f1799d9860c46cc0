"""Keyframes, and what was commanded between them: what it takes to compute every state again.

A moment is the end of a step; moment 0 is where the recording began. What users write between
moment m and the step after it is an edit at m. If only commands were written, their values are
kept. Otherwise a keyframe is taken of all there is after the edit: an edited keyframe of moment m
is what step m + 1 starts from, and not what step m ended with.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import torch

from genesis_state.state import SimState

Commands: TypeAlias = Mapping[str, torch.Tensor]
"""Values of variables after an edit, shape (n_envs, …), by key."""


@dataclass
class Keyframe:
    """A state with its parameters, as of a moment or of the edit that followed it."""

    moment: int
    state: SimState
    edited: bool

    def load(self) -> SimState:
        """The state."""
        return self.state

    @property
    def nbytes(self) -> int:
        """Bytes that it takes in memory."""
        return self.state.nbytes


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
        self.nbytes += _size(commands)

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
            self.nbytes -= _size(self.commands.pop(moment, {}))
            self.checksums.pop(moment, None)
        del self.times[: start - self.base]
        self.base = start
        return dropped

    def cut(self, moment: int) -> None:
        """Forgets everything after a moment, edits at the moment too."""
        while (self.keyframes[-1].moment, self.keyframes[-1].edited) > (moment, False):
            self.nbytes -= self.keyframes.pop().nbytes
        for later in range(moment, self.last + 1):
            self.nbytes -= _size(self.commands.pop(later, {}))
            self.checksums.pop(later, None)
        del self.times[moment - self.base + 1 :]

    def moment_of(self, t: int) -> int | None:
        """The latest moment at which the scene's `t` was this, of those that can be computed."""
        for moment in range(self.last, self.first - 1, -1):
            if self.times[moment - self.base] == t:
                return moment
        return None


def _size(commands: Commands) -> int:
    return sum(value.nbytes for value in commands.values())
