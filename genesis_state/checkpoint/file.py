"""Write and read a checkpoint: what it must hold, its checksums, its format by suffix."""

from __future__ import annotations

import json
import math
import operator
import os
import stat
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genesis_state.checkpoint import pickle_format
from genesis_state.checkpoint.atomic import replacing
from genesis_state.checkpoint.content import MAX_VALUES, check_arrays, plain

# A format is a module with dump(stream, content) and load(data) -> content.
FORMATS = {".pkl": pickle_format}

_KEYS = ("timestamp", "step_index", "arrays", "manifest")


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint file held, checked.

    Attributes:
        path: The file it came from.
        timestamp: When it was written [s since 1970].
        step_index: The scene's step count.
        arrays: Arrays by "<Class>.<variable>", native byte order, C-contiguous, writable.
        manifest: Plain values the writer added; empty when the file has none.
    """

    path: Path
    timestamp: float
    step_index: int
    arrays: dict[str, np.ndarray]
    manifest: dict[str, Any]


def write(
    path: str | os.PathLike[str],
    arrays: Mapping[str, np.ndarray],
    *,
    step_index: int,
    manifest: Mapping[str, Any],
) -> None:
    """Writes a checkpoint so that the file is the old one or the new one, never a part.

    Args:
        path: The file; its suffix names the format.
        arrays: Bool, integer and float arrays by "<Class>.<variable>".
        step_index: The scene's step count.
        manifest: Plain values (None, bool, int, float, str, and lists and dicts of them) to keep
            beside the arrays. Tuples come back as lists. "checksums" and "seal" are this module's.

    Raises:
        TypeError: Something in `arrays` or `manifest` is not of those kinds.
        ValueError: The suffix names no format, or there is more than a checkpoint may hold.
        OSError: The folder does not exist, or the disk refuses the bytes.
    """
    file_format = _format(path)
    step_index = operator.index(step_index)
    if step_index < 0:
        raise ValueError(f"step_index: {step_index}, needs a count of steps, 0 or more.")
    stored = check_arrays(arrays)
    kept = {key: value for key, value in manifest.items() if key not in ("checksums", "seal")}
    content: dict[str, Any] = {
        "timestamp": time.time(),
        "step_index": step_index,
        "arrays": stored,
        "manifest": plain(kept, "manifest", budget=MAX_VALUES),
    }
    content["manifest"]["checksums"] = {name: _checksum(array) for name, array in stored.items()}
    content["manifest"]["seal"] = _seal(content)
    with replacing(path) as stream:
        file_format.dump(stream, content)


def read(path: str | os.PathLike[str]) -> Checkpoint:
    """Reads a checkpoint without running anything in it, and checks it.

    Args:
        path: A file written by `write`, or a pickled dict with "timestamp", "step_index" and
            "arrays" alone.

    Raises:
        ValueError: The suffix names no format, or the content is not a checkpoint or is damaged.
        OSError: There is no such file, or it cannot be read.
    """
    file_format = _format(path)
    data = _bytes_of(path)
    try:
        content = file_format.load(data)
        _check(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return Checkpoint(
        path=Path(path),
        timestamp=float(content["timestamp"]),
        step_index=content["step_index"],
        arrays=content["arrays"],
        manifest=content.get("manifest", {}),
    )


def _format(path: str | os.PathLike[str]) -> Any:
    suffix = Path(path).suffix
    if suffix not in FORMATS:
        raise ValueError(
            f"{path}: suffix {suffix!r}, a checkpoint's is {' or '.join(FORMATS)}; rename the file."
        )
    return FORMATS[suffix]


def _bytes_of(path: str | os.PathLike[str]) -> bytes:
    # A pipe or a device would never end, so it is not opened at all.
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{path}: is a folder, needs to be a checkpoint file.")
    if not stat.S_ISREG(mode):
        raise OSError(f"{path}: is not a regular file; copy its bytes into one.")
    return Path(path).read_bytes()


def _check(content: Any) -> None:
    """Checks the parts of a checkpoint and its checksums, and takes the checksums out."""
    if not isinstance(content, dict):
        raise ValueError(f"holds a {type(content).__name__}, a checkpoint is a dict.")
    lacks = [key for key in _KEYS[:3] if key not in content]
    if lacks:
        raise ValueError(f"lacks {', '.join(lacks)}; it is no checkpoint, or a damaged one.")
    strange = [key for key in content if key not in _KEYS]
    if strange:
        raise ValueError(f"has {strange[0]!r}, which no checkpoint of this version has.")
    timestamp, step_index = content["timestamp"], content["step_index"]
    if isinstance(timestamp, bool) or not isinstance(timestamp, (int, float)):
        raise ValueError(f"timestamp is a {type(timestamp).__name__}, needs seconds as a float.")
    if not abs(timestamp) < math.inf:
        raise ValueError(f"timestamp is {timestamp}, needs to be finite.")
    if isinstance(step_index, bool) or not isinstance(step_index, int) or step_index < 0:
        raise ValueError("step_index is no count of steps; the file is damaged.")
    for name in ("arrays", "manifest"):
        if not isinstance(content.get(name, {}), dict):
            raise ValueError(f"{name} is a {type(content[name]).__name__}, needs a dict.")
    for name, array in content["arrays"].items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{name} is a {type(array).__name__}, needs an array.")
    if content.get("manifest"):
        try:
            # Twice what a writer may use leaves room for the checksums.
            content["manifest"] = plain(content["manifest"], "manifest", budget=2 * MAX_VALUES)
        except TypeError as error:
            raise ValueError(str(error)) from error
        _check_sums(content)


def _check_sums(content: dict[str, Any]) -> None:
    """Compares the checksums in the manifest with what was read."""
    arrays, manifest = content["arrays"], content["manifest"]
    seal = manifest.pop("seal", None)
    if seal != _seal(content):
        raise ValueError("is damaged outside its arrays; take another copy.")
    sums = manifest.pop("checksums", None)
    if not isinstance(sums, dict):
        raise ValueError("has a manifest without checksums; it is damaged or made by hand.")
    # One array may stand under two names; its sum is taken once.
    taken = {id(array): _checksum(array) for array in {id(a): a for a in arrays.values()}.values()}
    damaged = [name for name, array in arrays.items() if sums.get(name) != taken[id(array)]]
    damaged += [name for name in sums if name not in arrays]
    if damaged:
        raise ValueError(f"damaged: {', '.join(damaged)}; take another copy.")


def _checksum(array: np.ndarray) -> int:
    """CRC-32 over dtype, shape and little-endian C-order bytes, so that a turned shape shows."""
    stored = array.astype(array.dtype.newbyteorder("<"), copy=False)
    head = f"{stored.dtype.str} {stored.shape}".encode()
    return zlib.crc32(stored.data, zlib.crc32(head))


def _seal(content: Mapping[str, Any]) -> int:
    """CRC-32 over all that is not an array, the arrays' checksums among it."""
    rest = [content[key] for key in ("timestamp", "step_index", "manifest")]
    return zlib.crc32(json.dumps(rest, sort_keys=True).encode())
