"""Write a file so that its name leads to all of the old bytes or all of the new ones."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from genesis_state.checkpoint.leftovers import hold, sweep, temporary


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Opens a temporary file beside `path` that takes its place when the block ends well.

    Any failure, in the block or on the disk, removes the temporary file; `path` stays as it was.
    The temporary file of a process that was killed is removed by the next save to the same file.

    Args:
        path: The file to write. A link is followed, so that it stays a link.

    Yields:
        A binary stream.

    Raises:
        OSError: The folder does not exist, or the disk refuses the bytes.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"{path}: the folder {target.parent} does not exist; create it, or save elsewhere."
        )
    # What killed processes left of this file goes first: a full disk may need the room.
    with suppress(OSError):
        sweep(target.parent, re.escape(target.name))
    # In the same folder, because a rename is atomic only inside one file system.
    beside = temporary(target)
    try:
        stream = open(beside, "xb")  # noqa: SIM115 - closed by the block below
        while not hold(stream, beside):
            stream.close()
            beside.unlink(missing_ok=True)
            beside = temporary(target)
            stream = open(beside, "xb")  # noqa: SIM115
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            if os.name != "nt":
                os.replace(beside, target)  # still held, or a sweep could come in between
        if os.name == "nt":
            os.replace(beside, target)  # Windows renames no open file, and has no sweeps
    except BaseException as error:
        with suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError):
            raise OSError(
                error.errno,
                f"nothing was saved and what stood there is as it was: {error.strerror or error}",
                str(path),
            ) from error
        raise
    _flush_folder(target.parent)


def _flush_folder(folder: Path) -> None:
    """Makes the new name itself survive a power cut."""
    if os.name == "nt":
        return  # Windows offers no handle to a folder, and needs none.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
