"""A bar on stderr while a file is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from genesis_state.cli.pieces import Advance

DELAY = 0.5  # s; what is over sooner needs no bar


@contextmanager
def progress(what: str, total: int) -> Iterator[Advance]:
    """A bar that appears if stderr is a terminal and reading takes long, and goes when it is done.

    Args:
        what: What it is called.
        total: Bytes to read.

    Yields:
        A function to be told how many more bytes were read.
    """
    with tqdm(
        desc=what, total=total, unit="B", unit_scale=True, delay=DELAY, leave=False, disable=None
    ) as bar:
        yield bar.update
