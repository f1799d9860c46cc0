"""The two ways in which rows move between a block's fields and tensors.

* "zero_copy" sees the memory of the fields as a tensor: moving state is a copy of memory.
* "kernel" copies through one fused kernel each way. Every backend has it.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch

from genesis_state.kernels.lang import ti
from genesis_state.kernels.transport import addresses, gather, scatter
from genesis_state.layout import RowLayout, VarLayout
from genesis_state.row_copy import copy_rows, row_items
from genesis_state.runtime import Backend, Runtime
from genesis_state.selection import Selection

PARALLEL_BYTES = 1 << 20  # for less, torch's threads are not worth waking

Placed: TypeAlias = list[tuple[VarLayout, Any]]  # each variable that has bytes, with its field


def default_transport(runtime: Runtime) -> str:
    """The fastest transport of a backend."""
    return "kernel" if runtime.backend is Backend.vulkan else "zero_copy"


class Transport(Protocol):
    """How rows move; `Block` says what the methods do."""

    def read(self, out: torch.Tensor) -> None: ...
    def write(
        self, source: torch.Tensor, selection: Selection, mode: str, origin: torch.Tensor | None
    ) -> None: ...
    def rows(self) -> torch.Tensor: ...
    def edit(self) -> contextlib.AbstractContextManager[torch.Tensor]: ...


class Nothing:
    """The transport of a block without variables."""

    def __init__(self, n_rows: int, device: torch.device):
        self._rows = torch.empty((n_rows, 0), dtype=torch.int64, device=device)

    def read(self, out: torch.Tensor) -> None:
        pass

    def write(
        self, source: torch.Tensor, selection: Selection, mode: str, origin: torch.Tensor | None
    ) -> None:
        pass

    def rows(self) -> torch.Tensor:
        return self._rows

    @contextlib.contextmanager
    def edit(self) -> Iterator[torch.Tensor]:
        yield self._rows


class ZeroCopy:
    """Memory that a tensor sees: that of fields, or any other.

    Args:
        rows: int64, shape (n_rows, words).
    """

    def __init__(self, rows: torch.Tensor):
        self._rows = rows
        self._items = row_items(rows) if rows.device.type == "cpu" else None

    def rows(self) -> torch.Tensor:
        return self._rows

    @contextlib.contextmanager
    def edit(self) -> Iterator[torch.Tensor]:
        yield self._rows

    def read(self, out: torch.Tensor) -> None:
        out.copy_(self._rows)

    def write(
        self, source: torch.Tensor, selection: Selection, mode: str, origin: torch.Tensor | None
    ) -> None:
        if origin is not None:
            self._write_mapped(source, selection.indices(), origin)
        elif selection.kind == "all":
            self._rows.copy_(source[:1] if mode == "broadcast" else source)
        elif self._items is None:
            _write_on_device(self._rows, source, selection, mode)
        elif mode == "listed" and source.nbytes >= PARALLEL_BYTES:
            # Words as floats: the same bits, which torch moves faster than those of integers.
            rows, source = self._rows.view(torch.float64), source.view(torch.float64)
            rows.index_copy_(0, selection.indices(), source)
        else:
            _write_items(self._items, row_items(source), selection, mode)

    def _write_mapped(self, source: torch.Tensor, to: torch.Tensor, origin: torch.Tensor) -> None:
        """Row origin[k] of `source` → row to[k]."""
        within = source.data_ptr() == self._rows.data_ptr()
        on_cpu = self._items is not None
        if within and on_cpu and _meet(to.numpy(), origin.numpy(), len(self._rows)):
            self._rows.index_copy_(0, to, source.index_select(0, origin))  # all read before one is
        else:
            copy_rows(self._rows, to, source, origin)


class KernelCopy:
    """One fused kernel each way between the fields and a tensor.

    Args:
        placed: Fields and where they are in a row.
        layout: The row.
        n_rows: Environments, or None for fields without that axis.
        device: Where tensors live.
    """

    def __init__(self, placed: Placed, layout: RowLayout, n_rows: int | None, device: torch.device):
        self._fields = tuple(field for _, field in placed)
        self._offsets = tuple(var.offset // 4 for var, _ in placed)
        self._bools = tuple(var.dtype == "bool" for var, _ in placed)
        self._lead = 0 if n_rows is None else 1
        self._shape = (n_rows or 1, layout.words)
        self._device = device

    def read(self, out: torch.Tensor) -> None:
        gather(self._fields, self._offsets, self._bools, self._lead, out.view(torch.int32))

    def rows(self) -> torch.Tensor:
        rows = torch.empty(self._shape, dtype=torch.int64, device=self._device)
        self.read(rows)
        return rows

    @contextlib.contextmanager
    def edit(self) -> Iterator[torch.Tensor]:
        rows = self.rows()
        yield rows
        self._scatter(rows, torch.arange(len(rows), dtype=torch.int32, device=self._device))

    def write(
        self, source: torch.Tensor, selection: Selection, mode: str, origin: torch.Tensor | None
    ) -> None:
        n = self._shape[0]
        source_row = torch.full((n,), -1, dtype=torch.int32, device=self._device)
        index = selection.indices()
        if origin is not None and len(source) > n:
            # Not all of these may go to a device of its own, nor be indexed in 32 bits.
            source, origin, mode = source.index_select(0, origin), None, "listed"
        if origin is not None:
            source_row[index] = origin.to(torch.int32)
        elif mode == "same":
            source_row[index] = index.to(torch.int32)
        elif mode == "listed":
            source_row[index] = torch.arange(len(index), dtype=torch.int32, device=self._device)
        else:
            source_row[index] = 0
        self._scatter(source.contiguous(), source_row)

    def _scatter(self, source: torch.Tensor, origin: torch.Tensor) -> None:
        words = source.view(torch.int32)
        scatter(self._fields, self._offsets, self._bools, self._lead, words, origin)


def field_rows(
    placed: Placed, layout: RowLayout, n_rows: int | None, device: torch.device
) -> torch.Tensor:
    """The fields' memory itself, as a tensor (n_rows, words).

    Args:
        placed: Fields and where they should be in a row.
        layout: The row.
        n_rows: Environments, or None for fields without that axis.
        device: Where the memory is.
    """
    address = _check_layout(placed, layout, n_rows)
    return _tensor_at(address, n_rows or 1, layout.words, device)


def _write_on_device(
    rows: torch.Tensor, source: torch.Tensor, selection: Selection, mode: str
) -> None:
    """Chosen rows on an accelerator."""
    if selection.slice is not None:
        rows[selection.slice].copy_(source[selection.slice] if mode == "same" else source)
    elif mode == "listed":
        rows.index_copy_(0, selection.indices(), source)
    elif selection.mask is not None:
        # Neither the mask nor its length may be asked for: that would wait for the device.
        torch.where(selection.mask[:, None], source, rows, out=rows)
    else:
        index = selection.indices()
        taken = source.index_select(0, index) if mode == "same" else source.expand(len(index), -1)
        rows.index_copy_(0, index, taken)


def _meet(a: np.ndarray, b: np.ndarray, n: int) -> bool:
    """Whether two lists of rows have one in common, of n."""
    marks = np.zeros(n, dtype=bool)
    marks[a] = True
    return bool(marks[b].any())


def _write_items(to: np.ndarray, taken: np.ndarray, selection: Selection, mode: str) -> None:
    """Chosen rows on a CPU: one memcpy each, with no buffer in between and by one thread.

    More threads gain little, as one keeps the memory busy, and lose milliseconds where another
    process has a core.
    """
    if selection.slice is not None:
        to[selection.slice] = taken[selection.slice] if mode == "same" else taken
    elif mode == "listed":
        which = selection.index if selection.mask is None else selection.mask
        assert which is not None
        to[which.numpy()] = taken
    elif to.dtype == np.int64:
        np.putmask(to, selection.marks().numpy(), taken)
    else:
        np.copyto(to, taken, where=selection.marks().numpy())


def _check_layout(placed: Placed, layout: RowLayout, n_rows: int | None) -> int:
    """Address of the first row; raises if any field is not where the layout says."""
    # The address of one is enough, and quick to compile: Taichi tells where it put the others.
    found = torch.zeros((1, 2), dtype=torch.int64)
    addresses((_first_scalar(placed[0][1]),), found)
    first, second = found[0].tolist()
    stride = second - first if n_rows is not None and n_rows > 1 else layout.nbytes
    for var, field in placed:
        offset = _offset_in_row(_first_scalar(field), n_rows)
        if offset != var.offset or stride != layout.nbytes:
            raise RuntimeError(
                f"{var.name}: Taichi placed it {offset} bytes into a row, with rows {stride} bytes "
                f"apart; the layout says {var.offset} and {layout.nbytes}. "
                'Pass SimOptions(state_transport="kernel").'
            )
    return first - placed[0][0].offset


def _offset_in_row(scalar: Any, n_rows: int | None) -> int:
    """Bytes from the start of a row, or of the tree if there are no rows, to a field."""
    path = scalar.snode._path_from_root()
    return sum(node._offset_bytes_in_parent_cell for node in path[1 if n_rows is None else 2 :])


def _first_scalar(field: Any) -> Any:
    if not isinstance(field, ti.MatrixField):
        return field
    return field.get_scalar_field(0) if field.m == 1 else field.get_scalar_field(0, 0)


def _tensor_at(address: int, n_rows: int, words: int, device: torch.device) -> torch.Tensor:
    """int64 tensor (n_rows, words) over memory that is already there."""
    if device.type == "cpu":
        memory = (ctypes.c_byte * (n_rows * words * 8)).from_address(address)
        return torch.frombuffer(memory, dtype=torch.int64).view(n_rows, words)
    return torch.as_tensor(_CudaMemory(address, n_rows, words), device=device)


class _CudaMemory:
    """Device memory under the protocol that torch reads."""

    def __init__(self, address: int, n_rows: int, words: int):
        self.__cuda_array_interface__ = {
            "shape": (n_rows, words),
            "typestr": "<i8",
            "data": (address, False),
            "version": 3,
        }
