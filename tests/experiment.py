"""What an experiment is: scenes that are made, and figures that are measured in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import genesis_state as gs
from genesis_state.solvers.continuum import Continuum
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


def moments(scene: gs.Scene, seconds: float) -> Iterator[float]:
    """Steps a scene, yielding the time [s] after each step; no environment may have stopped."""
    matter = [solver for solver in scene.solvers if isinstance(solver, Continuum)]
    for k in range(round(seconds / scene.dt)):
        scene.step()
        assert not any(bool(solver.get_error_envs_mask().any()) for solver in matter)
        yield (k + 1) * scene.dt


def run(scene: gs.Scene, seconds: float) -> None:
    """Steps a scene for so long."""
    for _ in moments(scene, seconds):
        pass
