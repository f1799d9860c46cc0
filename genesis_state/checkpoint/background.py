"""Saves that a thread writes while the caller goes on.

There is one writer thread, so saves end in the order in which they were submitted, and at most
`IN_FLIGHT` of them are unfinished: one being written and one waiting, whose arrays are in memory.
The interpreter waits for them when it exits, after an exception and `sys.exit` too, also in the
children of `multiprocessing`. A signal that kills the process loses what was in flight; the files
that stood there are as they were. A forked child starts with nothing in flight.

No error is lost. It is logged at once, and if nobody has asked the save's handle for it, the next
`submit` or `flush` raises it, or it is written to stderr when the interpreter exits.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from pathlib import Path

IN_FLIGHT = 2

_log = logging.getLogger("genesis_state")


class Saving:
    """A save that was submitted; also one that is finished.

    Args:
        path: The file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._file = os.fspath(path)  # to make a Path takes as long as the rest of a submit
        self._process = os.getpid()
        self._future: Future[None] | None = None  # None stands for a finished one
        self._error: BaseException | None = None
        self._seen = False

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self._file)

    def done(self) -> bool:
        """Whether the save has ended, well or not."""
        return self._future is None or self._future.done()

    def wait(self, timeout: float | None = None) -> None:
        """Returns when the file is complete.

        Args:
            timeout: The longest to wait [s]; by default as long as it takes.

        Raises:
            BaseException: What the save raised, without its traceback, which is in the log; the
                file is as it was before.
            TimeoutError: It has not ended in that time; it goes on.
        """
        error = self.exception(timeout)
        if error is not None:
            raise error

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """What the save raised, or None, once it has ended; it then counts as seen.

        Args, Raises:
            timeout, TimeoutError: See `wait`.
        """
        if self._future is not None and not self._future.done():
            if self._process != os.getpid():
                raise RuntimeError(
                    f"{self.path}: process {self._process} saves it, this one is a fork of that; "
                    "wait for it there."
                )
            try:
                self._future.exception(timeout)
            except FutureTimeoutError:
                raise TimeoutError(
                    f"{self.path}: is not saved after {timeout} s; wait longer, it goes on."
                ) from None
        self._seen = True
        return self._error

    def __repr__(self) -> str:
        if not self.done():
            state = "in flight"
        else:
            state = "saved" if self._error is None else f"failed: {self._error!r}"
        return f"Saving({str(self.path)!r}, {state})"


