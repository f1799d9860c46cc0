"""One block of memory: the fields of a set of variables, each environment's bytes in one row.

All variables of a block are children of one SNode tree, so that environment e's bytes are one
contiguous row, laid out as its `RowLayout` says. Rows go in and out by one of two transports:

* "zero_copy" sees the memory of the fields as a torch tensor: moving state is a tensor copy.
* "kernel" copies through one fused kernel each way. Every backend has it.
"""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import torch

from genesis_state.kernels.lang import ti
from genesis_state.kernels.transport import addresses, gather, scatter
from genesis_state.layout import RowLayout, VarLayout
from genesis_state.runtime import Backend, Runtime
from genesis_state.schema import StateVar
from genesis_state.selection import Selection

CHUNK_BYTES = 1 << 18  # a masked copy goes through a buffer that stays in a core's cache


class Fields:
    """A block's Taichi fields as attributes, to be handed to kernels as one argument."""


class Block:
    """Fields of some variables and the only way their bytes move.

    Args:
        variables: Declarations by name; those in `layout` are allocated.
        layout: Where each variable is in a row.
        n_rows: Environments, or None for fields without that axis (one row for all).
        runtime: The runtime whose memory this is.
        transport: "zero_copy" or "kernel".
        fields: Where to put the fields, by name.
    """

    def __init__(
        self,
        variables: Mapping[str, StateVar],
        layout: RowLayout,
        n_rows: int | None,
        runtime: Runtime,
        transport: str,
        fields: Fields,
    ):
        self.layout = layout
        self.n_rows = 1 if n_rows is None else n_rows
        self.device = runtime.device
        self._runtime = runtime
        self._lead = 0 if n_rows is None else 1
        self._closed = False
        self._tree, placed = _allocate(variables, layout, n_rows, runtime, fields)
        self._transport: _Transport
        if not placed:
            self._transport = _Nothing(self.n_rows, self.device)
        elif transport == "zero_copy":
            self._transport = _ZeroCopy(self, placed)
        else:
            self._transport = _KernelCopy(self, placed)

    def check(self) -> None:
        """Raises if the memory is gone."""
        if self._closed:
            raise RuntimeError("the scene is closed; its state is gone, build a new one.")
        if not self._runtime.alive:
            raise RuntimeError(
                "Taichi was restarted, which freed the memory of this scene; build a new one."
            )

    def read(self, out: torch.Tensor) -> None:
        """Every row → out, int64 of shape (n_rows, words)."""
        self.check()
        self._transport.read(out)

    def write(self, source: torch.Tensor, selection: Selection, mode: str) -> None:
        """Rows of `source` → the selected rows.

        Args:
            source: int64, shape (any, words).
            selection: Rows to write.
            mode: "same": row e takes source row e; "listed": the k-th selected row takes source
                row k; "broadcast": all take source row 0.
        """
        self.check()
        if selection.count != 0:
            self._transport.write(source, selection, mode)

    @contextlib.contextmanager
    def edit(self) -> Iterator[torch.Tensor]:
        """All rows, int64 of shape (n_rows, words), to be changed in place while this is open."""
        self.check()
        with self._transport.edit() as rows:
            yield rows

    def get(self, name: str) -> torch.Tensor:
        """A variable as of now, shape (n_rows, …). To be copied from at once, never kept."""
        self.check()
        return self.layout.view(self._transport.rows(), name)

    def close(self) -> None:
        """Frees the memory. Whatever is asked afterwards raises."""
        if not self._closed:
            self._closed = True
            del self._transport
            if self._tree is not None and self._runtime.alive:
                self._tree.destroy()


class _Transport(Protocol):
    """How rows move between a block's fields and tensors."""

    def read(self, out: torch.Tensor) -> None: ...
    def write(self, source: torch.Tensor, selection: Selection, mode: str) -> None: ...
    def rows(self) -> torch.Tensor: ...
    def edit(self) -> contextlib.AbstractContextManager[torch.Tensor]: ...


class _Nothing:
    """A block without variables."""

    def __init__(self, n_rows: int, device: torch.device):
        self._rows = torch.empty((n_rows, 0), dtype=torch.int64, device=device)

    def read(self, out: torch.Tensor) -> None:
        pass

    def write(self, source: torch.Tensor, selection: Selection, mode: str) -> None:
        pass

    def rows(self) -> torch.Tensor:
        return self._rows

    @contextlib.contextmanager
    def edit(self) -> Iterator[torch.Tensor]:
        yield self._rows


