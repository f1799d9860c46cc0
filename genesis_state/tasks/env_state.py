"""The state of a task: parts that are checked as a whole before any of them is put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch

from genesis_state.layout import StateLayout
from genesis_state.scene import Scene
from genesis_state.state import SimState

if TYPE_CHECKING:
    from genesis_state.tasks.vec_task import VecTask


@dataclass(frozen=True)
class Loaded:
    """What became of a saved part.

    Attributes:
        said: One sentence or more for the log.
        whole: Whether running episodes can go on from it.
    """

    said: str
    whole: bool = True


class Part(Protocol):
    """Something of a task that a later step depends on."""

    def state_dict(self) -> Any:
        """CPU tensors and plain values."""

    def check(self, state: Any) -> None:
        """Raises ValueError unless `load` would take it; changes nothing."""

    def load(self, state: Any, same_envs: bool) -> Loaded:
        """Puts back what fits.

        Args:
            state: From `state_dict`.
            same_envs: Whether it was saved with as many environments as there are.
        """
        ...


class Physics:
    """A scene's state with its parameters."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def state_dict(self) -> dict[str, Any]:
        """The layout, the step count and each variable."""
        own = self.scene.get_state(params=True).serializable()
        return {
            "layout": own.layout.to_dict(),
            "t": own.t,
            "arrays": {key: own[key].clone() for key in own},
        }

    def check(self, state: Any) -> None:
        """Raises ValueError where the state is none. Whether it fits this scene, `load` says."""
        self._state(state)

    def load(self, state: Any, same_envs: bool) -> Loaded:
        """Raises TypeError or ValueError, with nothing changed, where it is of another scene."""
        if not same_envs:
            return Loaded("physics starts fresh.", whole=False)
        self.scene.reset(state=self._state(state), params=True)
        return Loaded("physics is restored.")

    def _state(self, state: Any) -> SimState:
        try:
            arrays = {key: tensor.numpy() for key, tensor in state["arrays"].items()}
            layout = StateLayout.from_dict(state["layout"])
            if isinstance(state["t"], bool) or not isinstance(state["t"], int):
                raise TypeError(f"t is a {type(state['t']).__name__}, needs an int")
            return SimState.from_arrays(layout, arrays, state["t"], params=True)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"physics: the saved state is damaged ({error}); load another checkpoint."
            ) from error


class Tensors:
    """A task's own tensors, which are restored in place."""

    def __init__(self, task: VecTask) -> None:
        self.task = task

    def state_dict(self) -> dict[str, torch.Tensor]:
        """By name."""
        return {name: tensor.cpu().clone() for name, tensor in self._live().items()}

    def check(self, state: Any) -> None:
        """Raises ValueError unless it is tensors by name."""
        if not isinstance(state, Mapping) or not all(
            isinstance(tensor, torch.Tensor) for tensor in state.values()
        ):
            raise ValueError("task: the saved tensors are damaged; load another checkpoint.")

    def load(self, state: Any, same_envs: bool) -> Loaded:
        """Those of the same name, shape and type; with other environments scalars alone."""
        live = self._live()
        fits = [
            name
            for name, tensor in live.items()
            if name in state
            and (same_envs or not tensor.dim())
            and (state[name].shape, state[name].dtype) == (tensor.shape, tensor.dtype)
        ]
        for name in fits:
            live[name].copy_(state[name])
        if lost := [name for name in live if name not in fits]:
            return Loaded(f"tensors of the task start fresh: {', '.join(lost)}.", whole=False)
        return Loaded("tensors of the task are restored.")

    def _live(self) -> dict[str, torch.Tensor]:
        return {"actions": self.task.actions, **self.task.task_tensors()}


class Streams:
    """A task's random streams."""

    def __init__(self, task: VecTask) -> None:
        self.task = task

    def state_dict(self) -> dict[str, Any]:
        """As `RandomStreams.state_dict`."""
        return self.task.streams.state_dict()

    def check(self, state: Any) -> None:
        """Raises TypeError or ValueError unless it is one."""
        if not self._elsewhere(state):
            self.task.streams.check_state_dict(state)

    def load(self, state: Any, same_envs: bool) -> Loaded:
        """All of them; none where another kind of device draws other numbers."""
        if self._elsewhere(state):
            own = self.task.streams.device.type
            said = f"random streams start fresh: saved on {state['device']}, these are on {own}."
            return Loaded(said, whole=False)
        self.task.streams.load_state_dict(state)
        return Loaded("random streams are restored.")

    def _elsewhere(self, state: Any) -> bool:
        saved = state.get("device") if isinstance(state, Mapping) else None
        return saved in ("cpu", "cuda") and saved != self.task.streams.device.type


def restore(parts: Mapping[str, Part], state: Mapping[str, Any], same_envs: bool) -> list[Loaded]:
    """Puts the parts of a state back, in the order in which a task declares them.

    Raises:
        TypeError, ValueError: One of them is damaged, or of another scene; nothing has changed.
    """
    for name, part in parts.items():
        if name in state:
            part.check(state[name])
    return [
        part.load(state[name], same_envs)
        if name in state
        else Loaded(f"{name} starts fresh: the checkpoint has none.", whole=False)
        for name, part in parts.items()
    ]
