"""Kills a training run again and again, lets it go on each time, and tells what became of it.

    python training_victims.py <folder> <seed> <kills> <kind>

The runs are forked, so that none of them has to import torch anew.
"""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from training_runs import content, differences, run, run_task, scalars
from training_toy import TOYS

import genesis_state as gs
from genesis_state.training import training_checkpoint
from genesis_state.training.agent import Continuing
from genesis_state.training.run_directory import RunDirectory

EPOCHS_FOR_A_KILL = 15


def forked(root: Path, kind: str, epochs: int, waits_at: int | None = None) -> int:
    """Starts a run that goes on where the last one was killed; its process id.

    Args:
        waits_at: The epoch before which it waits to be killed, if nobody killed it earlier.
    """
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        if waits_at is not None:
            wait_before(waits_at)
        train(root, kind, epochs)
        status = 0
    finally:
        os._exit(status)


def wait_before(epoch: int) -> None:
    """Lets agents of this process wait for their end before an epoch, however fast they are."""
    begin = Continuing.update_epoch

    def update_epoch(agent: Continuing) -> int:
        if agent.epoch_num + 1 >= epoch:
            signal.pause()
        return begin(agent)

    setattr(Continuing, "update_epoch", update_epoch)  # noqa: B010  (of another signature)


def train(root: Path, kind: str, epochs: int) -> None:
    if kind in TOYS:
        run(root, kind, rnn=kind == "views", resume="auto", config={"max_epochs": epochs}, keep=2)
        return
    run_task(root, kind, "resume=auto", "keep=2", f"max_epochs={epochs}")
    gs.destroy()  # which keeps the compiled kernels for the next one


def wait_for_save(last: Path, child: int) -> None:
    """Returns when a run has written a checkpoint, or is over."""

    def saved_at() -> int | None:
        return last.stat().st_mtime_ns if last.exists() else None

    before = saved_at()
    while saved_at() == before:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.002)


def queued(found: dict[str, Any]) -> list[int]:
    """How many results wait in each queue of the ADR, if there is one."""
    adr = (found["env_state"] or {}).get("adr")
    return [] if adr is None else adr["counts"].tolist()


def main(folder: Path, seed: int, kills: int, kind: str) -> None:
    draw = random.Random(seed)
    quiet = os.open(os.devnull, os.O_WRONLY)
    report = os.dup(1)
    os.dup2(quiet, 1)
    logging.disable(logging.CRITICAL)

    child = forked(folder / "whole", kind, kills * EPOCHS_FOR_A_KILL)
    assert os.waitpid(child, 0)[1] == 0
    # Seconds of training, without what it takes to start, of all epochs.
    whole_run = training_checkpoint.read(folder / "whole" / "toy" / "nn" / "last.pth")
    lasted = float(whole_run["loop"]["elapsed"])

    directory = RunDirectory("toy", folder / "parts", name="toy" if kind in TOYS else kind)
    epochs, leftovers, done = [], 0, 0
    for kill in range(kills):
        # Each has its share of the epochs, so that there is something left to kill for the next.
        share = (kill + 1) * EPOCHS_FOR_A_KILL
        child = forked(folder / "parts", kind, kills * EPOCHS_FOR_A_KILL, waits_at=share)
        if draw.random() < 0.25:
            time.sleep(draw.uniform(0.0, 0.3))  # while it starts, or soon after
        else:
            wait_for_save(directory.last, child)
            time.sleep(draw.uniform(0.0, 8 * lasted / (kills * EPOCHS_FOR_A_KILL)))
        os.kill(child, signal.SIGKILL)
        done += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        newest = directory.newest_whole()
        epochs.append(0 if newest is None else int(content(newest)["epoch"]))
        if directory.checkpoints.is_dir():
            leftovers += sum(
                not path.name.endswith(".pth") for path in directory.checkpoints.iterdir()
            )
    child = forked(folder / "parts", kind, kills * EPOCHS_FOR_A_KILL)
    assert os.waitpid(child, 0)[1] == 0

    newest = directory.newest_whole()
    assert newest is not None
    whole = scalars(folder / "whole" / "toy")
    found = {
        "kills": done,
        "epochs": epochs,
        "leftovers": leftovers,
        "last_epoch": int(content(newest)["epoch"]),
        "differences": differences(
            content(folder / "whole" / "toy" / "nn" / "last.pth"), content(newest)
        ),
        "scalars": len(whole),
        "same_scalars": whole == scalars(folder / "parts" / "toy"),
        "queued": queued(content(newest)),
        "seconds": round(lasted, 2),
    }
    os.write(report, json.dumps(found).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
