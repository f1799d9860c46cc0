"""Writes a picture as a PNG file (W3C Recommendation "Portable Network Graphics")."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np


def write_png(path: str | os.PathLike[str], image: np.ndarray) -> None:
    """Writes a picture.

    Args:
        path: The file, with suffix .png.
        image: Red, green, blue, uint8 of shape (height, width, 3).

    Raises:
        ValueError: The suffix names another format.
        OSError: It cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ValueError(f"picture: {path.name} is no .png; pictures are written as PNG alone.")
    height, width, _ = image.shape
    rows = image.reshape(height, width * 3)
    # Each row as what it differs from the one above (filter 2): so it packs well.
    above = np.vstack((np.zeros((1, width * 3), np.uint8), rows[:-1]))
    lines = np.hstack((np.full((height, 1), 2, np.uint8), rows - above))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, data in chunks:
            check = zlib.crc32(name + data)
            file.write(struct.pack(">I", len(data)) + name + data + struct.pack(">I", check))
