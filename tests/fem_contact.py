"""Solids made of tetrahedra and rigid bodies that touch: thrown, dropped, gripped, on slopes."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

import genesis_state as gs
from genesis_state import tetrahedra
from tests.experiment import moments, run
from tests.fem_matter import MODELS
from tests.figures import Figure, most
from tests.mpm_contact import GRIPPER, SHAPES, STONE, Body

FEM = gs.materials.FEM
G = 9.81


class Tetrahedra:
    """What the vertices of an entity do, in 64 bits; of the first environment."""

    def __init__(self, entity: Any):
        self.entity = entity
        self.elements = entity.elems
        self.rest = entity.init_positions.double().cpu().numpy()
        self.volumes = tetrahedra.volumes(self.rest, self.elements)
        corners = np.repeat(entity.material.rho * self.volumes / 4, 4)
        self.mass = np.bincount(self.elements.ravel(), corners, len(self.rest))
        self.inverse = np.linalg.inv(self.edges(self.rest))

    def edges(self, x: np.ndarray) -> np.ndarray:
        """Edges of the elements from their first vertices, in columns."""
        corners = x[self.elements]
        return np.swapaxes(corners[:, 1:] - corners[:, :1], 1, 2)

    @property
    def x(self) -> np.ndarray:
        """Positions [m]."""
        return self.entity.get_vertices_pos().double().numpy().reshape(-1, 3)

    @property
    def v(self) -> np.ndarray:
        """Velocities [m/s]."""
        return self.entity.get_vertices_vel().double().numpy().reshape(-1, 3)

    def momentum(self, about: np.ndarray) -> np.ndarray:
        """Linear and angular momentum about a point, six numbers."""
        linear = self.mass[:, None] * self.v
        return np.concatenate((linear.sum(0), np.cross(self.x - about, linear).sum(0)))

    def energy(self, gravity: float) -> float:
        """Kinetic, elastic, and potential energy above z = 0 [J]."""
        x = self.x
        F = self.edges(x) @ self.inverse
        mu, lam = self.entity.material.mu, self.entity.material.lam
        if self.entity.material.model == "stable_neohookean":
            mu, lam = 4 / 3 * mu, lam + 5 / 6 * mu
            alpha = 1 + 0.75 * mu / lam
            norm2 = (F**2).sum((1, 2))
            at_rest = 0.5 * (mu * -math.log(4.0) + lam * (1 - alpha) ** 2)
            energy = 0.5 * mu * (norm2 - 3 - np.log(norm2 + 1)) - at_rest
            energy += 0.5 * lam * (np.linalg.det(F) - alpha) ** 2
        else:
            u, _, vt = np.linalg.svd(F)
            u[:, :, 2] *= np.sign(np.linalg.det(u @ vt))[:, None]
            R = u @ vt if self.entity.material.model == "linear_corotated" else np.eye(3)
            stretch = np.swapaxes(R, -1, -2) @ F
            strain = 0.5 * (stretch + np.swapaxes(stretch, 1, 2)) - np.eye(3)
            energy = mu * (strain**2).sum((1, 2))
            energy += 0.5 * lam * np.trace(strain, axis1=1, axis2=2) ** 2
        kinetic = 0.5 * (self.mass[:, None] * self.v**2).sum()
        return float(kinetic + self.volumes @ energy + gravity * self.mass @ x[:, 2])


def scene(implicit: bool, *, gravity: float = 0.0, **options: Any) -> gs.Scene:
    """An unbuilt scene without damping: implicit substeps of 2 ms, or explicit ones of 0.4 ms."""
    free = {"damping_alpha": 0.0, "damping_beta": 0.0}
    return gs.Scene(
        sim_options=gs.options.SimOptions(
            dt=4e-3, substeps=2 if implicit else 10, gravity=(0.0, 0.0, -gravity)
        ),
        fem_options=gs.options.FEMOptions(use_implicit_solver=implicit, **{**free, **options}),
    )


def thrown_bodies() -> list[Figure]:
    """A free rigid body of each shape thrown at a free cube, which another one hits from below."""
    figures = []
    for implicit in (False, True):
        world = scene(implicit)
        groups = []
        with tempfile.TemporaryDirectory() as folder:
            for k, (shape, geom) in enumerate(SHAPES.items()):
                path = Path(folder) / f"{shape}.xml"
                path.write_text(
                    f"<mujoco><asset>{STONE if shape == 'mesh' else ''}</asset><default>"
                    f'<geom density="1000" euler="20 30 40"/></default><worldbody><body>'
                    f"<freejoint/>{geom}</body></worldbody></mujoco>"
                )
                x, y = 0.22 * (k % 3 - 1), 0.3 * (k // 3 - 0.5)
                material = gs.materials.Rigid(coup_friction=0.4)
                thrown = [
                    world.add_entity(
                        gs.morphs.MJCF(file=path, pos=(x + off, y - off, z)), material=material
                    )
                    for off, z in ((0.03, 0.12), (-0.02, -0.18))
                ]
                cube = world.add_entity(
                    gs.morphs.Box(pos=(x, y, -0.02), size=(0.12,) * 3, maxvolume=0.03**3 / 6),
                    FEM.Elastic(E=5e4, nu=0.3, model=MODELS[1 + k % 2]),
                )
                groups.append((thrown, cube))
            world.build()
        for (above, below), _ in groups:
            above.set_dofs_velocity([0.3, -0.2, -2.0, 2.0, 1.0, -3.0])
            below.set_dofs_velocity([0.1, 0.2, 1.0, -1.0, 2.0, 1.0])
        parts = [[*(Body(b) for b in bodies), Tetrahedra(cube)] for bodies, cube in groups]

        def total(group, about):
            return sum(part.momentum(about) for part in group)

        centres = [group[2].x.mean(axis=0) for group in parts]
        before = [total(group, c) for group, c in zip(parts, centres, strict=True)]
        run(world, 0.08)
        # What two bodies do to each other through a cube reaches them a substep late.
        left = moments(world, 0.1)
        while implicit and bool(world.fem_solver.arena.get("owed_momentum").any()):
            next(left)
        after = [total(group, c) for group, c in zip(parts, centres, strict=True)]
        change = np.array(after) - np.array(before)
        way = "implicit" if implicit else "explicit"
        source = "conservation; two bodies of each of 5 shapes thrown at cubes of two laws"
        # World positions in 32 bits are rounded in every substep, and explicit ones are many.
        limits = (1e-5, 1e-5 if implicit else 2e-5)
        if gs.tc_float == torch.float64:
            limits = (1e-9, 1e-9)
        thrown = np.array(
            [
                sum(np.abs(body.momentum(c)) for body in group[:2])
                for group, c in zip(parts, centres, strict=True)
            ]
        )
        linear, angular = (
            np.linalg.norm(change[:, k], axis=1) / np.linalg.norm(thrown[:, k], axis=1)
            for k in (slice(3), slice(3, 6))
        )
        figures += [
            most(f"change of linear momentum, {way}", list(linear), limits[0], source),
            most(f"change of angular momentum, {way}", list(angular), limits[1], source),
        ]
    return figures


DENSITIES = (100.0, 1000.0, 8000.0)


def dropped_balls() -> list[Figure]:
    """Balls of three densities dropped onto blocks on the ground, of each law, in both ways."""
    figures = []
    radius, high = 0.04, 0.1
    for implicit in (False, True):
        world = scene(implicit, gravity=G)
        world.add_entity(gs.morphs.Plane())
        pairs = []
        for k, model in enumerate(MODELS):
            for i, rho in enumerate(DENSITIES):
                x, y = 0.4 * (i - 1), 0.4 * (k - 1)
                ball = world.add_entity(
                    gs.morphs.Sphere(pos=(x + 0.01, y, high + 0.05 + radius), radius=radius),
                    gs.materials.Rigid(rho=rho, coup_friction=0.3),
                )
                block = world.add_entity(
                    gs.morphs.Box(
                        pos=(x, y, 0.5 * high), size=(0.2, 0.2, high), maxvolume=0.025**3 / 6
                    ),
                    FEM.Elastic(E=1e5, nu=0.3, model=model),
                )
                pairs.append((ball, block))
        world.build()
        bodies = [Body(ball) for ball, _ in pairs]
        blocks = [Tetrahedra(block) for _, block in pairs]
        ground = [block.energy(G) for block in blocks]
        drop = [body.energy(G) - body.mass * G * (high + radius) for body in bodies]
        start = [body.energy(G) for body in bodies]
        gain = inside = under = 0.0
        for t in moments(world, 0.4):
            if round(t / world.dt) % 2:
                continue
            state = world.get_state()
            for body, block, e0, e1, fall in zip(bodies, blocks, start, ground, drop, strict=True):
                total = body.energy(G, state) - e0 + block.energy(G) - e1
                gain = max(gain, total / fall)
                x = block.x
                inside = max(inside, radius - np.linalg.norm(x - body.now(state).x, axis=1).min())
                under = max(under, -x[:, 2].min())
        way = "implicit" if implicit else "explicit"
        source = "3 densities dropped on blocks of 3 laws, edges of 2.5 cm: no tunnelling"
        figures += [
            most(f"gain of energy of ball and block, part of the fall, {way}", gain, 0.01, "never"),
            most(f"deepest vertex in a ball [m], {way}", inside, 1e-3, source),
            most(f"deepest vertex in the ground [m], {way}", under, 1e-3, source),
        ]
    return figures


def small_balls() -> list[Figure]:
    """Balls much smaller than the faces of the block onto which they fall."""
    figures = []
    for implicit in (False, True):
        world = scene(implicit, gravity=G)
        world.add_entity(gs.morphs.Plane())
        high, edge = 0.1, 0.05
        balls = []
        for k, radius in enumerate((0.003, 0.01)):
            ball = gs.morphs.Sphere(pos=(0.012, 0.2 * k + 0.021, high + 0.03), radius=radius)
            balls.append((radius, world.add_entity(ball, gs.materials.Rigid(rho=4000.0))))
            world.add_entity(
                gs.morphs.Box(
                    pos=(0.0, 0.2 * k, high / 2), size=(0.15, 0.15, high), maxvolume=edge**3 / 6
                ),
                FEM.Elastic(E=1e5, nu=0.3, model=MODELS[1 + k]),
            )
        world.build()
        bodies = [(radius, Body(ball)) for radius, ball in balls]
        sunk = [
            (high + radius - body.now().x[2]) / radius
            for _ in moments(world, 0.4)
            for radius, body in bodies
        ]
        figures.append(
            most(
                f"a small ball's sinking into a block [radii], {'im' if implicit else 'ex'}plicit",
                max(sunk),
                0.6,
                "balls of 3 and 10 mm on faces of 5 cm do not slip through; the faces give way",
            )
        )
    return figures


def gripper() -> list[Figure]:
    """Two fingers that close on a soft cube, lift it and hold it."""
    figures = []
    for implicit in (False, True):
        world = scene(implicit, gravity=G, damping=5.0)
        world.add_entity(gs.morphs.Plane())
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "gripper.xml"
            path.write_text(GRIPPER)
            hand = world.add_entity(
                gs.morphs.MJCF(file=path), gs.materials.Rigid(coup_friction=1.0)
            )
            cube = world.add_entity(
                gs.morphs.Box(pos=(0.0, 0.0, 0.05), size=(0.1,) * 3, maxvolume=0.025**3 / 6),
                FEM.Elastic(E=1e5, nu=0.3, model="linear_corotated"),
            )
            world.build()
        hand.set_dofs_kp([4000.0, 4000.0, 4000.0])
        hand.set_dofs_kv([200.0, 60.0, 60.0])
        matter = Tetrahedra(cube)
        heights = []
        for t in moments(world, 2.4):
            lift = -0.04 + 0.15 * min(max((t - 0.6) / 0.8, 0.0), 1.0)
            hand.control_dofs_position([lift, 0.025, 0.025])
            if t > 1.6:
                heights.append(float(matter.mass @ matter.x[:, 2] / matter.mass.sum()))
        assert heights[0] > 0.12, heights[0]
        way = "implicit" if implicit else "explicit"
        figures.append(
            most(
                f"sinking of a cube held for 0.8 s [m], {way}",
                max(heights) - min(heights),
                1e-3,
                "held by friction: it does not creep",
            )
        )
    return figures


def slopes() -> list[Figure]:
    """A stiff block on a slope of 25 degrees, with friction above and below its tangent."""
    tilt, low, high = math.radians(25), 0.25, 0.7
    turn = (math.cos(tilt / 2), 0.0, math.sin(tilt / 2), 0.0)  # down the slope is +x
    down = np.array((math.cos(tilt), 0.0, -math.sin(tilt)))
    up = np.array((math.sin(tilt), 0.0, math.cos(tilt)))
    figures = []
    for implicit in (False, True):
        world = scene(implicit, gravity=G, damping=0.0)
        blocks = []
        for y, friction in ((-0.2, low), (0.2, high)):
            centre = np.array((0.0, y, 0.0))
            world.add_entity(
                gs.morphs.Box(
                    pos=tuple(centre - 0.05 * up), quat=turn, size=(1.6, 0.3, 0.1), fixed=True
                ),
                gs.materials.Rigid(coup_friction=friction),
            )
            blocks.append(
                world.add_entity(
                    gs.morphs.Box(
                        pos=tuple(centre - 0.4 * down + 0.05 * up),
                        quat=turn,
                        size=(0.2, 0.15, 0.1),
                        maxvolume=0.05**3 / 6,
                    ),
                    FEM.Elastic(E=3e5, nu=0.3, model="linear_corotated"),
                )
            )
        world.build()
        matter = [Tetrahedra(block) for block in blocks]
        times, path = [], []
        for t in moments(world, 0.5):
            times.append(t)
            path.append([float(m.mass @ m.x @ down / m.mass.sum()) for m in matter])
        place = np.array(path) - path[0]
        late = np.array(times) > 0.15
        slope = np.polyfit(np.array(times)[late], place[late], 2)
        way = "implicit" if implicit else "explicit"
        figures += [
            Figure(
                f"acceleration down a slope of 25 degrees, friction {low:g} [m/s^2], {way}",
                float(2 * slope[0, 0]),
                G * (math.sin(tilt) - low * math.cos(tilt)),
                0.05,
                "Coulomb, g (sin - mu cos)",
            ),
            most(
                f"creep in 0.35 s on that slope, friction {high:g} [m], {way}",
                float(np.ptp(place[late, 1])),
                1e-3,
                "Coulomb, it sticks",
            ),
        ]
    return figures
