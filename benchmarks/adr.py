"""What an update of ADR costs, beside the same bookkeeping as a loop over parameters with deques.

    OMP_NUM_THREADS=1 python benchmarks/adr.py > adr.json

27 parameters, 14 of which have a value per environment; 1 % of the episodes end in each step.
The loop does what the reading of the algorithm suggests: for each parameter, masks of those who
evaluate its ends, a deque for each end, and a draw for each parameter. It has neither checks nor
limits, and shares the results' meaning only. Both take turns, so that whatever else the machine
does meets both.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import torch

from genesis_state.randomization import ADR, RandomStreams

PARAMS, BUILTIN = 27, 13
LENGTH, LOW, HIGH, DELTA = 256, 5.0, 20.0, 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--n-envs", type=int, nargs="+", default=[256, 4096, 16384])
    parser.add_argument("--done", type=float, default=0.01, help="share of episodes that end")
    parser.add_argument("--updates", type=int, default=1000)
    args = parser.parse_args()
    report: dict[str, Any] = {
        "params": PARAMS,
        "done_share": args.done,
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "torch": torch.__version__,
            "torch_threads": torch.get_num_threads(),
        },
        "batches": [batch(n_envs, args.done, args.updates) for n_envs in args.n_envs],
    }
    print(json.dumps(report, indent=2))


def batch(n_envs: int, share: float, updates: int) -> dict[str, Any]:
    """Medians and 10th percentiles [µs] of an update, and the queries of a step beside it."""
    adr, loop = ADR(config(), n_envs, RandomStreams(0)), Loop(n_envs)
    generator = torch.Generator().manual_seed(0)
    times: dict[str, list[float]] = {"update": [], "loop": [], "values": [], "state_dict": []}
    for step in range(updates):
        done = torch.rand(n_envs, generator=generator) < share
        objective = 12 + 8 * torch.randn(n_envs, generator=generator)
        times["update"].append(timed(adr.update, done, objective))
        times["values"].append(timed(adr.values, "p26"))
        if step % 10 == 0:
            times["loop"].append(timed(loop.update, done, objective))
            times["state_dict"].append(timed(adr.state_dict))
    found = {
        f"{what}_us": {
            "median": round(statistics.median(taken), 1),
            "p10": round(statistics.quantiles(taken, n=10)[0], 1),
        }
        for what, taken in times.items()
    }
    return {"n_envs": n_envs, **found}


def timed(call: Callable[..., Any], *args: Any) -> float:
    """How long a call takes [µs]."""
    start = time.perf_counter()
    call(*args)
    return (time.perf_counter() - start) * 1e6


def config() -> dict[str, Any]:
    """27 parameters, of which the first 13 are properties of the simulation."""
    params: dict[str, dict[str, Any]] = {}
    for place in range(PARAMS):
        params[f"p{place:02}"] = {"init_range": [0.8, 1.2], "limits": [0.01, 10], "delta": DELTA}
        if place < BUILTIN:
            params[f"p{place:02}"]["range_path"] = f"actor_params.hand.dof_properties.p{place}"
    return {
        "use_adr": True,
        "adr_queue_threshold_length": LENGTH,
        "adr_objective_threshold_low": LOW,
        "adr_objective_threshold_high": HIGH,
        "params": params,
    }


class Loop:
    """The same bookkeeping, one parameter after the other."""

    def __init__(self, n_envs: int) -> None:
        self.ranges = [[0.8, 1.2] for _ in range(PARAMS)]
        self.queues = [deque(maxlen=LENGTH) for _ in range(2 * PARAMS)]
        self.types = torch.zeros(n_envs, dtype=torch.int64)
        self.modes = torch.zeros(n_envs, dtype=torch.int64)
        self.values = torch.zeros(PARAMS, n_envs)

    def update(self, done: torch.Tensor, objective: torch.Tensor) -> None:
        for mode, queue in enumerate(self.queues):
            theirs = (self.types == 1) & (self.modes == mode)
            queue.extend(objective[theirs & done].tolist())
            mean = sum(queue) / len(queue) if queue else 0.0
            if len(queue) == LENGTH and not LOW <= mean <= HIGH:
                outwards = (mean > HIGH) == (mode % 2 == 1)
                self.ranges[mode // 2][mode % 2] += DELTA if outwards else -DELTA
                queue.clear()
                self.types[theirs] = 0
        envs = done.nonzero().squeeze(1)
        self.types[envs] = (torch.rand(len(envs)) < 0.4).long()
        self.modes[envs] = torch.randint(2 * PARAMS, (len(envs),))
        for param in range(BUILTIN, PARAMS):
            low, high = self.ranges[param]
            self.values[param, envs] = low + (high - low) * torch.rand(len(envs))
            for side in (0, 1):
                pinned = (self.types == 1) & (self.modes == 2 * param + side) & done
                self.values[param, pinned] = self.ranges[param][side]


if __name__ == "__main__":
    main()
