"""Meshes of cloth for tests."""

from pathlib import Path
from tempfile import gettempdir


def sheet_file(rows: int, columns: int, spacing: float) -> str:
    """A flat sheet in the plane z = 0, about the origin, as a file that a morph can name."""
    lines = []
    for i in range(rows):
        for j in range(columns):
            x, y = spacing * (i - (rows - 1) / 2), spacing * (j - (columns - 1) / 2)
            lines.append(f"v {x:.9g} {y:.9g} 0")
    for i in range(rows - 1):
        for j in range(columns - 1):
            a, b = columns * i + j + 1, columns * (i + 1) + j + 1
            faces = ((a, b, b + 1), (a, b + 1, a + 1))
            if (i + j) % 2:
                faces = ((a, b, a + 1), (b, b + 1, a + 1))
            lines.extend("f {} {} {}".format(*face) for face in faces)
    text = "\n".join(lines) + "\n"
    path = Path(gettempdir(), f"genesis_state_test_sheet_{rows}_{columns}_{spacing:g}.obj")
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)
    return str(path)
