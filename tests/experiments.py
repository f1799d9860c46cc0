"""The experiments on every kind of matter."""

from __future__ import annotations

from collections.abc import Iterator

from tests import fem_experiments, mpm_experiments, pbd_experiments, sph_experiments
from tests.experiment import Experiment

KINDS = {
    "MPM": mpm_experiments,
    "SPH": sph_experiments,
    "PBD": pbd_experiments,
    "FEM": fem_experiments,
}
"""By the solver's name, modules with their `EXPERIMENTS` and `NOTES` on how these are made."""


def every() -> Iterator[tuple[str, Experiment, str]]:
    """Each kind's experiments, each at each of its precisions."""
    for kind, module in KINDS.items():
        for experiment in module.EXPERIMENTS:
            for precision in experiment.precisions:
                yield kind, experiment, precision
