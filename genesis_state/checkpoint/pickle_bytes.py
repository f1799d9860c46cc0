"""Take bytes from a pickle, never more than it has."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BufferedReader
from typing import Any

from genesis_state.checkpoint.header import MAX_HEADER_BYTES

# The names of arrays come beside what a header holds.
_MAX_TEXT = 2 * MAX_HEADER_BYTES
_LARGEST_NUMBER = 8  # bytes
_LONGEST_LINE = 80  # no module or class that is admitted has a longer name


@dataclass(frozen=True)
class Span:
    """Bytes of the file that were not read, except those of a single number.

    Attributes:
        offset, size: Where they are.
        number: All of them if they are few, else nothing.
    """

    offset: int
    size: int
    number: bytes


class PickleBytes:
    """The bytes of one pickle, from its beginning on.

    Args:
        stream: The file, at its beginning.
        size: Its bytes.

    Attributes:
        at: Where reading stands [bytes].
    """

    def __init__(self, stream: BufferedReader, size: int) -> None:
        self.at = 0
        self._stream = stream
        self._size = size
        self._text_left = _MAX_TEXT

    @property
    def left(self) -> int:
        """How many bytes follow."""
        return self._size - self.at

    def need(self, count: int) -> None:
        """Refuses a length that the file does not have."""
        if count > self.left:
            raise ValueError(f"{count} bytes wanted, {self.left} left.")

    def take(self, count: int) -> bytes:
        """The next bytes."""
        self.need(count)
        data = self._stream.read(count)
        if len(data) != count:
            raise ValueError("the file was cut short while it was read.")
        self.at += count
        return data

    def number(self, layout: str) -> Any:
        """The next number, laid out as `struct` says."""
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def text(self, count: int) -> str:
        """A text of so many bytes."""
        self.need(count)
        self._text_left -= count
        if self._text_left < 0:
            raise ValueError(f"texts of more than {_MAX_TEXT} bytes.")
        return self.take(count).decode("utf-8", "surrogatepass")

    def span(self, count: int) -> Span:
        """Passes over bytes: they are only ever the memory of an array, and stay in the file."""
        if count <= _LARGEST_NUMBER:
            return Span(self.at, count, self.take(count))
        self.need(count)
        span = Span(self.at, count, b"")
        self.at += count
        self._stream.seek(self.at)
        return span

    def line(self) -> str:
        """The text up to the end of the line."""
        line, end, _ = self._stream.read(_LONGEST_LINE).partition(b"\n")
        if not end:
            raise ValueError("a name that does not end.")
        self.at += len(line) + 1
        self._stream.seek(self.at)
        return line.decode("ascii")
