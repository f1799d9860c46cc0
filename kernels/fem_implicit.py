"""One substep of the finite element method, implicit in time, by one thread per environment.

`approach` solves for the displacements with bodies that keep their velocities, and tells these what
touches them; `follow` solves once more for what the bodies' new velocities change.

`rm`, `rn`, `rd` are the model, sizes and fields of the rigid solver; all three are the FEM solver's
own where there are no rigid bodies, which `n.coupled` tells.
"""

from genesis_state.kernels.body_contact import keep_velocities
from genesis_state.kernels.fem_contact import PASSES, begin_touch, impose, review
from genesis_state.kernels.fem_matrix import (
    add_element,
    begin_system,
    invert_diagonal,
    potential,
)
from genesis_state.kernels.fem_momentum import keep_momentum
from genesis_state.kernels.fem_pads import begin_pads, stiffen_pads
from genesis_state.kernels.fem_reaction import (
    add_reactions,
    clear_step,
    go_along,
    tell_bodies,
)
from genesis_state.kernels.fem_solve import solve
from genesis_state.kernels.fem_vertex import not_a_place
from genesis_state.kernels.lanes import each_env_with_bodies
from genesis_state.kernels.lang import ti


@ti.func
def guess(e, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Nothing has moved yet; a first guess is that all goes on as it did."""
    h = m.timestep[0]
    for v in range(n.vertices):
        w.displacement[e, v] = ti.Vector([0.0, 0.0, 0.0])
        w.iterate[e, v] = r.pos[e, v]
        w.step[e, v] = h * r.vel[e, v] + h * h * m.gravity[0]


@ti.func
def assemble(
    e,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """The linear system at the iterate.

    Returns:
        The norm of its right side [N].
    """
    begin_system(e, m, n, r, w, rm, rn, rd)
    for k in range(n.elements):
        if r.active[e, k]:
            add_element(e, k, m, n, r, w)
    invert_diagonal(e, m, n, r, w)
    if ti.static(n.faces > 0):
        stiffen_pads(e, m, n, r, w)
    total = 0.0
    for v in range(n.vertices):
        total += r.right[e, v].dot(r.right[e, v])
    return ti.sqrt(total)


@ti.func
def shortened(
    e,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """The part of the step that brings a decrease of the potential, by backtracking."""
    scale = 1.0
    if ti.static(n.shortening):
        before = potential(e, 0.0, m, n, r, w, rm, rn, rd)
        slope = 0.0
        for v in range(n.vertices):
            slope -= r.right[e, v].dot(r.step[e, v])
        k = 0
        while k < m.linesearch_iterations[0]:
            k += 1
            after = potential(e, scale, m, n, r, w, rm, rn, rd)
            if after > before + m.linesearch_c[0] * scale * slope:
                scale *= m.linesearch_tau[0]
            else:
                k = m.linesearch_iterations[0]
    return scale


@ti.func
def advance(e, scale, n: ti.template(), r: ti.template(), w: ti.template()):
    """Takes a step.

    Returns:
        The largest distance that a vertex moved [m].
    """
    largest = 0.0
    for v in range(n.vertices):
        d = scale * r.step[e, v]
        w.displacement[e, v] = r.displacement[e, v] + d
        w.iterate[e, v] = r.pos[e, v] + r.displacement[e, v]
        largest = ti.max(largest, d.dot(d))
    return ti.sqrt(largest)


@ti.func
def newton(
    e,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Displacements of the substep, with bodies that keep their velocities."""
    k = 0
    while k < m.newton_iterations[0]:
        k += 1
        size = assemble(e, m, n, r, w, rm, rn, rd)
        tolerance = m.pcg_threshold[0] * size
        left = PASSES
        while left >= 0:
            impose(e, m, n, r, w, rm, rd)
            solve(e, m, n, r, w, 1, tolerance)
            left -= 1
            if left >= 0:
                if not review(e, tolerance, m, n, r, w, rm, rn, rd):
                    left = -1
        moved = advance(e, shortened(e, m, n, r, w, rm, rn, rd), n, r, w)
        if moved < m.newton_threshold[0]:
            k = m.newton_iterations[0]
        if k < m.newton_iterations[0]:
            clear_step(e, n, w)


def approach(m, n, r, w, rm, rn, rd) -> None:
    """The state → displacements with bodies as they are, and what these feel.

    In several launches, as Taichi's compile time grows with the square of the code in one.
    """
    begin(m, n, r, w, rm, rn, rd)
    find_displacements(m, n, r, w, rm, rn, rd)
    if n.coupled:
        meet_bodies(m, n, r, w, rm, rn, rd)


@ti.func
def begin_env(
    e,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """The state of an environment → a first guess, and what may touch."""
    if ti.static(n.coupled):
        keep_velocities(e, w, rn, rd)
    guess(e, m, n, r, w)
    for v in range(n.vertices):
        begin_touch(e, v, m, n, r, w, rm, rn, rd)
    if ti.static(n.faces > 0):
        begin_pads(e, m, n, r, w, rm, rn, rd)


@ti.kernel
def begin(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """The state → a first guess, and what may touch."""
    each_env_with_bodies(begin_env, m, n, r, w, rm, rn, rd)


@ti.func
def move_env(
    e,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Displacements of an environment with bodies as they are, and the forces of what holds."""
    newton(e, m, n, r, w, rm, rn, rd)
    add_reactions(e, True, m, n, r, w, rm, rn, rd)


@ti.kernel
def find_displacements(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Displacements with bodies as they are, and the forces of what holds."""
    each_env_with_bodies(move_env, m, n, r, w, rm, rn, rd)


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
    """What the bodies feel."""
    each_env_with_bodies(tell_bodies, m, n, r, w, rm, rn, rd)


@ti.func
def follow_env(
    e,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Displacements, and the bodies' new velocities → the state of an environment."""
    if ti.static(n.coupled):
        go_along(e, m, n, r, w, rm, rn, rd)
    for k in range(n.materials):
        keep_momentum(e, k, m, n, r, w)
    for v in range(n.vertices):
        d = r.displacement[e, v]
        x = r.pos[e, v] + d
        w.vel[e, v] = d / m.timestep[0]
        w.pos[e, v] = x
        if not_a_place(x):
            w.failed[e] = True
    if w.failed[e]:
        w.error[e] = True


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
    """Displacements, and the bodies' new velocities → the state."""
    each_env_with_bodies(follow_env, m, n, r, w, rm, rn, rd)
