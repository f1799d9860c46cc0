"""What entities are made of: `Rigid` bodies, and continua by their solver, such as `MPM.Sand`."""

from genesis_state.materials import mpm as MPM
from genesis_state.materials.rigid import Rigid

__all__ = ["MPM", "Rigid"]
