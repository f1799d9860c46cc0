"""What `train` takes."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from genesis_state.training import vecenv
from genesis_state.training.agent import ALGORITHMS
from genesis_state.training.agent_config import settle
from genesis_state.training.observers.observer import Observer
from genesis_state.training.plain_values import plain

# The least that a whole number may be.
_WHOLE = {"num_envs": 1, "max_epochs": -1, "seed": -1, "threads": 0, "keep": 1, "keep_every": 1}
_SWITCHES = ("test", "load_critic_only", "tensorboard", "progress")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """A run. What is None leaves what `params` says.

    Attributes:
        params: The tree `params` of rl_games: algo, model, network, config. A stock YAML file will
            do; `config.name` and `config.env_name` are needed.
        env: Builds the task, called as `env(num_envs=..., **env_config)`; registered under
            `config.env_name`. None where that is registered already.
        experiment: Folder of the run, as it is; `config.full_experiment_name`, then `config.name`.
        root: Where that folder stands; `config.train_dir` is not read.
        num_envs: `config.num_actors`.
        max_epochs: `config.max_epochs`; -1 for no end.
        seed: Of all random streams. -1 takes one from the clock.
        threads: `torch_threads` of `params`: of torch on the CPU. 0 leaves torch's own.
        checkpoint: A file to start from.
        resume: "auto" goes on from the newest whole checkpoint of the experiment if there is one,
            and otherwise starts; None starts, and refuses a folder that holds a run.
        test: Plays instead.
        sigma: Overwrites a fixed sigma of the policy.
        load_critic_only: Takes only the central value network of the checkpoint.
        keep: How many periodic checkpoints stay; None for all.
        keep_every: Periodic checkpoints of epochs that this divides stay always.
        tensorboard, progress: Whether these observers watch.
        wandb: Settings of `observers.weights_and_biases`; None leaves it out.
        observers: More of them.
        extra: Anything that `config.yaml` should keep too.
        seed_used: The seed as chosen; not a setting.
    """

    params: Mapping[str, Any]
    env: Callable[..., Any] | None = None
    experiment: str | None = None
    root: str | os.PathLike[str] = "runs"
    num_envs: int | None = None
    max_epochs: int | None = None
    seed: int | None = None
    threads: int | None = None
    checkpoint: str | os.PathLike[str] | None = None
    resume: Literal["auto"] | None = None
    test: bool = False
    sigma: float | None = None
    load_critic_only: bool = False
    keep: int | None = None
    keep_every: int | None = None
    tensorboard: bool = True
    progress: bool = True
    wandb: Mapping[str, Any] | None = None
    observers: Sequence[Observer] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    seed_used: int = field(init=False)

    def __post_init__(self) -> None:
        for name, least in _WHOLE.items():
            _check_whole(name, getattr(self, name), least)
        for name in _SWITCHES:
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name}: {getattr(self, name)!r}, needs True or False.")
        if isinstance(self.sigma, bool) or not isinstance(self.sigma, (int, float, type(None))):
            raise ValueError(f"sigma: {self.sigma!r}, needs a number, or None.")
        if self.resume not in (None, "auto"):
            raise ValueError(f"resume: {self.resume!r}, needs 'auto' or None.")
        if self.checkpoint == "":
            object.__setattr__(self, "checkpoint", None)
        for key in ("algo", "model", "network", "config"):
            if key not in self.params:
                raise ValueError(f"params: lacks {key!r}; give the tree `params` of rl_games.")
        if self.params["algo"].get("name") not in ALGORITHMS:
            raise ValueError(
                f"params.algo: name {self.params['algo'].get('name')!r}, needs one of "
                f"{', '.join(ALGORITHMS)}."
            )
        for key in ("name", "env_name"):
            if key not in self.params["config"]:
                raise ValueError(f"params.config: lacks {key!r}; give one.")
        if self.env is None and not vecenv.known(self.params["config"]["env_name"]):
            raise ValueError(
                f"env_name: {self.params['config']['env_name']!r} is not registered; give env, or "
                "call genesis_state.training.vecenv.register first."
            )
        seed = self.params.get("seed") if self.seed is None else self.seed
        chosen = int(time.time()) if seed is None or seed == -1 else int(seed)
        object.__setattr__(self, "seed_used", chosen)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> TrainConfig:
        """From a mapping, of OmegaConf too.

        Raises:
            ValueError: A key that is none of the fields.
        """
        taken = {str(key): _container(value) for key, value in _container(settings).items()}
        known = {item.name for item in fields(cls) if item.init}
        unknown = sorted(taken.keys() - known)
        if unknown:
            raise ValueError(
                f"{', '.join(unknown)}: no setting of train; it has {', '.join(sorted(known))}."
            )
        return cls(**taken)

    def rl_games_params(self) -> dict[str, Any]:
        """The tree for rl_games with all settings in it; a copy."""
        params = copy.deepcopy(_container(self.params))
        config = params["config"]
        if self.experiment is not None:
            config["full_experiment_name"] = self.experiment
        config["train_dir"] = os.fspath(self.root)
        for key, value in (
            ("num_actors", self.num_envs),
            ("max_epochs", self.max_epochs),
            ("keep_checkpoints", self.keep),
            ("keep_checkpoints_every", self.keep_every),
        ):
            if value is not None:
                config[key] = value
        if self.threads is not None:
            params["torch_threads"] = self.threads
        if self.env is not None:
            vecenv.register(config["env_name"], self.env)
        params["seed"] = self.seed_used
        # rl_games leaves it out where the seed is 0.
        config.setdefault("env_config", {}).setdefault("seed", params["seed"])
        settle(config)
        return params

    def as_dict(self) -> dict[str, Any]:
        """All settings as plain values, for `config.yaml`."""
        found: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in ("env", "observers", "seed_used"):
                continue
            if isinstance(value, os.PathLike):
                value = os.fspath(value)
            found[item.name] = plain(_container(value), f"config.{item.name}")
        found["seed"] = self.seed_used
        return found


def _check_whole(name: str, value: Any, least: int) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (whole and value >= least):
        raise ValueError(f"{name}: {value!r}, needs a whole number of at least {least}, or None.")


def _container(value: Any) -> Any:
    """OmegaConf's trees as dicts and lists."""
    if type(value).__module__.startswith("omegaconf."):
        from omegaconf import OmegaConf

        return OmegaConf.to_container(value, resolve=True)
    return dict(value) if isinstance(value, Mapping) else value
