"""Functions that are compiled once and called, instead of being inlined at every call.

Taichi inlines a `@ti.func` wherever it is used, and its compile time grows with the square of the
code of a kernel. A `@subroutine` is a function of its own on the backends that have calls, and
inlined where there are none (Vulkan).
"""

import functools
from collections.abc import Callable

from genesis_state.kernels.lang import ti

CALLING = (ti.x64, ti.arm64, ti.cuda)  # backends compiled by LLVM


def calls() -> bool:
    """Whether the backend has calls. Where it has none, a step is many kernels instead of one."""
    return ti.cfg.arch in CALLING


def subroutine(function: Callable[..., None]) -> Callable[..., None]:
    """Decorator for functions on one environment: every argument annotated, no result."""
    called = ti.real_func(function)
    inlined = ti.func(function)

    @functools.wraps(function)
    def choose(*args):
        if not calls():
            return inlined(*args)
        # Taichi puts what is inlined into a called function into the kernel instead: it asks the
        # kernel where to build, not the function that is being compiled. A kernel outlives a
        # restart of Taichi, so the runtime is looked up each time.
        get_runtime = ti.lang.impl.get_runtime
        get_runtime().current_kernel.ast_builder = lambda: (
            get_runtime().compiling_callable.ast_builder()
        )
        return called(*args)

    choose.func = inlined.func  # these three are how Taichi knows its own functions
    choose._is_taichi_function = True
    choose._is_real_function = True
    return choose
