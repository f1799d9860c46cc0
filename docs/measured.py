"""Writes the tables of figures into the pages, from benchmarks/results: python docs/measured.py.

A table stands between two comments, `<!-- figures: name -->` and `<!-- end of figures -->`, in any
page. What is around it is written by hand. `benchmarks/record.py` makes the results. Where there is
none yet, what stands there stays: figures from before results were kept, which says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from typing import Any

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER.parent / "benchmarks" / "results"
PLACE = re.compile(r"<!-- figures: (\w+) -->\n(.*?)<!-- end of figures -->", re.DOTALL)

TABLES: dict[str, Callable[[], str]] = {}
"""By name, what writes a table."""


def table_of(make: Callable[[], str]) -> Callable[[], str]:
    TABLES[make.__name__] = make
    return make


def written(text: str) -> str:
    """A page with its tables as the results are."""

    def table(place: re.Match[str]) -> str:
        try:
            found = TABLES[place[1]]()
        except FileNotFoundError:
            return place[0]
        return f"<!-- figures: {place[1]} -->\n{found}<!-- end of figures -->"

    return PLACE.sub(table, text)


def result(name: str) -> dict[str, Any]:
    """A result as benchmarks/record.py keeps it."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def said(*names: str) -> str:
    """How the results of these names were got."""
    runs = [result(name) for name in names]
    commands = "; ".join(f"`{run['command']}`" for run in runs[:1])
    others = " and others like it" if len(runs) > 1 else ""
    dates = " to ".join(sorted({run["date"] for run in runs}))
    machine = f"{runs[0]['processor']}, {runs[0]['cores']} cores"
    return f"\n{commands}{others}, {dates}, {machine}.\n\n"


