"""What domain randomization may change of a rigid entity: its parameters, by path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from genesis_state.randomization import Target

Read = Callable[[], torch.Tensor]
Write = Callable[[torch.Tensor, torch.Tensor], None]


class Parameter:
    """A parameter that is read and written by an entity's calls.

    Args:
        read: Gives all values, shape (n_envs, …).
        write: Takes values of some environments, of that shape, and which these are.
    """

    def __init__(self, read: Read, write: Write) -> None:
        first = read()
        self._shape = first.shape[1:]
        self._write = write
        self.original = first.reshape(len(first), -1).clone()

    def write(self, values: torch.Tensor, envs: torch.Tensor) -> None:
        """Sets the parameter of some environments; values have shape (n, k)."""
        if len(envs):
            self._write(values.reshape(len(values), *self._shape), envs)


def rigid_targets(actor: str, entity: Any) -> dict[str, Target]:
    """The targets of one rigid entity, those that its scene has room for.

    Args:
        actor: Its name in the config.
        entity: The entity, built.
    """
    hinges = [i for i, servo in enumerate(entity._bound.servo) if servo]
    asked = entity.scene.rigid_options
    found: dict[str, Target] = {}

    def add(path: str, read: Read, write: Write) -> None:
        found[f"actor_params.{actor}.{path}"] = Parameter(read, write)

    if hinges:
        add(
            "dof_properties.stiffness",
            lambda: entity.get_dofs_kp(hinges),
            lambda values, envs: entity.set_dofs_kp(values, hinges, envs),
        )
        add(
            "dof_properties.damping",
            lambda: entity.get_dofs_kv(hinges),
            lambda values, envs: entity.set_dofs_kv(values, hinges, envs),
        )
        if asked.batch_dofs_info:
            add(
                "dof_properties.friction",
                lambda: entity.get_dofs_frictionloss(hinges),
                lambda values, envs: entity.set_dofs_frictionloss(values, hinges, envs),
            )
            add(
                "dof_properties.armature",
                lambda: entity.get_dofs_armature(hinges),
                lambda values, envs: entity.set_dofs_armature(values, hinges, envs),
            )
        if entity.get_dofs_force_range(hinges)[1].isfinite().all():
            add(
                "dof_properties.effort",
                lambda: entity.get_dofs_force_range(hinges)[1],
                lambda values, envs: entity.set_dofs_force_range(-values, values, hinges, envs),
            )
    if asked.batch_links_info:
        add(
            "rigid_body_properties.mass",
            entity.get_links_inertial_mass,
            lambda values, envs: entity.set_links_inertial_mass(values, None, envs),
        )
    return found


def gravity_target(solver: Any) -> Mapping[str, Target]:
    """Gravity, where each environment has its own."""
    read, write = solver.get_gravity, solver.set_gravity
    return {"sim_params.gravity": Parameter(read, write)}
