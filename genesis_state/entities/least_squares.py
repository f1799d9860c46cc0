"""Damped least squares over joint positions, for many environments at once.

Trial positions live in tensors and in scratch: the state is read, never written. Each environment
goes its own way, whatever the others do: it stops at its own solution, and its restarts do not
depend on its place in the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from genesis_state import geom
from genesis_state.entities.rigid_access import RigidBinding
from genesis_state.solvers.rigid import readings


@dataclass(frozen=True)
class Goal:
    """What a link is to reach, with one row for each environment.

    Attributes:
        link: The link, among the scene's.
        point: The point of the link that goes to `pos`, in its frame, shape (k, 3) [m].
        pos: Position, shape (k, 3) [m].
        quat: Orientation, shape (k, 4), w x y z.
        pos_mask: Which of the world's axes count, float (3,).
        rot_mask: About which of the goal's axes turns count, float (3,).
        pos_tol, rot_tol: Distances that count as there [m, rad].
    """

    link: int
    point: torch.Tensor
    pos: torch.Tensor
    quat: torch.Tensor
    pos_mask: torch.Tensor
    rot_mask: torch.Tensor
    pos_tol: float
    rot_tol: float

    def of(self, rows: torch.Tensor) -> Goal:
        """The goal of some of the rows."""
        values = {name: getattr(self, name)[rows] for name in ("point", "pos", "quat")}
        return Goal(**{**self.__dict__, **values})

    def error(self, pose: torch.Tensor) -> torch.Tensor:
        """What is left to go, shape (k, 6): position in world axes, turn in the goal's."""
        turn = geom.quat_to_rotvec(
            geom.transform_quat_by_quat(geom.inv_quat(pose[:, 3:]), self.quat)
        )
        local = geom.inv_transform_by_quat(turn, self.quat)
        return torch.cat(((self.pos - pose[:, :3]) * self.pos_mask, local * self.rot_mask), 1)

    def weigh(self, jacobian: torch.Tensor) -> torch.Tensor:
        """The Jacobian with rows as those of `error`."""
        # Columns are turned as vectors: a matrix product of the batch costs more to share out.
        turn = geom.inv_transform_by_quat(jacobian[:, 3:].mT, self.quat[:, None]).mT
        rows = (jacobian[:, :3] * self.pos_mask[:, None], turn * self.rot_mask[:, None])
        return torch.cat(rows, 1)

    def reached(self, error: torch.Tensor) -> torch.Tensor:
        """Which rows are there, bool (k,)."""
        near = torch.linalg.vector_norm(error[:, :3], dim=1) < self.pos_tol
        return near & (torch.linalg.vector_norm(error[:, 3:], dim=1) < self.rot_tol)


@dataclass(frozen=True)
class Joints:
    """How an entity's coordinates may move.

    Attributes:
        dofs: Which dofs may move, 1 or 0, float (n_dofs,).
        qs: Coordinates of hinges and slides that may, within the entity.
        q_dofs: The dof of each.
        turns: (first dof, first coordinate) of the angles of free and ball joints that may.
        shifts: Likewise of the position of free joints.
        lower, upper: Limits of `qs` for steps; infinite where there are none or they do not count.
        low, high: The range of `qs` in which attempts begin.
    """

    dofs: torch.Tensor
    qs: list[int]
    q_dofs: list[int]
    turns: list[tuple[int, int]]
    shifts: list[tuple[int, int]]
    lower: torch.Tensor
    upper: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor

    def moved(self, qpos: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        """Positions after a step of the dofs, kept within limits."""
        new = qpos.clone()
        at = qpos[:, self.qs] + step[:, self.q_dofs]
        new[:, self.qs] = torch.minimum(torch.maximum(at, self.lower), self.upper)
        for dof, q in self.shifts:
            new[:, q : q + 3] += step[:, dof : dof + 3]
        for dof, q in self.turns:
            turn = geom.rotvec_to_quat(step[:, dof : dof + 3])
            new[:, q : q + 4] = geom.transform_quat_by_quat(turn, qpos[:, q : q + 4])
        return new

    def restarted(self, qpos: torch.Tensor, sample: int) -> torch.Tensor:
        """Positions to begin the `sample`-th attempt from, the same in every environment.

        Hinges and slides are spread evenly over their range; free and ball joints stay.
        """
        # Multiples of powers of the root of x^(n + 1) = x + 1 fill the unit cube evenly.
        root, n = 2.0, len(self.qs)
        for _ in range(32):
            root = (1.0 + root) ** (1.0 / (n + 1))
        share = [(0.5 + sample * root ** -(k + 1)) % 1.0 for k in range(n)]
        unit = torch.tensor(share, dtype=qpos.dtype, device=qpos.device)
        new = qpos.clone()
        new[:, self.qs] = self.low + unit * (self.high - self.low)
        return new


def solve(
    bound: RigidBinding,
    goal: Goal,
    joints: Joints,
    envs: torch.Tensor,
    start: torch.Tensor,
    scene_qpos: torch.Tensor,
    max_samples: int,
    max_solver_iters: int,
    damping: float,
    max_step_size: float,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions of an entity that bring a link to its goal, or as near as was found.

    Args:
        bound: The entity.
        envs: The environments, one for each row, none twice, int64 (k,).
        start: The entity's positions to start from, shape (k, n_qs).
        scene_qpos: Positions of the whole scene, shape (k, …).
        max_samples: Most attempts; all but the first begin at `Joints.restarted`.
        max_solver_iters: Most steps of an attempt.
        damping: Of the least squares, in the units of the error.
        max_step_size: Most that a dof moves in one step [m, rad].

    Returns:
        Positions, shape (k, n_qs), and what is left to go, shape (k, 6).
    """
    key = bound.columns["q"].all.key
    trial = scene_qpos.clone()

    def attempt(qpos: torch.Tensor, rows: torch.Tensor) -> None:
        """Steps from `qpos` on; keeps the best of each row, drops rows that arrived."""
        for k in range(max_solver_iters + 1):
            here = goal.of(rows)
            if isinstance(key, slice):
                trial[rows, key] = qpos
            else:
                trial[rows[:, None], key] = qpos
            pose, jacobian = readings.link_jacobian(
                bound.solver, envs[rows], trial[rows], goal.link, bound.part, here.point
            )
            error = here.error(pose)
            better = _cost(error) < _cost(best_error[rows])
            best_qpos[rows[better]] = qpos[better]
            best_error[rows[better]] = error[better]
            left = ~goal.reached(error)
            if k == max_solver_iters or not bool(left.any()):
                return
            rows, qpos, error = rows[left], qpos[left], error[left]
            J = goal.of(rows).weigh(jacobian[left]) * joints.dofs
            step = readings.damped_step(J, error, damping)
            largest = step.abs().amax(1, keepdim=True).clamp_min(max_step_size)
            qpos = joints.moved(qpos, step * (max_step_size / largest))

    best_qpos = start.clone()
    best_error = torch.full((len(envs), 6), float("inf"), dtype=start.dtype, device=start.device)
    rows = torch.arange(len(envs), device=envs.device)
    for sample in range(max_samples):
        if not len(rows):
            break
        begin = start[rows] if sample == 0 else joints.restarted(start[rows], sample)
        attempt(joints.moved(begin, begin.new_zeros((len(rows), len(bound.servo)))), rows)
        rows = rows[~goal.reached(best_error[rows])]
    return best_qpos, best_error


def _cost(error: torch.Tensor) -> torch.Tensor:
    return error.square().sum(1)
