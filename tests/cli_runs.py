"""How the tests of the command line run it, and the files they run it on."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from genesis_state import checkpoint
from genesis_state.cli import main

TIME = 1_700_000_000.25
GOLDEN = Path(__file__).resolve().parent / "golden"
NAN = float("nan")
INF = float("inf")
SPECIAL = {
    "S.floats": np.array([[NAN, 1.5], [-INF, INF], [-2.25, NAN]], np.float32),
    "S.only_nan": np.full((3,), NAN),
    "S.large": np.array([2**63, 2**64 - 1, 0], np.uint64),
    "S.small": np.array([-128, 127, 5], np.int8),
    "S.half": np.array([65504, -0.5, 0], np.float16),
    "S.flags": np.array([True, False, True]),
    "S.empty": np.zeros((3, 0), np.float64),
}


def run(*args: object, status: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == status, (result.output, result.exception)
    return result


def told(*args: object, status: int = 0) -> Any:
    """The one JSON object on stdout, which has none of the words that JSON lacks."""
    text = run(*args, "--json", status=status).stdout
    assert text.count("\n") == 1
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} in {text}"))


def trouble(*args: object) -> str:
    """The sentence on stderr; nothing is on stdout."""
    result = run(*args, status=2)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr.removeprefix("Error: ").removesuffix("\n")


def put(
    path: str, given: dict[str, np.ndarray], step: int = 7, *, time: float = TIME, **manifest: Any
) -> None:
    checkpoint.write(path, given, step_index=step, manifest=manifest, timestamp=time)


def by_hand(path: str, given: dict[str, np.ndarray]) -> None:
    content = {"timestamp": TIME, "step_index": 7, "arrays": given}
    Path(path).write_bytes(pickle.dumps(content, protocol=4))


def damage(path: str, *names: str) -> None:
    """Turns a bit of the first byte of some arrays."""
    with checkpoint.open(path) as stored:
        offsets = [stored.infos[name].offset for name in names]
    data = bytearray(Path(path).read_bytes())
    for offset in offsets:
        data[offset] ^= 1
    Path(path).write_bytes(data)
