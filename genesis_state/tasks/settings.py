"""Settings of tasks: dataclasses that are read from configs, with every name checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Settings:
    """What every task can be told.

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
        found = read_settings(cls, {**given, "own": {}}, task)
        for name in ("episode_length", "control_frequency_inv"):
            if getattr(found, name) < 1:
                raise ValueError(f"{task}.{name}: {given[name]!r}, needs an int that is 1 or more.")
        if not found.clip_observations > 0:
            raise ValueError(
                f"{task}.clip_observations: {found.clip_observations:g}, needs a positive number."
            )
        return cls(**{name: getattr(found, name) for name in names}, own=own)


def read_settings(kind: type[Kind], given: Mapping[str, Any], where: str) -> Kind:
    """A dataclass with a default for everything, out of a config.

    Of what is a dataclass or a mapping by default, single entries may be given.

    Args:
        kind: The dataclass.
        given: Settings by name.
        where: Of whom they are, for messages.

    Raises:
        ValueError: A name that is no setting, or a value that is no number where one is needed.
    """
    defaults: Any = kind()
    known = {f.name: getattr(defaults, f.name) for f in fields(defaults)}
    return kind(**_read(known, given, where))


def _read(defaults: Mapping[str, Any], given: Any, where: str) -> dict[str, Any]:
    """The given settings, each of the kind of its default."""
    if not isinstance(given, Mapping):
        raise ValueError(f"{where}: a {type(given).__name__}, needs a mapping.")
    if unknown := sorted(set(given) - set(defaults)):
        raise ValueError(f"{where}: has no {', '.join(unknown)}; it has {', '.join(defaults)}.")
    return {name: _value(defaults[name], given[name], f"{where}.{name}") for name in given}


def _value(default: Any, value: Any, where: str) -> Any:
    if is_dataclass(default):
        return read_settings(type(default), value, where)
    if isinstance(default, Mapping):
        return {**default, **_read(default, value, where)}
    if isinstance(default, (int, float)) and not isinstance(default, bool):
        wanted = "an int" if isinstance(default, int) else "a number"
        kinds = int if isinstance(default, int) else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds):
            raise ValueError(f"{where}: {value!r}, needs {wanted}.")
        return type(default)(value)
    return value
