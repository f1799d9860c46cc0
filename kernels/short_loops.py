"""Tells the compiler that loops are short.

LLVM writes a loop out whose length it does not know as often as fits a processor's loop buffer,
which it takes to hold 4,096 operations on Zen 3 and later: eight times, with loops for what is left
over. Those of a rigid step go over a few dofs, rows or contacts and hardly ever come that far, so
it gives three times the code, twice the time to compile, and steps that take up to a tenth longer.
For a loop's places in arrays it also makes pointers that move along (loop strength reduction), a
tenth of what is left of the time to compile, for steps that are as fast without or a little faster.
What is computed stays the same, bit for bit.

Taichi has no settings for it. LLVM has, and Taichi's library holds LLVM's entrance for settings,
without offering it; it is looked up in the library's table of symbols. Where that is not to be had
(other systems than Linux, a library without the table) loops are compiled as ever.
"""

import ctypes
import functools
import mmap
import struct
from collections.abc import Iterator
from typing import NamedTuple

from genesis_state.kernels.lang import LIBRARY

OPTIONS = (b"-unroll-runtime=false", b"-unroll-allow-partial=false", b"-disable-lsr")

# Of LLVM's C interface. What it does not know it leaves alone, here without a word.
ENTRANCE = b"LLVMParseCommandLineOptions"
_PROTOTYPE = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.POINTER(ctypes.c_char_p), ctypes.c_char_p)
LANDMARK = b"PyInit_taichi_python"  # offered by the library, so that its address is known

_ELF_64 = b"\x7fELF\x02\x01"
_SYMBOL_TABLE = 2
_SYMBOL = struct.Struct("<IBBHQQ")  # name, info, other, section, value, size


class _Section(NamedTuple):
    """The header of a section (System V ABI, Object Files, Section Header, 64 bits)."""

    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


@functools.cache
def expect_short_loops() -> bool:
    """Sets the options for all that this process compiles from now on; returns whether it could."""
    try:
        with open(LIBRARY, "rb") as file:
            elf = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        with elf:
            entrance, landmark = _value_of(elf, ENTRANCE), _value_of(elf, LANDMARK)
        there = ctypes.cast(getattr(ctypes.PyDLL(LIBRARY), LANDMARK.decode()), ctypes.c_void_p)
    except (OSError, ValueError, LookupError, AttributeError, struct.error):
        return False
    if entrance is None or landmark is None or there.value is None:
        return False
    words = (b"genesis_state", *OPTIONS)
    set_options = _PROTOTYPE(there.value - landmark + entrance)
    set_options(len(words), (ctypes.c_char_p * len(words))(*words), b"")
    return True


def _sections(elf: mmap.mmap) -> Iterator[_Section]:
    """The headers of all sections.

    Raises:
        ValueError: It is no ELF file of 64 bits, least byte first.
    """
    if elf[: len(_ELF_64)] != _ELF_64:
        raise ValueError("not an ELF file of 64 bits")
    (start,) = struct.unpack_from("<Q", elf, 0x28)
    size, count = struct.unpack_from("<HH", elf, 0x3A)
    for k in range(count):
        yield _Section._make(struct.unpack_from("<IIQQQQIIQQ", elf, start + k * size))


def _value_of(elf: mmap.mmap, symbol: bytes) -> int | None:
    """A symbol's address in the library, or None if no table has it."""
    sections = list(_sections(elf))
    for table in sections:
        if table.type == _SYMBOL_TABLE:
            names = sections[table.link]
            name = elf.find(b"\0" + symbol + b"\0", names.offset, names.offset + names.size) + 1
            entry = _entry_of(elf, table, name - names.offset) if name else None
            if entry is not None:
                return _SYMBOL.unpack_from(elf, entry)[4]
    return None


def _entry_of(elf: mmap.mmap, table: _Section, name: int) -> int | None:
    """Where the symbol stands whose name stands there; found as bytes, of 300,000 symbols."""
    wanted = struct.pack("<I", name)
    at = table.offset - 1
    while (at := elf.find(wanted, at + 1, table.offset + table.size)) >= 0:
        if (at - table.offset) % _SYMBOL.size == 0:
            return at
    return None
