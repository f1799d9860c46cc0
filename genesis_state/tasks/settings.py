"""What every task can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Settings:
    """Settings of a task.

    Attributes:
        episode_length: Most steps of an episode.
        control_frequency_inv: Scene steps in one step of the task.
        clip_observations: Largest observation, either way.
        own: Settings that only this task has, by name.
    """

    episode_length: int = 500
    control_frequency_inv: int = 1
    clip_observations: float = 100.0
    own: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Mapping[str, Any], task: str) -> Settings:
        """Settings out of a config.

        Raises:
            ValueError: A setting that every task has is not of its kind.
        """
        names = {f.name for f in fields(cls)} - {"own"}
        given = {key: config[key] for key in config if key in names}
        own = {key: config[key] for key in config if key not in names}
        for name in ("episode_length", "control_frequency_inv"):
            value = given.get(name, 1)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{task}.{name}: {value!r}, needs an int that is 1 or more.")
        return cls(**given, own=own)
