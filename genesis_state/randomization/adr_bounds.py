"""The ranges of all parameters as one tensor, and the rules by which their ends move."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from genesis_state.randomization.adr_spec import ParameterSpec

# An end that moves less than this has not moved; it is as far as it may go.
SMALLEST_MOVE = 1e-9
# A range's width counts as this at least in the entropy, whose logarithm has no value at 0.
SMALLEST_WIDTH = 1e-3
LOWER, UPPER = 0, 1


class Bounds:
    """Ranges (P, 2), float64, of P parameters; columns are the lower and the upper end.

    A column moves outwards when a range grows on that side and inwards when it shrinks. The
    ranges are doubles as a delta may be added thousands of times.

    Attributes:
        ranges: Present ends, shape (P, 2).
        next_limits: The ends after one more move outwards, within the limits, shape (P, 2).
        init: Ends at the start, shape (P, 2).
        limits: Outermost ends, -inf or inf where there is none, shape (P, 2).
        moves: Whether the parameter's delta is not 0, bool, shape (P,).
    """

    def __init__(self, specs: Sequence[ParameterSpec], device: torch.device) -> None:
        def table(rows: list[tuple[float, float]]) -> torch.Tensor:
            return torch.tensor(rows, dtype=torch.float64, device=device)

        self.init = table([spec.init_range for spec in specs])
        self.limits = table([spec.limits for spec in specs])
        self.moves = torch.tensor([spec.moves for spec in specs], device=device)
        # What is added to the ends, and by what they are multiplied, on the way outwards.
        still = [spec.delta if spec.moves else 0.0 for spec in specs]
        self._step = table(
            [
                (0.0, 0.0) if spec.multiplicative else (-step, step)
                for spec, step in zip(specs, still, strict=True)
            ]
        )
        self._factor = table(
            [
                (spec.delta, spec.delta) if spec.multiplicative and spec.moves else (1.0, 1.0)
                for spec in specs
            ]
        )
        self.ranges = self.init.clone()
        self.next_limits = self._outwards()

    def evaluated(self, extended: bool) -> torch.Tensor:
        """The value at which each end is evaluated, shape (P, 2)."""
        return self.next_limits if extended else self.ranges

    def move(self, outwards: torch.Tensor, inwards: torch.Tensor) -> torch.Tensor:
        """Moves the marked ends by one delta, within the limits and never inside the init range.

        Args:
            outwards: Ends to move out, bool, shape (P, 2).
            inwards: Ends to move in, bool, shape (P, 2).

        Returns:
            Which ends have another value now, bool, shape (P, 2). One that was asked to move and
            is as far as it may go is not among them.
        """
        wanted = torch.where(outwards, self.next_limits, self.ranges)
        wanted = torch.where(inwards, self._inwards(), wanted)
        moved = (wanted - self.ranges).abs() > SMALLEST_MOVE
        self.put(torch.where(moved, wanted, self.ranges))
        return moved

    def put(self, ranges: torch.Tensor) -> None:
        """Replaces the ranges, shape (P, 2)."""
        self.ranges = ranges
        self.next_limits = self._outwards()

    def within(self, ranges: torch.Tensor) -> torch.Tensor:
        """Ranges (P, 2) brought within the present limits and out to the init range."""
        lower = ranges[:, LOWER].maximum(self.limits[:, LOWER]).minimum(self.init[:, LOWER])
        upper = ranges[:, UPPER].minimum(self.limits[:, UPPER]).maximum(self.init[:, UPPER])
        return torch.stack((lower, upper), dim=1)

    def nats(self) -> float:
        """Σ ln(upper − lower) over the parameters that can move, a width counting 0.001 at least.

        The entropy [nats] of the uniform distribution over their ranges.
        """
        width = self.ranges[:, UPPER] - self.ranges[:, LOWER]
        logs = width.clamp(min=SMALLEST_WIDTH).log()
        return math.fsum(logs[self.moves].tolist())

    def _outwards(self) -> torch.Tensor:
        lower = self.ranges[:, LOWER] / self._factor[:, LOWER] + self._step[:, LOWER]
        upper = self.ranges[:, UPPER] * self._factor[:, UPPER] + self._step[:, UPPER]
        lower = lower.maximum(self.limits[:, LOWER])
        return torch.stack((lower, upper.minimum(self.limits[:, UPPER])), dim=1)

    def _inwards(self) -> torch.Tensor:
        lower = self.ranges[:, LOWER] * self._factor[:, LOWER] - self._step[:, LOWER]
        upper = self.ranges[:, UPPER] / self._factor[:, UPPER] - self._step[:, UPPER]
        lower = lower.minimum(self.init[:, LOWER])
        return torch.stack((lower, upper.maximum(self.init[:, UPPER])), dim=1)
