"""Several observers as one, none of which can end a run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from genesis_state.training.observers.observer import Observer
from genesis_state.training.plain_values import plain

_log = logging.getLogger("genesis_state.training")


class MultiObserver(Observer):
    """Calls each of its observers in order; one that fails is reported and left out.

    Args:
        observers: In the order in which they are called.
    """

    def __init__(self, observers: Sequence[Observer]) -> None:
        names = [observer.name for observer in observers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"observers: {', '.join(twice)} stands there twice; give one of them another name."
            )
        self._observers = list(observers)
        self._printed: int | None = None

    @property
    def observers(self) -> tuple[Observer, ...]:
        """Those that still watch."""
        return tuple(self._observers)

    def before_init(self, base_name: str, config: dict[str, Any], experiment_name: str) -> None:
        self._each("before_init", base_name, config, experiment_name)

    def after_init(self, algo: Any) -> None:
        self._printed = None
        self._each("after_init", algo)

    def process_infos(self, infos: dict[str, Any], done_indices: Any) -> None:
        self._each("process_infos", infos, done_indices)

    def after_steps(self) -> None:
        self._each("after_steps")

    def after_clear_stats(self) -> None:
        self._each("after_clear_stats")

    def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
        # The agent for discrete actions of rl_games 1.6.5 calls it twice in an epoch.
        if epoch_num == self._printed:
            return
        self._printed = epoch_num
        self._each("after_print_stats", frame, epoch_num, total_time)

    def state_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = {}

        def take(observer: Observer) -> None:
            state[observer.name] = plain(observer.state_dict(), f"observer {observer.name}")

        self._guarded("state_dict", take)
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        def give(observer: Observer) -> None:
            if observer.name in state:
                observer.load_state_dict(state[observer.name])

        self._guarded("load_state_dict", give)

    def close(self) -> None:
        self._each("close")

    def _each(self, method: str, *args: Any) -> None:
        self._guarded(method, lambda observer: getattr(observer, method)(*args))

    def _guarded(self, method: str, call: Callable[[Observer], None]) -> None:
        for observer in list(self._observers):
            try:
                call(observer)
            except Exception:
                _log.exception(
                    f"observer {observer.name}: {method} failed, so it is switched off; training "
                    "goes on."
                )
                self._observers.remove(observer)