def table(head: list[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [head, ["---"] * len(head)]
    lines += [[str(entry) for entry in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def short(value: float) -> str:
    """Two digits that count, or all of a large number: 0.68, 4.2, 57, 1204."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def thousands(value: float) -> str:
    return f"{value / 1000:.0f} k" if value >= 10_000 else f"{value / 1000:.1f} k"


# What going back, copies and banks cost


@table_of
def recording() -> str:
    head = ["scene", "environments", "a step [µs]", "a checksum [µs]", "of a step"]
    head += ["`record()`", "`guard`", "`seek` to a keyframe [µs]", "to 9 steps after one [µs]"]
    rows = []
    for scene in result("recording")["result"]["scenes"]:
        more, back = scene["percent_more"], scene["history"]
        rows.append(
            [
                *(scene["scene"], scene["n_envs"], short(scene["step_us"])),
                *(short(scene["checksum_us"]), f"{scene['checksum_percent_of_step']:.1f} %"),
                *(f"{more[kind]:+.1f} %" for kind in ("record()", "guard")),
                short(back["seek_to_keyframe_us"]),
                short(back["seek_far_from_keyframe_us"]),
            ]
        )
    return said("recording") + table(head, rows)


BANK = {
    "reset(state, mask)": "`reset(state, mask)`",
    "bank.reset(scene, mask)": "`bank.reset(scene, mask)`",
    "bank.sample": "`sample`",
    "bank.update": "`update`",
    "copy_envs, half onto the others": "`copy_envs`, half onto the others",
    "branch, in and out": "`branch`, in and out",
}


@table_of
def state_bank() -> str:
    head = ["environments", "entries", *BANK.values()]
    rows = []
    for batch in result("state_bank")["result"]["batches"]:
        found = batch["operations"]
        cells = [f"{short(found[name]['us'])} ({found[name]['times']:.2f})" for name in BANK]
        rows.append([batch["n_envs"], batch["entries"], *cells])
    return said("state_bank") + table(head, rows)


# What a state costs


def _operations(batch: dict[str, Any]) -> dict[str, float]:
    """Microseconds by the name of the operation, and of what it is compared with."""
    found = {line["operation"]: line["us"] for line in batch["operations"]}
    for baseline in {line["baseline"] for line in batch["operations"]}:
        lines = [x for x in batch["operations"] if x["baseline"] == baseline]
        found[baseline] = median(line["baseline_us"] for line in lines)
    return found


def masked(us: dict[str, float], form: str, rows: str = "environment") -> str:
    return short(us[f"reset(state, {form}), a row per {rows}"])


@table_of
def state_ops() -> str:
    head = ["environments", "`get_state`", "into an old one", "`reset`", "of half, by a mask"]
    head += ["by an index", "by a list", "`copy_`", "`index_copy_` of half"]
    rows = []
    for batch in result("state_ops")["result"]["batches"]:
        us = _operations(batch)
        whole = [us[name] for name in ("get_state()", "get_state(out=state)", "reset(state)")]
        base = [us["copy_ of the same bytes"], us["index_copy_ of half"]]
        half = [masked(us, form) for form in ("bool mask", "index tensor", "list")]
        rows.append([batch["n_envs"], *map(short, whole), *half, *map(short, base)])
    return said("state_ops") + table(head, rows)


def readme_state_ops() -> list[str]:
    """The cells of README's table: get, reset, reset of half by a mask; and the copies."""
    rows = [_operations(batch) for batch in result("state_ops")["result"]["batches"]]
    return [
        ", ".join([short(us["get_state()"]), short(us["reset(state)"]), masked(us, "bool mask")])
        for us in rows
    ]


def readme_copies() -> list[str]:
    rows = [_operations(batch) for batch in result("state_ops")["result"]["batches"]]
    names = ("copy_ of the same bytes", "index_copy_ of half")
    return [", ".join(short(us[name]) for name in names) for us in rows]


MATTER = {
    "sph": "SPH, 8,000 particles",
    "cloth": "cloth, 2,916 particles",
    "pbd_liquid": "PBD liquid, 8,000 particles",
    "fem": "FEM ball, 971 vertices",
}


@table_of
def state_ops_matter() -> str:
    head = ["", "environments", "bytes of each", "`get_state`", "into an old one", "`reset`"]
    head += ["of half, by a mask", "by a list", "`copy_`", "`index_copy_` of half"]
    rows = []
    for name, what in MATTER.items():
        batch = result(f"state_ops_{name}")["result"]["batches"][0]
        us = _operations(batch)
        whole = [us[key] for key in ("get_state()", "get_state(out=state)", "reset(state)")]
        base = [us["copy_ of the same bytes"], us["index_copy_ of half"]]
        half = [masked(us, form) for form in ("bool mask", "list")]
        size = thousands(batch["bytes_per_env"])
        rows.append([what, batch["n_envs"], size, *map(short, whole), *half, *map(short, base)])
    return said(*(f"state_ops_{name}" for name in MATTER)) + table(head, rows)


# Files


@table_of
def scene_checkpoint() -> str:
    names = [f"scene_checkpoint_{n}" for n in (64, 1024, 4096)]
    head = ["environments", "save [ms]", "load [ms]", "`get_state(params=True)` [ms]"]
    head += ["until a save in the background returns [ms]", "what it costs the steps [ms]"]
    rows = []
    for name in names:
        found = result(name)["result"]
        file, background = found[".safetensors"], found["background"]
        times = [file["save_ms"], file["load_ms"], background["get_state_ms"]]
        times += [background["blocked_ms"], background["lost_ms"]]
        rows.append([found["n_envs"], *map(short, times)])
    return said(*names) + table(head, rows)


WAYS = {
    "raw": "raw bytes [ms]",
    ".safetensors": "`.safetensors`",
    ".safetensors state": "a state as `.safetensors`",
    ".pkl": "`.pkl`",
    ".npz": "`.npz`",
    "safetensors": "the package safetensors",
    "torch.save": "`torch.save`, `torch.load`",
    "np.savez": "`np.savez`, `np.load`",
    "pickle": "plain pickle",
}


@table_of
def checkpoint() -> str:
    sizes = result("checkpoint")["result"]["sizes"]
    head = ["", *(f"{size}, {what}" for size in sizes for what in ("save", "load"))]
    rows = []
    for way, title in WAYS.items():
        found = [sizes[size][what][way] for size in sizes for what in ("save", "load")]
        key = "ms" if way == "raw" else "ratio"
        rows.append([title, *(short(entry[key]) for entry in found)])
    return said("checkpoint") + table(head, rows)


@table_of
def command_line() -> str:
    found = result("command_line")["result"]
    sizes = [size for size in found if size.endswith("B")]
    rows = []
    for command in found[sizes[0]]:
        seconds = [f"{found[size][command]['seconds']:.2f}" for size in sizes]
        most = max(found[size][command]["memory_mb"] for size in sizes)
        rows.append([f"`{command}`", *seconds, f"{most} MB"])
    idle = found["interpreter"]
    rows.append(["Python that imports NumPy", f"{idle['seconds']:.2f}", *[""] * (len(sizes) - 1)])
    rows[-1].append(f"{idle['memory_mb']} MB")
    return said("command_line") + table(["", *(f"{size} [s]" for size in sizes), "memory"], rows)


# Starting


STARTED = {
    "startup": "a Franka, 64 environments",
    "startup_sph": "SPH",
    "startup_dfsph": "DFSPH",
    "startup_cloth": "cloth",
    "startup_pbd_liquid": "PBD liquid",
    "startup_fem": "FEM, explicit",
    "startup_fem_implicit": "FEM, implicit",
    "startup_mpm": "MPM",
    "startup_mixed": "a Franka, liquid and sand by MPM",
}


@table_of
def startup() -> str:
    head = ["", "nothing compiled [s]", "after that [s]", "import", "build", "first step"]
    rows = []
    for name, what in STARTED.items():
        found = result(name)["result"]
        warm = found["warm"]
        parts = [warm[part] for part in ("import", "build", "first_step")]
        rows.append([what, *(f"{x:.1f}" for x in (found["cold"]["total"], warm["total"], *parts))])
    return said(*STARTED) + table(head, rows)


# Steps


SUBJECTS = {
    "franka": "Franka that presses on the ground",
    "quadruped": "quadruped that lands and stands",
    "boxes": "ten boxes that fall over",
    "humanoid": "gymnasium's humanoid that falls, Runge-Kutta",
}


def _rigid(name: str) -> str:
    found = result(name)["result"]
    counts = sorted({row["n_envs"] for row in found["scenes"]})
    rows = []
    for scene, what in SUBJECTS.items():
        of = {row["n_envs"]: row for row in found["scenes"] if row["scene"] == scene}
        cells = [f"{thousands(of[n]['env_steps_per_s'])}, {of[n]['ratio']:.2f}" for n in counts]
        rows.append([what, *cells])
    means = found["geometric_mean_of_ratios"]
    rows.append(["geometric mean", *(f"{means[str(n)]:.2f}" for n in counts)])
    return said(name) + table(["environments", *map(str, counts)], rows)


@table_of
def rigid() -> str:
    return _rigid("rigid")


@table_of
def rigid_1() -> str:
    return _rigid("rigid_1")


@table_of
def rigid_64() -> str:
    return _rigid("rigid_64")


@table_of
def broad_phase() -> str:
    scenes = result("broad_phase")["result"]["scenes"]
    rows = [[row["bodies"], short(row["swept_us"]), short(row["listed_us"])] for row in scenes]
    head = ["balls", "swept [µs]", "every pair looked at [µs]"]
    return said("broad_phase") + table(head, rows)


CONTINUA = {
    "sph": "SPH, 8,000 particles, 10 substeps",
    "dfsph": "the same by DFSPH",
    "cloth": "PBD cloth, 2,916 particles, 10 substeps",
    "pbd_liquid": "PBD liquid, 8,000 particles, 2 substeps of 10 iterations",
    "fem": "FEM ball, 971 vertices, 4,320 elements, explicit, 10 substeps",
    "fem_implicit": "the same implicit, 2 substeps",
    "mpm": "MPM cube, 8,000 particles, 10 substeps",
}


@table_of
def continuum() -> str:
    both = {name: result(name)["result"] for name in ("continuum", "continuum_1")}
    rates = {
        (found["threads"], rate["scene"], rate["n_envs"]): rate["env_steps_per_s"]
        for found in both.values()
        for rate in found["rates"]
    }
    head = ["", "1 environment, 1 thread", "2 threads", "16 environments, 2 threads"]
    columns = ((1, 1), (2, 1), (2, 16))
    rows = [
        [what, *(short(rates[threads, scene, n]) for threads, n in columns)]
        for scene, what in CONTINUA.items()
    ]
    return said(*both) + table(head, rows)


@table_of
def mpm() -> str:
    found = result("mpm")["result"]
    sizes = {"8k": "8,000 particles", "100k": "97,336 particles"}
    rows = []
    for size, what in sizes.items():
        for n in sorted({rate["n_envs"] for rate in found["rates"]}):
            of = {x["threads"]: x for x in found["rates"] if x["size"] == size and x["n_envs"] == n}
            cost = {
                x["threads"]: x
                for x in found["determinism"]
                if x["size"] == size and x["n_envs"] == n
            }
            millions = [f"{of[t]['particle_substeps_per_s'] / 1e6:.1f}" for t in (1, 2)]
            rows.append([what, n, *millions, f"{cost[2]['ratio']:.2f}"])
    head = ["", "environments", "1 thread [millions/s]", "2 threads"]
    return said("mpm") + table([*head, "time, beside float atomics"], rows)


# Randomization


@table_of
def adr() -> str:
    def both(entry: dict[str, float]) -> str:
        return f"{short(entry['median'])} ({short(entry['p10'])})"

    keys = ("update_us", "loop_us", "values_us", "state_dict_us")
    batches = result("adr")["result"]["batches"]
    rows = [[batch["n_envs"], *(both(batch[key]) for key in keys)] for batch in batches]
    head = ["environments", "update [µs]", "loop", "values of one parameter", "`state_dict`"]
    return said("adr") + table(head, rows)


@table_of
def adr_task() -> str:
    rows = []
    for batch in result("adr_task")["result"]["batches"]:
        times = [batch["step_ms"]["with"], batch["step_ms"]["without"], batch["inside_ms"]]
        rows.append([batch["n_envs"], *map(short, times), f"{100 * batch['overhead']:.1f} %"])
    head = ["environments", "a step with [ms]", "without", "inside ADR and randomization", "more"]
    return said("adr_task") + table(head, rows)


if __name__ == "__main__":
    for page in sorted(FOLDER.glob("**/*.md")):
        text = page.read_text(encoding="utf-8")
        if written(text) != text:
            page.write_text(written(text), encoding="utf-8")
            print(page)
