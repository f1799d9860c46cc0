"""What a file says of one array, and where in the file its numbers are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

DTYPE_NAMES = ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
MAX_DIMS = 32  # what every NumPy that is admitted can hold
_MAX_EXTENT = 2**48  # bytes of an array, and the length of a dimension beside one of length zero


@dataclass(frozen=True)
class ArrayInfo:
    """One array of a file, unread.

    Attributes:
        dtype: Its dtype in native byte order.
        shape: Its shape.
        nbytes: Its bytes.
        offset: Where they begin in the file.
        swapped: Whether they are big-endian, which only a file made by hand has.
        fortran: Whether they are in Fortran order, likewise.
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    nbytes: int
    offset: int
    swapped: bool = False
    fortran: bool = False


def array_info(
    name: Any,
    shape: Any,
    offset: int,
    nbytes: int,
    *,
    swapped: bool = False,
    fortran: bool = False,
) -> ArrayInfo:
    """An array as a file describes it, if there can be such an array.

    Args:
        name: Its dtype, such as "f4".
        shape: Its shape, a list or a tuple.
        offset, nbytes: Where its bytes are; that the file has them is the caller's to check.
        swapped, fortran: See `ArrayInfo`.

    Raises:
        ValueError: The dtype is none a checkpoint holds, or the shape has not that many bytes.
    """
    dtype = np.dtype(dtype_name(name))
    if type(shape) not in (list, tuple) or not all(type(n) is int for n in shape):
        raise ValueError("an array whose shape is none.")
    wanted = byte_count(dtype.itemsize, shape)
    if wanted != nbytes:
        raise ValueError(f"an array of {wanted} bytes has {nbytes}.")
    return ArrayInfo(dtype, tuple(shape), nbytes, offset, swapped, fortran)


def dtype_name(name: Any) -> str:
    """The name of a dtype, if a checkpoint holds such arrays.

    Raises:
        ValueError: It does not.
    """
    if type(name) is not str or name not in DTYPE_NAMES:
        shown = repr(name[:20]) if isinstance(name, str) else "unknown"
        raise ValueError(f"dtype {shown}; a checkpoint holds bool, integers and floats.")
    return name


def byte_count(itemsize: int, shape: Sequence[int]) -> int:
    """Bytes of an array of that shape.

    Raises:
        ValueError: NumPy has no such array, even if it is empty.
    """
    if len(shape) > MAX_DIMS or not all(0 <= n < _MAX_EXTENT for n in shape):
        raise ValueError("an array whose shape is none.")
    size = itemsize
    for n in shape:
        # NumPy multiplies the dimensions of an empty array too, those of length zero left out.
        size *= max(n, 1)
        if size >= _MAX_EXTENT:
            raise ValueError("an array whose shape is none: it is too large.")
    return size if all(shape) else 0
