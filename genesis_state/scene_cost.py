"""What moving a scene's state costs for any number of environments, measured beforehand.

Rows of the scene's own layout are laid out in memory that belongs to no solver, and moved by the
code that moves those of a scene, so that the time is measured, not modelled. Only what would take
more than `STAND_IN` bytes is measured on fewer environments and scaled: far beyond the caches the
time of a copy is proportional to its bytes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch

from genesis_state.layout import RowLayout, StateLayout
from genesis_state.scene_memory import SceneMemory
from genesis_state.selection import Selection
from genesis_state.transport import Nothing, ZeroCopy

STAND_IN = 1 << 26
"""Bytes of rows up to which an operation is measured at its full size."""

_SECONDS = 0.04  # spent on each operation
_LEAST = 5  # samples of each, however long they take


@dataclass(frozen=True)
class OperationCost:
    """What one call costs.

    Attributes:
        call: The call.
        us: Its time on a machine that does nothing else [µs].
        nbytes: Bytes that it copies.
    """

    call: str
    us: float
    nbytes: int


@dataclass(frozen=True)
class StateCost:
    """What moving a state costs.

    Attributes:
        n_envs: Number of environments it is for.
        operations: get_state into new memory and into a state at hand, reset of all environments,
            and masked reset of every second one.
        measured_n_envs: Environments it was measured on.
        how: How the times were found, in a sentence.
    """

    n_envs: int
    operations: tuple[OperationCost, ...]
    measured_n_envs: int
    how: str


def state_cost(memory: SceneMemory, n_envs: int) -> StateCost:
    """Measures what moving the state of `n_envs` environments costs, in about 0.2 s.

    Args:
        memory: A scene's memory; it is left as it is.
        n_envs: Number of environments. Where kernels move states, only the scene's own memory can
            be measured: for more environments its time is taken as proportional.
    """
    per_env = memory.layout.nbytes()
    if memory.transport == "zero_copy":
        measured = max(1, min(n_envs, STAND_IN // max(1, per_env)))
        times = _times(_StandIn(memory.layout, measured, memory.device))
        how = f"measured on as many rows of {per_env:,} bytes"
    else:
        measured = memory.n_envs
        times = _times(memory)
        how = "measured in this scene"
    if measured != n_envs:
        how += f" of {measured:,} environments and scaled"
    scale = max(n_envs / measured, 1.0)
    half = (n_envs + 1) // 2
    moved = {"reset(state, envs_idx=half)": half * per_env}
    operations = tuple(
        OperationCost(call, us * scale, moved.get(call, n_envs * per_env))
        for call, us in times.items()
    )
    return StateCost(n_envs, operations, measured, how)


def _times(memory: SceneMemory) -> dict[str, float]:
    """Time of each operation [µs]; a reset writes what is there."""
    out = memory.read(None, params=False)
    state = memory.read(None, params=False)
    mask = torch.arange(memory.n_envs, device=memory.device) % 2 == 0
    calls: dict[str, Callable[[], Any]] = {
        "get_state()": lambda: memory.read(None, params=False),
        "get_state(out=state)": lambda: memory.read(out, params=False),
        "reset(state)": lambda: memory.write(state, None, params=False),
        "reset(state, envs_idx=half)": lambda: memory.write(state, mask, params=False),
    }
    on_gpu = memory.device.type == "cuda"
    return {name: _undisturbed_us(call, on_gpu) for name, call in calls.items()}


def _undisturbed_us(call: Callable[[], Any], on_gpu: bool) -> float:
    """The 10th percentile, which what else the machine does hardly moves [µs]."""
    call()
    samples: list[int] = []
    end = time.perf_counter() + _SECONDS
    while len(samples) < _LEAST or time.perf_counter() < end:
        if on_gpu:
            torch.cuda.synchronize()
        start = time.perf_counter_ns()
        call()
        if on_gpu:
            torch.cuda.synchronize()
        samples.append(time.perf_counter_ns() - start)
    samples.sort()
    return samples[len(samples) // 10] / 1000


class _Rows:
    """Rows of no solver, read and written as those of a block are."""

    def __init__(self, layout: RowLayout, n_rows: int, device: torch.device):
        rows = torch.zeros((n_rows, layout.words), dtype=torch.int64, device=device)
        self._transport = ZeroCopy(rows) if layout.words else Nothing(n_rows, device)

    def read(self, out: torch.Tensor) -> None:
        self._transport.read(out)

    def write(
        self,
        source: torch.Tensor,
        selection: Selection,
        mode: str,
        origin: torch.Tensor | None = None,
    ) -> None:
        self._transport.write(source, selection, mode, origin)


class _StandIn(SceneMemory):
    """Memory as a scene of `n_envs` environments has it, without the scene."""

    def __init__(self, layout: StateLayout, n_envs: int, device: torch.device):
        self.layout, self.n_envs, self.device = layout, n_envs, device
        arenas = [SimpleNamespace(saved=_Rows(o.saved, n_envs, device)) for o in layout.owners]
        self._arenas: Any = tuple(arenas)
