"""How matter behaves beside theory and experiment: JSON, and docs/physics.md.

python -m benchmarks.physics --docs
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from tests.experiments import KINDS, every
from tests.figures import Figure

DOCS = Path(__file__).resolve().parent.parent / "docs"

HEAD = """# Matter beside theory and experiment

Written by `python -m benchmarks.physics --docs`; `tests/test_physics.py` holds each figure to its
limit. A limit is a part of the reference, or a number where that is zero; "bits" are those of a
floating-point number.
"""

TABLE = """
| quantity | bits | measured | reference | limit | source |
| --- | --- | --- | --- | --- | --- |
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help="write docs/physics.md")
    docs = parser.parse_args().docs
    found: dict[str, str] = {}
    for kind, experiment, precision in every():
        figures = experiment.figures(precision)
        found[kind] = found.get(kind, "") + rows(figures, precision)
        shown = {"kind": kind, "bits": precision, "figures": [asdict(figure) for figure in figures]}
        print(json.dumps(shown, indent=2), flush=True)
    if docs:
        parts = (f"\n## {kind}\n\n{KINDS[kind].NOTES}{TABLE}{found[kind]}" for kind in found)
        (DOCS / "physics.md").write_text(HEAD + "".join(parts))


def rows(figures: list[Figure], precision: str) -> str:
    """Lines of the table."""
    text = ""
    for f in figures:
        numbers = f"{number(f.measured)} | {number(f.reference)} | {f.limit:.2g}"
        text += f"| {f.quantity} | {precision} | {numbers} | {f.source} |\n"
    return text


def number(x: float) -> str:
    """A number with five digits, or two where it stands for an error."""
    return f"{x:.1e}" if 0 < abs(x) < 1e-2 else f"{x:.5g}"


if __name__ == "__main__":
    main()
