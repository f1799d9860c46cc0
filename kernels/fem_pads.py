"""Contact of faces with bodies that come between their vertices, in implicit steps.

The point of a face that touches lies on a pad: a spring much stiffer than the solid around it, from
the point to where the body takes it, along the normal or, where it sticks, along all three axes.
Pads are no part of the matrix: what they do is added wherever it is multiplied by.
"""

from genesis_state.kernels.body_contact import allowed_closing
from genesis_state.kernels.fem_faces import face_point, find_face_touch
from genesis_state.kernels.fem_vertex import body_at
from genesis_state.kernels.lang import ti
from genesis_state.kernels.spatial import velocity_at

STIFF = 100.0  # stiffness of a pad beside that of the vertices around it

FREE, SLIDES, STICKS, HELD = range(4)
"""What holds a vertex, or a face: nothing, a surface along its normal, a surface that it sticks to,
or something that gives its whole motion, which is none if it has no mass."""


@ti.func
def begin_pads(
    e,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Which faces may touch in the substep, and which of them would by themselves."""
    h = m.timestep[0]
    for f in range(n.faces):
        find_face_touch(e, f, m, r, w, rm, rn, rd)
        g = r.face_geom[e, f]
        w.pad_kind[e, f] = FREE
        if g >= 0:
            for i in ti.static(range(3)):
                if not r.mass[e, m.face_vertex[f, i]] > 0.0:
                    w.face_geom[e, f] = -1
        if g >= 0:
            weights = r.face_weights[e, f]
            normal = r.face_normal[e, f]
            x = face_point(e, f, weights, m, r.pos)
            ahead = h * face_point(e, f, weights, m, r.vel) + h * h * m.gravity[0]
            slip = ahead - h * body_at(e, rm.coupled_geom_body[g], x, r.body_velocity, n, rm, rd)
            rise = -h * allowed_closing(r.face_gap[e, f], h)
            least = slip.dot(normal) - rise
            across = (slip - slip.dot(normal) * normal).norm()
            friction = rd.coupled_geom_friction[e, g]
            w.pad_rise[e, f] = rise
            w.pad_friction[e, f] = friction
            w.pad_drag[e, f] = ti.Vector([0.0, 0.0, 0.0])
            if least < 0.0:
                w.pad_kind[e, f] = SLIDES
                if across <= -friction * least:
                    w.pad_kind[e, f] = STICKS
    list_pads(e, n, r, w)


@ti.func
def list_pads(e, n: ti.template(), r: ti.template(), w: ti.template()):
    """The faces that touch → `pad`, `n_pads`."""
    count = 0
    for f in range(n.faces):
        if r.face_geom[e, f] >= 0 and r.pad_kind[e, f] != FREE:
            w.pad[e, count] = f
            count += 1
    w.n_pads[e] = count


@ti.func
def stiffen_pads(e, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """The matrix → how stiff pads are."""
    for f in range(n.faces):
        if r.face_geom[e, f] >= 0:
            stiffness = 0.0
            for i in ti.static(range(3)):
                block = r.matrix[e, m.diagonal_block[m.face_vertex[f, i]]]
                stiffness += r.face_weights[e, f][i] * block.trace() / 3.0
            w.pad_stiffness[e, f] = STIFF * stiffness


@ti.func
def pad_body(e, f, r: ti.template(), rm: ti.template()):
    """Body on which a pad lies."""
    return rm.coupled_geom_body[r.face_geom[e, f]]


@ti.func
def pad_carried(
    e,
    f,
    velocity,
    m: ti.template(),
    r: ti.template(),
    rm: ti.template(),
    rd: ti.template(),
):
    """Displacement [m] of a pad's point with its body, whose spatial velocity is given."""
    x = face_point(e, f, r.face_weights[e, f], m, r.pos)
    arm = x - rd.tree_com[e, rm.body_root[pad_body(e, f, r, rm)]]
    return m.timestep[0] * velocity_at(velocity, arm)


@ti.func
def resisted(e, f, x, r: ti.template()):
    """Force of a pad that is strained by `x` [m]."""
    y = x
    if r.pad_kind[e, f] == SLIDES:
        normal = r.face_normal[e, f]
        y = normal.dot(x) * normal
    return r.pad_stiffness[e, f] * y


@ti.func
def pad_force(e, f, m: ti.template(), r: ti.template()):
    """Force of a pad on its face, without friction, with `step` as it is."""
    strain = r.pad_target[e, f] - face_point(e, f, r.face_weights[e, f], m, r.step)
    return resisted(e, f, strain, r)


@ti.func
def push_faces(e, forces, sign, m: ti.template(), r: ti.template(), out: ti.template()):
    """Adds forces of pads, with friction if `forces` is not 0, to those on vertices."""
    for i in range(r.n_pads[e]):
        f = r.pad[e, i]
        force = pad_force(e, f, m, r)
        if forces != 0 and r.pad_kind[e, f] == SLIDES:
            force += r.pad_drag[e, f]
        for k in ti.static(range(3)):
            v = m.face_vertex[f, k]
            out[e, v] = out[e, v] + sign * r.face_weights[e, f][k] * force


@ti.func
def multiply_pads(e, m: ti.template(), r: ti.template(), x: ti.template(), out: ti.template()):
    """Adds what pads do against the displacements `x`."""
    for i in range(r.n_pads[e]):
        f = r.pad[e, i]
        force = resisted(e, f, face_point(e, f, r.face_weights[e, f], m, x), r)
        for k in ti.static(range(3)):
            v = m.face_vertex[f, k]
            out[e, v] = out[e, v] + r.face_weights[e, f][k] * force


@ti.func
def impose_pads(
    e, m: ti.template(), r: ti.template(), w: ti.template(), rm: ti.template(), rd: ti.template()
):
    """Where pads should take their points in the next step, with bodies that keep velocities."""
    for i in range(r.n_pads[e]):
        f = r.pad[e, i]
        d = pad_carried(e, f, r.body_velocity[e, pad_body(e, f, r, rm)], m, r, rm, rd)
        d += r.pad_rise[e, f] * r.face_normal[e, f]
        w.pad_target[e, f] = d - face_point(e, f, r.face_weights[e, f], m, r.displacement)
