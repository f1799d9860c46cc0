"""A checkpoint that is being written: what is known before its arrays are written, and after."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from genesis_state.checkpoint.checksum import BlockSums, digest
from genesis_state.checkpoint.header import MAX_HEADER_BYTES, described
from genesis_state.checkpoint.manifest import Manifest
from genesis_state.checkpoint.pieces import pieces


class Draft:
    """The header and the arrays of a new file.

    The bytes of each array pass once, through `data`, and are summed on the way. Until all have,
    the header has zeros for sums, so that it is as long as it will be and a format can leave room
    for it.

    Args:
        timestamp: When it was made [s since 1970].
        step_index: The scene's step count.
        manifest: What the caller has to say.
        arrays: Little-endian arrays in any order of memory.

    Raises:
        TypeError, ValueError: The manifest holds something else than a header can.
    """

    def __init__(
        self,
        timestamp: float,
        step_index: int,
        manifest: Mapping[str, Any] | Manifest,
        arrays: Mapping[str, np.ndarray],
    ) -> None:
        self.arrays = arrays
        self._timestamp = timestamp
        self._step_index = step_index
        self._manifest = manifest if isinstance(manifest, Manifest) else Manifest(manifest)
        self._described = json.dumps(described(arrays), sort_keys=True)
        self._sums = {name: BlockSums(array.nbytes) for name, array in arrays.items()}
        size = len(self.header_text())
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
        return {
            "timestamp": self._timestamp,
            "step_index": self._step_index,
            "manifest": self._manifest.values | self._sealed(),
        }

    def header_text(self) -> str:
        """The header as JSON in ASCII."""
        clock = f'"timestamp":{json.dumps(self._timestamp)},"step_index":{self._step_index}'
        return f'{{{clock},"manifest":{self._manifest.text(**self._sealed())}}}'

    def _sealed(self) -> dict[str, Any]:
        """What the manifest says of sums, and the seal on all of it; see `header.seal_of`."""
        sums = {name: found.text() for name, found in self._sums.items()}
        manifest = self._manifest.sorted_text(checksums=sums)
        clock = f"{json.dumps(self._timestamp)}, {self._step_index}"
        return {"checksums": sums, "seal": digest(f"[{clock}, {manifest}, {self._described}]")}
