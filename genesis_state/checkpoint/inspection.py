"""Whether a checkpoint file is whole, and the score it was saved with; remembered."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genesis_state.checkpoint.file import open as open_checkpoint

_log = logging.getLogger("genesis_state")


@dataclass(frozen=True)
class Finding:
    """What is known of one file.

    Attributes:
        stamp: Its time of change, size and inode, by which another file is told from it.
        flaw: Why it cannot be loaded, in one sentence; None if nothing is wrong as far as it was
            read.
        whole: Whether there is nothing more to find: all of it was read, or it is broken for good.
        score: The finite number under "score" in its metadata, if there is one.
    """

    stamp: tuple[int, int, int]
    flaw: str | None
    whole: bool
    score: float | None

    def answers(self, whole: bool) -> bool:
        """Whether there is no need to read the file, or its header, once more."""
        return self.whole or (not whole and self.flaw is None)


class Inspection:
    """Reads files and remembers what it found for as long as they stay as they are."""

    def __init__(self) -> None:
        self._findings: dict[Path, Finding] = {}

    def header(self, path: Path) -> Finding:
        """Looks at what stands above the arrays.

        Raises:
            FileNotFoundError: There is no such file any more.
        """
        return self._look(path, whole=False)

    def whole(self, path: Path) -> Finding:
        """Reads all and checks every sum.

        Raises:
            FileNotFoundError: There is no such file any more.
        """
        return self._look(path, whole=True)

    def broken(self) -> dict[Path, str]:
        """Why each file that was found broken, and is as it was, is."""
        found = {}
        # A copy, because another thread may look at the same time.
        for path, finding in sorted(self._findings.copy().items()):
            with suppress(FileNotFoundError):
                if finding.flaw is not None and finding.stamp == _stamp(path):
                    found[path] = finding.flaw
        return found

    def forget_others(self, paths: Collection[Path]) -> None:
        """Forgets what is not among `paths`."""
        for path in self._findings.keys() - set(paths):
            self._findings.pop(path, None)

    def _look(self, path: Path, whole: bool) -> Finding:
        stamp = _stamp(path)
        known = self._findings.get(path)
        if known is not None and known.stamp == stamp and known.answers(whole):
            return known
        flaw, score, lasting = None, None, True
        try:
            with open_checkpoint(path) as stored:
                score = _score(stored.manifest)
                if whole:
                    stored.verify()
        except FileNotFoundError:
            raise
        except ValueError as error:
            flaw = str(error)
        except OSError as error:
            # The file may be good and its disk or its permissions not, so it is asked again.
            flaw, lasting = f"{path}: {error.strerror or error}", False
        if flaw is not None:
            _log.warning("a broken checkpoint is passed over: %s", flaw)
        found = Finding(stamp, flaw, lasting and (whole or flaw is not None), score)
        # A file that was replaced meanwhile may be either.
        if _stamp(path) == stamp:
            self._findings[path] = found
        return found


def _stamp(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size, status.st_ino


def _score(manifest: dict[str, Any]) -> float | None:
    metadata = manifest.get("metadata")
    score = metadata.get("score") if isinstance(metadata, dict) else None
    if isinstance(score, bool) or not isinstance(score, (int, float)):
        return None
    try:
        return float(score) if math.isfinite(score) else None
    except OverflowError:
        return None
