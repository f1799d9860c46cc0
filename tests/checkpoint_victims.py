"""A process of its own that forks savers, kills each, and looks at what it left.

    python checkpoint_victims.py FOLDER SEED KILLS

Imports `genesis_state.checkpoint` only, so that a fork is quick. Writes one line of JSON at the
end, or fails with the seed and the number of the kill.
"""

import json
import os
import random
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from checkpoint_content import SUFFIXES
from checkpoint_source import Source, assert_exact

from genesis_state.checkpoint import Directory, Saving

MODES = ("foreground", "background", "directory")
SIZES = (1 << 15, 1 << 16, 1 << 18)  # 0.3, 0.6 and 2.4 MB
KEEP_LAST = 2
KEEP_EVERY = 10
_STEP = struct.Struct("<q")


def save_and_tell(saves: Callable[[int], Saving | None], first: int, tell: int) -> None:
    """Saves one step after the other and tells each that is complete; never ends by itself."""
    waiting: list[tuple[int, Saving]] = []
    for step in range(first, first + 1_000_000):
        saving = saves(step)
        if saving is not None:
            waiting.append((step, saving))
            while waiting and (len(waiting) > 1 or waiting[0][1].done()):
                done, saving = waiting.pop(0)
                saving.wait()
                os.write(tell, _STEP.pack(done))
        else:
            os.write(tell, _STEP.pack(step))


def saver(folder: Path, mode: str, suffix: str, size: int) -> Callable[[int], Saving | None]:
    """How a victim saves a step; returns a handle if that goes on in the background."""
    directory = Directory(folder, keep_last=KEEP_LAST, keep_every=KEEP_EVERY, suffix=suffix)
    source = Source(size=size)

    def save(step: int) -> Saving | None:
        source.t = step
        if mode == "directory":
            return directory.save(source, block=step % 2 == 0)
        return source.save_checkpoint(folder / f"a{suffix}", block=mode == "foreground")

    return save


def kill_one(
    rng: random.Random, save: Callable[[int], Saving | None], first: int, longest: float
) -> list[int]:
    """Forks a victim, kills it at a random moment, and returns the steps it told."""
    told, tell = os.pipe()
    victim = os.fork()
    if victim == 0:
        try:
            os.close(told)
            os.write(tell, _STEP.pack(-1))
            save_and_tell(save, first, tell)
        finally:
            os._exit(1)
    os.close(tell)
    with open(told, "rb") as stream:
        stream.read(_STEP.size)  # it has begun
        time.sleep(rng.uniform(0, longest))
        os.kill(victim, signal.SIGKILL)
        steps = [step for (step,) in _STEP.iter_unpack(stream.read())]
    _, status = os.waitpid(victim, 0)
    assert os.WIFSIGNALED(status), f"the victim ended by itself, status {status}"
    return steps


def look(folder: Path, mode: str, suffix: str, size: int) -> int | None:
    """The newest step, everything else in the folder checked."""
    names = {path.name for path in folder.iterdir() if not path.name.endswith(".tmp")}
    hidden = {path.name for path in folder.iterdir() if path.name.endswith(".tmp")}
    assert all(name.startswith(".") for name in hidden), hidden
    if mode != "directory":
        assert names <= {f"a{suffix}"}, names
        return assert_exact(folder / f"a{suffix}", size) if names else None
    directory = Directory(folder, keep_last=KEEP_LAST, keep_every=KEEP_EVERY, suffix=suffix)
    paths = directory.paths()
    assert names == {path.name for path in paths}, names
    for path in paths:
        assert_exact(path, size)
    latest = directory.latest()
    assert directory.broken == {}
    assert (latest is None) == (not paths)
    return None if latest is None else assert_exact(latest, size)


def duration(save: Callable[[int], Saving | None]) -> float:
    """How long a save takes [s]."""
    begin = time.perf_counter()
    for step in range(3):
        saving = save(step)
        if saving is not None:
            saving.wait()
    return (time.perf_counter() - begin) / 3


def rounds(kills: int) -> Iterator[tuple[str, str, int, int]]:
    """Modes, formats and sizes in turn, and how many kills each gets."""
    kinds = [(mode, suffix) for mode in MODES for suffix in SUFFIXES]
    for index, (mode, suffix) in enumerate(kinds):
        share = kills // len(kinds) + (index < kills % len(kinds))
        yield mode, suffix, SIZES[index % len(SIZES)], share


def main(folder: Path, seed: int, kills: int) -> None:
    rng = random.Random(seed)
    found = {"kills": 0, "leftovers": 0, "swept": 0, "told": 0}
    for mode, suffix, size, share in rounds(kills):
        place = folder / f"{mode}{suffix}"
        place.mkdir(parents=True)
        save = saver(place, mode, suffix, size)
        longest = 6 * duration(save)
        # The thread of this process is not the victims'; each starts with nothing in flight.
        newest = look(place, mode, suffix, size)
        before: set[str] = set()
        for _ in range(share):
            here = f"seed {seed}, kill {found['kills']}, {mode} {suffix}"
            assert newest is not None, here
            steps = kill_one(rng, save, newest + 1, longest)
            seen = look(place, mode, suffix, size)
            assert seen is not None and seen >= max([newest, *steps]), f"{here}: {seen}, {steps}"
            newest = seen
            hidden = {path.name for path in place.iterdir() if path.name.endswith(".tmp")}
            if steps:
                assert not hidden & before, f"{here}: leftovers stayed {hidden & before}"
            if len(steps) > 1 and mode == "directory":
                # One of two was saved in the foreground, which told it when old ones were gone;
                # two more may have been written since.
                stay = [path for path in place.glob("step_*") if int(path.stem[5:]) % KEEP_EVERY]
                assert len(stay) <= KEEP_LAST + 2, f"{here}: {stay}"
            found["kills"] += 1
            found["leftovers"] += len(hidden - before)
            found["swept"] += len(before - hidden)
            found["told"] += len(steps)
            before = hidden
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
