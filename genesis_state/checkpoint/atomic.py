"""Write a file so that its name leads to all of the old bytes or all of the new ones."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Opens a temporary file beside `path` that takes its place when the block ends well.

    Any failure, in the block or on the disk, removes the temporary file; `path` stays as it was.

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
    # In the same folder, because a rename is atomic only inside one file system.
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
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
