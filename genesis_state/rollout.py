"""What a rollout reads and what it records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from genesis_state.entities.entity import Entity
from genesis_state.entities.inputs import as_tensor, check_finite
from genesis_state.scene_memory import SceneMemory

if TYPE_CHECKING:
    from genesis_state.scene import Scene


def read_controls(scene: Scene, controls: Any) -> list[Callable[[], None]]:
    """For each step what sets its controls; see `Scene.rollout`."""
    from genesis_state.entities.emitter import Emitter  # imports what fills shapes with matter

    if not isinstance(controls, Mapping):
        return _of_actuators(scene, controls)
    if not controls:
        raise ValueError("rollout: controls is an empty dict, so it has no length; name a method.")
    lengths: dict[str, int] = {}
    for method, values in controls.items():
        owner = getattr(method, "__self__", None)
        if not isinstance(owner, (Entity, Emitter)):
            raise TypeError(
                f"rollout: controls has the key {method!r}, needs methods of entities, such as "
                "robot.control_dofs_position."
            )
        name = f"{getattr(owner, 'name', type(owner).__name__)}.{method.__name__}"
        if getattr(owner, "scene", scene) is not scene:
            raise ValueError(f"rollout: controls names {name}, which is of another scene.")
        if not isinstance(values, (torch.Tensor, np.ndarray, list, tuple)):
            raise TypeError(
                f"rollout: controls of {name} is a {type(values).__name__}, needs a tensor, array "
                "or list whose t-th entry is that of step t."
            )
        lengths[name] = len(values)
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise ValueError(f"rollout: controls differ in their number of steps: {told}.")

    def at(t: int) -> Callable[[], None]:
        def control() -> None:
            for method, values in controls.items():
                method(values[t])

        return control

    return [at(t) for t in range(next(iter(lengths.values())))]


def _of_actuators(scene: Scene, controls: Any) -> list[Callable[[], None]]:
    what = "rollout: controls"
    runtime = scene._runtime
    values = as_tensor(what, controls, runtime.tc_float, runtime.device)
    solver = next((s for s in scene.solvers if "ctrl" in s.arena.saved.layout), None)
    n = 0 if solver is None else solver.arena.get("ctrl").shape[1]
    if solver is None or n == 0:
        raise ValueError(
            f"{what} is a tensor, and this scene has no actuators; pass a dict, such as "
            "{robot.control_dofs_position: positions}."
        )
    fits = values.dim() == 2 or (values.dim() == 3 and values.shape[1] in (1, scene.n_envs))
    if not fits or values.shape[-1] != n:
        raise ValueError(f"{what}: shape {tuple(values.shape)}, needs (T, {scene.n_envs}, {n}).")
    check_finite(what, values)
    arena = solver.arena

    def at(t: int) -> Callable[[], None]:
        def control() -> None:
            with arena.edit("ctrl") as (view,):
                view.copy_(values[t])

        return control

    return [at(t) for t in range(len(values))]


class Recorder:
    """Chosen variables of every step.

    Args:
        memory: The scene's.
        keys: Checkpoint keys.
        steps: How many there will be.

    Attributes:
        found: By key, shape (steps, n_envs, …).
    """

    def __init__(self, memory: SceneMemory, keys: Sequence[str], steps: int):
        if isinstance(keys, str):
            keys = (keys,)
        self.found: dict[str, torch.Tensor] = {}
        self._readers: list[tuple[torch.Tensor, Callable[[], torch.Tensor]]] = []
        for key in keys:
            read = memory.reader(key)
            now = read()
            out = torch.empty((steps, *now.shape), dtype=now.dtype, device=now.device)
            self.found[key] = out
            self._readers.append((out, read))

    def take(self, t: int) -> None:
        """Copies all variables as they are now."""
        for out, read in self._readers:
            out[t].copy_(read())
