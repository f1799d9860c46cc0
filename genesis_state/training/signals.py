"""SIGTERM and Ctrl-C: what runs ends its epoch, is saved and leaves; the second leaves at once."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_log = logging.getLogger("genesis_state.training")
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stopping(request: Callable[[str], bool]) -> Iterator[None]:
    """Hands the first of these signals to `request`; what stood before comes back at the end.

    Outside the main thread, where Python sets no handlers, nothing is changed.

    Args:
        request: Takes the signal's name; False says that there is nothing to end well yet.

    Raises:
        KeyboardInterrupt, SystemExit: Inside the block, for the second signal, or where `request`
            returned False: at once, without a save.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        name = signal.Signals(number).name
        if not asked and request(name):
            asked = True
            _log.warning(f"{name}: the epoch is ended and saved; a second one leaves at once.")
            return
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
