"""How the environments of a batch are dealt out to the threads of a CPU.

Taichi gives a thread at least 512 iterations of a loop at a time, so that a loop over fewer
environments would keep one core busy. A loop of many blocks of 512 iterations, of which only the
first few have an environment, makes tasks of any size. Which thread takes which environment does
not change any result.
"""

from genesis_state.kernels.lang import ti

TASK = 512  # iterations in a task
BLOCKS = 64  # enough that no thread waits long for the last one
LEAST = 8  # environments worth waking a thread for


def n_blocks(n_envs: int) -> int:
    """Tasks to make of a loop over environments."""
    if ti.cfg.arch not in (ti.x64, ti.arm64):
        return 0
    return max(1, min(BLOCKS, n_envs // LEAST), -(-n_envs // TASK))


def n_iterations(n_envs: int) -> int:
    """Length of a loop over environments."""
    return n_blocks(n_envs) * TASK or n_envs


@ti.func
def environment(i, n_envs: ti.template()):
    """The environment of iteration `i`; `n_envs` if it has none."""
    e = i
    if ti.static(n_blocks(n_envs) > 0):
        size = ti.static(-(-n_envs // max(1, n_blocks(n_envs))))
        e = n_envs
        if i % TASK < size:
            e = ti.min(i // TASK * size + i % TASK, n_envs)
    return e
