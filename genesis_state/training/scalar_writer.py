"""Where rl_games and observers log scalars to, and who hears of them."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import torch

_log = logging.getLogger("genesis_state.training")

Sink = Callable[[str, float, int], None]

# What rl_games logs over seconds itself, which it counts from the start of the process.
_SECONDS = re.compile(r"(?:shaped_)?rewards\d*/time|episode_lengths/time")


class ScalarWriter:
    """Takes `add_scalar` calls and passes each on to all sinks.

    It stands where rl_games has a SummaryWriter, whose thread and queue keep the last scalars of a
    run that is killed to themselves. A sink that fails is reported and left out from then on.

    Attributes:
        elapsed: Seconds that earlier processes trained, added to rl_games' own `*/time` tags.
    """

    def __init__(self) -> None:
        self.elapsed = 0.0
        self._sinks: list[Sink] = []

    def add_sink(self, sink: Sink) -> None:
        """Passes scalars on to `sink(tag, value, step)` from now on."""
        self._sinks.append(sink)

    def remove_sink(self, sink: Sink) -> None:
        """Passes nothing on to it any more."""
        self._sinks = [other for other in self._sinks if other != sink]

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: float | None = None, *_: Any, **__: Any
    ) -> None:
        """Logs a scalar; the signature is that of a SummaryWriter."""
        step = 0.0 if global_step is None else float(global_step)
        if _SECONDS.fullmatch(tag):
            step += self.elapsed
        value = number(scalar_value)
        for sink in list(self._sinks):
            try:
                sink(tag, value, int(step))
            except Exception:
                _log.exception(f"{tag}: a log failed and is switched off; training goes on.")
                self.remove_sink(sink)

    def flush(self) -> None:
        """Does nothing: sinks flush themselves."""

    def close(self) -> None:
        """Lets all sinks go."""
        self._sinks = []


def drop_summary_writer(writer: Any) -> None:
    """Closes a SummaryWriter that rl_games made, and removes its file, which is empty."""
    with suppress(AttributeError, FileNotFoundError):
        empty = writer.file_writer.event_writer._ev_writer._file_name
        writer.close()
        os.unlink(empty)


def number(value: Any) -> float:
    """A scalar of Python, NumPy or torch as Python's number."""
    if isinstance(value, torch.Tensor):
        return float(value.detach().item())
    return float(np.asarray(value).item())
