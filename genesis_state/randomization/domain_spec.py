"""The config of domain randomization: which property is drawn how, and the noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from genesis_state.randomization import config_reading as read
from genesis_state.randomization.distributions import DISTRIBUTIONS, OPERATIONS
from genesis_state.randomization.schedules import Schedule, read_schedule

KEYS = ("frequency", "observations", "actions", "sim_params", "actor_params")
COMMON_KEYS = ("range", "distribution", "operation", "schedule", "schedule_steps")
PROPERTY_KEYS = (*COMMON_KEYS, "setup_only", "num_buckets")
NOISE_KEYS = (*COMMON_KEYS, "range_correlated", "apply_white_noise")
NOISES = ("observations", "actions")
# A property of color has no range: each channel is anything from 0 to 1.
COLOR = "color"


@dataclass(frozen=True)
class PropertySpec:
    """How one property is drawn.

    Attributes:
        path: "actor_params.<actor>.<group>.<property>", "actor_params.<actor>.scale" or
            "sim_params.gravity".
        distribution: "uniform", "loguniform" or "gaussian".
        operation: "additive" to the original, "scaling" of it, or "set" instead of it.
        range: Ends, or mean and standard deviation of a gaussian.
        schedule: How much of it is in force when.
        setup_only: Whether it is drawn once for each environment and never again.
        num_buckets: Steps into which samples are brought, 0 for none.
    """

    path: str
    distribution: str
    operation: str
    range: tuple[float, float]
    schedule: Schedule
    setup_only: bool = False
    num_buckets: int = 0

    @property
    def of_sim(self) -> bool:
        """Whether all environments share one value."""
        return self.path.startswith("sim_params.")

    @property
    def drivable(self) -> bool:
        """Whether ADR may replace the range: only if what it asks for is what is drawn."""
        fixed = self.of_sim or self.setup_only or self.operation == "set"
        return not fixed and self.distribution != "gaussian" and self.schedule.kind == "none"

    @property
    def grid(self) -> tuple[float, float]:
        """Lowest edge and width of the buckets, in the unit of a sample."""
        low, high = self.range
        if self.distribution == "gaussian":
            mean, deviation = self.range
            low, high = mean - 2 * deviation, mean + 2 * deviation
        return low, (high - low) / self.num_buckets


@dataclass(frozen=True)
class NoiseSpec:
    """How observations or actions are disturbed.

    Attributes:
        distribution: "uniform" or "gaussian".
        operation: "additive" or "scaling".
        range: Of the white part, which is new in every step.
        range_correlated: Of the part that stays for `frequency` steps.
        schedule: How much of it is in force when.
        white_chance: Chance of an environment to have a white part at all; drawn anew with the
            correlated part.
    """

    distribution: str
    operation: str
    range: tuple[float, float]
    range_correlated: tuple[float, float]
    schedule: Schedule
    white_chance: float


@dataclass(frozen=True)
class DomainSpec:
    """The whole config.

    Attributes:
        frequency: Steps of the counter between two draws, at least.
        properties: Sorted by path: their order in the config changes nothing.
        noises: "observations" and "actions", as far as there are any.
    """

    frequency: int
    properties: tuple[PropertySpec, ...]
    noises: Mapping[str, NoiseSpec]


def read_domain(config: Any, path: str = "randomization_params") -> DomainSpec:
    """Reads the config of domain randomization.

    Args:
        config: A mapping with the keys of docs/randomization.md.
        path: The config's own dotted path, for messages.

    Raises:
        TypeError, ValueError: With one sentence: the key's path, what came, what was wanted.
    """
    given = read.mapping(path, config, KEYS)
    properties = []
    sim = read.mapping(f"{path}.sim_params", given.get("sim_params") or {}, ("gravity",))
    for name, entry in sim.items():
        properties.append(_property(f"{path}.sim_params.{name}", f"sim_params.{name}", entry))
    actors = read.mapping(f"{path}.actor_params", given.get("actor_params") or {})
    for actor, groups in actors.items():
        for name, group in read.mapping(f"{path}.actor_params.{actor}", groups).items():
            properties += _group(path, f"actor_params.{actor}.{name}", name, group)
    return DomainSpec(
        frequency=read.integer(f"{path}.frequency", given.get("frequency", 1), 1),
        properties=tuple(sorted(properties, key=lambda spec: spec.path)),
        noises={
            name: _noise(f"{path}.{name}", given[name])
            for name in NOISES
            if given.get(name) is not None
        },
    )


def _group(root: str, path: str, name: str, group: Any) -> list[PropertySpec]:
    """The properties of an actor's entry: one for scale and color, else a group of them."""
    if name == COLOR:
        wanted = read.flag(f"{root}.{path}", group)
        return [PropertySpec(path, "uniform", "set", (0.0, 1.0), Schedule())] if wanted else []
    entries = read.mapping(f"{root}.{path}", group)
    if "range" in entries:
        return [_property(f"{root}.{path}", path, entries)]
    return [
        _property(f"{root}.{path}.{attribute}", f"{path}.{attribute}", entry)
        for attribute, entry in entries.items()
    ]


