"""Ties do not turn what they tie.

A constraint corrects along a line through the particles where they are after the substep, and what
it gives them acts where they are before it: an implicit step, which brakes whatever turns. So an
entity that nothing holds is turned back, as if it were rigid, by what its ties have added to its
angular momentum.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.subroutine import subroutine


@ti.func
def tied_mass(e, p, r: ti.template(), w: ti.template()):
    """Mass of a particle [kg]; 0 if it takes no part, and less than 0 if something holds it."""
    mass = 0.0
    weight = w.weight[e, p]
    if weight > 0.0:
        mass = 1.0 / weight
    if weight >= 0.0 and not r.free[e, p]:
        mass = -1.0
    return mass


@subroutine
def keep_spin(
    e: ti.i32,
    entity: ti.i32,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
):
    """An entity's shifts, without what its ties have added to its angular momentum."""
    begin = m.material_start[entity]
    end = m.material_start[entity + 1]
    total = 0.0
    centre = ti.Vector([0.0, 0.0, 0.0])
    held = False
    for p in range(begin, end):
        mass = tied_mass(e, p, r, w)
        if mass < 0.0:
            held = True
        total += mass
        centre += mass * r.pos[e, p]
    if not held and total > 0.0:
        centre /= total
        added = ti.Vector([0.0, 0.0, 0.0])
        inertia = ti.Matrix.zero(float, 3, 3)
        for p in range(begin, end):
            mass = tied_mass(e, p, r, w)
            arm = r.pos[e, p] - centre
            added += mass * arm.cross(w.shift[e, p] - m.timestep[0] * r.vel[e, p])
            inertia += mass * (arm.dot(arm) * ti.Matrix.identity(float, 3) - arm.outer_product(arm))
        # All particles on a line have no inertia about it, nor momentum.
        inertia += n.eps * inertia.trace() * ti.Matrix.identity(float, 3)
        if inertia.trace() > 0.0:
            turn = inertia.inverse() @ added
            for p in range(begin, end):
                if w.weight[e, p] > 0.0:
                    w.shift[e, p] = w.shift[e, p] - turn.cross(r.pos[e, p] - centre)
