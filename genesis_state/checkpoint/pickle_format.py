"""The `.pkl` format: a pickled dict that `pickle.load` opens with NumPy alone.

Writing is pickle's. Reading is not: `pickle_reader` walks the opcodes itself.
"""

from __future__ import annotations

import pickle
from io import BufferedReader
from typing import Any, BinaryIO

from genesis_state.checkpoint.array_info import ArrayInfo
from genesis_state.checkpoint.draft import Draft
from genesis_state.checkpoint.pickle_reader import PickleReader

# Protocol 5 hands an array's bytes to the stream without copying them first.
_PROTOCOL = 5


def recognizes(first: bytes) -> bool:
    """Whether a file that begins so looks like this format."""
    return first[:1] == pickle.PROTO and first[1:2] in (b"\2", b"\3", b"\4", b"\5")


def dump(stream: BinaryIO, draft: Draft) -> None:
    """Writes a file."""
    arrays = {name: draft.whole(name) for name in draft.arrays}
    rest = draft.header()
    manifest = rest.pop("manifest")
    content = {**rest, "arrays": arrays, "manifest": manifest}
    pickle.dump(content, stream, protocol=_PROTOCOL)


def load(stream: BufferedReader, size: int) -> tuple[dict[str, Any], dict[str, ArrayInfo]]:
    """Walks a pickle of protocol 2 to 5, running nothing of it and passing over its arrays.

    Raises:
        ValueError: It is no pickle, or asks for more than arrays and plain values.
    """
    if stream.peek(1)[:1] != pickle.PROTO:
        raise ValueError("it is not a pickle of protocol 2 or newer.")
    reader = PickleReader(stream, size)
    try:
        content = reader.read()
    except (IndexError, TypeError, ValueError) as error:
        reason = str(error) if isinstance(error, ValueError) else "the pickle is damaged."
        raise ValueError(f"cannot be read at byte {reader.bytes.at}: {reason}") from error
    if not isinstance(content, dict):
        raise ValueError(f"holds a {type(content).__name__}, a checkpoint is a dict.")
    if "arrays" not in content:
        raise ValueError("lacks arrays; it is no checkpoint, or a damaged one.")
    infos = content.pop("arrays")
    if not isinstance(infos, dict):
        raise ValueError(f"arrays is a {type(infos).__name__}, needs a dict.")
    for name, info in infos.items():
        if not isinstance(info, ArrayInfo):
            raise ValueError(f"{name[:80]} is a {type(info).__name__}, needs an array.")
    return content, infos
