"""What rigid bodies feel of implicit finite elements.

With the displacements of the substep linear in the velocities of the bodies, what body b receives
is p - S V, where V is its velocity after the substep. A column of S is found by moving all that
touches the body with one of its six velocities and solving for the rest: S is the Schur complement
of the matrix, and symmetric.
"""

from genesis_state.kernels.body_contact import clear_contact, sum_contact
from genesis_state.kernels.fem_faces import face_point
from genesis_state.kernels.fem_pads import (
    FREE,
    SLIDES,
    pad_body,
    pad_carried,
    pad_force,
    push_faces,
)
from genesis_state.kernels.fem_solve import solve
from genesis_state.kernels.fem_vertex import SPRING, holder, spring_pull, spring_slope
from genesis_state.kernels.lang import ti
from genesis_state.kernels.spatial import moved_origin, spatial, symmetric_mul, velocity_at


@ti.func
def touches(e, v, b, r: ti.template()):
    """Whether body `b` holds a vertex."""
    kind = r.touch[e, v]
    return kind != FREE and r.touch_body[e, v] == b


@ti.func
def push(e, v, forces: ti.template(), r: ti.template()):
    """Force on a vertex of what holds it, springs and pads apart, after a solution.

    With `forces` it is that of the substep, otherwise that of `step` alone.
    """
    force = ti.Vector([0.0, 0.0, 0.0])
    if r.touch[e, v] != FREE:
        force = r.image[e, v]
        if r.touch[e, v] == SLIDES:
            normal = r.touch_normal[e, v]
            force = force.dot(normal) * normal
            if ti.static(forces):
                force += r.touch_drag[e, v]
    return force


