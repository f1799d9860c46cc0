"""A batched task as a vectorized environment of rl_games."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from genesis_state.training.rl_games_library import IVecEnv, environments, register_vecenv

_log = logging.getLogger("genesis_state.training")

VECENV_TYPE = "GENESIS_STATE"


class VecEnv(IVecEnv):
    """Passes on to a task what rl_games asks of a vectorized environment.

    A task has `observation_space` and `action_space`, `reset() -> obs` and
    `step(actions) -> (obs, rewards, dones, infos)`. An observation is a tensor, or a dict with
    `obs` and, for a critic that sees more, `states`; rewards and dones are tensors of shape
    (n_envs,). What follows is used where a task has it:

    - `state_space`, `num_agents`, `value_size`
    - `get_env_state() -> dict` of tensors and plain values, and `set_env_state(state)`, which may
      return sentences for the log
    - `env_state_is_complete`: True says that after `set_env_state` the next `step` is that of the
      task that was saved, so that no `reset` comes in between
    - `resuming`: set to True before `set_env_state` where the state is that of the very run, and
      whatever the config would leave out is wanted too
    - `close()`: called when training is over
    - `set_train_info(frames, agent)`: told at the start of each epoch
    - `adr_scalars() -> dict`: for the log; see `observers.adr`
    """

    resuming = False

    def __init__(self, config_name: str, num_actors: int, **kwargs: Any) -> None:
        self.env: Any = environments[config_name]["env_creator"](num_envs=num_actors, **kwargs)

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any]:
        """One step of all environments."""
        return self.env.step(actions)

    def reset(self) -> Any:
        """Starts all environments anew and returns their observations."""
        return self.env.reset()

    def get_number_of_agents(self) -> int:
        """How many agents act in each environment."""
        return int(getattr(self.env, "num_agents", 1))

    def get_env_info(self) -> dict[str, Any]:
        """The spaces and sizes that networks are built from."""
        info = {
            "observation_space": self.env.observation_space,
            "action_space": self.env.action_space,
            "agents": self.get_number_of_agents(),
            "value_size": int(getattr(self.env, "value_size", 1)),
        }
        if getattr(self.env, "state_space", None) is not None:
            info["state_space"] = self.env.state_space
        return info

    def set_train_info(self, env_frames: int, *args: Any, **kwargs: Any) -> None:
        """Tells the task how far training is."""
        tell = getattr(self.env, "set_train_info", None)
        if tell is not None:
            tell(env_frames, *args, **kwargs)

    @property
    def env_state_is_complete(self) -> bool:
        """Whether the task's state says where its episodes stand."""
        return bool(getattr(self.env, "env_state_is_complete", False))

    def get_env_state(self) -> Any:
        """The task's state for a checkpoint; None where it keeps none."""
        get = getattr(self.env, "get_env_state", None)
        return None if get is None else get()

    def set_env_state(self, env_state: Any) -> None:
        """Puts the task's state back; None, from a checkpoint without one, changes nothing."""
        if env_state is None:
            return
        put = getattr(self.env, "set_env_state", None)
        if put is None:
            _log.warning("the checkpoint has a state of the task, which takes none; it is left out")
            return
        if hasattr(self.env, "resuming"):
            self.env.resuming = self.resuming
        for sentence in put(env_state) or ():
            _log.info(f"task: {sentence}")

    def close(self) -> None:
        """Closes the task, where it has something to close."""
        close = getattr(self.env, "close", None)
        if close is not None:
            close()


def register(name: str, create: Callable[..., Any]) -> None:
    """Makes a task known to rl_games as an environment.

    Args:
        name: `env_name` in the config.
        create: Called as `create(num_envs=..., **env_config)`; `env_config` has `seed`.
    """
    register_vecenv(
        VECENV_TYPE, lambda config_name, num_actors, **kw: VecEnv(config_name, num_actors, **kw)
    )
    environments[name] = {"vecenv_type": VECENV_TYPE, "env_creator": create}


def task_of(agent: Any) -> Any:
    """The task behind an agent's environment, whichever adapter stands before it."""
    vec_env = agent.vec_env
    return getattr(vec_env, "env", vec_env)


def known(name: str) -> bool:
    """Whether an environment of this name is registered."""
    return name in environments
