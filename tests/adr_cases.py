"""Configs of ADR that tests share, and the 27 parameters of a hand that turns a cube."""

from __future__ import annotations

import io
from typing import Any

import torch

from genesis_state.randomization import ADR, RandomStreams

# Name, property of an actor (or None for a value per environment), init range, limits, delta.
HAND_TABLE: tuple[tuple[str, str | None, float, float, float, float, float], ...] = (
    ("hand_damping", "hand.dof_properties.damping", 0.5, 2.0, 0.01, 20, 0.01),
    ("hand_stiffness", "hand.dof_properties.stiffness", 0.8, 1.2, 0.01, 20, 0.01),
    ("hand_joint_friction", "hand.dof_properties.friction", 0.8, 1.2, 0, 10, 0.01),
    ("hand_armature", "hand.dof_properties.armature", 0.8, 1.2, 0, 10, 0.01),
    ("hand_effort", "hand.dof_properties.effort", 0.9, 1.1, 0.4, 10, 0.01),
    ("hand_lower", "hand.dof_properties.lower", 0, 0, -5, 5, 0.02),
    ("hand_upper", "hand.dof_properties.upper", 0, 0, -5, 5, 0.02),
    ("hand_mass", "hand.rigid_body_properties.mass", 0.8, 1.2, 0.01, 10, 0.01),
    ("hand_friction_fingertips", "hand.rigid_shape_properties.friction", 0.9, 1.1, 0.1, 2, 0.01),
    ("hand_restitution", "hand.rigid_shape_properties.restitution", 0, 0.1, 0, 1, 0.01),
    ("object_mass", "object.rigid_body_properties.mass", 0.8, 1.2, 0.01, 10, 0.01),
    ("object_friction", "object.rigid_shape_properties.friction", 0.4, 0.8, 0.01, 2, 0.01),
    ("object_restitution", "object.rigid_shape_properties.restitution", 0, 0.1, 0, 1, 0.01),
    ("cube_obs_delay_prob", None, 0, 0.05, 0, 0.7, 0.01),
    ("cube_pose_refresh_rate", None, 1, 1, 1, 6, 0.2),
    ("action_delay_prob", None, 0, 0.05, 0, 0.7, 0.01),
    ("action_latency", None, 0, 0, 0, 60, 0.1),
    *(
        (f"affine_{what}_{part}", None, 0, end, 0, 4, delta)
        for what in ("action", "cube_pose", "dof_pos")
        for part, end, delta in (("scaling", 0, 0), ("additive", 0.04, 0.01), ("white", 0.04, 0.01))
    ),
    ("rna_alpha", None, 0, 0, 0, 1, 0.01),
)


def hand_params() -> dict[str, dict[str, Any]]:
    """The table as the params of a config."""
    params: dict[str, dict[str, Any]] = {}
    for name, where, low, high, lowest, highest, delta in HAND_TABLE:
        params[name] = {"init_range": [low, high], "limits": [lowest, highest], "delta": delta}
        if where is not None:
            params[name]["range_path"] = f"actor_params.{where}.range"
    return params


def three_params() -> dict[str, dict[str, Any]]:
    """One parameter without limits, one that begins as a point, one that moves by a factor."""
    return {
        "a": {"init_range": [0.5, 1], "delta": 0.1},
        "b": {"init_range": [0, 0], "limits": [0, 3], "delta": 0.5},
        "c": {
            "init_range": [1, 2],
            "limits": [0.5, 4],
            "delta": 1.5,
            "delta_style": "multiplicative",
        },
    }


def config(params: dict[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
    """A config of ADR with queues of 4 results and thresholds 5 and 20."""
    return {
        "use_adr": True,
        "worker_adr_boundary_fraction": 0.4,
        "adr_queue_threshold_length": 4,
        "adr_objective_threshold_low": 5,
        "adr_objective_threshold_high": 20,
        "params": three_params() if params is None else params,
        **keys,
    }


def adr_of(given: dict[str, Any], num_envs: int = 8, seed: int = 0) -> ADR:
    """An ADR with streams of its own."""
    return ADR(given, num_envs, RandomStreams(seed))


def set_modes(adr: ADR, modes: list[int]) -> None:
    """Makes environments evaluate these modes, as if they had been drawn."""
    adr.workers.modes[:] = torch.tensor(modes)
    adr.workers.counted[:] = True


def finish(adr: ADR, modes: list[int], objective: float | list[float]) -> torch.Tensor:
    """One update in which these environments' episodes, with these modes, end all at once."""
    assert len(modes) == adr.num_envs
    set_modes(adr, modes)
    values = objective if isinstance(objective, list) else [objective] * len(modes)
    done = torch.ones(adr.num_envs, dtype=torch.bool)
    return adr.update(done, torch.tensor(values, dtype=torch.float32))


def through_file(state: dict[str, Any]) -> dict[str, Any]:
    """What torch.save and torch.load make of a state when no code may run."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


def same(left: Any, right: Any) -> bool:
    """Whether two states are equal bit for bit, NaN included."""
    if isinstance(left, torch.Tensor):
        alike = left.dtype == right.dtype and left.shape == right.shape
        return alike and left.contiguous().numpy().tobytes() == right.contiguous().numpy().tobytes()
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


class Script:
    """Random ends of episodes and objectives, the same for every ADR that is given the seed."""

    def __init__(self, seed: int, num_envs: int, level: float = 12.0) -> None:
        self._generator = torch.Generator().manual_seed(seed)
        self._num_envs = num_envs
        self._level = level

    def step(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Done, bool (N,), and objectives in quarters, whose sums are exact, float32 (N,)."""
        rate = torch.rand((), generator=self._generator)
        done = torch.rand(self._num_envs, generator=self._generator) < rate
        # The level wanders over minutes of a run, so that ranges grow, rest and shrink in turn.
        self._level += 6 * float(torch.randn((), generator=self._generator))
        self._level = min(max(self._level, 0.0), 26.0)
        noise = 4 * torch.randn(self._num_envs, generator=self._generator)
        return done, ((self._level + noise) * 4).round().clamp(min=0) / 4

    def run(self, adr: ADR, steps: int) -> None:
        for _ in range(steps):
            adr.update(*self.step())
