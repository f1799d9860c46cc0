"""All experiments on matter made of particles: what they measure, at which precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import genesis_state as gs
from tests import decompositions, mpm_contact, mpm_laws, mpm_physics
from tests.figures import Figure

BOTH = ("32", "64")


@dataclass(frozen=True)
class Experiment:
    """One experiment.

    Attributes:
        run: Makes its scenes and returns what it measured.
        precisions: At which it is made.
        slow: Whether it takes more than a few seconds.
    """

    run: Callable[[], list[Figure]]
    precisions: tuple[str, ...] = ("32",)
    slow: bool = False

    @property
    def name(self) -> str:
        """Its name, of the function that makes it."""
        return self.run.__name__

    def figures(self, precision: str) -> list[Figure]:
        """What it measures at this precision, in a runtime of its own."""
        gs.destroy()
        gs.init(precision=precision)
        try:
            return self.run()
        finally:
            gs.destroy()


EXPERIMENTS = (
    Experiment(mpm_physics.momentum, BOTH),
    Experiment(mpm_physics.free_fall, BOTH),
    Experiment(mpm_physics.bounces, slow=True),
    Experiment(mpm_physics.axial_mode),
    Experiment(mpm_physics.column, slow=True),
    Experiment(decompositions.decompositions, BOTH),
    Experiment(mpm_laws.laws, BOTH),
    Experiment(mpm_laws.yields),
    Experiment(mpm_contact.thrown_bodies, BOTH),
    Experiment(mpm_contact.dropped_balls, slow=True),
    Experiment(mpm_contact.slopes),
    Experiment(mpm_contact.symmetry),
    Experiment(mpm_contact.plates, slow=True),
    Experiment(mpm_contact.gripper, slow=True),
)


def every() -> Iterator[tuple[Experiment, str]]:
    """Each experiment at each of its precisions."""
    for experiment in EXPERIMENTS:
        for precision in experiment.precisions:
            yield experiment, precision
