"""What a bank of states, copies of environments and branches cost, beside a masked reset.

    python benchmarks/state_bank.py > state_bank.json

The scene is a Franka; half of its environments are reset, others each time, as in training. All
operations take turns, a few samples each, so that whatever else the machine does meets all of them.
`times` is the median, over turns, of an operation's time over that of the masked reset of the same
turn; `times_undisturbed` compares 10th percentiles, which a busy machine hardly moves.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

import genesis_state as gs

FACTOR = 2
LARGE = 2048  # environments: for fewer, what counts is the way there
MASKS = 16
SAMPLES = 3  # in a turn; the first of them, on caches full of the other side, is left out
BASELINE = "reset(state, mask)"
TARGET = "bank.reset(scene, mask)"


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--n-envs", type=int, nargs="+", default=[64, 1024, 4096])
    parser.add_argument("--capacity", type=int, nargs="+", default=[4096, 16384])
    parser.add_argument("--transport", choices=["zero_copy", "kernel"], default=None)
    parser.add_argument("--turns", type=int, default=200)
    args = parser.parse_args()

    gs.init(logging_level="warning")
    batches = [
        batch(n, capacity, args.transport, args.turns)
        for n in args.n_envs
        for capacity in args.capacity
    ]
    report: dict[str, Any] = {
        "scene": "franka",
        "transport": args.transport or "zero_copy",
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "torch": torch.__version__,
        },
        "target": f"{TARGET} at most {FACTOR} x {BASELINE} where it moves {LARGE} or more",
        "met": met(batches, "times"),
        "met_undisturbed": met(batches, "times_undisturbed"),
        "batches": batches,
    }
    print(json.dumps(report, indent=2))


def met(batches: list[dict[str, Any]], key: str) -> bool:
    """Whether every large batch meets the target."""
    large = (batch["operations"][TARGET] for batch in batches if batch["reset"] >= LARGE)
    return all(line[key] <= FACTOR for line in large)


def batch(n_envs: int, capacity: int, transport: str | None, turns: int) -> dict[str, Any]:
    """All operations at one number of environments and of entries."""
    scene = gs.Scene(sim_options=gs.options.SimOptions(state_transport=transport))
    robot = scene.add_entity(gs.morphs.MJCF(file="franka.xml"))
    scene.build(n_envs=n_envs)
    random = torch.Generator().manual_seed(0)
    half = n_envs // 2
    masks = [torch.randperm(n_envs, generator=random) < half for _ in range(MASKS)]
    mask = masks[0]

    bank, state = gs.StateBank(scene, capacity), scene.get_state()
    while len(bank) < capacity:
        robot.set_dofs_velocity(torch.randn(n_envs, robot.n_dofs, generator=random))
        state = scene.get_state()
        bank.add(state, weights=torch.rand(n_envs, generator=random))
    fresh = state.clone()  # other states in every turn
    entries = bank.sample(half)
    outcome = torch.rand(half, generator=random)
    rows = torch.ones((half, state.nbytes // n_envs // 8), dtype=torch.int64)
    copy = rows.clone()

    def update_sample() -> None:
        bank._lottery = None  # as an update does
        bank.sample(half)

    def add() -> None:
        fresh.envs_t.add_(1)
        bank.add(fresh, envs_idx=mask)

    def branch() -> None:
        with scene.branch():
            pass

    operations: dict[str, Callable[[], object]] = {
        BASELINE: lambda: scene.reset(state, envs_idx=mask),
        TARGET: lambda: bank.reset(scene, envs_idx=mask),
        "bank.sample": lambda: bank.sample(half),
        "bank.update": lambda: bank.update(entries, outcome),
        "bank.sample after an update": update_sample,
        "bank.add(state, mask)": add,
        "copy_envs, half onto the others": lambda: scene.copy_envs(~mask, mask),
        "copy_envs, one onto half": lambda: scene.copy_envs(0, mask),
        "branch, in and out": branch,
        "get_state()": lambda: scene.get_state(),
        "memcpy of half": lambda: copy.copy_(rows),
    }
    times: dict[str, list[int]] = {name: [] for name in operations}
    gc.disable()
    for turn in range(turns):
        for name, operation in operations.items():
            for sample in range(SAMPLES):
                mask = masks[(SAMPLES * turn + sample) % MASKS]
                start = time.perf_counter_ns()
                operation()
                end = time.perf_counter_ns()
                if sample:
                    times[name].append(end - start)
    gc.enable()
    scene.close()
    return {
        "n_envs": n_envs,
        "reset": half,
        "entries": capacity,
        "bytes_per_env": state.nbytes // n_envs,
        "operations": {name: summary(times[name], times[BASELINE]) for name in operations},
    }


def summary(times: list[int], baseline: list[int]) -> dict[str, float]:
    """Quantiles [us], and how many times the baseline."""
    ratios = [mine / base for mine, base in zip(times, baseline, strict=True)]
    return {
        "us": round(statistics.median(times) / 1000, 1),
        "p10_us": round(p10(times) / 1000, 1),
        "times": round(statistics.median(ratios), 2),
        "times_undisturbed": round(p10(times) / p10(baseline), 2),
    }


def p10(times: list[int]) -> int:
    """The 10th percentile."""
    return sorted(times)[len(times) // 10]


if __name__ == "__main__":
    main()
