"""What rigid bodies feel of implicit finite elements.

With the displacements of the substep linear in the velocities of the bodies, what body b receives
is p - S V, where V is its velocity after the substep. A column of S is found by moving all that
touches the body with one of its six velocities and solving for the rest: S is the Schur complement
of the matrix, and symmetric.
"""

from genesis_state.kernels.fem_solve import FREE, SLIDES, right_side, row
from genesis_state.kernels.lang import ti
from genesis_state.kernels.spatial import spatial, velocity_at


@ti.func
def touches(e, v, b, r: ti.template()):
    """Whether body `b` holds a vertex."""
    kind = r.touch[e, v]
    return kind != FREE and r.touch_body[e, v] == b


@ti.func
def react(
    e,
    b,
    forces: ti.template(),
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    rm: ti.template(),
    rd: ti.template(),
):
    """Spatial force on body `b` of the vertices that it holds, with `step` as it is.

    With `forces` that of the substep, otherwise that of a displacement alone.
    """
    total = ti.Vector([0.0] * 6)
    for v in range(n.vertices):
        if touches(e, v, b, r):
            force = row(e, v, m, r, r.step)
            if ti.static(forces):
                force -= right_side(e, v, r)
            if r.touch[e, v] == SLIDES:
                normal = r.touch_normal[e, v]
                force = force.dot(normal) * normal
                if ti.static(forces):
                    force += r.touch_drag[e, v]
            arm = r.pos[e, v] - rd.tree_com[e, rm.body_root[b]]
            total -= spatial(arm.cross(force), force)
    return total


@ti.func
def carry(
    e,
    b,
    velocity,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rd: ti.template(),
):
    """Adds to what is held of `step` that body `b` moves with a spatial velocity."""
    for v in range(n.vertices):
        if touches(e, v, b, r):
            arm = r.pos[e, v] - rd.tree_com[e, rm.body_root[b]]
            d = m.timestep[0] * velocity_at(velocity, arm)
            if r.touch[e, v] == SLIDES:
                normal = r.touch_normal[e, v]
                d = d.dot(normal) * normal
            w.step[e, v] = d


@ti.func
def clear_step(e, n: ti.template(), w: ti.template()):
    """No displacement."""
    for v in range(n.vertices):
        w.step[e, v] = ti.Vector([0.0, 0.0, 0.0])


@ti.func
def movable(e, b, n: ti.template(), r: ti.template(), rm: ti.template()):
    """Whether a body can move and holds any vertex."""
    found = False
    if rm.body_last_dof[b] >= 0:
        for v in range(n.vertices):
            if touches(e, v, b, r):
                found = True
    return found
