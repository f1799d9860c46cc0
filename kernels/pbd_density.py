"""Liquid that keeps its density: position based fluids.

Macklin, Müller: Position based fluids. ACM Transactions on Graphics 32(4), 2013. The density of
particle i, as a part of that at rest, is s_i = sum_j W(|x_i - x_j|) + b, where W is the cubic
spline that ends at two particle sizes, made so that a lattice of particles has density 1, and b is
the part of a wall. Where it is above 1,

    l_i = -(s_i - 1) / sum_k w_k |grad_k s_i|^2,  particle i moves by w_i sum_j (l_i + l_j) grad W,

with w the inverse masses, and the gradient along the line between the two before the substep: so
what they give each other turns nothing. All particles move at once. For a lattice the iteration is
stable up to 0.71 of this step (2 over the largest eigenvalue of the matrix of these sums, 2.81), of
which it takes 0.5 times `density_relaxation`.

Behind a wall there are no particles. What they would add is b, as if the lattice went on: layers
at half a spacing behind the wall and on, each smeared over its plane. Walls do not push: a particle
is kept in front of them, and passes on by its neighbours what they press it with.
"""

from genesis_state.kernels.body_contact import allowed_closing, may_touch
from genesis_state.kernels.geom_distance import geom_distance
from genesis_state.kernels.lang import ti
from genesis_state.kernels.neighbours import lane_slots
from genesis_state.kernels.pbd_materials import LIQUID
from genesis_state.kernels.pbd_motion import walled
from genesis_state.kernels.spatial import velocity_at

STEP = 0.5  # of the step that would correct a lone density
LATTICE = 3.1415061532636894  # sum of the spline over a lattice of its own spacing
PLANES = 3  # surfaces that a particle can be between: those of a corner
ALIKE = 0.9  # cosine between normals of surfaces that are taken for one


@ti.func
def spline(q):
    """The cubic spline at `q` particle sizes, 0 from 2 on, as a part of a lattice's density."""
    a = ti.max(2.0 - q, 0.0)
    b = ti.max(1.0 - q, 0.0)
    return (0.25 * a * a * a - b * b * b) / LATTICE


@ti.func
def spline_slope(q):
    """Its derivative."""
    a = ti.max(2.0 - q, 0.0)
    b = ti.max(1.0 - q, 0.0)
    return (3.0 * b * b - 0.75 * a * a) / LATTICE


@ti.func
def sheet(z):
    """What a plane evenly filled with particles, one for each square of its size, adds to the
    density of one that is `z` particle sizes away: the integral of the spline over the plane."""
    a = ti.max(2.0 - z, 0.0)
    b = ti.max(1.0 - z, 0.0)
    outer = a * a * a * a * (0.125 - 0.05 * a)
    inner = b * b * b * b * (0.25 - 0.2 * b)
    return 2.0 * ti.math.pi * (outer - inner) / LATTICE


@ti.func
def behind(d):
    """What a wall adds to the density of a particle `d` particle sizes in front of it."""
    z = ti.max(d, 0.0) + 0.5
    return sheet(z) + sheet(z + 1.0)


@ti.func
def behind_slope(d):
    """Its derivative."""
    z = ti.max(d, 0.0) + 0.5
    return -2.0 * ti.math.pi * (z * spline(z) + (z + 1.0) * spline(z + 1.0))


@ti.func
def normal_of(plane):
    """Normal of one of `slot_plane`."""
    return ti.Vector([plane[0], plane[1], plane[2]])