def _property(where: str, path: str, config: Any) -> PropertySpec:
    entry = read.mapping(where, config, PROPERTY_KEYS)
    distribution, operation = _kind(where, entry, DISTRIBUTIONS)
    buckets = entry.get("num_buckets")
    buckets = 0 if buckets is None else read.integer(f"{where}.num_buckets", buckets, 1)
    spec = PropertySpec(
        path=path,
        distribution=distribution,
        operation=operation,
        range=_range(where, entry, "range", distribution),
        schedule=read_schedule(where, entry),
        setup_only=read.flag(f"{where}.setup_only", entry.get("setup_only", False)),
        num_buckets=buckets,
    )
    if buckets and spec.grid[1] <= 0:
        raise ValueError(
            f"{where}.num_buckets: got {buckets} for a range of no width; leave num_buckets out."
        )
    return spec


def _noise(where: str, config: Any) -> NoiseSpec:
    entry = read.mapping(where, config, NOISE_KEYS)
    distribution, operation = _kind(where, entry, ("uniform", "gaussian"))
    return NoiseSpec(
        distribution=distribution,
        operation=operation,
        range=_range(where, entry, "range", distribution),
        range_correlated=(0.0, 0.0)
        if entry.get("range_correlated") is None
        else _range(where, entry, "range_correlated", distribution),
        schedule=read_schedule(where, entry),
        white_chance=read.number(
            f"{where}.apply_white_noise",
            entry.get("apply_white_noise", 1.0),
            low=0.0,
            high=1.0,
            advice="it is the chance of an environment to have white noise",
        ),
    )


def _kind(where: str, entry: Mapping[str, Any], distributions: tuple[str, ...]) -> tuple[str, str]:
    distribution = read.required(where, entry, "distribution", "the shape of the samples")
    operation = read.required(where, entry, "operation", "what is done with a sample")
    return (
        read.choice(f"{where}.distribution", distribution, distributions),
        read.choice(f"{where}.operation", operation, OPERATIONS),
    )


def _range(
    where: str, entry: Mapping[str, Any], key: str, distribution: str
) -> tuple[float, float]:
    value = read.required(where, entry, key, "what samples are between")
    if distribution == "gaussian":
        mean, deviation = read.pair(f"{where}.{key}", value)
        return (
            read.number(f"{where}.{key}[0]", mean),
            read.number(
                f"{where}.{key}[1]",
                deviation,
                low=0.0,
                advice="it is the standard deviation of a gaussian",
            ),
        )
    low, high = read.interval(f"{where}.{key}", value)
    if distribution == "loguniform" and low <= 0:
        raise ValueError(
            f"{where}.{key}: got [{low:g}, {high:g}], needs to be above 0 as the distribution is "
            "loguniform; use uniform."
        )
    return low, high
