"""Steps per second of this package or of Genesis: the same scene, through the API that they share.

    python benchmarks/peer.py --package genesis_state --scene boxes --n-envs 64
    python benchmarks/peer.py --package genesis --scene boxes --n-envs 64

Run both within the same hour on a quiet machine, Genesis in an environment of its own. Each has
its own defaults for what is not set here. A rate is taken after things have come to touch: an arm
that holds its fingers on the floor, a quadruped that stands, ten boxes that fall over.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import time
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).resolve().parent.parent / "genesis_state" / "assets"
PRESSED = [0, 0.6, 0, -2.328, 0, 2.904, 0.8, 0.02, 0.02]
STANCE = [0, 0.8, -1.6] * 4
DT = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--package", choices=["genesis_state", "genesis"], required=True)
    parser.add_argument("--scene", choices=["franka", "quadruped", "boxes"], required=True)
    parser.add_argument("--n-envs", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--settle", type=int, default=60, help="steps before the rate is taken")
    parser.add_argument("--steps", type=int, default=50, help="for each of five rates")
    args = parser.parse_args()

    os.environ["TI_CPU_MAX_NUM_THREADS"] = os.environ["QD_NUM_THREADS"] = str(args.threads)
    gs: Any = importlib.import_module(args.package)
    gs.init(backend=gs.cpu, precision="32", logging_level="error")
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=DT), show_viewer=False)
    scene.add_entity(gs.morphs.Plane())
    start = time.perf_counter()
    if args.scene == "boxes":
        for i in range(10):
            pos = (0.02 * i, 0.013 * (i % 3), 0.06 + 0.105 * i)
            scene.add_entity(gs.morphs.Box(size=(0.1, 0.1, 0.1), pos=pos))
    else:
        scene.add_entity(gs.morphs.MJCF(file=str(ASSETS / f"{args.scene}.xml")))
    scene.build(n_envs=args.n_envs)
    robot = scene.entities[1]
    if args.scene == "franka":
        robot.set_dofs_position(PRESSED, range(9))
        robot.control_dofs_position(PRESSED, range(9))
    elif args.scene == "quadruped":
        robot.set_pos([[0.0, 0.0, 0.3]] * args.n_envs)
        robot.set_dofs_position(STANCE, range(6, 18))
        robot.control_dofs_position(STANCE, range(6, 18))
    scene.step()
    started = time.perf_counter() - start
    for _ in range(args.settle):
        scene.step()
    rates = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(args.steps):
            scene.step()
        rates.append(args.n_envs * args.steps / (time.perf_counter() - start))
    report = {
        **vars(args),
        "version": gs.__version__,
        "start_s": round(started, 2),
        "env_steps_per_s": round(statistics.median(rates)),
        "least": round(min(rates)),
        "most": round(max(rates)),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
