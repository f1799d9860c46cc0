"""Liquid by itself: what is conserved, how it falls, rests in a tank and runs out of one."""

from __future__ import annotations

import numpy as np
import torch

import genesis_state as gs
from tests.experiment import moments, run
from tests.figures import Figure, most
from tests.sph_matter import SOLVERS, liquid, pressures, scene

G = 9.81

# Front of a column of water twice as high as it is wide, n^2 = 2, which collapses behind a dam:
# n t sqrt(g / a), and its distance from the wall by the width a (Martin and Moyce 1952, table 2).
FRONT = np.array(
    [
        *((0.41, 1.11), (0.84, 1.22), (1.19, 1.44), (1.43, 1.67), (1.63, 1.89)),
        *((1.83, 2.11), (1.98, 2.33), (2.20, 2.56), (2.32, 2.78), (2.51, 3.00)),
        *((2.65, 3.22), (2.83, 3.44), (2.98, 3.67), (3.11, 3.89), (3.33, 4.11)),
    ]
)


def water(mu: float = 1e-4, gamma: float = 0.0) -> gs.materials.SPH.Liquid:
    """A liquid without surface tension that is hardly viscous."""
    return gs.materials.SPH.Liquid(mu=mu, gamma=gamma)


def momentum() -> list[Figure]:
    """Two drops of different liquids that collide, away from everything."""
    limit = 1e-11 if gs.tc_float == torch.float64 else 1e-5
    figures = []
    for solver in SOLVERS:
        world = scene(solver=solver, substep=5e-4, particle_size=0.02)
        for side, material in (
            (-1, gs.materials.SPH.Liquid()),
            (1, gs.materials.SPH.Liquid(rho=700.0, mu=0.02, gamma=0.02)),
        ):
            drop = gs.morphs.Sphere(pos=(0.1 * side, 0.03 * side, 0.0), radius=0.1)
            world.add_entity(drop, material)
        world.build()
        for side, drop in zip((-1, 1), world.entities, strict=True):
            drop.set_particles_vel((-0.5 * side, 0.4 * side, 0.3))
        before = liquid(world)
        run(world, 0.15)
        old, new = before.momentum(before.centre), liquid(world).momentum(before.centre)
        source = f"conservation, 300 substeps, {solver}"
        for name, part in (("linear", slice(0, 3)), ("angular", slice(3, 6))):
            error = np.linalg.norm((new - old)[part]) / np.linalg.norm(old[part])
            figures.append(most(f"change of {name} momentum", float(error), limit, source))
    return figures


def free_fall() -> list[Figure]:
    """A cube of liquid without surface tension, thrown."""
    limit = 1e-9 if gs.tc_float == torch.float64 else 1e-4
    h, seconds, figures = 1e-3, 0.3, []
    for solver in SOLVERS:
        world = scene(solver=solver, substep=h, particle_size=0.02, gravity=G)
        cube = world.add_entity(gs.morphs.Box(pos=(0.0, 0.0, 0.3), size=(0.16,) * 3), water())
        world.build()
        cube.set_particles_vel((0.2, -0.1, 1.0))
        before = liquid(world)
        run(world, seconds)
        n = round(seconds / h)
        start, fall = np.array([[0.2, -0.1, 1.0], [0.0, 0.0, -G]])
        moved = n * h * start + 0.5 * n * (n + 1) * h**2 * fall
        error = np.abs(liquid(world).centre - before.centre - moved).max()
        source = f"symplectic Euler, n h v + n (n + 1) / 2 h^2 g, {solver}"
        figures.append(most("centre of mass in free fall, error [m]", float(error), limit, source))
    return figures


