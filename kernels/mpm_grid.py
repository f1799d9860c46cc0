"""The background grid: which nodes a particle touches, and with which weights.

Nodes are a cell apart, `lower` cells from the world's origin. Node (i, j, k) is number
(i * nodes_y + j) * nodes_z + k; tiles are cubes of TILE nodes.
"""

from genesis_state.kernels.lang import ti

TILE = 4  # nodes along an edge of a tile
COLORS = 8  # tiles of one color have no particle that touches a node of two of them
TILE_NODES = TILE**3


@ti.func
def node_position(m: ti.template(), n: ti.template(), node):
    """World position [m] of a node."""
    return m.cell[0] * (node + ti.Vector(ti.static([float(k) for k in n.lower])))


@ti.func
def grid_position(m: ti.template(), n: ti.template(), x):
    """World position [m] → cells from the first node."""
    return x * m.cells_per_metre[0] - ti.Vector(ti.static([float(k) for k in n.lower]))


@ti.func
def in_domain(n: ti.template(), g):
    """Whether all nodes that a particle at grid position `g` touches are there; not so for NaN."""
    ok = True
    for k in ti.static(range(3)):
        if not (g[k] >= 1.0 and g[k] <= n.cells[k] - 1.0):
            ok = False
    return ok


@ti.func
def first_node(g):
    """The lowest of the 27 nodes that a particle at grid position `g` touches."""
    return ti.floor(g - 0.5, ti.i32)


@ti.func
def weights(f):
    """Quadratic B-spline along each axis at the three nodes; `f` is the place from the first."""
    return [
        0.5 * (1.5 - f) * (1.5 - f),
        0.75 - (f - 1.0) * (f - 1.0),
        0.5 * (f - 0.5) * (f - 0.5),
    ]


@ti.func
def node_number(n: ti.template(), i, j, k):
    """Number of a node."""
    return (i * n.nodes[1] + j) * n.nodes[2] + k


@ti.func
def tile_of(n: ti.template(), node):
    """Number of the tile that a node is in."""
    return ((node[0] // TILE) * n.tiles[1] + node[1] // TILE) * n.tiles[2] + node[2] // TILE


@ti.func
def tile_corner(n: ti.template(), tile):
    """Lowest node of a tile."""
    return TILE * ti.Vector(
        [
            tile // (n.tiles[1] * n.tiles[2]),
            tile // n.tiles[2] % n.tiles[1],
            tile % n.tiles[2],
        ]
    )


@ti.func
def node_in_tile(corner, local):
    """Node number `local` of a tile that begins at `corner`."""
    return corner + ti.Vector([local // (TILE * TILE), local // TILE % TILE, local % TILE])


@ti.func
def tile_color(n: ti.template(), tile):
    """One of COLORS: tiles of a color are at least a tile apart in every direction."""
    c = tile_corner(n, tile) // TILE
    return (c[0] % 2) * 4 + (c[1] % 2) * 2 + c[2] % 2
