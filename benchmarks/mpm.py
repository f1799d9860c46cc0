"""Particle-substeps per second of an elastic cube that rests on a floor, by threads and batch.

    python benchmarks/mpm.py > mpm.json

A cube of 8,000 or 97,336 particles (edge 0.2 or 0.46 m, spacing 0.01 m, E = 3e5 Pa) falls 6 cm onto
a plane; dt is 4 ms in 10 substeps, the grid has 64 cells per metre in a domain of 1.2 x 1.2 x 1 m.
Rates are taken after 60 steps; a rate is the median of five. `determinism` is one run in which
substeps as they are take turns with substeps whose particles add to the grid by float atomics, all
else being the same: its ratio is what the fixed order of sums costs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from typing import Any

import mpm_atomics

import genesis_state as gs
from genesis_state.kernels import mpm_step

EDGES = {"8k": 0.2, "100k": 0.46}
DT, SUBSTEPS = 4e-3, 10


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--sizes", nargs="+", choices=list(EDGES), default=list(EDGES))
    parser.add_argument("--n-envs", type=int, nargs="+", default=[1, 16])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--material", default="Elastic", help="one of gs.materials.MPM")
    parser.add_argument("--precision", choices=["32", "64"], default="32")
    parser.add_argument("--settle", type=int, default=60, help="steps before rates are taken")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each of five rates")
    args = parser.parse_args()

    rates, costs = [], []
    for threads in args.threads:
        os.environ["TI_CPU_MAX_NUM_THREADS"] = str(threads)
        gs.destroy()
        gs.init(precision=args.precision, logging_level="error")
        for size in args.sizes:
            for n_envs in args.n_envs:
                what = {"size": size, "n_envs": n_envs, "threads": threads}
                print(what, file=sys.stderr)
                scene = cube(EDGES[size], n_envs, getattr(gs.materials.MPM, args.material)())
                for _ in range(args.settle):
                    scene.step()
                rates.append({**what, **rate(scene, args.seconds)})
                costs.append({**what, **cost_of_order(scene)})
                print(f"    {rates[-1]['particle_substeps_per_s']:,} a second", file=sys.stderr)
                scene.close()
    report = {
        "material": args.material,
        "precision": args.precision,
        "cores": os.cpu_count(),
        "rates": rates,
        "determinism": costs,
    }
    print(json.dumps(report, indent=2))


def cube(edge: float, n_envs: int, material: Any) -> gs.Scene:
    """The scene that the top of this file describes."""
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=DT, substeps=SUBSTEPS),
        mpm_options=gs.options.MPMOptions(
            lower_bound=(-0.6, -0.6, 0.0),
            upper_bound=(0.6, 0.6, 1.0),
            grid_density=64,
            particle_size=0.01,
        ),
    )
    scene.add_entity(gs.morphs.Plane())
    size = (edge, edge, edge)
    scene.add_entity(gs.morphs.Box(pos=(0.0, 0.0, edge / 2 + 0.06), size=size), material)
    scene.build(n_envs=n_envs)
    return scene


def rate(scene: gs.Scene, seconds: float) -> dict[str, Any]:
    """Steps, timed."""
    work = scene.entities[1].n_particles * scene.n_envs * SUBSTEPS
    steps = max(1, round(seconds * 4e6 / work))
    found = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(steps):
            scene.step()
        found.append(work * steps / (time.perf_counter() - start))
    return {
        "particle_substeps_per_s": round(statistics.median(found)),
        "least": round(min(found)),
        "most": round(max(found)),
        "particles": scene.entities[1].n_particles,
        "stopped": bool(scene.mpm_solver.get_error_envs_mask().any()),
    }


def cost_of_order(scene: gs.Scene, turns: int = 9) -> dict[str, Any]:
    """One substep, without the rigid bodies' own, by either kind of sums [ms]."""
    solver = scene.mpm_solver
    state = scene.get_state()
    own = (solver.model, solver.counts, solver.fields, solver.fields)
    ordered, atomic = [], []
    for turn in range(turns + 1):
        for scatter, times in (
            (mpm_atomics.scatter_in_order, ordered),
            (mpm_atomics.scatter_atomically, atomic),
        ):
            scene.reset(state)
            solver.begin_step()
            start = time.perf_counter()
            mpm_step.sort(*own)
            scatter(*own)
            mpm_step.gather(*own, *solver.bodies())
            if turn:
                times.append(time.perf_counter() - start)
    ordered_s, atomic_s = statistics.median(ordered), statistics.median(atomic)
    return {
        "fixed_order_ms": round(1e3 * ordered_s, 3),
        "float_atomics_ms": round(1e3 * atomic_s, 3),
        "ratio": round(ordered_s / atomic_s, 2),
    }


if __name__ == "__main__":
    main()
