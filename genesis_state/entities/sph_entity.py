"""Matter of smoothed particle hydrodynamics in a scene."""

from __future__ import annotations

from genesis_state.entities.sampled_entity import SampledEntity
from genesis_state.materials import SPH


class SPHEntity(SampledEntity[SPH.Liquid]):
    """A liquid; what it is made of is one of `gs.materials.SPH`."""

    SOLVER = "sph"
