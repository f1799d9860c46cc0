"""What ADR adds to a step of FrankaReachADR.

    python benchmarks/adr_task.py > adr_task.json

Two tasks of the same class take turns, one with its ADR and randomization, one with neither, so
that whatever else the machine does meets both. Their episodes end at different times, as they do
in training: in each step about one in sixty environments begins anew. `inside` is the time within
ADR and randomization alone: the update, the draws, and what is written to the simulation.
"""

from __future__ import annotations

import argparse
import json
import os
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
    parser.add_argument("--steps", type=int, default=60, help="of each task")
    args = parser.parse_args()
    gs.init()
    report: dict[str, Any] = {
        "machine": {"cores": os.cpu_count(), "torch": torch.__version__},
        "batches": [batch(n_envs, args.steps) for n_envs in args.n_envs],
    }
    print(json.dumps(report, indent=2))


def batch(n_envs: int, steps: int) -> dict[str, Any]:
    """Medians [ms] of a step with and without ADR, and of what is spent inside of it."""
    found = OmegaConf.to_container(compose(["task=FrankaReachADR"]).task)
    config: dict[str, Any] = {k: v for k, v in found.items() if k not in ("name", "num_envs")}
    plain = config | {"randomize": False, "adr": {}}
    tasks = {"with": FrankaReachADR(config, n_envs), "without": FrankaReachADR(plain, n_envs)}
    inside = Stopwatch()
    inside.watch(tasks["with"].adr, "update", "recycle", "values")
    inside.watch(tasks["with"].randomization, "apply", "noise")
    times: dict[str, list[float]] = {name: [] for name in tasks}
    spent: list[float] = []
    generator = torch.Generator().manual_seed(0)
    for task in tasks.values():
        task.reset()
        task.episodes.lengths.random_(0, task.settings.episode_length, generator=generator)
        task.step(torch.zeros((n_envs, task.num_actions)))
    for _ in tqdm(range(steps), desc=f"{n_envs} environments", leave=False):
        actions = 2 * torch.rand((n_envs, 7), generator=generator) - 1
        for name, task in tasks.items():
            inside.seconds = 0.0
            start = time.perf_counter()
            task.step(actions)
            times[name].append(time.perf_counter() - start)
            if name == "with":
                spent.append(inside.seconds)
    ratios = [a / b for a, b in zip(times["with"], times["without"], strict=True)]
    shares = [a / b for a, b in zip(spent, times["with"], strict=True)]
    for task in tasks.values():
        task.scene.close()
    return {
        "n_envs": n_envs,
        "step_ms": {name: 1e3 * statistics.median(found) for name, found in times.items()},
        "ratio_of_pairs": statistics.median(ratios),
        "inside_ms": 1e3 * statistics.median(spent),
        "inside_share": statistics.median(shares),
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
