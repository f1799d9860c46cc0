"""Where particles may be: a box, and what is said of points outside of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Domain:
    """A box along the axes; its faces belong to it.

    Attributes:
        lower, upper: Its corners [m].
        inset: Where these lie, for messages: "at" or so many "cells inside of" the bounds that the
            user gave.
        slack: How far matter may sink in where it is pressed against a face [m].
    """

    lower: tuple[float, float, float]
    upper: tuple[float, float, float]
    inset: str = "at"
    slack: float = 0.0

    def require(self, what: str, points: np.ndarray, pressed: bool = False) -> None:
        """Refuses points outside.

        Args:
            what: What messages begin with, such as "jelly".
            points: Shape (..., 3) [m].
            pressed: Whether `slack` is granted: to what has been moved before.

        Raises:
            ValueError: The message names the worst of them.
        """
        points = points.reshape(-1, 3)
        if not len(points):
            return
        lower, upper = np.array(self.lower), np.array(self.upper)
        # Axis by axis: numpy takes twenty times as long for all three in one call.
        below = lower - [points[:, axis].min() for axis in range(3)]
        above = [points[:, axis].max() for axis in range(3)] - upper
        beyond = np.concatenate((below, above))
        worst = int(beyond.argmax())
        if beyond[worst] <= (self.slack if pressed else 0.0):
            return
        side, axis = divmod(worst, 3)
        bound = (lower, upper)[side][axis]
        raise ValueError(
            f"{what}: a particle is {beyond[worst]:.6g} m {('below', 'above')[side]} the domain, "
            f"which {('begins', 'ends')[side]} at {'xyz'[axis]}={bound:.6g} ({self.inset} "
            f"{('lower', 'upper')[side]}_bound); move it or enlarge the domain."
        )