def hydrostatic() -> list[Figure]:
    """Water at rest in a tank 14 particles wide and 20 deep; the second half of two seconds.

    What is compared is the mean over all particles that are three spacings off walls and surface,
    by height, four layers at a time: each of its means is within the limit.
    """
    size, wide, deep = 0.01, 0.14, 0.2
    figures = []
    for solver, substep in (("WCSPH", 4e-4), ("DFSPH", 2e-3)):
        world = scene(
            solver=solver,
            substep=substep,
            substeps=1,
            particle_size=size,
            gravity=G,
            lower=(0.0, 0.0, 0.0),
            upper=(wide, wide, 0.4),
        )
        world.add_entity(gs.morphs.Box(lower=(0.0, 0.0, 0.0), upper=(wide, wide, deep)), water())
        world.build()
        edges = np.linspace(3 * size, deep - 3 * size, 5)
        total, count = np.zeros((2, 4))
        height = np.zeros(4)
        worst = 0.0
        # Every seventh substep: in others DFSPH may be in step with its own iterations.
        for t in moments(world, 2.0):
            if t < 1.0 or round(t / substep) % 7:
                continue
            x, density, p = pressures(world)
            worst = max(worst, float(np.maximum(density - 1.0, 0.0).mean()))
            bulk = (np.abs(x[:, :2] - wide / 2) < wide / 2 - 3 * size).all(axis=1)
            layer = np.digitize(x[bulk, 2], edges) - 1
            for k in range(4):
                total[k] += p[bulk][layer == k].sum()
                height[k] += x[bulk, 2][layer == k].sum()
                count[k] += (layer == k).sum()
        expected = world.entities[0].material.rho * G * (deep - height / count)
        ratio = total / count / expected
        k = int(np.abs(ratio - 1.0).argmax())
        figures.append(
            Figure(
                f"pressure {1e2 * (deep - height[k] / count[k]):.1f} cm deep, {solver} [Pa]",
                float(total[k] / count[k]),
                float(expected[k]),
                0.03,
                "rho g depth; the worst of four depths",
            )
        )
        if solver == "DFSPH":
            figures.append(most("compression at rest, mean, DFSPH", worst, 0.01, "incompressible"))
    return figures


def dam_break() -> list[Figure]:
    """A column of water, 16 particles wide and 32 high, that collapses between walls."""
    a, figures = 0.1, []
    size = a / 16
    for solver, substep in (("WCSPH", 2e-4), ("DFSPH", 1e-3)):
        world = scene(
            solver=solver,
            substep=substep,
            substeps=1,
            particle_size=size,
            gravity=G,
            lower=(0.0, 0.0, 0.0),
            upper=(6 * a, 6 * size, 3 * a),
        )
        world.add_entity(gs.morphs.Box(lower=(0.0, 0.0, 0.0), upper=(a, 6 * size, 2 * a)), water())
        world.build()
        time, front = [0.0], [1.0]
        compression = peak = 0.0
        for t in moments(world, 4.0 / np.sqrt(2 * G / a)):
            time.append(t * np.sqrt(2 * G / a))
            front.append((liquid(world).x[:, 0].max() + size / 2) / a)
            density = pressures(world)[1]
            compression = max(compression, float(np.maximum(density - 1.0, 0.0).mean()))
            peak = max(peak, float(np.quantile(density, 0.99) - 1.0))

        def errors(delay: float, time=time, front=front) -> np.ndarray:
            return np.interp(FRONT[:, 0] - delay, time, front) / FRONT[:, 1] - 1.0

        delay = min(np.linspace(-0.5, 1.0, 301), key=lambda d: float((errors(d) ** 2).sum()))
        k = int(np.abs(errors(delay)).argmax())
        figures.append(
            Figure(
                f"front of a dam break at {FRONT[k, 0]:g} sqrt(a / 2 g), {solver} [widths]",
                float(FRONT[k, 1] * (1.0 + errors(delay)[k])),
                float(FRONT[k, 1]),
                0.1,
                f"Martin and Moyce 1952, delay {delay:.2f} fitted; the worst of 15 points",
            )
        )
        if solver == "DFSPH":
            source = "incompressible; the worst of all substeps"
            figures.append(
                most("compression in a dam break, mean, DFSPH", compression, 0.01, source)
            )
            figures.append(
                most("compression there that 1 % of particles pass, DFSPH", peak, 0.01, source)
            )
    return figures
