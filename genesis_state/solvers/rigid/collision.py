"""Compiled MuJoCo model → which geoms can touch, in which pairs, and how a contact then behaves.

The filters are MuJoCo's (documentation, chapter Computation, section Collision detection): bodies
that are welded together or to one another's parent do not collide, nor do excluded bodies and geoms
whose contype and conaffinity do not meet; explicit pairs always do, with parameters of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import mujoco
import numpy as np

from genesis_state.kernels.geom_kinds import PLANE, kind
from genesis_state.solvers.rigid.flags import constrains, disabled, enabled
from genesis_state.solvers.rigid.hulls import Hulls, hulls

MIN_FRICTION = 1e-5  # MuJoCo's: a cone of no width has no sides

# Most non-plane pairs for which looking at each is faster than sorting the geoms.
LISTED_PAIRS = 400


@dataclass(frozen=True)
class Collision:
    """Tables of everything that can touch; geoms are numbered among themselves.

    Attributes:
        geoms: MuJoCo's geoms that belong to a pair, shape (n_geoms,).
        pairs: Two geoms in each row, the lower geom type first, shape (n_pairs, 2). Pairs with a
            plane come first, each group in MuJoCo's order.
        n_plane_pairs: Pairs with a plane.
        kinds: Kind of each pair, see `geom_kinds.kind`.
        classes: For each pair, the row of `parameters` that holds for its contacts.
        parameters: condim, margin, gap, friction (5), solref (2), solreffriction (2), solimp (5).
        friction_from: For each pair whose friction it has: 0 its own, 1 or 2 that of the first or
            second geom, 3 the larger.
        hulls: Of the geoms that are meshes, and of boxes where they need one.
        swept: Whether near pairs are found by sorting instead of from the list.
    """

    geoms: np.ndarray
    pairs: np.ndarray
    n_plane_pairs: int
    kinds: np.ndarray
    classes: np.ndarray
    parameters: np.ndarray
    friction_from: np.ndarray
    hulls: Hulls
    swept: bool = field(init=False)

    def __post_init__(self):
        swept = len(self.pairs) - self.n_plane_pairs > LISTED_PAIRS
        object.__setattr__(self, "swept", swept)

    def table(self) -> np.ndarray:
        """Pair of every two geoms, -1 where they do not collide; empty unless `swept`."""
        if not self.swept:
            return np.zeros((0, 0), dtype=int)
        table = np.full((len(self.geoms),) * 2, -1)
        free = np.arange(self.n_plane_pairs, len(self.pairs))
        first, second = self.pairs[free].T
        table[first, second] = table[second, first] = free
        return table


def collision(mj: mujoco.MjModel, own: np.ndarray | None = None) -> Collision:
    """Finds all pairs of a model.

    Args:
        mj: The model.
        own: For each body the entity whose geoms must not touch each other, or -1; None if all may.
    """
    pairs, explicit = possible_pairs(mj, own)
    plane = mj.geom_type[pairs[:, 0]] == PLANE
    order = np.argsort(~plane, kind="stable")
    pairs, explicit = pairs[order], explicit[order]
    geoms, flat = np.unique(pairs, return_inverse=True)
    parameters = [
        _own_parameters(mj, p) if p >= 0 else _mixed_parameters(mj, *pair)
        for p, pair in zip(explicit, pairs, strict=True)
    ]
    rows = np.array(parameters).reshape(len(pairs), 17)
    if enabled(mj, "OVERRIDE"):
        opt = mj.opt
        friction = np.maximum(opt.o_friction, MIN_FRICTION)
        rows[:, 1] = opt.o_margin
        rows[:, 3:] = [*friction, *opt.o_solref, *opt.o_solref, *opt.o_solimp]
    unique, classes = np.unique(rows, axis=0, return_inverse=True)
    kinds = np.array([kind(*row) for row in mj.geom_type[pairs]], dtype=int)
    sources = [
        0 if p >= 0 or enabled(mj, "OVERRIDE") else _friction_from(mj, *row)
        for p, row in zip(explicit, pairs, strict=True)
    ]
    return Collision(
        geoms=geoms,
        pairs=flat.reshape(-1, 2),
        n_plane_pairs=int(plane.sum()),
        kinds=kinds,
        classes=classes.reshape(-1),
        parameters=unique,
        friction_from=np.array(sources, dtype=int),
        hulls=hulls(mj, geoms, kinds),
    )


def possible_pairs(mj: mujoco.MjModel, own: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of MuJoCo's geoms that can touch and move, and for each its explicit pair or -1.

    `own` is that of `collision`.
    """
    if not constrains(mj, "CONTACT"):
        return np.zeros((0, 2), dtype=int), np.zeros(0, dtype=int)
    body = mj.geom_bodyid
    moves = np.array([bool(_chain(mj, b)) for b in range(mj.nbody)])
    g1, g2 = np.triu_indices(mj.ngeom, 1)
    b1, b2 = body[g1], body[g2]
    weld = mj.body_weldid
    above = weld[mj.body_parentid[weld]]  # what carries the group a body is welded into
    w1, w2 = weld[b1], weld[b2]
    family = (w1 != 0) & (w2 != 0) & ((w1 == above[b2]) | (w2 == above[b1]))
    if disabled(mj, "FILTERPARENT"):
        family[:] = False
    meets = (mj.geom_contype[g1] & mj.geom_conaffinity[g2]) | (
        mj.geom_contype[g2] & mj.geom_conaffinity[g1]
    )
    keep = (w1 != w2) & (moves[b1] | moves[b2]) & ~family & (meets != 0)
    if own is not None:
        keep &= (own[b1] < 0) | (own[b1] != own[b2])
    low, high = np.minimum(b1, b2), np.maximum(b1, b2)
    keep &= ~np.isin((low << 16) + high, mj.exclude_signature)
    named = np.sort(np.stack([mj.pair_geom1, mj.pair_geom2], axis=1), axis=1).reshape(-1, 2)
    keep &= ~np.isin(g1 * mj.ngeom + g2, named[:, 0] * mj.ngeom + named[:, 1])
    # No function for two planes: neither of them can be moved into the other.
    keep &= ~((mj.geom_type[g1] == PLANE) & (mj.geom_type[g2] == PLANE))
    # A pair whose bodies cannot move against each other has no force to find.
    given = np.array(
        [p for p, pair in enumerate(named) if np.ptp(weld[body[pair]]) and moves[body[pair]].any()],
        dtype=int,
    )
    pairs = np.concatenate([np.stack([g1, g2], axis=1)[keep], named[given]])
    explicit = np.concatenate([np.full(int(keep.sum()), -1), given])
    # The geom of the lower body first, then that of the lower type.
    pairs = np.where((body[pairs[:, :1]] > body[pairs[:, 1:]]), pairs[:, ::-1], pairs)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -explicit, body[pairs[:, 1]], body[pairs[:, 0]]))
    pairs, explicit = pairs[order], explicit[order]
    swap = mj.geom_type[pairs[:, :1]] > mj.geom_type[pairs[:, 1:]]
    return np.where(swap, pairs[:, ::-1], pairs), explicit


