"""A task as gymnasium's vector environment: NumPy in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from genesis_state.randomization import RandomStreams
from genesis_state.tasks.vec_task import VecTask

# What a task says of the episodes that ended alone; gymnasium has other names for it.
OF_THE_ENDED = ("time_outs", "final_observation", "episode")


class GymnasiumVectorEnv(VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """A task behind the interface of `gymnasium.vector.VectorEnv`.

    An episode that ends begins anew within the same step (`AutoresetMode.SAME_STEP`): the
    observation that `step` returns is the first of the next episode. Of the old one,
    `infos["final_obs"]` has the last observation and `infos["final_info"]["episode"]` return "r"
    and length "l", as gymnasium's own vector environments have them. What only a critic sees is
    in `infos["states"]`.

    The environment has no state besides the task's: `task.get_env_state` holds all of it, and
    after `task.set_env_state` the next `step` goes on from there.

    Args:
        task: Its scene is closed along with the environment.

    Attributes:
        task: The task.
    """

    def __init__(self, task: VecTask) -> None:
        self.task = task
        self.metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}
        self.num_envs = task.num_envs
        self.single_observation_space = task.observation_space
        self.single_action_space = task.action_space
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begins an episode in every environment.

        Args:
            seed: Every random stream of the task starts anew from it, as in a task made with this
                seed; without one they go on. What a task has learned from earlier episodes (ranges
                of a randomization, its own tensors) stays: for a run from its very beginning, make
                a new task. A saved state holds the new seed, so a run goes on exactly either way.
            options: None or empty.

        Returns:
            Observations, shape (n_envs, num_observations), and infos.

        Raises:
            TypeError, ValueError: The seed is none, or there are options; nothing has been reset.
        """
        if options:
            raise ValueError(
                f"reset: got options {sorted(options)}, a task has none; leave them out "
                "(some environments alone: task.begin_anew)."
            )
        if seed is not None:
            self._start_streams_anew(seed)
        found = self.task.reset()
        return _array(found["obs"]), self._spread(self._states_of(found))

    def step(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One step of all environments.

        Args:
            actions: Shape (n_envs, num_actions); clipped to [-1, 1].

        Returns:
            Observations as float32, rewards as float64, terminations, truncations (the episode
            only ran out of time), and infos. An environment is never both terminated and
            truncated.

        Raises:
            ValueError: The actions have another shape.
        """
        found, rewards, done, told = self.task.step(torch.from_numpy(self._checked(actions)))
        ended, truncations = _array(done), _array(told["time_outs"])
        for_all = {name: told[name] for name in told if name not in OF_THE_ENDED}
        infos = self._spread({**self._states_of(found), **for_all})
        if ended.any():
            infos.update(self._finals(ended, told))
        terminations = ended & ~truncations
        return _array(found["obs"]), _array(rewards, np.float64), terminations, truncations, infos

    def close_extras(self, **kwargs: Any) -> None:
        """Closes the task."""
        self.task.close()

    def _start_streams_anew(self, seed: int) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise TypeError(
                f"reset: seed is a {type(seed).__name__}, needs one int for all environments; "
                "use int(seed)."
            )
        if seed < 0:
            raise ValueError(f"reset: seed is {seed}, needs an int that is 0 or more; use another.")
        super().reset(seed=seed)
        # The generators stay the same objects, since parts of the task may hold them.
        self.task.streams.load_state_dict(RandomStreams(seed, self.task.device).state_dict())

    def _checked(self, actions: np.ndarray) -> np.ndarray:
        found, wanted = np.array(actions, dtype=np.float32), self.action_space.shape
        if found.shape != wanted:
            raise ValueError(
                f"step: actions have shape {found.shape}, need {wanted}; "
                "pass one row for each environment."
            )
        return found

    def _states_of(self, found: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        return {name: found[name] for name in found if name != "obs"}

    def _finals(self, ended: np.ndarray, told: Mapping[str, Any]) -> dict[str, Any]:
        """What there is to say of episodes that ended, in gymnasium's form."""
        last = np.full(self.num_envs, None, dtype=object)
        for env, row in zip(ended.nonzero()[0], _array(told["final_observation"]), strict=True):
            last[env] = row
        episode: dict[str, np.ndarray] = {}
        for name, tensor in told["episode"].items():
            values = _array(tensor)
            episode[name] = np.zeros((self.num_envs, *values.shape[1:]), dtype=values.dtype)
            episode[name][ended] = values
            episode[f"_{name}"] = ended.copy()
        final_info = {"episode": episode, "_episode": ended.copy()}
        return {
            "final_obs": last,
            "_final_obs": ended.copy(),
            "final_info": final_info,
            "_final_info": ended.copy(),
        }

    def _spread(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Infos with an entry for each environment, and a mask of the environments beside each."""
        infos: dict[str, Any] = {}
        for name, value in told.items():
            nested = isinstance(value, Mapping)
            infos[name] = self._spread(value) if nested else self._entries(value)
            infos[f"_{name}"] = np.ones(self.num_envs, dtype=np.bool_)
        return infos

    def _entries(self, value: Any) -> np.ndarray:
        if isinstance(value, torch.Tensor):
            value = _array(value)
            if value.shape[:1] == (self.num_envs,):
                return value
        if np.ndim(value) == 0 and isinstance(value, (np.ndarray, np.generic, bool, int, float)):
            return np.full(self.num_envs, value)
        entries = np.full(self.num_envs, None, dtype=object)
        for env in range(self.num_envs):
            entries[env] = value
        return entries


def _array(tensor: torch.Tensor, dtype: Any = None) -> np.ndarray:
    """A copy, which no later step writes into."""
    return np.array(tensor.detach().cpu().numpy(), dtype=dtype)
