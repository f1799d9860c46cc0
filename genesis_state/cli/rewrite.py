"""Write what was read from one file into another."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np

from genesis_state import checkpoint
from genesis_state.checkpoint import Checkpoint, Stored
from genesis_state.cli.command import Trouble


def refuse_to_replace(target: str, *, force: bool) -> None:
    """Keeps a file that is there, unless it may be replaced.

    Raises:
        Trouble: There is one.
    """
    if not force and os.path.lexists(target):
        raise Trouble(f"{target}: there is such a file; name another, or replace it with --force.")


def write(target: str, source: Checkpoint | Stored, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes arrays with time, step and manifest of `source`.

    Raises:
        ValueError, OSError: They cannot be written; the sentence names the file.
    """
    try:
        checkpoint.write(
            target,
            arrays,
            step_index=source.step_index,
            manifest=source.manifest,
            timestamp=source.timestamp,
        )
    except (TypeError, ValueError) as error:
        reason = str(error).removeprefix(f"{target}: ")
        raise ValueError(f"{target}: {reason}") from error
