"""A robot or body in a scene."""

from __future__ import annotations

from genesis_state.entities.control import EntityControl
from genesis_state.entities.coordinates import EntityCoordinates


class RigidEntity(EntityCoordinates, EntityControl):
    """A robot or body in a scene. `scene.add_entity` makes it; it answers once the scene is built.

    Every call that reads or writes takes `envs_idx`: None for all environments, indices, or a mask
    of length n_envs. Getters return copies, shape (envs, …), without the axis of environments if
    the scene was built with n_envs=0. Setters take one value for all selected environments or one
    for each, check everything first, and refuse what does not fit with nothing changed.
    """
