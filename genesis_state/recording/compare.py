"""Where two runs part: the first step, environment and variable, with both values."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from genesis_state.comparison import VarDiff
from genesis_state.recording.history import History
from genesis_state.state import SimState

CHUNK = 1 << 28  # bytes of states that are held at a time


@dataclass(frozen=True)
class Divergence:
    """The first difference between two recordings.

    Attributes:
        step: Steps from the beginning of the recordings to where they part.
        t: The scene's `t` there.
        edited: Whether they part in what was written after that step, before the next one.
        env: The first environment that differs.
        key: The first variable that differs, such as "RigidSolver.qpos"; None if replaying both
            gives the same, so that something wrote past the scene's own methods.
        index: Which of the variable's numbers in that environment.
        a, b: The two values.
        differences: All variables that differ there.
    """

    step: int
    t: int
    edited: bool
    env: int
    key: str | None
    index: tuple[int, ...]
    a: Any
    b: Any
    differences: tuple[VarDiff, ...]

    @property
    def solver(self) -> str | None:
        """The class of the solver whose variable it is, such as "RigidSolver"."""
        return None if self.key is None else self.key.partition(".")[0]

    @property
    def variable(self) -> str | None:
        """The variable's name, such as "qpos"."""
        return None if self.key is None else self.key.partition(".")[2]

    def __str__(self) -> str:
        where = f"step {self.step} (t={self.t})"
        if self.edited:
            where = f"what was written after {where}"
        if self.key is None:
            return (
                f"The runs part at {where}, in environment {self.env}, and replaying them does not "
                "show how: something wrote past the scene's methods, or a step is not "
                "deterministic. Record with every=1 to see what."
            )
        place = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        more = len(self.differences) - 1
        others = f" {more} other variables differ there." if more else ""
        return (
            f"The runs part at {where}, in environment {self.env}: {self.key}{place} is "
            f"{self.a!r} and {self.b!r}.{others}"
        )


def compare(
    a: Sequence[SimState] | SimState, b: Sequence[SimState] | SimState
) -> Divergence | None:
    """Finds where two runs first differ, bit for bit.

    Of two histories, keyframes and checksums tell roughly where; the steps there are made again.

    Args:
        a, b: Histories, lists of states that were taken after each step, or two states. Of
            different lengths, what both have is compared.

    Returns:
        The first difference, or None if there is none.

    Raises:
        ValueError: They are of different scenes, or of different numbers of environments.
        TypeError: One is no recording.
    """
    left, right = _recording(a), _recording(b)
    if isinstance(left, History) and isinstance(right, History):
        return _compare_histories(left, right)
    for start in range(0, min(len(left), len(right)), 16):
        chunk = slice(start, start + 16)
        for place, (x, y) in enumerate(zip(left[chunk], right[chunk], strict=False), start):
            if found := difference(place, False, x, y):
                return found
    return None


def _recording(given: Any) -> Sequence[SimState]:
    if isinstance(given, SimState):
        return [given]
    if isinstance(given, (str, os.PathLike)):
        raise TypeError(
            f"compare: {os.fspath(given)!r} is a path, needs a recording; open it with "
            "scene.load_history(path), or a checkpoint with gs.load_state(path)."
        )
    if isinstance(given, History) or (
        isinstance(given, Sequence) and all(isinstance(state, SimState) for state in given)
    ):
        return given
    raise TypeError(
        f"compare: got a {type(given).__name__}, needs a history, a list of states, or a state."
    )


def difference(step: int, edited: bool, a: SimState, b: SimState) -> Divergence | None:
    """How two states differ that were taken at one step; None if they do not."""
    if (a.params is None) != (b.params is None):
        a, b = _without_params(a), _without_params(b)
    if a.equal(b):
        return None
    found = a.diff(b)
    first = min(found, key=lambda diff: diff.first)
    env = first.first
    if first.key not in a:  # padding
        return Divergence(step, a.t, edited, env, None, (), None, None, tuple(found))
    x, y = a[first.key][env], b[first.key][env].to(a.device)
    index = tuple(_bits_differ(x, y).nonzero()[0].tolist())
    return Divergence(
        step, a.t, edited, env, first.key, index, x[index].item(), y[index].item(), tuple(found)
    )


def _bits_differ(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    if x.is_floating_point():
        whole = torch.int64 if x.dtype == torch.float64 else torch.int32
        x, y = x.contiguous().view(whole), y.contiguous().view(whole)
    return x != y


def _without_params(state: SimState) -> SimState:
    return SimState(state.layout, state.saved, None, state.t)


# ---------------------------------------------------------------- histories


def _compare_histories(a: History, b: History) -> Divergence | None:
    left, right = a.timeline, b.timeline
    first, last = max(left.first, right.first), min(left.last, right.last)
    if first > last:
        raise ValueError(
            f"compare: one history has steps {left.first} to {left.last}, the other {right.first} "
            f"to {right.last}, none in common; record with more memory."
        )
    start, end = _interval(a, b, first, last)
    if end is None:
        return None
    found = _replayed(a, b, start, end)
    return found or _unexplained(a, b, end)


def _interval(a: History, b: History, first: int, last: int) -> tuple[int, int | None]:
    """A moment at which both are equal, and a later one at which they are not, if there is one."""
    ours, theirs = a.timeline, b.timeline
    sums = ours.checksums.keys() & theirs.checksums.keys()
    parted = (m for m in sorted(sums) if first <= m <= last)
    end = next((m for m in parted if not torch.equal(ours.checksums[m], theirs.checksums[m])), None)
    start = first
    mine = {k.moment: k for k in ours.keyframes if not k.edited}
    others = {k.moment: k for k in theirs.keyframes if not k.edited}
    for moment in sorted(mine.keys() & others.keys()):
        if not first <= moment <= (last if end is None else end):
            continue
        if not mine[moment].load().equal(others[moment].load()):
            return start, moment
        start = moment
    if end is None and not a.at(last).equal(b.at(last)):
        end = last
    return start, end


def _replayed(a: History, b: History, start: int, end: int) -> Divergence | None:
    """The first difference when the steps from one moment to another are made again in both."""
    size = a.scene.layout.nbytes(params=True) * a.scene.n_envs
    length = max(1, CHUNK // (2 * size))
    for low in range(start, end + 1, length):
        high = min(low + length - 1, end)
        ours = {(m, edited): state for m, edited, state in _states(a, low, high)}
        seen: dict[tuple[int, bool], SimState] = {}
        for m, edited, state in _states(b, low, high):
            seen[m, edited] = state
            mine = ours.get((m, edited), ours[m, False])
            if found := difference(m, edited, mine, state):
                return found
        for (m, edited), state in ours.items():  # edits that only this one has
            if (m, edited) not in seen and (found := difference(m, edited, state, seen[m, False])):
                return found
    return None


def _states(history: History, first: int, last: int) -> Iterator[tuple[int, bool, SimState]]:
    for moment, edited in history.walk(first, last):
        yield moment, edited, history.scene.get_state(params=True)


def _unexplained(a: History, b: History, moment: int) -> Divergence:
    """What is known of a difference that replaying does not show."""
    ours, theirs = a.timeline, b.timeline
    t = ours.times[moment - ours.base]
    if moment in ours.checksums and moment in theirs.checksums:
        differs = ours.checksums[moment] != theirs.checksums[moment]
        if differs.any():
            env = int(differs.nonzero()[0])
            return Divergence(moment, t, True, env, None, (), None, None, ())
    # Keyframes of the two differ, though the steps before them say otherwise.
    found = difference(moment, False, a.at(moment), b.at(moment))
    assert found is not None
    return found
