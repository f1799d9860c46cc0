"""One substep of the material point method: sort, scatter, move the grid, gather.

Kernels take the fields they read (`r`) and the fields they write (`w`) apart; a step passes the
same ones for both. Work is dealt to threads by lane, a share of an environment's particles or tiles
that does not depend on the number of threads, and no node is added to by two threads at once: the
order of every sum is fixed.

`rm`, `rn`, `rd` are the model, sizes and fields of the rigid solver; all three are the MPM solver's
own where there are no rigid bodies, which `n.coupled` tells.
"""

from genesis_state.kernels.body_contact import (
    clear_contact,
    collided,
    keep_all_velocities,
    near_geoms,
    sum_all_contact,
)
from genesis_state.kernels.dealing import n_blocks, n_iterations
from genesis_state.kernels.lanes import (
    each_env,
    each_lane,
    each_lane_with_bodies,
    lane_of,
    stop_failed,
    stop_failed_envs,
)
from genesis_state.kernels.lang import ti
from genesis_state.kernels.mpm_grid import (
    COLORS,
    TILE,
    TILE_NODES,
    node_in_tile,
    node_number,
    node_position,
    tile_corner,
)
from genesis_state.kernels.mpm_materials import find_slopes
from genesis_state.kernels.mpm_sort import (
    clear_lane,
    clear_tables,
    count_lane,
    deal_lane,
    list_active,
    merge_lanes,
)
from genesis_state.kernels.mpm_transfer import deform_lane, gather_lane, scatter_tile
from genesis_state.kernels.subroutine import calls

REACH = 0.5  # cells from a surface to where matter touches it: no plate is missed between nodes


def scatter(m, n, r, w, rm, rn, rd) -> None:
    """Particles → momentum and mass on the grid; and what touches rigid bodies."""
    if calls():
        scatter_at_once(m, n, r, w, rm, rn, rd)
        return
    sort(m, n, r, w)
    for color in range(COLORS):
        scatter_color(m, n, r, w, color)
    if n.coupled:
        meet_bodies(m, n, r, w, rm, rn, rd)


