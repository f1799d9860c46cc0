"""Settings of rl_games' agents: our defaults, other spellings, and what 1.6.5 cannot do."""

from __future__ import annotations

from typing import Any

import torch


def settle(config: dict[str, Any]) -> None:
    """Completes `params.config` in place; doing it twice changes nothing more.

    Raises:
        ValueError: A setting that rl_games 1.6.5 crashes on, or silently does without.
    """
    if "save_freq" in config:
        config.setdefault("save_frequency", config["save_freq"])
    # rl_games adds a time to the name otherwise, and a resumed run would get another folder.
    config["full_experiment_name"] = config.get("full_experiment_name") or config["name"]
    # Compiled by default in 1.6.5: needs a compiler, and changes the names of weights.
    config.setdefault("torch_compile", False)
    device = "cuda:0" if torch.cuda.is_available() else "cpu"
    config.setdefault("device", device)
    config.setdefault("device_name", config["device"])
    # Without it the agent multiplies by None.
    if config.get("bounds_loss_coef") is None:
        config["bounds_loss_coef"] = 0.0
    # Another spelling than its own switches the loss off without a word.
    if config.get("bound_loss_type") == "regularization":
        config["bound_loss_type"] = "regularisation"
    if config.get("bound_loss_type", "bound") not in ("bound", "regularisation"):
        raise ValueError(
            f"bound_loss_type: {config['bound_loss_type']!r}, needs 'bound' or 'regularisation'."
        )
    if config.get("normalize_rms_advantage"):
        raise ValueError(
            "normalize_rms_advantage: rl_games 1.6.5 neither builds nor saves it; leave it out."
        )
    if config.get("multi_gpu"):
        raise ValueError(
            "multi_gpu: only the first process's environments would be saved, so a resumed run "
            "would not be the same; leave it out."
        )
    if "max_steps" in config:
        raise ValueError("max_steps: rl_games 1.6.5 fails on it; give max_frames.")


class FrameSchedule:
    """rl_games' linear schedule over frames, which 1.6.5 always tells that there were none."""

    def __init__(self, schedule: Any, agent: Any) -> None:
        self._schedule = schedule
        self._agent = agent

    def update(self, lr: float, entropy: float, epoch: int, frames: int, kl: float) -> Any:
        """As the schedule's own, with the frames that the agent has had."""
        return self._schedule.update(lr, entropy, epoch, self._agent.frame, kl)