class _Writer:
    """The thread, what it has to do, and what failed."""

    def __init__(self) -> None:
        # Held by the one that submits, also while it waits; a signal handler may save meanwhile.
        self._turn = threading.RLock()
        self._unfinished: deque[Saving] = deque()
        self._failed: deque[Saving] = deque()
        self._pool: ThreadPoolExecutor | None = None

    def submit(self, path: str | os.PathLike[str], work: Callable[[], object]) -> Saving:
        saving = Saving(path)
        with self._turn:
            self.raise_unseen(f"this call has saved nothing to {path}; save again")
            while len(before := self._in_flight()) >= IN_FLIGHT:
                self._settle(before[0])
                self.raise_unseen(f"this call has saved nothing to {path}; save again")
            future = self._enqueue(self._save, saving, work)
            if future is not None:
                saving._future = future
                self._unfinished.append(saving)
        return saving

    def afterwards(self, work: Callable[[], object]) -> None:
        with self._turn:
            self._enqueue(self._guarded, work)

    def settle(self, path: str | os.PathLike[str] | None) -> None:
        if self._pool is None:
            return
        if path is not None:
            file = os.path.realpath(path)
            for saving in tuple(self._unfinished):
                if os.path.realpath(saving.path) == file:
                    self._settle(saving)
            return
        # A task of its own comes after everything else, whoever submitted it.
        with self._turn:
            last = self._enqueue(_nothing)
        if last is not None:
            last.result()

    def raise_unseen(self, advice: str) -> None:
        saving = self._next_unseen()
        if saving is None:
            return
        error = saving._error
        text = f"an earlier save in the background has failed ({_reason(error)}); {advice}"
        if isinstance(error, OSError):
            raise OSError(error.errno, text, str(saving.path)) from error
        raise RuntimeError(f"{saving.path}: {text}.") from error

    def report(self) -> None:
        """Writes to stderr what nobody has seen."""
        while (saving := self._next_unseen()) is not None:
            if sys.stderr is not None:
                print(
                    f"genesis_state: {saving.path}: was not saved in the background, and nobody "
                    f"has asked: {_reason(saving._error)}",
                    file=sys.stderr,
                )

    def _next_unseen(self) -> Saving | None:
        """Takes the first failed save that nobody has asked about; it then counts as seen."""
        while True:
            try:
                saving = self._failed.popleft()
            except IndexError:
                return None
            if not saving._seen:
                saving._seen = True
                return saving

    def _in_flight(self) -> list[Saving]:
        """Those that have not ended, the first first.

        Found by looking at each, and each removed by itself, so that nothing is miscounted when an
        interrupt or a signal handler that saves comes in between.
        """
        for saving in list(self._unfinished):
            if saving.done():
                with suppress(ValueError):
                    self._unfinished.remove(saving)
        return list(self._unfinished)

    def _enqueue(self, task: Callable[..., None], *args: object) -> Future[None] | None:
        """Hands a task to the thread. Runs it here, last of all, when there can be none."""
        try:
            if self._pool is None:
                pool = ThreadPoolExecutor(1, thread_name_prefix="genesis_state-save")
                # The thread starts now and stays, so that no later call can fail for want of one.
                pool.submit(_nothing)
                self._pool = pool
            return self._pool.submit(task, *args)
        except RuntimeError:  # the interpreter is exiting: a callback of atexit, or a thread
            for saving in self._in_flight():
                self._settle(saving)
            task(*args)
            return None

    def _settle(self, saving: Saving) -> None:
        """Waits, without having seen how it ended."""
        if saving._future is not None:
            saving._future.exception()

    def _save(self, saving: Saving, work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            del work
            lines = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            _release_memory(error)
            saving._error = error
            self._failed.append(saving)
            reason = _reason(error) if isinstance(error, OSError) else f"{error!r}\n{lines}"
            _log.error("%s: was not saved in the background: %s", saving.path, reason)

    def _guarded(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:
            _log.exception("a task after a save in the background has failed: %s", _reason(error))


_writer = _Writer()


def submit(path: str | os.PathLike[str], work: Callable[[], object]) -> Saving:
    """Runs `work`, which writes the file `path`, in the writer thread.

    Waits while `IN_FLIGHT` saves are unfinished. When the interpreter is exiting and threads have
    been shut down, in a callback of `atexit` for example, `work` runs before this returns.

    Args:
        path: The file, for errors and the handle.
        work: What writes it, from data that nobody changes any more.

    Returns:
        A handle; it may be dropped.

    Raises:
        OSError: An earlier save has failed with one and nobody has asked for it; this call has
            taken nothing.
        RuntimeError: The same for any other error.
    """
    return _writer.submit(path, work)


def afterwards(work: Callable[[], object]) -> None:
    """Runs `work` in the writer thread once the saves taken so far have ended.

    It never waits and counts as no save. What it raises is logged.
    """
    _writer.afterwards(work)


def flush() -> None:
    """Waits until nothing is in flight.

    Raises:
        OSError, RuntimeError: A save has failed and nobody has asked for it; as for `submit`. With
            several, each call raises one.
    """
    _writer.settle(None)
    _writer.raise_unseen("look at what is in its folder")


def settle(path: str | os.PathLike[str] | None = None) -> None:
    """Waits until nothing is in flight, however it ends; what failed stays unseen.

    A save in the foreground begins with this, or one in flight to the same file would replace it;
    and so does reading a file back.

    Args:
        path: Wait for the saves to this file only.
    """
    _writer.settle(path)


def _nothing() -> None:
    """What the thread does to show that it has come so far."""


def _reason(error: BaseException | None) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}"


def _release_memory(error: BaseException) -> None:
    """Lets go of the frames of an error, which hold the arrays that were to be saved.

    To clear them is not enough: a frame keeps its function, and that what it was made with.
    """
    links: list[BaseException | None] = [error]
    known: set[int] = set()
    while links:
        link = links.pop()
        if link is not None and id(link) not in known:
            known.add(id(link))
            link.__traceback__ = None
            links += [link.__cause__, link.__context__]


def _restart() -> None:
    """In a forked child: the thread is not there, and what it had to do is the parent's."""
    global _writer
    _writer = _Writer()


# Registered on import, so that what the user registers later, and may save, comes before.
atexit.register(lambda: _writer.report())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart)
