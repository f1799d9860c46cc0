"""One block of memory: the fields of a set of variables, each environment's bytes in one row.

All variables of a block are children of one SNode tree, so that environment e's bytes are one
contiguous row, laid out as its `RowLayout` says. Rows go in and out by a transport.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch

from genesis_state.kernels.lang import ti
from genesis_state.layout import RowLayout, VarLayout
from genesis_state.runtime import Backend, Runtime
from genesis_state.schema import StateVar
from genesis_state.selection import Selection
from genesis_state.transport import KernelCopy, Nothing, Transport, ZeroCopy, field_rows


class Fields:
    """A block's Taichi fields as attributes, to be handed to kernels as one argument."""

    if TYPE_CHECKING:  # their names are known when a solver is built

        def __getattr__(self, name: str) -> Any: ...


class Block:
    """Fields of some variables and the only way their bytes move.

    Args:
        variables: Declarations by name; those in `layout` are allocated.
        layout: Where each variable is in a row.
        n_rows: Environments, or None for fields without that axis (one row for all).
        runtime: The runtime whose memory this is.
        transport: "zero_copy" or "kernel".
        fields: Where to put the fields, by name.

    Attributes:
        touched: Names of variables that were written since whoever follows them cleared it. What
            kernels write is not among them.
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
        if transport == "zero_copy" and runtime.backend is Backend.vulkan:
            raise ValueError(
                'SimOptions: state_transport="zero_copy" cannot see the memory of Vulkan; '
                'leave it out, or pass "kernel".'
            )
        self.layout = layout
        self.n_rows = 1 if n_rows is None else n_rows
        self.device = runtime.device
        self.touched: set[str] = set()
        self._names = frozenset(var.name for var in layout.variables)
        self._runtime = runtime
        self._closed = False
        self._seen: dict[str, torch.Tensor] = {}
        if layout.variables:
            runtime.require_tree()
        self._tree, placed = _allocate(variables, layout, n_rows, runtime, fields)
        runtime.trees += self._tree is not None
        self._transport: Transport
        if not placed:
            self._transport = Nothing(self.n_rows, self.device)
        elif transport == "zero_copy":
            self._transport = ZeroCopy(field_rows(placed, layout, n_rows, self.device))
        else:
            self._transport = KernelCopy(placed, layout, n_rows, self.device)

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

    def write(
        self,
        source: torch.Tensor,
        selection: Selection,
        mode: str,
        origin: torch.Tensor | None = None,
    ) -> None:
        """Rows of `source` → the selected rows.

        Args:
            source: int64, shape (any, words). It may be what `rows` gave.
            selection: Rows to write; for "listed" and "mapped" none twice.
            mode: "same": row e takes source row e; "listed": the k-th selected row takes source
                row k; "mapped": it takes source row origin[k]; "broadcast": all take source row 0.
            origin: For "mapped": int64 on the device, one for each selected row, in range.
        """
        self.check()
        if selection.count != 0:
            self.touched |= self._names
            self._transport.write(source, selection, mode, origin)

    def rows(self) -> torch.Tensor:
        """All rows as of now, int64 of shape (n_rows, words). To be copied from, never kept."""
        self.check()
        return self._transport.rows()

    @contextlib.contextmanager
    def edit(self, *names: str) -> Iterator[torch.Tensor]:
        """All rows, int64 of shape (n_rows, words), to be changed in place while this is open.

        Args:
            names: The variables that will be written; none means any.
        """
        self.check()
        self.touched.update(names or self._names)
        with self._transport.edit() as rows:
            yield rows

    def seen(self, name: str) -> torch.Tensor | None:
        """A variable's memory itself to be changed at once, or None where it cannot be seen."""
        self.check()
        if not isinstance(self._transport, ZeroCopy):
            return None
        self.touched.add(name)
        if name not in self._seen:
            self._seen[name] = self.layout.view(self._transport.rows(), name)
        return self._seen[name]

    def get(self, name: str) -> torch.Tensor:
        """A variable as of now, shape (n_rows, …). To be copied from at once, never kept."""
        return self.layout.view(self.rows(), name)

    def close(self) -> None:
        """Frees the memory. Whatever is asked afterwards raises."""
        if not self._closed:
            self._closed = True
            del self._transport
            self._seen.clear()
            if self._tree is not None:
                self._runtime.trees -= 1
                if self._runtime.alive:
                    self._tree.destroy()


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
    # Taichi's Vulkan moves whole words: a bool in a byte takes its neighbours with it. There, bools
    # are words, and fields need not lie as the layout says, since no one looks but kernels.
    words_only = runtime.backend is Backend.vulkan
    boolean = ti.i32 if words_only else ti.u1
    dtypes = {"float32": ti.f32, "float64": ti.f64, "int32": ti.i32, "bool": boolean}
    made = {v.name: _make_field(variables[v.name], dtypes[v.dtype]) for v in layout.variables}
    # From here to finalize() nothing may fail: Taichi runs no kernel beside an open builder.
    builder = ti.FieldsBuilder()
    lead = 0 if n_rows is None else 1
    # Never two nodes along one axis: every access would divide its index to tell them apart.
    rows = builder if n_rows is None or not layout.nbytes else builder.dense(ti.i, n_rows)
    placed: list[tuple[VarLayout, Any]] = []
    empty: list[tuple[Any, tuple[int, ...]]] = []
    end = 0

    def below(node: Any, dims: tuple[int, ...], first_axis: int) -> Any:
        if not dims:
            return node
        axes: Any = ti.axes  # annotated for something other than what it takes
        return node.dense(axes(*range(first_axis, first_axis + len(dims))), dims)

    def pad(nbytes: int) -> None:
        if nbytes and not words_only:
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
    rows, columns = declared.element
    return ti.Matrix.field(rows, columns, dtype)
