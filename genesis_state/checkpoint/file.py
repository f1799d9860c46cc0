"""Write, open and read a checkpoint, its format by suffix."""

from __future__ import annotations

import operator
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np

from genesis_state.checkpoint import header, npz_format, pickle_format, safetensors_format
from genesis_state.checkpoint.array_info import ArrayInfo
from genesis_state.checkpoint.atomic import replacing
from genesis_state.checkpoint.content import MAX_STEPS, Unreadable, check_arrays
from genesis_state.checkpoint.draft import Draft
from genesis_state.checkpoint.file_page import file_page
from genesis_state.checkpoint.manifest import Manifest
from genesis_state.checkpoint.stored import Stored

# A format is a module with three functions. dump(stream, draft) writes a file;
# load(stream, size) gives its header's values and its arrays' infos, and reads no array;
# recognizes(first bytes) says whether a file looks like one.
FORMATS = {
    ".pkl": pickle_format,
    ".safetensors": safetensors_format,
    ".npz": npz_format,
}
_LONGEST_REASON = 250


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file held, checked.

    Attributes:
        path: The file it came from.
        timestamp: When it was written [s since 1970].
        step_index: The scene's step count.
        arrays: Arrays by "<Class>.<variable>", native byte order, C-contiguous, writable.
        manifest: Plain values: "format", "library", and what the writer added; empty when the file
            is a pickle made by hand.
    """

    path: Path
    timestamp: float
    step_index: int
    arrays: dict[str, np.ndarray]
    manifest: dict[str, Any]

    @property
    def infos(self) -> Mapping[str, np.ndarray]:
        """The arrays, as those of an open file are called, which have dtype, shape and nbytes."""
        return self.arrays

    def _repr_html_(self) -> str:
        return file_page(self.path, self, self.arrays.__getitem__, "")


def write(
    path: str | os.PathLike[str],
    arrays: Mapping[str, np.ndarray],
    *,
    step_index: int,
    manifest: Mapping[str, Any] | Manifest,
    timestamp: float | None = None,
) -> None:
    """Writes a checkpoint so that the file is the old one or the new one, never a part.

    Args:
        path: The file; its suffix names the format: .pkl, .safetensors or .npz.
        arrays: Bool, integer and float arrays by "<Class>.<variable>", in any order of memory; but
            for `.pkl`, those with gaps are not copied as a whole.
        step_index: The scene's step count.
        manifest: Plain values (None, bool, int, float, str, and lists and dicts of them) to keep
            beside the arrays. Tuples come back as lists. "format", "library", "checksums" and
            "seal" are this module's.
        timestamp: When it was made [s since 1970]; by default now.

    Raises:
        TypeError: Something in `arrays` or `manifest` is not of those kinds.
        ValueError: The suffix names no format, or there is more than a checkpoint may hold.
        OSError: The folder does not exist, or the disk refuses the bytes.
    """
    file_format = FORMATS[require_suffix(path)]
    step_index = operator.index(step_index)
    if not 0 <= step_index < MAX_STEPS:
        raise ValueError(f"step_index: {step_index}, needs a count of steps, 0 or more.")
    made = time.time() if timestamp is None else timestamp
    draft = Draft(made, step_index, manifest, check_arrays(arrays))
    with replacing(path) as stream:
        file_format.dump(stream, draft)


def open(path: str | os.PathLike[str]) -> Stored:
    """Opens a checkpoint: checks its header now, and each array when it is read.

    Nothing in the file is run, and no more memory is taken than what is read needs.

    Args:
        path: A file written by `write`, or a pickled dict with "timestamp", "step_index" and
            "arrays" alone, whose bytes nothing vouches for.

    Returns:
        The open file; use it in a `with` block, or close it.

    Raises:
        ValueError: The suffix names no format, or the content is not a checkpoint or is damaged.
        OSError: There is no such file, or it cannot be read.
    """
    suffix = require_suffix(path)
    # A pipe or a device would never end, so it is not opened at all.
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{path}: is a folder, needs to be a file; name one in it.")
    if not stat.S_ISREG(mode):
        raise OSError(f"{path}: is not a regular file; copy its bytes into one.")
    stream = Path(path).open("rb")  # noqa: SIM115 - Stored closes it
    try:
        values, infos = _load(suffix, stream)
        return Stored(Path(path), stream, header.opened(values, infos), infos)
    except BaseException as error:
        stream.close()
        if isinstance(error, ValueError):
            reason = str(error)  # which may quote the file
            if len(reason) > _LONGEST_REASON:
                reason = reason[:_LONGEST_REASON] + "…"
            if not isinstance(error, Unreadable):
                reason = f"{reason.removesuffix('.')}; take another copy, or name another file."
            raise ValueError(f"{path}: {reason}") from error
        raise


def read(path: str | os.PathLike[str]) -> Checkpoint:
    """Reads a whole checkpoint without running anything in it, and checks it.

    Args, Raises:
        As for `open`.
    """
    with open(path) as stored:
        # One array may stand under two names, and is then built once.
        built = {info: stored.array(name) for name, info in stored.infos.items()}
        return Checkpoint(
            path=stored.path,
            timestamp=stored.timestamp,
            step_index=stored.step_index,
            arrays={name: built[info] for name, info in stored.infos.items()},
            manifest=stored.manifest,
        )


def require_suffix(path: str | os.PathLike[str]) -> str:
    """The suffix of a checkpoint's path.

    Raises:
        ValueError: It names no format.
    """
    suffix = os.path.splitext(os.fspath(path))[1]
    if suffix not in FORMATS:
        *most, last = FORMATS
        raise ValueError(
            f"{path}: suffix {suffix!r}, a checkpoint's is {', '.join(most)} or {last}; rename the "
            "file."
        )
    return suffix


def _load(suffix: str, stream: BufferedReader) -> tuple[dict[str, Any], dict[str, ArrayInfo]]:
    first = stream.read(64)
    if not FORMATS[suffix].recognizes(first):
        for other, file_format in FORMATS.items():
            if file_format.recognizes(first):
                raise Unreadable(f"its bytes are those of a {other} file; rename it to that.")
    stream.seek(0)
    return FORMATS[suffix].load(stream, os.fstat(stream.fileno()).st_size)
