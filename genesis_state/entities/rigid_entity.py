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
    sites lie among the scene's; `…_idx_local` count within the entity.
    """

    @property
    def links(self) -> list[RigidLink]:
        """Its links; the base link comes first."""
        part = self._bound.part
        return [RigidLink(self, name, i, part.link_start + i) for i, name in enumerate(part.links)]

    @property
    def joints(self) -> list[RigidJoint]:
        """Its joints."""
        bound = self._bound
        return [
            RigidJoint(
                name=bound.part.joints[i],
                type=kind,
                idx_local=i,
                idx=bound.part.joint_start + i,
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
            RigidGeom(links[self._carrier("geom", i)], name, i, bound.part.geom_start + i)
            for i, name in enumerate(bound.part.geoms)
        ]

    @property
    def sites(self) -> list[RigidSite]:
        """Its sites, in the order of their links."""
        bound, links = self._bound, self.links
        return [
            RigidSite(self, links[self._carrier("site", i)], name, i, bound.part.site_start + i)
            for i, name in enumerate(bound.part.sites)
        ]

    def _carrier(self, family: str, i: int) -> int:
        """The link that the entity's geom or site `i` is fixed to, within the entity."""
        bound = self._bound
        bodies = getattr(bound.solver.compiled.mj, f"{family}_bodyid")[bound.part.at(family)]
        return int(bodies[i]) - 1 - bound.part.link_start

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
    def n_links(self) -> int:
        """Number of links."""
        return self.link_end - self.link_start

    @property
    def n_joints(self) -> int:
        """Number of joints."""
        return self.joint_end - self.joint_start

    @property
    def n_dofs(self) -> int:
        """Number of dofs."""
        return self.dof_end - self.dof_start

    @property
    def n_qs(self) -> int:
        """Number of generalized positions."""
        return self.q_end - self.q_start

    @property
    def n_actuators(self) -> int:
        """Number of actuators."""
        return self.actuator_end - self.actuator_start

    @property
    def n_geoms(self) -> int:
        """Number of geoms."""
        return self.geom_end - self.geom_start

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return self.site_end - self.site_start

    @property
    def link_start(self) -> int:
        """Its first link among the scene's."""
        return self._bound.part.link_start

    @property
    def link_end(self) -> int:
        """One past its last link."""
        return self._bound.part.link_end

    @property
    def joint_start(self) -> int:
        """Its first joint among the scene's."""
        return self._bound.part.joint_start

    @property
    def joint_end(self) -> int:
        """One past its last joint."""
        return self._bound.part.joint_end

    @property
    def dof_start(self) -> int:
        """Its first dof among the scene's."""
        return self._bound.part.dof_start

    @property
    def dof_end(self) -> int:
        """One past its last dof."""
        return self._bound.part.dof_end

    @property
    def q_start(self) -> int:
        """Its first generalized position among the scene's."""
        return self._bound.part.q_start

    @property
    def q_end(self) -> int:
        """One past its last generalized position."""
        return self._bound.part.q_end

    @property
    def actuator_start(self) -> int:
        """Its first actuator among the scene's."""
        return self._bound.part.actuator_start

    @property
    def actuator_end(self) -> int:
        """One past its last actuator."""
        return self._bound.part.actuator_end

    @property
    def geom_start(self) -> int:
        """Its first geom among the scene's."""
        return self._bound.part.geom_start

    @property
    def geom_end(self) -> int:
        """One past its last geom."""
        return self._bound.part.geom_end

    @property
    def site_start(self) -> int:
        """Its first site among the scene's."""
        return self._bound.part.site_start

    @property
    def site_end(self) -> int:
        """One past its last site."""
        return self._bound.part.site_end
