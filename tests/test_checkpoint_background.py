"""Saves in the background: order, bound, errors that are not lost, exit, fork, interrupts."""

import gc
import logging
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from checkpoint_process import run
from checkpoint_source import Source, assert_exact

from genesis_state.checkpoint import Saving, flush, submit
from genesis_state.checkpoint.background import IN_FLIGHT, afterwards, settle

posix = pytest.mark.skipif(os.name == "nt", reason="needs fork and signals")


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Each test begins and ends with nothing in flight and no error unseen."""
    flush()
    yield
    flush()


class Gate:
    """Work that waits until it is let through."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.began, self.go, self.then = threading.Event(), threading.Event(), then

    def __call__(self) -> None:
        self.began.set()
        assert self.go.wait(30)
        self.then()


def fail() -> None:
    raise OSError(28, "No space left on device", "a.pkl")


# Handles


def test_a_handle_follows_its_save(tmp_path: Path) -> None:
    gate = Gate()
    saving = submit(tmp_path / "a.pkl", gate)
    assert saving.path == tmp_path / "a.pkl"
    assert not saving.done()
    assert repr(saving) == f"Saving({str(saving.path)!r}, in flight)"
    with pytest.raises(TimeoutError, match=r"a.pkl: is not saved after 0.01 s; wait longer"):
        saving.wait(0.01)
    gate.go.set()
    saving.wait()
    assert saving.done()
    assert saving.exception() is None
    assert repr(saving) == f"Saving({str(saving.path)!r}, saved)"


def test_a_failed_save_raises_where_it_is_waited_for() -> None:
    saving = submit("a.pkl", fail)
    with pytest.raises(OSError, match="No space left"):
        saving.wait()
    assert isinstance(saving.exception(), OSError)
    assert "failed: OSError(28" in repr(saving)
    submit("b.pkl", lambda: None).wait()  # it was seen


def test_a_real_save_is_exact(tmp_path: Path) -> None:
    source = Source(t=4)
    saving = source.save_checkpoint(tmp_path / "a.safetensors", block=False)
    assert saving is not None
    source.t = 5  # too late to matter
    saving.wait()
    assert assert_exact(tmp_path / "a.safetensors") == 4


# Order and bound


def test_saves_end_in_the_order_they_were_submitted(tmp_path: Path) -> None:
    for step in range(20):
        Source(t=step, size=1 << 10).save_checkpoint(tmp_path / "a.npz", block=False)
    flush()
    assert assert_exact(tmp_path / "a.npz", 1 << 10) == 19
    assert os.listdir(tmp_path) == ["a.npz"]


def test_a_submit_waits_while_two_are_unfinished() -> None:
    gates = [Gate() for _ in range(IN_FLIGHT)]
    for gate in gates:
        submit("a.pkl", gate)
    taken = threading.Event()
    third = threading.Thread(target=lambda: (submit("a.pkl", lambda: None), taken.set()))
    third.start()
    assert not taken.wait(0.1)
    gates[0].go.set()
    assert taken.wait(10)
    gates[1].go.set()
    third.join()


def test_what_comes_afterwards_waits_for_nothing_and_keeps_its_place() -> None:
    order: list[str] = []
    gates = [Gate(lambda n=n: order.append(f"save {n}")) for n in range(IN_FLIGHT)]
    for n, gate in enumerate(gates):
        submit("a.pkl", gate)
        afterwards(lambda n=n: order.append(f"after {n}"))
    for gate in gates:
        gate.go.set()
    flush()
    assert order == ["save 0", "after 0", "save 1", "after 1"]


def test_what_fails_afterwards_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    afterwards(fail)
    flush()
    assert "a task after a save in the background has failed: No space left" in caplog.text


# Errors


def test_an_unseen_error_is_raised_by_the_next_submit(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="genesis_state"):
        first = submit("a.pkl", fail)
        while not first.done():
            time.sleep(0.001)
    assert caplog.messages == ["a.pkl: was not saved in the background: No space left on device"]
    ran = []
    with pytest.raises(OSError) as caught:
        submit("b.pkl", lambda: ran.append(1))
    assert caught.value.errno == 28
    assert str(caught.value) == (
        "[Errno 28] an earlier save in the background has failed (No space left on device); this "
        "call has saved nothing to b.pkl; save again: 'a.pkl'"
    )
    assert caught.value.__cause__ is first.exception()
    submit("b.pkl", lambda: ran.append(2)).wait()
    assert ran == [2]


