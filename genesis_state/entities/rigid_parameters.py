"""Physical parameters of a rigid entity in each environment: masses and joints' dynamics."""

from __future__ import annotations

from typing import Any

import torch

from genesis_state.entities.rigid_own import OwnParameters


class EntityParameters(OwnParameters):
    """Masses, damping, stiffness: in each environment its own, where the options say so.

    What follows from a mass, such as how soft contacts are, follows at once.
    """

    # ---------------------------------------------------------------- links

    def set_links_inertial_mass(
        self, mass: Any, links_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Sets masses; moments of inertia change in proportion, as those of another density.

        Args:
            mass: A positive number, shape (n,) or (envs, n) [kg].
            links_idx_local: Which links; by default all.
            envs_idx: Environments.

        Raises:
            RuntimeError: The scene was not built with RigidOptions(batch_links_info=True).
        """
        call = "set_links_inertial_mass"
        columns, selection = self._chosen(call, "bodies_mass", "body", links_idx_local, envs_idx)
        values = self._values(call, mass, selection, (len(columns.indices),))
        self._require_positive(call, values)
        model = self._of_model("body_mass", columns.key)
        moments = self._of_model("body_inertia", columns.key)
        ratio = torch.where(model > 0, values / model, torch.ones_like(values))
        self._write(
            selection,
            columns,
            {"bodies_mass": values, "bodies_inertia": moments * ratio[..., None]},
        )
        self._bound.solver.refresh_constants(selection)

    def set_mass_shift(
        self, mass_shift: Any, links_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Adds masses to those of the model at their centres; moments of inertia stay the model's.

        Args:
            mass_shift: A number, shape (n,) or (envs, n) [kg].
            links_idx_local, envs_idx: See `set_links_inertial_mass`.
        """
        call = "set_mass_shift"
        columns, selection = self._chosen(call, "bodies_mass", "body", links_idx_local, envs_idx)
        shift = self._values(call, mass_shift, selection, (len(columns.indices),))
        mass = self._of_model("body_mass", columns.key) + shift
        self._require_positive(call, mass)
        moments = self._of_model("body_inertia", columns.key).expand(*mass.shape, 3)
        self._write(selection, columns, {"bodies_mass": mass, "bodies_inertia": moments})
        self._bound.solver.refresh_constants(selection)

    def set_COM_shift(
        self, com_shift: Any, links_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Moves centres of mass from where the model has them; moments are about the new ones.

        Args:
            com_shift: Shape (n, 3) or (envs, n, 3) [m], in the links' frames.
            links_idx_local, envs_idx: See `set_links_inertial_mass`.
        """
        call = "set_COM_shift"
        columns, selection = self._chosen(call, "bodies_com", "body", links_idx_local, envs_idx)
        shift = self._values(call, com_shift, selection, (len(columns.indices), 3))
        com = self._of_model("body_ipos", columns.key) + shift
        self._write(selection, columns, {"bodies_com": com})
        self._bound.solver.refresh_constants(selection)

    def get_links_inertial_mass(
        self, links_idx_local: Any = None, envs_idx: Any = None
    ) -> torch.Tensor:
        """Masses, shape (envs, n) [kg]."""
        return self._parameter("bodies_mass", "body_mass", "body", links_idx_local, envs_idx)

    def get_links_invweight(
        self, links_idx_local: Any = None, envs_idx: Any = None
    ) -> torch.Tensor:
        """Mean inverse inertia as constraints see it: translation, rotation, shape (envs, n, 2)."""
        return self._parameter(
            "bodies_invweight", "body_invweight", "body", links_idx_local, envs_idx
        )

    # ---------------------------------------------------------------- dofs

    def set_dofs_damping(
        self, damping: Any, dofs_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Sets damping, a number, shape (n,) or (envs, n) [N s/m, N m s/rad].

        Raises:
            RuntimeError: The scene was not built with RigidOptions(batch_dofs_info=True).
        """
        self._set_dofs("set_dofs_damping", "dofs_damping", damping, dofs_idx_local, envs_idx)

    def set_dofs_armature(
        self, armature: Any, dofs_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Sets armature, a number, shape (n,) or (envs, n) [kg, kg m^2]; see `set_dofs_damping`."""
        self._set_dofs("set_dofs_armature", "dofs_armature", armature, dofs_idx_local, envs_idx)
        self._bound.solver.refresh_constants(self._envs(envs_idx))

    def set_dofs_frictionloss(
        self, frictionloss: Any, dofs_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Sets dry friction, a number, shape (n,) or (envs, n) [N, N m]; see `set_dofs_damping`."""
        self._set_dofs(
            "set_dofs_frictionloss", "dofs_frictionloss", frictionloss, dofs_idx_local, envs_idx
        )

    def set_dofs_stiffness(
        self, stiffness: Any, dofs_idx_local: Any = None, envs_idx: Any = None
    ) -> None:
        """Sets stiffness of hinges and slides, a number, shape (n,) or (envs, n) [N/m, N m/rad].

        Raises:
            RuntimeError: See `set_dofs_damping`.
            ValueError: A dof belongs to a free or ball joint.
        """
        call = "set_dofs_stiffness"
        bound = self._bound
        dofs = bound.columns["dof"](dofs_idx_local)
        self._require_servo(call, dofs.indices)
        joints = [bound.dof_joint[i] for i in dofs.indices]
        columns, selection = self._chosen(call, "joints_stiffness", "joint", joints, envs_idx)
        values = self._values(call, stiffness, selection, (len(columns.indices),))
        self._require_not_negative(call, values)
        self._write(selection, columns, {"joints_stiffness": values})

    def get_dofs_damping(self, dofs_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Damping, shape (envs, n) [N s/m, N m s/rad]."""
        return self._parameter("dofs_damping", "dof_damping", "dof", dofs_idx_local, envs_idx)

    def get_dofs_armature(self, dofs_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Armature, shape (envs, n) [kg, kg m^2]."""
        return self._parameter("dofs_armature", "dof_armature", "dof", dofs_idx_local, envs_idx)

    def get_dofs_frictionloss(
        self, dofs_idx_local: Any = None, envs_idx: Any = None
    ) -> torch.Tensor:
        """Dry friction, shape (envs, n) [N, N m]."""
        return self._parameter(
            "dofs_frictionloss", "dof_frictionloss", "dof", dofs_idx_local, envs_idx
        )

    def get_dofs_stiffness(self, dofs_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Stiffness of each dof's joint, shape (envs, n) [N/m, N m/rad]."""
        bound = self._bound
        joints = [bound.dof_joint[i] for i in bound.columns["dof"](dofs_idx_local).indices]
        every = self._parameter("joints_stiffness", "joint_stiffness", "joint", None, envs_idx)
        return every[..., joints]

    def get_dofs_invweight(self, dofs_idx_local: Any = None, envs_idx: Any = None) -> torch.Tensor:
        """Mean inverse inertia of dofs as constraints see it, shape (envs, n)."""
        return self._parameter("dofs_invweight", "dof_invweight", "dof", dofs_idx_local, envs_idx)

    # ---------------------------------------------------------------- ways in and out

    def _chosen(self, call: str, name: str, noun: str, idx: Any, envs_idx: Any):
        self._require_own(call, name)
        return self._bound.columns[noun](idx), self._envs(envs_idx)

    def _of_model(self, name: str, key: Any) -> torch.Tensor:
        """What the model has, for chosen columns."""
        solver = self._bound.solver
        return solver.arena.constants.get(name)[0][key].to(self.scene.device)

    def _parameter(self, own: str, shared: str, noun: str, idx: Any, envs_idx: Any) -> torch.Tensor:
        """A parameter of each environment's own, or the one they share, for each of them."""
        bound = self._bound
        block = bound.solver.arena.block_of(own)
        if block.layout[own].nbytes:
            return self._read(own, noun, idx, envs_idx)
        columns, selection = bound.columns[noun](idx), self._envs(envs_idx)
        values = self._of_model(shared, columns.key)
        every = values[None].expand(self.scene.n_envs, *values.shape)
        return self._unbatched(selection.take(every.contiguous()))

    def _set_dofs(self, call: str, name: str, value: Any, idx: Any, envs_idx: Any) -> None:
        columns, selection = self._chosen(call, name, "dof", idx, envs_idx)
        values = self._values(call, value, selection, (len(columns.indices),))
        self._require_not_negative(call, values)
        self._write(selection, columns, {name: values})

    def _require_positive(self, call: str, values: torch.Tensor) -> None:
        if values.device.type == "cpu" and bool((values <= 0).any()):
            raise ValueError(
                f"{self.name}.{call}: a mass of {values.min():.6g} kg, needs a positive one; "
                "leave out links without mass."
            )
