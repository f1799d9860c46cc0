"""Entities that hang on a link of another one."""

from __future__ import annotations

from typing import Any

import mujoco

from genesis_state.solvers.rigid.entity_spec import EntitySpec


def name_bodies(child: mujoco.MjSpec) -> None:
    """Names the bodies that a file leaves unnamed, `link_<i>` counted within it.

    By its name a body is found again among those of all entities.

    Args:
        child: A model that was compiled, which is what numbers its bodies.
    """
    taken = {body.name for body in child.bodies}
    for body in child.bodies:
        if not body.name:
            name = f"link_{body.id - 1}"
            while name in taken:
                name += "_"
            body.name = name
            taken.add(name)


def make_attachable(name: str, child: mujoco.MjSpec) -> None:
    """Takes the free joint from a model's base, and the keyframes that speak of it.

    Args:
        name: The entity's name, for messages.
        child: Its model.

    Raises:
        ValueError: More than one base or something else hangs in its world.
    """
    world = child.worldbody
    roots = [body.name or "an unnamed one" for body in world.bodies]
    if len(roots) != 1:
        raise ValueError(f"attach needs a model with one root, it has {roots or 'none'}")
    for kind, fixed in (("geom", world.geoms), ("site", world.sites)):
        if fixed:
            label = ", ".join(repr(element.name) for element in fixed)
            raise ValueError(
                f"attach needs a model with nothing fixed to the world but its root, it has {kind} "
                f"{label}"
            )
    for joint in list(world.first_body().joints):
        if joint.type == mujoco.mjtJoint.mjJNT_FREE:
            child.delete(joint)
    for key in list(child.keys):
        child.delete(key)


def carrying_body(spec: mujoco.MjSpec, entity: EntitySpec) -> Any:
    """The body that carries an attached entity, in the model of those that were added before.

    Raises:
        ValueError: The other entity has no such link.
    """
    assert entity.attached is not None
    parent, link = entity.attached
    names = [body.name for body in spec.bodies if body.name.startswith(f"{parent}/")]
    wanted = names[-1] if link is None and names else f"{parent}/{link}"
    if wanted not in names:
        known = ", ".join(name.split("/", 1)[1] for name in names) or "none"
        raise ValueError(f"{entity.name}: attach: {parent} has no link {link!r}; it has {known}.")
    return spec.body(wanted)
