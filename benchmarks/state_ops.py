"""What taking and putting back a state costs, beside copying the same bytes.

    python benchmarks/state_ops.py > state_ops.json
    python benchmarks/state_ops.py --scene sph --n-envs 16 > state_ops_sph.json

The scene is a Franka, or one with matter, of continuum_scenes.py.

Each operation takes turns with its baseline, a few samples each, so that whatever else the machine
does meets both. `met` compares medians with the target; `met_undisturbed` compares 10th
percentiles, which a busy machine hardly moves.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import continuum_scenes
import torch

import genesis_state as gs

# An operation may take FACTOR times its baseline and some microseconds for the way there.
FACTOR = 2
SLACK_US = {"whole": 25, "masked": 40}
BYTES_PER_ENV = 8000
TURN = 10  # samples in a row; the first of them, on caches full of the other side, is left out


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--scene", choices=["franka", *continuum_scenes.SCENES], default="franka")
    parser.add_argument("--n-envs", type=int, nargs="+", default=[64, 1024, 4096])
    parser.add_argument("--precision", choices=["32", "64"], default="32")
    parser.add_argument("--transport", choices=["zero_copy", "kernel"], default=None)
    parser.add_argument("--samples", type=int, default=400, help="of each operation")
    parser.add_argument("--cycles", type=int, default=10_000, help="of the memory check, or 0")
    args = parser.parse_args()

    gs.init(precision=args.precision, logging_level="warning")
    report: dict[str, Any] = {
        "scene": args.scene,
        "precision": args.precision,
        "transport": args.transport or "zero_copy",
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "torch": torch.__version__,
            "torch_threads": torch.get_num_threads(),
        },
        "target": f"{FACTOR} x baseline + {SLACK_US['whole']} us, masked + {SLACK_US['masked']} us",
        "batches": [batch(built(args.scene, n, args.transport), args.samples) for n in args.n_envs],
    }
    lines = [line for batch_ in report["batches"] for line in batch_["operations"]]
    report["all_met"] = all(line["met"] for line in lines)
    report["bytes_per_env"] = report["batches"][0]["bytes_per_env"]
    if args.scene == "franka":
        report["bytes_per_env_met"] = report["bytes_per_env"] <= BYTES_PER_ENV
    if args.cycles and args.scene == "franka":
        report["memory"] = memory(args.transport, args.cycles)
    print(json.dumps(report, indent=2))


def franka(n_envs: int, transport: str | None) -> gs.Scene:
    scene = gs.Scene(sim_options=gs.options.SimOptions(state_transport=transport))
    scene.add_entity(gs.morphs.MJCF(file="franka.xml"))
    scene.build(n_envs=n_envs)
    return scene


def built(name: str, n_envs: int, transport: str | None) -> gs.Scene:
    """The Franka, or one of continuum_scenes.py."""
    if name == "franka":
        return franka(n_envs, transport)
    scene = continuum_scenes.SCENES[name](gs, state_transport=transport)
    scene.build(n_envs=n_envs)
    return scene


def batch(scene: gs.Scene, samples: int) -> dict[str, Any]:
    """All operations at one number of environments."""
    n_envs = scene.n_envs
    state, out = scene.get_state(), scene.get_state()
    mask = torch.zeros(n_envs, dtype=torch.bool)
    mask[torch.randperm(n_envs, generator=torch.Generator().manual_seed(0))[: n_envs // 2]] = True
    index = mask.nonzero()[:, 0]
    chosen = state[index]

    # The baselines move the bytes of a whole state, or of half its rows, in one tensor.
    bytes_per_env = state.nbytes // n_envs
    rows = torch.ones((n_envs, bytes_per_env // 8), dtype=torch.int64)
    copy, half = rows.clone(), rows[: len(index)].clone()

    def memcpy() -> None:
        copy.copy_(rows)

    def index_copy() -> None:
        copy.index_copy_(0, index, half)

    whole: dict[str, Callable[[], object]] = {
        "get_state()": lambda: scene.get_state(),
        "get_state(out=state)": lambda: scene.get_state(out=out),
        "reset(state)": lambda: scene.reset(state),
        "reset()": lambda: scene.reset(),
    }
    forms = {"list": index.tolist(), "index tensor": index, "bool mask": mask}
    masked: dict[str, Callable[[], object]] = {}
    for form, envs in forms.items():
        for rows_given, source in (
            ("a row per environment", state),
            ("a row per selected", chosen),
        ):
            name = f"reset(state, {form}), {rows_given}"
            masked[name] = lambda source=source, envs=envs: scene.reset(source, envs_idx=envs)

    operations = [
        compare(name, operation, "copy_ of the same bytes", memcpy, SLACK_US["whole"], samples)
        for name, operation in whole.items()
    ]
    operations += [
        compare(name, operation, "index_copy_ of half", index_copy, SLACK_US["masked"], samples)
        for name, operation in masked.items()
    ]
    scene.close()
    return {"n_envs": n_envs, "bytes_per_env": bytes_per_env, "operations": operations}


def compare(
    name: str,
    operation: Callable[[], object],
    baseline_name: str,
    baseline: Callable[[], object],
    slack: float,
    samples: int,
) -> dict[str, Any]:
    """Times an operation against its baseline [us]."""
    calls = (baseline, operation)
    times: tuple[list[int], list[int]] = ([], [])
    gc.disable()
    while len(times[1]) < samples:
        for call, list_ in zip(calls, times, strict=True):
            for sample in range(TURN + 1):
                start = time.perf_counter_ns()
                call()
                end = time.perf_counter_ns()
                if sample:
                    list_.append(end - start)
    gc.enable()
    base, mine = (quantiles(list_) for list_ in times)
    return {
        "operation": name,
        "baseline": baseline_name,
        "us": mine["median"],
        "baseline_us": base["median"],
        "p10_us": mine["p10"],
        "baseline_p10_us": base["p10"],
        "met": mine["median"] <= FACTOR * base["median"] + slack,
        "met_undisturbed": mine["p10"] <= FACTOR * base["p10"] + slack,
    }


def quantiles(times: list[int]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        name: round(ordered[int(share * len(ordered))] / 1000, 1)
        for name, share in (("p10", 0.1), ("median", 0.5))
    }


def memory(transport: str | None, cycles: int) -> dict[str, Any]:
    """Resident memory over many cycles of taking a state and putting it back [MB]."""
    scene = franka(1024, transport)
    every_third = torch.arange(1024) % 3 == 0

    def run(n: int) -> None:
        for _ in range(n):
            state = scene.get_state()
            scene.reset(state)
            scene.reset(state, envs_idx=every_third)

    run(cycles // 20 + 1)
    before = resident_mb()
    run(cycles)
    after = resident_mb()
    scene.close()
    grown = None if before is None or after is None else round(after - before, 2)
    return {"n_envs": 1024, "cycles": cycles, "before": before, "after": after, "grown": grown}


def resident_mb() -> float | None:
    """Resident memory of this process [MB]; None where there is no /proc."""
    statm = Path("/proc/self/statm")
    if not statm.is_file():
        return None
    return round(int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6, 2)


if __name__ == "__main__":
    main()
