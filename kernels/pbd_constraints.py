"""Constraints on lengths, angles and volumes, one after the other: XPBD.

A particle is where its position and its shift say, which is how far it has moved in the substep;
`weight` is the inverse of its mass, 0 if it is held and negative if it takes no part. A constraint
C with compliance a, gradient g_k at particle k and multiplier l, which is 0 when a substep begins,
is corrected by (Macklin, Müller, Chentanez: XPBD. Motion in Games, 2016, equations 17 and 18)

    dl = -(C + a' l) / (sum w_k |g_k|^2 + a'),  a' = a / h^2,  and moves particle k by dl w_k g_k.

A relaxation s below 1 puts sum w_k |g_k|^2 / s in the place of that sum: it weakens what is stiffer
than a substep can resolve, and leaves a soft constraint what its compliance says. The last
iteration over lengths is not relaxed.

Shifts are kept apart from positions because they are smaller by far: so momentum is kept to the
rounding of shifts.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.subroutine import subroutine


@ti.func
def between(e, a, b, r: ti.template(), w: ti.template()):
    """From particle `b` to particle `a` [m]."""
    return (r.pos[e, a] - r.pos[e, b]) + (w.shift[e, a] - w.shift[e, b])


@ti.func
def move(e, p, by, w: ti.template()):
    """Adds to the shift of a particle."""
    w.shift[e, p] = w.shift[e, p] + by


@ti.func
def multiplied(value, multiplier, compliance, part, gradients):
    """Change of a multiplier: `part` is the relaxation and `gradients` the sum w_k |g_k|^2."""
    return -part * (value + compliance * multiplier) / (gradients + part * compliance)


@subroutine
def keep_lengths(
    e: ti.i32,
    begin: ti.i32,
    end: ti.i32,
    iteration: ti.i32,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
):
    """Edges `begin` to `end`."""
    per_h2 = 1.0 / (m.timestep[0] * m.timestep[0])
    for k in range(begin, end):
        ends = m.edge_particles[k]
        a = ends[0]
        b = ends[1]
        wa = w.weight[e, a]
        wb = w.weight[e, b]
        if ti.min(wa, wb) >= 0.0 and wa + wb > 0.0:
            d = between(e, a, b, r, w)
            length = ti.sqrt(d.dot(d))
            if length > 0.0:
                material = m.edge_material[k]
                part = 1.0
                if iteration < n.stretch_iterations - 1:
                    part = r.stretch_relaxation[e, material]
                before = 0.0
                if iteration > 0:
                    before = w.edge_multiplier[e, k]
                change = multiplied(
                    length - m.edge_length[k],
                    before,
                    per_h2 * r.stretch_compliance[e, material],
                    part,
                    wa + wb,
                )
                w.edge_multiplier[e, k] = before + change
                along = change / length * d
                move(e, a, wa * along, w)
                move(e, b, -wb * along, w)


@subroutine
def keep_angles(
    e: ti.i32,
    begin: ti.i32,
    end: ti.i32,
    iteration: ti.i32,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
):
    """Hinges `begin` to `end`: the angle between the faces (1, 2, 3) and (2, 1, 4).

    Its gradient is that of Bridson, Marino, Fedkiw: Simulation of clothing with folds and wrinkles.
    Symposium on Computer Animation, 2003, section 4.
    """
    per_h2 = 1.0 / (m.timestep[0] * m.timestep[0])
    for k in range(begin, end):
        p = m.hinge_particles[k]
        weights = ti.Vector([0.0, 0.0, 0.0, 0.0])
        for i in ti.static(range(4)):
            weights[i] = w.weight[e, p[i]]
        edge = between(e, p[1], p[0], r, w)
        to3 = between(e, p[2], p[0], r, w)
        to4 = between(e, p[3], p[0], r, w)
        n3 = edge.cross(to3)
        n4 = to4.cross(edge)
        square = edge.dot(edge)
        square3 = n3.dot(n3)
        square4 = n4.dot(n4)
        flat = ti.min(square3, square4) <= n.eps * n.eps * square * square
        if weights.min() >= 0.0 and weights.max() > 0.0 and not flat:
            length = ti.sqrt(square)
            value = ti.atan2(n3.cross(n4).dot(edge) / length, n3.dot(n4)) - m.hinge_angle[k]
            if value > ti.math.pi:
                value -= 2.0 * ti.math.pi
            if value < -ti.math.pi:
                value += 2.0 * ti.math.pi
            n3 = n3 / square3
            n4 = n4 / square4
            along3 = to3.dot(edge) / length
            along4 = to4.dot(edge) / length
            g1 = (length - along3) * n3 + (length - along4) * n4
            g2 = along3 * n3 + along4 * n4
            g3 = -length * n3
            g4 = -length * n4
            material = m.hinge_material[k]
            before = 0.0
            if iteration > 0:
                before = w.hinge_multiplier[e, k]
            gradients = (
                weights[0] * g1.dot(g1)
                + weights[1] * g2.dot(g2)
                + weights[2] * g3.dot(g3)
                + weights[3] * g4.dot(g4)
            )
            if gradients > 0.0:
                change = multiplied(
                    value,
                    before,
                    per_h2 * r.bending_compliance[e, material],
                    r.bending_relaxation[e, material],
                    gradients,
                )
                w.hinge_multiplier[e, k] = before + change
                move(e, p[0], change * weights[0] * g1, w)
                move(e, p[1], change * weights[1] * g2, w)
                move(e, p[2], change * weights[2] * g3, w)
                move(e, p[3], change * weights[3] * g4, w)


@subroutine
def keep_volumes(
    e: ti.i32,
    begin: ti.i32,
    end: ti.i32,
    iteration: ti.i32,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
):
    """Tetrahedra `begin` to `end`."""
    per_h2 = 1.0 / (m.timestep[0] * m.timestep[0])
    for k in range(begin, end):
        p = m.tet_particles[k]
        weights = ti.Vector([0.0, 0.0, 0.0, 0.0])
        for i in ti.static(range(4)):
            weights[i] = w.weight[e, p[i]]
        if weights.min() >= 0.0 and weights.max() > 0.0:
            a = between(e, p[1], p[0], r, w)
            b = between(e, p[2], p[0], r, w)
            c = between(e, p[3], p[0], r, w)
            g2 = b.cross(c) / 6.0
            g3 = c.cross(a) / 6.0
            g4 = a.cross(b) / 6.0
            g1 = -(g2 + g3 + g4)
            material = m.tet_material[k]
            before = 0.0
            if iteration > 0:
                before = w.tet_multiplier[e, k]
            gradients = (
                weights[0] * g1.dot(g1)
                + weights[1] * g2.dot(g2)
                + weights[2] * g3.dot(g3)
                + weights[3] * g4.dot(g4)
            )
            if gradients > 0.0:
                change = multiplied(
                    a.dot(g2) - m.tet_volume[k],
                    before,
                    per_h2 * r.volume_compliance[e, material],
                    r.volume_relaxation[e, material],
                    gradients,
                )
                w.tet_multiplier[e, k] = before + change
                move(e, p[0], change * weights[0] * g1, w)
                move(e, p[1], change * weights[1] * g2, w)
                move(e, p[2], change * weights[2] * g3, w)
                move(e, p[3], change * weights[3] * g4, w)