def test_other_errors_keep_their_kind_in_the_text(caplog: pytest.LogCaptureFixture) -> None:
    def work() -> None:
        raise ValueError("S.x: too many")

    submit("a.pkl", work)
    with pytest.raises(RuntimeError) as caught:
        flush()
    assert "in work\n    raise ValueError" in caplog.text
    assert str(caught.value) == (
        "a.pkl: an earlier save in the background has failed (ValueError: S.x: too many); look at "
        "what is in its folder."
    )
    assert isinstance(caught.value.__cause__, ValueError)


def test_an_error_while_a_submit_waits_for_room_is_raised_by_it() -> None:
    gate = Gate(fail)
    submit("a.pkl", gate)
    submit("b.pkl", lambda: None)
    threading.Timer(0.05, gate.go.set).start()
    with pytest.raises(OSError, match=r"saved nothing to c.pkl.*'a.pkl'"):
        submit("c.pkl", lambda: None)


def test_settling_waits_and_leaves_errors_unseen() -> None:
    gate = Gate(fail)
    saving = submit("a.pkl", gate)
    threading.Timer(0.05, gate.go.set).start()
    settle()
    assert saving.done()
    with pytest.raises(OSError, match=r"'a\.pkl'"):
        flush()


def test_several_unseen_errors_are_raised_one_by_one() -> None:
    gates = [Gate(fail), Gate(fail)]
    for name, gate in zip("ab", gates, strict=True):
        submit(f"{name}.pkl", gate)
    for gate in gates:
        gate.go.set()
    for name in "ab":
        with pytest.raises(OSError, match=f"'{name}.pkl'"):
            flush()
    flush()


def test_a_handle_may_be_dropped_and_its_error_is_kept() -> None:
    submit("a.pkl", fail)
    gc.collect()
    with pytest.raises(OSError, match=r"'a\.pkl'"):
        flush()


@pytest.mark.parametrize("failing", [False, True])
def test_an_ended_save_keeps_no_arrays(failing: bool) -> None:
    class Array(np.ndarray):  # one that can be referred to weakly
        pass

    array = np.zeros(1000).view(Array)
    known = weakref.ref(array)

    def work(array: Array = array) -> None:
        if failing:
            try:
                raise ValueError(array.shape)
            except ValueError as error:
                raise OSError(28, "No space left on device") from error

    saving = submit("a.pkl", work)
    del array, work
    assert (saving.exception() is not None) == failing
    flush()
    assert known() is None


# Exit

