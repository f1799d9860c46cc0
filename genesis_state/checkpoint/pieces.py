"""Arrays as bytes in C order, piece by piece, so that none is copied as a whole.

The variables of a state lie beside each other in its rows, so each is an array with gaps. A piece
is gathered into, or scattered from, a buffer that stays in the processor's cache.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np

PIECE = 1 << 20  # bytes


def pieces(array: np.ndarray) -> Iterator[memoryview]:
    """The bytes of an array in C order, at most `PIECE` at a time.

    Yields:
        Bytes that stay as they are until the next piece is asked for.
    """
    if array.flags.c_contiguous:
        data = array.reshape(-1).view(np.uint8).data
        for start in range(0, len(data), PIECE):
            yield data[start : start + PIECE]
        return
    row_bytes = array.nbytes // len(array)
    if row_bytes > PIECE:
        for row in array:
            yield from pieces(row)
        return
    count = PIECE // row_bytes
    buffer = np.empty((min(count, len(array)), *array.shape[1:]), array.dtype)
    for start in range(0, len(array), count):
        rows = array[start : start + count]
        part = buffer[: len(rows)]
        part[...] = rows
        yield part.reshape(-1).view(np.uint8).data


class Target(Protocol):
    """What is filled in C order."""

    def part(self, start: int, end: int) -> np.ndarray:
        """Memory for bytes `start` to `end`, uint8, to be written and then handed to `put`."""
        ...

    def put(self, start: int, part: np.ndarray) -> None:
        """Puts a written part in its place."""
        ...


class Scratch:
    """Nowhere: what is read is forgotten."""

    def __init__(self) -> None:
        self._buffer = np.empty(0, np.uint8)

    def part(self, start: int, end: int) -> np.ndarray:
        if len(self._buffer) < end - start:
            self._buffer = np.empty(end - start, np.uint8)
        return self._buffer[: end - start]

    def put(self, start: int, part: np.ndarray) -> None:
        pass


class Whole:
    """A C-contiguous array that is filled in C order.

    Args:
        out: The array.
    """

    def __init__(self, out: np.ndarray) -> None:
        self._bytes = out.reshape(-1).view(np.uint8)

    def part(self, start: int, end: int) -> np.ndarray:
        return self._bytes[start:end]

    def put(self, start: int, part: np.ndarray) -> None:
        pass  # it was written there


class Gapped:
    """Rows with gaps between them, each contiguous, that are filled in C order.

    Args:
        out: The array; it has at least one row and one byte in each.
    """

    def __init__(self, out: np.ndarray) -> None:
        self._row = out.dtype.itemsize * math.prod(out.shape[1:])
        shape, strides = (len(out), self._row), (out.strides[0], 1)
        first = out[:1].reshape(-1).view(np.uint8)
        self._rows = np.lib.stride_tricks.as_strided(first, shape, strides)
        self._buffer = np.empty(0, np.uint8)
        self._in_place = False

    def part(self, start: int, end: int) -> np.ndarray:
        row = start // self._row
        self._in_place = end <= (row + 1) * self._row
        if self._in_place:
            return self._rows[row, start - row * self._row : end - row * self._row]
        if len(self._buffer) < end - start:
            self._buffer = np.empty(max(end - start, min(PIECE, self._rows.size)), np.uint8)
        return self._buffer[: end - start]

    def put(self, start: int, part: np.ndarray) -> None:
        if self._in_place:
            return
        size, end = self._row, start + len(part)
        first, last = -(-start // size), end // size  # rows that the part holds whole
        head = first * size - start
        if head:
            self._rows[first - 1, size - head :] = part[:head]
        body = part[head : head + (last - first) * size]
        self._rows[first:last] = body.reshape(last - first, size)
        tail = end - last * size
        if tail:
            self._rows[last, :tail] = part[len(part) - tail :]


def fillable(out: np.ndarray) -> Target | None:
    """How to fill an array, or None if it lies in memory in some other way."""
    if out.flags.c_contiguous:
        return Whole(out)
    return Gapped(out) if out.size and out[:1].flags.c_contiguous else None
