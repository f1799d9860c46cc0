"""A robot or body in a scene."""

from __future__ import annotations

from genesis_state.entities.contacts import EntityContacts
from genesis_state.entities.control import EntityControl
from genesis_state.entities.coordinates import EntityCoordinates
from genesis_state.entities.inverse_kinematics import EntityInverseKinematics
from genesis_state.entities.mocap import EntityMocap
from genesis_state.entities.rigid_access import DOFS_OF_JOINT
from genesis_state.entities.rigid_friction import EntityFriction
from genesis_state.entities.rigid_geom import RigidGeom
from genesis_state.entities.rigid_joint import RigidJoint
from genesis_state.entities.rigid_link import RigidLink
from genesis_state.entities.rigid_parameters import EntityParameters
from genesis_state.entities.rigid_site import RigidSite
from genesis_state.entities.sites import EntitySites
from genesis_state.morphs import Plane

QS_OF_JOINT = {"free": 7, "ball": 4, "slide": 1, "hinge": 1}


class RigidEntity(
    EntityCoordinates,
    EntitySites,
    EntityContacts,
    EntityControl,
    EntityMocap,
    EntityParameters,
    EntityFriction,
    EntityInverseKinematics,
):
    """A robot or body in a scene. `scene.add_entity` makes it; it answers once the scene is built.

    Every call that reads or writes takes `envs_idx`: None for all environments, indices, or a mask
    of length n_envs. Getters return copies, shape (envs, …), without the axis of environments if
    the scene was built with n_envs=0. Setters take one value for all selected environments or one
    for each, check everything first, and refuse what does not fit with nothing changed.

    `…_start` and `…_end` say where its links, joints, dofs, coordinates, actuators, geoms and
    sites lie among the scene's; `…_idx_local` count within the entity. Where another entity is
    attached to one of its links, that one's lie in between: `…_end` is refused, and `links_idx`,
    `dofs_idx`, `qs_idx` say where its own are.
    """

    def attach(self, parent_entity: RigidEntity, parent_link_name: str | None = None) -> None:
        """Hangs this entity's base on a link of another, before the scene is built.

        The base loses its free joint; `pos` and `quat` of this entity's morph are relative to that
        link. A file must have one root then, and nothing else that is fixed to the world, and its
        keyframes are left out. Both stay entities with names, dofs and getters of their own. For
        `enable_self_collision` they count as one.

        Args:
            parent_entity: The other entity, added before this one.
            parent_link_name: The link; by default the last one.

        Raises:
            RuntimeError: The scene is built.
            TypeError, ValueError: `parent_entity` is no rigid entity that was added before to this
                scene, or this one is attached already. A link that is not there is refused by
                `build`.
        """
        call = f"{self.name}.attach"
        self.scene._require_unbuilt(call, "attachments")
        if not isinstance(parent_entity, RigidEntity):
            raise TypeError(
                f"{call}: parent_entity is a {type(parent_entity).__name__}, needs a rigid entity."
            )
        if self.attached_to is not None:
            raise ValueError(
                f"{call}: it is attached to {self.attached_to[0].name} already; attach it once."
            )
        if parent_entity.scene is not self.scene or parent_entity.idx >= self.idx:
            raise ValueError(
                f"{call}: {parent_entity.name} was not added to this scene before it; add the "
                "entity that carries the other first."
            )
        if isinstance(self.morph, Plane):
            raise ValueError(f"{call}: a plane cannot move; attach a box.")
        if parent_link_name is not None and not isinstance(parent_link_name, str):
            raise TypeError(
                f"{call}: parent_link_name is {parent_link_name!r}, needs a link's name."
            )
        self.attached_to = parent_entity, parent_link_name

    @property
    def links(self) -> list[RigidLink]:
        """Its links; the base link comes first."""
        part = self._bound.part
        places = part.places["link"].tolist()
        return [RigidLink(self, name, i, places[i]) for i, name in enumerate(part.links)]

    @property
    def joints(self) -> list[RigidJoint]:
        """Its joints."""
        bound = self._bound
        return [
            RigidJoint(
                name=bound.part.joints[i],
                type=kind,
                idx_local=i,
                idx=int(bound.part.places["joint"][i]),
                dofs_idx_local=list(range(dof, dof + DOFS_OF_JOINT[kind])),
                qs_idx_local=list(range(q, q + QS_OF_JOINT[kind])),
            )
            for i, (kind, dof, q) in enumerate(
                zip(bound.joint_types, bound.joint_dofs, bound.joint_qs, strict=True)
            )
        ]

    @property
    def actuators(self) -> list[str]:
        """Names of its actuators."""
        return list(self._bound.part.actuators)

    @property
    def geoms(self) -> list[RigidGeom]:
        """Its geoms, in the order of their links."""
        bound, links = self._bound, self.links
        return [
            RigidGeom(links[self._carrier("geom", i)], name, i, int(bound.part.places["geom"][i]))
            for i, name in enumerate(bound.part.geoms)
        ]

    @property
    def sites(self) -> list[RigidSite]:
        """Its sites, in the order of their links."""
        bound, links = self._bound, self.links
        return [
            RigidSite(
                self, links[self._carrier("site", i)], name, i, int(bound.part.places["site"][i])
            )
            for i, name in enumerate(bound.part.sites)
        ]

    def _carrier(self, family: str, i: int) -> int:
        """The link that the entity's geom or site `i` is fixed to, within the entity."""
        bound = self._bound
        bodies = getattr(bound.solver.compiled.mj, f"{family}_bodyid")[bound.part.at(family)]
        return int(bound.part.local("link", bodies[i] - 1))

    @property
    def base_link(self) -> RigidLink:
        """Its first link."""
        return self.links[0]

    def get_link(self, name: str) -> RigidLink:
        """The link of that name.

        Raises:
            KeyError: There is none; the message lists those there are.
        """
        return self._named("link", self.links, name)

    def get_joint(self, name: str) -> RigidJoint:
        """The joint of that name.

        Raises:
            KeyError: There is none; the message lists those there are.
        """
        return self._named("joint", self.joints, name)

    def get_geom(self, name: str) -> RigidGeom:
        """The geom of that name.

        Raises:
            KeyError: There is none; the message lists those there are.
        """
        return self._named("geom", self.geoms, name)

    def get_site(self, name: str) -> RigidSite:
        """The site of that name.

        Raises:
            KeyError: There is none; the message lists those there are.
        """
        return self._named("site", self.sites, name)

    def _named(self, kind: str, elements: list, name: str):
        for element in elements:
            if element.name == name:
                return element
        known = ", ".join(element.name for element in elements) or "none"
        raise KeyError(f"{self.name} has no {kind} {name!r}; it has {known}.")

    # ---------------------------------------------------------------- counts and places

    @property
    def links_idx(self) -> list[int]:
        """Its links among the scene's."""
        return self._bound.part.places["link"].tolist()

    @property
    def dofs_idx(self) -> list[int]:
        """Its dofs among the scene's."""
        return self._bound.part.places["dof"].tolist()

    @property
    def qs_idx(self) -> list[int]:
        """Its generalized positions among the scene's."""
        return self._bound.part.places["q"].tolist()

    def _end(self, family: str) -> int:
        part = self._bound.part
        if not part.in_one_piece(family):
            raise ValueError(
                f"{self.name}.{family}_end: elements of what is attached to it lie among its own; "
                "take links_idx, dofs_idx, qs_idx, or the idx of its joints, geoms and sites."
            )
        return part.whole(family).stop

    @property
    def n_links(self) -> int:
        """Number of links."""
        return len(self._bound.part.places["link"])

    @property
    def n_joints(self) -> int:
        """Number of joints."""
        return len(self._bound.part.places["joint"])

    @property
    def n_dofs(self) -> int:
        """Number of dofs."""
        return len(self._bound.part.places["dof"])

    @property
    def n_qs(self) -> int:
        """Number of generalized positions."""
        return len(self._bound.part.places["q"])

    @property
    def n_actuators(self) -> int:
        """Number of actuators."""
        return len(self._bound.part.places["actuator"])

    @property
    def n_geoms(self) -> int:
        """Number of geoms."""
        return len(self._bound.part.places["geom"])

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return len(self._bound.part.places["site"])

    @property
    def link_start(self) -> int:
        """Its first link among the scene's."""
        return self._bound.part.link_start

    @property
    def link_end(self) -> int:
        """One past its last link."""
        return self._end("link")

    @property
    def joint_start(self) -> int:
        """Its first joint among the scene's."""
        return self._bound.part.joint_start

    @property
    def joint_end(self) -> int:
        """One past its last joint."""
        return self._end("joint")

    @property
    def dof_start(self) -> int:
        """Its first dof among the scene's."""
        return self._bound.part.dof_start

    @property
    def dof_end(self) -> int:
        """One past its last dof."""
        return self._end("dof")

    @property
    def q_start(self) -> int:
        """Its first generalized position among the scene's."""
        return self._bound.part.q_start

    @property
    def q_end(self) -> int:
        """One past its last generalized position."""
        return self._end("q")

    @property
    def actuator_start(self) -> int:
        """Its first actuator among the scene's."""
        return self._bound.part.actuator_start

    @property
    def actuator_end(self) -> int:
        """One past its last actuator."""
        return self._end("actuator")

    @property
    def geom_start(self) -> int:
        """Its first geom among the scene's."""
        return self._bound.part.geom_start

    @property
    def geom_end(self) -> int:
        """One past its last geom."""
        return self._end("geom")

    @property
    def site_start(self) -> int:
        """Its first site among the scene's."""
        return self._bound.part.site_start

    @property
    def site_end(self) -> int:
        """One past its last site."""
        return self._end("site")
