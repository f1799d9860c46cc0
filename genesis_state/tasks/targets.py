"""What domain randomization may change of a rigid scene: its parameters, by path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from genesis_state.entities.rigid_entity import RigidEntity
from genesis_state.selection import Selection, select

Read = Callable[[], torch.Tensor]
Write = Callable[[torch.Tensor, Any], None]


class Parameter:
    """A parameter that is read and written by calls of an entity or a solver.

    Args:
        read: Gives all values, shape (n_envs, k).
        write: Takes values of some environments, shape (n, k), and their `envs_idx`.
        chosen: Reads which environments these are; shared among parameters that are written one
            after the other.

    Attributes:
        original: The values when this was made.
        read: As given: the values now.
    """

    def __init__(self, read: Read, write: Write, chosen: Chosen) -> None:
        self.original = read().clone()
        self.read = read
        self._write = write
        self._chosen = chosen

    def write(self, values: torch.Tensor, envs: torch.Tensor) -> None:
        """Sets the parameter of some environments; values have shape (n, k)."""
        if len(envs):
            self._write(values, self._chosen.of(envs))


class Chosen:
    """Reads `envs_idx` once for calls that get the same tensor, unchanged, one after the other."""

    def __init__(self, n_envs: int, device: torch.device) -> None:
        self._n_envs, self._device = n_envs, device
        self._last: tuple[torch.Tensor, Selection] | None = None

    def of(self, envs: torch.Tensor) -> Selection:
        """The selection of these environments."""
        last = self._last
        if last is None or last[0] is not envs:
            self._last = last = (envs, select(envs, self._n_envs, self._device))
        return last[1]


def rigid_targets(actor: str, entity: RigidEntity) -> dict[str, Parameter]:
    """The targets of one rigid entity, as far as `RigidOptions` gave its parameters room.

    Paths are `actor_params.<actor>.` and then, in the terms of IsaacGymEnvs,

    - `dof_properties.stiffness`, `damping`: gains of the servos of hinges and slides
    - `dof_properties.effort`: their largest force, where it has a limit
    - `dof_properties.friction`, `armature` (batch_dofs_info)
    - `rigid_body_properties.mass` (batch_links_info)
    - `rigid_shape_properties.friction`, of geoms that can touch (batch_geoms_info)

    Args:
        actor: Its name in the config.
        entity: The entity, built, with the values that are to count as original.
    """
    servos = [
        dof
        for joint in entity.joints
        if joint.type in ("hinge", "slide")
        for dof in joint.dofs_idx_local
    ]
    asked = entity.scene.rigid_options
    found: dict[str, Parameter] = {}
    chosen = Chosen(entity.scene.n_envs, entity.scene.device)

    def add(path: str, read: Read, write: Write) -> None:
        found[f"actor_params.{actor}.{path}"] = Parameter(read, write, chosen)

    if servos:
        add(
            "dof_properties.stiffness",
            lambda: entity.get_dofs_kp(servos),
            lambda values, envs: entity.set_dofs_kp(values, servos, envs),
        )
        add(
            "dof_properties.damping",
            lambda: entity.get_dofs_kv(servos),
            lambda values, envs: entity.set_dofs_kv(values, servos, envs),
        )
        if entity.get_dofs_force_range(servos)[1].isfinite().all():
            add(
                "dof_properties.effort",
                lambda: entity.get_dofs_force_range(servos)[1],
                lambda values, envs: entity.set_dofs_force_range(-values, values, servos, envs),
            )
    if servos and asked.batch_dofs_info:
        add(
            "dof_properties.friction",
            lambda: entity.get_dofs_frictionloss(servos),
            lambda values, envs: entity.set_dofs_frictionloss(values, servos, envs),
        )
        add(
            "dof_properties.armature",
            lambda: entity.get_dofs_armature(servos),
            lambda values, envs: entity.set_dofs_armature(values, servos, envs),
        )
    if asked.batch_links_info:
        # The base of a robot that stands fixed may have no mass to scale.
        heavy = (entity.get_links_inertial_mass()[0] > 0).nonzero()[:, 0].tolist()
        add(
            "rigid_body_properties.mass",
            lambda: entity.get_links_inertial_mass(heavy),
            lambda values, envs: entity.set_links_inertial_mass(values, heavy, envs),
        )
    if asked.batch_geoms_info:
        add(
            "rigid_shape_properties.friction",
            entity.get_geoms_friction,
            lambda values, envs: entity.set_geoms_friction(values, None, envs),
        )
    return found


def gravity_target(solver: Any) -> dict[str, Parameter]:
    """Gravity as `sim_params.gravity`, of a rigid solver with RigidOptions(batch_gravity=True)."""
    chosen = Chosen(solver.n_envs, solver.get_gravity().device)
    return {"sim_params.gravity": Parameter(solver.get_gravity, solver.set_gravity, chosen)}
