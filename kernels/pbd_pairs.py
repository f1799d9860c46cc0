"""Particles of position based dynamics near each other, and how their shifts change.

Neighbours are found once in a substep, where ties leave the particles. Slots are the particles
sorted by cell, see `neighbours.py`; `slot_pos` is kept up to date while they move. A particle gets
what all its neighbours give it at once, and so the order of particles does not matter: what one
gives another is the opposite of what it receives.
"""

from genesis_state.kernels.body_contact import RECOVERY, RECOVERY_SPEED
from genesis_state.kernels.lang import ti
from genesis_state.kernels.neighbours import lane_slots
from genesis_state.kernels.pbd_materials import CLOTH, ELASTIC, LIQUID

APART = 1.1  # particle sizes: what is nearer at rest in one entity is so for good


@ti.func
def predict_places(e, lane, n: ti.template(), r: ti.template(), w: ti.template()):
    """A lane's particles → where they are so far."""
    begin = lane * n.share
    for p in range(begin, ti.min(begin + n.share, n.particles)):
        w.place[e, p] = r.pos[e, p] + w.shift[e, p]


@ti.func
def copy_to_slots(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """What pairs read of a lane's particles, side by side in memory."""
    begin, end = lane_slots(e, lane, n, r)
    for i in range(begin, end):
        p = r.slot_particle[e, i]
        w.slot_weight[e, i] = w.weight[e, p]
        w.slot_kind[e, i] = m.material_kind[m.particle_material[p]]
        if ti.static(n.liquid):
            w.slot_start[e, i] = r.pos[e, p]


@ti.func
def add_changes(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """`slot_change` of a lane's slots → their particles' shifts and places."""
    begin, end = lane_slots(e, lane, n, r)
    for i in range(begin, end):
        p = r.slot_particle[e, i]
        shift = w.shift[e, p] + w.slot_change[e, i]
        w.shift[e, p] = shift
        w.slot_pos[e, i] = r.pos[e, p] + shift


@ti.func
def overlap(e, i, j, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """How much nearer than they may two particles are [m], and the direction to `i` from `j`.

    It is that before the substep: so they do not turn each other, but for friction.
    They keep a particle's diameter from each other, unless they were about as near at rest. Two
    that have been nearer since before the substep part slowly, and gain next to nothing by it.
    """
    depth = 0.0
    d = w.slot_pos[e, i] - w.slot_pos[e, j]
    square = d.dot(d)
    size = m.particle_size[0]
    if square < size * size and square > 0.0:
        kinds = (w.slot_kind[e, i], w.slot_kind[e, j])
        solid = (kinds[0] == CLOTH or kinds[0] == ELASTIC) or (
            kinds[1] == CLOTH or kinds[1] == ELASTIC
        )
        meets = ti.max(kinds[0], kinds[1]) <= LIQUID and solid
        if meets and w.slot_weight[e, i] + w.slot_weight[e, j] > 0.0:
            p = r.slot_particle[e, i]
            q = r.slot_particle[e, j]
            if m.particle_material[p] == m.particle_material[q]:
                rest = m.particle_rest[p] - m.particle_rest[q]
                meets = rest.dot(rest) > ti.static(APART * APART) * size * size
            if meets:
                start = r.pos[e, p] - r.pos[e, q]
                before = ti.sqrt(start.dot(start))
                wanted = size
                if before < size:
                    out = ti.min(RECOVERY * (size - before), m.timestep[0] * RECOVERY_SPEED)
                    wanted = before + out
                distance = ti.sqrt(square)
                depth = ti.max(wanted - distance, 0.0)
                d = d / distance
                if before > 0.0:
                    d = start / before
    return depth, d


@ti.func
def count_overlaps(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """How many particles each of a lane's slots has to be parted from."""
    begin, end = lane_slots(e, lane, n, r)
    for i in range(begin, end):
        count = 0
        for k in range(r.neighbour_start[e, i], r.neighbour_end[e, i]):
            depth, _ = overlap(e, i, r.neighbour[e, k], m, n, r, w)
            if depth > 0.0:
                count += 1
        w.slot_overlaps[e, i] = count


@ti.func
def part(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """A lane's slots → how they come out of others, with friction.

    Macklin, Müller, Chentanez, Kim: Unified particle physics for real-time applications. ACM
    Transactions on Graphics 33(4), 2014, equations 23 and 24. Of several pairs that share a
    particle each does its share.
    """
    begin, end = lane_slots(e, lane, n, r)
    for i in range(begin, end):
        change = ti.Vector([0.0, 0.0, 0.0])
        if w.slot_overlaps[e, i] > 0 and w.slot_weight[e, i] > 0.0:
            p = r.slot_particle[e, i]
            a = m.particle_material[p]
            for k in range(r.neighbour_start[e, i], r.neighbour_end[e, i]):
                j = r.neighbour[e, k]
                depth, out = overlap(e, i, j, m, n, r, w)
                if depth > 0.0:
                    q = r.slot_particle[e, j]
                    b = m.particle_material[q]
                    slip = w.shift[e, p] - w.shift[e, q]
                    slip -= slip.dot(out) * out
                    length = ti.sqrt(slip.dot(slip))
                    held = depth * ti.max(r.static_friction[e, a], r.static_friction[e, b])
                    if length > held:
                        braked = depth * ti.max(r.kinetic_friction[e, a], r.kinetic_friction[e, b])
                        slip *= ti.min(1.0, braked / length)
                    weights = w.slot_weight[e, i] + w.slot_weight[e, j]
                    share = ti.max(w.slot_overlaps[e, i], w.slot_overlaps[e, j])
                    change += w.slot_weight[e, i] / (weights * share) * (depth * out - slip)
        w.slot_change[e, i] = change
