"""Contacts given from outside: what stands in for finding them."""

# pyright: reportInvalidTypeForm=false
# Taichi's annotations are calls.

import mujoco
import numpy as np
import torch

from genesis_state.kernels.lang import ti
from genesis_state.kernels.subroutine import subroutine
from genesis_state.solvers.rigid.solver import RigidSolver


@subroutine
def keep_contacts(e: ti.i32, m: ti.template(), n: ti.template(), d: ti.template()):
    """Instead of `find_contacts`: the list stays as it was written."""
    d.n_contacts[e] = ti.max(d.n_contacts[e], 0)


def feed(solver: RigidSolver, env: int, data: mujoco.MjData) -> None:
    """Writes MuJoCo's list of contacts into one environment."""
    pairs = solver.touching.geoms[solver.touching.pairs]
    index = {(int(a), int(b)): i for i, (a, b) in enumerate(pairs)}
    n, contact = data.ncon, data.contact
    for name, value in (
        ("contact_pair", [index[int(a), int(b)] for a, b in contact.geom]),
        ("contact_pos", contact.pos),
        ("contact_normal", contact.frame[:, :3]),
        ("contact_dist", contact.dist),
        ("contact_tangent", contact.frame[:, 3:6]),
    ):
        with solver.arena.edit(name) as (view,):
            view[env, :n] = torch.as_tensor(np.asarray(value)).to(view)
    with solver.arena.edit("n_contacts") as (count,):
        count[env] = n
