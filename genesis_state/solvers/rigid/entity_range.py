"""Where each entity's elements lie in the compiled model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from genesis_state.solvers.entity_part import EntityPart
from genesis_state.solvers.rigid.entity_spec import EntitySpec
from genesis_state.solvers.rigid.unsupported import JOINTS

Q_WIDTHS = {"free": 7, "ball": 4, "slide": 1, "hinge": 1}
NAMED = ("joint", "actuator", "tendon", "geom", "site")
FAMILIES = ("link", "dof", "q", "mocap", "equality", *NAMED)


@dataclass(frozen=True, eq=False)
class EntityRange:
    """Where an entity's elements lie in the model's arrays.

    They lie in one piece, `…_start` to `…_end` half-open, unless other entities are attached to it:
    MuJoCo numbers what hangs on a link right after it, so that these then lie in between.

    Links are MuJoCo's bodies without the world: link i is body i + 1. Names are the entity's own;
    MuJoCo's name has the entity's name and a slash before it. What the file leaves unnamed is
    called `link_<i>`, `joint_<i>`, `actuator_<i>` and so on, counted within the entity. Geoms and
    sites that a file fixes to the world belong to no entity.

    Attributes:
        places: For each of `FAMILIES` its elements among the model's, rising.
        parent: Name of the entity that it is attached to, or None.
        link_start, …: The first of them; where there is none, where it would be.
        link_end, …: One past the last.
    """

    name: str
    links: tuple[str, ...]
    joints: tuple[str, ...]
    actuators: tuple[str, ...]
    tendons: tuple[str, ...]
    geoms: tuple[str, ...]
    sites: tuple[str, ...]
    places: Mapping[str, np.ndarray]
    parent: str | None
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

    def whole(self, family: str) -> slice:
        """From its first element of a family to its last, whatever lies in between."""
        return slice(getattr(self, f"{family}_start"), getattr(self, f"{family}_end"))

    def in_one_piece(self, family: str) -> bool:
        """Whether no other entity's elements of a family lie between its own."""
        whole = self.whole(family)
        return whole.stop - whole.start == len(self.places[family])

    def at(self, family: str) -> slice | np.ndarray:
        """Its elements of a family, to index the model's arrays: a slice if they are one piece."""
        return self.whole(family) if self.in_one_piece(family) else self.places[family]

    def local(self, family: str, elements: Any) -> np.ndarray:
        """One or more of the model's elements as counted within the entity; -1 for others."""
        own = self.places[family]
        found = np.searchsorted(own, elements)
        inside = np.append(own, -1)[found] == elements
        return np.where(inside & (np.asarray(elements) >= 0), found, -1)


def entity_ranges(
    entities: Sequence[EntitySpec], alone: Sequence[mujoco.MjModel], mj: mujoco.MjModel
) -> tuple[EntityRange, ...]:
    """Finds each entity's elements: bodies by name, and the others by their body.

    Args:
        entities: The entities.
        alone: Each of them compiled by itself.
        mj: All of them compiled together, every body with a name.
    """
    names = [entity.name for entity in entities]
    owner = np.array(
        [-1] + [names.index(mj.body(i).name.split("/")[0]) for i in range(1, mj.nbody)]
    )
    joint_owner = owner[mj.jnt_bodyid]
    widths = [Q_WIDTHS[JOINTS[int(kind)]] for kind in mj.jnt_type]
    owners = {
        "link": owner[1:],
        "joint": joint_owner,
        "dof": owner[mj.dof_bodyid],
        "q": np.repeat(joint_owner, widths),
        "mocap": owner[np.flatnonzero(mj.body_mocapid >= 0)],
        # Of entities without links too, these come in the order in which entities were added.
        "actuator": np.repeat(np.arange(len(names)), [model.nactuator for model in alone]),
        "tendon": np.repeat(np.arange(len(names)), [model.ntendon for model in alone]),
        "equality": np.repeat(np.arange(len(names)), [model.neq for model in alone]),
        "geom": owner[mj.geom_bodyid],
        "site": owner[mj.site_bodyid],
    }
    free = {"geom": int(mj.body_geomnum[0]), "site": int((mj.site_bodyid == 0).sum())}
    ends = {family: free.get(family, 0) for family in FAMILIES}
    ranges = []
    for k, entity in enumerate(entities):
        places = {family: np.flatnonzero(owners[family] == k) for family in FAMILIES}
        edges = {}
        for family, own in places.items():
            start = int(own[0]) if len(own) else ends[family]
            end = int(own[-1]) + 1 if len(own) else start
            edges |= {f"{family}_start": start, f"{family}_end": end}
            ends[family] = max(ends[family], end)
        elements = {
            f"{family}s": _names([getattr(mj, family)(int(i)) for i in own], family)
            for family, own in places.items()
            if family in NAMED
        }
        ranges.append(
            EntityRange(
                name=entity.name,
                links=_names([mj.body(int(i) + 1) for i in places["link"]], "link"),
                places=places,
                parent=None if entity.attached is None else entity.attached[0],
                **elements,
                **edges,
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
            family: _pieces(part.places[family], part.whole(family).start)
            for family in ("q", "dof", "link", "joint", "actuator", "mocap", "equality")
        }
        first, acts = acts, acts + int(mj.actuator_actnum[part.at("actuator")].sum())
        body = tuple(edge + 1 for edge in at["link"])
        parts.append(
            EntityPart(
                part.name,
                f"links {', '.join(part.links)}; joints {', '.join(joint_texts(part, mj))}; "
                f"actuators {', '.join(part.actuators)}",
                at
                | {"activation": (first, acts), "own_joint": at["joint"]}
                | dict.fromkeys(("own_dof", "weighed_dof"), at["dof"])
                | {"weighed_tendon": _pieces(part.places["tendon"], part.tendon_start)}
                | dict.fromkeys(("own_body", "weighed_body"), body),
            )
        )
    return tuple(parts)


def joint_texts(part: EntityRange, mj: mujoco.MjModel) -> list[str]:
    """An entity's joints with their kinds: "elbow (hinge)"."""
    kinds = [JOINTS[int(kind)] for kind in mj.jnt_type[part.at("joint")]]
    return [f"{name} ({kind})" for name, kind in zip(part.joints, kinds, strict=True)]


def _pieces(own: np.ndarray, start: int) -> tuple[int, ...]:
    """Rising indices as where each piece of them begins and ends, in turn."""
    if not len(own):
        return start, start
    breaks = np.flatnonzero(np.diff(own) > 1)
    edges = np.stack([own[np.append(0, breaks + 1)], own[np.append(breaks, len(own) - 1)] + 1], 1)
    return tuple(edges.ravel().tolist())


def _names(elements: list, kind: str) -> tuple[str, ...]:
    """Names without the entity's prefix, made up where there is none."""
    return tuple(
        element.name.split("/", 1)[1] if element.name else f"{kind}_{i}"
        for i, element in enumerate(elements)
    )
