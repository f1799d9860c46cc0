"""The `.safetensors` format: the length of a JSON header, the header, the bytes of the arrays.

The header's "__metadata__" holds the checkpoint's own header as one text, under "checkpoint". It is
padded so that the data begins at a multiple of 64 bytes; the arrays follow one another without a
gap, as the format wants, those of wide items first, so that each is aligned to its items.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from io import BufferedReader
from typing import Any, BinaryIO

from genesis_state.checkpoint.array_info import MAX_DIMS, ArrayInfo, array_info
from genesis_state.checkpoint.bounded_json import loads
from genesis_state.checkpoint.content import MAX_ARRAYS, MAX_NAME
from genesis_state.checkpoint.draft import Draft
from genesis_state.checkpoint.header import MAX_HEADER_BYTES, from_text

_NAMES = {
    "BOOL": "b1",
    **{f"{kind}{bits}": f"{kind.lower()}{bits // 8}" for kind in "IU" for bits in (8, 16, 32, 64)},
    **{f"F{bits}": f"f{bits // 8}" for bits in (16, 32, 64)},
}
_CODES = {name: code for code, name in _NAMES.items()}
_ALIGNMENT = 64
_LENGTH = struct.Struct("<Q")
# What a writer can need: a quote in a text inside a text takes two bytes, two bytes of a name up to
# six, and an array has its dimensions and less than ten values beside them.
_MAX_BYTES = 2 * MAX_HEADER_BYTES + MAX_ARRAYS * (3 * MAX_NAME + 20 * MAX_DIMS + 100)
_MAX_VALUES = MAX_ARRAYS * (MAX_DIMS + 10)


def recognizes(first: bytes) -> bool:
    """Whether a file that begins so looks like this format."""
    return first[8:9] == b"{" and _LENGTH.unpack(first[:8])[0] < 2**40


def dump(stream: BinaryIO, draft: Draft) -> None:
    """Writes a file: a header without sums, the arrays, then the header again."""
    order = sorted(draft.arrays, key=lambda name: -draft.arrays[name].dtype.itemsize)
    stream.write(_head(draft, order))
    for name in order:
        for piece in draft.data(name):
            stream.write(piece)
    stream.seek(0)
    stream.write(_head(draft, order))


def _head(draft: Draft, order: Sequence[str]) -> bytes:
    """What stands before the data; its length does not depend on the sums."""
    offsets, end = {}, 0
    for name in order:
        offsets[name] = (end, end + draft.arrays[name].nbytes)
        end += draft.arrays[name].nbytes
    entries: dict[str, Any] = {"__metadata__": {"checkpoint": draft.header_text()}}
    for name, array in draft.arrays.items():
        entries[name] = {
            "dtype": _CODES[array.dtype.str[1:]],
            "shape": array.shape,
            "data_offsets": offsets[name],
        }
    text = json.dumps(entries, separators=(",", ":")).encode("ascii")
    text += b" " * (-(_LENGTH.size + len(text)) % _ALIGNMENT)
    return _LENGTH.pack(len(text)) + text


def load(stream: BufferedReader, size: int) -> tuple[dict[str, Any], dict[str, ArrayInfo]]:
    """Reads the header.

    Raises:
        ValueError: It is none, or describes other data than the file has.
    """
    if size < _LENGTH.size:
        raise ValueError(f"has {size} bytes, a .safetensors file has at least 8.")
    (length,) = _LENGTH.unpack(stream.read(_LENGTH.size))
    if length > size - _LENGTH.size:
        raise ValueError(f"is cut short or damaged: {length} bytes of header, {size} of file.")
    if length > _MAX_BYTES:
        raise ValueError(f"its header has {length} bytes, needs at most {_MAX_BYTES}.")
    entries = loads(stream.read(length), "its header", max_values=_MAX_VALUES)
    if not isinstance(entries, dict):
        raise ValueError(f"its header is a {type(entries).__name__}, needs an object.")
    metadata = entries.pop("__metadata__", None)
    text = metadata.get("checkpoint") if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise ValueError("has no 'checkpoint' in its metadata; it is no checkpoint.")
    if len(metadata) > 1:
        raise ValueError("has more metadata than a checkpoint.")
    if len(entries) > MAX_ARRAYS:
        raise ValueError(f"{len(entries)} arrays, a checkpoint holds at most {MAX_ARRAYS}.")
    start = _LENGTH.size + length
    infos = {name: _info(name, entry, start) for name, entry in entries.items()}
    _check_data(infos, start, size)
    return from_text(text), infos


def _info(name: str, entry: Any, start: int) -> ArrayInfo:
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name[:80]}: needs dtype, shape and data_offsets.")
    offsets, code = entry["data_offsets"], entry["dtype"]
    if type(offsets) is not list or len(offsets) != 2 or not all(type(n) is int for n in offsets):
        raise ValueError(f"{name[:80]}: data_offsets are not two integers.")
    try:
        dtype = _NAMES.get(code, f"{code}?") if isinstance(code, str) else None
        return array_info(dtype, entry["shape"], start + offsets[0], offsets[1] - offsets[0])
    except ValueError as error:
        raise ValueError(f"{name[:80]}: {error}") from None


def _check_data(infos: Mapping[str, ArrayInfo], start: int, size: int) -> None:
    """The arrays have to cover the data, each byte once."""
    at = start
    for name, info in sorted(infos.items(), key=lambda item: (item[1].offset, item[1].nbytes)):
        if info.offset != at:
            raise ValueError(
                f"{name[:80]}: begins at byte {info.offset - start} of the data, needs "
                f"{at - start}."
            )
        at += info.nbytes
    if at != size:
        raise ValueError(
            f"is cut short or damaged: its arrays end at byte {at}, the file at byte {size}."
        )
