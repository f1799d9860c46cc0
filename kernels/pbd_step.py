"""One substep of position based dynamics: predict, correct, touch, settle.

Kernels take the fields they read (`r`) and the fields they write (`w`) apart; a step passes the
same ones for both. What ties particles is solved one after the other within an environment, all
else lane by lane, a share of its particles that does not depend on the number of threads.

`rm`, `rn`, `rd` are the model, sizes and fields of the rigid solver; all three are the PBD solver's
own where there are no rigid bodies, which `n.coupled` tells.
"""

import itertools

from genesis_state.kernels.body_contact import clear_contact, keep_velocities, sum_contact
from genesis_state.kernels.dealing import dealt, environment, n_blocks, n_iterations
from genesis_state.kernels.lanes import lane_of, stop_failed
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
    start(m, n, r, w, rm, rd)
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
    rd: ti.template(),
):
    """Where particles would go if nothing tied them."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            predict(e, lane, m, n, r, w, rm, rd)


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


@ti.kernel
def tie_envs(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """All ties, one after the other within an environment."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs, 1))):
        e = dealt(i, n.envs, 1)
        if e < n.envs:
            if not w.error[e]:
                for k in range(n.stretch_iterations):
                    keep_lengths(e, 0, n.edges, k, m, n, r, w)
                for k in range(n.bending_iterations):
                    keep_angles(e, 0, n.hinges, k, m, n, r, w)
                for k in range(n.volume_iterations):
                    keep_volumes(e, 0, n.tets, k, m, n, r, w)
                keep_spins(e, m, n, r, w)


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
    ti.loop_config(serialize=ti.static(n_blocks(n.envs, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs, 1))):
        e = dealt(i, n.envs, 1)
        if e < n.envs:
            if not w.error[e]:
                keep_spins(e, m, n, r, w)


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
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            predict_places(e, lane, n, r, w)
            find_cells(e, lane, w.place, m, n, r, w)
    ti.loop_config(serialize=ti.static(n_blocks(n.envs, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs, 1))):
        e = dealt(i, n.envs, 1)
        if e < n.envs:
            if not w.error[e]:
                sort_cells(e, n, w)
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            place_slots(e, lane, w.place, n, r, w)
            copy_to_slots(e, lane, m, n, r, w)
            if ti.static(n.liquid and n.coupled):
                find_planes(e, lane, m, n, r, w, rm, rn, rd)
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            list_neighbours(e, lane, m, n, r, w)


@ti.kernel
def keep_density(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """One iteration over the densities of liquid."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            find_multipliers(e, lane, m, n, r, w)
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            press(e, lane, m, n, r, w)
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            flow(e, lane, m, n, r, w)


@ti.kernel
def keep_together(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """One iteration over the velocities of liquid."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            smooth(e, lane, m, n, r, w)
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            flow(e, lane, m, n, r, w)


@ti.kernel
def keep_apart(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Particles out of others that they have moved into."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            count_overlaps(e, lane, m, n, r, w)
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            part(e, lane, m, n, r, w)
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            add_changes(e, lane, n, r, w)


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
    ti.loop_config(serialize=ti.static(n_blocks(n.envs) == 1))
    for i in range(ti.static(n_iterations(n.envs))):
        e = environment(i, n.envs)
        if e < n.envs:
            keep_velocities(e, w, rn, rd)
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            clear_contact(e, lane, w, rn)
            meet(e, lane, m, n, r, w, rm, rn, rd)
    ti.loop_config(serialize=ti.static(n_blocks(n.envs) == 1))
    for i in range(ti.static(n_iterations(n.envs))):
        e = environment(i, n.envs)
        if e < n.envs:
            if not w.error[e]:
                sum_contact(e, n, w, rn, rd)


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
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            settle(e, lane, m, n, r, w, rm, rn, rd)
    ti.loop_config(serialize=ti.static(n_blocks(n.envs) == 1))
    for i in range(ti.static(n_iterations(n.envs))):
        e = environment(i, n.envs)
        if e < n.envs:
            stop_failed(e, w)
