"""One randomized parameter of ADR as its config says: where it starts, how far and how it moves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from genesis_state.randomization import config_reading as read

KEYS = ("init_range", "limits", "delta", "delta_style", "range_path", "type")
# Below this step a parameter counts as one that does not move.
SMALLEST_DELTA = 1e-9
SIDES = ("lower", "upper")
KINDS = ("builtin", "uniform", "categorical")

Kind = Literal["builtin", "uniform", "categorical"]


@dataclass(frozen=True)
class ParameterSpec:
    """What is fixed about one parameter.

    Attributes:
        name: Its key in the config.
        init_range: Lower and upper end at the start, and the smallest range it shrinks back to.
        limits: Outermost lower and upper end; -inf and inf where there is none.
        delta: Step of an end: added, or a factor. 0 keeps the range as it is.
        multiplicative: Whether delta is a factor.
        range_path: For a property of the simulation, the dotted path of its entry in the domain
            randomization config, "actor_params.hand.dof_properties.damping". None for a
            parameter that is one value per environment, which the task reads.
        kind: "builtin" with a range_path, else "uniform" (float32) or "categorical" (int64).
    """

    name: str
    init_range: tuple[float, float]
    limits: tuple[float, float]
    delta: float
    multiplicative: bool
    range_path: str | None
    kind: Kind

    @property
    def moves(self) -> bool:
        """Whether the range can change at all."""
        return self.delta >= SMALLEST_DELTA


def read_spec(path: str, name: str, config: Any) -> ParameterSpec:
    """Reads one entry of `params`.

    Args:
        path: The entry's dotted path, for messages.
        name: The parameter's name.
        config: The entry.

    Raises:
        TypeError, ValueError: With one sentence: the key's path, what came, what was wanted.
    """
    entry = read.mapping(path, config, KEYS)
    init_range = read.interval(
        f"{path}.init_range",
        read.required(path, entry, "init_range", "the range at the start"),
    )
    limits = _limits(f"{path}.limits", entry.get("limits"))
    if init_range[0] < limits[0] or init_range[1] > limits[1]:
        raise ValueError(
            f"{path}.init_range: got [{init_range[0]:g}, {init_range[1]:g}], needs to be within "
            f"the limits [{limits[0]:g}, {limits[1]:g}]; widen the limits or narrow the range."
        )
    multiplicative = (
        read.choice(
            f"{path}.delta_style",
            entry.get("delta_style", "additive"),
            ("additive", "multiplicative"),
        )
        == "multiplicative"
    )
    delta = read.number(
        f"{path}.delta",
        read.required(path, entry, "delta", "the step of a range's end"),
        low=0.0,
        advice="use 0 for a range that stays",
    )
    if multiplicative and delta >= SMALLEST_DELTA:
        _check_factor(path, delta, init_range)
    kind = _kind(path, entry)
    if kind == "categorical":
        _check_whole(f"{path}.init_range", init_range)
        _check_whole(f"{path}.limits", limits)
    range_path = entry.get("range_path")
    return ParameterSpec(
        name=name,
        init_range=init_range,
        limits=limits,
        delta=delta,
        multiplicative=multiplicative,
        range_path=None if range_path is None else str(range_path).removesuffix(".range"),
        kind=kind,
    )


def _limits(path: str, value: Any) -> tuple[float, float]:
    if value is None:
        return -math.inf, math.inf
    low, high = read.pair(path, value)
    lower = -math.inf if low is None else read.number(path, low)
    upper = math.inf if high is None else read.number(path, high)
    if lower > upper:
        raise ValueError(f"{path}: got [{lower}, {upper}], needs the lower end first; swap them.")
    return lower, upper


def _check_factor(path: str, delta: float, init_range: tuple[float, float]) -> None:
    """A factor widens a range only if it is above 1 and both ends are above 0."""
    if delta <= 1:
        raise ValueError(
            f"{path}.delta: got {delta!r}, needs a factor above 1 as delta_style is "
            "multiplicative; use for example 1.1, or delta_style additive."
        )
    if init_range[0] <= 0:
        raise ValueError(
            f"{path}.init_range: got [{init_range[0]:g}, {init_range[1]:g}], needs to be above 0 "
            "as a factor moves 0 nowhere and a negative end the wrong way; "
            "use delta_style additive."
        )


def _kind(path: str, entry: Mapping[str, Any]) -> Kind:
    range_path = entry.get("range_path")
    if range_path is None:
        kind = read.choice(f"{path}.type", entry.get("type", "uniform"), ("uniform", "categorical"))
        return "categorical" if kind == "categorical" else "uniform"
    if not isinstance(range_path, str) or not range_path:
        raise TypeError(
            f"{path}.range_path: got {range_path!r}, needs a dotted path; "
            "write for example actor_params.hand.dof_properties.damping."
        )
    if entry.get("type", "uniform") != "uniform":
        raise ValueError(
            f"{path}.type: got {entry['type']!r} beside a range_path, whose entry names its own "
            "distribution; leave type out."
        )
    return "builtin"


def _check_whole(path: str, ends: tuple[float, float]) -> None:
    if any(math.isfinite(end) and end != int(end) for end in ends):
        raise ValueError(
            f"{path}: got [{ends[0]:g}, {ends[1]:g}], needs whole numbers as type is categorical; "
            "round them."
        )
