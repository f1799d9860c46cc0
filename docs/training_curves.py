"""Draws docs/training_curves.png from the event files of runs.

for task in Cartpole FrankaReach FrankaReachADR Quadruped; do
    genesis-state train task=$task root=runs
done
python docs/training_curves.py runs
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from genesis_state.training.run_directory import event_files

Curve = tuple[list[int], list[float]]

# Of each panel: the task, the scalar, its axis, the line to reach and what that is.
PANELS = (
    ("Cartpole", "Episode/l", "steps of 500", 450.0, "solved"),
    ("FrankaReach", "Episode/distance", "distance [m]", 0.03, "3 cm"),
    ("Quadruped", "Episode/r", "return", None, ""),
    ("FrankaReachADR", "adr/npd", "npd [nats per dimension]", None, ""),
)


def main(root: Path, target: Path) -> None:
    """Draws the curves of the runs in a folder."""
    figure, axes = plt.subplots(1, len(PANELS), figsize=(13, 3), layout="constrained")
    for axis, (task, tag, label, line, name) in zip(axes, PANELS, strict=True):
        draw(axis, scalars(root / task), tag)
        axis.set(title=task, xlabel="minutes", ylabel=label, xlim=(0, None))
        if line is not None:
            axis.axhline(line, color="0.5", linestyle=":", label=name)
            axis.legend()
        if task == "FrankaReach":
            axis.set_yscale("log")
        axis.grid(alpha=0.3)
    figure.savefig(target, dpi=80)


def draw(axis: Axes, found: dict[str, Curve], tag: str) -> None:
    """A scalar that is logged once in an epoch, over minutes."""
    minutes = {
        epoch: second / 60
        for epoch, second in zip(found["rewards/iter"][0], found["rewards/time"][0], strict=True)
    }
    points = [(minutes[e], value) for e, value in zip(*found[tag], strict=True) if e in minutes]
    axis.plot(*zip(*points, strict=True))


def scalars(run: Path) -> dict[str, Curve]:
    """All scalars of a run by tag, each as steps and values."""
    found: dict[str, Curve] = {}
    for path in event_files(run / "summaries"):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                steps, values = found.setdefault(value.tag, ([], []))
                steps.append(event.step)
                values.append(value.tensor.float_val[0])
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).with_suffix(".png"))
