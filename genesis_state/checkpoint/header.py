"""What stands above the arrays in every format: time, step, manifest, and their seal.

A manifest of format 2 holds "format", "library" (the version that wrote it), what the caller gave,
"checksums" (see `checksum.py`) and "seal", a sum over all of that and the arrays' names, dtypes and
shapes. So the seal covers each byte that means something outside the arrays, the checksums cover
those inside, and a file that is converted to another suffix keeps both.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from genesis_state.checkpoint.array_info import ArrayInfo
from genesis_state.checkpoint.bounded_json import loads
from genesis_state.checkpoint.checksum import Checksums, checksums, digest, whole_checksums
from genesis_state.checkpoint.content import (
    MAX_ARRAYS,
    MAX_STEPS,
    MAX_VALUES,
    Unreadable,
    check_name,
    plain,
)

FORMAT = 2
OWN_KEYS = ("format", "library", "checksums", "seal")
# As text, with the checksums of 64 GB of arrays in it.
MAX_HEADER_BYTES = 1 << 21
# Checksums are values too, and a reader counts generously.
MAX_HEADER_VALUES = 2 * (MAX_VALUES + MAX_ARRAYS)


@dataclass(frozen=True)
class Header:
    """The checked header of a file.

    Attributes:
        timestamp: When it was written [s since 1970].
        step_index: The scene's step count.
        manifest: What it says of itself, the checksums and the seal taken out.
        checksums: What its arrays have to sum to; None in a pickle made by hand.
    """

    timestamp: float
    step_index: int
    manifest: dict[str, Any]
    checksums: Checksums | None


def from_text(text: str | bytes) -> dict[str, Any]:
    """The values that a header's text holds, unchecked.

    Raises:
        ValueError: It is no such text.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(data) > MAX_HEADER_BYTES:
        raise ValueError(f"its header has {len(data)} bytes, needs at most {MAX_HEADER_BYTES}.")
    values = loads(data, "its header", max_values=MAX_HEADER_VALUES)
    if not isinstance(values, dict) or "manifest" not in values:
        raise ValueError("its header has no manifest; it is no checkpoint.")
    return values


def opened(values: Mapping[str, Any], infos: Mapping[str, ArrayInfo]) -> Header:
    """Checks the header of a file.

    Args:
        values: What a format found there.
        infos: The arrays it found.

    Raises:
        ValueError: It is no checkpoint's header, damaged, or of a later version.
    """
    wanted = ("timestamp", "step_index")
    lacks = [key for key in wanted if key not in values]
    if lacks:
        raise ValueError(f"lacks {', '.join(lacks)}; it is no checkpoint, or a damaged one.")
    strange = [key for key in values if key not in (*wanted, "manifest")]
    if strange:
        raise ValueError(f"has {strange[0][:80]!r}, which no checkpoint of this version has.")
    timestamp, step_index = values["timestamp"], values["step_index"]
    if isinstance(timestamp, bool) or not isinstance(timestamp, (int, float)):
        raise ValueError(f"timestamp is a {type(timestamp).__name__}, needs seconds as a float.")
    if not abs(timestamp) < math.inf:
        raise ValueError(f"timestamp is {timestamp}, needs to be finite.")
    if type(step_index) is not int or not 0 <= step_index < MAX_STEPS:
        raise ValueError("step_index is no count of steps; the file is damaged.")
    if "manifest" not in values:
        return Header(float(timestamp), step_index, {}, None)
    if not isinstance(values["manifest"], dict):
        raise ValueError(f"manifest is a {type(values['manifest']).__name__}, needs a dict.")
    try:
        manifest = plain(values["manifest"], "manifest", budget=MAX_HEADER_VALUES)
    except TypeError as error:
        raise ValueError(str(error)) from error
    turned = [name for name, info in infos.items() if info.swapped or info.fortran]
    if turned:
        raise ValueError(f"{turned[0][:80]} is not little-endian in C order.")
    number = manifest.get("format", 1)
    if type(number) is int and number > FORMAT:
        raise Unreadable(
            f"is of format {number}, written by version {manifest.get('library')!r:.40}; this one "
            f"reads formats up to {FORMAT}: update genesis_state."
        )
    header = {"timestamp": timestamp, "step_index": step_index, "manifest": manifest}
    open_format = _FORMATS.get(number) if type(number) is int else None
    if open_format is None:
        raise ValueError(f"is of format {number!r:.40}, which does not exist.")
    return Header(float(timestamp), step_index, manifest, open_format(header, infos))


def _open_format_2(header: dict[str, Any], infos: Mapping[str, ArrayInfo]) -> Checksums:
    for name in infos:
        check_name(name)
    manifest = header["manifest"]
    _compare(manifest.pop("seal", None), seal_of(header, described(infos)))
    return checksums(manifest.pop("checksums", None), infos)


def _open_format_1(header: dict[str, Any], infos: Mapping[str, ArrayInfo]) -> Checksums:
    """Format 1 has CRC-32 sums, and dtypes and shapes under those instead of under the seal."""
    manifest = header["manifest"]
    seal = manifest.pop("seal", None)
    rest = json.dumps(list(header.values()), sort_keys=True)
    _compare(seal, zlib.crc32(rest.encode()))
    return whole_checksums(manifest.pop("checksums", None), infos)


# Each takes its own sums out of the manifest and leaves what format 2 says there.
_FORMATS: dict[int, Callable[[dict[str, Any], Mapping[str, ArrayInfo]], Checksums]] = {
    1: _open_format_1,
    2: _open_format_2,
}


def described(arrays: Mapping[str, np.ndarray | ArrayInfo]) -> dict[str, Any]:
    """What the seal says of each array."""
    return {name: (array.dtype.str[1:], array.shape) for name, array in arrays.items()}


def seal_of(header: Mapping[str, Any], described: Mapping[str, Any]) -> str:
    """XXH3-64 over all that is not the inside of an array, whatever the order it came in."""
    rest = [*header.values(), described]
    return digest(json.dumps(rest, sort_keys=True))


def _compare(found: Any, wanted: Any) -> None:
    if found != wanted:
        raise ValueError("is damaged outside its arrays.")
