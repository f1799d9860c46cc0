"""Randomization of simulated environments: ADR, domain randomization, and named random streams."""

from genesis_state.randomization.adr import ADR
from genesis_state.randomization.adr_resume import ADRLoadReport
from genesis_state.randomization.streams import RandomStreams

__all__ = ["ADR", "ADRLoadReport", "RandomStreams"]
