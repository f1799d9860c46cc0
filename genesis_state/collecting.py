"""When Python looks for garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collecting_later() -> Iterator[None]:
    """Python looks for no garbage meanwhile.

    For what makes a lot of objects that stay, such as an import: looking at them again and again
    takes a fifth of the time. If Python was told not to look at all it goes on not looking.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
