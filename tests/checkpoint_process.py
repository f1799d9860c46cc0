"""Runs a few lines of Python in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

TESTS = Path(__file__).resolve().parent


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs `code` with `arguments` as sys.argv[1:], the package and these tests importable."""
    return subprocess.run(
        [sys.executable, "-c", dedent(code), *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
