"""Scenes that tests share: a factory each, what makes their environments differ, what drives them.

Controls are looked up in tables by an environment's own time and stream, so that they are the
same bits whoever else is in the batch.
"""

# pyright: reportInvalidTypeForm=false
# Taichi's annotations are calls.

import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import genesis_state as gs
from genesis_state.kernels.lang import ti

STREAMS = 64  # after so many, streams repeat
PERIOD = 100  # after so many steps, controls repeat
HOLD = 7  # steps for which a control stays: what is commanded must outlive a restore


def due(steps: torch.Tensor) -> torch.Tensor:
    """The environments that get a new control now, as indices."""
    return (steps % HOLD == 0).nonzero().squeeze(1)


def looked_up(
    curves: torch.Tensor, steps: torch.Tensor, streams: torch.Tensor, envs: torch.Tensor
) -> torch.Tensor:
    """Where the curves of these environments are now, shape (len(envs), size)."""
    return curves[steps[envs] % PERIOD, streams[envs] % STREAMS]


def table(size: int, scale: float, seed: int) -> torch.Tensor:
    """Smooth curves that differ for each stream, shape (PERIOD, STREAMS, size)."""
    random = np.random.default_rng(seed)
    phase = random.uniform(0, 2 * np.pi, (STREAMS, size))
    pace = random.integers(1, 4, (STREAMS, size))
    time = np.arange(PERIOD)[:, None, None] * 2 * np.pi / PERIOD
    return torch.from_numpy(scale * np.sin(time * pace + phase))


def noise(size: int, scale: float, seed: int) -> torch.Tensor:
    """Numbers that differ for each stream, shape (STREAMS, size)."""
    return torch.from_numpy(np.random.default_rng(seed).normal(0, scale, (STREAMS, size)))


# ---------------------------------------------------------------- rigid bodies


def from_file(file: str, **given: Any) -> gs.Scene:
    """A scene of one model file; `given` goes to the scene."""
    scene = gs.Scene(**given)
    scene.add_entity(gs.morphs.MJCF(file=file), name="robot")
    return scene


def model_file(text: str, name: str) -> str:
    """The text as a file that a morph can name."""
    path = Path(tempfile.gettempdir(), f"genesis_state_test_{name}.xml")
    if not path.is_file() or path.read_text() != text:
        path.write_text(text)
    return str(path)


def on_plane(file: str, **given: Any) -> gs.Scene:
    """A scene of a floor and one model file; `given` goes to the scene."""
    scene = gs.Scene(**given)
    scene.add_entity(gs.morphs.Plane(), name="plane")
    scene.add_entity(gs.morphs.MJCF(file=file), name="robot")
    return scene


franka = functools.partial(on_plane, "franka.xml")
quadruped = functools.partial(on_plane, "quadruped.xml")
cartpole = functools.partial(from_file, "cartpole.xml")


# The hand points down, its fingers a little above the floor, and then below where it can get.
FRANKA_ABOVE = torch.tensor([0, 0.46, 0, -2.365, 0, 2.827, 0.8, 0.02, 0.02], dtype=torch.float64)
FRANKA_PRESSED = torch.tensor([0, 0.6, 0, -2.328, 0, 2.904, 0.8, 0.02, 0.02], dtype=torch.float64)
_FRANKA_START = noise(9, 0.02, seed=1)
_FRANKA_TARGET = table(9, 0.05, seed=2)


