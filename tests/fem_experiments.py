"""Experiments on solids made of tetrahedra."""

from tests import fem_contact, fem_physics
from tests.experiment import BOTH, Experiment

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
- Momentum: two bodies of each shape, thrown at a cube from above and from below, until neither
  touches it; angular momentum about the cube's centre at the start. Changes are relative to the
  momentum of the bodies.
- Dropped balls: the energy of ball and block, elastic energy with it, less what it was at the
  start, is divided by that of the fall.
- Contact is measured in implicit substeps of 2 ms and explicit ones of 0.4 ms.
"""

EXPERIMENTS = (
    Experiment(fem_physics.beams, ("64",), slow=True),
    Experiment(fem_physics.vibration, ("64",)),
    Experiment(fem_physics.patches, ("64",)),
    Experiment(fem_physics.inversions, ("64",), slow=True),
    Experiment(fem_contact.thrown_bodies, BOTH, slow=True),
    Experiment(fem_contact.dropped_balls, slow=True),
    Experiment(fem_contact.small_balls, slow=True),
    Experiment(fem_contact.gripper, slow=True),
    Experiment(fem_contact.slopes, slow=True),
)
