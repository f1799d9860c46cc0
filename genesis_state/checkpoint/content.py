"""What a checkpoint may hold, whatever its format: numeric arrays and plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from genesis_state.checkpoint.array_info import DTYPE_NAMES, MAX_DIMS, byte_count

# Far above any scene's need. They let a reader bound what a small hostile file can make it build.
MAX_ARRAYS = 4_096
MAX_NAME = 200  # bytes
MAX_VALUES = 40_000
MAX_DEPTH = 32
MAX_INT_BYTES = 32
MAX_STEPS = 2**63

# A format keeps the header under this name, beside the arrays or above them.
RESERVED_NAMES = ("checkpoint", "__metadata__")


class Unreadable(ValueError):
    """Of a file that is refused and says itself what to do about it."""


def check_name(name: Any) -> None:
    """Refuses what is no name of an array in every format.

    Raises:
        TypeError, ValueError: It is none.
    """
    if not isinstance(name, str):
        raise TypeError(f"array name {name!r}: a {type(name).__name__}, needs a str.")
    good = name.isprintable() and not set(name) & set("/\\") and name not in RESERVED_NAMES
    if not good or not 0 < len(name.encode()) <= MAX_NAME:
        raise ValueError(
            f"array name {name[:80]!r}: needs 1 to {MAX_NAME} bytes of printable text without / "
            f"and \\, and none of {', '.join(RESERVED_NAMES)}; rename it."
        )


def check_arrays(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays as they are stored: little-endian, copied only if they were not.

    Args:
        arrays: Bool, integer and float arrays by name.
    """
    if len(arrays) > MAX_ARRAYS:
        raise ValueError(
            f"{len(arrays)} arrays, a checkpoint holds at most {MAX_ARRAYS}; join some."
        )
    stored = {}
    for name, array in arrays.items():
        check_name(name)
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{name}: a {type(array).__name__}, needs a NumPy array.")
        if array.dtype.str[1:] not in DTYPE_NAMES:
            raise TypeError(
                f"{name}: dtype {array.dtype}, a checkpoint holds bool, integers and floats up to "
                "64 bits; convert it."
            )
        if array.ndim > MAX_DIMS:
            raise ValueError(
                f"{name}: {array.ndim} dimensions, needs at most {MAX_DIMS}; join some."
            )
        byte_count(array.dtype.itemsize, array.shape)
        stored[name] = np.asarray(array, dtype=array.dtype.newbyteorder("<"))
    return stored


def plain_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy of what a user wants to keep in a manifest.

    Raises:
        TypeError, ValueError: It is no dict of plain values.
    """
    if metadata is not None and not isinstance(metadata, Mapping):
        raise TypeError(f"metadata: a {type(metadata).__name__}, needs a dict; name its values.")
    return plain(metadata or {}, "metadata", budget=MAX_VALUES)


def plain(value: Any, name: str, *, budget: int) -> Any:
    """A copy of `value` in which there is nothing but plain values, each in one place only.

    Args:
        value: None, bool, int, float, str, NumPy scalars, and lists, tuples and dicts of them.
        name: What errors call it.
        budget: How many values there may be.
    """
    left = budget

    def copy(value: Any, name: str, depth: int) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise ValueError(f"{name}: more than {budget} values; keep large data in arrays.")
        if depth > MAX_DEPTH:
            raise ValueError(f"{name}: nested deeper than {MAX_DEPTH}; flatten it.")
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, (bool, float)):
            return value
        if isinstance(value, str):
            return str(value)
        if isinstance(value, int):
            if value.bit_length() >= 8 * MAX_INT_BYTES:
                raise ValueError(f"{name}: an integer of {value.bit_length()} bits is too large.")
            return int(value)
        if isinstance(value, (list, tuple)):
            return [copy(item, f"{name}[{i}]", depth + 1) for i, item in enumerate(value)]
        if isinstance(value, Mapping):
            for key in value:
                if not isinstance(key, str):
                    raise TypeError(f"{name}: key {key!r}, a manifest's keys are str.")
            left -= len(value)
            return {str(k): copy(item, f"{name}.{k}", depth + 1) for k, item in value.items()}
        raise TypeError(
            f"{name}: a {type(value).__name__}, a manifest holds None, bool, int, float, str, list "
            "and dict."
        )

    return copy(value, name, 0)
