"""What a file holds: ranges of its arrays, its number of environments, its entities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from genesis_state.checkpoint import Stored

_ENTITY = "entity "


@dataclass(frozen=True)
class Ranges:
    """What values an array has.

    Attributes:
        minimum, maximum: Of the finite values; None if there are none.
        nan: How many are not a number.
        inf: How many are infinite, of either sign.
    """

    minimum: np.generic | None
    maximum: np.generic | None
    nan: int
    inf: int


def ranges(entries: Iterable[np.ndarray]) -> Ranges:
    """The ranges of an array that comes in flat pieces, none of them empty."""
    lowest: Any = None
    highest: Any = None
    nan = inf = 0
    for piece in entries:
        low, high = piece.min(), piece.max()
        # A NaN among the values is their minimum too, so usually nothing else has to be looked at.
        if not (np.isfinite(low) and np.isfinite(high)):
            nan += int(np.isnan(piece).sum())
            inf += int(np.isinf(piece).sum())
            finite = piece[np.isfinite(piece)]
            if not finite.size:
                continue
            low, high = finite.min(), finite.max()
        lowest = low if lowest is None else min(lowest, low)
        highest = high if highest is None else max(highest, high)
    return Ranges(lowest, highest, nan, inf)


def n_envs(stored: Stored) -> int | None:
    """The first axis that all arrays have; None if they disagree, or there are none."""
    found = {info.shape[:1] for info in stored.infos.values()}
    lengths = found.pop() if len(found) == 1 else ()
    return lengths[0] if lengths else None


def model(manifest: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What a manifest says of the scene's model: "entities" by their names, and all else, "model".

    It is a stranger's: what has another form than a scene writes gives nothing.
    """
    found: dict[str, dict[str, Any]] = {"entities": {}, "model": {}}
    layout = manifest.get("layout")
    pairs = layout.get("model") if isinstance(layout, Mapping) else None
    for pair in pairs if isinstance(pairs, list) else []:
        if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str):
            section = "entities" if pair[0].startswith(_ENTITY) else "model"
            found[section][pair[0].removeprefix(_ENTITY)] = pair[1]
    return found
