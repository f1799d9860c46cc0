"""Where each entity's elements lie in the compiled model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from genesis_state.solvers.entity_part import EntityPart
from genesis_state.solvers.rigid.unsupported import JOINTS


@dataclass(frozen=True)
class EntityRange:
    """Where an entity's elements lie in the model's arrays; every range is half-open.

    Links are MuJoCo's bodies without the world: link i is body i + 1. Names are the entity's own;
    MuJoCo's name has the entity's name and a slash before it. What the file leaves unnamed is
    called `link_<i>`, `joint_<i>`, `actuator_<i>` and so on, counted within the entity. Geoms and
    sites that a file fixes to the world belong to no entity.
    """

    name: str
    links: tuple[str, ...]
    joints: tuple[str, ...]
    actuators: tuple[str, ...]
    tendons: tuple[str, ...]
    geoms: tuple[str, ...]
    sites: tuple[str, ...]
    link_start: int
    link_end: int
    joint_start: int
    joint_end: int
    dof_start: int
    dof_end: int
    q_start: int
    q_end: int
    actuator_start: int
    actuator_end: int
    tendon_start: int
    tendon_end: int
    geom_start: int
    geom_end: int
    site_start: int
    site_end: int
    mocap_start: int
    mocap_end: int
    equality_start: int
    equality_end: int

    def at(self, family: str) -> slice:
        """The range of a family.

        One of "link", "joint", "dof", "q", "actuator", "tendon", "geom", "site", "mocap" and
        "equality".
        """
        return slice(getattr(self, f"{family}_start"), getattr(self, f"{family}_end"))


def entity_ranges(
    entities: Sequence[str], alone: Sequence[mujoco.MjModel], mj: mujoco.MjModel
) -> tuple[EntityRange, ...]:
    """Entities lie one after the other, each with as many elements as it has alone.

    Args:
        entities: Their names.
        alone: Each of them compiled by itself.
        mj: All of them compiled together.
    """
    families = ("link", "joint", "dof", "q", "actuator", "tendon", "mocap", "equality")
    at = dict.fromkeys(families, 0)
    ranges = []
    for name, model in zip(entities, alone, strict=True):
        start = dict(at)
        at["link"] += model.nbody - 1
        at["joint"] += model.njnt
        at["dof"] += model.nv
        at["q"] += model.nq
        at["actuator"] += model.nactuator
        at["tendon"] += model.ntendon
        at["mocap"] += model.nmocap
        at["equality"] += model.neq
        # Geoms and sites lie in the order of their bodies; body 0 is the world, which is no link.
        bodies = [start["link"] + 1, at["link"] + 1]
        geoms = np.searchsorted(mj.geom_bodyid, bodies).tolist()
        sites = np.searchsorted(mj.site_bodyid, bodies).tolist()
        ranges.append(
            EntityRange(
                name=name,
                links=_names([mj.body(i + 1) for i in range(start["link"], at["link"])], "link"),
                joints=_names([mj.joint(i) for i in range(start["joint"], at["joint"])], "joint"),
                actuators=_names(
                    [mj.actuator(i) for i in range(start["actuator"], at["actuator"])], "actuator"
                ),
                tendons=_names(
                    [mj.tendon(i) for i in range(start["tendon"], at["tendon"])], "tendon"
                ),
                geoms=_names([mj.geom(i) for i in range(*geoms)], "geom"),
                sites=_names([mj.site(i) for i in range(*sites)], "site"),
                **{f"{family}_start": start[family] for family in at},
                **{f"{family}_end": at[family] for family in at},
                geom_start=geoms[0],
                geom_end=geoms[1],
                site_start=sites[0],
                site_end=sites[1],
            )
        )
    return tuple(ranges)


def entity_parts(ranges: Sequence[EntityRange], mj: mujoco.MjModel) -> tuple[EntityPart, ...]:
    """Where the entities' values lie in the solver's variables.

    Args:
        ranges: Those of all entities.
        mj: The model.
    """
    parts, acts = [], 0
    for part in ranges:
        at = {
            family: (getattr(part, f"{family}_start"), getattr(part, f"{family}_end"))
            for family in ("q", "dof", "link", "joint", "actuator", "mocap", "equality")
        }
        first, acts = acts, acts + int(mj.actuator_actnum[part.at("actuator")].sum())
        body = (part.link_start + 1, part.link_end + 1)
        parts.append(
            EntityPart(
                part.name,
                f"links {', '.join(part.links)}; joints {', '.join(joint_texts(part, mj))}; "
                f"actuators {', '.join(part.actuators)}",
                at
                | {"activation": (first, acts), "own_joint": at["joint"]}
                | dict.fromkeys(("own_dof", "weighed_dof"), at["dof"])
                | {"weighed_tendon": (part.tendon_start, part.tendon_end)}
                | dict.fromkeys(("own_body", "weighed_body"), body),
            )
        )
    return tuple(parts)


def joint_texts(part: EntityRange, mj: mujoco.MjModel) -> list[str]:
    """An entity's joints with their kinds: "elbow (hinge)"."""
    kinds = [JOINTS[int(kind)] for kind in mj.jnt_type[part.at("joint")]]
    return [f"{name} ({kind})" for name, kind in zip(part.joints, kinds, strict=True)]


def _names(elements: list, kind: str) -> tuple[str, ...]:
    """Names without the entity's prefix, made up where there is none."""
    return tuple(
        element.name.split("/", 1)[1] if element.name else f"{kind}_{i}"
        for i, element in enumerate(elements)
    )
