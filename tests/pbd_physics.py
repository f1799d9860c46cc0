"""Ties and liquid by themselves: what a spring, a hinge, a strip and a pool are like at rest."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

import genesis_state as gs
from tests.experiment import moments, run
from tests.figures import Figure, most
from tests.pbd_matter import PBD, pieces, settled
from tests.sheets import sheet_file

G = 9.81


def springs() -> list[Figure]:
    """A mass on a spring, with several iterations, time steps and compliances."""
    errors, names = [], []
    for compliance, mass in ((1e-3, 0.1), (1e-4, 2.0)):
        for iterations, dt, substeps in ((1, 1e-2, 1), (4, 4e-3, 1), (4, 4e-3, 10), (30, 2e-2, 2)):
            material = PBD.Cloth(rho=1.0, stretch_compliance=compliance, air_resistance=0.0)
            solver = pieces(
                material,
                [(0.0, 0.0, 0.5), (0.0, 0.0, 0.3)],
                [mass, mass],
                [0],
                edges=[(0, 1)],
                dt=dt,
                substeps=substeps,
                max_stretch_solver_iterations=iterations,
            )
            extension = 0.3 - settled(solver, 6.0)[1, 2]
            solver.close()
            errors.append(extension / (compliance * mass * G) - 1.0)
            names.append(f"{iterations} iterations, {dt:g} s in {substeps} substeps")
    worst = names[int(np.abs(errors).argmax())]
    return [
        most(
            "extension of a spring by a weight, error",
            errors,
            0.02,
            f"compliance m g; the worst of 8 is {worst}",
        )
    ]


def hinge() -> list[Figure]:
    """A triangle that hangs on a hinge, whose other triangle is held level."""
    compliance, mass, arm = 5.0, 0.1, 0.1
    solver = pieces(
        PBD.Cloth(
            rho=1.0, stretch_compliance=0.0, bending_compliance=compliance, air_resistance=1.0
        ),
        [(0.0, 0.0, 0.5), (0.0, arm, 0.5), (-arm, 0.0, 0.5), (arm, 0.0, 0.5)],
        [mass] * 4,
        [0, 1, 2],
        edges=[(0, 1), (0, 2), (1, 2), (0, 3), (1, 3)],
        hinges=[(0, 1, 2, 3)],
        dt=4e-3,
        substeps=10,
    )
    x = settled(solver, 8.0)[3]
    solver.close()

    def lifts(angle: float) -> bool:
        return angle / compliance < mass * G * arm * math.cos(angle)

    return [
        Figure(
            "angle of a hinge under a weight [rad]",
            math.atan2(0.5 - x[2], x[0]),
            root(lifts, 0.0, math.pi / 2),
            0.02,
            "angle / compliance = m g a cos(angle)",
        )
    ]


def root(rises: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition that holds below begins to fail."""
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if rises(middle) else (low, middle)
    return low


def catenary(length: float, span: float) -> float:
    """Parameter a of the chain z = a cosh(x / a) of this length [m] over this span [m]."""

    def long(a: float) -> bool:
        return 2 * a * math.sinh(0.5 * span / a) > length

    return root(long, 0.01 * length, 100.0 * length)


def strip() -> list[Figure]:
    """A strip of 51 by 3 particles, 1 m long, whose ends come within 0.8 m of each other."""
    length, span, seconds = 1.0, 0.8, 1.0
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=10),
        pbd_options=gs.options.PBDOptions(lower_bound=(-1, -1, -1), upper_bound=(1, 1, 1)),
    )
    sheet = gs.morphs.Mesh(file=sheet_file(51, 3, length / 50))
    cloth = PBD.Cloth(rho=0.2, bending_compliance=1e3, air_resistance=0.01)
    entity = scene.add_entity(sheet, cloth)
    scene.build()
    x = entity.get_particles_pos()
    for end in (-0.5, 0.5):
        held = ((x[:, 0] - end * length).abs() < 1e-4).nonzero().squeeze(1)
        entity.set_particles_vel((-end * (length - span) / seconds, 0.0, 0.0), held)
        entity.fix_particles(held, zero_velocity=False)
    run(scene, seconds)
    entity.fix_particles((~entity.get_particles_free()).nonzero().squeeze(1))
    run(scene, 3.0)
    places = [entity.get_particles_pos().double() for _ in moments(scene, 3.0)]
    x = torch.stack(places).mean(0).numpy()
    a = catenary(length, span)
    depth = a * (math.cosh(0.5 * span / a) - 1.0)
    off = x[:, 2] - a * (np.cosh(x[:, 0] / a) - math.cosh(0.5 * span / a))
    source = "the catenary of its length and span"
    return [
        Figure("sag of a hanging strip [m]", float(-x[:, 2].min()), depth, 0.03, source),
        most("farthest from the catenary, in sags", float(np.abs(off).max() / depth), 0.03, source),
    ]


def pool() -> list[Figure]:
    """Water 0.4 m deep, 10 by 10 by 20 particles, on a rigid floor between walls."""
    size = 0.02
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=4),
        pbd_options=gs.options.PBDOptions(
            particle_size=size,
            lower_bound=(-0.1, -0.1, -0.5),
            upper_bound=(0.1, 0.1, 0.6),
            max_density_solver_iterations=4,
        ),
    )
    scene.add_entity(gs.morphs.Plane())
    water = gs.morphs.Box(lower=(-0.1, -0.1, 0.0), upper=(0.1, 0.1, 0.4))
    scene.add_entity(water, PBD.Liquid(density_relaxation=1.0))
    scene.build()
    run(scene, 1.5)
    solver = scene.pbd_solver
    means, worst, below, speeds = [], [], [], []
    for _ in moments(scene, 1.5):
        z = solver.arena.get("slot_pos")[0, :, 2]
        density = solver.arena.get("slot_density")[0].double()
        inner = z < z.max() - 3 * size
        means.append(float(density[inner].mean()))
        worst.append(float(density[inner].max()))
        x = scene.entities[1].get_particles_pos().double()
        below.append(float(((x[:, 2] > 0.06) & (x[:, 2] < 0.26)).sum()))
        speeds.append(float(scene.entities[1].get_particles_vel().norm(dim=-1).mean()))
    source = "that at rest; deeper than 3 spacings"
    return [
        most("density of water at rest, error of the mean", np.mean(means) - 1.0, 0.02, source),
        most("likewise, largest error of a particle", np.mean(worst) - 1.0, 0.02, source),
        Figure(
            "particles from 6 to 26 cm above the floor",
            float(np.mean(below)),
            0.2 * 0.2 * 0.2 / size**3,
            0.02,
            "the volume in between, time mean",
        ),
        most("speed of its particles at rest [m/s]", float(np.mean(speeds)), 0.02, "0"),
    ]
