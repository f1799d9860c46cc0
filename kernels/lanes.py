"""Lanes: fixed shares of an environment's work, each done by one thread.

How many lanes there are depends on the model alone. So the order of every sum is fixed, whatever
the number of threads, if a lane adds up its own share and the lanes' sums are added in their order.
"""

from genesis_state.kernels.dealing import dealt
from genesis_state.kernels.lang import ti


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
