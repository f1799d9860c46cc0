"""A task as the vector environment that rsl_rl's runners train on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import torch
from rsl_rl.env import VecEnv
from tensordict import TensorDict

from genesis_state.tasks.vec_task import VecTask

# Names of one letter say little in a log.
LOGGED = {"r": "return", "l": "length"}
# The task's names of observations, and those that rsl_rl's configurations commonly have.
GROUPS = {"obs": "policy", "states": "critic"}


class RslRlVecEnv(VecEnv):
    """A task behind the interface of rsl_rl 5.

    Observations come in the group "policy", and what only a critic sees in the group "critic"; a
    runner's configuration says who reads what:

        obs_groups = {"actor": ["policy"], "critic": ["critic"]}  # without states: ["policy"]

    Episodes begin in every environment when it is made. To go on with a run that was saved, make
    it and then put the state back:

        runner.save(path, infos={"env": env.get_env_state()})
        env.set_env_state(runner.load(path)["env"])

    The runner draws its actions from torch's global generator, which neither of them saves.

    Args:
        task: The task.

    Attributes:
        task: The task.
        num_envs, num_actions, device: Those of the task.
        max_episode_length: Most steps of an episode.
        cfg: The task's name, size, seed and settings, for the runner's logs.
        step_dt: Simulated time of one step [s].
    """

    def __init__(self, task: VecTask) -> None:
        self.task = task
        self.num_envs = task.num_envs
        self.num_actions = task.num_actions
        self.device = task.device
        self.max_episode_length = task.settings.episode_length
        self.step_dt = task.scene.dt * task.settings.control_frequency_inv
        self.cfg = {
            "task": type(task).__name__,
            "num_envs": task.num_envs,
            "seed": task.streams.seed,
            **asdict(task.settings),
        }
        self.reset()

    @property
    def unwrapped(self) -> RslRlVecEnv:
        """Itself; random network distillation asks it for `step_dt`."""
        return self

    @property
    def episode_length_buf(self) -> torch.Tensor:
        """Steps since each episode began, int64 of shape (n_envs,); assigned to in place."""
        return self.task.episodes.lengths

    @episode_length_buf.setter
    def episode_length_buf(  # pyright: ignore[reportIncompatibleVariableOverride]
        self, lengths: torch.Tensor
    ) -> None:
        wanted = self.task.episodes.lengths
        if lengths.shape != wanted.shape or lengths.is_floating_point():
            raise ValueError(
                f"episode_length_buf: got {lengths.dtype} of shape {tuple(lengths.shape)}, needs "
                f"whole numbers of shape {tuple(wanted.shape)}; pass one for each environment."
            )
        wanted.copy_(lengths)

    def get_observations(self) -> TensorDict:
        """What the latest step or reset observed; nothing is observed anew.

        An observation may draw noise, so that looking twice would change the run.
        """
        return self._grouped().clone()

    def reset(self) -> TensorDict:
        """Begins an episode in every environment."""
        with _ordinary_tensors():
            self._found = self.task.reset()
        return self._grouped()

    def step(
        self, actions: torch.Tensor
    ) -> tuple[TensorDict, torch.Tensor, torch.Tensor, dict[str, Any]]:
        """One step of all environments; episodes that end begin anew within it.

        Args:
            actions: Shape (n_envs, num_actions); clipped to [-1, 1].

        Returns:
            Observations, rewards (n_envs,), whether episodes ended as int64 (n_envs,), and extras:
            "time_outs" of shape (n_envs,), "log" with "Episode/return", "Episode/length" and the
            task's `episode_statistics` of those that ended, and what else the task tells.

        Raises:
            ValueError: The actions have another shape.
        """
        wanted = (self.num_envs, self.num_actions)
        if actions.shape != wanted:
            raise ValueError(
                f"step: actions have shape {tuple(actions.shape)}, need {wanted}; "
                "pass one row for each environment."
            )
        with _ordinary_tensors():
            self._found, rewards, done, told = self.task.step(actions.clone())
            extras = {name: told[name] for name in told if name != "final_observation"}
            # rsl_rl would log "episode" under names of one letter, and no "log" beside it.
            episode = extras.pop("episode", None)
            if episode is not None:
                ended = {f"Episode/{LOGGED.get(name, name)}": episode[name] for name in episode}
                extras["log"] = {**extras.get("log", {}), **ended}
            return self._grouped(), rewards, done.to(torch.int64), extras

    def get_env_state(self) -> dict[str, Any]:
        """All that a later step depends on: the task's state, and what was observed last."""
        return {
            "task": self.task.get_env_state(),
            "observations": {name: tensor.cpu().clone() for name, tensor in self._found.items()},
        }

    def set_env_state(self, state: Mapping[str, Any] | None) -> list[str]:
        """Puts a state back; what does not fit starts fresh, see `VecTask.set_env_state`.

        Returns:
            A sentence for each part: restored, or why it starts fresh.

        Raises:
            ValueError: A part that is there is not what it should be; nothing has been changed.
        """
        if not state:
            return self.task.set_env_state(None)
        same = state["task"].get("num_envs") == self.num_envs
        seen = self._checked(state["observations"]) if same else None
        with _ordinary_tensors():
            said = self.task.set_env_state(state["task"])
            if seen is None or not self.task.env_state_is_complete:
                self._found = self.task.reset()
            else:
                self._found = {name: seen[name].to(self.device, copy=True) for name in seen}
        return said

    def _grouped(self) -> TensorDict:
        groups = {GROUPS.get(name, name): tensor for name, tensor in self._found.items()}
        return TensorDict(groups, batch_size=[self.num_envs], device=self.device)

    def _checked(self, observations: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
        found = {name: tuple(tensor.shape) for name, tensor in observations.items()}
        wanted = {name: tuple(tensor.shape) for name, tensor in self._found.items()}
        if found != wanted:
            raise ValueError(
                f"the saved observations have shapes {found}, this task's have {wanted}; "
                "load a state that was saved with this task."
            )
        return observations


@contextmanager
def _ordinary_tensors() -> Iterator[None]:
    """Makes tensors that anyone may write into later.

    A runner steps its environment in inference mode. A tensor of the task that came to be there
    could not be written to once that mode is over, as a reset does.
    """
    with torch.inference_mode(False), torch.no_grad():
        yield
