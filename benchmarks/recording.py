"""What it costs to record a scene, to watch it, and to go back.

    python benchmarks/recording.py > recording.json

Steps without and with each kind of follower take turns, a few at a time, so that whatever else the
machine does meets all of them; what is reported of a kind is the median over turns of its time over
that of plain steps of the same turn. Robots are given new targets before every step, so that every
step has commands to keep; those of a scene of matter have none.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

import genesis_state as gs
from benchmarks import continuum_scenes
from genesis_state.recording.checksums import StepChecksums

HOME = torch.tensor([0.0, -0.5, 0.0, -2.0, 0.0, 1.6, 0.8, 0.02, 0.02])
STEPS = 10  # in a turn, one keyframe


def franka(n_envs: int) -> tuple[gs.Scene, Callable[[], None]]:
    """Frankas that press on the ground."""
    scene = gs.Scene()
    scene.add_entity(gs.morphs.Plane())
    robot: Any = scene.add_entity(gs.morphs.MJCF(file="franka.xml"))
    scene.build(n_envs=n_envs)
    robot.set_dofs_position(HOME)
    targets = HOME + 0.05 * torch.randn(n_envs, 9)
    return scene, lambda: robot.control_dofs_position(targets)


def mpm(n_envs: int) -> tuple[gs.Scene, Callable[[], None]]:
    """An elastic cube of 8,000 particles."""
    scene = continuum_scenes.mpm(gs)
    scene.build(n_envs=n_envs)
    return scene, lambda: None


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--n-envs", type=int, nargs="+", default=[64, 256, 1024, 4096])
    parser.add_argument("--turns", type=int, default=30)
    args = parser.parse_args()
    gs.init(logging_level="warning")
    made = [("franka", franka, n) for n in args.n_envs] + [("mpm", mpm, 1)]
    report = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "torch": torch.__version__,
        },
        "steps in a turn": STEPS,
        "scenes": [measure(*given, args.turns) for given in tqdm(made, unit="scene")],
    }
    print(json.dumps(report, indent=2))


def measure(
    name: str,
    make: Callable[[int], tuple[gs.Scene, Callable[[], None]]],
    n_envs: int,
    turns: int,
) -> dict[str, Any]:
    """All kinds of followers on one scene."""
    scene, command = make(n_envs)
    for _ in range(30):
        command()
        scene.step()
    sums = StepChecksums(scene._memory)
    with tempfile.TemporaryDirectory() as folder:
        history = gs_history(scene, checksums=False)
        summed = gs_history(scene, checksums=True)
        guard = scene.guard(folder, keep=STEPS, restore=None)
        guard.stop()
        kinds: dict[str, list[Any]] = {
            "plain": [],
            "record(checksums=False)": [history],
            "record()": [summed],
            "guard": [guard],
        }
        times: dict[str, list[float]] = {kind: [] for kind in kinds}
        for turn in range(turns):
            for kind in list(kinds)[turn % len(kinds) :] + list(kinds)[: turn % len(kinds)]:
                scene._followers[:] = kinds[kind]
                times[kind].append(steps(scene, command) / STEPS)
        scene._followers.clear()
    plain = times["plain"]
    step = statistics.median(plain)
    checksum = statistics.median(clock(sums.take) for _ in range(101))
    return {
        "scene": name,
        "n_envs": n_envs,
        "step_us": step * 1e6,
        "state_bytes": scene.layout.nbytes(params=True) * n_envs,
        "checksum_us": checksum * 1e6,
        "checksum_percent_of_step": 100 * checksum / step,
        "percent_more": {
            kind: 100 * (statistics.median(t / p for t, p in zip(of, plain, strict=True)) - 1)
            for kind, of in times.items()
            if kind != "plain"
        },
        "history": going_back(scene, command),
    }


def gs_history(scene: gs.Scene, checksums: bool) -> Any:
    """A history that nobody feeds yet."""
    history = scene.record(every=STEPS, memory="1GB", checksums=checksums)
    scene._followers.remove(history)
    scene.history = None
    return history


def going_back(scene: gs.Scene, command: Callable[[], None]) -> dict[str, float]:
    """Rewinding to a keyframe and to the step before one, and a file."""
    history = scene.record(every=STEPS, memory="1GB")
    for _ in range(5 * STEPS):
        command()
        scene.step()
    last = scene.t
    found = {
        "seek_to_keyframe_us": 1e6 * clock(lambda: scene.seek(last - 2 * STEPS)),
        "seek_far_from_keyframe_us": 1e6 * clock(lambda: scene.seek(last - 2 * STEPS - 1)),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.safetensors")
        found["save_ms"] = 1e3 * clock(lambda: history.save(path))
        found["file_bytes"] = path.stat().st_size
        found["load_ms"] = 1e3 * clock(lambda: scene.load_history(path))
        found["seek_in_file_ms"] = 1e3 * clock(lambda: scene.seek(last - 2 * STEPS))
    history.stop()
    return found


def steps(scene: gs.Scene, command: Callable[[], None]) -> float:
    """Seconds of a turn's steps."""
    began = time.perf_counter()
    for _ in range(STEPS):
        command()
        scene.step()
    return time.perf_counter() - began


def clock(call: Callable[[], object]) -> float:
    """Seconds that something takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
