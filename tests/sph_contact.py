"""Liquid and rigid bodies that touch: balls dropped, bodies thrown, a block that floats."""

from __future__ import annotations

import numpy as np
import torch

import genesis_state as gs
from tests.experiment import moments, run
from tests.figures import Figure, most
from tests.mpm_contact import Body
from tests.sph_matter import SOLVERS, liquid, scene
from tests.sph_physics import G, water

DENSITIES = (20.0, 500.0, 2000.0)


def dropped_balls() -> list[Figure]:
    """A ball of one of three densities, seven particles wide, dropped into a tank of water.

    The tank has a floor and walls of rigid boxes, which lie half a particle inside its domain.
    """
    size, radius, wide, deep, thick = 0.01, 0.035, 0.16, 0.1, 0.03
    figures = []
    for solver, substep in (("WCSPH", 4e-4), ("DFSPH", 1e-3)):
        gain = inside = out = 0.0
        for rho in DENSITIES:
            world = scene(
                solver=solver,
                substep=substep,
                substeps=5,
                particle_size=size,
                gravity=G,
                lower=(-0.1, -0.1, -thick),
                upper=(0.1, 0.1, 0.5),
            )

            def box(lower, upper, world=world):
                world.add_entity(gs.morphs.Box(lower=lower, upper=upper, fixed=True))

            h = wide / 2
            box((-h - thick, -h - thick, -thick), (h + thick, h + thick, 0.0))
            box((-h - thick, -h - thick, 0.0), (-h, h + thick, 3 * deep))
            box((h, -h - thick, 0.0), (h + thick, h + thick, 3 * deep))
            box((-h, -h - thick, 0.0), (h, -h, 3 * deep))
            box((-h, h, 0.0), (h, h + thick, 3 * deep))
            pool = gs.morphs.Box(lower=(-h, -h, 0.0), upper=(h, h, deep))
            world.add_entity(pool, water())
            ball = world.add_entity(
                gs.morphs.Sphere(pos=(0.02, 0.01, deep + 0.04 + radius), radius=radius),
                gs.materials.Rigid(rho=rho),
            )
            world.build()
            body = Body(ball)
            # Above that of a ball on the floor and water at rest.
            least = body.mass * G * radius
            start = body.energy(G) - least
            for _ in moments(world, 0.5):
                state = world.get_state()
                x = state.sph.pos[0].double().numpy()
                gain = max(gain, (body.energy(G, state) - least) / start - 1)
                centre = body.now(state).x
                if (
                    centre[2] > radius + size
                ):  # later it squeezes what lies between it and the floor
                    inside = max(inside, radius - np.linalg.norm(x - centre, axis=1).min())
                out = max(out, -x[:, 2].min(), np.abs(x[:, :2]).max() - h)
        source = f"3 densities, {solver}: no tunnelling"
        figures += [
            most(
                f"gain of energy of a dropped ball, {solver}",
                gain,
                0.01,
                "never above that of its fall",
            ),
            most("deepest particle in a ball [sizes]", max(inside / size, 0.0), 0.1, source),
            most("deepest particle in walls and floor", max(out / size, 0.0), 0.1, source),
        ]
    return figures


def thrown_bodies() -> list[Figure]:
    """A box and a ball thrown into drops, without gravity."""
    limit = 1e-9 if gs.tc_float == torch.float64 else 1e-5
    figures = []
    for solver in SOLVERS:
        world = scene(solver=solver, substep=5e-4, particle_size=0.02)
        for y, shape in (
            (-0.2, gs.morphs.Box(size=(0.08, 0.06, 0.05), pos=(0.02, -0.22, 0.16))),
            (0.2, gs.morphs.Sphere(radius=0.04, pos=(0.02, 0.19, 0.16))),
        ):
            world.add_entity(gs.morphs.Sphere(radius=0.1, pos=(0.0, y, 0.0)), water(gamma=0.01))
            world.add_entity(shape, gs.materials.Rigid(rho=600.0, coup_friction=0.4))
        world.build()
        thrown = [world.entities[1], world.entities[3]]
        for entity in thrown:
            entity.set_dofs_velocity([0.2, -0.1, -1.5, 2.0, 1.0, -3.0])
        bodies = [Body(entity) for entity in thrown]
        about = liquid(world).centre

        def total(world=world, bodies=bodies, about=about) -> np.ndarray:
            return liquid(world).momentum(about) + sum(body.momentum(about) for body in bodies)

        before = total()
        start = bodies[0].now().v
        run(world, 0.15)
        assert np.linalg.norm(bodies[0].now().v - start) > 0.3
        change = total() - before
        source = f"conservation, 300 substeps, {solver}"
        for name, part in (("linear", slice(0, 3)), ("angular", slice(3, 6))):
            error = float(np.linalg.norm(change[part]) / np.linalg.norm(before[part]))
            figures.append(most(f"change of {name} momentum in contact", error, limit, source))
    return figures


def floating() -> list[Figure]:
    """A block of half the density of water, which floats half immersed."""
    size, wide, deep, edge = 0.01, 0.18, 0.1, 0.08
    figures = []
    for solver, substep in (("WCSPH", 4e-4), ("DFSPH", 2e-3)):
        world = scene(
            solver=solver,
            substep=substep,
            substeps=2,
            particle_size=size,
            gravity=G,
            lower=(-wide / 2, -wide / 2, 0.0),
            upper=(wide / 2, wide / 2, 0.4),
        )
        pool = gs.morphs.Box(pos=(0.0, 0.0, deep / 2), size=(wide, wide, deep))
        world.add_entity(pool, water(mu=0.005))
        height = 0.06
        block = world.add_entity(
            gs.morphs.Box(pos=(0.0, 0.0, deep + height / 2 + 0.005), size=(edge, edge, height)),
            gs.materials.Rigid(rho=500.0),
        )
        world.build()
        places = [float(block.get_pos()[..., 2].item()) for t in moments(world, 2.4) if t > 1.2]
        # The level rises by what the block displaces.
        level = deep + 0.5 * height * edge**2 / wide**2
        figures.append(
            Figure(
                f"immersion of a block of half the density, {solver} [m]",
                level - float(np.mean(places)) + height / 2,
                height / 2,
                0.1,
                "Archimedes; a tenth is a third of a particle",
            )
        )
    return figures
