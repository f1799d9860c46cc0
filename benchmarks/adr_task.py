"""What ADR adds to a step of FrankaReachADR.

    python benchmarks/adr_task.py > adr_task.json

Steps of one task with and without it take turns, in random order, so that whatever else the machine
does meets both. Without: no results are counted, and who begins anew gets no new parts, values or
properties. Episodes end at different times, as they do in training: in each step about one in sixty
environments begins anew; torch has as many threads as there. `inside` is the time within ADR and
randomization alone: the update, the draws, and what is written to the simulation.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from omegaconf import OmegaConf
from tqdm import tqdm

import genesis_state as gs
from genesis_state.tasks.franka_reach_adr import FrankaReachADR
from genesis_state.training.hydra_config import compose


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--n-envs", type=int, nargs="+", default=[4096])
    parser.add_argument("--steps", type=int, default=150, help="of each kind")
    args = parser.parse_args()
    gs.init()
    report: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "torch": torch.__version__},
        "batches": [batch(n_envs, args.steps) for n_envs in args.n_envs],
    }
    print(json.dumps(report, indent=2))


def batch(n_envs: int, steps: int) -> dict[str, Any]:
    """Medians [ms] of a step with and without ADR, and of what is spent inside of it."""
    composed = compose(["task=FrankaReachADR"])
    torch.set_num_threads(composed.train.params.torch_threads)
    config: Any = OmegaConf.to_container(composed.task)
    del config["name"], config["num_envs"]
    task: Any = FrankaReachADR(config, n_envs)
    inside = Stopwatch()
    inside.watch(task.adr, "update", "values")
    inside.watch(task.randomization, "apply", "noise")
    inside.watch(task.scene.rigid_solver, "refresh_constants")
    variants = {
        "with": (task.end, task.randomization),
        "without": (lambda envs: None, None),
    }
    generator = torch.Generator().manual_seed(0)
    task.reset()
    task.episodes.lengths.random_(0, task.settings.episode_length, generator=generator)
    times: dict[str, list[float]] = {name: [] for name in variants}
    spent: list[float] = []
    for step in tqdm(range(steps + 3), desc=f"{n_envs} environments", leave=False):
        actions = 2 * torch.rand((n_envs, 7), generator=generator) - 1
        for name in random.sample(sorted(variants), k=len(variants)):
            task.end, task.randomization = variants[name]
            inside.seconds = 0.0
            start = time.perf_counter()
            task.step(actions)
            if step >= 3:  # the first ones compile
                times[name].append(time.perf_counter() - start)
                if name == "with":
                    spent.append(inside.seconds)
    task.close()
    medians = {name: statistics.median(found) for name, found in times.items()}
    return {
        "n_envs": n_envs,
        "step_ms": {name: 1e3 * value for name, value in medians.items()},
        "overhead": medians["with"] / medians["without"] - 1.0,
        "inside_ms": 1e3 * statistics.median(spent),
        "inside_share": statistics.median(spent) / medians["with"],
    }


class Stopwatch:
    """Adds up the time spent within methods; one that another calls counts once."""

    def __init__(self) -> None:
        self.seconds, self._depth = 0.0, 0

    def watch(self, owner: Any, *names: str) -> None:
        """Replaces methods of an object by timed ones."""
        for name in names:
            setattr(owner, name, self._timed(getattr(owner, name)))

    def _timed(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            start = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.seconds += time.perf_counter() - start

        return timed


if __name__ == "__main__":
    main()
