"""Experiments on matter made of particles that a grid moves."""

from tests import decompositions, mpm_contact, mpm_laws, mpm_physics
from tests.experiment import BOTH, Experiment

NOTES = """\
Materials are those of `gs.materials.MPM`, eight laws in all: elastic (corotated, neo-Hookean),
liquid (with and without viscosity), metal (von Mises, clamped stretches), snow, sand.

- Momentum: cubes that fly, spin and vibrate; bodies thrown at free cubes. Angular momentum counts
  the affine velocities, m cell^2 / 4 times the curl of C, and is taken about the centre from which
  the cube, or the cube that is hit, started; its change is relative to what it was. Everything is
  within half a metre of the origin: in 32 bits the rounding of positions, which grows with the
  distance from it, is the largest part of the change.
- Energy: kinetic, with that of the affine velocities, m cell^2 / 8 |C|^2, and elastic, and
  potential above the floor; F lags by a substep.
- Axial mode: a bar of 1 m, 32 cells long, set into the velocity of its first mode; the frequency is
  that of the zeros of the velocity's projection on the mode. L is the length of the box.
- Run-out: a column of radius 8 cells on a floor, both with a friction angle of 22 degrees. The cone
  of `Sand` goes through the friction angle in triaxial compression; in plane strain 22 degrees are
  30 degrees of a Coulomb material, and 30 are 44: with 30 degrees the column as high as its radius
  runs out to 1.7 radii instead of 2.2. The front is the median over 12 sectors of the radius within
  which 99 % of the sand of a sector lies.
- Laws: particles more than three cells apart, each a homogeneous test piece that its velocity
  gradient C deforms; its stress is read from the next C.
"""

EXPERIMENTS = (
    Experiment(mpm_physics.momentum, BOTH),
    Experiment(mpm_physics.free_fall, BOTH),
    Experiment(mpm_physics.bounces, slow=True),
    Experiment(mpm_physics.axial_mode),
    Experiment(mpm_physics.column, slow=True),
    Experiment(decompositions.decompositions, BOTH),
    Experiment(mpm_laws.laws, BOTH),
    Experiment(mpm_laws.yields),
    Experiment(mpm_contact.thrown_bodies, BOTH),
    Experiment(mpm_contact.dropped_balls, slow=True),
    Experiment(mpm_contact.slopes),
    Experiment(mpm_contact.symmetry),
    Experiment(mpm_contact.plates, slow=True),
    Experiment(mpm_contact.gripper, slow=True),
)
