"""What saving and loading a checkpoint costs, beside writing and reading the same bytes raw.

    python benchmarks/checkpoint.py > checkpoint.json
    python benchmarks/checkpoint.py --large > checkpoint.json   # 2 GB too

Every save ends on the disk. A raw save takes the steps of ours: a temporary file, fsync, rename,
fsync of the folder; the peers, and the raw one "in place", write the file itself and fsync that
alone. ".safetensors state" is `SimState.save` and `gs.load_state` of the same numbers, which lie
in rows there. Files are read from the page cache, each once before. All ways take turns, so that
whatever else the machine does meets all of them; `ratio` is the median of raw time over the median
of this way, 1 is as fast as the disk. `extra_memory` is what a way takes beside the arrays, as a
share of them (Linux only).
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import pickle
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import torch

import genesis_state as gs
from genesis_state import checkpoint
from genesis_state.checkpoint.atomic import replacing
from genesis_state.layout import OwnerLayout, RowLayout

TARGETS = {".safetensors": 0.7, ".safetensors state": 0.7, ".pkl": 0.5}
SIZES = {"1 MB": 10**6, "100 MB": 10**8}
LARGE = {"2 GB": 2 * 10**9}
Arrays = dict[str, np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints JSON; see the top of this file.")
    parser.add_argument("--large", action="store_true", help="2 GB too")
    parser.add_argument("--samples", type=int, default=15, help="of each way and size")
    parser.add_argument("--folder", type=Path, help="where to write; by default a temporary folder")
    parser.add_argument("--memory-of", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory_of:
        print(extra_memory(*args.memory_of))
        return
    sizes = SIZES | LARGE if args.large else SIZES
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        report = {
            "machine": {"processor": platform.machine(), "cores": os.cpu_count()},
            "versions": {"numpy": np.__version__, "torch": torch.__version__},
            "target_ratios": TARGETS,
            "sizes": {
                name: measured(state(size), Path(folder), few(args.samples, size))
                for name, size in sizes.items()
            },
            "extra_memory": {
                f"{suffix} {what}": memory_in_a_new_process(suffix, what, Path(folder))
                for suffix in (".safetensors", ".safetensors state", ".pkl", ".npz")
                for what in ("save", "load")
            },
        }
    print(json.dumps(report, indent=2))


def few(samples: int, size: int) -> int:
    return samples if size <= 10**8 else max(3, samples // 5)


def state(size: int) -> Arrays:
    """Arrays of a scene's kinds, random so that nothing shrinks or repeats them."""
    rng = np.random.default_rng(0)
    n_envs = 64
    shares = {"RigidSolver.qpos": 0.1, "MPMSolver.pos": 0.2, "MPMSolver.F": 0.6, "S.active": 0.1}
    arrays: Arrays = {}
    for name, share in shares.items():
        data = rng.integers(0, 256, (n_envs, int(size * share / n_envs / 8) * 8), np.uint8)
        arrays[name] = data.view(np.float32) if name != "S.active" else data < 128
    return arrays


# Ways to save and load. Each save flushes to the disk itself.


def flushed(path: Path, write: Callable[[Any], Any]) -> None:
    with open(path, "wb") as stream:
        write(stream)
        stream.flush()
        os.fsync(stream.fileno())


def flush(path: Path) -> None:
    with open(path, "rb") as stream:
        os.fsync(stream.fileno())


def save_raw(path: Path, arrays: Arrays) -> None:
    with replacing(path) as stream:
        for array in arrays.values():
            stream.write(array.data)


def save_raw_in_place(path: Path, arrays: Arrays) -> None:
    flushed(path, lambda stream: [stream.write(array.data) for array in arrays.values()])


def load_raw(path: Path) -> Any:
    return path.read_bytes()


def save_ours(path: Path, arrays: Arrays) -> None:
    checkpoint.write(path, arrays, step_index=0, manifest={})


def load_ours(path: Path) -> Any:
    return checkpoint.read(path)


def save_state(path: Path, arrays: Arrays) -> None:
    packed(arrays).save(path)


def load_state(path: Path) -> Any:
    return gs.load_state(path)


