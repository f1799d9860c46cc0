"""How long `genesis-state` takes, from the start of the process to its end.

    python benchmarks/command_line.py > command_line.json
    python benchmarks/command_line.py --large > command_line.json   # 2 GB too

Files are in the page cache. `memory_mb` is the largest that the process was (Linux). The line
"interpreter" is Python that does nothing but import NumPy.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from genesis_state import checkpoint

MODULE = [sys.executable, "-m", "genesis_state"]
SIZES = {"1 MB": 10**6, "100 MB": 10**8, "256 MB": 256 * 10**6}
LARGE = {"2 GB": 2 * 10**9}
ENVS = 64


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--large", action="store_true", help="2 GB too")
    parser.add_argument("--samples", type=int, default=7, help="of each line")
    args = parser.parse_args()
    report: dict[str, object] = {
        "machine": {"processor": platform.machine(), "cores": os.cpu_count()},
        "interpreter": timed([sys.executable, "-c", "import numpy"], args.samples),
    }
    for size, nbytes in (SIZES | (LARGE if args.large else {})).items():
        with tempfile.TemporaryDirectory() as folder:
            a, b = str(Path(folder, "a.npz")), str(Path(folder, "b.safetensors"))
            # Elsewhere, because a process begins as large as the one that starts it.
            writer = multiprocessing.get_context("spawn").Process(target=write, args=(a, b, nbytes))
            writer.start()
            writer.join()
            report[size] = {
                "inspect": timed([*MODULE, "inspect", "--ranges", a], args.samples),
                "inspect --no-ranges": timed([*MODULE, "inspect", "--no-ranges", a], args.samples),
                "verify": timed([*MODULE, "verify", a], args.samples),
                "diff": timed([*MODULE, "diff", a, b], args.samples),
            }
    print(json.dumps(report, indent=2))


def write(a: str, b: str, nbytes: int) -> None:
    """Two files that differ in one entry of the last environment."""
    values = np.random.default_rng(0).random((ENVS, nbytes // 4 // ENVS), dtype=np.float32)
    for path in (a, b):
        checkpoint.write(path, {"MPMSolver.pos": values}, step_index=0, manifest={})
        values[-1, 7] += 1


def timed(command: list[str], samples: int) -> dict[str, float]:
    """Median time [s] and largest memory [MB] of a process."""
    times, memory = [], 0
    for _ in range(samples):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, _, used = os.wait4(process.pid, 0)
        times.append(time.perf_counter() - start)
        memory = max(memory, used.ru_maxrss)
    return {"seconds": round(statistics.median(times), 3), "memory_mb": round(memory / 1000)}


if __name__ == "__main__":
    main()
