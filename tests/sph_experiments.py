"""Experiments on liquids of smoothed particles."""

from tests import sph_contact, sph_physics
from tests.experiment import BOTH, Experiment

NOTES = """\
Both solvers, WCSPH and DFSPH, as `SPHOptions` has them by default; liquids are water without
surface tension and with a kinematic viscosity of 1e-4 m^2/s, hardly viscous, where nothing else is
said. Substeps: 0.4 ms and 2 ms in tanks of particles of 1 cm, 0.2 ms and 1 ms in the dam break.

- Momentum: two drops of different liquids that collide; a box and a ball thrown at drops. Angular
  momentum is taken about the centre of mass at the start; changes are relative to what it was.
- Hydrostatic pressure: a tank of 14 x 14 x 20 particles. The pressure of WCSPH is that of its
  equation of state, the pressure of DFSPH the sum of what its two solves find. What is compared is
  the mean of one second over all particles at least three spacings from walls, floor and surface,
  in four layers; the reference is rho g times the depth below the level of the start.
- Dam break: a column 16 particles wide, 32 high and 6 deep between walls that it slips along, a =
  10 cm. The front is the foremost particle and half its size. As the dam of the experiment took its
  time to go up, one delay is fitted to all 15 points.
- Compression: max(density / rho - 1, 0), the mean over all particles, and what one per cent of them
  exceed.
- Balls: 20, 500 and 2,000 kg/m^3. The lightest floats on the surface, the heaviest sinks to the
  floor; there it squeezes what is between the two, and is no longer looked into.
- Floating block: 8 x 8 x 6 particles, 500 kg/m^3; the mean of 1.2 s. The level is that of the water
  at the start and what the block displaces.
"""

EXPERIMENTS = (
    Experiment(sph_physics.momentum, BOTH),
    Experiment(sph_physics.free_fall, BOTH),
    Experiment(sph_physics.hydrostatic, slow=True),
    Experiment(sph_physics.dam_break, slow=True),
    Experiment(sph_contact.thrown_bodies, BOTH),
    Experiment(sph_contact.dropped_balls, slow=True),
    Experiment(sph_contact.floating, slow=True),
)
