"""Where the members of a zip file are, if they are stored as they are and fill the file.

Stricter than `zipfile`, which builds whatever the directory lists and believes what it says of
sizes: what stands in two places has to agree, and no byte of the file belongs to no member.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import NamedTuple

from genesis_state.checkpoint.content import MAX_ARRAYS, MAX_NAME, Unreadable

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_WIDE = 0xFFFFFFFF  # stands where the number is among the extra fields, in 64 bits
_UTF_8 = 0x800
_SUFFIX = 4  # ".npy"
_LARGEST_ENTRY = _ENTRY.size + MAX_NAME + _SUFFIX + 28  # three wide numbers


@dataclass(frozen=True)
class Member:
    """One member: its name, and where its bytes are."""

    name: str
    offset: int
    size: int


class _Said(NamedTuple):
    """What both of a member's headers say."""

    name: bytes
    flags: int
    crc: int
    size: int


def read_directory(stream: BufferedReader, size: int) -> list[Member]:
    """Reads the directory at the end of a zip file of `size` bytes.

    Raises:
        ValueError: It is no zip file, or not of the kind described above.
    """
    count, length, start, end = _extent(stream, size)
    if count > MAX_ARRAYS + 1:
        raise ValueError(f"{count} members, a checkpoint has at most {MAX_ARRAYS + 1}.")
    if start + length != end or length > count * _LARGEST_ENTRY:
        raise ValueError(f"a directory of {length} bytes at {start}, needs to end at {end}.")
    stream.seek(start)
    members, at, names = [], 0, set()
    for name, said, offset in _entries(stream.read(length), count):
        if name in names:
            raise ValueError(f"two members are called {name[:80]!r}.")
        names.add(name)
        if offset != at:
            raise ValueError(f"{name[:80]}: begins at byte {offset}, needs {at}.")
        begin = _after_local(stream, name, said, offset, start)
        at = begin + said.size
        if at > start:
            raise ValueError(f"{name[:80]}: {said.size} bytes, the file has {start - begin}.")
        members.append(Member(name, begin, said.size))
    if at != start:
        raise ValueError(f"the members end at byte {at}, the directory begins at {start}.")
    return members


def _extent(stream: BufferedReader, size: int) -> tuple[int, int, int, int]:
    """Number of entries, length and start of the directory, and where it has to end."""
    if size < _END.size:
        raise ValueError("is no zip file; it is cut short, damaged, or something else.")
    end = size - _END.size
    stream.seek(end)
    magic, disk, first, here, count, length, start, comment = _END.unpack(stream.read(_END.size))
    if magic != b"PK\x05\x06" or comment:
        raise ValueError("does not end as a zip file does; it is cut short, or something else.")
    if disk or first or here != count:
        raise ValueError("is one part of a zip file of several.")
    # Whoever writes the wide record says so before the end, and may leave the numbers here as well.
    at = max(0, end - _LOCATOR_64.size - _END_64.size)
    stream.seek(at)
    record = stream.read(end - at)
    if record[-_LOCATOR_64.size :][:4] != b"PK\x06\x07":
        return count, length, start, end
    _, _, place, _ = _LOCATOR_64.unpack(record[-_LOCATOR_64.size :])
    if len(record) != _END_64.size + _LOCATOR_64.size or place != at or record[:4] != b"PK\x06\x06":
        raise ValueError("has no record of its 64-bit sizes; it is damaged.")
    *_, total, length, start = _END_64.unpack_from(record)
    return total, length, start, place


def _entries(data: bytes, count: int) -> Iterator[tuple[str, _Said, int]]:
    """Name, description and offset of each entry of a directory."""
    at = 0
    for _ in range(count):
        if len(data) - at < _ENTRY.size:
            raise ValueError("its directory is too short; it is damaged.")
        magic, _, _, *fields = _ENTRY.unpack_from(data, at)
        flags, method, _, _, crc, packed, unpacked = fields[:7]
        name_length, extra_length, comment_length, disk, _, _, offset = fields[7:]
        at += _ENTRY.size
        raw, extra = data[at : at + name_length], data[at + name_length :][:extra_length]
        at += name_length + extra_length
        if magic != b"PK\x01\x02" or len(raw) + len(extra) != name_length + extra_length:
            raise ValueError("its directory is damaged.")
        name = _name(raw, flags)
        if comment_length or disk or flags & ~_UTF_8:
            raise ValueError(
                f"{name[:80]}: encrypted, or in another way that a checkpoint has not."
            )
        if method != 0:
            raise Unreadable(f"{name[:80]}: compressed; save it with np.savez, uncompressed.")
        unpacked, packed, offset = _wide(extra, unpacked, packed, offset)
        if packed != unpacked:
            raise ValueError(f"{name[:80]}: {packed} bytes stored, {unpacked} said.")
        yield name, _Said(raw, flags, crc, packed), offset
    if at != len(data):
        raise ValueError("bytes follow its directory; it is damaged.")


def _name(raw: bytes, flags: int) -> str:
    # Without the flag a name is in code page 437, of which only ASCII is unmistakable.
    name = raw.decode("utf-8" if flags & _UTF_8 else "ascii")
    if not name.isprintable() or set(name) & set("/\\"):
        raise ValueError(f"a member is called {name[:80]!r}, needs a name without a path.")
    return name


def _wide(extra: bytes, *numbers: int) -> list[int]:
    """The numbers, those too large for 32 bits taken from the extra field that has them."""
    count = len(extra) // 8
    if extra and (extra[:4] != struct.pack("<2H", 1, 8 * count) or len(extra) != 4 + 8 * count):
        raise ValueError("a member has extra fields that a checkpoint has not.")
    wide = struct.unpack_from(f"<{count}Q", extra, 4) if extra else ()
    lacking = sum(number == _WIDE for number in numbers)
    # Before Python 3.11.4 a writer could give numbers in both places.
    if lacking != count and (lacking or wide != numbers[:count]):
        raise ValueError("a member's sizes are not what its extra field says.")
    left = iter(wide)
    return [next(left) if number == _WIDE else number for number in numbers]


def _after_local(stream: BufferedReader, name: str, said: _Said, offset: int, end: int) -> int:
    """Where a member's bytes begin: after its own header, which has to say the same."""
    if offset + _LOCAL.size > end:
        raise ValueError(f"{name[:80]}: begins at byte {offset}, the members end at {end}.")
    stream.seek(offset)
    magic, _, flags, method, _, _, crc, packed, unpacked, *lengths = _LOCAL.unpack(
        stream.read(_LOCAL.size)
    )
    raw, extra = stream.read(lengths[0]), stream.read(lengths[1])
    unpacked, packed = _wide(extra, unpacked, packed)
    own = _Said(raw, flags, crc, packed)
    if magic != b"PK\x03\x04" or method or packed != unpacked or own != said:
        raise ValueError(f"{name[:80]}: its own header says something else than the directory.")
    return offset + _LOCAL.size + sum(lengths)
