"""What a file says of itself, for commands and pages that show it; ranges of its arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from genesis_state.checkpoint.array_info import ArrayInfo
from genesis_state.text import label, moment, short, size

_ENTITY = "entity "
_HEAD = ("format", "library", "backend", "precision", "settings", "layout")


class Described(Protocol):
    """A checkpoint file as far as it has been read."""

    @property
    def timestamp(self) -> float: ...
    @property
    def step_index(self) -> int: ...
    @property
    def manifest(self) -> Mapping[str, Any]: ...
    @property
    def infos(self) -> Mapping[str, ArrayInfo | np.ndarray]: ...


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


def n_envs(stored: Described) -> int | None:
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


def total_bytes(stored: Described) -> int:
    """The bytes of all arrays of a file."""
    return sum(info.nbytes for info in stored.infos.values())


def head(stored: Described) -> dict[str, str]:
    """When and by what a file was written, and how much it holds."""
    manifest, envs = stored.manifest, n_envs(stored)
    found = {"format": "made by hand, without manifest and checksums"}
    if manifest:
        library = short(manifest.get("library"))
        found["format"] = f"{short(manifest.get('format'))}, written by genesis_state {library}"
    found |= {key: short(manifest[key]) for key in ("backend", "precision") if key in manifest}
    saved = moment(stored.timestamp)
    found["saved"] = (
        f"{saved:%Y-%m-%d %H:%M:%S} UTC" if saved else f"{stored.timestamp} s since 1970"
    )
    found["step"] = str(stored.step_index)
    found["n_envs"] = "first axes disagree" if envs is None else str(envs)
    if not stored.infos:
        del found["n_envs"]
    found["arrays"] = f"{len(stored.infos)}, {size(total_bytes(stored))}"
    return found


def sections(manifest: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]] | str]]:
    """What else its manifest says: titles with pairs or one text each. Empty ones are left out.

    Long values are cut, and no text holds what a terminal would obey.
    """
    said = {
        "settings": manifest.get("settings"),
        **model(manifest),
        **{key: value for key, value in manifest.items() if key not in _HEAD},
    }
    return [
        (
            label(title),
            [(short(key), short(item)) for key, item in value.items()]
            if isinstance(value, Mapping)
            else short(value),
        )
        for title, value in said.items()
        if value not in (None, {})
    ]
