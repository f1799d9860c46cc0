"""Every step of a run beside the same steps of the undisturbed one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from genesis_state.recording.compare import Divergence, difference
from genesis_state.state import SimState


@dataclass
class Trail:
    """States after each step of a run.

    Attributes:
        streams: Which stream runs in which environment.
        states: One for each step.
    """

    streams: torch.Tensor
    states: list[SimState]


def first_divergence(trail: Trail, undisturbed: list[SimState]) -> Divergence | None:
    """Where a run first differs from the undisturbed one, whatever was done in between.

    Args:
        trail: The run. An environment with stream s, t steps old, has to be as environment s was
            at step t of the undisturbed run.
        undisturbed: States of the undisturbed run, from its start on.

    Returns:
        The difference: `a` is what it was, `b` what it is; None if there is none.
    """
    for state in trail.states:
        ages = state.envs_t.cpu().long()
        known = ages < len(undisturbed)
        found: list[Divergence] = []
        for age in ages[known].unique().tolist():
            envs = (ages == age).nonzero()[:, 0]
            wanted = undisturbed[age][trail.streams[envs]]
            parted = difference(age, False, wanted, state[envs])
            if parted is not None:
                found.append(replace(parted, env=int(envs[parted.env])))
        if found:
            return min(found, key=lambda divergence: divergence.env)
    return None