def packed(arrays: Arrays) -> gs.SimState:
    """The arrays as a state; made once, as they are the same each time."""
    key = id(next(iter(arrays.values())))
    if key not in _PACKED:
        owners: dict[str, list[Any]] = {}
        for name, array in arrays.items():
            owner, variable = name.split(".")
            dtype = "float32" if array.dtype == np.float32 else "bool"
            owners.setdefault(owner, []).append((variable, "state", dtype, array.shape[1:]))
        layout = gs.StateLayout(
            tuple(
                OwnerLayout(name, name.lower(), RowLayout.pack(variables), RowLayout((), 0))
                for name, variables in owners.items()
            )
        )
        _PACKED.clear()
        _PACKED[key] = gs.SimState.zeros(layout, len(next(iter(arrays.values()))))
        for name, array in arrays.items():
            values = torch.from_numpy(array)
            _PACKED[key][name] = values if array.dtype == np.float32 else values.bool()
    return _PACKED[key]


_PACKED: dict[int, gs.SimState] = {}


def save_safetensors(path: Path, arrays: Arrays) -> None:
    safetensors.numpy.save_file(arrays, path)
    flush(path)


def save_torch(path: Path, arrays: Arrays) -> None:
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    flushed(path, lambda stream: torch.save(tensors, stream))


def load_npz(path: Path) -> Any:
    with np.load(path, allow_pickle=False) as found:
        return dict(found)


def save_npz(path: Path, arrays: Arrays) -> None:
    content: dict[str, Any] = dict(arrays)
    flushed(path, lambda stream: np.savez(stream, **content))


def save_pickle(path: Path, arrays: Arrays) -> None:
    flushed(path, lambda stream: pickle.dump(arrays, stream, 5))


def load_pickle(path: Path) -> Any:
    with open(path, "rb") as stream:
        return pickle.load(stream)


Way = tuple[str, Callable[[Path, Arrays], None], Callable[[Path], Any]]
WAYS: dict[str, Way] = {
    "raw": ("raw", save_raw, load_raw),
    "raw in place": ("raw", save_raw_in_place, load_raw),
    ".safetensors": ("a.safetensors", save_ours, load_ours),
    ".safetensors state": ("a.safetensors", save_state, load_state),
    ".pkl": ("a.pkl", save_ours, load_ours),
    ".npz": ("a.npz", save_ours, load_ours),
    "safetensors": ("b.safetensors", save_safetensors, safetensors.numpy.load_file),
    "torch.save": ("b.pt", save_torch, torch.load),
    "np.savez": ("b.npz", save_npz, load_npz),
    "pickle": ("b.pkl", save_pickle, load_pickle),
}


def measured(arrays: Arrays, folder: Path, samples: int) -> dict[str, Any]:
    times: dict[str, dict[str, list[float]]] = {way: {"save": [], "load": []} for way in WAYS}
    order = random.Random(0)
    for _ in range(samples + 1):
        # In another order each time, because what a way leaves behind speeds or slows the next.
        for way, (name, save, load) in order.sample(list(WAYS.items()), len(WAYS)):
            path = folder / name
            path.unlink(missing_ok=True)  # a new file each time, as ours is
            times[way]["save"].append(timed(lambda s=save, p=path: s(p, arrays)))
            load(path)
            times[way]["load"].append(timed(lambda f=load, p=path: f(p)))
            path.unlink()
    report: dict[str, Any] = {"bytes": sum(array.nbytes for array in arrays.values())}
    for what in ("save", "load"):
        # The first of each warms up and is left out.
        medians = {way: statistics.median(times[way][what][1:]) for way in WAYS}
        report[what] = {
            way: {"ms": round(1e3 * median, 3), "ratio": round(medians["raw"] / median, 3)}
            for way, median in medians.items()
        }
        report[what]["met"] = all(report[what][w]["ratio"] >= t for w, t in TARGETS.items())
    return report


def timed(call: Callable[[], Any]) -> float:
    gc.collect()
    start = time.perf_counter()
    result = call()
    end = time.perf_counter()
    del result
    return end - start


# Memory


def memory_in_a_new_process(way: str, what: str, folder: Path) -> float:
    command = [sys.executable, __file__, "--memory-of", way, what, str(folder)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def extra_memory(way: str, what: str, folder: str) -> float:
    """Peak of the resident memory beside the arrays, as a share of them."""
    name, save, load = WAYS[way]
    path, warm = Path(folder, f"memory_{name}"), Path(folder, f"warm_{name}")
    save(warm, state(10**6))
    load(warm)
    arrays = state(10**8)
    if what == "load":
        save(path, arrays)
        arrays = {}
        _PACKED.clear()
        gc.collect()
    elif save is save_state:
        packed(arrays)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = peak_bytes()
    if what == "save":
        save(path, arrays)
    else:
        load(path)
    nbytes = 10**8
    return round((peak_bytes() - before - (nbytes if what == "load" else 0)) / nbytes, 4)


def peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    main()