SAVE = """
    import sys, time
    from pathlib import Path
    from checkpoint_source import Source
    from genesis_state.checkpoint import submit, write
    def slow(path=sys.argv[1]):
        time.sleep(0.3)
        Source(t=7).save_checkpoint(path)
"""
ENDINGS = {
    "normal": ("", 0),
    "exit": ("sys.exit(3)", 3),
    "error": ("raise KeyError('mine')", 1),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_interpreter_waits_for_saves_in_flight(ending: str, tmp_path: Path) -> None:
    code, status = ENDINGS[ending]
    path = tmp_path / "a.pkl"
    ended = run(f"{SAVE}\n    submit(sys.argv[1], slow)\n    {code}", path)
    assert ended.returncode == status, ended.stderr
    assert ("KeyError: 'mine'" in ended.stderr) == (ending == "error")
    assert assert_exact(path) == 7


def test_an_unseen_error_is_written_at_exit(tmp_path: Path) -> None:
    code = """
        import logging, sys
        from genesis_state.checkpoint import submit
        logging.getLogger("genesis_state").addHandler(logging.NullHandler())
        def fail():
            raise OSError(28, "No space left on device")
        seen = submit("seen.pkl", fail).exception()
        submit("lost.pkl", fail)
    """
    ended = run(code)
    assert ended.returncode == 0
    assert ended.stderr == (
        "genesis_state: lost.pkl: was not saved in the background, and nobody has asked: No space "
        "left on device\n"
    )


def test_a_save_at_exit_is_written_in_place(tmp_path: Path) -> None:
    code = f"{SAVE}\n    import atexit; atexit.register(lambda: submit(sys.argv[1], slow))"
    for first in ("", "\n    submit(sys.argv[2], lambda: slow(sys.argv[2]))"):
        ended = run(code + first, tmp_path / "a.pkl", tmp_path / "b.pkl")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert assert_exact(tmp_path / "a.pkl") == 7


def test_a_thread_that_outlives_the_main_one_can_save(tmp_path: Path) -> None:
    code = f"""{SAVE}
    import threading
    def go_on():
        submit(sys.argv[1], slow)
        time.sleep(0.1)
        for t in range(3):
            Source(t=t).save_checkpoint(sys.argv[1], block=False)
    threading.Thread(target=go_on).start()
    """
    ended = run(code, tmp_path / "a.pkl")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert assert_exact(tmp_path / "a.pkl") == 2


# Forks


@posix
def test_a_forked_child_starts_with_nothing_in_flight(tmp_path: Path) -> None:
    """And its end does no harm to the file that the parent is writing."""
    code = """
        import os, sys, time
        import numpy as np
        from pathlib import Path
        from checkpoint_source import Source, arrays_at, assert_exact
        from genesis_state.checkpoint import flush, submit
        from genesis_state.checkpoint.atomic import replacing
        folder = Path(sys.argv[1])
        data = np.arange(500_000, dtype=np.uint32).tobytes()
        def work():
            with replacing(folder / "raw") as stream:
                for start in range(0, len(data), 1000):
                    stream.write(data[start : start + 1000])  # buffered, so something is pending
                    time.sleep(0.0001)
        in_flight = submit(folder / "raw", work)
        children = []
        for n in range(5):
            time.sleep(0.02)
            child = os.fork()
            if child == 0:
                flush()
                try:
                    in_flight.wait()
                    raise SystemExit("waited for a save of the parent")
                except RuntimeError as error:
                    assert "this one is a fork of that" in str(error), error
                for t in range(3):
                    Source(t=t).save_checkpoint(folder / f"{n}.npz", block=False)
                sys.exit(0)  # which waits for them
            children.append(child)
        assert not in_flight.done()
        for child in children:
            assert os.waitpid(child, 0)[1] == 0
        in_flight.wait()
        assert (folder / "raw").read_bytes() == data
        for n in range(5):
            assert assert_exact(folder / f"{n}.npz") == 2
        assert len(os.listdir(folder)) == 6, os.listdir(folder)
    """
    ended = run(code, tmp_path)
    assert ended.returncode == 0, ended.stderr


@posix
def test_a_process_of_multiprocessing_waits_for_its_saves(tmp_path: Path) -> None:
    code = f"""{SAVE}
    import multiprocessing
    def child():
        submit(sys.argv[1], slow)
    submit(sys.argv[2], lambda: slow(sys.argv[2]))
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert Path(sys.argv[1]).exists()
    """
    ended = run(code, tmp_path / "a.pkl", tmp_path / "b.pkl")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert assert_exact(tmp_path / "a.pkl") == assert_exact(tmp_path / "b.pkl") == 7


# Interrupts


@posix
@pytest.mark.parametrize("where", ["wait", "submit", "flush"])
def test_an_interrupt_while_waiting_leaves_all_as_it_was(where: str) -> None:
    gates = [Gate() for _ in range(IN_FLIGHT)]
    savings = [submit("a.pkl", gate) for gate in gates]
    ran = []
    calls: dict[str, Callable[[], Saving | None]] = {
        "wait": savings[0].wait,
        "submit": lambda: submit("b.pkl", lambda: ran.append(1)),
        "flush": flush,
    }
    main = threading.get_ident()
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            threading.Timer(0.1, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
            calls[where]()
    assert not any(saving.done() for saving in savings)
    for gate in gates:
        gate.go.set()
    flush()
    assert all(saving.done() for saving in savings)
    assert ran == []
    submit("b.pkl", lambda: ran.append(2)).wait()
    assert ran == [2]


@posix
def test_a_signal_handler_may_save_while_a_submit_waits() -> None:
    ran: list[str] = []
    gates = [Gate(), Gate()]
    for gate in gates:
        submit("a.pkl", gate)

    def handle(*_: object) -> None:
        for gate in gates:
            gate.go.set()
        submit("b.pkl", lambda: ran.append("handler"))

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        submit("c.pkl", lambda: ran.append("main"))
        flush()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert ran == ["handler", "main"]


def test_a_submit_costs_little() -> None:
    """Measured at 20 µs; the bound leaves room for a busy machine."""
    costs = []
    for _ in range(200):
        begin = time.perf_counter()
        saving = submit("a.pkl", lambda: None)
        costs.append(time.perf_counter() - begin)
        saving.wait()
    assert sorted(costs)[100] < 500e-6, sorted(costs)[100]


def test_it_imports_nothing_heavy() -> None:
    ended = run(
        """
        import sys, genesis_state.checkpoint
        assert not {"torch", "taichi", "mujoco"} & set(sys.modules)
        """
    )
    assert ended.returncode == 0, ended.stderr
