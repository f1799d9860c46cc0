"""An open checkpoint file: its header at once, its arrays when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from io import BufferedReader
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from genesis_state.checkpoint.array_info import ArrayInfo
from genesis_state.checkpoint.checksum import BLOCK
from genesis_state.checkpoint.file_page import file_page
from genesis_state.checkpoint.header import Header
from genesis_state.checkpoint.pieces import Scratch, Target, Whole, fillable
from genesis_state.checkpoint.rows import RowSelection, select


class Stored:
    """A checkpoint file that is open for reading; a context manager.

    Bytes are read, not mapped into memory: that is as fast, and a file that something else cuts
    short is an error instead of the end of the process.

    Args:
        path: What errors call it.
        stream: The open file, closed with this object.
        header: Its header.
        infos: Its arrays.

    Attributes:
        path: The file.
        timestamp: When it was written [s since 1970].
        step_index: The scene's step count.
        manifest: Plain values: "format", "library", and what the writer added; empty when the file
            is a pickle made by hand.
        infos: dtype, shape and nbytes of each array, in the writer's order.
    """

    def __init__(
        self, path: Path, stream: BufferedReader, header: Header, infos: Mapping[str, ArrayInfo]
    ) -> None:
        self.path = path
        self.timestamp = header.timestamp
        self.step_index = header.step_index
        self.manifest = header.manifest
        self.infos = MappingProxyType(dict(infos))
        self._checksums = header.checksums
        self._stream = stream

    def array(self, name: str, rows: Any = None) -> np.ndarray:
        """Reads an array and checks what it read.

        Args:
            name: One of `infos`.
            rows: Rows (environments) to read: a slice, a list of indices in any order, or a mask.
                Only the blocks of the file that hold them are read. None reads all.

        Returns:
            An array of its own: native byte order, C-contiguous, writable; with `rows`, row k is
            the k-th row asked for.

        Raises:
            KeyError: There is no such array.
            IndexError, TypeError: `rows` does not fit it.
            ValueError: The bytes read are damaged.
        """
        info = self._info(name)
        wanted = None if rows is None else self._selected(name, rows)
        if info.fortran and wanted is not None:  # where a row is everywhere
            return self.array(name)[rows].copy()
        runs = [(0, info.nbytes)] if wanted is None else wanted.runs
        shape = info.shape if wanted is None else (wanted.count, *info.shape[1:])
        data = np.empty(sum(end - start for start, end in runs), np.uint8)
        self._read(name, runs, Whole(data))
        stored = info.dtype.newbyteorder(">" if info.swapped else "<")
        array = data.view(stored).reshape(shape, order="F" if info.fortran else "C")
        array = np.ascontiguousarray(array.astype(info.dtype, copy=False)).reshape(shape)
        return array if wanted is None or wanted.order is None else array[wanted.order]

    def read_into(self, out: np.ndarray, name: str, rows: Any = None) -> None:
        """Reads an array into memory that is there already, in any order, with no other copy.

        Args:
            out: Where to; its dtype and shape are those that `array(name, rows)` would have.
            name, rows: As for `array`.

        Raises:
            KeyError, IndexError, TypeError: As for `array`.
            ValueError: `out` does not fit, or the bytes read are damaged; then `out` holds some.
        """
        info = self._info(name)
        wanted = None if rows is None else self._selected(name, rows)
        count = info.shape[:1] if wanted is None else (wanted.asked,)
        shape = (*count, *info.shape[1:])
        if out.dtype != info.dtype or out.shape != shape:
            raise ValueError(
                f"{self.path}: {name} is {info.dtype} of shape {shape}, out is {out.dtype} of "
                f"shape {out.shape}; they need to agree."
            )
        plain = not info.swapped and not info.fortran and (wanted is None or wanted.order is None)
        target = fillable(out) if plain else None
        if target is None:
            out[...] = self.array(name, rows)
        else:
            runs = [(0, info.nbytes)] if wanted is None else wanted.runs
            self._read(name, runs, target)

    def verify(self) -> None:
        """Reads every byte of every array and checks it.

        Raises:
            ValueError: Something is damaged.
        """
        buffer = Scratch()
        for name, info in self.infos.items():
            self._read(name, [(0, info.nbytes)], buffer)

    def close(self) -> None:
        """Closes the file. Arrays that were read live on."""
        self._stream.close()

    def __enter__(self) -> Stored:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Stored({str(self.path)!r}, {len(self.infos)} arrays, step {self.step_index})"

    def _repr_html_(self) -> str:
        array = None if self._stream.closed else self.array
        return file_page(self.path, self, array, "the file is closed: its values are not read")

    def _info(self, name: str) -> ArrayInfo:
        if name not in self.infos:
            shown = ", ".join(list(self.infos)[:20]) + (", …" if len(self.infos) > 20 else "")
            raise KeyError(f"{self.path}: there is no array {name!r}; it has {shown}.")
        return self.infos[name]

    def _selected(self, name: str, rows: Any) -> RowSelection:
        info = self.infos[name]
        if not info.shape:
            raise TypeError(f"{self.path}: {name} has no rows; read it whole.")
        row_bytes = info.dtype.itemsize * math.prod(info.shape[1:])
        try:
            return select(rows, info.shape[0], row_bytes)
        except (TypeError, ValueError, IndexError) as error:
            raise type(error)(f"{self.path}: {name}: {error}") from None

    def _read(self, name: str, runs: list[tuple[int, int]], target: Target) -> None:
        """Reads runs of an array's bytes, one after the other, each checked with its block."""
        info, sums = self.infos[name], self._checksums
        # Where no sums bind the reader to whole blocks, it reads as much at a time all the same.
        block = BLOCK if sums is None or sums.block is not None else max(1, info.nbytes)
        flags = info.dtype.kind == "b"
        scratch, held = np.empty(0, np.uint8), -1
        to = 0
        for start, end in runs:
            for index in range(start // block, -(-end // block)):
                first, last = index * block, min((index + 1) * block, info.nbytes)
                low, high = max(first, start), min(last, end)
                part = target.part(to, to + high - low)
                if sums is None or (low, high) == (first, last):
                    self._fill(name, part, low)
                    self._check(name, index, part)
                else:
                    # A part of a block: the whole is read aside, once for all runs that meet in it.
                    if held != index:
                        scratch, held = np.empty(last - first, np.uint8), index
                        self._fill(name, scratch, first)
                        self._check(name, index, scratch)
                    part[:] = scratch[low - first : high - first]
                if flags and part.max(initial=0) > 1:
                    raise ValueError(
                        f"{self.path}: {name} has a bool that is {part.max()}, needs 0 or 1; take "
                        "another copy."
                    )
                target.put(to, part)
                to += high - low

    def _fill(self, name: str, target: np.ndarray, start: int) -> None:
        self._stream.seek(self.infos[name].offset + start)
        left = target.data
        while left:
            count = self._stream.readinto(left)
            if not count:
                raise ValueError(
                    f"{self.path}: ends in {name}, something cut it short while it was open; take "
                    "another copy."
                )
            left = left[count:]

    def _check(self, name: str, index: int, block: np.ndarray) -> None:
        if self._checksums is None:
            return
        found = self._checksums.take(self.infos[name], block.data)
        wanted = self._checksums.sums[name][index]
        if found != wanted:
            raise ValueError(
                f"{self.path}: damaged: block {index} of {name} has checksum {found}, was saved "
                f"with {wanted}; take another copy."
            )
