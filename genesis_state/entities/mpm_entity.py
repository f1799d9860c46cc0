"""Matter of the material point method in a scene."""

from __future__ import annotations

from genesis_state.entities.sampled_entity import SampledEntity
from genesis_state.materials import MPM


class MPMEntity(SampledEntity[MPM.Base]):
    """A solid, liquid or heap of grains; what it is made of is one of `gs.materials.MPM`."""

    SOLVER = "mpm"
