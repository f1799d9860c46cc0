"""What it costs to find contacts among many bodies, by sweeping and by looking at every pair.

    python benchmarks/broad_phase.py > broad_phase.json

Balls lie on the ground, as many to a square metre in every scene, a few of them touching.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import torch

import genesis_state as gs
from genesis_state.solvers.rigid import collision

RADIUS, SPACING = 0.1, 0.25  # [m]


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--bodies", type=int, nargs="+", default=[12, 25, 50, 100, 200, 400])
    parser.add_argument("--n-envs", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=50)
    args = parser.parse_args()

    os.environ["TI_CPU_MAX_NUM_THREADS"] = "1"
    rows: list[dict[str, Any]] = []
    for count in args.bodies:
        print(f"{count} bodies", file=sys.stderr)
        row: dict[str, Any] = {"bodies": count}
        for way, limit in (("listed", 10**9), ("swept", 0)):
            collision.LISTED_PAIRS = limit
            seconds, contacts = measure(count, args.n_envs, args.repeats)
            row |= {f"{way}_us": round(1e6 * seconds / args.n_envs, 2), "contacts": contacts}
        rows.append(row)
    first, last = (next(r for r in rows if r["bodies"] == n) for n in (50, max(args.bodies)))
    report = {
        "unit": "microseconds for all contacts of one environment, one thread",
        "exponent_from_50_bodies": {
            way: round(
                math.log(last[f"{way}_us"] / first[f"{way}_us"])
                / math.log(last["bodies"] / first["bodies"]),
                2,
            )
            for way in ("listed", "swept")
        },
        "scenes": rows,
    }
    print(json.dumps(report, indent=2))


def measure(count: int, n_envs: int, repeats: int) -> tuple[float, float]:
    """Median time of finding contacts in all environments [s], contacts in each."""
    gs.init(logging_level="error")
    spec = mujoco.MjSpec()
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1])
    for _ in range(count):
        body = spec.worldbody.add_body()
        body.add_freejoint()
        body.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[RADIUS, 0, 0])
    spec.compile()
    # Conjugate gradients need no Hessian, which would take the square of the dofs in memory.
    options = gs.options.RigidOptions(constraint_solver="CG", max_contacts=4 * count)
    scene = gs.Scene(rigid_options=options)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "balls.xml"
        path.write_text(spec.to_xml())
        scene.add_entity(gs.morphs.MJCF(file=path))
        scene.build(n_envs=n_envs)

    side = math.ceil(math.sqrt(count))
    random = np.random.default_rng(0)
    state = scene.get_state()
    qpos = state.rigid.qpos.view(n_envs, count, 7)
    place = torch.arange(count)
    jitter = torch.from_numpy(random.uniform(-0.3, 0.3, (2, n_envs, count)))
    qpos[..., 0] = SPACING * (place % side + jitter[0])
    qpos[..., 1] = SPACING * (place // side + jitter[1])
    qpos[..., 2] = RADIUS - 0.001
    scene.reset(state)
    solver = scene.rigid_solver
    solver.detect_contacts()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        solver.detect_contacts()
        times.append(time.perf_counter() - start)
    contacts = solver.arena.get("n_contacts").double().mean().item()
    scene.close()
    gs.destroy()
    return statistics.median(times), contacts


if __name__ == "__main__":
    main()
