"""What materials have in common whose particles are sampled from a shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genesis_state.options import Options


@dataclass(frozen=True, kw_only=True)
class Sampled(Options):
    """Base of materials that fill a shape with particles.

    Attributes:
        sampler: How a shape is filled: "regular" on a lattice, or "random" with as many particles,
            evenly distributed, the same in every run.
    """

    sampler: str = "regular"

    SAMPLERS: ClassVar = ("regular", "random")

    def __post_init__(self):
        super().__post_init__()
        self._one_of("sampler", self.SAMPLERS)
