"""How long a new process takes to its first step, with nothing compiled and after that.

    python benchmarks/startup.py > startup.json
    python benchmarks/startup.py --scene mixed --n-envs 1 > startup_mixed.json

Each run is a process of its own. "cold" runs begin with an empty directory for Taichi's cache of
compiled kernels, "warm" ones with what a run before them left there.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import continuum_scenes

CHILD = """
import json, sys, time
begun = time.time()
import genesis_state as gs
gs.Scene, gs.morphs
imported = time.time()
gs.init(precision=sys.argv[2], logging_level="warning")
started = time.time()
exec(sys.argv[1])
scene.build(n_envs=int(sys.argv[3]))
built = time.time()
scene.step()
stepped = time.time()
print(json.dumps([begun, imported, started, built, stepped]))
"""
OWN = {
    "franka": """
scene = gs.Scene(sim_options=gs.options.SimOptions(dt=4e-3, substeps=10))
scene.add_entity(gs.morphs.MJCF(file="franka.xml"))
""",
    "mixed": """
scene = gs.Scene(sim_options=gs.options.SimOptions(dt=4e-3, substeps=10))
scene.add_entity(gs.morphs.Plane())
scene.add_entity(gs.morphs.MJCF(file="franka.xml"))
for k, name in enumerate(("Elastic", "Liquid", "Sand")):
    box = gs.morphs.Box(pos=(0.5, 0.3 * k, 0.2), size=(0.1, 0.1, 0.1))
    scene.add_entity(box, getattr(gs.materials.MPM, name)())
""",
}
MATTER = """
sys.path.insert(0, {folder!r})
from continuum_scenes import SCENES
scene = SCENES[{name!r}](gs)
"""
FOLDER = str(Path(__file__).resolve().parent)
SCENES = OWN | {name: MATTER.format(folder=FOLDER, name=name) for name in continuum_scenes.SCENES}
PHASES = ("interpreter", "import", "init", "build", "first_step")


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--scene", choices=list(SCENES), default="franka")
    parser.add_argument("--precision", choices=["32", "64"], default="32")
    parser.add_argument("--n-envs", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()

    runs: dict[str, list[dict[str, float]]] = {"cold": [], "warm": []}
    for _ in range(args.repeats):
        with tempfile.TemporaryDirectory() as cache:
            for kind in ("cold", "warm"):
                runs[kind].append(start(cache, SCENES[args.scene], args.precision, args.n_envs))
    medians = {
        kind: {
            phase: round(statistics.median(run[phase] for run in list_), 2) for phase in list_[0]
        }
        for kind, list_ in runs.items()
    }
    report = {
        "scene": args.scene,
        "precision": args.precision,
        "n_envs": args.n_envs,
        "cores": os.cpu_count(),
        "repeats": args.repeats,
        "unit": "s",
        **medians,
    }
    print(json.dumps(report, indent=2))


def start(cache: str, scene: str, precision: str, n_envs: int) -> dict[str, float]:
    """Seconds that each phase of one process took."""
    environment = {**os.environ, "TI_OFFLINE_CACHE_FILE_PATH": cache}
    command = [sys.executable, "-c", CHILD, scene, precision, str(n_envs)]
    begun = time.time()
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(run.stderr)
    moments = [begun, *json.loads(run.stdout.splitlines()[-1])]
    phases = {
        phase: after - before
        for phase, before, after in zip(PHASES, moments, moments[1:], strict=False)
    }
    return {**phases, "total": moments[-1] - begun}


if __name__ == "__main__":
    main()
