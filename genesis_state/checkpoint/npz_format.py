"""The `.npz` format, for other programs: a zip file of `.npy` files that `np.load` opens.

Members are stored as they are, never deflated. "checkpoint.npy" is the checkpoint's own header, one
text; each array is a member of its own name.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from io import BufferedReader
from typing import Any, BinaryIO

import numpy as np

from genesis_state.checkpoint.array_info import ArrayInfo, array_info
from genesis_state.checkpoint.draft import Draft
from genesis_state.checkpoint.header import from_text
from genesis_state.checkpoint.zip_directory import Member, read_directory

_HEADER = "checkpoint"
_MAGIC = b"\x93NUMPY"
# As every NumPy writes it for plain numbers. A version 1.0 header has two bytes of length.
_DESCRIPTION = re.compile(
    rb"\{'descr': '([<|])([a-zA-Z]\d{1,10})', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,16}, )*(?:\d{1,16},?)?)\), \} *\n"
)
_LONGEST_DESCRIPTION = 1024


def recognizes(first: bytes) -> bool:
    """Whether a file that begins so looks like this format."""
    return first.startswith(b"PK\x03\x04")


def dump(stream: BinaryIO, draft: Draft) -> None:
    """Writes a file, the header last."""
    try:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for name, array in draft.arrays.items():
                _write(archive, name, array, draft.data(name))
            text = np.array(draft.header_text().encode("ascii"))
            _write(archive, _HEADER, text, [text.reshape(-1).view(np.uint8).data])
    except ValueError as error:
        # An archive that is left in the middle of a member cannot close itself, and says only so.
        if isinstance(error.__context__, KeyboardInterrupt):
            raise error.__context__ from None
        raise


def _write(
    archive: zipfile.ZipFile, name: str, array: np.ndarray, data: Iterable[memoryview]
) -> None:
    # A ZipInfo made here has a date of its own, the same each time.
    info = zipfile.ZipInfo(f"{name}.npy")
    info.file_size = array.nbytes + 1024  # about; a large member gets sizes in 64 bits
    described = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
    with archive.open(info, "w") as member:
        np.lib.format.write_array_header_1_0(member, described)
        for piece in data:
            member.write(piece)


def load(stream: BufferedReader, size: int) -> tuple[dict[str, Any], dict[str, ArrayInfo]]:
    """Reads the zip file's directory, the header, and what each member says of itself.

    Raises:
        ValueError: It is no such file, or a member is not as `dump` writes it.
    """
    infos: dict[str, ArrayInfo] = {}
    text = None
    for member in read_directory(stream, size):
        name = member.name.removesuffix(".npy")
        try:
            if name == member.name:
                raise ValueError("needs the suffix .npy.")
            dtype, shape, start = _description(stream, member)
            length = member.offset + member.size - start
            if name == _HEADER:
                if dtype != f"S{length}" or shape:
                    raise ValueError("is not one text.")
                text = stream.read(length)
            else:
                infos[name] = array_info(dtype, shape, start, length)
        except ValueError as error:
            raise ValueError(f"{member.name[:80]}: {error}") from None
    if text is None:
        raise ValueError(f"has no {_HEADER}.npy; it is no checkpoint.")
    return from_text(text), infos


def _description(stream: BufferedReader, member: Member) -> tuple[str, tuple[int, ...], int]:
    """A member's dtype, shape, and where its data begins; leaves the stream there."""
    stream.seek(member.offset)
    head = stream.read(min(10, member.size))
    if len(head) < 10 or head[:8] != _MAGIC + b"\x01\x00":
        raise ValueError("is no .npy of version 1.0.")
    length = int.from_bytes(head[8:], "little")
    if length > min(_LONGEST_DESCRIPTION, member.size - 10):
        raise ValueError(f"a description of {length} bytes.")
    found = _DESCRIPTION.fullmatch(stream.read(length))
    if found is None:
        raise ValueError("not described as little-endian numbers in C order.")
    order, dtype = found[1].decode(), found[2].decode()
    if (order == "|") != (dtype[1:] == "1" or dtype[0] == "S"):
        raise ValueError(f"dtype {order}{dtype} in no byte order.")
    shape = tuple(int(n) for n in found[3].replace(b" ", b"").split(b",") if n)
    return dtype, shape, member.offset + 10 + length
