"""The temporary files of saves: their names, who holds one, and removing those nobody holds.

A process that is killed in the middle of a save cannot remove its temporary file. A save therefore
holds a lock on it, which the system takes back from whoever dies, and a file of such a name that
can be locked is a leftover.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":  # where leftovers stay until someone removes them
    import fcntl

_NAME = re.compile(r"\.(.+)\.[0-9a-f]{16}\.tmp", re.DOTALL)


def temporary(target: Path) -> Path:
    """A new name beside `target`, hidden and with a suffix that no checkpoint has."""
    return target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")


def hold(stream: BinaryIO, path: Path) -> bool:
    """Marks the new temporary file `path`, open as `stream`, as in use until it is closed.

    A fork inherits the mark: a child that outlives the process that saved keeps the leftover from
    being removed for as long as it lives, which costs space and nothing else.

    Returns:
        False if a sweep was faster and has removed the file or is about to; then make another.
    """
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks, where no sweep gets one either
    return os.path.lexists(path)


def sweep(folder: str | os.PathLike[str], pattern: str | None = None) -> list[Path]:
    """Removes temporary files of saves that nobody writes any more; never anything else.

    Only regular files of this user that are named as `temporary` names them and that no process
    holds. Other processes may save into the folder meanwhile.

    Args:
        folder: Where to look; not below it.
        pattern: A regular expression for the whole name of the target; by default any.

    Returns:
        What was removed.

    Raises:
        OSError: The folder cannot be listed.
    """
    if sys.platform == "win32":
        return []
    wanted = re.compile(".+" if pattern is None else pattern, re.DOTALL)
    removed = []
    for name in os.listdir(folder):
        found = _NAME.fullmatch(name) if name.endswith(".tmp") else None
        if found and wanted.fullmatch(found[1]):
            path = Path(folder, name)
            # What vanished, cannot be opened or is in use is left alone.
            with suppress(OSError):
                if _remove(path):
                    removed.append(path)
    return removed


def _remove(path: Path) -> bool:
    """Removes a leftover if it is one.

    No age is asked for, because lock and check settle every order of events. A save creates its
    file, locks it, and then sees whether the file still has a name; it keeps the lock until the
    file has been renamed. So if the lock is free here, then either its owner is dead; or it has
    not come to its lock yet, and will find that it is held or that the name is gone, and make
    another file; or it has renamed the file since the folder was listed, and the name, which is
    random and never used again, leads nowhere: this cannot remove what it became. Only where locks
    do not reach from one machine to another could a sweep take a file that is being written there;
    that save then fails with an error, and what stood under its name is as it was.
    """
    if sys.platform == "win32":
        return False
    # Neither a link is followed nor a pipe waited for. Some network file systems lock only what is
    # open for writing.
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            return False
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
        return True
    finally:
        os.close(handle)
