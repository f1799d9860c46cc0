"""Inverse kinematics of a rigid entity: which joint positions bring a link to a pose."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from genesis_state.entities.least_squares import Goal, Joints, solve
from genesis_state.entities.rigid_access import RigidAccess
from genesis_state.entities.rigid_link import RigidLink
from genesis_state.selection import Selection
from genesis_state.solvers.rigid import readings


class EntityInverseKinematics(RigidAccess):
    """Jacobians and inverse kinematics. They change no state."""

    def inverse_kinematics(
        self,
        link: RigidLink,
        pos: Any = None,
        quat: Any = None,
        local_point: Any = None,
        init_qpos: Any = None,
        respect_joint_limit: bool = True,
        max_samples: int = 50,
        max_solver_iters: int = 20,
        damping: float = 0.01,
        pos_tol: float = 5e-4,
        rot_tol: float = 5e-3,
        pos_mask: Any = (True, True, True),
        rot_mask: Any = (True, True, True),
        max_step_size: float = 0.5,
        dofs_idx_local: Any = None,
        return_error: bool = False,
        envs_idx: Any = None,
    ) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
        """Positions that bring a link to a pose, by damped least squares.

        Attempts follow until one arrives: the first from `init_qpos`, others from positions spread
        over the joints' ranges, always the same. An environment that arrives nowhere gets the
        nearest that was found. Equality constraints of the model are not seen.

        Args:
            link: A link of this entity.
            pos: Where it is to go, shape (3,) or (envs, 3) [m]; by default anywhere.
            quat: Its orientation, shape (4,) or (envs, 4), w x y z; by default any.
            local_point: The point of the link that goes to `pos`, in its frame, shape (3,) or
                (envs, 3) [m]; by default the origin.
            init_qpos: Where to begin, shape (n_qs,) or (envs, n_qs); by default where it is.
            respect_joint_limit: Whether to stay within limits.
            max_samples: Most attempts.
            max_solver_iters: Most steps of an attempt.
            damping: Of the least squares.
            pos_tol: Distance that counts as there [m].
            rot_tol: Angle that counts as there [rad].
            pos_mask: Which of the world's axes of `pos` count.
            rot_mask: All for the whole orientation, none for any, or one to align only that axis
                of the link with that axis of `quat`.
            max_step_size: Most that a dof moves in one step [m, rad].
            dofs_idx_local: The dofs that may move; by default all that move the link.
            return_error: Whether to return what is left to go, too.
            envs_idx: Environments.

        Returns:
            Positions, shape (envs, n_qs); with `return_error` also what is left to go, shape
            (envs, 6): position in world axes [m], then turn in the axes of `quat` [rad].
        """
        call = "inverse_kinematics"
        self._check_link(call, link)
        for name, value in (("max_samples", max_samples), ("max_solver_iters", max_solver_iters)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{self.name}.{call}: {name} is {value!r}, needs 1 or more.")
        positive = {"damping": damping, "pos_tol": pos_tol, "rot_tol": rot_tol}
        for name, value in {**positive, "max_step_size": max_step_size}.items():
            if not value > 0:
                raise ValueError(f"{self.name}.{call}: {name} is {value!r}, needs more than 0.")
        if pos is None and quat is None:
            raise ValueError(f"{self.name}.{call}: neither pos nor quat is given; give one.")
        bound = self._bound
        selection = self._envs(envs_idx)
        turn_mask = self._mask("rot_mask", rot_mask if quat is not None else [False] * 3)
        if sum(turn_mask) == 2:
            raise ValueError(
                f"{self.name}.{call}: rot_mask has two axes, which would fix the third; use all."
            )
        if sum(turn_mask) == 1:  # an axis stays aligned if nothing turns about the others
            turn_mask = [not on for on in turn_mask]
        move_mask = self._mask("pos_mask", pos_mask if pos is not None else [False] * 3)

        def rows(name: str, value: Any, width: int, default: Any) -> torch.Tensor:
            value = default if value is None else value
            taken = self._values(
                f"{call} {name}", value, selection, (width,), per_env=True, number=False
            )
            return taken.expand(len(envs), width)

        envs = selection.indices()
        goal = Goal(
            link=link.idx,
            point=rows("local_point", local_point, 3, [0.0] * 3),
            pos=rows("pos", pos, 3, [0.0] * 3),
            quat=rows("quat", quat, 4, [1.0, 0.0, 0.0, 0.0]),
            pos_mask=self._tensor(move_mask),
            rot_mask=self._tensor(turn_mask),
            pos_tol=pos_tol,
            rot_tol=rot_tol,
        )
        if goal.quat.device.type == "cpu" and bool((goal.quat == 0).all(1).any()):
            raise ValueError(f"{self.name}.{call} quat: of length 0, needs length 1.")
        joints = self._joints(link, dofs_idx_local, respect_joint_limit)
        scene_qpos = self._scene_qpos(selection)
        start = scene_qpos[:, bound.columns["q"].all.key]
        if init_qpos is not None:
            start = rows("init_qpos", init_qpos, start.shape[1], None)
        qpos, error = solve(
            bound,
            goal,
            joints,
            envs,
            start,
            scene_qpos,
            max_samples,
            max_solver_iters,
            damping,
            max_step_size,
        )
        if return_error:
            return self._unbatched(qpos), self._unbatched(error)
        return self._unbatched(qpos)

    def get_jacobian(
        self, link: RigidLink, local_point: Any = None, envs_idx: Any = None
    ) -> torch.Tensor:
        """How dofs move a point of a link, shape (envs, 6, n_dofs).

        Args:
            link: A link of this entity.
            local_point: The point in the link's frame, shape (3,) or (envs, 3) [m]; by default
                the origin.
            envs_idx: Environments.

        Returns:
            Rows of velocity, then of angular velocity, for each unit of dof velocity, world axes.
        """
        self._check_link("get_jacobian", link)
        bound = self._bound
        selection = self._envs(envs_idx)
        point = [0.0] * 3 if local_point is None else local_point
        point = self._values(
            "get_jacobian local_point", point, selection, (3,), per_env=True, number=False
        )
        envs = selection.indices()
        _, jacobian = readings.link_jacobian(
            bound.solver,
            envs,
            self._scene_qpos(selection),
            link.idx,
            bound.part,
            point.expand(len(envs), 3),
        )
        return self._unbatched(jacobian)

    # ---------------------------------------------------------------- inside

    def _check_link(self, call: str, link: object) -> None:
        if not isinstance(link, RigidLink):
            raise TypeError(
                f"{self.name}.{call}: link is a {type(link).__name__}, needs a link; "
                "use get_link(name)."
            )
        if link.entity is not self:
            raise ValueError(
                f"{self.name}.{call}: link {link.name!r} is of {link.entity.name}; "
                f"use {self.name}.get_link(name)."
            )

    def _mask(self, name: str, mask: Any) -> list[bool]:
        mask = mask.tolist() if hasattr(mask, "tolist") else list(mask)
        if len(mask) != 3:
            raise ValueError(
                f"{self.name}.inverse_kinematics: {name} has {len(mask)} entries, needs 3 bools."
            )
        return [bool(on) for on in mask]

    def _tensor(self, values: Any) -> torch.Tensor:
        runtime = self.scene._runtime
        return torch.tensor(values, dtype=runtime.tc_float, device=runtime.device)

    def _scene_qpos(self, selection: Selection) -> torch.Tensor:
        return selection.take(self._bound.solver.arena.block_of("qpos").get("qpos"))

    def _joints(self, link: RigidLink, dofs_idx_local: Any, limits: bool) -> Joints:
        """The dofs that may move: those named that move the link."""
        bound = self._bound
        mj, part = bound.solver.compiled.mj, bound.part
        chosen = set(bound.columns["dof"](dofs_idx_local).indices)
        moving = set()
        body = link.idx + 1
        while body > 0:
            if part.local("link", np.array(body - 1)) >= 0:
                first = int(part.local("dof", mj.body_dofadr[body]))
                moving |= set(range(first, first + int(mj.body_dofnum[body])))
            body = int(mj.body_parentid[body])
        moving &= chosen
        if not moving:
            raise ValueError(
                f"{self.name}.inverse_kinematics: none of the dofs {sorted(chosen)} moves link "
                f"{link.name!r}; name others in dofs_idx_local."
            )
        plain, turns, shifts, ranges = [], [], [], []
        for j, kind in enumerate(bound.joint_types):
            dof, q = bound.joint_dofs[j], bound.joint_qs[j]
            if kind in ("hinge", "slide"):
                if dof in moving:
                    joint = part.places["joint"][j]
                    limited = mj.jnt_limited[joint]
                    plain.append((q, dof))
                    ranges.append(tuple(mj.jnt_range[joint]) if limited else None)
                continue
            if kind == "free":
                shifts += [(dof, q)] if moving & {dof, dof + 1, dof + 2} else []
                dof, q = dof + 3, q + 3
            turns += [(dof, q)] if moving & {dof, dof + 1, dof + 2} else []
        infinite = (-float("inf"), float("inf"))
        bounds = self._tensor([r if r and limits else infinite for r in ranges]).reshape(-1, 2)
        spans = self._tensor([r or (-torch.pi, torch.pi) for r in ranges]).reshape(-1, 2)
        return Joints(
            dofs=self._tensor([float(i in moving) for i in range(len(bound.servo))]),
            qs=[q for q, _ in plain],
            q_dofs=[dof for _, dof in plain],
            turns=turns,
            shifts=shifts,
            lower=bounds[:, 0],
            upper=bounds[:, 1],
            low=spans[:, 0],
            high=spans[:, 1],
        )
