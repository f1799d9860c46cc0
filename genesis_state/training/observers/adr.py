"""How far automatic domain randomization has come."""

from __future__ import annotations

from typing import Any

from genesis_state.training.observers.observer import Observer
from genesis_state.training.vecenv import task_of


class AdrObserver(Observer):
    """Logs what the task's `adr_scalars()` returns, a dict of tags and numbers, each epoch.

    A task without that method is left in peace.
    """

    def __init__(self) -> None:
        self._algo: Any = None

    def after_init(self, algo: Any) -> None:
        self._algo = algo

    def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
        scalars = getattr(task_of(self._algo), "adr_scalars", None)
        if scalars is not None:
            for tag, value in scalars().items():
                self._algo.writer.add_scalar(tag, value, frame)
