"""Scenes of solids made of tetrahedra, for the contract and other tests."""

import functools
from typing import Any

import scenes
import torch

import genesis_state as gs


def cushion(implicit: bool, **given: Any) -> gs.Scene:
    """A stone just before it hits a cushion; beside it a bar that hangs on an arm and on a spring.

    The bar's elements are of another law than those of the cushion.
    """
    options = gs.options.SimOptions(dt=8e-3, substeps=1 if implicit else 8)
    scene = gs.Scene(
        sim_options=options,
        fem_options=gs.options.FEMOptions(
            use_implicit_solver=implicit, enable_vertex_constraints=True, floor_height=-0.05
        ),
        **given,
    )
    scene.add_entity(gs.morphs.Plane())
    stone = gs.materials.Rigid(coup_friction=0.3)
    scene.add_entity(gs.morphs.Sphere(radius=0.05, pos=(0.0, 0.0, 0.16)), stone, name="stone")
    arm = gs.morphs.MJCF(file=scenes.model_file(ARM, "arm"))
    scene.add_entity(arm, gs.materials.Rigid(needs_coup=False), name="arm")
    for name, model, pos, size in (
        ("cushion", "stable_neohookean", (0.0, 0.0, 0.05), (0.2, 0.2, 0.1)),
        ("bar", "linear_corotated", (0.4, 0.0, 0.2), (0.2, 0.05, 0.05)),
    ):
        scene.add_entity(
            gs.morphs.Box(pos=pos, size=size, maxvolume=0.05**3 / 6),
            gs.materials.FEM.Elastic(E=5e4, nu=0.3, model=model),
            name=name,
        )
    return scene


ARM = """
<mujoco model="arm">
  <worldbody>
    <body name="arm" pos="0.3 0 0.2">
      <joint name="turn" type="hinge" axis="0 1 0" damping="0.05"/>
      <geom type="sphere" size="0.02" mass="0.3"/>
    </body>
  </worldbody>
  <actuator><motor joint="turn"/></actuator>
</mujoco>
"""

_STONE = scenes.noise(6, 0.3, seed=30)
_BAR = scenes.noise(3, 0.2, seed=31)
_TORQUE = scenes.table(1, 0.2, seed=32)
_TARGET = scenes.table(3, 0.03, seed=33)


def start_cushion(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Each stone flies in its own way; of every other cushion a corner is missing."""
    velocity = _STONE[streams % scenes.STREAMS]
    velocity[:, 2] = -2.0
    scene.get_entity("stone").set_dofs_velocity(velocity)
    cushion, bar = scene.get_entity("cushion"), scene.get_entity("bar")
    cushion.set_elements_active((streams % 2 == 0)[:, None].expand(-1, 6), range(6))
    bar.set_velocity(_BAR[streams % scenes.STREAMS])
    x = bar.init_positions.cpu()[:, 0]
    held, pulled = ((x == end).nonzero().flatten().tolist() for end in (x.min(), x.max()))
    bar.set_vertex_constraints(held, link=scene.get_entity("arm").links[0])
    bar.set_vertex_constraints(pulled[:3], is_soft_constraint=True, stiffness=400.0)


def drive_cushion(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """The arm turns, and the spring's end goes about, and stays where it is for a while."""
    envs = scenes.due(steps)
    if len(envs):
        torque = scenes.looked_up(_TORQUE, steps, streams, envs)
        scene.get_entity("arm").control_actuators(torque, envs_idx=envs)
        bar = scene.get_entity("bar")
        x = bar.init_positions.cpu()
        pulled = (x[:, 0] == x[:, 0].max()).nonzero().flatten()[:3]
        off = scenes.looked_up(_TARGET, steps, streams, envs)
        spring = {"is_soft_constraint": True, "stiffness": 400.0, "envs_idx": envs}
        bar.set_vertex_constraints(pulled.tolist(), x[pulled] + off[:, None], **spring)


SUBJECTS = {
    "cushion": scenes.Subject(
        functools.partial(cushion, False),
        start_cushion,
        drive_cushion,
        before=4,
        after=15,
        thread_envs=16,
    ),
    "cushion, implicit": scenes.Subject(
        functools.partial(cushion, True),
        start_cushion,
        drive_cushion,
        before=4,
        after=15,
        thread_envs=16,
    ),
}


def in_the_middle(snapshot: gs.SimState) -> bool:
    """Whether stones are being stopped and bars are bent."""
    speed = snapshot.rigid.dofs_vel[:, 2]
    stopping = (speed > -1.8) & (snapshot.rigid.qpos[:, 2] < 0.16)
    return bool(stopping.all() and (snapshot.fem.constrained == 1).any())
