"""Experiments on matter of position based dynamics."""

from tests import pbd_contact, pbd_physics
from tests.experiment import BOTH, Experiment

NOTES = """\
Materials are those of `gs.materials.PBD`, with their defaults where nothing else is said.

- Spring and hinge: ties of a few particles in a solver of their own, without air. The spring is
  stretched by 1 and 2 mm; 1, 4 and 30 iterations, substeps of 0.4 to 10 ms.
- Strip: 51 by 3 particles, 1 m long, substeps of 0.4 ms with 4 iterations over lengths and one
  over angles, of which it resists hardly any (a compliance of 1e3 rad/(N m)); the mean of 3 s.
- Water at rest: 2,000 particles 2 cm wide, substeps of 1 ms, 4 iterations with a density relaxation
  of 1. With one iteration and the relaxation of 0.2 that are the defaults the mean density is 2.3 %
  too high. The density is that which the method itself sees; particles in a volume are counted
  besides.
- Energy is kinetic and potential, without what ties store, so that it cannot be too low because of
  it.
- Momentum: six bodies thrown, each at cloth, an elastic cube or water that floats in space. Cloth
  has no friction with itself there: friction between points turns them about each other, and
  points have no spin of their own to answer for it.
- Boxes hang on strips of 10 g by three particles fixed to them; they weigh 5, 20 and 100 g.
"""

EXPERIMENTS = (
    Experiment(pbd_physics.springs, BOTH),
    Experiment(pbd_physics.hinge, BOTH),
    Experiment(pbd_physics.strip, slow=True),
    Experiment(pbd_physics.pool, slow=True),
    Experiment(pbd_contact.dropped_balls, slow=True),
    Experiment(pbd_contact.thrown_bodies, BOTH, slow=True),
    Experiment(pbd_contact.hung_up, BOTH, slow=True),
    Experiment(pbd_contact.floats, slow=True),
)
