"""Compiled MuJoCo model → how many there are of everything that kernels loop over."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

from genesis_state.kernels.geom_kinds import most_contacts
from genesis_state.options import RigidOptions
from genesis_state.solvers.rigid.actuators import transmission_sizes
from genesis_state.solvers.rigid.collision import Collision, spans
from genesis_state.solvers.rigid.constants import lone_bodies
from genesis_state.solvers.rigid.coupling import Coupling
from genesis_state.solvers.rigid.dofs import dof_damping, dof_damping_polynomial
from genesis_state.solvers.rigid.flags import constrains, disabled, passive
from genesis_state.solvers.rigid.hulls import DIMS as HULL_DIMS
from genesis_state.solvers.rigid.pattern import Pattern
from genesis_state.solvers.rigid.tendons import tendon_counts, tendon_rows

_ROWS_OF_EQUALITY = {
    int(mujoco.mjtEq.mjEQ_CONNECT): 3,
    int(mujoco.mjtEq.mjEQ_WELD): 6,
    int(mujoco.mjtEq.mjEQ_JOINT): 1,
    int(mujoco.mjtEq.mjEQ_TENDON): 1,
}
_OF_BODIES = (mujoco.mjtEq.mjEQ_CONNECT, mujoco.mjtEq.mjEQ_WELD)

# Bodies and dofs whose step takes as long as to wake a thread, some 100 us.
WORTH_A_THREAD = 250
MOST_OF_A_HEAP = 56  # contacts at most for the shapes of one body beyond its first


class Sizes:
    """Sizes that kernels see as compile-time constants; two are equal only if they are the same.

    Besides counts: `kinds`, the kinds of pairs that may touch, `coupled_types`, the types of geoms
    that continua touch, and `eps`, the precision of a float.
    """

    kinds: frozenset[int]
    coupled_types: frozenset[int]
    eps: float

    def __init__(
        self, kinds: frozenset[int], coupled_types: frozenset[int], eps: float, **counts: int
    ):
        self.kinds = kinds
        self.coupled_types = coupled_types
        self.eps = eps
        self.__dict__.update(counts)

    def __getattr__(self, name: str) -> int:
        raise AttributeError(f"there is no size {name!r}")


def count(
    mj: mujoco.MjModel,
    touching: Collision,
    coupled: Coupling,
    pattern: Pattern,
    n_envs: int,
    eps: float,
    options: RigidOptions,
    sensors: Mapping[str, int],
) -> Sizes:
    """Counts of everything kernels loop over.

    Args:
        mj: The compiled model.
        touching: Its collision tables.
        coupled: What continua touch of it.
        pattern: Which entries of the Hessian are not zero.
        n_envs: Number of environments.
        eps: Distance from 1 to the next float of the fields' precision.
        options: Settings of the solver: what there is room for, and what environments have of
            their own.
        sensors: How many sensors the step writes, by dim.
    """
    equalities = mj.neq if constrains(mj, "EQUALITY") else 0
    welds = 0 if disabled(mj, "CONSTRAINT") else options.max_dynamic_constraints
    rows = sum(_ROWS_OF_EQUALITY[int(what)] for what in mj.eq_type[:equalities])
    rows += welds * _ROWS_OF_EQUALITY[int(mujoco.mjtEq.mjEQ_WELD)]
    friction_dofs = int(np.count_nonzero(mj.dof_frictionloss))
    if options.batch_dofs_info:
        friction_dofs = mj.nv  # any may have some later
    if not constrains(mj, "FRICTIONLOSS"):
        friction_dofs = 0
    limited = mj.jnt_limited.astype(bool) & constrains(mj, "LIMIT")
    # Both limits of a hinge may act at once when they are closer than twice the margin.
    balls = mj.jnt_type[limited] == mujoco.mjtJoint.mjJNT_BALL
    limit_rows = int(np.where(balls, 1, 2).sum())
    pairs = len(touching.pairs)
    possible = sum(most_contacts(int(k)) for k in touching.kinds)
    contacts = min(possible, options.max_contacts or _usual_contacts(mj, touching))
    tendons = tendon_counts(mj)
    cone_dim = int(touching.parameters[:, 0].max(initial=1))
    slips = friction_dofs + tendons["friction_tendons"] + contacts * (cone_dim - 1)
    # Those that may act on more than one dof.
    coupling_rows = rows + int(balls.sum()) + tendon_rows(mj)
    return Sizes(
        kinds=frozenset(int(k) for k in touching.kinds),
        coupled_types=coupled.types,
        eps=eps,
        coupled=int(len(coupled.geoms) > 0),
        coupled_geoms=len(coupled.geoms),
        coupled_faces=coupled.n_faces,
        geoms=len(touching.geoms),
        pairs=pairs,
        listed_pairs=touching.n_plane_pairs if touching.swept else pairs,
        swept_geoms=len(touching.geoms) if touching.swept else 0,
        near=min(pairs, options.max_collision_pairs or 64 + 16 * len(touching.geoms)),
        contacts=contacts,
        span=int(spans(mj, touching).max(initial=0)),
        cone_dim=max(2, cone_dim),
        slips=slips if mj.opt.noslip_iterations else 0,
        multiccd=_unless_disabled(mj, "MULTICCD", 1),
        warm_start=_unless_disabled(mj, "WARMSTART", 1),
        safe_reference=_unless_disabled(mj, "REFSAFE", 1),
        classes=len(touching.parameters),
        **touching.hulls.dims(),
        elliptic=int(mj.opt.cone == mujoco.mjtCone.mjCONE_ELLIPTIC),
        newton=int(mj.opt.solver == mujoco.mjtSolver.mjSOL_NEWTON),
        envs=n_envs,
        worth_a_thread=max(1, WORTH_A_THREAD // (mj.nbody + mj.nv)),
        bodies=mj.nbody,
        mocaps=mj.nmocap,
        joints=mj.njnt,
        dofs=mj.nv,
        qs=mj.nq,
        actuators=mj.nu,
        activations=mj.na,
        actuation=_unless_disabled(mj, "ACTUATION", 1),
        **transmission_sizes(mj, pattern.mass_rows),
        declared_equalities=mj.neq,
        equalities=equalities,
        body_equalities=int(np.isin(mj.eq_type[:equalities], _OF_BODIES).sum()),
        dynamic_welds=options.max_dynamic_constraints,
        welds=welds,
        **tendons,
        friction_dofs=friction_dofs,
        limited_joints=int(limited.sum()),
        rows=rows + friction_dofs + limit_rows + tendon_rows(mj),
        coupling_rows=coupling_rows,
        M_entries=sum(map(len, pattern.mass_rows)),
        fixed_pattern=int(pattern.fixed),
        joint_offsets=int(np.count_nonzero(mj.jnt_pos)),
        lone_bodies=len(lone_bodies(mj)),
        dampers=_unless_disabled(
            mj, "DAMPER", mj.nv if options.batch_dofs_info else np.count_nonzero(dof_damping(mj))
        ),
        damping_polynomials=_unless_disabled(
            mj, "DAMPER", dof_damping_polynomial(mj).any(axis=1).sum()
        ),
        euler_damping=_unless_disabled(mj, "EULERDAMP", 1),
        springs=_unless_disabled(
            mj, "SPRING", mj.njnt if options.batch_dofs_info else _springs(mj).sum()
        ),
        stiffness_polynomials=int(mj.jnt_stiffnesspoly.any(axis=1).sum()),
        gravity_compensated=int(np.count_nonzero(mj.body_gravcomp)) * passive(mj),
        integrator=int(mj.opt.integrator),
        imus=sensors["imu"],
        joint_wrenches=sensors["joint_wrench"],
        own_links=int(options.batch_links_info),
        own_dofs=int(options.batch_dofs_info),
        own_weights=int(options.batch_links_info or options.batch_dofs_info),
        own_geoms=int(options.batch_geoms_info),
        own_gravity=int(options.batch_gravity),
    )


def _unless_disabled(mj: mujoco.MjModel, flag: str, number: int | np.integer) -> int:
    """How many there are of what an option flag can switch off."""
    return 0 if disabled(mj, flag) else int(number)


def _springs(mj: mujoco.MjModel) -> np.ndarray:
    """Which joints have a spring."""
    return (mj.jnt_stiffness != 0) | mj.jnt_stiffnesspoly.any(axis=1)


def full_mass_rows(coupled: Coupling, options: RigidOptions) -> bool:
    """Whether M may come to have entries that are zero in the model."""
    return len(coupled.geoms) > 0 or options.batch_links_info


def dims(n: Sizes) -> dict[str, int]:
    """Sizes of the dims that the schema names."""
    dense = n.newton and n.coupling_rows + n.contacts > 0
    runge_kutta = n.integrator == mujoco.mjtIntegrator.mjINT_RK4
    return {
        "q": n.qs,
        "dof": n.dofs,
        "word": -(-n.dofs // 32),
        "body": n.bodies,
        "link": n.bodies - 1,
        "mocap": n.mocaps,
        "joint": n.joints,
        "actuator": n.actuators,
        "activation": n.activations,
        "transmission": n.transmissions,
        "moment_entry": n.moment_entries,
        "moment_pair": n.moment_pairs,
        "equality": n.declared_equalities,
        "weld": n.dynamic_welds,
        "row": n.rows,
        "M_entry": n.M_entries,
        "tendon": n.tendons,
        "tendon_entry": n.tendon_entries,
        "tendon_joint": n.tendon_joints,
        "tendon_segment": n.tendon_segments,
        "weighed_tendon": n.tendons * n.own_weights,
        "H_dof": n.dofs * dense,
        "listed_dof": n.dofs * dense * (not n.fixed_pattern),
        "cg_dof": n.dofs * (not n.newton),
        "geom": n.geoms,
        "swept_geom": n.swept_geoms,
        "pair": n.pairs,
        "near": n.near,
        "class": n.classes,
        "contact": n.contacts,
        "span": n.span,
        "contact_span": n.contacts * n.span,
        "cone_dim": n.cone_dim,
        "slip": n.slips,
        "slip_dim": n.cone_dim - 1 if n.elliptic else 1,
        **{name: getattr(n, name) for name in HULL_DIMS},
        "coupled_geom": n.coupled_geoms,
        "coupled_body": n.bodies * n.coupled,
        "coupled_dof": n.dofs * n.coupled,
        "coupled_M_entry": n.M_entries * n.coupled,
        "coupled_face": n.coupled_faces,
        "coupled_lone_body": n.lone_bodies * n.coupled,
        "lone_body": n.lone_bodies,
        "six": 6,
        "imu": n.imus,
        "joint_wrench": n.joint_wrenches,
        "own_body": n.bodies * n.own_links,
        "own_dof": n.dofs * n.own_dofs,
        "own_joint": n.joints * n.own_dofs,
        "own_geom": n.geoms * n.own_geoms,
        "own_pair": n.pairs * n.own_geoms,
        "own_gravity": n.own_gravity,
        "weighed": n.own_weights,
        "weighed_body": n.bodies * n.own_weights,
        "weighed_dof": n.dofs * n.own_weights,
        "rk_q": n.qs * runge_kutta,
        "rk_dof": n.dofs * runge_kutta,
        "rk_activation": n.activations * runge_kutta,
    }


def _usual_contacts(mj: mujoco.MjModel, touching: Collision) -> int:
    """Contacts that should be enough: free things rest on all sides, limbs on few.

    What is put together of many shapes, and is no robot, may rest on all of them.
    """
    owner = mj.geom_bodyid[touching.geoms]
    bodies, shapes = np.unique(owner, return_counts=True)
    moving = int(np.isin(bodies, np.flatnonzero(mj.body_weldid)).sum())
    alone = (mj.body_treeid[bodies] >= 0) & (_bodies_in_tree(mj)[mj.body_treeid[bodies]] == 1)
    heaps = np.minimum(3 * (shapes[alone] - 1), MOST_OF_A_HEAP).sum()
    return 8 + 8 * mj.ntree + 4 * max(0, moving - mj.ntree) + int(heaps)


def _bodies_in_tree(mj: mujoco.MjModel) -> np.ndarray:
    return np.bincount(mj.body_treeid[mj.body_treeid >= 0], minlength=max(1, mj.ntree))
