"""Runs benchmarks and keeps what they print, for the tables of docs/measured.md.

    python benchmarks/record.py state_ops startup   # with no names, all of them: an hour
    python docs/measured.py                         # writes the page anew

A result is the JSON that the script printed, with the command, the date and the machine beside it.
The load is how many processes ran on average in the minute before: above a few tenths it was not
quiet.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from genesis_state.version import __version__

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results"

MATTER = ("sph", "cloth", "pbd_liquid", "fem")
STARTED = ("sph", "dfsph", "cloth", "pbd_liquid", "fem", "fem_implicit", "mpm", "mixed")

RECORDED: dict[str, str] = {
    "state_ops": "state_ops.py",
    **{f"state_ops_{name}": f"state_ops.py --scene {name} --n-envs 16" for name in MATTER},
    **{f"scene_checkpoint_{n}": f"scene_checkpoint.py --n-envs {n}" for n in (64, 1024, 4096)},
    "recording": "recording.py",
    "state_bank": "state_bank.py",
    "describe": "describe.py",
    "startup": "startup.py",
    **{f"startup_{name}": f"startup.py --scene {name} --n-envs 1" for name in STARTED},
    "checkpoint": "checkpoint.py --large",
    "command_line": "command_line.py --large",
    "adr": "adr.py",
    "adr_task": "adr_task.py",
    "broad_phase": "broad_phase.py",
    "rigid": "rigid.py",
    "rigid_1": "rigid.py --threads 1 --n-envs 64 1024",
    "rigid_64": "rigid.py --precision 64 --n-envs 1 64 1024",
    "continuum": "continuum.py --n-envs 1 16 --threads 2",
    "continuum_1": "continuum.py --n-envs 1 --threads 1",
    "mpm": "mpm.py",
}
"""By the name of the result, the script with its arguments."""
ENVIRONMENT = {"adr": {"OMP_NUM_THREADS": "1"}}


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes benchmarks/results/<name>.json.")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(RECORDED))
    args = parser.parse_args()
    if unknown := [name for name in args.names if name not in RECORDED]:
        parser.error(f"there is no {unknown[0]!r}; there are {', '.join(RECORDED)}")
    RESULTS.mkdir(exist_ok=True)
    for name in args.names or RECORDED:
        print(name, file=sys.stderr)
        text = json.dumps(record(name), indent=1)
        (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def record(name: str) -> dict[str, Any]:
    """Runs one benchmark."""
    variables = ENVIRONMENT.get(name, {})
    command = [sys.executable, *RECORDED[name].split()]
    load = os.getloadavg()[0]
    run = subprocess.run(
        command, cwd=FOLDER, env={**os.environ, **variables}, stdout=subprocess.PIPE, text=True
    )
    if run.returncode != 0:
        raise SystemExit(f"{RECORDED[name]} ended with {run.returncode}.")
    words = [f"{k}={v}" for k, v in variables.items()]
    return {
        "command": " ".join([*words, f"python benchmarks/{RECORDED[name]}"]),
        "date": datetime.date.today().isoformat(),
        "version": __version__,
        "processor": processor(),
        "cores": os.cpu_count(),
        "load": round(load, 2),
        "result": json.loads(run.stdout),
    }


def processor() -> str:
    """The name that it gives itself."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
