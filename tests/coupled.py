"""A rigid solver that is coupled, without what it is coupled to."""

from collections.abc import Sequence

import numpy as np
import torch

import genesis_state as gs
from genesis_state.runtime import require
from genesis_state.solvers.rigid.entity_spec import EntitySpec
from genesis_state.solvers.rigid.solver import RigidSolver

DT = 0.004

SHAPES = """
<mujoco>
  <asset><mesh name="hull" vertex="0 0 0  0.3 0 0  0 0.2 0  0.05 0.05 0.4  0.3 0.2 0.1"/></asset>
  <worldbody>
    <geom type="plane" size="1 1 1" euler="10 20 30" pos="1 2 3"/>
    <geom type="plane" size="1 1 1" contype="0" conaffinity="0"/>
    <body pos="0.1 0.2 0.3" euler="30 20 10"><freejoint/>
      <geom type="sphere" size="0.2" pos="0.1 0 0"/>
      <geom type="capsule" size="0.1 0.3" euler="0 40 0"/>
      <geom type="ellipsoid" size="0.1 0.2 0.3"/>
      <geom type="cylinder" size="0.2 0.1"/>
      <geom type="box" size="0.1 0.2 0.3" pos="0 0.1 0"/>
      <geom type="mesh" mesh="hull"/>
      <geom type="sphere" size="0.5" contype="0" conaffinity="0"/></body>
  </worldbody>
</mujoco>
"""


def build(
    specs: Sequence[EntitySpec],
    n_envs: int = 1,
    *,
    sensors=(),
    coupled: bool = True,
    substeps: int = 1,
    gravity=(0, 0, -9.81),
    **options,
) -> RigidSolver:
    """A built solver of these entities; substeps take `DT`."""
    precise = require().precision == "64"
    settings = {
        "constraint_solver": "Newton",
        "enable_collision": False,
        "iterations": 100,
        "tolerance": 1e-12 if precise else 1e-8,
        **options,
    }
    sim = gs.options.SimOptions(dt=DT * substeps, substeps=substeps, gravity=gravity)
    solver = RigidSolver(specs, gs.options.RigidOptions(**settings), sensors, coupled=coupled)
    solver.build(n_envs, sim, require())
    return solver


def put(solver: RigidSolver, **values: np.ndarray) -> None:
    """Writes variables of one solver."""
    for name, value in values.items():
        with solver.arena.edit(name) as (view,):
            view.copy_(torch.as_tensor(value))


def read(solver: RigidSolver, name: str) -> np.ndarray:
    """A variable in float64, shape (n_envs, …)."""
    return solver.arena.get(name).double().numpy()
