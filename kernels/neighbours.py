"""Which particles are near which: a sort into cells, and a list for each particle.

Cells are cubes as wide as the reach. A table holds a fixed number of them, a power of two along
each axis, and repeats in space: particles that are far apart may share a cell, and the test of
their distance parts them. Active particles are sorted by cell (x fastest) and within a cell by
their number; their places in this order are called slots. So which neighbours a particle has, and
in which order, depends on the particles of its environment and on nothing else.

Steps, each after all lanes are done with the one before:

    find_cells(e, lane, x, …)       particles → cells
    sort_cells(e, …)                cells → slots
    place_slots(e, lane, x, …)      a lane's slots → their positions
    list_neighbours(e, lane, …)     → neighbours of the particle in slot i: the slots
                                      neighbour[neighbour_start[i]] to neighbour[neighbour_end[i]]

`n.near` is a `NeighbourSizes`, fields are those of `NeighbourState`, and `failed` is set where a
lane has no room for its list.
"""

from genesis_state.kernels.lang import ti


@ti.func
def cell_coordinates(m: ti.template(), n: ti.template(), x):
    """Cell of the table at `x` along each axis; some cell if `x` is not a number."""
    c = ti.floor(x * m.cells_per_metre[0], ti.i32)
    for k in ti.static(range(3)):
        c[k] = c[k] & (n.near.cells[k] - 1)
    return c


@ti.func
def cell_number(n: ti.template(), c):
    """Number of a cell of the table."""
    return (c[2] * n.near.cells[1] + c[1]) * n.near.cells[0] + c[0]


@ti.func
def find_cells(
    e,
    lane,
    x: ti.template(),
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
):
    """A lane's share of the particles, at `x` → their cells; -1 for those that take no part."""
    begin = lane * n.share
    for p in range(begin, ti.min(begin + n.share, n.particles)):
        cell = -1
        if r.active[e, p]:
            cell = cell_number(n, cell_coordinates(m, n, x[e, p]))
        w.particle_cell[e, p] = cell


@ti.func
def sort_cells(e, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Particles by cell → `slot_particle`, cell by cell, and where each cell begins."""
    for c in range(n.near.n_cells + 1):
        w.cell_start[e, c] = 0
    for p in range(n.particles):
        c = w.particle_cell[e, p]
        if c >= 0:
            w.cell_start[e, c + 1] = w.cell_start[e, c + 1] + 1
    begin = 0
    for c in range(n.near.n_cells):
        count = w.cell_start[e, c + 1]
        w.cell_start[e, c + 1] = begin
        begin += count
    w.n_slots[e] = begin
    for p in range(n.particles):  # which leaves in `c + 1` where cell c ends
        c = w.particle_cell[e, p]
        if c >= 0:
            slot = w.cell_start[e, c + 1]
            w.slot_particle[e, slot] = p
            w.cell_start[e, c + 1] = slot + 1


@ti.func
def lane_slots(e, lane, n: ti.template(), r: ti.template()):
    """First slot of a lane, and one past its last."""
    return r.n_slots[e] * lane // n.lanes, r.n_slots[e] * (lane + 1) // n.lanes


@ti.func
def place_slots(e, lane, x: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Positions `x` of particles → those of a lane's slots, side by side in memory."""
    begin, end = lane_slots(e, lane, n, r)
    for i in range(begin, end):
        w.slot_pos[e, i] = x[e, r.slot_particle[e, i]]


@ti.func
def list_run(e, i, at, begin, end, last, m: ti.template(), r: ti.template(), w: ti.template()):
    """Slots from `begin` to `end` → those within reach of slot `i`, written from `at` on.

    Returns the place after the last one. Nothing is written behind `last`.
    """
    x = r.slot_pos[e, i]
    reach2 = m.reach[0] * m.reach[0]
    k = at
    for j in range(begin, end):
        d = r.slot_pos[e, j] - x
        # Written whether it is near or not: a branch that nobody can foretell costs more.
        w.neighbour[e, ti.min(k, last)] = j
        k += ti.cast(d.dot(d) < reach2 and j != i, ti.i32)
    return k


@ti.func
def list_slot(
    e, i, at, last, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()
):
    """The neighbours of slot `i`, row of cells by row of cells; returns the place after them."""
    c = cell_coordinates(m, n, r.slot_pos[e, i])
    wide = ti.static(n.near.cells[0])
    low = ti.max(c[0] - 1, 0)
    high = ti.min(c[0] + 1, wide - 1)
    parts = 1
    if c[0] == 0 or c[0] == wide - 1:
        parts = 2  # the cell beyond the end of the row is at its other end
    k = at
    for row in range(9):
        y = (c[1] + row % 3 - 1) & (n.near.cells[1] - 1)
        z = (c[2] + row // 3 - 1) & (n.near.cells[2] - 1)
        first = cell_number(n, ti.Vector([0, y, z]))
        for part in range(parts):
            begin = first + low
            end = first + high + 1
            if part == 1:
                begin = first
                if c[0] == 0:
                    begin = first + wide - 1
                end = begin + 1
            k = list_run(e, i, k, r.cell_start[e, begin], r.cell_start[e, end], last, m, r, w)
    return k


@ti.func
def list_neighbours(
    e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()
):
    """A lane's slots → the slots within reach of each, in the order of the cells."""
    at = lane * n.near.room
    last = at + n.near.room - 1
    begin, end = lane_slots(e, lane, n, r)
    for i in range(begin, end):
        w.neighbour_start[e, i] = at
        at = ti.min(list_slot(e, i, at, last, m, n, r, w), last)
        w.neighbour_end[e, i] = at
    if at == last:
        w.failed[e] = True
