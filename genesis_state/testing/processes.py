"""The lines of the contract that need a process of their own."""

from __future__ import annotations

import os
import pickle
import runpy
import subprocess
import sys
import tempfile
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from genesis_state import runtime
from genesis_state.recording.checksums import StepChecksums
from genesis_state.recording.compare import Divergence, difference
from genesis_state.testing.contract import Contract, ContractError, said_of

if TYPE_CHECKING:
    pass

THREADS = (1, 2, 4)


def threads(contract: Contract) -> None:
    """1, 2 and 4 threads give the same bytes, and so does running twice."""
    n = max(contract.n_envs, contract.thread_envs)
    found = _run_elsewhere(contract, n_envs=n, threads=(*THREADS, THREADS[1]))
    first = found[0]
    for count, state in zip((*THREADS[1:], THREADS[1]), found[1:], strict=True):
        when = f"with {count} threads instead of {THREADS[0]}"
        try:
            contract.same("threads", when, state, first)
        except ContractError as error:
            begins = _first_step(contract, n, count) if contract.trace else None
            raise ContractError(f"{error}{said_of(begins)}") from None
    own = first[: contract.n_envs]
    contract.same("threads", "in another process", own, contract.recording.end)


def file(contract: Contract) -> None:
    """A checkpoint that a new process loads goes on there as it did here, whatever its format."""
    run = contract.recording
    files = run.checkpoints
    found = _run_elsewhere(contract, n_envs=contract.n_envs, checkpoints=files)
    for name, state in zip(files, found, strict=True):
        contract.same("file", f"{contract.after} steps on from {name}", state, run.end)
        if state.t != run.end.t:
            raise ContractError(f"file: scene.t is {state.t} from {name}, was {run.end.t}.")


def _first_step(contract: Contract, n_envs: int, count: int) -> Divergence | None:
    """The first step at which a number of threads makes a difference."""
    both = (THREADS[0], count)
    one, other = _run_elsewhere(contract, n_envs=n_envs, threads=both, checksums=True)
    parted = (one != other).any(1).nonzero()
    if not len(parted):
        return None
    steps = int(parted[0]) + 1
    states = _run_elsewhere(contract, n_envs=n_envs, threads=both, steps=steps)
    return difference(steps, False, *states)


def _run_elsewhere(
    contract: Contract,
    *,
    n_envs: int,
    threads: Sequence[int] = (0,),
    checkpoints: Mapping[str, bytes] | None = None,
    steps: int | None = None,
    checksums: bool = False,
) -> list[Any]:
    """The last states of runs in a new process.

    Each goes from the start to the end of the recording, or for so many steps, once for each number
    of threads (0: as it is); or from each of the checkpoints on. With `checksums`, in place of the
    state those of `StepChecksums` after each step, shape (steps, n_envs).
    """
    functions = _by_name(contract)
    job = {
        "path": sys.path,
        "init": contract.recording.init,
        "n_envs": n_envs,
        "threads": list(threads),
        "checksums": checksums,
        "checkpoints": dict(checkpoints or {}),
        "functions": functions,
        "script": _script() if b"__main__" in functions else None,
        "steps": steps or (contract.after if checkpoints else contract.before + contract.after),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "job.pkl")
        path.write_bytes(pickle.dumps(job))
        done = subprocess.run(
            [sys.executable, "-c", _BOOT, str(path)], capture_output=True, text=True
        )
        if done.returncode != 0:
            raise RuntimeError(f"the process for the contract failed:\n{done.stdout}{done.stderr}")
        return pickle.loads(Path(folder, "found.pkl").read_bytes())


# The path first: the package may not be installed, and the job names modules found there.
_BOOT = """
import pickle, sys
with open(sys.argv[1], "rb") as stream:
    job = pickle.load(stream)
sys.path[:] = job["path"]
from genesis_state.testing.processes import work
work(job, sys.argv[1])
"""


def _by_name(contract: Contract) -> bytes:
    functions = (contract.factory, contract.start, contract.drive)
    try:
        return pickle.dumps(functions)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"another process cannot import the functions of this contract ({error}); define "
            "them at the top of a module or script."
        ) from None


def _script() -> str | None:
    """The file of the script that runs, for functions that are defined there."""
    return getattr(sys.modules["__main__"], "__file__", None)


def _load_script(path: str) -> None:
    """Makes what a script defines importable under the name it had where it ran."""
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    vars(main).update(runpy.run_path(path, run_name="__mp_main__"))


def work(job: dict[str, Any], path: str) -> None:
    """What the new process does with its job; it leaves the states beside it."""
    if job["script"]:
        _load_script(job["script"])
    factory, start, drive = pickle.loads(job["functions"])
    found = []
    for count in job["threads"]:
        if count:
            os.environ["TI_CPU_MAX_NUM_THREADS"] = str(count)
        runtime.destroy()
        runtime.init(runtime.Backend(job["init"]["backend"]), job["init"]["precision"])
        with Contract(factory, n_envs=job["n_envs"], start=start, drive=drive) as contract:
            scene = contract.scene
            for name, content in job["checkpoints"].items():
                saved = Path(path).with_name(name)
                saved.write_bytes(content)
                scene.load_checkpoint(saved)
                contract.run(scene, job["steps"])
                found.append(scene.get_state(params=True).serializable())
            if not job["checkpoints"]:
                if start is not None:
                    start(scene, torch.arange(scene.n_envs))
                sums: list[torch.Tensor] = []
                for _ in range(job["steps"]):
                    contract.run(scene, 1)
                    if job["checksums"]:
                        sums.append(StepChecksums(scene._memory).take().cpu())
                state = scene.get_state(params=True).serializable()
                found.append(torch.stack(sums) if sums else state)
    Path(path).with_name("found.pkl").write_bytes(pickle.dumps(found))
