"""How the environments of a batch, or shares of them, are dealt out to the threads of a CPU.

Taichi gives a thread at least 512 iterations of a loop at a time, so that a loop over fewer
environments would keep one core busy. A loop of many blocks of 512 iterations, of which only the
first few have an environment, makes tasks of any size. Which thread takes which environment does
not change any result.
"""

from genesis_state.kernels.lang import ti

TASK = 512  # iterations in a task
BLOCKS = 64  # enough that no thread waits long for the last one
LEAST = 8  # environments worth waking a thread for


def on_cpu() -> bool:
    """Whether threads are few and each worth a long task."""
    return ti.cfg.arch in (ti.x64, ti.arm64)


def n_blocks(count: int, least: int = LEAST) -> int:
    """Tasks to make of a loop over `count` environments or shares; `least` are worth a thread.

    If any thread is worth waking, there are enough tasks for all to end at about the same time.
    """
    if not on_cpu():
        return 0
    wanted = min(BLOCKS, count, 4 * count // least) if count >= 2 * least else 1
    return max(1, wanted, -(-count // TASK))


def n_iterations(count: int, least: int = LEAST) -> int:
    """Length of a loop over `count` environments or shares."""
    return n_blocks(count, least) * TASK or count


@ti.func
def dealt(i, count: ti.template(), least: ti.template()):
    """Which of `count` environments or shares is that of iteration `i`; `count` if it has none."""
    k = i
    if ti.static(n_blocks(count, least) > 0):
        size = ti.static(-(-count // max(1, n_blocks(count, least))))
        k = count
        if i % TASK < size:
            k = ti.min(i // TASK * size + i % TASK, count)
    return k


@ti.func
def environment(i, n_envs: ti.template()):
    """The environment of iteration `i`; `n_envs` if it has none."""
    return dealt(i, n_envs, LEAST)
