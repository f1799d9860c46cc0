"""All of ADR that a later update reads, as tensors and plain values; and its check on loading."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import torch

from genesis_state.randomization.adr_bounds import Bounds
from genesis_state.randomization.adr_settings import ADRSettings
from genesis_state.randomization.adr_spec import KINDS
from genesis_state.randomization.adr_workers import NO_MODE

VERSION = 1
VALUE_DTYPES = {"uniform": torch.float32, "categorical": torch.int64}


@dataclass
class ADRState:
    """P parameters in the order of `names`, Q = 2P queues, N environments.

    Attributes:
        num_envs: N.
        names: The parameters.
        kinds: "builtin", "uniform" or "categorical", for each of them.
        extended: Whether boundary workers ran at `next_limits`.
        ranges: Ends, float64, shape (P, 2).
        next_limits: Ends after one more move, float64, shape (P, 2).
        results: Ring buffers of objectives, float64, shape (Q, length).
        counts: Results in each, int64, shape (Q,).
        heads: Where the next result of each goes, int64, shape (Q,).
        means: Mean of each queue when a result last came, float64, shape (Q,); NaN before.
        modes: What each environment evaluates, int64, shape (N,); -1 for a rollout worker.
        counted: Whether its running episode will count, bool, shape (N,).
        values: By name, for every parameter that is not builtin: float32 or int64, shape (N,).
        performance: Running mean of the rollout workers' objectives, float64, shape ().
        performance_known: Whether there has been one, bool, shape ().
        updates: Calls of update so far.
        episodes: Episodes that ended so far.
    """

    num_envs: int
    names: list[str]
    kinds: list[str]
    extended: bool
    ranges: torch.Tensor
    next_limits: torch.Tensor
    results: torch.Tensor
    counts: torch.Tensor
    heads: torch.Tensor
    means: torch.Tensor
    modes: torch.Tensor
    counted: torch.Tensor
    values: dict[str, torch.Tensor]
    performance: torch.Tensor
    performance_known: torch.Tensor
    updates: int
    episodes: int

    @property
    def evaluated(self) -> torch.Tensor:
        """The values at which the ends were evaluated, shape (P, 2)."""
        return self.next_limits if self.extended else self.ranges

    def to_dict(self) -> dict[str, Any]:
        """Copies on the CPU, ready for torch.save."""
        return {"version": VERSION} | {
            field.name: _copied(getattr(self, field.name)) for field in dataclasses.fields(self)
        }


FIELDS = tuple(field.name for field in dataclasses.fields(ADRState))


def blank_state(settings: ADRSettings, num_envs: int) -> ADRState:
    """The state at the start, on the CPU: init ranges, empty queues, rollout workers, values 0."""
    bounds = Bounds(settings.specs, torch.device("cpu"))
    queues = 2 * len(settings.specs)
    return ADRState(
        num_envs=num_envs,
        names=[spec.name for spec in settings.specs],
        kinds=[spec.kind for spec in settings.specs],
        extended=settings.extended,
        ranges=bounds.ranges,
        next_limits=bounds.next_limits,
        results=torch.zeros(queues, settings.queue_length, dtype=torch.float64),
        counts=torch.zeros(queues, dtype=torch.int64),
        heads=torch.zeros(queues, dtype=torch.int64),
        means=torch.full((queues,), torch.nan, dtype=torch.float64),
        modes=torch.full((num_envs,), NO_MODE, dtype=torch.int64),
        counted=torch.ones(num_envs, dtype=torch.bool),
        values={
            spec.name: torch.zeros(num_envs, dtype=VALUE_DTYPES[spec.kind])
            for spec in settings.specs
            if spec.kind != "builtin"
        },
        performance=torch.zeros((), dtype=torch.float64),
        performance_known=torch.zeros((), dtype=torch.bool),
        updates=0,
        episodes=0,
    )


def read_state(state: Any) -> ADRState:
    """A saved state, checked as far as it can be without knowing who will take it.

    Args:
        state: What `ADR.state_dict` returned, perhaps through torch.save and torch.load.

    Returns:
        Its content, copied to the CPU.

    Raises:
        ValueError: One sentence that says what is wrong with it.
    """
    if not isinstance(state, Mapping):
        _refuse(f"got a {type(state).__name__}, needs a mapping")
    if state.get("version") != VERSION:
        _refuse(f"version {state.get('version')!r}, this code reads {VERSION}")
    different = set(state) ^ {"version", *FIELDS}
    if different:
        _refuse(f"its keys differ in {', '.join(sorted(map(str, different)))}")
    for key, kind in {"num_envs": int, "updates": int, "episodes": int, "extended": bool}.items():
        if type(state[key]) is not kind:
            _refuse(f"{key} is a {type(state[key]).__name__}, needs {kind.__name__}")
        if state[key] < 0:
            _refuse(f"{key} is {state[key]}, needs 0 or more")
    _check_names(state)
    saved = ADRState(**{key: _copied(state[key]) for key in FIELDS if key != "values"}, values={})
    _check_shapes(saved)
    _check_content(saved)
    saved.values = _checked_values(saved, state["values"])
    return saved


def _check_names(state: Mapping[str, Any]) -> None:
    names, kinds = state["names"], state["kinds"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        _refuse("names is no list of strings")
    if not names or len(set(names)) < len(names):
        _refuse("names is empty or has a name twice")
    if not isinstance(kinds, list) or len(kinds) != len(names):
        _refuse(f"kinds needs {len(names)} entries, one for each name")
    if not all(isinstance(kind, str) and kind in KINDS for kind in kinds):
        _refuse(f"kinds needs entries among {', '.join(KINDS)}")


def _check_shapes(saved: ADRState) -> None:
    params, envs = len(saved.names), saved.num_envs
    results = saved.results
    length = results.shape[1] if isinstance(results, torch.Tensor) and results.dim() == 2 else 1
    wanted = {
        "ranges": ((params, 2), torch.float64),
        "next_limits": ((params, 2), torch.float64),
        "results": ((2 * params, max(length, 1)), torch.float64),
        "counts": ((2 * params,), torch.int64),
        "heads": ((2 * params,), torch.int64),
        "means": ((2 * params,), torch.float64),
        "modes": ((envs,), torch.int64),
        "counted": ((envs,), torch.bool),
        "performance": ((), torch.float64),
        "performance_known": ((), torch.bool),
    }
    for key, (shape, dtype) in wanted.items():
        _check_tensor(key, getattr(saved, key), shape, dtype)


def _check_content(saved: ADRState) -> None:
    length = saved.results.shape[1]
    for key, good in {
        "ranges": saved.ranges.isfinite().all() & (saved.ranges[:, 0] <= saved.ranges[:, 1]).all(),
        "next_limits": saved.next_limits.isfinite().all(),
        "results": saved.results.isfinite().all(),
        "counts": ((saved.counts >= 0) & (saved.counts <= length)).all(),
        "heads": ((saved.heads >= 0) & (saved.heads < length)).all(),
        "means": (~saved.means.isinf()).all(),
        "modes": ((saved.modes >= -1) & (saved.modes < 2 * len(saved.names))).all(),
        "performance": saved.performance.isfinite(),
    }.items():
        if not good.item():
            _refuse(f"{key} has values that no ADR can have")


def _checked_values(saved: ADRState, values: Any) -> dict[str, torch.Tensor]:
    dtypes = {
        name: VALUE_DTYPES[kind]
        for name, kind in zip(saved.names, saved.kinds, strict=True)
        if kind != "builtin"
    }
    if not isinstance(values, Mapping) or set(values) != set(dtypes):
        _refuse("values needs one tensor for each parameter without a range_path")
    for name, dtype in dtypes.items():
        _check_tensor(f"values.{name}", values[name], (saved.num_envs,), dtype)
        if not values[name].isfinite().all():
            _refuse(f"values.{name} has values that no ADR can have")
    return {name: _copied(values[name]) for name in dtypes}


def _check_tensor(key: str, value: Any, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    if not isinstance(value, torch.Tensor):
        _refuse(f"{key} is a {type(value).__name__}, needs a tensor")
    if tuple(value.shape) != shape or value.dtype != dtype:
        _refuse(f"{key} has shape {tuple(value.shape)} of {value.dtype}, needs {shape} of {dtype}")


def _copied(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {key: _copied(entry) for key, entry in value.items()}
    return list(value) if isinstance(value, list) else value


def _refuse(what: str) -> NoReturn:
    raise ValueError(
        f"ADR state: {what}; pass what ADR.state_dict returned, of the version that is read here."
    )