@ti.func
def pull(
    e,
    v,
    forces: ti.template(),
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Likewise of a spring, once the last step of the substep has been taken."""
    force = ti.Vector([0.0, 0.0, 0.0])
    if r.constrained[e, v] == SPRING:
        if ti.static(forces):
            force = spring_pull(e, v, m, n, r, rm, rn, rd)
            force -= spring_slope(e, v, m, r) * r.displacement[e, v]
        else:
            force -= spring_slope(e, v, m, r) * r.step[e, v]
    return force


@ti.func
def react(
    e,
    b,
    forces: ti.template(),
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Spatial force on body `b` of the vertices that it holds, itself or by springs."""
    total = ti.Vector([0.0] * 6)
    for v in range(n.vertices):
        force = ti.Vector([0.0, 0.0, 0.0])
        if touches(e, v, b, r):
            force = push(e, v, forces, r)
        if ti.static(n.constrained):
            if holder(e, v, n, r, rn) == b:
                force += pull(e, v, forces, m, n, r, rm, rn, rd)
        arm = r.pos[e, v] - rd.tree_com[e, rm.body_root[b]]
        total -= spatial(arm.cross(force), force)
    if ti.static(n.faces > 0):
        for i in range(r.n_pads[e]):
            f = r.pad[e, i]
            if pad_body(e, f, r, rm) == b:
                force = pad_force(e, f, m, r)
                if ti.static(forces):
                    if r.pad_kind[e, f] == SLIDES:
                        force += r.pad_drag[e, f]
                x = face_point(e, f, r.face_weights[e, f], m, r.pos)
                arm = x - rd.tree_com[e, rm.body_root[b]]
                total -= spatial(arm.cross(force), force)
    return total


@ti.func
def add_reactions(
    e,
    forces: ti.template(),
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Forces of all that holds vertices → `reaction`; with `forces` they are the first."""
    for v in range(n.vertices):
        force = push(e, v, forces, r)
        if ti.static(n.constrained):
            force += pull(e, v, forces, m, n, r, rm, rn, rd)
        if ti.static(not forces):
            force += r.reaction[e, v]
        w.reaction[e, v] = force
    if ti.static(n.faces > 0):
        push_faces(e, ti.static(1 if forces else 0), 1.0, m, r, w.reaction)


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
    if ti.static(n.faces > 0):
        for i in range(r.n_pads[e]):
            f = r.pad[e, i]
            if pad_body(e, f, r, rm) == b:
                w.pad_target[e, f] = pad_carried(e, f, velocity, m, r, rm, rd)


@ti.func
def clear_step(e, n: ti.template(), w: ti.template()):
    """No displacement."""
    for v in range(n.vertices):
        w.step[e, v] = ti.Vector([0.0, 0.0, 0.0])
    if ti.static(n.faces > 0):
        for i in range(w.n_pads[e]):
            w.pad_target[e, w.pad[e, i]] = ti.Vector([0.0, 0.0, 0.0])


@ti.func
def movable(e, b, n: ti.template(), r: ti.template(), rm: ti.template()):
    """Whether a body can move and holds any vertex."""
    found = False
    if rm.body_last_dof[b] >= 0:
        for v in range(n.vertices):
            if touches(e, v, b, r):
                found = True
        if ti.static(n.faces > 0):
            for i in range(r.n_pads[e]):
                if pad_body(e, r.pad[e, i], r, rm) == b:
                    found = True
    return found


@ti.func
def tell_bodies(
    e,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """The last solution → the inertia and momentum that touch each body."""
    h = m.timestep[0]
    clear_contact(e, 0, w, rn)
    for b in range(1, rn.bodies):
        if rm.body_last_dof[b] >= 0:
            owed = moved_origin(r.owed_momentum[e, b], rd.tree_com[e, rm.body_root[b]])
            w.lane_momentum[e, 0, b] = owed + h * react(e, b, True, m, n, r, rm, rn, rd)
    for b in range(1, rn.bodies):
        if movable(e, b, n, r, rm):
            inertia = ti.Vector([0.0] * 21)
            for k in range(6):
                velocity = ti.Vector([0.0] * 6)
                velocity[k] = 1.0
                clear_step(e, n, w)
                carry(e, b, velocity, m, n, r, w, rm, rd)
                solve(e, m, n, r, w, 0, -m.pcg_threshold[0])
                column = -h * react(e, b, False, m, n, r, rm, rn, rd)
                for i in ti.static(range(6)):
                    # Half of it from each of the two columns: they differ by rounding.
                    part = 0.5 * column[i]
                    if i == k:
                        part = column[i]
                    low = ti.min(i, k)
                    high = ti.max(i, k)
                    inertia[high * (high + 1) // 2 + low] += part
            w.lane_inertia[e, 0, b] = inertia
            w.lane_momentum[e, 0, b] = r.lane_momentum[e, 0, b] + symmetric_mul(
                inertia, r.body_velocity[e, b]
            )
    sum_contact(e, n, w, rn, rd)


@ti.func
def go_along(
    e,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """What the bodies' new velocities change → `displacement`, and what each body still has to get.

    With several bodies each has been told of itself alone, and what is missing is `owed_momentum`.
    """
    h = m.timestep[0]
    moved = False
    clear_step(e, n, w)
    for b in range(1, rn.bodies):
        w.owed_momentum[e, b] = ti.Vector([0.0] * 6)
        if movable(e, b, n, r, rm):
            moved = True
            carry(e, b, rd.cvel[e, b] - r.body_velocity[e, b], m, n, r, w, rm, rd)
    if moved:
        solve(e, m, n, r, w, 0, -m.pcg_threshold[0])
        for v in range(n.vertices):
            w.displacement[e, v] = r.displacement[e, v] + r.step[e, v]
        add_reactions(e, False, m, n, r, w, rm, rn, rd)
        for b in range(1, rn.bodies):
            if rm.body_last_dof[b] >= 0:
                change = rd.cvel[e, b] - r.body_velocity[e, b]
                told = symmetric_mul(r.lane_inertia[e, 0, b], change)
                owed = told + h * react(e, b, False, m, n, r, rm, rn, rd)
                # The body will be elsewhere: kept about the world's origin.
                w.owed_momentum[e, b] = moved_origin(owed, -rd.tree_com[e, rm.body_root[b]])
