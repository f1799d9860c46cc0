"""Which entries of the solver's Hessian are not zero, whatever touches what.

Those of the inertia matrix, those that an equality, a tendon or the limit of a ball couples, and
what elimination fills in. A contact between two links couples the dofs that move one of them and
not the other; where these are coupled anyway, as all along one limb, it changes nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence

import mujoco
import numpy as np
from mujoco import mjtEq, mjtJoint

from genesis_state.solvers.rigid.collision import Collision, chains
from genesis_state.solvers.rigid.tendons import tendon_columns


class Pattern:
    """Columns left of the diagonal that are not zero in each row of the Hessian's lower triangle.

    Attributes:
        mass_rows: Columns of each row of M, itself last.
        rows: For each dof its columns in rising order.
        inside: For each pair of geoms whether its contacts couple nothing else, bool (n_pairs,).
    """

    def __init__(
        self,
        mj: mujoco.MjModel,
        touching: Collision,
        mass_rows: Sequence[Sequence[int]],
        *,
        any_weld: bool,
    ):
        """
        Args:
            mj: The model.
            touching: Its collision tables.
            mass_rows: Columns of each row of M, itself last.
            any_weld: Whether any two links may come to be welded.
        """
        self.mass_rows = mass_rows
        columns = [set(row[:-1]) for row in mass_rows]
        for dofs in [range(mj.nv)] if any_weld else _coupled(mj):
            _couple(columns, dofs)
        for i in reversed(range(len(columns))):
            _couple(columns, columns[i])  # eliminating dof i couples all others in its row
        self.rows = [sorted(row) for row in columns]
        moving = chains(mj)

        @functools.cache
        def coupled(a: int, b: int) -> bool:
            """Whether all dofs that move two bodies against each other are coupled anyway."""
            dofs = moving[a] ^ moving[b]
            return all(low in columns[high] for low in dofs for high in dofs if low < high)

        bodies = mj.geom_bodyid[touching.geoms[touching.pairs]].tolist()
        self.inside = np.array([coupled(a, b) for a, b in bodies], dtype=bool)

    @property
    def fixed(self) -> bool:
        """Whether no contact can ever couple anything else."""
        return bool(self.inside.all())

    def constants(self) -> dict[str, np.ndarray]:
        """Value of the variables of role `model` that hold it."""
        n = len(self.rows)
        column = np.zeros((n, n), dtype=np.int32)
        mask = np.zeros((n, -(-n // 32)), dtype=np.uint32)
        for i, row in enumerate(self.rows):
            column[i, : len(row)] = row
            for k in row:
                mask[i, k // 32] |= np.uint32(1 << (k % 32))
        return {
            "H_model_size": np.array([len(row) for row in self.rows], dtype=np.int32),
            "H_model_column": column,
            "H_model_mask": mask.view(np.int32),
            "pair_inside": self.inside,
        }


def _couple(columns: list[set[int]], dofs: Iterable[int]) -> None:
    ordered = sorted(dofs)
    for at, i in enumerate(ordered):
        columns[i].update(ordered[:at])


def _coupled(mj: mujoco.MjModel) -> Iterator[set[int]]:
    """Sets of dofs that one row of a constraint may act on."""
    moving = chains(mj)
    for c, kind in enumerate(mj.eq_type):
        ends = [int(mj.eq_obj1id[c]), int(mj.eq_obj2id[c])]
        if kind == mjtEq.mjEQ_JOINT:
            yield {int(mj.jnt_dofadr[j]) for j in ends if j >= 0}
        elif kind == mjtEq.mjEQ_TENDON:
            yield {i for t in ends if t >= 0 for i in tendon_columns(mj, t)}
        else:
            if mj.eq_objtype[c] == mujoco.mjtObj.mjOBJ_SITE:
                ends = [int(mj.site_bodyid[s]) for s in ends]
            yield moving[ends[0]] | moving[ends[1]]
    for j in np.flatnonzero(mj.jnt_limited):
        if mj.jnt_type[j] == mjtJoint.mjJNT_BALL:
            start = int(mj.jnt_dofadr[j])
            yield set(range(start, start + 3))
    for t in np.flatnonzero(mj.tendon_limited | (mj.tendon_frictionloss > 0)):
        yield set(tendon_columns(mj, int(t)))