def spans(mj: mujoco.MjModel, found: Collision) -> np.ndarray:
    """For each pair, how many dofs change where its two bodies are relative to each other."""
    moving = chains(mj)
    bodies = mj.geom_bodyid[found.geoms[found.pairs]]
    return np.array([len(moving[a] ^ moving[b]) for a, b in bodies], dtype=int)


def chains(mj: mujoco.MjModel) -> list[set[int]]:
    """For each body the dofs that move it."""
    return [set(_chain(mj, b)) for b in range(mj.nbody)]


def _chain(mj: mujoco.MjModel, body: int) -> list[int]:
    """Dofs that move a body."""
    while body > 0 and mj.body_dofnum[body] == 0:
        body = mj.body_parentid[body]
    i = mj.body_dofadr[body] + mj.body_dofnum[body] - 1 if body else -1
    chain = []
    while i >= 0:
        chain.append(int(i))
        i = mj.dof_parentid[i]
    return chain


def _own_parameters(mj: mujoco.MjModel, p: int) -> np.ndarray:
    """Row of `Collision.parameters` for an explicit pair."""
    friction = np.maximum(mj.pair_friction[p], MIN_FRICTION)
    sliding = mj.pair_solreffriction[p]
    return np.concatenate(
        [
            [mj.pair_dim[p], mj.pair_margin[p], mj.pair_gap[p]],
            friction,
            mj.pair_solref[p],
            sliding,
            mj.pair_solimp[p],
        ]
    )


def _friction_from(mj: mujoco.MjModel, g1: int, g2: int) -> int:
    """Whose friction two geoms have, see `Collision.friction_from`."""
    rank = int(mj.geom_priority[g1]) - int(mj.geom_priority[g2])
    return 3 if rank == 0 else 1 if rank > 0 else 2


def _mixed_parameters(mj: mujoco.MjModel, g1: int, g2: int) -> np.ndarray:
    """The same for two geoms: those of the higher priority, else a mixture of both."""
    rank = int(mj.geom_priority[g1]) - int(mj.geom_priority[g2])
    ref1, ref2 = mj.geom_solref[g1], mj.geom_solref[g2]
    imp1, imp2 = mj.geom_solimp[g1], mj.geom_solimp[g2]
    if rank:
        chosen = g1 if rank > 0 else g2
        condim, friction = mj.geom_condim[chosen], mj.geom_friction[chosen]
        ref, imp = mj.geom_solref[chosen], mj.geom_solimp[chosen]
    else:
        condim = max(mj.geom_condim[g1], mj.geom_condim[g2])
        friction = np.maximum(mj.geom_friction[g1], mj.geom_friction[g2])
        mix1, mix2 = mj.geom_solmix[g1], mj.geom_solmix[g2]
        tiny = mujoco.mjMINVAL
        mix = mix1 / (mix1 + mix2) if max(mix1, mix2) >= tiny else 0.5
        if min(mix1, mix2) < tiny <= max(mix1, mix2):
            mix = float(mix1 >= tiny)
        # Times and ratios can be mixed, stiffness and damping cannot.
        both = ref1[0] > 0 and ref2[0] > 0
        ref = mix * ref1 + (1 - mix) * ref2 if both else np.minimum(ref1, ref2)
        imp = mix * imp1 + (1 - mix) * imp2
    margin = mj.geom_margin[g1] + mj.geom_margin[g2]
    gap = mj.geom_gap[g1] + mj.geom_gap[g2]
    friction = np.maximum(friction[[0, 0, 1, 2, 2]], MIN_FRICTION)
    return np.concatenate([[condim, margin, gap], friction, ref, [0.0, 0.0], imp])
