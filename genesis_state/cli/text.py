"""What commands say on stdout, as text and as JSON."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

import click
import numpy as np


def say(text: str) -> None:
    """Prints lines on stdout, whatever of them its encoding has."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding))


def say_json(value: Any) -> None:
    """Prints one JSON object in one line; see `plain`."""
    say(json.dumps(plain(value), allow_nan=False))


def plain(value: Any) -> Any:
    """What JSON can hold: NumPy's scalars as numbers; "NaN", "Infinity" and "-Infinity" as text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
