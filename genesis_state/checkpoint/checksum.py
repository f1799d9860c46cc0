"""Sums over the bytes of arrays, by blocks, so that a part can be checked without the rest."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import xxhash

from genesis_state.checkpoint.array_info import ArrayInfo

BLOCK = 1 << 20  # bytes; part of the format
_DIGITS = 16


@dataclass(frozen=True)
class Checksums:
    """What a file says its arrays sum to.

    Attributes:
        block: Bytes under one sum, or None where one sum covers a whole array.
        sums: The sums by array, in hexadecimal, those of its blocks in order.
        take: Gives the sum of a block of an array.
    """

    block: int | None
    sums: Mapping[str, Sequence[str]]
    take: Callable[[ArrayInfo, memoryview], str]


class BlockSums:
    """The XXH3-64 sums of the blocks of an array whose bytes come in pieces.

    Args:
        nbytes: How many bytes will come.
    """

    def __init__(self, nbytes: int) -> None:
        self._digits: list[str] = []
        self._wanted = -(-nbytes // BLOCK) * _DIGITS
        self._hash = xxhash.xxh3_64()
        self._room = BLOCK  # bytes until the block ends

    def add(self, piece: memoryview) -> None:
        """Takes the next bytes."""
        while len(piece) >= self._room:
            if self._room == BLOCK:
                self._digits.append(xxhash.xxh3_64_hexdigest(piece[:BLOCK]))
            else:
                self._hash.update(piece[: self._room])
                self._digits.append(self._hash.hexdigest())
                self._hash.reset()
            piece = piece[self._room :]
            self._room = BLOCK
        self._hash.update(piece)
        self._room -= len(piece)

    def text(self) -> str:
        """16 hexadecimal digits for each block, zeros for what has not come."""
        last = self._hash.hexdigest() if self._room < BLOCK else ""
        return "".join((*self._digits, last)).ljust(self._wanted, "0")


def digest(text: str) -> str:
    """The XXH3-64 sum of a text in UTF-8."""
    return xxhash.xxh3_64_hexdigest(text.encode())


def checksums(found: Any, infos: Mapping[str, ArrayInfo]) -> Checksums:
    """The sums that `BlockSums` gave.

    Raises:
        ValueError: They are not those of these arrays.
    """
    if not isinstance(found, dict) or found.keys() != infos.keys():
        raise ValueError("has checksums of other arrays than it holds.")
    sums = {}
    for name, info in infos.items():
        digits, count = found[name], -(-info.nbytes // BLOCK)
        if not isinstance(digits, str) or len(digits) != count * _DIGITS:
            raise ValueError(f"{name} needs the checksums of {count} blocks.")
        sums[name] = [digits[i : i + _DIGITS] for i in range(0, len(digits), _DIGITS)]
    return Checksums(BLOCK, sums, lambda info, data: xxhash.xxh3_64_hexdigest(data))


def whole_checksums(found: Any, infos: Mapping[str, ArrayInfo]) -> Checksums:
    """The sums of format 1: one CRC-32 over an array's dtype, shape and bytes.

    Raises:
        ValueError: They are not those of these arrays.
    """
    if not isinstance(found, dict):
        raise ValueError("has a manifest without checksums; it is damaged or made by hand.")
    if found.keys() != infos.keys() or not all(type(value) is int for value in found.values()):
        raise ValueError("has checksums of other arrays than it holds.")
    sums = {name: [f"{value:08x}"] for name, value in found.items()}

    def take(info: ArrayInfo, data: memoryview) -> str:
        head = f"{info.dtype.newbyteorder('<').str} {info.shape}".encode()
        return f"{zlib.crc32(data, zlib.crc32(head)):08x}"

    for name, info in infos.items():
        # Of an empty array nothing is read, so this is when its shape is checked.
        if not info.nbytes and sums[name] != [take(info, memoryview(b""))]:
            raise ValueError(f"damaged: the shape of {name[:80]}.")
    return Checksums(None, sums, take)
