"""One substep of the finite element method, explicit in time: forces, velocities, positions.

Kernels take the fields they read (`r`) and the fields they write (`w`) apart; a step passes the
same ones for both. Elements write the forces on their corners, and every vertex adds up its own in
the order of the elements, so that no sum depends on how work is dealt to threads.

`rm`, `rn`, `rd` are the model, sizes and fields of the rigid solver; all three are the FEM solver's
own where there are no rigid bodies, which `n.coupled` tells.
"""

from genesis_state.kernels.body_contact import (
    clear_contact,
    collided,
    keep_velocities,
    sum_all_contact,
)
from genesis_state.kernels.dealing import dealt, n_iterations
from genesis_state.kernels.fem_elements import push_corners
from genesis_state.kernels.fem_faces import face_impulses, find_face_touch, parts, touch_face
from genesis_state.kernels.fem_vertex import (
    HARD,
    SPRING,
    attach_to_body,
    body_at,
    holder,
    not_a_place,
    on_floor,
    pull_body,
    sprung,
    to_target,
    vertex_force,
    vertex_mass,
)
from genesis_state.kernels.lanes import (
    each_lane,
    each_lane_with_bodies,
    share,
    stop_failed,
    stop_failed_envs,
)
from genesis_state.kernels.lang import ti


