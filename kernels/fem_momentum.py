"""The momentum of solids in implicit substeps, kept to rounding.

Backward Euler keeps the angular momentum of a solid that turns to the order of the time step alone,
and the linear solver both to its tolerance. What is missing of each solid's momentum is given to it
as a rigid motion, as in Dinev, Liu, Li, Thomaszewski and Kavan 2018, "FEPR: Fast energy projection
for real-time simulation of deformable objects". A solid that something holds to the full is left as
it is: what holds it takes its momentum.
"""

from genesis_state.kernels.decomposition import determinant, inverse_of_symmetric
from genesis_state.kernels.fem_pads import HELD
from genesis_state.kernels.lang import ti

LEAST = 1e-6  # determinant of an inertia, in cubes of its trace, below which it is that of a line


@ti.func
def keep_momentum(e, k, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Displacements of entity `k`, changed by a rigid motion so that its momentum is as it must be.

    That is what it was, and the impulses of gravity, of damping by mass and of `reaction`.
    """
    h = m.timestep[0]
    drag = 1.0 + m.damping_alpha[0] * h
    first = m.material_vertex[k]
    end = m.material_vertex[k + 1]
    held = False
    mass = 0.0
    centre = ti.Vector([0.0, 0.0, 0.0])
    for v in range(first, end):
        mass += r.mass[e, v]
        centre += r.mass[e, v] * r.pos[e, v]
        if r.touch[e, v] == HELD and r.mass[e, v] > 0.0:
            held = True
    if mass > 0.0 and not held:
        centre /= mass
        linear = ti.Vector([0.0, 0.0, 0.0])
        spin = ti.Vector([0.0, 0.0, 0.0])
        inertia = ti.Matrix.zero(float, 3, 3)
        for v in range(first, end):
            arm = r.pos[e, v] - centre
            missing = r.vel[e, v] + h * m.gravity[0] - drag * r.displacement[e, v] / h
            missing = r.mass[e, v] * missing + h * r.reaction[e, v]
            linear += missing
            spin += arm.cross(missing)
            inertia += r.mass[e, v] * (
                arm.dot(arm) * ti.Matrix.identity(float, 3) - arm.outer_product(arm)
            )
        turn = ti.Vector([0.0, 0.0, 0.0])
        det = determinant(inertia)
        if det > LEAST * inertia.trace() ** 3:
            turn = inverse_of_symmetric(inertia, det) @ spin / drag
        move = linear / (mass * drag)
        for v in range(first, end):
            if r.mass[e, v] > 0.0:
                d = h * (move + turn.cross(r.pos[e, v] - centre))
                w.displacement[e, v] = r.displacement[e, v] + d
