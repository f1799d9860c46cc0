"""Files of square sheets."""

from pathlib import Path

import numpy as np


def square(path: Path, n: int, spacing: float) -> str:
    """Writes a level square of n x n vertices about the origin, and returns the path as text.

    Its vertices are numbered along y first.
    """
    at = (np.arange(n) - (n - 1) / 2) * spacing
    lines = [f"v {x} {y} 0" for x in at for y in at]
    for i in range(n - 1):
        for j in range(n - 1):
            a = i * n + j + 1
            lines += [f"f {a} {a + n} {a + 1}", f"f {a + n} {a + n + 1} {a + 1}"]
    path.write_text("\n".join(lines))
    return str(path)
