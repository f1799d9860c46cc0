"""Contact of faces with bodies that come between their vertices: where, and how in explicit steps.

Of each face that a geom is near, the point that is deepest in the geom, or nearest to it, touches
it beside the vertices: alternating projections onto the face and onto the geom find it (Cheney and
Goldstein 1959, "Proximity maps for convex sets"). In explicit steps it has the mass with which the
three vertices answer to a force there. A vertex shares its mass evenly among its own contact and
those of the faces around it, and takes the sum of what they do to it, so that contacts that are
solved side by side do not add up to too much (Tonge, Benevolenski and Voroshilov 2012, "Mass
splitting for jitter-free parallel rigid body simulation").
"""

from genesis_state.kernels.body_contact import collided, may_touch
from genesis_state.kernels.geom_distance import geom_distance
from genesis_state.kernels.geom_kinds import PLANE
from genesis_state.kernels.lang import ti
from genesis_state.kernels.spatial import velocity_at

ROUNDS = 4  # of projections; a sphere needs two
VERTEX = 0.95  # weight of a vertex from which on it is the vertex that touches


@ti.func
def closest_weights(p, a, b, c):
    """Barycentric coordinates of the point of a triangle that is closest to `p`."""
    ab = b - a
    ac = c - a
    normal = ab.cross(ac)
    area2 = normal.dot(normal)
    weights = ti.Vector([1.0, 0.0, 0.0])
    inside = False
    if area2 > 0.0:
        v = (p - a).cross(ac).dot(normal) / area2
        u = ab.cross(p - a).dot(normal) / area2
        if v >= 0.0 and u >= 0.0 and v + u <= 1.0:
            inside = True
            weights = ti.Vector([1.0 - v - u, v, u])
    if not inside:
        least = (p - a).dot(p - a)
        corners = ti.Matrix.cols([a, b, c])
        for i in ti.static(range(3)):
            j = ti.static((i + 1) % 3)
            start = ti.Vector([corners[k, i] for k in ti.static(range(3))])
            edge = ti.Vector([corners[k, j] for k in ti.static(range(3))]) - start
            length2 = edge.dot(edge)
            t = 0.0
            if length2 > 0.0:
                t = ti.min(ti.max((p - start).dot(edge) / length2, 0.0), 1.0)
            off = p - start - t * edge
            if off.dot(off) < least:
                least = off.dot(off)
                weights = ti.Vector([0.0, 0.0, 0.0])
                weights[i] = 1.0 - t
                weights[j] = t
    return weights


@ti.func
def face_point(e, f, weights, m: ti.template(), x: ti.template()):
    """A field of the vertices between those of face `f`."""
    y = ti.Vector([0.0, 0.0, 0.0])
    for i in ti.static(range(3)):
        y += weights[i] * x[e, m.face_vertex[f, i]]
    return y


@ti.func
def find_face_touch(
    e,
    f,
    m: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Which geom a face may touch between its vertices, and where → `face_geom` and more."""
    h = m.timestep[0]
    a = r.pos[e, m.face_vertex[f, 0]]
    b = r.pos[e, m.face_vertex[f, 1]]
    c = r.pos[e, m.face_vertex[f, 2]]
    third = ti.Vector([1.0, 1.0, 1.0]) / 3.0
    velocity = face_point(e, f, third, m, r.vel) + h * m.gravity[0]
    lower = ti.min(a, b, c)
    upper = ti.max(a, b, c)
    centre = 0.5 * (lower + upper)
    geom = -1
    found = third
    least = 0.0
    for g in range(rn.coupled_geoms):
        # A plane is nearest to a vertex.
        if rm.coupled_geom_type[g] != PLANE:
            body = rm.coupled_geom_body[g]
            slip = velocity - velocity_at(
                rd.cvel[e, body], centre - rd.tree_com[e, rm.body_root[body]]
            )
            seen = m.touch_reach[0] + 2.0 * h * ti.sqrt(slip.dot(slip))
            if may_touch(e, g, lower, upper, seen, rm, rd):
                rot = rd.coupled_geom_rot[e, g]
                pos = rd.coupled_geom_pos[e, g]
                half = rm.coupled_geom_half[g]
                depth = ti.min(half[0], half[1], half[2])
                # Where all is as near as the nearest vertex, it stays there.
                weights = ti.Vector([0.0, 0.0, 0.0])
                nearest = 0
                gap = 0.0
                normal = ti.Vector([0.0, 0.0, 1.0])
                for k in range(4 + ROUNDS):
                    trial = weights
                    if k < 3:
                        trial = ti.Vector([0.0, 0.0, 0.0])
                        trial[k] = 1.0
                    x = trial[0] * a + trial[1] * b + trial[2] * c
                    distance, out = geom_distance(rm, rn, g, rot.transpose() @ (x - pos))
                    if k == 0 or (k < 3 and distance < gap):
                        nearest = k
                        gap = distance
                    if k >= 3:
                        gap = distance
                        normal = rot @ out
                        if k < 3 + ROUNDS:
                            weights = closest_weights(x - (gap + depth) * normal, a, b, c)
                    if k == 2:
                        weights = ti.Vector([0.0, 0.0, 0.0])
                        weights[nearest] = 1.0
                if gap < seen and weights.max() < VERTEX and (geom < 0 or gap < least):
                    geom = g
                    found = weights
                    least = gap
                    w.face_gap[e, f] = gap
                    w.face_normal[e, f] = normal
    w.face_geom[e, f] = geom
    w.face_weights[e, f] = found


@ti.func
def parts(e, v, m: ti.template(), r: ti.template()):
    """Into how many parts the mass of a vertex is divided: its own, and one for each face."""
    count = 1.0
    for s in range(m.vertex_face_start[v], m.vertex_face_start[v + 1]):
        if r.face_geom[e, m.vertex_face[s]] >= 0:
            count += 1.0
    return count


@ti.func
def touch_face(
    e,
    lane,
    f,
    collect: ti.template(),
    m: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Contact of a face between its vertices → what a body feels, or `face_impulse` [N s]."""
    weights = r.face_weights[e, f]
    answer = 0.0  # velocity for an impulse of 1 N s [1/kg]
    whole = True
    for i in ti.static(range(3)):
        v = m.face_vertex[f, i]
        if r.mass[e, v] > 0.0:
            answer += weights[i] * weights[i] * parts(e, v, m, r) / r.mass[e, v]
        else:
            whole = False
    impulse = ti.Vector([0.0, 0.0, 0.0])
    if whole:
        g = r.face_geom[e, f]
        x = face_point(e, f, weights, m, r.pos)
        u = face_point(e, f, weights, m, r.free_velocity)
        after = collided(
            e, lane, x, 0.0, u, 1.0 / answer, g, g + 1, True, collect, m, w, rm, rn, rd
        )
        impulse = (after - u) / answer
    if ti.static(not collect):
        w.face_impulse[e, f] = impulse


@ti.func
def face_impulses(e, v, m: ti.template(), r: ti.template()):
    """Impulse on a vertex of the contacts of the faces around it [N s]."""
    total = ti.Vector([0.0, 0.0, 0.0])
    for s in range(m.vertex_face_start[v], m.vertex_face_start[v + 1]):
        f = m.vertex_face[s]
        if r.face_geom[e, f] >= 0:
            for i in ti.static(range(3)):
                if m.face_vertex[f, i] == v:
                    total += r.face_weights[e, f][i] * r.face_impulse[e, f]
    return total
