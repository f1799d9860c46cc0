"""Two fingers that tendons bend around a tetrahedron: a subject of the contract."""

from typing import Any

import torch
from scenes import STREAMS, Subject, due, from_file, looked_up, model_file, noise, table

import genesis_state as gs

# Tendons of every kind: paths through sites, with pulleys and with armature, dry friction and a
# limit for two actuators; sums of joints with springs, dampers and a slack range, one of them
# a polynomial of another; a leash on the tetrahedron with a limit of its length.
HAND = """
<mujoco model="hand">
  <option integrator="implicitfast" noslip_iterations="10"/>
  <asset>
    <mesh name="stone" vertex="0.03 0 -0.02 -0.015 0.026 -0.02 -0.015 -0.026 -0.02 0 0 0.03"/>
  </asset>
  <default>
    <geom type="capsule" size="0.01" conaffinity="0" friction="1.2"/>
    <joint armature="0.001" damping="0.005"/>
  </default>
  <worldbody>
    <geom name="palm" type="plane" size="0 0 1"/>
    <site name="left_0" pos="-0.03 0 0.01"/>
    <site name="right_0" pos="0.03 0 0.01"/>
    <site name="hook" pos="0 0.06 0.02"/>
    <body name="left_1" pos="-0.045 0 0.02">
      <joint name="left_1" axis="0 1 0"/>
      <geom fromto="0 0 0 0 0 0.05" mass="0.03"/>
      <site name="left_1" pos="0.012 0 0.03"/>
      <body name="left_2" pos="0 0 0.05">
        <joint name="left_2" axis="0 1 0" range="-20 90"/>
        <geom fromto="0 0 0 0 0 0.04" mass="0.02"/>
        <site name="left_2" pos="0.012 0 0.025"/>
      </body>
    </body>
    <body name="right_1" pos="0.045 0 0.02">
      <joint name="right_1" axis="0 -1 0"/>
      <geom fromto="0 0 0 0 0 0.05" mass="0.03"/>
      <site name="right_1" pos="-0.012 0 0.03"/>
      <body name="right_2" pos="0 0 0.05">
        <joint name="right_2" axis="0 -1 0"/>
        <geom fromto="0 0 0 0 0 0.04" mass="0.02"/>
        <site name="right_2" pos="-0.012 0 0.025"/>
      </body>
    </body>
    <body name="stone" pos="0 0 0.04">
      <freejoint/>
      <geom type="mesh" mesh="stone" mass="0.05" contype="0" conaffinity="1"/>
      <site name="stone"/>
    </body>
  </worldbody>
  <tendon>
    <spatial name="left" armature="0.05" damping="0.1" actuatorfrcrange="-0.5 2.2">
      <site site="left_0"/><site site="left_1"/><site site="left_2"/>
    </spatial>
    <spatial name="right" frictionloss="0.05">
      <site site="right_0"/><site site="right_1"/>
      <pulley divisor="2"/><site site="right_1"/><site site="right_2"/>
    </spatial>
    <fixed name="open" stiffness="0.02 0 0.05" damping="0.002" springlength="-0.1 0.2">
      <joint joint="left_1" coef="1"/><joint joint="right_1" coef="1"/>
    </fixed>
    <fixed name="near"><joint joint="right_1" coef="1"/></fixed>
    <fixed name="far"><joint joint="right_2" coef="1"/></fixed>
    <spatial name="leash" range="0 0.08" margin="0.01" damping="0.05">
      <site site="hook"/><site site="stone"/>
    </spatial>
  </tendon>
  <equality><tendon tendon1="far" tendon2="near" polycoef="0 0.7 0.1 0 0"/></equality>
  <actuator>
    <motor tendon="left" gear="-1"/>
    <velocity tendon="left" kv="3"/>
    <general tendon="right" gear="-1" dyntype="filter" dynprm="0.05"/>
  </actuator>
</mujoco>
"""


def tendon_hand(**given: Any) -> gs.Scene:
    """The hand above, each environment with masses of its own."""
    options = gs.options.RigidOptions(batch_links_info=True)
    return from_file(model_file(HAND, "tendon_hand"), rigid_options=options, **given)


_START = noise(10, 0.05, seed=15)
_PULL = table(3, 0.4, seed=16)
_HEAVIER = noise(5, 0.1, seed=17).exp()
_MASSES = torch.tensor([0.03, 0.02, 0.03, 0.02, 0.05], dtype=torch.float64)
_GRIP = torch.tensor([2.0, 0.0, 2.0], dtype=torch.float64)


def start_tendon_hand(scene: gs.Scene, streams: torch.Tensor) -> None:
    """The stone falls between fingers that are about to close, each otherwise."""
    hand = scene.entities[0]
    hand.set_links_inertial_mass(_MASSES * _HEAVIER[streams % STREAMS])
    hand.set_dofs_velocity(_START[streams % STREAMS])


def drive_tendon_hand(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """The tendons pull, more and less."""
    envs = due(steps)
    pull = _GRIP + looked_up(_PULL, steps, streams, envs)
    scene.entities[0].control_actuators(pull, envs_idx=envs)


SUBJECTS = {"tendon_hand": Subject(tendon_hand, start_tendon_hand, drive_tendon_hand, before=60)}
