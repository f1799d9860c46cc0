"""Matter and rigid bodies that touch: balls dropped, bodies thrown, a gripper, slopes, plates."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import mujoco
import numpy as np
import torch

import genesis_state as gs
from tests.experiment import moments, run
from tests.figures import Figure, most
from tests.mpm_matter import MPM, every_material, matter, scene

G = 9.81
DENSITIES = (100.0, 1000.0, 8000.0)


class Moving(NamedTuple):
    """Centre of mass [m], its velocity [m/s], the angular one [rad/s] and momentum [kg m^2/s]."""

    x: np.ndarray
    v: np.ndarray
    omega: np.ndarray
    spin: np.ndarray


class Body:
    """Mass, momentum and energy of a free rigid body, in 64 bits; of the first environment."""

    def __init__(self, entity):
        self.entity = entity
        self.solver = entity.scene.rigid_solver
        (part,) = (p for p in self.solver.compiled.entities if p.name == entity.name)
        body = 1 + part.at("link").start
        model = self.solver.mj_model
        self.mass = float(model.body_mass[body])
        self.ipos = model.body_ipos[body].copy()
        turn = matrix(model.body_iquat[body])
        self.inertia = turn @ np.diag(model.body_inertia[body]) @ turn.T
        self.q, self.dofs = part.at("q"), part.at("dof")

    def now(self, state: Any = None) -> Moving:
        """Where it is and how it moves, in a state of the scene or as it is."""
        state = state or self.entity.scene.get_state()
        q = state.rigid.qpos[0, self.q].double().numpy()
        v = state.rigid.dofs_vel[0, self.dofs].double().numpy()
        turn = matrix(q[3:])
        arm, omega = turn @ self.ipos, turn @ v[3:]
        spin = turn @ self.inertia @ v[3:]
        return Moving(q[:3] + arm, v[:3] + np.cross(omega, arm), omega, spin)

    def momentum(self, about: np.ndarray) -> np.ndarray:
        """Linear and angular momentum about a point, six numbers."""
        x, v, _, spin = self.now()
        linear = self.mass * v
        return np.concatenate((linear, np.cross(x - about, linear) + spin))

    def energy(self, gravity: float, state: Any = None) -> float:
        """Kinetic energy, and potential energy above z = 0 [J]."""
        x, v, omega, spin = self.now(state)
        return float(0.5 * self.mass * v @ v + 0.5 * omega @ spin + self.mass * gravity * x[2])


def matrix(quat: np.ndarray) -> np.ndarray:
    """Rotation matrix of a quaternion (w, x, y, z)."""
    found = np.zeros(9)
    mujoco.mju_quat2Mat(found, np.asarray(quat, dtype=float))
    return found.reshape(3, 3)


def dropped_balls() -> list[Figure]:
    """Balls of three densities and three cells wide, dropped into troughs of each material.

    The troughs have walls and a floor of rigid boxes, two cells thick.
    """
    cell, radius, long, wide, deep = 0.02, 0.03, 0.36, 0.12, 0.08
    materials = every_material(E=1e5)
    pitch = wide + 2 * cell
    n = len(materials)
    world = scene(
        substep=2e-4,
        density=1 / cell,
        gravity=G,
        lower=(-0.14, -0.14, -0.14),
        upper=(long + 0.14, n * pitch + 0.14, 0.4),
    )
    fixed = []

    def box(lower, upper):
        fixed.append(world.add_entity(gs.morphs.Box(lower=lower, upper=upper, fixed=True)))

    top = 2 * deep
    box((-0.1, -0.1, -2 * cell), (long + 0.1, n * pitch + 0.1, 0.0))
    box((-2 * cell, -0.1, 0.0), (0.0, n * pitch + 0.1, top))
    box((long, -0.1, 0.0), (long + 2 * cell, n * pitch + 0.1, top))
    for k in range(n + 1):
        box((0.0, k * pitch - cell * 2, 0.0), (long, k * pitch, top))
    balls, troughs = [], []
    for k, material in enumerate(materials.values()):
        y = k * pitch
        troughs.append(
            world.add_entity(
                gs.morphs.Box(lower=(0.0, y, 0.0), upper=(long, y + wide, deep)), material=material
            )
        )
        for i, rho in enumerate(DENSITIES):
            balls.append(
                world.add_entity(
                    gs.morphs.Sphere(
                        pos=((i + 0.5) * long / 3, y + wide / 2, deep + 0.06 + radius),
                        radius=radius,
                    ),
                    material=gs.materials.Rigid(rho=rho),
                )
            )
    world.build()
    bodies = [Body(ball) for ball in balls]
    # Above that of a ball that lies on the floor.
    least = [body.mass * G * radius for body in bodies]
    start = [body.energy(G) - low for body, low in zip(bodies, least, strict=True)]
    gain = inside = out = under = 0.0
    for _ in moments(world, 0.4):
        state = world.get_state()
        x = state.mpm.pos[0].double().numpy()
        for k, trough in enumerate(troughs):
            own = x[trough.particle_start : trough.particle_end]
            low = np.array((0.0, k * pitch, 0.0))
            out = max(out, (low - own).max(), (own - low)[:, 0].max() - long)
            out = max(out, (own - low)[:, 1].max() - wide)
            for i in range(3 * k, 3 * k + 3):
                centre = bodies[i].now(state).x
                inside = max(inside, radius - np.linalg.norm(own - centre, axis=1).min())
                under = max(under, radius - centre[2])
        for body, low, first in zip(bodies, least, start, strict=True):
            gain = max(gain, (body.energy(G, state) - low) / first - 1)
    source = "3 densities dropped on 8 materials: no tunnelling"
    return [
        most("gain of energy of a dropped ball", gain, 0.01, "never above that of its fall"),
        most("deepest particle in a ball [cells]", inside / cell, 0.5, source),
        most("deepest particle in walls and floor [cells]", out / cell, 0.5, source),
        most("deepest ball in the floor [cells]", under / cell, 0.1, source),
    ]


SHAPES = {
    "box": '<geom type="box" size="0.05 0.04 0.03"/>',
    "sphere": '<geom type="sphere" size="0.05"/>',
    "capsule": '<geom type="capsule" size="0.03 0.04"/>',
    "cylinder": '<geom type="cylinder" size="0.04 0.04"/>',
    "mesh": '<geom type="mesh" mesh="stone"/>',
}
STONE = '<mesh name="stone" vertex="0 0 0  0.13 0 0  0 0.13 0  0.03 0.03 0.11  0.1 0.09 0.06"/>'


def thrown_bodies() -> list[Figure]:
    """A free rigid body of each shape thrown at a free cube of each material, without gravity."""
    materials = list(every_material(E=1e5).items())
    world = scene(substep=2e-4, lower=(-0.75, -0.5, -0.4), upper=(0.75, 0.5, 0.4))
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        for k, (name, material) in enumerate(materials):
            shape, geom = list(SHAPES.items())[k % len(SHAPES)]
            path = Path(folder) / f"{shape}.xml"
            path.write_text(
                f"<mujoco><asset>{STONE if shape == 'mesh' else ''}</asset><default>"
                f'<geom density="1000" euler="20 30 40"/></default><worldbody><body><freejoint/>'
                f"{geom}</body></worldbody></mujoco>"
            )
            x, y = 0.3 * (k % 4 - 1.5), 0.36 * (k // 4 - 0.5)
            body = world.add_entity(
                gs.morphs.MJCF(file=path, pos=(x + 0.04, y - 0.03, 0.12)),
                material=gs.materials.Rigid(coup_friction=0.4),
            )
            cube = world.add_entity(
                gs.morphs.Box(pos=(x, y, -0.02), size=(0.12,) * 3), material=material
            )
            pairs.append((f"{shape}, {name}", body, cube))
        world.build()
    for _, body, _ in pairs:
        body.set_dofs_velocity([0.3, -0.2, -2.0, 2.0, 1.0, -3.0])
    bodies = [Body(body) for _, body, _ in pairs]
    centres = [matter(cube).centre.numpy() for _, _, cube in pairs]

    def total(k):
        cube = matter(pairs[k][2])
        about = centres[k]
        own = torch.cat((cube.momentum, cube.spin(torch.from_numpy(about)))).numpy()
        return own + bodies[k].momentum(about)

    before = [total(k) for k in range(len(pairs))]
    run(world, 0.06)
    linear, angular = [], []
    for k in range(len(pairs)):
        after = total(k)
        linear.append(np.linalg.norm((after - before[k])[:3]) / np.linalg.norm(before[k][:3]))
        angular.append(np.linalg.norm((after - before[k])[3:]) / np.linalg.norm(before[k][3:]))
    limit = 1e-9 if gs.tc_float == torch.float64 else 1e-5
    names = [name for name, _, _ in pairs]
    source = "conservation; 5 shapes thrown at 8 materials, the worst is "
    return [
        most(
            "change of linear momentum in contact", linear, limit, source + names[np.argmax(linear)]
        ),
        most(
            "change of angular momentum in contact",
            angular,
            limit,
            source + names[np.argmax(angular)],
        ),
    ]


GRIPPER = """
<mujoco>
  <worldbody>
    <body name="hand" pos="0 0 0.2"><joint name="lift" type="slide" axis="0 0 1" damping="1"/>
      <geom type="box" size="0.08 0.02 0.01" pos="0 0 0.06" mass="0.5"/>
      <body name="left" pos="-0.08 0 -0.1"><joint name="left" type="slide" axis="1 0 0"/>
        <geom type="box" size="0.01 0.03 0.05" mass="0.1"/></body>
      <body name="right" pos="0.08 0 -0.1"><joint name="right" type="slide" axis="-1 0 0"/>
        <geom type="box" size="0.01 0.03 0.05" mass="0.1"/></body>
    </body>
  </worldbody>
