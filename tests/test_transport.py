"""Both transports move every kind of variable, on the CPU; for Vulkan see test_vulkan.py."""

import os
import signal
import warnings
from collections.abc import Iterator

import every_kind
import pytest
import torch

import genesis_state as gs
from genesis_state import rows


@pytest.fixture(scope="module", params=["32", "64"])
def precision(request: pytest.FixtureRequest) -> Iterator[str]:
    gs.init(precision=request.param)
    yield request.param
    gs.destroy()


@pytest.mark.parametrize("transport", ["zero_copy", "kernel"])
@pytest.mark.parametrize("schema", every_kind.SCHEMAS)
def test_rows_go_where_they_belong(precision: str, schema: str, transport: str) -> None:
    every_kind.check_schema(schema, transport)


@pytest.mark.parametrize("schema", ["EveryKind", "SceneClock"])
def test_a_second_thread_changes_nothing(
    precision: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "SHARED_BYTES", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    every_kind.check_schema(schema, "zero_copy")
    assert rows._helper is not None
    with rows._free:  # held by a call on another thread: this one goes alone
        every_kind.check_schema(schema, "zero_copy")


def test_what_fails_on_the_second_thread_is_raised_and_the_next_copy_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rows, "SHARED_BYTES", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)

    def copy(part: slice) -> None:
        if part.start:
            raise MemoryError("on the second thread")
        done.append(part)

    done: list[slice] = []
    for _ in range(2):
        with pytest.raises(MemoryError, match="on the second thread"):
            rows._share(copy, 10, nbytes=100)
    assert done == [slice(0, 5), slice(0, 5)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_starts_its_own_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "SHARED_BYTES", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    rows._share(lambda part: None, 10, nbytes=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads
        child = os.fork()
    if child == 0:
        signal.alarm(20)
        rows._share(lambda part: None, 10, nbytes=100)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
