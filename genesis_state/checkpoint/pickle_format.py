"""The `.pkl` format: a pickled dict that `pickle.load` opens with NumPy alone.

Writing is pickle's. Reading is not: `pickle_reader` walks the opcodes itself.
"""

from __future__ import annotations

import pickle
from typing import Any, BinaryIO

from genesis_state.checkpoint.pickle_reader import PickleReader

# Protocol 5 hands an array's bytes to the stream without copying them first.
_PROTOCOL = 5


def dump(stream: BinaryIO, content: dict[str, Any]) -> None:
    """Writes `content`: plain values and C-contiguous little-endian arrays."""
    pickle.dump(content, stream, protocol=_PROTOCOL)


def load(data: bytes) -> Any:
    """Reads what a pickle of protocol 2 to 5 says, running nothing of it.

    Raises:
        ValueError: It is no pickle, or asks for more than arrays and plain values.
    """
    reader = PickleReader(data)
    try:
        return reader.read()
    except (IndexError, TypeError, ValueError) as error:
        reason = str(error) if isinstance(error, ValueError) else "the pickle is damaged."
        raise ValueError(f"cannot be read at byte {reader.at}: {reason}") from error