</mujoco>
"""


def gripper() -> list[Figure]:
    """Two fingers that close on a soft cube, lift it and hold it; by position and by force."""
    figures = []
    cell = 1 / 64
    for control in ("position", "force"):
        world = scene(
            substep=5e-4,
            substeps=4,
            density=1 / cell,
            gravity=G,
            lower=(-0.2, -0.2, -0.1),
            upper=(0.2, 0.2, 0.5),
        )
        world.add_entity(gs.morphs.Plane())
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "gripper.xml"
            path.write_text(GRIPPER)
            hand = world.add_entity(
                gs.morphs.MJCF(file=path), material=gs.materials.Rigid(coup_friction=1.0)
            )
            cube = world.add_entity(
                gs.morphs.Box(pos=(0.0, 0.0, 0.06), size=(0.1, 0.1, 0.1)),
                material=MPM.Elastic(E=1e5),
            )
            world.build()
        hand.set_dofs_kp([4000.0, 4000.0, 4000.0])
        hand.set_dofs_kv([200.0, 60.0, 60.0])
        weight = cube.get_mass().item() * G
        heights = []
        for t in moments(world, 3.6):
            lift = -0.04 + 0.15 * min(max((t - 0.6) / 0.8, 0.0), 1.0)
            hand.control_dofs_position([lift], [0])
            if control == "position":
                hand.control_dofs_position([0.025, 0.025], [1, 2])
            else:
                hand.control_dofs_force([2.0 * weight] * 2, [1, 2])
            if t > 1.6:
                heights.append(float(matter(cube).centre[2]))
        assert heights[0] > 0.15
        figures.append(
            most(
                f"sinking of a cube held for 2 s by {control} [cells]",
                (max(heights) - min(heights)) / cell,
                0.05,
                "held by friction: it does not creep",
            )
        )
    return figures


def slopes() -> list[Figure]:
    """A stiff block on a slope of 25 degrees, with friction above and below its tangent."""
    tilt, low, high = math.radians(25), 0.25, 0.7
    world = scene(
        substep=2e-4, gravity=G, lower=(-0.6, -0.5, -0.4), upper=(0.6, 0.5, 0.6), density=40
    )
    turn = (math.cos(tilt / 2), 0.0, math.sin(tilt / 2), 0.0)  # down the slope is +x
    down = np.array((math.cos(tilt), 0.0, -math.sin(tilt)))
    up = np.array((math.sin(tilt), 0.0, math.cos(tilt)))
    blocks = []
    for y, friction in ((-0.2, low), (0.2, high)):
        centre = np.array((0.0, y, 0.0))
        world.add_entity(
            gs.morphs.Box(
                pos=tuple(centre - 0.05 * up), quat=turn, size=(1.2, 0.3, 0.1), fixed=True
            ),
            material=gs.materials.Rigid(coup_friction=friction),
        )
        blocks.append(
            world.add_entity(
                gs.morphs.Box(
                    pos=tuple(centre - 0.2 * down + 0.051 * up),
                    quat=turn,
                    size=(0.2, 0.15, 0.1),
                ),
                material=MPM.Elastic(E=3e5),
            )
        )
    world.build()
    times, path = [], []
    for t in moments(world, 0.5):
        times.append(t)
        path.append([float(matter(block).centre.numpy() @ down) for block in blocks])
    place = np.array(path) - path[0]
    late = np.array(times) > 0.15
    slope = np.polyfit(np.array(times)[late], place[late], 2)
    return [
        Figure(
            f"acceleration down a slope of 25 degrees, friction {low:g} [m/s^2]",
            float(2 * slope[0, 0]),
            G * (math.sin(tilt) - low * math.cos(tilt)),
            0.05,
            "Coulomb, g (sin - mu cos)",
        ),
        most(
            f"creep in 0.35 s on that slope, friction {high:g} [cells]",
            float(np.ptp(place[late, 1]) * 40),
            0.1,
            "Coulomb, it sticks",
        ),
    ]


def symmetry() -> list[Figure]:
    """A cube that falls on a ball, all symmetric: mirrored particles stay mirrored."""
    world = scene(substep=2e-4, gravity=G, lower=(-0.5, -0.5, -0.125), upper=(0.5, 0.5, 0.5))
    world.add_entity(gs.morphs.Plane())
    world.add_entity(gs.morphs.Sphere(pos=(0.0, 0.0, 0.1), radius=0.1, fixed=True))
    cube = world.add_entity(
        gs.morphs.Box(pos=(0.0, 0.0, 0.31), size=(0.2, 0.2, 0.2)), material=MPM.Elastic(E=1e5)
    )
    world.build()
    x0 = matter(cube).x.numpy()
    run(world, 0.2)
    x = matter(cube).x.numpy()
    worst = []
    for flip in (np.diag((-1.0, 1.0, 1.0)), np.diag((1.0, -1.0, 1.0)), np.eye(3)[[1, 0, 2]]):
        partner = np.linalg.norm((x0 @ flip)[:, None] - x0[None], axis=-1).argmin(axis=1)
        worst.append(float(np.abs(x @ flip - x[partner]).max()))
    limit = 1e-11 if gs.tc_float == torch.float64 else 1e-5
    return [most("asymmetry of a cube that fell on a ball [m]", worst, limit, "symmetry")]


def plates() -> list[Figure]:
    """Blocks and pools that rest on plates one and two cells thin, between walls."""
    cell, top = 1 / 40, 0.0113  # somewhere between two nodes
    world = scene(
        substep=2e-4, density=40, gravity=G, lower=(-0.6, -0.5, -0.2), upper=(0.6, 0.5, 0.4)
    )
    blocks = []
    for k, material in enumerate((MPM.Liquid(E=1e5), MPM.Elastic(E=1e5), MPM.Sand(E=1e5))):
        for cells in (1, 2):
            x, y = 0.36 * (k - 1), 0.36 * (cells - 1.5)

            def box(x0, y0, z0, x1, y1, z1, x=x, y=y):
                return gs.morphs.Box(
                    lower=(x + x0, y + y0, z0), upper=(x + x1, y + y1, z1), fixed=True
                )

            world.add_entity(box(-0.18, -0.18, top - cells * cell, 0.18, 0.18, top))
            world.add_entity(box(-0.18, -0.18, top, -0.13, 0.18, 0.2))
            world.add_entity(box(0.13, -0.18, top, 0.18, 0.18, 0.2))
            world.add_entity(box(-0.13, -0.18, top, 0.13, -0.13, 0.2))
            world.add_entity(box(-0.13, 0.13, top, 0.13, 0.18, 0.2))
            block = gs.morphs.Box(
                lower=(x - 0.12, y - 0.12, 0.025), upper=(x + 0.12, y + 0.12, 0.145)
            )
            blocks.append(world.add_entity(block, material=material))
    world.build()
    lowest = math.inf
    for _ in moments(world, 0.6):
        lowest = min(lowest, float(world.get_state().mpm.pos[..., 2].min()))
    return [
        most(
            "deepest particle in a plate one or two cells thin [cells]",
            max(0.0, top - lowest) / cell,
            0.5,
            "liquid, elastic and sand: nothing comes through",
        )
    ]
