"""One runtime for each test module, always started afresh.

Taichi's cache knows a kernel by the fields it was compiled for, in the order in which they were
made since the runtime began. Starting each module from nothing makes that order the same in every
run, whichever tests are selected, so that the second run compiles nothing.
"""

import signal
import sys
from collections.abc import Callable, Iterator

import pytest

# A shell that starts the tests in the background has them ignore Ctrl-C, which some of them send.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", autouse=True)
def fresh_runtime() -> Iterator[None]:
    """Ends the runtime after each module, if it started one."""
    yield
    if "genesis_state.runtime" in sys.modules:
        sys.modules["genesis_state.runtime"].destroy()


@pytest.fixture
def write(tmp_path) -> Callable[..., str]:
    """Writes a model into a file and returns its path."""

    def write(text: str, name: str = "model.xml") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write
