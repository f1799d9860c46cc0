"""Particles sorted by tile, in the order of their numbers, whatever the number of threads.

Each lane counts its own share of the particles by tile. The counts are merged in the order of the
lanes, so that the particles of a tile come in the order of their numbers.
"""

from genesis_state.kernels.lang import ti
from genesis_state.kernels.mpm_grid import (
    COLORS,
    TILE,
    TILE_NODES,
    first_node,
    grid_position,
    in_domain,
    node_in_tile,
    node_number,
    tile_color,
    tile_corner,
    tile_of,
)


@ti.func
def clear_tables(e, lane, n: ti.template(), w: ti.template()):
    """Empties the tables by tile, which a sort leaves empty for the next."""
    if lane == 0:
        w.failed[e] = False
    for t in range(n.n_tiles):
        w.lane_count[e, lane, t] = 0
    if lane == 0:
        for t in range(n.n_tiles):
            w.tile_count[e, t] = 0
            w.tile_near[e, t] = False


@ti.func
def list_active(e, lane, n: ti.template(), r: ti.template(), w: ti.template()):
    """A lane's share of the particles → those that take part, which no substep changes."""
    begin = lane * n.share
    found = 0
    for p in range(begin, ti.min(begin + n.share, n.particles)):
        if r.active[e, p]:
            w.listed[e, begin + found] = p
            found += 1
    w.lane_n_listed[e, lane] = found


@ti.func
def count_lane(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """A lane's particles → their tiles, counted, and whether one is outside of all."""
    begin = lane * n.share
    found = 0
    for i in range(begin, begin + w.lane_n_listed[e, lane]):
        g = grid_position(m, n, r.pos[e, w.listed[e, i]])
        if in_domain(n, g):
            tile = tile_of(n, first_node(g))
            count = w.lane_count[e, lane, tile]
            if count == 0:
                w.lane_tile[e, lane, found] = tile
                found += 1
            w.lane_count[e, lane, tile] = count + 1
            w.listed_tile[e, i] = tile
        else:
            w.failed[e] = True
    w.lane_n_tiles[e, lane] = found


@ti.func
def merge_lanes(e, n: ti.template(), w: ti.template()):
    """Counts of the lanes → slots of tiles by color, where each begins, and the tiles nearby."""
    slots = 0
    for lane in range(n.lanes):
        for i in range(w.lane_n_tiles[e, lane]):
            t = w.lane_tile[e, lane, i]
            if w.tile_count[e, t] == 0:
                w.first_tile[e, slots] = t
                slots += 1
            w.tile_count[e, t] = w.tile_count[e, t] + w.lane_count[e, lane, t]
    for c in range(COLORS + 1):
        w.color_start[e, c] = 0
    for i in range(slots):
        c = tile_color(n, w.first_tile[e, i])
        w.color_start[e, c] = w.color_start[e, c] + 1
    begin = 0
    for c in range(COLORS + 1):
        count = w.color_start[e, c]
        w.color_start[e, c] = begin
        begin += count
    for i in range(slots):
        t = w.first_tile[e, i]
        c = tile_color(n, t)
        w.slot_tile[e, w.color_start[e, c]] = t
        w.color_start[e, c] = w.color_start[e, c] + 1
    for k in range(COLORS):
        c = COLORS - k
        w.color_start[e, c] = w.color_start[e, c - 1]
    w.color_start[e, 0] = 0
    begin = 0
    for s in range(slots):
        t = w.slot_tile[e, s]
        w.slot_start[e, s] = begin
        count = w.tile_count[e, t]
        w.tile_count[e, t] = begin
        begin += count
    w.slot_start[e, slots] = begin
    for lane in range(n.lanes):
        for i in range(w.lane_n_tiles[e, lane]):
            t = w.lane_tile[e, lane, i]
            count = w.lane_count[e, lane, t]
            w.lane_count[e, lane, t] = w.tile_count[e, t]
            w.tile_count[e, t] = w.tile_count[e, t] + count
    list_near(e, n, w, slots)
    for s in range(slots):
        w.tile_count[e, w.slot_tile[e, s]] = 0


@ti.func
def list_near(e, n: ti.template(), w: ti.template(), slots):
    """Tiles whose nodes the particles of the slots touch → `near_tile`."""
    found = 0
    for s in range(slots):
        base = tile_corner(n, w.slot_tile[e, s])
        for i, j, k in ti.ndrange(2, 2, 2):
            node = base + TILE * ti.Vector([i, j, k])
            if node[0] < n.nodes[0] and node[1] < n.nodes[1] and node[2] < n.nodes[2]:
                t = tile_of(n, node)
                if not w.tile_near[e, t]:
                    w.tile_near[e, t] = True
                    w.near_tile[e, found] = t
                    found += 1
    for i in range(found):
        w.tile_near[e, w.near_tile[e, i]] = False
    w.n_near[e] = found


@ti.func
def deal_lane(e, lane, n: ti.template(), w: ti.template()):
    """A lane's particles → their places in `order`."""
    begin = lane * n.share
    for i in range(begin, begin + w.lane_n_listed[e, lane]):
        t = w.listed_tile[e, i]
        place = w.lane_count[e, lane, t]
        w.order[e, place] = w.listed[e, i]
        w.lane_count[e, lane, t] = place + 1
    for i in range(w.lane_n_tiles[e, lane]):
        w.lane_count[e, lane, w.lane_tile[e, lane, i]] = 0


@ti.func
def clear_lane(e, lane, n: ti.template(), w: ti.template()):
    """Clears the nodes of a lane's share of the near tiles."""
    i = lane
    while i < w.n_near[e]:
        corner = tile_corner(n, w.near_tile[e, i])
        for local in range(TILE_NODES):
            node = node_in_tile(corner, local)
            w.grid[e, node_number(n, node[0], node[1], node[2])] = ti.Vector([0.0, 0.0, 0.0, 0.0])
        i += n.lanes
