"""What entities are made of: `Rigid` bodies, and continua by their solver, such as `MPM.Sand`."""

from genesis_state.materials import fem as FEM
from genesis_state.materials import mpm as MPM
from genesis_state.materials import pbd as PBD
from genesis_state.materials import sph as SPH
from genesis_state.materials.rigid import Rigid

__all__ = ["FEM", "MPM", "PBD", "SPH", "Rigid"]