class _ZeroCopy:
    """The fields' memory itself, as a tensor."""

    def __init__(self, block: Block, placed: list[tuple[VarLayout, Any]]):
        address = _check_layout(block, placed)
        self._rows = _tensor_at(address, block.n_rows, block.layout.words, block.device)
        self._chunk = max(1, CHUNK_BYTES // block.layout.nbytes)

    def read(self, out: torch.Tensor) -> None:
        out.copy_(self._rows)

    def rows(self) -> torch.Tensor:
        return self._rows

    @contextlib.contextmanager
    def edit(self) -> Iterator[torch.Tensor]:
        yield self._rows

    def write(self, source: torch.Tensor, selection: Selection, mode: str) -> None:
        rows = self._rows
        if selection.kind in ("all", "slice"):
            where = selection.slice
            rows[where].copy_(source[where] if mode == "same" else source)
        elif selection.kind == "mask" and mode != "listed":
            assert selection.mask is not None
            torch.where(selection.mask[:, None], source, rows, out=rows)
        elif mode == "listed":
            rows.index_copy_(0, selection.indices(), source)
        else:
            self._write_chunks(source, selection.indices(), mode)

    def _write_chunks(self, source: torch.Tensor, index: torch.Tensor, mode: str) -> None:
        step = self._chunk if self._rows.device.type == "cpu" else len(index)
        for start in range(0, len(index), step):
            part = index[start : start + step]
            same = mode == "same"
            taken = source.index_select(0, part) if same else source.expand(len(part), -1)
            self._rows.index_copy_(0, part, taken)


class _KernelCopy:
    """One fused kernel each way between the fields and a tensor."""

    def __init__(self, block: Block, placed: list[tuple[VarLayout, Any]]):
        self._fields = tuple(field for _, field in placed)
        self._offsets = tuple(var.offset // 4 for var, _ in placed)
        self._lead = block._lead
        self._shape = (block.n_rows, block.layout.words)
        self._device = block.device

    def read(self, out: torch.Tensor) -> None:
        out.zero_()
        gather(self._fields, self._offsets, self._lead, out.view(torch.int32))

    def rows(self) -> torch.Tensor:
        rows = torch.empty(self._shape, dtype=torch.int64, device=self._device)
        self.read(rows)
        return rows

    @contextlib.contextmanager
    def edit(self) -> Iterator[torch.Tensor]:
        rows = self.rows()
        yield rows
        self._scatter(rows, torch.arange(len(rows), dtype=torch.int32, device=self._device))

    def write(self, source: torch.Tensor, selection: Selection, mode: str) -> None:
        n = self._shape[0]
        origin = torch.full((n,), -1, dtype=torch.int32, device=self._device)
        index = selection.indices()
        if mode == "same":
            origin[index] = index.to(torch.int32)
        elif mode == "listed":
            origin[index] = torch.arange(len(index), dtype=torch.int32, device=self._device)
        else:
            origin[index] = 0
        self._scatter(source.contiguous(), origin)

    def _scatter(self, source: torch.Tensor, origin: torch.Tensor) -> None:
        scatter(self._fields, self._offsets, self._lead, source.view(torch.int32), origin)


def _allocate(
    variables: Mapping[str, StateVar],
    layout: RowLayout,
    n_rows: int | None,
    runtime: Runtime,
    fields: Fields,
) -> tuple[Any, list[tuple[VarLayout, Any]]]:
    """Places every variable; those of size zero get one unused element outside the rows."""
    if not layout.variables:
        return None, []
    dtypes = {"float32": ti.f32, "float64": ti.f64, "int32": ti.i32, "bool": ti.u1}
    made = {v.name: _make_field(variables[v.name], dtypes[v.dtype]) for v in layout.variables}
    # From here to finalize() nothing may fail: Taichi runs no kernel beside an open builder.
    builder = ti.FieldsBuilder()
    lead = 0 if n_rows is None else 1
    # Never two nodes along one axis: every access would divide its index to tell them apart.
    rows = builder if n_rows is None else builder.dense(ti.i, n_rows)
    placed: list[tuple[VarLayout, Any]] = []
    empty: list[tuple[Any, tuple[int, ...]]] = []
    end = 0

    def below(node: Any, dims: tuple[int, ...], first_axis: int) -> Any:
        if not dims:
            return node
        return node.dense(ti.axes(*range(first_axis, first_axis + len(dims))), dims)

    def pad(nbytes: int) -> None:
        if nbytes:
            below(rows, (nbytes,), lead).place(ti.field(ti.u8))

    for var in layout.variables:
        field = made[var.name]
        setattr(fields, var.name, field)
        dims = var.shape[: len(variables[var.name].dims)]
        if n_rows is None and not dims:
            dims = (1,)
        if 0 in dims:
            empty.append((field, (1,) * (lead + len(dims))))
            continue
        pad(var.offset - end)
        below(rows, dims, lead).place(field)
        end = var.offset + var.nbytes
        placed.append((var, field))
    pad(layout.nbytes - end)
    for field, dims in empty:
        below(builder, dims, 0).place(field)
    return builder.finalize(), placed


def _make_field(declared: StateVar, dtype: Any) -> Any:
    if declared.element == ():
        return ti.field(dtype)
    if declared.dtype == "bool":
        raise TypeError(f"{declared.doc!r}: a bool has no element; give it a dim instead.")
    if len(declared.element) == 1:
        return ti.Vector.field(declared.element[0], dtype)
    return ti.Matrix.field(*declared.element, dtype)


def _check_layout(block: Block, placed: list[tuple[VarLayout, Any]]) -> int:
    """Address of the first row; raises if any field is not where the layout says."""
    scalars = tuple(_first_scalar(field) for _, field in placed)
    found = torch.zeros((len(placed), 2), dtype=torch.int64)
    addresses(scalars, found)
    start = int(found[0, 0]) - placed[0][0].offset
    for (var, _), (first, second) in zip(placed, found.tolist(), strict=True):
        stride = block.layout.nbytes if block._lead and block.n_rows > 1 else second - first
        if first != start + var.offset or second - first != stride:
            raise RuntimeError(
                f"{var.name}: Taichi placed it {first - start} bytes into a row, with rows "
                f"{second - first} bytes apart; the layout says {var.offset} and "
                f'{block.layout.nbytes}. Pass SimOptions(state_transport="kernel").'
            )
    return start


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


def default_transport(runtime: Runtime) -> str:
    """The fastest transport of a backend."""
    return "kernel" if runtime.backend is Backend.vulkan else "zero_copy"