@ti.kernel
def scatter_at_once(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """All of the above in one launch."""
    sort_lanes(m, n, r, w)
    if ti.static(n.lanes == 1):
        each_env(scatter_env, m, n, r, w)
    else:
        for color in ti.static(range(COLORS)):
            scatter_lanes(m, n, r, w, color)
    if ti.static(n.coupled):
        meet_lanes(m, n, r, w, rm, rn, rd)


@ti.func
def begin_lane(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """A lane's share of what comes once in a step."""
    clear_tables(e, lane, n, w)
    list_active(e, lane, n, r, w)
    if lane == 0:
        find_slopes(e, n, r, w)


@ti.kernel
def begin_step(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Empties the tables by tile, lists what is active, makes what depends on parameters alone."""
    each_lane(begin_lane, m, n, r, w)


@ti.kernel
def sort(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """`sort_lanes` by itself."""
    sort_lanes(m, n, r, w)


@ti.func
def merge_counts(e, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """`merge_lanes`, unless counting has failed."""
    stop_failed(e, w)
    if not w.error[e]:
        merge_lanes(e, n, w)


@ti.func
def deal_and_deform(
    e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()
):
    """A lane's particles in the order of tiles, deformed, and its share of the grid cleared."""
    deal_lane(e, lane, n, w)
    clear_lane(e, lane, n, w)
    deform_lane(e, lane, m, n, r, w)


@ti.func
def sort_lanes(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Particles → slots of tiles with their particles in order, each deformed, on a clear grid."""
    each_lane(count_lane, m, n, r, w)
    each_env(merge_counts, m, n, r, w)
    each_lane(deal_and_deform, m, n, r, w)


@ti.func
def scatter_slots(
    e, lane, color, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()
):
    """A lane's share of the tiles of one color."""
    slot = w.color_start[e, color] + lane
    while slot < w.color_start[e, color + 1]:
        scatter_tile(e, slot, m, n, r, w)
        slot += n.lanes


@ti.func
def scatter_env(e, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Particles → momentum and mass on the grid, all colors at once where a lane is alone.

    The sums are those of `scatter_lanes`, which has eight loops to compile.
    """
    for color in range(COLORS):
        scatter_slots(e, 0, color, m, n, r, w)


@ti.func
def scatter_lanes(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template(), color):
    """Particles in tiles of one color → momentum and mass on the grid."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            scatter_slots(e, lane, color, m, n, r, w)


@ti.kernel
def scatter_color(
    m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template(), color: ti.i32
):
    """`scatter_lanes` by itself."""
    scatter_lanes(m, n, r, w, color)


@ti.func
def free_velocity(m: ti.template(), momentum):
    """Velocity of a node's matter after the substep if nothing is in its way."""
    p = ti.Vector([momentum[0], momentum[1], momentum[2]])
    return p / momentum[3] + m.timestep[0] * m.gravity[0]


@ti.func
def geoms_at_tile(
    e,
    corner,
    m: ti.template(),
    n: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Range of the geoms that nodes of the tile that begins at `corner` may touch."""
    lower = node_position(m, n, corner)
    upper = lower + (TILE - 1) * m.cell[0]
    return near_geoms(e, lower, upper, REACH * m.cell[0], rm, rn, rd)


@ti.func
def meet(
    e,
    lane,
    x,
    velocity,
    mass,
    first,
    end,
    collect: ti.template(),
    m: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Velocity of the matter at a node after contact, see `collided`."""
    reach = REACH * m.cell[0]
    return collided(e, lane, x, reach, velocity, mass, first, end, False, collect, m, w, rm, rn, rd)


@ti.func
def meet_tiles(
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
    """Matter at a lane's nodes that touches rigid bodies → what it adds to them."""
    clear_contact(e, lane, w, rn)
    t = lane
    while t < r.n_near[e]:
        corner = tile_corner(n, r.near_tile[e, t])
        first, end = geoms_at_tile(e, corner, m, n, rm, rn, rd)
        if first < end:
            for local in range(TILE_NODES):
                node = node_in_tile(corner, local)
                at = r.grid[e, node_number(n, node[0], node[1], node[2])]
                if at[3] > m.least_mass[0]:
                    v = free_velocity(m, at)
                    x = node_position(m, n, node)
                    meet(e, lane, x, v, at[3], first, end, True, m, w, rm, rn, rd)
        t += n.lanes


@ti.func
def meet_lanes(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Matter that touches rigid bodies → the inertia and momentum it adds to them."""
    keep_all_velocities(n, w, rn, rd)
    each_lane_with_bodies(meet_tiles, m, n, r, w, rm, rn, rd)
    sum_all_contact(n, w, rn, rd)


@ti.kernel
def meet_bodies(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """`meet_lanes` by itself."""
    meet_lanes(m, n, r, w, rm, rn, rd)


@ti.func
def walled(n: ti.template(), node, velocity):
    """Velocity of a node that cannot pass the walls of the domain, along which matter slips."""
    v = velocity
    for k in ti.static(range(3)):
        if (node[k] <= n.wall and v[k] < 0.0) or (node[k] >= n.cells[k] - n.wall and v[k] > 0.0):
            v[k] = 0.0
    return v


@ti.func
def move_tiles(
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
    """Momentum of a lane's nodes → their velocities after gravity, contact and walls."""
    t = lane
    while t < r.n_near[e]:
        corner = tile_corner(n, r.near_tile[e, t])
        first = 0
        end = 0
        if ti.static(n.coupled):
            first, end = geoms_at_tile(e, corner, m, n, rm, rn, rd)
        for local in range(TILE_NODES):
            node = node_in_tile(corner, local)
            q = node_number(n, node[0], node[1], node[2])
            at = r.grid[e, q]
            v = ti.Vector([0.0, 0.0, 0.0])
            if at[3] > m.least_mass[0]:
                v = free_velocity(m, at)
                if ti.static(n.coupled):
                    if first < end:
                        x = node_position(m, n, node)
                        v = meet(e, lane, x, v, at[3], first, end, False, m, w, rm, rn, rd)
                v = walled(n, node, v)
            w.grid[e, q] = ti.Vector([v[0], v[1], v[2], at[3]])
        t += n.lanes


@ti.kernel
def gather(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Momentum on the grid → velocities, then the particles that move with them."""
    each_lane_with_bodies(move_tiles, m, n, r, w, rm, rn, rd)
    each_lane(gather_lane, m, n, r, w)
    stop_failed_envs(n, w)