def start_franka(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Each arm begins elsewhere, its hand near the floor."""
    scene.entities[1].set_qpos(FRANKA_ABOVE + _FRANKA_START[streams % STREAMS])


def drive_franka(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """Each hand presses on the floor and rubs it, on its own curve under PD position control."""
    envs = due(steps)
    target = FRANKA_PRESSED + looked_up(_FRANKA_TARGET, steps, streams, envs)
    scene.entities[1].control_dofs_position(target, envs_idx=envs)


QUADRUPED_STANCE = torch.tensor([0.0, 0.8, -1.6] * 4, dtype=torch.float64)
_QUADRUPED_SPIN = noise(6, 1.0, seed=3)
_QUADRUPED_JOINTS = table(12, 0.2, seed=4)


def start_quadruped(scene: gs.Scene, streams: torch.Tensor) -> None:
    """About to land, each turning about another axis."""
    robot = scene.entities[1]
    velocity = _QUADRUPED_SPIN[streams % STREAMS]
    velocity[:, 2] = -1.0
    robot.set_pos([0.0, 0.0, 0.36])
    robot.set_dofs_position(QUADRUPED_STANCE, range(6, 18))
    robot.set_dofs_velocity(velocity, range(6))


def varied(**given: Any) -> gs.Scene:
    """The quadruped where each environment has parameters of its own."""
    options = gs.options.RigidOptions(
        batch_links_info=True, batch_dofs_info=True, batch_geoms_info=True, batch_gravity=True
    )
    return quadruped(rigid_options=options, **given)


_VARIED = noise(64, 0.1, seed=9).exp()


def start_varied(scene: gs.Scene, streams: torch.Tensor) -> None:
    """About to land, each with other masses, joints, soles and another gravity."""
    start_quadruped(scene, streams)
    robot = scene.entities[1]
    factor = _VARIED[streams % STREAMS]
    n = robot.n_links
    robot.set_links_inertial_mass(0.8 * factor[:, :n])
    robot.set_COM_shift(0.02 * (factor[:, : 3 * n] - 1.0).reshape(-1, n, 3))
    robot.set_dofs_damping(0.2 * factor[:, : robot.n_dofs])
    robot.set_dofs_armature(0.01 * factor[:, : robot.n_dofs])
    robot.set_dofs_frictionloss(0.1 * factor[:, 6 : robot.n_dofs], range(6, robot.n_dofs))
    robot.set_dofs_stiffness(factor[:, 6 : robot.n_dofs], range(6, robot.n_dofs))
    robot.set_friction(factor[:, :n])
    scene.rigid_solver.set_gravity(factor[:, :3] * torch.tensor([0.1, 0.1, -9.81]))


def drive_quadruped(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """The legs hold it and tread about."""
    envs = due(steps)
    target = QUADRUPED_STANCE + looked_up(_QUADRUPED_JOINTS, steps, streams, envs)
    scene.entities[1].control_actuators(target, envs_idx=envs)


def boxes(**given: Any) -> gs.Scene:
    """A tower of ten boxes that leans too far to stand."""
    scene = gs.Scene(**given)
    scene.add_entity(gs.morphs.Plane())
    for i in range(10):
        pos = (0.02 * i, 0.013 * (i % 3), 0.06 + 0.105 * i)
        scene.add_entity(gs.morphs.Box(size=(0.1, 0.1, 0.1), pos=pos))
    return scene


_BOXES_SPIN = noise(6, 0.3, seed=9)


def start_boxes(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Each tower begins to fall in its own way."""
    for i in (1, 5, 10):
        scene.entities[i].set_dofs_velocity(_BOXES_SPIN[(streams + 7 * i) % STREAMS])


# Two fingers on a hand that moves up and down, and a stone of twenty vertices between them.
GRIPPER = """
<mujoco model="gripper">
  <option integrator="implicitfast"/>
  <asset><mesh name="stone" vertex="{vertices}"/></asset>
  <worldbody>
    <geom name="floor" type="plane" size="0 0 1"/>
    <body name="hand" pos="0 0 0.3">
      <joint name="lift" type="slide" axis="0 0 1" damping="20"/>
      <geom type="box" size="0.09 0.02 0.01" pos="0 0 0.09" mass="0.5"/>
      <body name="left">
        <joint name="left" type="slide" axis="1 0 0" damping="5"/>
        <geom type="box" size="0.01 0.03 0.04" pos="-0.07 0 0" mass="0.2" condim="4"
          friction="1.2 0.02 0.001"/>
      </body>
      <body name="right">
        <joint name="right" type="slide" axis="-1 0 0" damping="5"/>
        <geom type="box" size="0.01 0.03 0.04" pos="0.07 0 0" mass="0.2" condim="4"
          friction="1.2 0.02 0.001"/>
      </body>
    </body>
    <body name="stone" pos="0 0 0.3">
      <freejoint/>
      <geom type="mesh" mesh="stone" mass="0.15"/>
    </body>
  </worldbody>
  <actuator>
    <position joint="lift" kp="800" kv="40"/>
    <position joint="left" kp="300" kv="10"/>
    <position joint="right" kp="300" kv="10"/>
  </actuator>
</mujoco>
"""


def stone() -> str:
    """Vertices as an MJCF mesh has them."""
    points = np.random.default_rng(0).normal(size=(20, 3))
    points *= 0.05 / np.linalg.norm(points, axis=1, keepdims=True) * [1.0, 1.0, 0.8]
    return " ".join(f"{x:.4f}" for x in points.ravel())


def gripper(**given: Any) -> gs.Scene:
    """The hand above, and what it holds."""
    return from_file(model_file(GRIPPER.format(vertices=stone()), "gripper"), **given)


_GRIPPER_START = noise(3, 0.003, seed=10)
_GRIPPER_CTRL = table(3, 0.01, seed=11)
_SQUEEZE = torch.tensor([0.0, 0.05, 0.05], dtype=torch.float64)


def start_gripper(scene: gs.Scene, streams: torch.Tensor) -> None:
    """The fingers are about to close, each pair from elsewhere."""
    start = _SQUEEZE * 0.2 + _GRIPPER_START[streams % STREAMS]
    scene.entities[0].set_dofs_position(start, range(3))


def drive_gripper(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """The hand squeezes, more and less, and shakes what it holds."""
    envs = due(steps)
    target = _SQUEEZE + looked_up(_GRIPPER_CTRL, steps, streams, envs)
    scene.entities[0].control_actuators(target, envs_idx=envs)


# Four links in a closed loop, a box welded to the last, a hinge geared to another, stiff limits.
CHAIN = """
<mujoco model="chain">
  <option integrator="implicitfast"/>
  <default><geom type="capsule" size="0.03" contype="0" conaffinity="0"/></default>
  <worldbody>
    <body name="a" pos="0 0 1">
      <joint name="a" type="hinge" axis="0 1 0" damping="0.02" frictionloss="0.05"/>
      <geom fromto="0 0 0 0.3 0 0"/>
      <body name="b" pos="0.3 0 0">
        <joint name="b" type="ball" damping="0.01"/>
        <geom fromto="0 0 0 0.3 0 0"/>
        <body name="c" pos="0.3 0 0">
          <joint name="c" type="hinge" axis="0 1 0" limited="true" range="-30 30"/>
          <geom fromto="0 0 0 0.3 0 0"/>
        </body>
      </body>
    </body>
    <body name="geared" pos="0 0.5 1">
      <joint name="geared" type="hinge" axis="0 1 0" armature="0.01"/>
      <geom fromto="0 0 0 0.2 0 0"/>
    </body>
    <body name="box" pos="0.9 0 1">
      <freejoint/>
      <geom type="box" size="0.05 0.05 0.05" mass="0.3"/>
    </body>
  </worldbody>
  <equality>
    <connect body1="c" anchor="0.15 0 0"/>
    <weld body1="box" body2="c"/>
    <joint joint1="geared" joint2="a" polycoef="0 2 0 0 0"/>
  </equality>
  <actuator>
    <motor joint="a" gear="2"/>
    <general joint="geared" dyntype="filter" dynprm="0.1" gainprm="1"/>
  </actuator>
</mujoco>
"""

PENDULUM = """
<mujoco model="pendulum">
  <worldbody>
    <body name="rod" pos="0 0 1">
      <joint name="hinge" type="hinge" axis="0 1 0"/>
      <geom type="capsule" fromto="0 0 0 0 0 -0.5" size="0.02"/>
    </body>
  </worldbody>
  <actuator><motor joint="hinge"/></actuator>
</mujoco>
"""


def chain(**given: Any) -> gs.Scene:
    """The chain above."""
    return from_file(model_file(CHAIN, "chain"), **given)


def pendulum(**given: Any) -> gs.Scene:
    """The smallest rigid scene."""
    return from_file(model_file(PENDULUM, "pendulum"), **given)


_CHAIN_SPIN = noise(6, 1.0, seed=5)
_CHAIN_CTRL = table(2, 1.5, seed=6)


def start_chain(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Each chain begins with another swing, and its loop torn open."""
    scene.entities[0].set_dofs_velocity(_CHAIN_SPIN[streams % STREAMS], range(6))


def drive_chain(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """Two actuators, one with an activation of its own."""
    envs = due(steps)
    target = looked_up(_CHAIN_CTRL, steps, streams, envs)
    scene.entities[0].control_actuators(target, envs_idx=envs)


# A mocap body that leads an arm of three joints by a weld, and a box that the arm may take along.
LED = """
<mujoco model="led">
  <option integrator="implicitfast"/>
  <default><geom type="capsule" size="0.03" contype="0" conaffinity="0"/></default>
  <worldbody>
    <body name="target" mocap="true" pos="0.6 0 1"/>
    <body name="upper" pos="0 0 1">
      <joint name="shoulder" type="ball" damping="0.05"/>
      <geom fromto="0 0 0 0.3 0 0"/>
      <body name="lower" pos="0.3 0 0">
        <joint name="elbow" type="hinge" axis="0 1 0" damping="0.05"/>
        <geom fromto="0 0 0 0.3 0 0"/>
        <site name="tip" pos="0.3 0 0"/>
        <body name="wrist" pos="0.3 0 0">
          <joint name="wrist" type="slide" axis="1 0 0" damping="5" stiffness="20 0 30"/>
          <geom fromto="0 0 0 0.05 0 0"/>
        </body>
      </body>
    </body>
    <body name="box" pos="0.7 0 1">
      <freejoint/>
      <geom type="box" size="0.05 0.05 0.05" mass="0.3"/>
    </body>
  </worldbody>
  <equality>
    <weld name="lead" body1="target" body2="wrist" solref="0.05 1"/>
    <joint name="stiff" joint1="elbow" active="false"/>
  </equality>
  <actuator>
    <intvelocity joint="shoulder" gear="0 1 0" kp="3"/>
    <motor site="tip" gear="0 0 1 0 0 0"/>
  </actuator>
</mujoco>
"""


def led(**given: Any) -> gs.Scene:
    """The arm above."""
    options = gs.options.RigidOptions(max_dynamic_constraints=2)
    return from_file(model_file(LED, "led"), rigid_options=options, **given)


_LED_SPIN = noise(5, 0.5, seed=12)
_LED_PATH = table(3, 0.15, seed=13)
_LED_CTRL = table(2, 1.0, seed=14)


def start_led(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Each arm swings, some are stiff at the elbow, and each third holds the box already."""
    solver = scene.rigid_solver
    scene.entities[0].set_dofs_velocity(_LED_SPIN[streams % STREAMS], range(5))
    solver.set_equalities_active((streams % 2 == 0)[:, None], ["robot/stiff"])
    solver.add_weld_constraint(*_held(scene), envs_idx=streams % 3 == 0)


def drive_led(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """Each mocap body on its own way; boxes are taken and left again."""
    envs = due(steps)
    robot = scene.entities[0]
    path = looked_up(_LED_PATH, steps, streams, envs)
    robot.set_mocap_pos((path + torch.tensor([0.55, 0.0, 1.0]))[:, None], envs_idx=envs)
    turn = torch.cat((torch.ones_like(path[:, :1]), path), -1)
    robot.set_mocap_quat(turn[:, None], envs_idx=envs)
    robot.control_actuators(looked_up(_LED_CTRL, steps, streams, envs), envs_idx=envs)
    box, wrist = _held(scene)
    welded = (scene.rigid_solver.arena.get("weld_link1") >= 0).any(-1)
    turns = torch.zeros_like(welded)
    turns[envs] = (streams[envs] + steps[envs] // HOLD) % 3 == 0
    scene.rigid_solver.delete_weld_constraint(wrist, box, envs_idx=welded & turns)
    scene.rigid_solver.add_weld_constraint(box, wrist, envs_idx=~welded & turns)


def _held(scene: gs.Scene) -> tuple[int, int]:
    return tuple(scene.entities[0].get_link(name).idx for name in ("box", "wrist"))


# A body with two arms, and a claw for the end of the first: it lies among the links of the body.
CARRIER = """
<mujoco model="carrier">
  <worldbody>
    <body name="trunk" pos="0 0 0.3">
      <freejoint name="trunk"/>
      <geom name="trunk" type="box" size="0.1 0.1 0.05" mass="2"/>
      <body name="left" pos="0 0.15 0">
        <joint name="left" axis="1 0 0" damping="0.05"/>
        <geom name="left" type="capsule" fromto="0 0 0 0 0.2 0" size="0.03" mass="0.3"/>
        <site name="wrist" pos="0 0.2 0"/>
        <body pos="0 0.2 0"><geom name="stub" size="0.03" mass="0.1"/></body>
      </body>
      <body name="right" pos="0 -0.15 0">
        <joint name="right" axis="1 0 0" damping="0.05"/>
        <geom name="right" type="capsule" fromto="0 0 0 0 -0.2 0" size="0.03" mass="0.3"/>
      </body>
    </body>
  </worldbody>
  <actuator><motor name="left" joint="left"/><motor name="right" joint="right"/></actuator>
</mujoco>
"""
CLAW = """
<mujoco model="claw">
  <worldbody>
    <body name="palm" pos="0 0 0.1">
      <freejoint/>
      <geom name="palm" type="sphere" size="0.05" mass="0.2"/>
      <body name="finger" pos="0.08 0 0">
        <joint name="finger" axis="0 1 0" damping="0.02" range="-40 40"/>
        <geom name="finger" type="capsule" fromto="0 0 0 0.1 0 0" size="0.02" mass="0.05"/>
        <site name="nail" pos="0.1 0 0"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <general name="finger" joint="finger" dyntype="filter" dynprm="0.1" gainprm="1"/>
  </actuator>
</mujoco>
"""
CLAW_POS = (0.0, 0.3, 0.0)


def attached(**given: Any) -> gs.Scene:
    """A carrier with a claw on its left arm, beside a box, on a plane."""
    scene = gs.Scene(**given)
    scene.add_entity(gs.morphs.Plane(), name="ground")
    carrier = gs.morphs.MJCF(file=model_file(CARRIER, "carrier"))
    carrier = scene.add_entity(carrier, name="carrier")
    claw = scene.add_entity(
        gs.morphs.MJCF(file=model_file(CLAW, "claw"), pos=CLAW_POS, euler=(0, 0, 90)), name="claw"
    )
    box = gs.morphs.Box(size=(0.1, 0.1, 0.1), pos=(0.6, 0, 0.05))
    scene.add_entity(box, name="box")
    claw.attach(carrier, "left")
    return scene


_ATTACHED_SPIN = noise(9, 1.0, seed=15)
_ATTACHED_CTRL = table(3, 0.5, seed=16)


def start_attached(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Each begins with another swing."""
    spin = _ATTACHED_SPIN[streams % STREAMS]
    scene.get_entity("carrier").set_dofs_velocity(spin[:, :8])
    scene.get_entity("claw").set_dofs_velocity(spin[:, 8:])


def drive_attached(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """All actuators, those of the claw by the claw's own call."""
    envs = due(steps)
    target = looked_up(_ATTACHED_CTRL, steps, streams, envs)
    scene.get_entity("carrier").control_actuators(target[:, :2], envs_idx=envs)
    scene.get_entity("claw").control_actuators(target[:, 2:], envs_idx=envs)


# ---------------------------------------------------------------- a user's own solver


class BeadState(gs.Schema):
    """A variable of each kind."""

    pos = gs.StateVar("Position [m]", ("bead",), (3,))
    vel = gs.StateVar("Velocity [m/s]", ("bead",), (3,))
    turn = gs.StateVar("How far the string has turned", (), (3, 3), reset="identity")
    hits = gs.StateVar("Bounces so far", ("bead",), dtype="int", role="memory")
    awake = gs.StateVar("Whether it moves", ("bead",), dtype="bool", reset=True, role="memory")
    push = gs.StateVar("Commanded force [N]", ("bead",), role="memory")
    stiffness = gs.StateVar("Spring stiffness [N/m]", reset=40.0, role="param")
    mass = gs.StateVar("Mass of each bead [kg]", ("bead",), reset=0.1, role="model")
    force = gs.StateVar("Force in this step [N]", ("bead",), (3,), role="scratch")


@ti.kernel
def move_beads(d: ti.template(), m: ti.template(), h: float):
    """A string of beads on springs that bounces on the ground: one environment a thread."""
    for e in d.turn:
        n = ti.static(d.pos.shape[1])
        for b in range(n):
            f = ti.Vector([d.push[e, b], 0.0, -9.81 * m.mass[b]])
            for other in range(ti.max(b - 1, 0), ti.min(b + 2, n)):
                f += d.stiffness[e] * (d.pos[e, other] - d.pos[e, b]) * (other != b)
            d.force[e, b] = f
        for b in range(n):
            if d.awake[e, b]:
                d.vel[e, b] += h * d.force[e, b] / m.mass[b]
                d.pos[e, b] += h * d.vel[e, b]
                if d.pos[e, b][2] < 0.0 and d.vel[e, b][2] < 0.0:
                    d.vel[e, b][2] = -0.8 * d.vel[e, b][2]
                    d.hits[e, b] += 1
                    d.awake[e, b] = d.hits[e, b] < 6
        c, s = ti.cos(d.vel[e, 0][0] * 0.01), ti.sin(d.vel[e, 0][0] * 0.01)
        d.turn[e] = d.turn[e] @ ti.Matrix([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


class BeadSolver(gs.Solver):
    """What a user might write."""

    schema = BeadState

    def sizes(self):
        return {"bead": 4}

    def start(self):
        with self.arena.edit("pos") as (pos,):
            pos[:, :, 2] = torch.linspace(0.05, 0.5, 4)
        self.model.mass.fill(0.1)

    def step(self):
        move_beads(self.fields, self.model, self.dt)

    def get_energy(self) -> torch.Tensor:
        """Kinetic energy [J], shape (n_envs,)."""
        return 0.05 * self.arena.get("vel").square().sum((1, 2))


def beads(**given: Any) -> gs.Scene:
    """A scene of a user's own solver."""
    scene = gs.Scene(**given)
    scene.add_solver(BeadSolver())
    return scene


_BEAD_START = noise(12, 0.2, seed=7)
_BEAD_PUSH = table(4, 1.0, seed=8)


def start_beads(scene: gs.Scene, streams: torch.Tensor) -> None:
    """Each string starts with other velocities and another stiffness."""
    arena = scene.solvers[0].arena
    with arena.edit("vel") as (vel,):
        vel.copy_(_BEAD_START[streams % STREAMS].view(-1, 4, 3))
    with arena.edit("stiffness") as (stiffness,):
        stiffness.copy_(40.0 + 10.0 * _BEAD_START[streams % STREAMS, 0])


def enlivened(scene: gs.Scene) -> gs.Scene:
    """A scene of beads at t=5, every environment in another state."""
    scene.reset(params=True)
    start_beads(scene, torch.arange(scene.n_envs))
    for _ in range(5):
        scene.step()
    return scene


def drive_beads(scene: gs.Scene, steps: torch.Tensor, streams: torch.Tensor) -> None:
    """Pushed sideways, in curves."""
    envs = due(steps)
    with scene.solvers[0].arena.edit("push") as (push,):
        push[envs] = looked_up(_BEAD_PUSH, steps, streams, envs).to(push)


@dataclass(frozen=True)
class Subject:
    """What `gs.testing.Contract` takes."""

    factory: Any
    start: Any
    drive: Any
    before: int = 20
    after: int = 20
    thread_envs: int = 2048


SUBJECTS = {
    "franka": Subject(franka, start_franka, drive_franka, before=30),
    "quadruped": Subject(quadruped, start_quadruped, drive_quadruped),
    "varied": Subject(varied, start_varied, drive_quadruped),
    "boxes": Subject(boxes, start_boxes, None, before=60),
    "gripper": Subject(gripper, start_gripper, drive_gripper),
    "chain": Subject(chain, start_chain, drive_chain),
    "led": Subject(led, start_led, drive_led),
    "attached": Subject(attached, start_attached, drive_attached, before=60),
    "beads": Subject(beads, start_beads, drive_beads, before=40),
}

TOUCHING = ("franka", "quadruped", "varied", "boxes", "gripper", "attached")
"""Those whose snapshot falls into live contact."""
