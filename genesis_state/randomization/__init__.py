"""Randomization of simulated environments: ADR, domain randomization, and named random streams."""

from genesis_state.randomization.adr import ADR
from genesis_state.randomization.adr_resume import ADRLoadReport
from genesis_state.randomization.domain_randomization import DomainRandomization, Target
from genesis_state.randomization.domain_resume import DomainLoadReport
from genesis_state.randomization.streams import RandomStreams

__all__ = [
    "ADR",
    "ADRLoadReport",
    "DomainLoadReport",
    "DomainRandomization",
    "RandomStreams",
    "Target",
]
