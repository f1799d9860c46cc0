"""Runs a few lines of Python in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

TESTS = Path(__file__).resolve().parent


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs `code` with `arguments` as sys.argv[1:], the package and these tests importable."""
    command = [sys.executable, "-c", dedent(code), *map(str, arguments)]
    process = subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        if os.name != "nt":
            os.killpg(process.pid, signal.SIGKILL)  # what it has forked, too
        process.kill()
        raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)
