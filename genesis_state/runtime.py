"""The Taichi runtime of the process: started once, by `init` or by the first scene.

Taichi has one runtime per process, and starting it again frees the memory of every field. So a
`Runtime` is an object with a life: whatever holds fields holds the runtime they belong to, and asks
it whether it is still the one that runs.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import random
import sys
import weakref
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
import torch

from genesis_state.pages import let_go

logger = logging.getLogger("genesis_state")


class Backend(str, Enum):
    """Where kernels run."""

    cpu = "cpu"
    gpu = "gpu"
    cuda = "cuda"
    vulkan = "vulkan"

    def __repr__(self) -> str:
        return f"gs.{self.value}"


MAX_TREES = 500
"""Taichi has room for 512, some of which users may need for fields of their own."""

_DTYPES = {"32": torch.float32, "64": torch.float64}


@dataclass(eq=False)
class Runtime:
    """One start of Taichi.

    Attributes:
        backend: What was asked for, with `gpu` resolved to `cuda` or `cpu`.
        precision: "32" or "64".
        device: Where tensors that users get and give live.
        program: Taichi's own handle, to notice a `ti.init` by somebody else.
        users: Scenes that hold fields of this runtime.
        trees: Trees of fields that are alive.
    """

    backend: Backend
    precision: str
    device: torch.device
    program: Any
    users: weakref.WeakSet = field(default_factory=weakref.WeakSet)
    trees: int = 0

    def require_tree(self) -> None:
        """Raises if Taichi has room for no more trees of fields: one more would end the process."""
        if self.trees >= MAX_TREES:
            living = sum(1 for user in self.users if not user.closed)
            raise RuntimeError(
                f"{living} scenes are alive, more than Taichi has room for; close those that are "
                "not used any more with scene.close(), or all with gs.destroy()."
            )

    @property
    def tc_float(self) -> torch.dtype:
        """The dtype of "float" variables."""
        return _DTYPES[self.precision]

    def user_of(self, layout: object) -> Any:
        """A built scene whose states have this layout, or None."""
        fitting = [user for user in self.users if user.is_built and user.layout == layout]
        return next((user for user in fitting if user.layout is layout), next(iter(fitting), None))

    @property
    def alive(self) -> bool:
        """Whether this is still the runtime that Taichi runs."""
        # While the interpreter ends nothing can be imported, and all is freed anyway.
        if sys is None or sys.is_finalizing():
            return False
        return self is _current and self.program is _taichi_program()


_current: Runtime | None = None


def init(
    backend: Backend = Backend.cpu,
    precision: str = "32",
    seed: int | None = None,
    logging_level: int | str | None = None,
) -> None:
    """Starts the runtime. Optional: the first scene starts one with the defaults.

    Calling it again with the same backend and precision changes nothing.

    Args:
        backend: `gs.cpu`, `gs.cuda`, `gs.vulkan`, or `gs.gpu` for CUDA if there is one and the
            CPU, with a warning, if not.
        precision: "32" or "64": bits of every float variable.
        seed: Seeds the generators of `random`, NumPy and torch. The physics draws no numbers.
        logging_level: Level of the logger "genesis_state", such as "warning".

    Raises:
        ValueError: An unknown backend or precision, or 64 bits on Vulkan.
        RuntimeError: The backend is not available, or scenes of other settings are alive.
    """
    global _current
    if logging_level is not None:
        level = logging_level.upper() if isinstance(logging_level, str) else logging_level
        logger.setLevel(level)
    if seed is not None:
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.manual_seed(seed)
    try:
        wanted = Backend(backend)
    except ValueError:
        names = ", ".join(repr(b) for b in Backend)
        raise ValueError(f"gs.init: backend is {backend!r}, needs one of {names}.") from None
    if precision not in _DTYPES:
        raise ValueError(f'gs.init: precision is {precision!r}, needs "32" or "64".')
    wanted = _resolve(wanted)
    if wanted is Backend.vulkan and precision == "64":
        raise ValueError('gs.init: Vulkan computes in 32 bits only; pass precision="32".')
    if _current is not None and _current.alive:
        if (_current.backend, _current.precision) == (wanted, precision):
            return
        living = sum(1 for user in _current.users if not user.closed)
        if living:
            raise RuntimeError(
                f"gs.init: {living} scene(s) live on backend={_current.backend!r}, precision="
                f'"{_current.precision}"; close them, or call gs.destroy(), before changing to '
                f'backend={wanted!r}, precision="{precision}".'
            )
    destroy()
    _current = _start(wanted, precision)


def destroy() -> None:
    """Closes every scene and ends the runtime. What was copied out of it lives on."""
    global _current
    if _current is None:
        return
    for user in list(_current.users):
        user.close()
    if _current.alive:
        from genesis_state.kernels.lang import ti

        ti.reset()
    _current = None
    let_go()


def current() -> Runtime | None:
    """The running runtime, or None."""
    return _current if _current is not None and _current.alive else None


def require() -> Runtime:
    """The running runtime; starts one with the defaults if there is none."""
    if current() is None:
        init()
    assert _current is not None
    return _current


def _resolve(backend: Backend) -> Backend:
    """What `backend` means on this machine."""
    if backend in (Backend.gpu, Backend.cuda) and not torch.cuda.is_available():
        if backend is Backend.cuda:
            raise RuntimeError("gs.init: torch finds no CUDA device; use gs.cpu or gs.gpu.")
        logger.warning("gs.gpu: no CUDA device was found, the CPU is used.")
        return Backend.cpu
    return Backend.cuda if backend is Backend.gpu else backend


def _start(backend: Backend, precision: str) -> Runtime:
    from genesis_state.kernels.lang import ti
    from genesis_state.kernels.short_loops import expect_short_loops

    if backend is Backend.cpu:
        expect_short_loops()
    # Exact floating point: the contract rests on each environment's arithmetic being the same
    # wherever the compiler meets it, which reassociation and fused operations do not promise.
    options: dict[str, Any] = {
        "arch": getattr(ti, backend.value),
        "default_fp": ti.f32 if precision == "32" else ti.f64,
        "default_ip": ti.i32,
        "fast_math": False,
        # Forwards stores to loads, which LLVM does as well; its time grows with the square of a
        # kernel's code.
        "cfg_optimization": False,
        "offline_cache": True,
        "log_level": ti.ERROR,
        "enable_fallback": False,
        "unrolling_limit": 0,  # no warning: blocks unroll over their variables
    }
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):  # Taichi announces its backend with print
            ti.init(**options)
    except Exception as error:
        raise RuntimeError(f"gs.init: Taichi cannot start on {backend.value}: {error}") from error
    config: Any = ti.cfg
    if config.arch != options["arch"]:
        ti.reset()
        raise RuntimeError(f"gs.init: Taichi finds no driver for {backend.value}; use gs.cpu.")
    device = torch.device("cuda" if backend is Backend.cuda else "cpu")
    return Runtime(backend, precision, device, _taichi_program())


@functools.cache
def _taichi() -> Any:
    """Taichi, not imported before it is needed."""
    from genesis_state.kernels.lang import ti

    lang: Any = ti.lang
    return lang.impl


def _taichi_program() -> Any:
    return _taichi().get_runtime().prog


def get_device() -> torch.device:
    """Where tensors live: that of the running runtime, else of the one that would be started."""
    runtime = current()
    return runtime.device if runtime else torch.device("cpu")


def get_tc_float() -> torch.dtype:
    """The float dtype of the running runtime, else of the one that would be started."""
    runtime = current()
    return runtime.tc_float if runtime else torch.float32


def get_tc_int() -> torch.dtype:
    """The int dtype of every runtime."""
    return torch.int32


def get_tc_bool() -> torch.dtype:
    """The bool dtype of every runtime."""
    return torch.bool
