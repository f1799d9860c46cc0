"""How well `scene.describe()` foretells what taking and putting back a state costs.

    python benchmarks/describe.py > describe.json

A scene of 64 environments is asked what others of 64, 1,024 and 4,096 would cost; then those are
built and measured. `ratio` is predicted by measured. The 10th percentile stands for both, which a
busy machine hardly moves; the two take turns, a few rounds each.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import time
from collections.abc import Callable
from typing import Any

import torch

import genesis_state as gs

ASKED = 64  # environments of the scene that is asked


def franka(n_envs: int) -> gs.Scene:
    """A Franka above a plane."""
    scene = gs.Scene()
    scene.add_entity(gs.morphs.Plane())
    scene.add_entity(gs.morphs.MJCF(file="franka.xml"))
    scene.build(n_envs=n_envs)
    return scene


def mpm(n_envs: int) -> gs.Scene:
    """An elastic cube of 216 particles, on a grid so coarse that 4,096 of it fit into memory."""
    domain = gs.options.MPMOptions(
        lower_bound=(0.0, 0.0, 0.0),
        upper_bound=(0.6, 0.6, 0.6),
        grid_density=16,
        particle_size=0.03,
    )
    scene = gs.Scene(mpm_options=domain)
    cube = gs.morphs.Box(pos=(0.3, 0.3, 0.3), size=(0.18, 0.18, 0.18))
    scene.add_entity(morph=cube, material=gs.materials.MPM.Elastic(sampler="regular"))
    scene.build(n_envs=n_envs)
    return scene


SCENES: dict[str, Callable[[int], gs.Scene]] = {"franka": franka, "mpm": mpm}


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--scene", choices=list(SCENES), nargs="+", default=list(SCENES))
    parser.add_argument("--n-envs", type=int, nargs="+", default=[64, 1024, 4096])
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    gs.init(logging_level="warning")
    lines = []
    for name in args.scene:
        asked = SCENES[name](ASKED)
        for n_envs in args.n_envs:
            scene = SCENES[name](n_envs)
            lines += compare(name, asked, scene, args.rounds)
            scene.close()
        asked.close()
    ratios = [line["ratio"] for line in lines]
    report = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "torch": torch.__version__,
            "torch_threads": torch.get_num_threads(),
        },
        "asked_n_envs": ASKED,
        "operations": lines,
        "least_ratio": min(ratios),
        "largest_ratio": max(ratios),
    }
    print(json.dumps(report, indent=2))


def compare(name: str, asked: gs.Scene, scene: gs.Scene, rounds: int) -> list[dict[str, Any]]:
    """Predicted and measured times of each operation [us]."""
    predicted: dict[str, list[float]] = {}
    measured: dict[str, list[float]] = {}
    seconds = []
    copied = {}
    for _ in range(rounds):
        start = time.perf_counter()
        description = asked.describe(n_envs=scene.n_envs)
        seconds.append(time.perf_counter() - start)
        for operation in description.cost.operations:
            predicted.setdefault(operation.call, []).append(operation.us)
            copied[operation.call] = operation.nbytes
        for call, us in times(scene).items():
            measured.setdefault(call, []).append(us)
    return [
        {
            "scene": name,
            "n_envs": scene.n_envs,
            "bytes_per_env": scene.layout.nbytes(),
            "operation": call,
            "copied_mb": round(copied[call] / 1e6, 3),
            "predicted_us": round(middle(predicted[call]), 1),
            "measured_us": round(middle(measured[call]), 1),
            "ratio": round(middle(predicted[call]) / middle(measured[call]), 2),
            "describe_s": round(middle(seconds), 3),
        }
        for call in predicted
    ]


def times(scene: gs.Scene) -> dict[str, float]:
    """The 10th percentile of each operation's time [us], the first of a turn left out."""
    state, out = scene.get_state(), scene.get_state()
    half = torch.arange(scene.n_envs) % 2 == 0
    calls: dict[str, Callable[[], object]] = {
        "get_state()": lambda: scene.get_state(),
        "get_state(out=state)": lambda: scene.get_state(out=out),
        "reset(state)": lambda: scene.reset(state),
        "reset(state, envs_idx=half)": lambda: scene.reset(state, envs_idx=half),
    }
    samples: dict[str, list[int]] = {call: [] for call in calls}
    end = time.perf_counter() + 0.4
    gc.disable()
    while len(samples["get_state()"]) < 10 or time.perf_counter() < end:
        for name, call in calls.items():
            for turn in range(4):
                start = time.perf_counter_ns()
                call()
                elapsed = time.perf_counter_ns() - start
                if turn:
                    samples[name].append(elapsed)
    gc.enable()
    return {call: sorted(found)[len(found) // 10] / 1000 for call, found in samples.items()}


def middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


if __name__ == "__main__":
    main()
