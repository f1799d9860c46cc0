"""The config of ADR as a whole: its switches, thresholds and parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from genesis_state.randomization import config_reading as read
from genesis_state.randomization.adr_spec import ParameterSpec, read_spec

KEYS = (
    "use_adr",
    "update_adr_ranges",
    "clear_other_queues",
    "adr_extended_boundary_sample",
    "worker_adr_boundary_fraction",
    "adr_queue_threshold_length",
    "adr_objective_threshold_low",
    "adr_objective_threshold_high",
    "adr_rollout_perf_alpha",
    "adr_load_from_checkpoint",
    "params",
)


@dataclass(frozen=True)
class ADRSettings:
    """What the config says, read and checked.

    Attributes:
        update_ranges: False keeps all ranges and makes every worker a rollout worker.
        clear_other_queues: Whether the move of one end makes all results before it count no more.
        extended: Whether boundary workers run one delta outside of the range.
        boundary_fraction: Chance of a recycled environment to become a boundary worker.
        queue_length: Results that a decision needs, and the most that are kept.
        threshold_low: Mean objective below which an end moves inwards.
        threshold_high: Mean objective above which an end moves outwards.
        performance_alpha: Weight of the old value in the rollout performance's running mean.
        load_from_checkpoint: Whether a saved state is taken up at all.
        specs: The parameters, sorted by name: the order in the config changes nothing.
    """

    update_ranges: bool
    clear_other_queues: bool
    extended: bool
    boundary_fraction: float
    queue_length: int
    threshold_low: float
    threshold_high: float
    performance_alpha: float
    load_from_checkpoint: bool
    specs: tuple[ParameterSpec, ...]


def read_settings(config: Any, path: str = "adr") -> ADRSettings:
    """Reads the config of ADR.

    Args:
        config: A mapping with the keys of docs/randomization.md.
        path: The config's own dotted path, for messages.

    Raises:
        TypeError, ValueError: With one sentence: the key's path, what came, what was wanted.
    """
    given = read.mapping(path, config, KEYS)
    if not read.flag(f"{path}.use_adr", given.get("use_adr", False)):
        raise ValueError(f"{path}.use_adr: is off, so there is no ADR to build; set it to true.")
    low, high = (
        read.number(
            f"{path}.adr_objective_threshold_{side}",
            read.required(path, given, f"adr_objective_threshold_{side}", meaning),
        )
        for side, meaning in (
            ("low", "the objective below which a range shrinks"),
            ("high", "the objective above which a range grows"),
        )
    )
    if low > high:
        raise ValueError(
            f"{path}.adr_objective_threshold_low: got {low:g}, needs at most "
            f"adr_objective_threshold_high, {high:g}; swap them."
        )
    return ADRSettings(
        update_ranges=_flag(path, given, "update_adr_ranges", True),
        clear_other_queues=_flag(path, given, "clear_other_queues", False),
        extended=_flag(path, given, "adr_extended_boundary_sample", False),
        boundary_fraction=read.number(
            f"{path}.worker_adr_boundary_fraction",
            given.get("worker_adr_boundary_fraction", 0.4),
            low=0.0,
            high=1.0,
            advice="it is the share of boundary workers",
        ),
        queue_length=read.integer(
            f"{path}.adr_queue_threshold_length", given.get("adr_queue_threshold_length", 256), 1
        ),
        threshold_low=low,
        threshold_high=high,
        performance_alpha=read.number(
            f"{path}.adr_rollout_perf_alpha",
            given.get("adr_rollout_perf_alpha", 0.99),
            low=0.0,
            high=1.0,
            advice="it is the weight of the old value",
        ),
        load_from_checkpoint=_flag(path, given, "adr_load_from_checkpoint", True),
        specs=_specs(path, given),
    )


def _flag(path: str, given: Any, key: str, default: bool) -> bool:
    return read.flag(f"{path}.{key}", given.get(key, default))


def _specs(path: str, given: Any) -> tuple[ParameterSpec, ...]:
    params = read.mapping(
        f"{path}.params", read.required(path, given, "params", "the randomized parameters")
    )
    if not params:
        raise ValueError(f"{path}.params: is empty, needs one parameter at least; add one.")
    specs = tuple(read_spec(f"{path}.params.{name}", name, params[name]) for name in sorted(params))
    owners: dict[str, str] = {}
    for spec in specs:
        if spec.range_path is None:
            continue
        if spec.range_path in owners:
            raise ValueError(
                f"{path}.params.{spec.name}.range_path: {spec.range_path} belongs to "
                f"{owners[spec.range_path]} already; leave one of them out."
            )
        owners[spec.range_path] = spec.name
    return specs
