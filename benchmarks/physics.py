"""How matter made of particles behaves beside theory and experiment: JSON, and docs/physics.md.

python benchmarks/physics.py --docs
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.figures import Figure  # noqa: E402
from tests.mpm_experiments import Experiment, every  # noqa: E402

HEAD = """# Matter made of particles beside theory and experiment

Written by `python benchmarks/physics.py --docs`; `tests/test_mpm_physics.py` holds each figure to
its limit. A limit is a part of the reference, or a number where that is zero; "bits" are those of a
floating-point number. Materials are those of `gs.materials.MPM`, eight laws in all: elastic
(corotated, neo-Hookean), liquid (with and without viscosity), metal (von Mises, clamped stretches),
snow, sand.

How it was measured:

- Momentum: cubes that fly, spin and vibrate; bodies thrown at free cubes. Angular momentum counts
  the affine velocities, m cell^2 / 4 times the curl of C, and is taken about the centre from which
  the cube, or the cube that is hit, started; its change is relative to what it was. Everything is
  within half a metre of the origin: in 32 bits the rounding of positions, which grows with the
  distance from it, is the largest part of the change.
- Energy: kinetic, with that of the affine velocities, m cell^2 / 8 |C|^2, and elastic, and
  potential above the floor; F lags by a substep.
- Axial mode: a bar of 1 m, 32 cells long, set into the velocity of its first mode; the frequency is
  that of the zeros of the velocity's projection on the mode. L is the length of the box.
- Run-out: a column of radius 8 cells on a floor, both with a friction angle of 22 degrees. The cone
  of `Sand` goes through the friction angle in triaxial compression; in plane strain 22 degrees are
  30 degrees of a Coulomb material, and 30 are 44: with 30 degrees the column as high as its radius
  runs out to 1.7 radii instead of 2.2. The front is the median over 12 sectors of the radius within
  which 99 % of the sand of a sector lies.
- Laws: particles more than three cells apart, each a homogeneous test piece that its velocity
  gradient C deforms; its stress is read from the next C.

| quantity | bits | measured | reference | limit | source |
| --- | --- | --- | --- | --- | --- |
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help="write docs/physics.md")
    docs = parser.parse_args().docs
    found = []
    for experiment, precision in every():
        figures = experiment.figures(precision)
        found.append((experiment, precision, figures))
        print(json.dumps([{"bits": precision, **asdict(figure)} for figure in figures], indent=2))
    if docs:
        (ROOT / "docs" / "physics.md").write_text(document(found))


def document(found: list[tuple[Experiment, str, list[Figure]]]) -> str:
    """The text of docs/physics.md."""
    text = HEAD
    for _, precision, figures in found:
        for f in figures:
            numbers = f"{number(f.measured)} | {number(f.reference)} | {f.limit:.2g}"
            text += f"| {f.quantity} | {precision} | {numbers} | {f.source} |\n"
    return text


def number(x: float) -> str:
    """A number with five digits, or two where it stands for an error."""
    return f"{x:.1e}" if 0 < abs(x) < 1e-2 else f"{x:.5g}"


if __name__ == "__main__":
    main()
