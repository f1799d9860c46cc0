"""A bar that grows with the epochs."""

from __future__ import annotations

from typing import Any

from tqdm import tqdm

from genesis_state.training.observers.observer import Observer


class ProgressBar(Observer):
    """Shows epochs and the mean reward on a terminal, and nothing elsewhere."""

    def __init__(self) -> None:
        self._algo: Any = None
        self._bar: Any = None

    def after_init(self, algo: Any) -> None:
        self._algo = algo

    def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
        if self._bar is None:
            total = self._algo.max_epochs if self._algo.max_epochs > 0 else None
            self._bar = tqdm(
                desc=self._algo.experiment_name,
                total=total,
                initial=epoch_num - 1,
                unit="epoch",
                disable=None,  # where stderr is no terminal
            )
        rewards = self._algo.game_rewards
        if rewards.current_size:
            self._bar.set_postfix(reward=f"{rewards.mean.flatten()[0].item():.4g}", refresh=False)
        self._bar.update(epoch_num - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
