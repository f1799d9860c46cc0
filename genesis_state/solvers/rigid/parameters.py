"""What environments begin with where they have physical parameters of their own: the model's."""

from __future__ import annotations

import mujoco
import numpy as np

from genesis_state.solvers.rigid.collision import Collision
from genesis_state.solvers.rigid.constants import gravity
from genesis_state.solvers.rigid.dofs import dof_armature, dof_damping


def parameters(mj: mujoco.MjModel, touching: Collision) -> dict[str, np.ndarray]:
    """Start values by the variables' names in the schema, of one environment."""
    return {
        "bodies_mass": mj.body_mass,
        "bodies_inertia": mj.body_inertia,
        "bodies_com": mj.body_ipos,
        "bodies_tree_mass": mj.body_subtreemass,
        "bodies_invweight": mj.body_invweight0,
        "dofs_damping": dof_damping(mj),
        "dofs_armature": dof_armature(mj),
        "dofs_frictionloss": mj.dof_frictionloss,
        "dofs_invweight": mj.dof_invweight0,
        "tendons_invweight": mj.tendon_invweight0,
        "joints_stiffness": mj.jnt_stiffness,
        "geoms_friction": mj.geom_friction[touching.geoms],
        "envs_gravity": gravity(mj)[None],
        "inertia_scale": np.array([mj.stat.meaninertia]),
    }
