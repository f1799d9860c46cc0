"""The base of all observers."""

from __future__ import annotations

from typing import Any


class Observer:
    """Is called at fixed moments of a run; each method does nothing unless overridden.

    In their order: `before_init`, `after_init`, `load_state_dict` if the run goes on from a
    checkpoint, then for each epoch `process_infos` at every step, `after_steps` once and
    `after_print_stats` once, `state_dict` at each save, and `close` at the end.

    An exception in any of them is reported, and the observer is left out from then on.
    """

    @property
    def name(self) -> str:
        """Under which a checkpoint keeps its state; differs between the observers of a run."""
        return type(self).__name__

    def before_init(self, base_name: str, config: dict[str, Any], experiment_name: str) -> None:
        """The agent is about to be built from `config`."""

    def after_init(self, algo: Any) -> None:
        """The agent is built; `algo.writer.add_scalar` logs, `algo.directory` has the files."""

    def process_infos(self, infos: dict[str, Any], done_indices: Any) -> None:
        """A step was made.

        Args:
            infos: From the environments.
            done_indices: Indices of the environments whose episode ended, shape (n, 1).
        """

    def after_steps(self) -> None:
        """All steps of an epoch were made; the networks learn from them next."""

    def after_clear_stats(self) -> None:
        """The agent forgot its running means."""

    def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
        """An epoch is over.

        Args:
            frame: Frames seen; the agent for continuous actions tells those before this epoch.
            epoch_num: Epochs done.
            total_time: Time of the whole run [s].
        """

    def state_dict(self) -> dict[str, Any]:
        """What the observer has to know to go on, as tensors and plain values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from what `state_dict` gave."""

    def close(self) -> None:
        """The run is over, in whatever way."""
