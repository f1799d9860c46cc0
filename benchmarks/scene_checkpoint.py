"""What the checkpoints of a scene cost, and how long one in the background holds up the steps.

    python benchmarks/scene_checkpoint.py --n-envs 64
    python benchmarks/scene_checkpoint.py --package genesis --n-envs 64   # Genesis, where it is

Frankas on a plane. A save ends on the disk, a load goes into the scene that is there. "blocked" is
the time until `save_checkpoint(block=False)` returns, and "lost" what the steps that follow take
longer than without it, beside the time of `get_state(params=True)`; all take turns.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).resolve().parent.parent / "genesis_state" / "assets"


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--package", choices=["genesis_state", "genesis"], default="genesis_state")
    parser.add_argument("--n-envs", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=25)
    args = parser.parse_args()
    os.environ["TI_CPU_MAX_NUM_THREADS"] = os.environ["QD_NUM_THREADS"] = str(args.threads)
    gs: Any = importlib.import_module(args.package)
    gs.init(backend=gs.cpu, precision="32", logging_level="error")
    scene = gs.Scene(show_viewer=False)
    scene.add_entity(gs.morphs.Plane())
    scene.add_entity(gs.morphs.MJCF(file=str(ASSETS / "franka.xml")))
    scene.build(n_envs=args.n_envs)
    for _ in range(20):
        scene.step()
    report: dict[str, Any] = {**vars(args), "version": gs.__version__}
    with tempfile.TemporaryDirectory() as folder:
        own = args.package == "genesis_state"
        samples = range(args.samples)
        for suffix in (".safetensors", ".pkl", ".npz") if own else (".pkl",):
            path = Path(folder, f"checkpoint{suffix}")
            save = [timed(lambda p=path: scene.save_checkpoint(str(p))) for _ in samples]
            load = [timed(lambda p=path: scene.load_checkpoint(str(p))) for _ in samples]
            report[suffix] = {
                "bytes": path.stat().st_size,
                "save_ms": median_ms(save),
                "load_ms": median_ms(load),
            }
        if own:
            report["background"] = background(scene, Path(folder, "b.safetensors"), args.samples)
    print(json.dumps(report))


def background(scene: Any, path: Path, samples: int) -> dict[str, float]:
    """How long the steps are held up by a copy of the state, and by a save in the background."""
    steps = 10

    def run() -> None:
        for _ in range(steps):
            scene.step()

    alone, copy, blocked, during = [], [], [], []
    for _ in range(samples):
        alone.append(timed(run))
        copy.append(timed(lambda: scene.get_state(params=True)))
        run()
        saving: list[Any] = []
        blocked.append(timed(lambda s=saving: s.append(scene.save_checkpoint(path, block=False))))
        during.append(timed(run))
        saving[0].wait()
    return {
        "get_state_ms": median_ms(copy),
        "blocked_ms": median_ms(blocked),
        "blocked_in_get_states": round(statistics.median(blocked) / statistics.median(copy), 2),
        "steps_ms": median_ms(alone),
        "lost_ms": round(median_ms(during) - median_ms(alone), 3),
    }


def timed(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    result = call()
    end = time.perf_counter()
    del result
    return end - start


def median_ms(times: list[float]) -> float:
    return round(1e3 * statistics.median(times), 3)


if __name__ == "__main__":
    main()
