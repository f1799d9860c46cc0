"""Steps per second of matter, here or on Genesis: the same scenes, through the API they share.

    python benchmarks/continuum.py --n-envs 1 16 --threads 2
    python benchmarks/continuum.py --package genesis --scenes sph cloth --threads 1

Run both within the same hour on a quiet machine, Genesis in an environment of its own, whose
default is one thread. Scenes are those of continuum_scenes.py; what they do not set each package
has by default. A rate is the median of five, after the scene has settled for a while.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import sys
import time
from typing import Any

from continuum_scenes import SCENES

DEFAULT = [name for name in SCENES if name != "large_mpm"]
COUNTS = ("n_particles", "n_vertices", "n_elements")


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--package", choices=["genesis_state", "genesis"], default="genesis_state")
    parser.add_argument("--scenes", nargs="+", choices=list(SCENES), default=DEFAULT)
    parser.add_argument("--n-envs", type=int, nargs="+", default=[1])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--settle", type=float, default=0.25, help="simulated seconds before")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each of five rates")
    args = parser.parse_args()

    os.environ["TI_CPU_MAX_NUM_THREADS"] = os.environ["QD_NUM_THREADS"] = str(args.threads)
    gs: Any = importlib.import_module(args.package)
    gs.init(backend=gs.cpu, precision="32", logging_level="error")
    rates = []
    for name in args.scenes:
        for n_envs in args.n_envs:
            print(f"{name}, {n_envs} environments", file=sys.stderr)
            scene = SCENES[name](gs)
            scene.build(n_envs=n_envs)
            rates.append({"scene": name, "n_envs": n_envs, **rate(scene, n_envs, args)})
            print(f"    {rates[-1]['env_steps_per_s']} a second", file=sys.stderr)
    report = {
        "package": args.package,
        "version": gs.__version__,
        "threads": args.threads,
        "cores": os.cpu_count(),
        "rates": rates,
    }
    print(json.dumps(report, indent=2))


def rate(scene: Any, n_envs: int, args: argparse.Namespace) -> dict[str, Any]:
    """Environment steps per second, and of what."""
    for _ in range(round(args.settle / scene.dt)):
        scene.step()
    start = time.perf_counter()
    scene.step()
    steps = max(1, round(args.seconds / (time.perf_counter() - start)))
    found = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(steps):
            scene.step()
        found.append(n_envs * steps / (time.perf_counter() - start))
    matter = scene.entities[-1]
    return {
        "env_steps_per_s": round(statistics.median(found), 1),
        "least": round(min(found), 1),
        "most": round(max(found), 1),
        **{count: getattr(matter, count) for count in COUNTS if hasattr(matter, count)},
    }


if __name__ == "__main__":
    main()
