"""Lanes: fixed shares of an environment's work, each done by one thread.

How many lanes there are depends on the model alone. So the order of every sum is fixed, whatever
the number of threads, if a lane adds up its own share and the lanes' sums are added in their order.

A kernel is written as a list of tasks, each done by all lanes before the next begins:

    each_lane(task, m, n, r, w)                            task(e, lane, m, n, r, w)
    each_lane_with_bodies(task, m, n, r, w, rm, rn, rd)    task(e, lane, m, n, r, w, rm, rn, rd)
    each_env(task, m, n, r, w)                             task(e, m, n, r, w)
    each_env_with_bodies(task, m, n, r, w, rm, rn, rd)     task(e, m, n, r, w, rm, rn, rd)

Environments that have stopped are passed over. `n.envs` and `n.lanes` say how many there are.
"""

from genesis_state.kernels.dealing import LEAST, dealt, n_blocks, n_iterations
from genesis_state.kernels.lang import ti

MOST = 32  # lanes of an environment: the threads of one that is alone


def n_lanes(count: int, share: int) -> int:
    """Lanes of an environment with so many things, of which `share` are worth a lane."""
    return min(MOST, max(1, count // share))


@ti.func
def lane_of(i, n: ti.template(), w: ti.template()):
    """Environment and lane of iteration `i`; environment -1 for none, or for a stopped one."""
    k = dealt(i, n.envs * n.lanes, 1)
    e = -1
    if k < n.envs * n.lanes:
        if not w.error[k // n.lanes]:
            e = k // n.lanes
    return e, k % n.lanes


@ti.func
def each_lane(
    task: ti.template(), m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()
):
    """Has every lane do a task."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            task(e, lane, m, n, r, w)


@ti.func
def each_lane_with_bodies(
    task: ti.template(),
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Has every lane do a task that rigid bodies take part in."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs * n.lanes, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs * n.lanes, 1))):
        e, lane = lane_of(i, n, w)
        if e >= 0:
            task(e, lane, m, n, r, w, rm, rn, rd)


@ti.func
def each_env(
    task: ti.template(), m: ti.template(), n: ti.template(), r: ti.template(), w: ti.template()
):
    """Has a task done for every environment, each of which is worth a thread."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs, 1))):
        e = dealt(i, n.envs, 1)
        if e < n.envs:
            if not w.error[e]:
                task(e, m, n, r, w)


@ti.func
def each_env_with_bodies(
    task: ti.template(),
    m: ti.template(),
    n: ti.template(),
    r: ti.template(),
    w: ti.template(),
    rm: ti.template(),
    rn: ti.template(),
    rd: ti.template(),
):
    """Has a task that rigid bodies take part in done for every environment."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs, 1) == 1))
    for i in range(ti.static(n_iterations(n.envs, 1))):
        e = dealt(i, n.envs, 1)
        if e < n.envs:
            if not w.error[e]:
                task(e, m, n, r, w, rm, rn, rd)


@ti.func
def stop_failed_envs(n: ti.template(), w: ti.template()):
    """`stop_failed` of all environments."""
    ti.loop_config(serialize=ti.static(n_blocks(n.envs) == 1))
    for i in range(ti.static(n_iterations(n.envs))):
        e = dealt(i, n.envs, LEAST)
        if e < n.envs:
            stop_failed(e, w)


@ti.func
def stop_failed(e, w: ti.template()):
    """Stops an environment in which something failed, now that no lane is at work in it.

    Were it stopped at once, it would depend on the threads how far the other lanes had come.
    """
    if not w.error[e] and w.failed[e]:
        w.error[e] = True


@ti.func
def share(lane, count: ti.template(), n: ti.template()):
    """A lane's part of `count` things: the first, and one past the last."""
    return count * lane // n.lanes, count * (lane + 1) // n.lanes
