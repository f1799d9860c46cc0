"""Reading a config: plain values out of a nested mapping, or one sentence that says what is wrong.

Every function takes the dotted path of what it reads, for the sentence. Numbers come out as plain
Python ones whatever the mapping holds them in, so that nothing of a config library is kept.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any


def mapping(path: str, value: Any, known: Collection[str] | None = None) -> Mapping[str, Any]:
    """The value as a mapping with string keys, all of them known.

    Raises:
        TypeError: It is no mapping, or has a key that is no string.
        ValueError: It has a key that is not known; the sentence lists those that are.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{path}: got {_shown(value)}, needs a mapping; write key: value lines.")
    for key in value:
        if not isinstance(key, str):
            raise TypeError(f"{path}: key {key!r} is no string; put it in quotes.")
        if known is not None and key not in known:
            raise ValueError(
                f"{path}.{key}: there is no such key; known are {', '.join(sorted(known))}."
            )
    return value


def required(path: str, owner: Mapping[str, Any], key: str, meaning: str) -> Any:
    """owner[key], or a ValueError that says what the key is for."""
    if key not in owner:
        raise ValueError(f"{path}: lacks {key}, {meaning}; add {path}.{key}.")
    return owner[key]


def flag(path: str, value: Any) -> bool:
    """The value as a bool; TypeError for anything else."""
    if not isinstance(value, bool):
        raise TypeError(f"{path}: got {_shown(value)}, needs a bool; write true or false.")
    return value


def number(
    path: str, value: Any, low: float = -math.inf, high: float = math.inf, advice: str = ""
) -> float:
    """The value as a finite float from `low` to `high`, both included.

    Raises:
        TypeError: It is no number. Strings are refused too: YAML reads 1e-3 as one.
        ValueError: It is not finite or outside.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{path}: got {_shown(value)}, needs a number; write it like 0.01.")
    wanted = _between("a finite number", low, high)
    if not math.isfinite(value) or not low <= value <= high:
        advice = advice or "change it in the config"
        raise ValueError(f"{path}: got {value!r}, needs {wanted}; {advice}.")
    return float(value)


def integer(path: str, value: Any, low: int, advice: str = "change it in the config") -> int:
    """The value as an int of at least `low`; TypeError or ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{path}: got {_shown(value)}, needs an int; write it without a point.")
    if value < low:
        raise ValueError(f"{path}: got {value}, needs {low} or more; {advice}.")
    return int(value)


def choice(path: str, value: Any, known: Collection[str]) -> str:
    """The value as one of a few words; ValueError lists them."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{path}: got {_shown(value)}, needs one of {', '.join(known)}; use one.")
    return str(value)


def pair(path: str, value: Any) -> tuple[Any, Any]:
    """The two entries of a list, unread; TypeError or ValueError for anything else."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise TypeError(f"{path}: got {_shown(value)}, needs two values; write [lower, upper].")
    if len(value) != 2:
        raise ValueError(
            f"{path}: got {len(value)} values, needs two; write [lower, upper] in brackets."
        )
    return value[0], value[1]


def interval(path: str, value: Any) -> tuple[float, float]:
    """Two finite numbers of which the first is not above the second."""
    low, high = (number(path, entry) for entry in pair(path, value))
    if low > high:
        raise ValueError(f"{path}: got [{low}, {high}], needs the lower end first; swap them.")
    return low, high


def _between(what: str, low: float, high: float) -> str:
    if math.isinf(low) and math.isinf(high):
        return what
    if math.isinf(high):
        return f"{what} of {low:g} or more"
    if math.isinf(low):
        return f"{what} of {high:g} or less"
    return f"{what} from {low:g} to {high:g}"


def _shown(value: Any) -> str:
    if value is None or isinstance(value, (str, bool, int, float)):
        return repr(value)
    return f"a {type(value).__name__}"