@ti.func
def find_planes(
    e,
    lane,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Surfaces of bodies near a lane's liquid, each as a plane that moves with its body.

    A plane is its normal, how far from it the particle would be at the end of the substep if it
    stayed where it is, and the least way along the normal that contact leaves it.
    """
    h = m.timestep[0]
    size = m.particle_size[0]
    begin, end = lane_slots(e, lane, n, r)
    for i in range(begin, end):
        p = r.slot_particle[e, i]
        w.push[e, p] = ti.Vector([0.0, 0.0, 0.0])
        count = 0
        if w.slot_kind[e, i] == LIQUID and w.slot_weight[e, i] > 0.0:
            x = r.pos[e, p]
            reach = 2.0 * size + ti.sqrt(w.shift[e, p].dot(w.shift[e, p]))
            for g in range(rn.coupled_geoms):
                b = rm.coupled_geom_body[g]
                v = velocity_at(rd.cvel[e, b], x - rd.tree_com[e, rm.body_root[b]])
                if may_touch(e, g, x, x, reach + h * ti.sqrt(v.dot(v)), rm, rd):
                    rot = rd.coupled_geom_rot[e, g]
                    distance, out = geom_distance(
                        rm, rn, g, rot.transpose() @ (x - rd.coupled_geom_pos[e, g])
                    )
                    normal = rot @ out
                    along = h * v.dot(normal)
                    at = distance - along
                    least = along - h * allowed_closing(distance - 0.5 * size, h)
                    place = count
                    for k in range(count):
                        if normal.dot(normal_of(w.slot_plane[e, i, k])) > ALIKE:
                            place = k
                    if place < PLANES:
                        nearer = True
                        if place < count:
                            nearer = at < w.slot_plane[e, i, place][3]
                        if nearer:
                            w.slot_plane[e, i, place] = ti.Vector(
                                [normal[0], normal[1], normal[2], at, least]
                            )
                        count = ti.max(count, place + 1)
        w.slot_planes[e, i] = count


@ti.func
def walls_at(e, i, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """What all walls together add to the density of slot `i`, and its gradient [1/m].

    Where several meet, what is behind one of them is counted once.
    """
    size = m.particle_size[0]
    x = w.slot_pos[e, i]
    open_part = 1.0
    slopes = ti.Vector([0.0, 0.0, 0.0])
    for k in ti.static(range(3)):
        below = (x[k] - m.lower[0][k]) / size
        if below < 1.5:
            part = behind(below)
            open_part *= 1.0 - part
            slopes[k] += behind_slope(below) / (1.0 - part)
        above = (m.upper[0][k] - x[k]) / size
        if above < 1.5:
            part = behind(above)
            open_part *= 1.0 - part
            slopes[k] -= behind_slope(above) / (1.0 - part)
    if ti.static(n.coupled):
        shift = w.shift[e, r.slot_particle[e, i]]
        for k in range(w.slot_planes[e, i]):
            plane = w.slot_plane[e, i, k]
            normal = normal_of(plane)
            d = (plane[3] + normal.dot(shift)) / size
            if d < 1.5:
                part = behind(d)
                open_part *= 1.0 - part
                slopes += behind_slope(d) / (1.0 - part) * normal
    return 1.0 - open_part, open_part / size * slopes


@ti.func
def find_multipliers(
    e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()
):
    """Densities of a lane's liquid → `slot_density` and the multipliers l, relaxed."""
    per_size = 1.0 / m.particle_size[0]
    begin, end = lane_slots(e, lane, n, r)
    for i in range(begin, end):
        density = 0.0
        multiplier = 0.0
        if w.slot_kind[e, i] == LIQUID:
            x = w.slot_pos[e, i]
            weight = w.slot_weight[e, i]
            density = spline(0.0)
            own = ti.Vector([0.0, 0.0, 0.0])
            squares = 0.0
            for k in range(r.neighbour_start[e, i], r.neighbour_end[e, i]):
                j = r.neighbour[e, k]
                if w.slot_kind[e, j] == LIQUID:
                    d = x - w.slot_pos[e, j]
                    length = ti.sqrt(d.dot(d))
                    q = length * per_size
                    if q < 2.0:
                        density += spline(q)
                        slope = per_size * spline_slope(q)
                        squares += w.slot_weight[e, j] * slope * slope
                        if length > 0.0:
                            own += slope / length * d
            part, gradient = walls_at(e, i, m, n, r, w)
            density += part
            own += gradient
            if density > 1.0:
                squares += weight * own.dot(own)
                if squares > 0.0:
                    relaxation = r.density_relaxation[e, m.particle_material[r.slot_particle[e, i]]]
                    multiplier = STEP * relaxation * (1.0 - density) / squares
        w.slot_density[e, i] = density
        w.slot_multiplier[e, i] = multiplier


@ti.func
def press(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Multipliers → how a lane's liquid moves."""
    per_size = 1.0 / m.particle_size[0]
    begin, end = lane_slots(e, lane, n, r)
    for i in range(begin, end):
        change = ti.Vector([0.0, 0.0, 0.0])
        if w.slot_kind[e, i] == LIQUID and w.slot_weight[e, i] > 0.0:
            x = w.slot_pos[e, i]
            start = w.slot_start[e, i]
            multiplier = w.slot_multiplier[e, i]
            for k in range(r.neighbour_start[e, i], r.neighbour_end[e, i]):
                j = r.neighbour[e, k]
                both = multiplier + w.slot_multiplier[e, j]
                if both != 0.0:
                    d = x - w.slot_pos[e, j]
                    length = ti.sqrt(d.dot(d))
                    q = length * per_size
                    if q < 2.0 and length > 0.0:
                        line = start - w.slot_start[e, j]
                        change += both * per_size * spline_slope(q) / length * line
        w.slot_change[e, i] = w.slot_weight[e, i] * change


@ti.func
def smooth(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Velocities of a lane's liquid become more like those around it: viscosity.

    As in XSPH (Schechter, Bridson: Ghost SPH for animating water. ACM Transactions on Graphics
    31(4), 2012, section 5), but two particles give each other only what is along the line between
    them: so nothing that turns is braked.
    """
    per_size = 1.0 / m.particle_size[0]
    begin, end = lane_slots(e, lane, n, r)
    for i in range(begin, end):
        change = ti.Vector([0.0, 0.0, 0.0])
        weight = w.slot_weight[e, i]
        if w.slot_kind[e, i] == LIQUID and weight > 0.0:
            p = r.slot_particle[e, i]
            own = r.viscosity_relaxation[e, m.particle_material[p]]
            for k in range(r.neighbour_start[e, i], r.neighbour_end[e, i]):
                j = r.neighbour[e, k]
                if w.slot_kind[e, j] == LIQUID:
                    d = w.slot_pos[e, i] - w.slot_pos[e, j]
                    q = ti.sqrt(d.dot(d)) * per_size
                    line = w.slot_start[e, i] - w.slot_start[e, j]
                    square = line.dot(line)
                    if q < 2.0 and square > 0.0:
                        o = r.slot_particle[e, j]
                        part = own + r.viscosity_relaxation[e, m.particle_material[o]]
                        share = weight / (weight + w.slot_weight[e, j])
                        parting = (w.shift[e, o] - w.shift[e, p]).dot(line) / square
                        change += part * share * spline(q) * parting * line
        w.slot_change[e, i] = change


@ti.func
def flow(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """`slot_change` of a lane's liquid → shifts and places, in front of all walls.

    What a body's surface takes off is kept: contact gives it back before the body, which does not
    move yet, has its share of it.
    """
    begin, end = lane_slots(e, lane, n, r)
    for i in range(begin, end):
        if w.slot_kind[e, i] == LIQUID:
            p = r.slot_particle[e, i]
            shift = w.shift[e, p] + w.slot_change[e, i]
            if w.slot_weight[e, i] > 0.0:
                h = m.timestep[0]
                if ti.static(n.coupled):
                    for k in range(w.slot_planes[e, i]):
                        plane = w.slot_plane[e, i, k]
                        normal = normal_of(plane)
                        lacking = plane[4] - normal.dot(shift)
                        if lacking > 0.0:
                            shift += lacking * normal
                            w.push[e, p] = w.push[e, p] + lacking * normal
                shift = h * walled(r.pos[e, p], shift / h, m)
            w.shift[e, p] = shift
            w.slot_pos[e, i] = r.pos[e, p] + shift
