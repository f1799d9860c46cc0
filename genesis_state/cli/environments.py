"""Which environments a text such as 0:8,-1 names."""

from __future__ import annotations

import re

import numpy as np

_PART = re.compile(
    r"\s*(-?[0-9]{1,18})?\s*(?:(:)\s*(-?[0-9]{1,18})?\s*(?::\s*(-?[0-9]{1,18})?\s*)?)?"
)
_WANTED = "needs indices and slices such as 3, -1, 0:8 or ::2 with commas between"


def environments(text: str, n_envs: int) -> np.ndarray:
    """The environments that a text names, in its order; one named twice comes twice.

    Args:
        text: Indices and slices as Python has them, with commas between.
        n_envs: How many there are.

    Raises:
        ValueError: The text has another form, or a part of it names no environment.
    """
    return np.concatenate([_part(part, text, n_envs) for part in text.split(",")])


def _part(part: str, text: str, n_envs: int) -> np.ndarray:
    found = _PART.fullmatch(part)
    if found is None or not part.strip():
        raise ValueError(f"{text!r} has {part!r}, {_WANTED}.")
    start, colon, stop, step = found.groups()
    if colon is None:
        index = int(start)
        if not -n_envs <= index < n_envs:
            raise ValueError(f"{index} is none of {n_envs} environments, {_range(n_envs)}.")
        return np.array([index % n_envs])
    bounds = [None if bound is None else int(bound) for bound in (start, stop, step)]
    if bounds[2] == 0:
        raise ValueError(f"{part.strip()!r} has step 0, needs another, or none.")
    chosen = range(n_envs)[slice(*bounds)]
    if not chosen:
        raise ValueError(f"{part.strip()!r} names none of {n_envs} environments, {_range(n_envs)}.")
    return np.arange(chosen.start, chosen.stop, chosen.step)


def _range(n_envs: int) -> str:
    return f"needs indices from {-n_envs} to {n_envs - 1}" if n_envs else "which are none"
