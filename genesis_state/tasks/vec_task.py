"""What every task is: a scene, observations, rewards, and episodes that begin anew in place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from genesis_state.randomization import RandomStreams
from genesis_state.scene import Scene
from genesis_state.tasks.env_state import Part, Physics, Streams, Tensors, restore
from genesis_state.tasks.episodes import Episodes
from genesis_state.tasks.settings import Settings, read_settings

if TYPE_CHECKING:
    from gymnasium import spaces

StepResult = tuple[dict[str, torch.Tensor], torch.Tensor, torch.Tensor, dict[str, Any]]


class VecTask(ABC):
    """A batch of environments.

    A task says what its scene is, what it observes, what it rewards and how an episode begins:

        class Reach(VecTask):
            num_observations, num_actions = 12, 7

            def make_scene(self): ...
            def apply_actions(self, actions): ...
            def observe(self): ...
            def reward(self): ...
            def begin(self, envs): ...

    An episode that ends begins anew within the same step: what `step` returns is the first
    observation of the next, and the last of the old one is in `infos["final_observation"]`.

    Args:
        config: The task's settings, see `Settings`.
        num_envs: Number of environments.
        seed: Of all its random streams.

    Attributes:
        scene: The scene, built.
        settings: The settings, checked.
        settings_kind: A dataclass of the settings that only this task has, with a default for each;
            None leaves them in `settings.own` as they were given.
        own: One of that kind.
        streams: Random streams by name. They belong to the training run: a reset never rewinds
            them, a checkpoint holds them.
        steps: Steps of the task so far, those of a run that it resumed too: what schedules count.
        episodes: How long each environment's episode is, and what it has earned.
        parts: All that a later step depends on, by name, in the order in which it is restored.
        env_state_is_complete: Whether the last state that was put back had all of it.
        resuming: Whether states to come are of this very run, so that all of them is wanted.
        num_observations, num_states, num_actions: Sizes of the observation, of what only a critic
            sees (0 for nothing), and of an action, each in [-1, 1].
    """

    settings_kind: ClassVar[type | None] = None
    # Names of settings that a base class reads.
    of_base: ClassVar[tuple[str, ...]] = ()
    own: Any
    num_observations: ClassVar[int]
    num_states: ClassVar[int] = 0
    num_actions: ClassVar[int]

    def __init__(self, config: Mapping[str, Any], num_envs: int, seed: int = 0) -> None:
        self.settings = Settings.of(config, type(self).__name__)
        if self.settings_kind is not None:
            given = {name: v for name, v in self.settings.own.items() if name not in self.of_base}
            self.own = read_settings(self.settings_kind, given, type(self).__name__)
        self.num_envs = num_envs
        self.scene: Scene = self.make_scene()
        self.scene.build(n_envs=num_envs)
        self.device = self.scene.device
        self.streams = RandomStreams(seed, self.device)
        self.episodes = Episodes(num_envs, self.device)
        self.actions = torch.zeros((num_envs, self.num_actions), device=self.device)
        self.steps = 0
        self.env_state_is_complete = True
        self.resuming = False
        # Physics comes first: it alone may yet refuse, being of another scene.
        self.parts: dict[str, Part] = {
            "physics": Physics(self.scene),
            "streams": Streams(self),
            "episodes": self.episodes,
            "task": Tensors(self),
        }
        self.prepare()

    # ---------------------------------------------------------------- what a task says

    @abstractmethod
    def make_scene(self) -> Scene:
        """The scene with its entities, not yet built."""

    @abstractmethod
    def apply_actions(self, actions: torch.Tensor) -> None:
        """Turns actions, shape (n_envs, num_actions) in [-1, 1], into commands."""

    @abstractmethod
    def observe(self) -> torch.Tensor:
        """Observations, shape (n_envs, num_observations)."""

    @abstractmethod
    def reward(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Rewards and whether the episode has come to its end, both of shape (n_envs,)."""

    @abstractmethod
    def begin(self, envs: torch.Tensor) -> None:
        """Brings some environments to the start of an episode; physics is as after `build`."""

    def prepare(self) -> None:  # noqa: B027  (a task may need nothing)
        """Finds joints and makes tensors, once the scene is built."""

    def observe_states(self) -> torch.Tensor | None:
        """What only a critic sees, shape (n_envs, num_states)."""
        return None

    def task_tensors(self) -> dict[str, torch.Tensor]:
        """Tensors of the task's own that a later step reads, by name; restored in place."""
        return {}

    def objective(self) -> torch.Tensor:
        """How well each running episode goes, shape (n_envs,); its return unless overridden."""
        return self.episodes.returns

    def episode_statistics(self, envs: torch.Tensor) -> dict[str, torch.Tensor]:
        """More to tell of episodes that ended, each of shape (len(envs),): `infos["episode"]`."""
        return {}

    # ---------------------------------------------------------------- running

    @property
    def observation_space(self) -> spaces.Box:
        """Of one environment."""
        return _box(self.settings.clip_observations, self.num_observations)

    @property
    def state_space(self) -> spaces.Box | None:
        """Of what only a critic sees, or None."""
        limit = self.settings.clip_observations
        return _box(limit, self.num_states) if self.num_states else None

    @property
    def action_space(self) -> spaces.Box:
        """Of one environment."""
        return _box(1.0, self.num_actions)

    def reset(self) -> dict[str, torch.Tensor]:
        """Begins an episode in every environment and returns what is observed."""
        self.begin_anew(torch.arange(self.num_envs, device=self.device))
        return self.observations()

    def step(self, actions: torch.Tensor) -> StepResult:
        """One step of all environments.

        Args:
            actions: Shape (n_envs, num_actions); clipped to [-1, 1].

        Returns:
            Observations {"obs", "states"}, rewards (n_envs,), whether episodes ended (n_envs,), and
            infos: "time_outs", which of them only ran out of time, "final_observation", and
            "episode" with the returns and lengths of those that ended and their
            `episode_statistics`.
        """
        self.steps += 1
        # Into what is there: actions made in inference mode could not be changed outside of it.
        self.actions.copy_(actions).clamp_(-1.0, 1.0)
        self.apply_actions(self.actions)
        for _ in range(self.settings.control_frequency_inv):
            self.scene.step()
        rewards, failed = self.reward()
        self.episodes.count(rewards)
        late = self.episodes.lengths >= self.settings.episode_length
        done = failed | late
        infos: dict[str, Any] = {"time_outs": late & ~failed}
        ended = done.nonzero()[:, 0]
        if len(ended):
            infos["final_observation"] = self.observations()["obs"][ended]
            infos["episode"] = self.episodes.ended(ended) | self.episode_statistics(ended)
            self.end(ended)
            self.begin_anew(ended)
        return self.observations(), rewards, done, infos

    def end(self, envs: torch.Tensor) -> None:  # noqa: B027
        """What is to be learned from episodes that ended, before they begin anew."""

    def begin_anew(self, envs: torch.Tensor) -> None:
        """Begins an episode in some environments."""
        if not len(envs):
            return
        self.scene.reset(envs_idx=envs)
        self.begin(envs)
        self.episodes.begin(envs)
        self.actions[envs] = 0.0

    def close(self) -> None:
        """Frees the scene's memory."""
        self.scene.close()

    def draw(self, name: str, *shape: int) -> torch.Tensor:
        """Uniform numbers in [0, 1) from a stream of this task."""
        return torch.rand(shape, generator=self.streams[name], device=self.device)

    def observations(self) -> dict[str, torch.Tensor]:
        """What is observed now: {"obs", "states"}, the latter where only a critic sees more."""
        limit = self.settings.clip_observations
        found = {"obs": self.observe().to(torch.float32).clamp(-limit, limit)}
        states = self.observe_states()
        if states is not None:
            found["states"] = states.to(torch.float32).clamp(-limit, limit)
        return found

    # ---------------------------------------------------------------- state

    def get_env_state(self) -> dict[str, Any]:
        """All that a later step depends on: CPU tensors and plain values."""
        return {
            "num_envs": self.num_envs,
            "steps": self.steps,
            **{name: part.state_dict() for name, part in self.parts.items()},
        }

    def set_env_state(self, state: Mapping[str, Any] | None) -> list[str]:
        """Puts a state back; what does not fit starts fresh.

        With another number of environments all episodes begin anew; what is not of one
        environment is restored.

        Returns:
            A sentence for each part: restored, or why it starts fresh.

        Raises:
            TypeError, ValueError: A part that is there is not what it should be, or is of another
                scene; nothing has been changed.
        """
        if not state:
            self.env_state_is_complete = False
            return ["the checkpoint has no state of the task: everything starts fresh."]
        saved_envs, steps = state.get("num_envs"), state.get("steps")
        if not isinstance(saved_envs, int) or not isinstance(steps, int):
            raise ValueError(
                "the state of the task lacks num_envs or steps; pass what get_env_state returned."
            )
        same = saved_envs == self.num_envs
        loaded = restore(self.parts, state, same)
        self.steps = steps
        self.env_state_is_complete = all(part.whole for part in loaded)
        said = [part.said for part in loaded]
        if not same:
            said.insert(0, f"saved with {saved_envs} environments, there are {self.num_envs} now:")
        return said


def _box(limit: float, size: int) -> spaces.Box:
    """The space of vectors between two limits."""
    try:
        from gymnasium import spaces  # a task runs without it; only who trains asks for spaces
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "spaces of a task need gymnasium; pip install 'genesis-state[train]'.",
            name=error.name,
        ) from error
    return spaces.Box(-limit, limit, (size,))
