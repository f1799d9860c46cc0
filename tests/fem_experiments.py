"""Experiments on solids made of tetrahedra."""

from tests import fem_physics
from tests.experiment import Experiment

NOTES = """\
Materials are `gs.materials.FEM.Elastic`, with three laws: linear, linear corotated and stable
neo-Hookean. There is no damping except where something is to come to rest.

- Beams: a cantilever of 1 m with a square section of 0.2 m, 4, 8 and 16 cubes of six tetrahedra
  across it, bent by its weight under 1 mm/s^2. It is held at one end, all of it. The deflection is
  that of two implicit steps of 30 s; the frequency follows from three consecutive amplitudes of
  implicit steps of 0.5 s, which leave nothing but the first mode and obey
  (1 + w^2 h^2) a[n+1] - 2 a[n] + a[n-1] = 0. The reference is a Timoshenko beam; the slender beam
  of Euler and Bernoulli is 3 % off.
- Patch: a block whose inner vertices are moved at random at rest; its surface is held where an
  even deformation takes it.
"""

EXPERIMENTS = (
    Experiment(fem_physics.beams, ("64",), slow=True),
    Experiment(fem_physics.vibration, ("64",)),
    Experiment(fem_physics.patches, ("64",)),
    Experiment(fem_physics.inversions, ("64",), slow=True),
)
