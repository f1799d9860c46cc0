"""A folder of checkpoints of one run: the newest, the best, and which are kept."""

from __future__ import annotations

import logging
import math
import operator
import os
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol

from genesis_state.checkpoint import background
from genesis_state.checkpoint.background import Saving
from genesis_state.checkpoint.content import MAX_STEPS
from genesis_state.checkpoint.file import FORMATS
from genesis_state.checkpoint.folder_page import folder_page
from genesis_state.checkpoint.inspection import Finding, Inspection
from genesis_state.checkpoint.leftovers import sweep

_log = logging.getLogger("genesis_state")


class Source(Protocol):
    """What a Directory saves: a Scene, or anything that offers the same."""

    @property
    def t(self) -> int: ...

    def save_checkpoint(
        self, path: Path, metadata: Mapping[str, Any] | None = ..., block: bool = ...
    ) -> Saving | None: ...


class Directory:
    """Checkpoints named step_000000001000.safetensors in a folder of their own.

    A file is kept if any rule keeps it. What no rule keeps is removed after the next save, once
    those that are kept have been read back and found whole. Broken files count for no rule, are
    reported, and are never removed; nor is anything that is not named so. The file that was saved
    last is kept, whatever its step.

    All that is known stands in the files, so several processes may look while one saves. Another
    one that looks should expect that a path it was given is removed later.

    Args:
        path: The folder; created with its parents.
        keep_last: Keep this many of the highest steps; None keeps every file.
        keep_every: Keep the steps that are multiples of this.
        keep_best: Keep this many of the best scores; of equal ones the later.
        mode: Whether the best score is the highest, "max", or the lowest, "min".
        suffix: The files' format: .pkl, .safetensors or .npz.

    Attributes:
        path: The folder, absolute.

    Raises:
        TypeError, ValueError: An argument is not of that kind.
        OSError: The folder cannot be created.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        keep_last: int | None = 3,
        keep_every: int | None = None,
        keep_best: int | None = None,
        mode: Literal["max", "min"] = "max",
        suffix: str = ".safetensors",
    ) -> None:
        # Absolute, because the thread may write after the process has changed its folder.
        self.path = Path(path).absolute()
        self._keep_last = _count("keep_last", keep_last, "keep every file")
        self._keep_every = _count("keep_every", keep_every, "have no such rule")
        self._keep_best = _count("keep_best", keep_best, "have no such rule")
        if mode not in ("max", "min"):
            raise ValueError(f'mode: {mode!r}, needs "max" or "min": which score is the best.')
        if suffix not in FORMATS:
            raise ValueError(f"suffix: {suffix!r}, needs one of {', '.join(FORMATS)}.")
        self._mode = mode
        self._suffix = suffix
        # Twelve digits, or more of them for a step that needs more: a step has one name.
        self._pattern = f"step_([0-9]{{12}}|[1-9][0-9]{{12,18}}){re.escape(suffix)}"
        self._inspection = Inspection()
        self._newest_saved: Path | None = None
        self._has_swept = False
        if os.path.lexists(self.path) and not self.path.is_dir():
            raise NotADirectoryError(f"{path}: is a file, needs to be a folder; name another.")
        self.path.mkdir(parents=True, exist_ok=True)

    def save(
        self,
        source: Source,
        step: int | None = None,
        score: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        block: bool = True,
    ) -> Saving:
        """Saves a checkpoint, then removes those that are no longer to be kept.

        Args:
            source: A Scene, or anything with `t` and `save_checkpoint`.
            step: The step the file is named after; by default `source.t`. A file of the same step
                is replaced.
            score: How good it is, for `best` and `keep_best`; kept in the file's metadata.
            metadata: Plain values of your own to keep in the manifest, under "metadata".
            block: False returns as soon as the state has been copied; a thread writes the file and
                removes the others. `checkpoint.flush()` waits for both.

        Returns:
            The save's handle; finished if `block`.

        Raises:
            TypeError, ValueError: An argument is not of that kind; nothing was saved.
            OSError, RuntimeError: The save failed, or an earlier one in the background did. The
                text says which. Nothing was saved or removed.
        """
        if not hasattr(source, "t") or not callable(getattr(source, "save_checkpoint", None)):
            raise TypeError(
                f"source: a {type(source).__name__}, needs a Scene or anything else with t and "
                "save_checkpoint(path, metadata, block)."
            )
        file = self.path / f"step_{_step(source.t if step is None else step):012d}{self._suffix}"
        if metadata is not None and not isinstance(metadata, Mapping):
            raise TypeError(f"metadata: a {type(metadata).__name__}, needs a dict; pass one.")
        values = dict({} if metadata is None else metadata)
        if "score" in values:
            raise ValueError(
                'metadata: has a "score" of its own, where the Directory keeps its own; pass it as '
                "score=, or under another name."
            )
        if score is not None:
            values["score"] = _score(score)
        if not self._has_swept:  # a full disk may need the room
            self._sweep()
        if block:
            background.settle()  # an older save of the same step must not come after this one
        saving = source.save_checkpoint(file, metadata=values, block=block)
        if block:
            self._rotate(file)
        else:
            background.afterwards(lambda: self._rotate(file))
        return Saving(file) if saving is None else saving

    def paths(self) -> list[Path]:
        """The files, broken ones too, in order of their steps."""
        return [path for _, path in self._steps()]

    def latest(self) -> Path | None:
        """The file of the highest step that loads, every checksum checked; None if there is none.

        Broken ones are passed over, reported by a warning, and listed in `broken`.
        """
        return self._first(reversed)

    def best(self) -> Path | None:
        """As `latest`, the file with the best score; None if none has a score."""
        return self._first(self._ranked)

    @property
    def broken(self) -> dict[Path, str]:
        """The broken files that were found so far, and what is wrong with each."""
        return self._inspection.broken()

    def __repr__(self) -> str:
        return f"Directory({str(self.path)!r}, {self._rules})"

    def _repr_html_(self) -> str:
        def look(path: Path) -> Finding | None:
            return self._found(path, self._inspection.header)

        files = self._steps() if self.path.is_dir() else []
        return folder_page(self.path, files, look, self._rules)

    @property
    def _rules(self) -> str:
        return (
            f"keep_last={self._keep_last}, keep_every={self._keep_every}, "
            f"keep_best={self._keep_best}, mode={self._mode!r}, suffix={self._suffix!r}"
        )

    def _steps(self) -> list[tuple[int, Path]]:
        found = []
        with os.scandir(self.path) as entries:
            for entry in entries:
                name = re.fullmatch(self._pattern, entry.name)
                if name and entry.is_file():
                    found.append((int(name[1]), self.path / entry.name))
        found.sort()
        self._inspection.forget_others([path for _, path in found])
        return found

    def _ranked(self, paths: list[Path]) -> list[Path]:
        """Those that have a score, the best first, the later of equals first."""
        sign = 1 if self._mode == "max" else -1
        scored = []
        for index, path in enumerate(paths):
            found = self._found(path, self._inspection.header)
            if found is not None and found.score is not None:
                scored.append((sign * found.score, index, path))
        return [path for *_, path in sorted(scored, reverse=True)]

    def _first(self, order: Callable[[list[Path]], Iterable[Path]]) -> Path | None:
        """The first whole file; looks again if one was removed in the meantime."""
        while True:
            paths = self.paths()
            for path in order(paths):
                if self._is_whole(path):
                    return path
            if all(path.exists() for path in paths):
                return None

    def _found(self, path: Path, look: Callable[[Path], Finding]) -> Finding | None:
        try:
            return look(path)
        except FileNotFoundError:
            return None  # another process has removed it

    def _is_whole(self, path: Path) -> bool:
        found = self._found(path, self._inspection.whole)
        return found is not None and found.flaw is None

    def _rotate(self, saved: Path) -> None:
        """Removes what no rule keeps; a file that cannot be removed is a warning, not an error."""
        try:
            self._sweep()
            steps = self._steps()
            if self._keep_last is None or len(steps) <= self._keep_last:
                return
            paths = [path for _, path in steps]
            kept = set(islice(filter(self._is_whole, reversed(paths)), self._keep_last))
            if self._is_whole(saved):
                self._newest_saved = saved
                if saved not in kept:
                    _log.warning(
                        "%s: later steps stand in its folder, so that the next save removes it; "
                        "remove those, or save to a new folder.",
                        saved,
                    )
            if self._newest_saved is not None:
                kept.add(self._newest_saved)
            if self._keep_every is not None:
                kept |= {path for step, path in steps if step % self._keep_every == 0}
            if self._keep_best is not None:
                ranked = self._ranked(paths)
                kept |= set(islice(filter(self._is_whole, ranked), self._keep_best))
            for path in paths:
                if path not in kept and self._is_whole(path):
                    path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("%s: old checkpoints could not be removed: %s", self.path, error)

    def _sweep(self) -> None:
        try:
            sweep(self.path, self._pattern)
        except OSError as error:
            _log.warning("%s: could not be looked through for leftovers: %s", self.path, error)
        self._has_swept = True


def _count(name: str, given: Any, without: str) -> int | None:
    if given is None:
        return None
    try:
        count = None if isinstance(given, bool) else operator.index(given)
    except TypeError:
        count = None
    if count is None:
        raise TypeError(f"{name}: a {type(given).__name__}, needs an int; pass None to {without}.")
    if count < 1:
        raise ValueError(f"{name}: {count}, needs to be 1 or more; pass None to {without}.")
    return count


def _step(given: Any) -> int:
    try:
        step = None if isinstance(given, bool) else operator.index(given)
    except TypeError:
        step = None
    if step is None:
        raise TypeError(f"step: a {type(given).__name__}, needs an int; pass a count of steps.")
    if not 0 <= step < MAX_STEPS:
        raise ValueError(f"step: {step}, needs 0 or more and less than 2**63; pass a step count.")
    return step


def _score(given: Any) -> float:
    try:
        score = None if isinstance(given, (bool, str, bytes)) else float(given)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # the last from torch
        score = None
    if score is None:
        raise TypeError(
            f"score: a {type(given).__name__}, needs a number; pass a float, or None for no score."
        )
    if not math.isfinite(score):
        raise ValueError(f"score: {score}, needs a finite number; pass None for no score.")
    return score