@ti.func
def weigh_vertices(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """A lane's vertices → their masses, of elements that take part; nothing has failed yet."""
    first, end = share(lane, n.vertices, n)
    for v in range(first, end):
        w.mass[e, v] = vertex_mass(e, v, m, r)
    w.failed[e] = False


@ti.kernel
def begin_step(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Elements that take part → masses of vertices."""
    each_lane(weigh_vertices, m, n, r, w)


@ti.func
def push_lane(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """A lane's elements → forces on their corners."""
    first, end = share(lane, n.elements, n)
    for k in range(first, end):
        push_corners(e, k, m, n, r, w)


@ti.func
def free_velocity(e, v, m: ti.template(), r: ti.template()):
    """Velocity of a vertex after a substep with nothing in its way."""
    h = m.timestep[0]
    pushed = r.vel[e, v] + h / r.mass[e, v] * vertex_force(e, v, m, r)
    return m.damping[0] * pushed + h * m.gravity[0]


@ti.func
def place(e, v, u, m: ti.template(), r: ti.template(), w: ti.template()):
    """Moves a vertex with velocity `u`."""
    x = r.pos[e, v] + m.timestep[0] * u
    w.vel[e, v] = u
    w.pos[e, v] = x
    if not_a_place(x):
        w.failed[e] = True


# ---------------------------------------------------------------- without rigid bodies


@ti.func
def move_vertex(e, v, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """Forces on corners → a vertex's velocity and position."""
    u = ti.Vector([0.0, 0.0, 0.0])
    if r.mass[e, v] > 0.0:
        u = free_velocity(e, v, m, r)
        held = 0
        if ti.static(n.constrained):
            held = r.constrained[e, v]
            offset = r.constraint_target[e, v] - r.pos[e, v]
            if held == HARD:
                u = offset / m.timestep[0]
            if held == SPRING:
                stiffness = r.constraint_stiffness[e, v]
                u = sprung(u, ti.Vector([0.0, 0.0, 0.0]), offset, stiffness, m.timestep[0])
        if ti.static(n.floor):
            if held != HARD:
                u = on_floor(e, v, m, r, u)
    place(e, v, u, m, r, w)


@ti.kernel
def step_envs(
    m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template(), substeps: ti.i32
):
    """All substeps of a step, environment by environment."""
    for i in range(ti.static(n_iterations(n.envs, 1))):
        e = dealt(i, n.envs, 1)
        if e < n.envs:
            for _ in range(substeps):
                if not w.error[e]:
                    for k in range(n.elements):
                        push_corners(e, k, m, n, r, w)
                    for v in range(n.vertices):
                        move_vertex(e, v, m, n, r, w)
                    stop_failed(e, w)


@ti.func
def move_lane(e, lane, m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """A lane's vertices → their velocities and positions."""
    first, end = share(lane, n.vertices, n)
    for v in range(first, end):
        move_vertex(e, v, m, n, r, w)


@ti.kernel
def substep(m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()):
    """One substep, lane by lane."""
    each_lane(push_lane, m, n, r, w)
    each_lane(move_lane, m, n, r, w)
    stop_failed_envs(n, w)


# ---------------------------------------------------------------- with rigid bodies


@ti.func
def meet_vertex(
    e,
    lane,
    v,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Forces on corners → `free_velocity`, and what a vertex adds to the bodies it touches."""
    h = m.timestep[0]
    x = r.pos[e, v]
    mass = r.mass[e, v]
    u = free_velocity(e, v, m, r)
    held = 0
    if ti.static(n.constrained):
        held = r.constrained[e, v]
        b = holder(e, v, n, r, rn)
        offset = to_target(e, v, n, r, rn, rd)
        if held == HARD:
            w.held_velocity[e, v] = offset / h
            attach_to_body(e, lane, b, x, mass, u - offset / h, w, rm, rd)
        if held == SPRING:
            body = body_at(e, b, x, w.body_velocity, n, rm, rd)
            after = sprung(u, body, offset, r.constraint_stiffness[e, v], h)
            pull_body(e, lane, b, x, mass * (u - after), w, rm, rd)
            u = after
    w.free_velocity[e, v] = u
    if held != HARD and m.vertex_outside[v] != 0:
        if ti.static(n.faces > 0):
            mass /= parts(e, v, m, r)
        collided(e, lane, x, 0.0, u, mass, 0, rn.coupled_geoms, True, True, m, w, rm, rn, rd)


@ti.func
def look_around_lane(
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
    """A lane's elements and faces → forces on corners, and what the faces are near."""
    first, end = share(lane, n.elements, n)
    for k in range(first, end):
        push_corners(e, k, m, n, r, w)
    if ti.static(n.faces > 0):
        first_face, end_face = share(lane, n.faces, n)
        for f in range(first_face, end_face):
            find_face_touch(e, f, m, r, w, rm, rn, rd)
    if lane == 0:
        keep_velocities(e, w, rn, rd)


@ti.func
def meet_lane(
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
    """A lane's vertices → free velocities, and what they add to the bodies that they touch."""
    clear_contact(e, lane, w, rn)
    first, end = share(lane, n.vertices, n)
    for v in range(first, end):
        if r.mass[e, v] > 0.0:
            meet_vertex(e, lane, v, m, n, r, w, rm, rn, rd)


@ti.func
def meet_faces(
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
    """A lane's faces → what they add to the bodies that they touch."""
    first, end = share(lane, n.faces, n)
    for f in range(first, end):
        if r.face_geom[e, f] >= 0:
            touch_face(e, lane, f, True, m, r, w, rm, rn, rd)


@ti.kernel
def approach(
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Free velocities, and what touches rigid bodies → the inertia and momentum it adds to them."""
    each_lane_with_bodies(look_around_lane, m, n, r, w, rm, rn, rd)
    each_lane_with_bodies(meet_lane, m, n, r, w, rm, rn, rd)
    if ti.static(n.faces > 0):
        each_lane_with_bodies(meet_faces, m, n, r, w, rm, rn, rd)
    sum_all_contact(n, w, rn, rd)


@ti.func
def leave_vertex(
    e,
    lane,
    v,
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """`free_velocity` → the velocity of a vertex beside bodies that have moved."""
    x = r.pos[e, v]
    u = r.free_velocity[e, v]
    held = 0
    if ti.static(n.constrained):
        held = r.constrained[e, v]
        if held == HARD:
            b = holder(e, v, n, r, rn)
            u = r.held_velocity[e, v] + body_at(e, b, x, rd.cvel, n, rm, rd)
    if held != HARD:
        if m.vertex_outside[v] != 0:
            after = collided(
                e,
                lane,
                x,
                0.0,
                u,
                r.mass[e, v],
                0,
                rn.coupled_geoms,
                True,
                False,
                m,
                w,
                rm,
                rn,
                rd,
            )
            if ti.static(n.faces > 0):
                after = u + (after - u) / parts(e, v, m, r)
                after += face_impulses(e, v, m, r) / r.mass[e, v]
            u = after
        if ti.static(n.floor):
            u = on_floor(e, v, m, r, u)
    return u


@ti.func
def leave_faces(
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
    """A lane's faces → what bodies do to them."""
    first, end = share(lane, n.faces, n)
    for f in range(first, end):
        if r.face_geom[e, f] >= 0:
            touch_face(e, lane, f, False, m, r, w, rm, rn, rd)


@ti.func
def leave_lane(
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
    """A lane's vertices → their velocities beside bodies that have moved, and positions."""
    first, end = share(lane, n.vertices, n)
    for v in range(first, end):
        u = ti.Vector([0.0, 0.0, 0.0])
        if r.mass[e, v] > 0.0:
            u = leave_vertex(e, lane, v, m, n, r, w, rm, rn, rd)
        place(e, v, u, m, r, w)


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
    """`free_velocity`, and the bodies' velocities → those of the vertices, and where they go."""
    if ti.static(n.faces > 0):
        each_lane_with_bodies(leave_faces, m, n, r, w, rm, rn, rd)
    each_lane_with_bodies(leave_lane, m, n, r, w, rm, rn, rd)
    stop_failed_envs(n, w)
