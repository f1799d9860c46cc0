"""What a rigid entity touches, and with which force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from genesis_state.entities.rigid_access import RigidAccess
from genesis_state.solvers.rigid import contact_readings

if TYPE_CHECKING:
    from genesis_state.entities.rigid_entity import RigidEntity


class EntityContacts(RigidAccess):
    """Contacts that acted in the last step, in its last substep.

    They belong to the positions from which that step began, as accelerations and forces do, and
    stay the same until the next step, whatever is set in between. After a reset they are those of
    the state that was put back.
    """

    def get_contacts(
        self,
        with_entity: RigidEntity | None = None,
        exclude_self_contact: bool = False,
        envs_idx: Any = None,
    ) -> dict[str, torch.Tensor]:
        """Points at which this entity touches something.

        Only points that push count. A pair whose `gap` makes it known before it acts is in the
        solver's list with no force, `scene.rigid_solver.arena.get("contact_dist")` and so on, but
        not here.

        Args:
            with_entity: Only contacts with this entity; with itself, only those among its own
                links. By default with anything, also with what a file fixes to the world, which
                belongs to no entity.
            exclude_self_contact: Whether to leave out contacts among its own links.
            envs_idx: Environments.

        Returns:
            A dict of tensors of shape (envs, room, …), room being the most contacts that the scene
            can hold; `valid_mask` says which rows are contacts, and all others hold indices of -1
            and zeros. Without the axis of environments (n_envs=0) there are only the rows of
            contacts, shape (n, …), and no `valid_mask`.

            `geom_a`, `geom_b`: The geoms, `idx` of the entries of `entity.geoms`, which is their
            number in `scene.rigid_solver.mj_model`. `link_a`, `link_b`: Their links, `idx` of the
            entries of `entity.links`, or -1 for the world. `position`: World [m]. `normal`: Unit
            vector from geom b to geom a. `penetration`: How deep they overlap [m]. `force_a`,
            `force_b`: Force on each of them, world [N]. `valid_mask`: bool.

        Raises:
            TypeError, ValueError: `with_entity` is no entity of this scene, or the entity itself
                while contacts with itself are excluded.
        """
        selection = self._envs(envs_idx)
        ids, numbers = self._contacts(with_entity, exclude_self_contact)
        ids, numbers = selection.take(ids), selection.take(numbers)
        valid = ids[..., 4] != 0
        batched = self.scene.batched
        if not batched:
            ids, numbers = ids[valid], numbers[valid]
        force = numbers[..., 7:].contiguous()
        found = {
            "geom_a": ids[..., 0].contiguous(),
            "geom_b": ids[..., 1].contiguous(),
            "link_a": ids[..., 2].contiguous(),
            "link_b": ids[..., 3].contiguous(),
            "position": numbers[..., :3].contiguous(),
            "normal": numbers[..., 3:6].contiguous(),
            "penetration": numbers[..., 6].contiguous(),
            "force_a": -force,
            "force_b": force,
        }
        return {**found, "valid_mask": valid} if batched else found

    def touches(
        self,
        with_entity: RigidEntity | None = None,
        exclude_self_contact: bool = False,
        envs_idx: Any = None,
    ) -> torch.Tensor:
        """Whether there are such contacts as `get_contacts` lists, bool (envs,).

        Args:
            with_entity: The other entity; with itself, whether its own links touch each other. By
                default anything.
            exclude_self_contact: Whether contacts among its own links do not count.
            envs_idx: Environments.
        """
        selection = self._envs(envs_idx)
        ids, _numbers = self._contacts(with_entity, exclude_self_contact)
        return self._unbatched((selection.take(ids)[..., 4] != 0).any(-1))

    def get_links_net_contact_force(self, envs_idx: Any = None) -> torch.Tensor:
        """Sum of the contact forces on each link, world axes, shape (envs, n_links, 3) [N]."""
        bound = self._bound
        selection = self._envs(envs_idx)
        part = bound.part
        forces = contact_readings.link_contact_forces(bound.solver, part.whole("link"))
        if not part.in_one_piece("link"):
            forces = forces[:, part.places["link"] - part.link_start]
        return self._taken(forces, selection)

    def _contacts(
        self, with_entity: RigidEntity | None, exclude_self_contact: bool
    ) -> tuple[torch.Tensor, torch.Tensor]:
        bound = self._bound
        other = None
        if with_entity is not None:
            if not isinstance(with_entity, RigidAccess):
                raise TypeError(
                    f"{self.name}: with_entity is a {type(with_entity).__name__}, "
                    "needs a rigid entity."
                )
            if with_entity.scene is not self.scene:
                raise ValueError(
                    f"{self.name}: with_entity {with_entity.name!r} is of another scene; "
                    "give one of this scene."
                )
            if with_entity is self and exclude_self_contact:
                raise ValueError(
                    f"{self.name}: with_entity is the entity itself, whose contacts with itself "
                    "are excluded; leave one of the two out."
                )
            other = with_entity._bound.bodies
        return contact_readings.contacts(
            bound.solver, bound.bodies, other, bool(exclude_self_contact)
        )
