"""Loops whose length the compiler does not know stay short in code."""

# pyright: reportInvalidTypeForm=false

import os
import subprocess
import sys
from pathlib import Path

import pytest

import genesis_state as gs
from genesis_state.kernels import short_loops
from genesis_state.kernels.lang import LIBRARY, ti

TESTS = Path(__file__).resolve().parent


@ti.kernel
def polynomial(n: int, x: float, y: ti.template()):
    for _i in range(1):
        for _k in range(n):
            y[None] = y[None] * x + 0.25


def compile_it() -> None:
    """Leaves the compiled kernel in Taichi's cache."""
    gs.init()
    y = ti.field(ti.f32, ())
    polynomial(30, 0.5, y)
    assert abs(y[None] - 0.5) < 1e-6
    gs.destroy()


@pytest.mark.skipif(sys.platform != "linux", reason="the table of symbols is Linux'")
def test_a_loop_of_unknown_length_stays_a_loop(tmp_path: Path) -> None:
    path = os.pathsep.join([str(TESTS.parent), str(TESTS), os.environ.get("PYTHONPATH", "")])
    environment = {"PYTHONPATH": path, "TI_OFFLINE_CACHE_FILE_PATH": str(tmp_path)}
    code = "from test_short_loops import compile_it; compile_it()"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **environment}, check=True)
    compiled = [file.read_bytes() for file in tmp_path.rglob("*.tic")]
    assert [text.count(b" fmul ") for text in compiled if b" fmul " in text] == [1]


def test_a_library_that_cannot_be_read_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = short_loops.expect_short_loops.__wrapped__
    library = Path(LIBRARY).read_bytes()
    for content in (b"", b"MZ" + bytes(200), library[:4096], library[: len(library) // 2]):
        (tmp_path / "library.so").write_bytes(content)
        monkeypatch.setattr(short_loops, "LIBRARY", str(tmp_path / "library.so"))
        assert not keep()
    monkeypatch.setattr(short_loops, "LIBRARY", str(tmp_path / "none.so"))
    assert not keep()
    monkeypatch.setattr(short_loops, "LIBRARY", LIBRARY)
    monkeypatch.setattr(short_loops, "ENTRANCE", b"LLVMParseNothing")
    assert not keep()
