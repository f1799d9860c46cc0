"""A checkpoint that is being written: what is known before its arrays are written, and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from genesis_state.checkpoint.checksum import BlockSums
from genesis_state.checkpoint.content import MAX_VALUES, plain
from genesis_state.checkpoint.header import (
    FORMAT,
    MAX_HEADER_BYTES,
    OWN_KEYS,
    described,
    seal_of,
    to_text,
)
from genesis_state.checkpoint.pieces import pieces
from genesis_state.version import __version__


class Draft:
    """The header and the arrays of a new file.

    The bytes of each array pass once, through `data`, and are summed on the way. Until all have,
    the header has zeros for sums, so that it is as long as it will be and a format can leave room
    for it.

    Args:
        timestamp: When it was made [s since 1970].
        step_index: The scene's step count.
        manifest: What the caller has to say; the keys that are this package's own are replaced.
        arrays: Little-endian arrays in any order of memory.

    Raises:
        TypeError, ValueError: The manifest holds something else than a header can.
    """

    def __init__(
        self,
        timestamp: float,
        step_index: int,
        manifest: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray],
    ) -> None:
        self.arrays = arrays
        self._sums = {name: BlockSums(array.nbytes) for name, array in arrays.items()}
        given = {key: value for key, value in manifest.items() if key not in OWN_KEYS}
        self._manifest = {"format": FORMAT, "library": __version__}
        self._manifest |= plain(given, "manifest", budget=MAX_VALUES)
        self._rest = {"timestamp": timestamp, "step_index": step_index}
        size = len(to_text(self.header()))
        if size > MAX_HEADER_BYTES:
            raise ValueError(
                f"manifest: {size} bytes as text, needs at most {MAX_HEADER_BYTES}; keep large "
                "data in arrays."
            )

    def data(self, name: str) -> Iterator[memoryview]:
        """The bytes of an array in C order, each piece until the next is asked for."""
        sums = self._sums[name]
        for piece in pieces(self.arrays[name]):
            sums.add(piece)
            yield piece

    def whole(self, name: str) -> np.ndarray:
        """An array in C order, copied only if it was not."""
        array = np.ascontiguousarray(self.arrays[name]).reshape(self.arrays[name].shape)
        for piece in pieces(array):
            self._sums[name].add(piece)
        return array

    def header(self) -> dict[str, Any]:
        """The header as plain values."""
        sums = {name: found.text() for name, found in self._sums.items()}
        header = {**self._rest, "manifest": self._manifest | {"checksums": sums}}
        header["manifest"]["seal"] = seal_of(header, described(self.arrays))
        return header
