"""One substep of position based dynamics: predict, correct, touch, settle.

Kernels take the fields they read (`r`) and the fields they write (`w`) apart; a step passes the
same ones for both. What ties particles is solved one after the other within an environment, all
else lane by lane, a share of its particles that does not depend on the number of threads.

`rm`, `rn`, `rd` are the model, sizes and fields of the rigid solver; all three are the PBD solver's
own where there are no rigid bodies, which `n.coupled` tells.
"""

import itertools

from genesis_state.kernels.body_contact import keep_all_velocities, sum_all_contact
from genesis_state.kernels.dealing import environment, n_blocks, n_iterations
from genesis_state.kernels.lanes import each_env, each_lane, each_lane_with_bodies, stop_failed_envs
from genesis_state.kernels.lang import ti
from genesis_state.kernels.neighbours import (
    find_cells,
    list_neighbours,
    place_slots,
    sort_cells,
)
from genesis_state.kernels.pbd_constraints import keep_angles, keep_lengths, keep_volumes
from genesis_state.kernels.pbd_density import find_multipliers, find_planes, flow, press, smooth
from genesis_state.kernels.pbd_materials import CLOTH, ELASTIC
from genesis_state.kernels.pbd_motion import count_attached, meet, predict, settle
from genesis_state.kernels.pbd_pairs import (
    add_changes,
    copy_to_slots,
    count_overlaps,
    part,
    predict_places,
)
from genesis_state.kernels.pbd_spin import keep_spin

MANY = 100_000  # edges of one environment for which it pays that all threads share a color
MANY_ENVS = 8192  # environments that keep a GPU busy by themselves


@ti.kernel
def begin_step(n: ti.template(), r: ti.template(), w: ti.template()):
    """Counts what is fixed to bodies; nothing has failed yet."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs) == 1))
    for i in range(ti.static(n_iterations(n.envs))):
        e = environment(i, n.envs)
        if e < n.envs:
            w.failed[e] = False
            if ti.static(n.coupled):
                count_attached(e, n, r, w)


def approach(m, n, r, w, rm, rn, rd) -> None:
    """Particles → how far they would move, and what they add to the bodies that they touch."""
    start(m, n, r, w, rm, rn, rd)
    if n.ties:
        tie(m, n, r, w)
    if n.meets:
        find_neighbours(m, n, r, w, rm, rn, rd)
    if n.liquid:
        for _ in range(n.density_iterations):
            keep_density(m, n, r, w)
        for _ in range(n.viscosity_iterations):
            keep_together(m, n, r, w)
    if n.collides:
        keep_apart(m, n, r, w)
    if n.coupled:
        meet_bodies(m, n, r, w, rm, rn, rd)


@ti.kernel
def start(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Where particles would go if nothing tied them."""
    each_lane_with_bodies(predict, m, n, r, w, rm, rn, rd)


def tie(m, n, r, w) -> None:
    """All ties, iteration by iteration, by environments or by colors, with the same result."""
    if not by_color(n):
        tie_envs(m, n, r, w)
        return
    for kind, (iterations, colors) in enumerate(
        (
            (n.stretch_iterations, n.edge_colors),
            (n.bending_iterations, n.hinge_colors),
            (n.volume_iterations, n.tet_colors),
        )
    ):
        for k in range(iterations):
            for begin, end in itertools.pairwise(colors):
                tie_color(m, n, r, w, kind, begin, end, k)
    end_ties(m, n, r, w)


def by_color(n) -> bool:
    """Whether threads share the ties of a color, and not the environments.

    Each color wakes them all, which pays where an environment has many ties or there are more
    threads than environments by far.
    """
    if n_blocks(n.envs):  # a CPU
        return n.envs == 1 and n.edges >= MANY
    return n.envs < MANY_ENVS


@ti.func
def tie_env(e, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """All ties of an environment, one after the other."""
    for k in range(n.stretch_iterations):
        keep_lengths(e, 0, n.edges, k, m, n, r, w)
    for k in range(n.bending_iterations):
        keep_angles(e, 0, n.hinges, k, m, n, r, w)
    for k in range(n.volume_iterations):
        keep_volumes(e, 0, n.tets, k, m, n, r, w)
    keep_spins(e, m, n, r, w)


@ti.kernel
def tie_envs(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """All ties, environment by environment."""
    each_env(tie_env, m, n, r, w)


@ti.kernel
def tie_color(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    kind: ti.template(),
    begin: ti.i32,
    end: ti.i32,
    iteration: ti.i32,
):
    """Ties `begin` to `end` of one kind and color, at once."""
    for i in range(n.envs * (end - begin)):
        e = i // (end - begin)
        k = begin + i % (end - begin)
        if not w.error[e]:
            if ti.static(kind == 0):
                keep_lengths(e, k, k + 1, iteration, m, n, r, w)
            elif ti.static(kind == 1):
                keep_angles(e, k, k + 1, iteration, m, n, r, w)
            else:
                keep_volumes(e, k, k + 1, iteration, m, n, r, w)


@ti.func
def keep_spins(e, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """`keep_spin` of every entity that has ties."""
    for k in range(n.materials):
        if m.material_kind[k] == CLOTH or m.material_kind[k] == ELASTIC:
            keep_spin(e, k, m, n, r, w)


@ti.kernel
def end_ties(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """`keep_spins` by itself."""
    each_env(keep_spins, m, n, r, w)


@ti.func
def find_places(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """A lane's particles → where ties leave them, and their cells."""
    predict_places(e, lane, n, r, w)
    find_cells(e, lane, w.place, m, n, r, w)


@ti.func
def fill_slots(
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
    """A lane's slots → what pairs read of them, and the surfaces near their liquid."""
    place_slots(e, lane, w.place, n, r, w)
    copy_to_slots(e, lane, m, n, r, w)
    if ti.static(n.liquid and n.coupled):
        find_planes(e, lane, m, n, r, w, rm, rn, rd)


@ti.kernel
def find_neighbours(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Particles where ties leave them → slots with neighbours, and what pairs read of them."""
    each_lane(find_places, m, n, r, w)
    each_env(sort_cells, m, n, r, w)
    each_lane_with_bodies(fill_slots, m, n, r, w, rm, rn, rd)
    each_lane(list_neighbours, m, n, r, w)


@ti.kernel
def keep_density(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """One iteration over the densities of liquid."""
    each_lane(find_multipliers, m, n, r, w)
    each_lane(press, m, n, r, w)
    each_lane(flow, m, n, r, w)


@ti.kernel
def keep_together(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """One iteration over the velocities of liquid."""
    each_lane(smooth, m, n, r, w)
    each_lane(flow, m, n, r, w)


@ti.kernel
def keep_apart(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Particles out of others that they have moved into."""
    each_lane(count_overlaps, m, n, r, w)
    each_lane(part, m, n, r, w)
    each_lane(add_changes, m, n, r, w)


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
    """Particles that touch rigid bodies → the inertia and momentum they add to them."""
    keep_all_velocities(n, w, rn, rd)
    each_lane_with_bodies(meet, m, n, r, w, rm, rn, rd)
    sum_all_contact(n, w, rn, rd)


@ti.kernel
def follow(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Velocities after contact → positions."""
    each_lane_with_bodies(settle, m, n, r, w, rm, rn, rd)
    stop_failed_envs(n, w)
