"""A small batched task with random numbers of its own, and configs to train on it."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import torch

LENGTH = 7  # steps of the longest episode


class Toy:
    """A point on a line that noise pushes and actions pull back; it ends where it runs away.

    Observation (n_envs, 3): position, velocity, time left. Reward: minus the squared position.
    """

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (3,), np.float32)
    state_space = gymnasium.spaces.Box(-np.inf, np.inf, (4,), np.float32)
    action_space: Any = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)
    env_state_is_complete = True

    def __init__(self, num_envs: int, seed: int = 0, **_: Any) -> None:
        self.n_envs = num_envs
        self.stream = torch.Generator().manual_seed(seed)
        self.pos = torch.zeros(num_envs)
        self.vel = torch.zeros(num_envs)
        self.steps = torch.zeros(num_envs, dtype=torch.int64)
        self.spread = 0.1  # widens with the frames, as a curriculum does
        self.resets = 0
        self.calls = 0

    def reset(self) -> Any:
        self.resets += 1
        self._restart(torch.ones(self.n_envs, dtype=torch.bool))
        return self._observation()

    def step(self, actions: torch.Tensor) -> Any:
        self.calls += 1
        noise = torch.randn(self.n_envs, generator=self.stream)
        self.vel = 0.9 * self.vel + 0.3 * self.pull(actions) + self.spread * noise
        self.pos = self.pos + 0.3 * self.vel
        self.steps = self.steps + 1
        rewards = -self.pos.square()
        timed_out = self.steps >= LENGTH
        dones = timed_out | (self.pos.abs() > 1.5)
        infos = {
            "episode": {"distance": self.pos.abs(), "spread": self.spread},
            "episode_cumulative": {"work": self.vel.abs()},
            "consecutive_successes": (self.pos.abs() < 0.5).float().mean(),
            "time_outs": timed_out,
            "successes": torch.ones(self.n_envs),
        }
        self._restart(dones)
        return self._observation(), rewards, dones, infos

    def pull(self, actions: torch.Tensor) -> torch.Tensor:
        return actions[:, 0]

    def set_train_info(self, frames: int, *_: Any) -> None:
        self.spread = 0.1 + 1e-4 * frames

    def adr_scalars(self) -> dict[str, float]:
        return {"adr/npd": self.spread, "adr/params/noise/upper": 2 * self.spread}

    def get_env_state(self) -> dict[str, Any]:
        return {
            "stream": self.stream.get_state(),
            "envs": {"pos": self.pos, "vel": self.vel, "steps": self.steps},
            "spread": self.spread,
        }

    def set_env_state(self, state: dict[str, Any]) -> None:
        self.spread = state["spread"]
        self.stream.set_state(state["stream"])
        if len(state["envs"]["pos"]) == self.n_envs:
            for name, value in state["envs"].items():
                setattr(self, name, value.clone())

    def _restart(self, which: torch.Tensor) -> None:
        start = torch.rand(self.n_envs, generator=self.stream) - 0.5
        self.pos = torch.where(which, start, self.pos)
        self.vel = torch.where(which, 0.0, self.vel)
        self.steps = torch.where(which, 0, self.steps)

    def _observation(self) -> Any:
        left = 1 - self.steps / LENGTH
        return torch.stack((self.pos, self.vel, left), 1)


class DiscreteToy(Toy):
    """Pulls to one side, to the other, or not at all."""

    action_space = gymnasium.spaces.Discrete(3)

    def pull(self, actions: torch.Tensor) -> torch.Tensor:
        return actions.float() - 1.0


class TwoViews(Toy):
    """The critic sees the noise too."""

    def _observation(self) -> Any:
        obs = super()._observation()
        return {"obs": obs, "states": torch.cat((obs, torch.full_like(obs[:, :1], self.spread)), 1)}


class Arrays(Toy):
    """Speaks NumPy, as environments without a GPU do."""

    def reset(self) -> Any:
        return super().reset().numpy()

    def step(self, actions: Any) -> Any:
        assert isinstance(actions, np.ndarray)
        obs, rewards, dones, infos = super().step(torch.from_numpy(actions))
        infos["time_outs"] = infos["time_outs"].float().numpy()
        return obs.numpy(), rewards.numpy(), dones.numpy(), infos


class Stateless(Toy):
    """Keeps no state for checkpoints."""

    get_env_state = None  # type: ignore[assignment]
    set_env_state = None  # type: ignore[assignment]


TOYS = {
    "toy": Toy,
    "discrete": DiscreteToy,
    "views": TwoViews,
    "stateless": Stateless,
    "arrays": Arrays,
}


def network(*, rnn: bool = False, discrete: bool = False) -> dict[str, Any]:
    initializer = {"name": "default"}
    space = {
        "continuous": {
            "mu_activation": "None",
            "sigma_activation": "None",
            "mu_init": initializer,
            "sigma_init": {"name": "const_initializer", "val": 0},
            "fixed_sigma": True,
        }
    }
    found: dict[str, Any] = {
        "name": "actor_critic",
        "separate": False,
        "space": {"discrete": {}} if discrete else space,
        "mlp": {
            "units": [16],
            "activation": "elu",
            "initializer": initializer,
            "regularizer": {"name": "None"},
        },
    }
    if rnn:
        found["rnn"] = {
            "name": "lstm",
            "units": 8,
            "layers": 1,
            "before_mlp": True,
            "layer_norm": True,
        }
    return found


def params(kind: str = "toy", *, rnn: bool = False, **config: Any) -> dict[str, Any]:
    """A tree as in the YAML files of rl_games; `config` overrides its settings."""
    discrete = kind == "discrete"
    settings: dict[str, Any] = {
        "name": "toy",
        "env_name": f"{kind}_toy",
        "num_actors": 8,
        "reward_shaper": {"scale_value": 0.5},
        "lr_schedule": "adaptive",
        "kl_threshold": 0.008,
        "learning_rate": 1e-3,
        "e_clip": 0.2,
        "clip_value": True,
        "horizon_length": 8,
        "minibatch_size": 32,
        "mini_epochs": 2,
        "normalize_advantage": True,
        "normalize_input": True,
        "normalize_value": True,
        "value_bootstrap": True,
        "critic_coef": 2,
        "grad_norm": 1.0,
        "truncate_grads": True,
        "gamma": 0.98,
        "tau": 0.95,
        "entropy_coef": 0.01,
        "bounds_loss_coef": 0.001,
        "games_to_track": 20,
        "save_frequency": 3,
        "save_best_after": 2,
        "max_epochs": 6,
        "device": "cpu",
        "device_name": "cpu",
        "print_stats": False,
    }
    if kind == "views":
        settings["central_value_config"] = {
            "minibatch_size": 32,
            "mini_epochs": 2,
            "learning_rate": 5e-4,
            "lr_schedule": "linear",
            "clip_value": True,
            "normalize_input": True,
            "truncate_grads": True,
            "network": network(rnn=rnn) | {"central_value": True},
        }
    return {
        "seed": 11,
        "algo": {"name": "a2c_discrete" if discrete else "a2c_continuous"},
        "model": {"name": "discrete_a2c" if discrete else "continuous_a2c_logstd"},
        "network": network(rnn=rnn, discrete=discrete),
        "config": settings | config,
    }
