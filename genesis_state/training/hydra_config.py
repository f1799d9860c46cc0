"""From overrides, as hydra has them, to the config of a run: YAML files composed, nothing run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, OmegaConfBaseException

from genesis_state import runtime
from genesis_state.tasks.registry import task_class
from genesis_state.training.train_config import TrainConfig

FOLDER = Path(__file__).parent / "configs"
_PRIMARY = "config"
_WANDB = "wandb_"


def compose(
    overrides: Sequence[str], config_dir: str | os.PathLike[str] | None = None
) -> DictConfig:
    """The whole config: `config.yaml` with the YAML files of the task and of its training.

    Args:
        overrides: As hydra has them: `task=Cartpole`, `num_envs=64`, `task.episode_length=200`,
            `+train.params.config.score_to_win=480`.
        config_dir: A folder with `task/*.yaml` and `train/*.yaml` of one's own; the same as the
            override `hydra.searchpath=[<folder>]`.

    Raises:
        ValueError: An override is none, or of a setting that is not there; or a file is missing or
            broken.
    """
    given = list(overrides)
    for text in given:
        _check_override(text)
    if config_dir is not None:
        quoted = str(Path(config_dir).absolute()).replace("\\", "\\\\").replace("'", "\\'")
        given.append(f"hydra.searchpath=['{quoted}']")
    try:
        with initialize_config_dir(str(FOLDER), job_name="train", version_base="1.3"):
            config = hydra_compose(_PRIMARY, given)
        if config.get("num_envs") is not None:  # for all that follows task.num_envs
            OmegaConf.update(config, "task.num_envs", config.num_envs, force_add=True)
        OmegaConf.resolve(config)
    except (HydraException, OmegaConfBaseException, yaml.YAMLError) as error:
        raise ValueError(_sentence(error)) from error
    known = {"task", "train", *_primary_keys()}
    for key in config:
        if key not in known:
            raise ValueError(_no_setting(str(key)))
    return config


def train_config(config: DictConfig) -> TrainConfig:
    """What `train` takes; starts the runtime, since the networks' device follows from it.

    Args:
        config: What `compose` gave.

    Raises:
        ValueError: A setting cannot be, or there is no such task or backend.
    """
    settings: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    extra = {"task": settings.pop("task"), "backend": settings.pop("backend")}
    params = settings.pop("train").get("params", {})
    settings.pop("max_iterations")
    settings["wandb"] = _wandb(settings)
    found = TrainConfig.of(
        {**settings, "params": params, "env": _task(extra["task"]), "extra": extra}
    )
    try:
        runtime.init(backend=extra["backend"])
    except RuntimeError as error:
        raise ValueError(f"backend: {error}") from error
    params["config"].setdefault("device", str(runtime.get_device()))
    return found


def as_yaml(config: DictConfig) -> str:
    """A config as text."""
    return OmegaConf.to_yaml(config).removesuffix("\n")


def _task(task: dict[str, Any]) -> Any:
    """Builds the task, called as `env(num_envs=..., seed=...)`."""
    own = {key: value for key, value in task.items() if key not in ("name", "num_envs")}
    if "name" not in task:
        raise ValueError("task: lacks name; give one that says which class it is.")
    return partial(task_class(task["name"]), own)


def _wandb(settings: dict[str, Any]) -> dict[str, Any] | None:
    """Takes the settings of Weights & Biases out; None where it is off."""
    found = {key: settings.pop(key) for key in list(settings) if key.startswith(_WANDB)}
    if not found.pop(f"{_WANDB}activate"):
        return None
    spec = find_spec("wandb")
    if spec is None or spec.origin is None:  # a folder of that name, as wandb makes, is no package
        raise ValueError(
            "wandb_activate: wandb is not installed; pip install wandb, or leave it off."
        )
    return {key.removeprefix(_WANDB): value for key, value in found.items() if value is not None}


def _primary_keys() -> list[str]:
    primary = OmegaConf.load(FOLDER / f"{_PRIMARY}.yaml")
    return [str(key) for key in primary if key != "defaults"]


def _check_override(text: str) -> None:
    """Refuses what hydra would take for something else than the one setting that is meant."""
    try:
        override = OverridesParser.create().parse_override(text)
    except HydraException as error:
        raise ValueError(
            f"{text}: is no override ({_first_line(error)}); give key=value, and the value in "
            "quotes where it has = , [ or blanks: \"key='value'\"."
        ) from error
    key = str(override.key_or_group)
    if override.is_sweep_override():
        raise ValueError(
            f"{text}: several values would be several runs; start each with a command of its own, "
            f"or give a list as {key}=[a,b]."
        )
    if key.startswith("hydra.") and key != "hydra.searchpath":
        raise ValueError(f"{key}: only hydra.searchpath is used of hydra's own settings.")


def _no_setting(key: str) -> str:
    more = f"; +{key}=... adds one" if "." in key else ""
    return f"{key}: there is no such setting; --cfg job prints all that there are{more}."


def _sentence(error: Exception) -> str:
    cause = error.__cause__
    if isinstance(cause, ConfigAttributeError) and cause.full_key:
        return _no_setting(str(cause.full_key))
    if isinstance(error, MissingConfigException) and error.options is not None:
        return (
            f"{error.missing_cfg_file}.yaml: there is no such file; there are "
            f"{', '.join(error.options)}, and --config-dir names a folder of your own."
        )
    return " ".join(str(error).split())


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
