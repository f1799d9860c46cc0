"""Say which arrays a pickle holds and where, without calling what it names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from genesis_state.checkpoint.array_info import ArrayInfo, array_info, dtype_name
from genesis_state.checkpoint.pickle_bytes import Span


class Builder(Enum):
    """The callables an array's pickle names; here they are only names."""

    RECONSTRUCT = "_reconstruct"
    FROMBUFFER = "_frombuffer"
    SCALAR = "scalar"
    NDARRAY = "ndarray"
    DTYPE = "dtype"


# NumPy 2 renamed its private modules; files of both ages are admitted.
_GLOBALS = {
    ("numpy", "ndarray"): Builder.NDARRAY,
    ("numpy", "dtype"): Builder.DTYPE,
    ("numpy.core.multiarray", "_reconstruct"): Builder.RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): Builder.RECONSTRUCT,
    ("numpy.core.multiarray", "scalar"): Builder.SCALAR,
    ("numpy._core.multiarray", "scalar"): Builder.SCALAR,
    ("numpy.core.numeric", "_frombuffer"): Builder.FROMBUFFER,
    ("numpy._core.numeric", "_frombuffer"): Builder.FROMBUFFER,
}


@dataclass
class DType:
    """What a dtype's pickle says, BUILD's part included."""

    name: str
    big_endian: bool = False


class EmptyArray:
    """What `_reconstruct` gives: an array that BUILD fills."""

    array: ArrayInfo | None = None


class ArrayBuilder:
    """Notes what an array's pickle asks for, within a budget of memory.

    Args:
        limit: How many bytes all arrays together may take.
    """

    def __init__(self, limit: int) -> None:
        self._bytes_left = limit

    def named(self, module: Any, name: Any) -> Builder:
        """The builder a pickle means by a module and a name."""
        builder = None
        if type(module) is str and type(name) is str:
            builder = _GLOBALS.get((module, name))
        if builder is None:
            shown = f"{module}.{name}"[:120] if type(module) is type(name) is str else "something"
            raise ValueError(f"it asks for {shown}, which no array or plain value needs.")
        return builder

    def call(self, builder: Any, arguments: Any) -> Any:
        """What a builder called with `arguments` would give."""
        if type(arguments) is not tuple:
            raise TypeError
        if builder is Builder.DTYPE and arguments:
            return DType(dtype_name(arguments[0]))
        if builder is Builder.RECONSTRUCT and arguments and arguments[0] is Builder.NDARRAY:
            return EmptyArray()
        if builder is Builder.FROMBUFFER and len(arguments) in (4, 5):
            buffer, dtype, shape, order = arguments[:4]
            return self._array(buffer, dtype, shape, order)
        if builder is Builder.SCALAR and len(arguments) == 2:
            dtype, buffer = arguments
            info = self._array(buffer, dtype, (), "C")
            stored = info.dtype.newbyteorder(">" if info.swapped else "<")
            return np.frombuffer(buffer.number, stored)[0].item()
        raise TypeError

    def fill(self, target: Any, state: Any) -> None:
        """Gives a dtype or an empty array the rest of what it is."""
        if type(state) is not tuple:
            raise TypeError
        if isinstance(target, DType) and len(state) == 8:
            order, *fields = state[1:5]
            if type(order) is not str or order not in ("<", ">", "|", "="):
                raise ValueError("a dtype in no byte order.")
            if any(field is not None for field in fields):
                raise ValueError("a dtype with fields; a checkpoint holds plain numbers.")
            target.big_endian = order == ">"
        elif isinstance(target, EmptyArray) and target.array is None and len(state) == 5:
            _, shape, dtype, fortran, buffer = state
            target.array = self._array(buffer, dtype, shape, "F" if fortran is True else "C")
        else:
            raise TypeError

    def _array(self, buffer: Any, dtype: Any, shape: Any, order: Any) -> ArrayInfo:
        if type(buffer) is not Span or not isinstance(dtype, DType):
            raise ValueError("an array without numbers in it.")
        if type(order) is not str or order not in ("C", "F"):
            raise ValueError(
                "an array in neither C nor Fortran order; make it contiguous before saving."
            )
        self._bytes_left -= buffer.size
        if self._bytes_left < 0:
            raise ValueError("arrays take more bytes than the file has.")
        turned = {"swapped": dtype.big_endian, "fortran": order == "F"}
        return array_info(dtype.name, shape, buffer.offset, buffer.size, **turned)
