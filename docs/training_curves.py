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
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from genesis_state.training.run_directory import event_files

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
        axis.plot(*curve(root / task, tag))
        axis.set(title=task, xlabel="minutes", ylabel=label, xlim=(0, None))
        if line is not None:
            axis.axhline(line, color="0.5", linestyle=":", label=name)
            axis.legend()
        if task == "FrankaReach":
            axis.set_yscale("log")
        axis.grid(alpha=0.3)
    figure.savefig(target, dpi=80)


def curve(run: Path, tag: str) -> tuple[list[float], list[float]]:
    """Minutes since an uninterrupted run began, and a scalar's values."""
    events = [
        e for path in event_files(run / "summaries") for e in EventFileLoader(str(path)).Load()
    ]
    points = [
        ((event.wall_time - events[0].wall_time) / 60, value.tensor.float_val[0])
        for event in events
        for value in event.summary.value
        if value.tag == tag
    ]
    return [minutes for minutes, _ in points], [value for _, value in points]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).with_suffix(".png"))
