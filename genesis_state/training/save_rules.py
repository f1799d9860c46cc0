"""What rl_games' loop wants when it saves, and when it has come to its end."""

from __future__ import annotations

from typing import Any

from genesis_state.training.checkpoint_names import SUFFIX, read_numbered_name


def is_numbered(file: str, name: str) -> bool:
    """Whether the loop asks for a file with the epoch in its name, for a training `name`."""
    if not file.startswith("last_"):
        file = f"last_{file}"  # where score_to_win is beaten: <name>_ep_<N>_rew_<R>
    found = read_numbered_name(file + SUFFIX)
    return found is not None and found.name == name


def goal_reached(agent: Any) -> bool:
    """Whether an agent, as restored, is that of a run that had come to its end.

    rl_games looks after an epoch only, and would train one more.
    """
    goal = agent.config.get("score_to_win")
    won = goal is not None and float(agent.last_mean_rewards) > goal
    epochs = agent.max_epochs != -1 and agent.epoch_num >= agent.max_epochs
    frames = agent.max_frames != -1 and agent.frame >= agent.max_frames
    return won or epochs or frames
