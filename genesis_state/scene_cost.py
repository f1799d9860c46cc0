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
from typing import TYPE_CHECKING, Any

import torch

from genesis_state.block import Block
from genesis_state.scene_memory import SceneMemory
from genesis_state.selection import Selection
from genesis_state.state import SimState
from genesis_state.transport import Nothing, ZeroCopy

if TYPE_CHECKING:
    from genesis_state.scene import Scene

STAND_IN = 1 << 25
"""Bytes of rows up to which an operation is measured at its full size."""

_SECONDS = 0.15  # spent on all operations
_LEAST = 6  # samples of each, however long they take


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


def state_cost(scene: Scene, n_envs: int) -> StateCost:
    """Measures what moving the state of `n_envs` environments costs, in 0.2 s to 1 s.

    Args:
        scene: A built scene; it is left as it is.
        n_envs: Number of environments. Where kernels move states, only the scene's own memory can
            be measured: for more environments its time is taken as proportional.
    """
    memory = scene._memory
    per_env = memory.layout.nbytes()
    if memory.transport == "zero_copy":
        measured = max(1, min(n_envs, STAND_IN // max(1, per_env)))
        times = _times(scene, _StandIn(memory, measured))
        how = f"measured on {measured:,} rows of {per_env:,} bytes"
    else:
        measured = memory.n_envs
        times = _times(scene, memory)
        how = f"measured in this scene, of {measured:,} environments"
    if measured != n_envs:
        how += ", and scaled"
    scale = max(n_envs / measured, 1.0)
    half = (n_envs + 1) // 2
    moved = {"reset(state, envs_idx=half)": half * per_env}
    operations = tuple(
        OperationCost(call, us * scale, moved.get(call, n_envs * per_env))
        for call, us in times.items()
    )
    return StateCost(n_envs, operations, measured, how)


def _times(scene: Scene, memory: SceneMemory) -> dict[str, float]:
    """Time of each operation [µs]; a reset writes what is there."""
    out = memory.read(None, params=False)
    state = memory.read(None, params=False)
    mask = torch.arange(memory.n_envs, device=memory.device) % 2 == 0

    def read(into: SimState | None) -> None:
        scene._require_built()  # as the scene's own methods do; a small state takes little more
        memory.read(into, params=False)

    def write(envs_idx: torch.Tensor | None) -> None:
        scene._require_built()
        memory.write(state, envs_idx, params=False)

    calls: dict[str, Callable[[], None]] = {
        "get_state()": lambda: read(None),
        "get_state(out=state)": lambda: read(out),
        "reset(state)": lambda: write(None),
        "reset(state, envs_idx=half)": lambda: write(mask),
    }
    samples: dict[str, list[float]] = {name: [] for name in calls}
    end = time.perf_counter() + _SECONDS
    # They take turns, so that what else the machine does meets all of them.
    while len(samples["get_state()"]) < _LEAST or time.perf_counter() < end:
        for name, call in calls.items():
            call()  # which finds another call's bytes in the caches
            samples[name].append(_seconds(call, memory.device))
    # The 10th percentile, which what else the machine does hardly moves.
    return {name: sorted(found)[len(found) // 10] * 1e6 for name, found in samples.items()}


def _seconds(call: Callable[[], Any], device: torch.device) -> float:
    _wait(device)
    start = time.perf_counter()
    call()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class _Rows:
    """Rows of no solver, read and written as those of a block are."""

    def __init__(self, block: Block, n_rows: int):
        words, device = block.layout.words, block.device
        rows = torch.zeros((n_rows, words), dtype=torch.int64, device=device)
        self._transport = ZeroCopy(rows) if words else Nothing(n_rows, device)
        self._check = block.check

    def read(self, out: torch.Tensor) -> None:
        self._check()
        self._transport.read(out)

    def write(self, source: torch.Tensor, selection: Selection, mode: str) -> None:
        self._check()
        self._transport.write(source, selection, mode, None)


class _StandIn(SceneMemory):
    """Memory as the scene has it, but of `n_envs` environments and without solvers."""

    def __init__(self, memory: SceneMemory, n_envs: int):
        self.layout, self.n_envs, self.device = memory.layout, n_envs, memory.device
        self.arenas: Any = tuple(
            SimpleNamespace(saved=_Rows(arena.saved, n_envs)) for arena in memory.arenas
        )
