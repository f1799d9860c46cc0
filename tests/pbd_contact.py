"""Matter of position based dynamics and rigid bodies: balls dropped, bodies thrown and hung up."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

import genesis_state as gs
from tests.experiment import moments, run
from tests.figures import Figure, most
from tests.mpm_contact import DENSITIES, SHAPES, STONE, Body
from tests.pbd_matter import PBD, Matter
from tests.sheets import sheet_file

G = 9.81
SIZE = 0.02


def world(gravity: float, lower: Any, upper: Any, **options: Any) -> gs.Scene:
    """An unbuilt scene; particles are 2 cm wide."""
    return gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=8, gravity=(0.0, 0.0, -gravity)),
        pbd_options=gs.options.PBDOptions(
            particle_size=SIZE, lower_bound=lower, upper_bound=upper, **options
        ),
    )


def add_matter(scene: gs.Scene, kind: str, x: float, y: float, z: float) -> Any:
    """Cloth of 25 cm, an elastic cube of 12 cm or water of 24 cm by 24 cm by 14 cm, at its top."""
    if kind == "cloth":
        sheet = gs.morphs.Mesh(file=sheet_file(21, 21, 0.0125), pos=(x, y, z))
        smooth = PBD.Cloth(air_resistance=0.0, static_friction=0.0, kinetic_friction=0.0)
        return scene.add_entity(sheet, smooth)
    if kind == "elastic":
        cube = gs.morphs.Box(pos=(x, y, z - 0.06), size=(0.12, 0.12, 0.12))
        return scene.add_entity(cube, PBD.Elastic())
    water = gs.morphs.Box(pos=(x, y, z - 0.07), size=(0.24, 0.24, 0.14))
    return scene.add_entity(water, PBD.Liquid(density_relaxation=1.0))


KINDS = ("cloth", "elastic", "liquid")


def dropped_balls() -> list[Figure]:
    """Balls of three densities dropped on cloth held at its rim, on elastic cubes, into water."""
    radius, pitch, top = 0.04, 0.32, 0.2
    scene = world(G, (-0.16, -0.16, -0.1), (0.8, 0.8, 0.6), max_density_solver_iterations=4)
    scene.add_entity(gs.morphs.Plane())
    for k in range(4):  # a trough for each pool
        y = pitch * (k - 0.5)
        low, high = (0.48, y - 0.04, 0.0), (0.8, y + 0.04, 0.4)
        scene.add_entity(gs.morphs.Box(lower=low, upper=high, fixed=True))
    for x in (0.48, 0.8):
        low, high = (x - 0.04, -0.2, 0.0), (x + 0.04, 0.84, 0.4)
        scene.add_entity(gs.morphs.Box(lower=low, upper=high, fixed=True))
    pairs, surfaces = [], {"cloth": top, "elastic": 0.13, "liquid": 0.14}
    for i, kind in enumerate(KINDS):
        for k, rho in enumerate(DENSITIES):
            x, y, z = pitch * i, pitch * k, surfaces[kind]
            matter = add_matter(scene, kind, x, y, z)
            ball = scene.add_entity(
                gs.morphs.Sphere(pos=(x + 0.003, y, z + 0.15 + radius), radius=radius),
                gs.materials.Rigid(rho=rho),
            )
            pairs.append((kind, matter, ball))
    scene.build()
    for kind, matter, _ in pairs:
        if kind == "cloth":
            place = matter.get_particles_pos()
            middle = place.mean(0)
            rim = (place - middle).abs().max(dim=1).values > 0.12
            matter.fix_particles(rim.nonzero().squeeze(1))
    parts = [(Matter(matter), Body(ball)) for _, matter, ball in pairs]
    start = [m.energy(G) + b.energy(G) for m, b in parts]
    fall = [b.mass * G * 0.15 for _, b in parts]
    gain = inside = through = 0.0
    for _ in moments(scene, 0.8):
        state = scene.get_state()
        for j, (m, b) in enumerate(parts):
            gain = max(gain, (m.energy(G, state) + b.energy(G, state) - start[j]) / fall[j])
            centre = b.now(state).x
            x = m.now(state)[0].numpy()
            inside = max(inside, radius - np.linalg.norm(x - centre, axis=1).min())
            if pairs[j][0] == "cloth":
                through = max(through, x[:, 2].min() - centre[2])
    source = "3 densities dropped on 3 kinds of matter: no tunnelling"
    return [
        most("gain of energy, in falls of the ball", gain, 0.01, "ball and matter, never above"),
        most("deepest particle in a ball [particle sizes]", inside / SIZE, 0.1, source),
        most("lowest ball below its cloth [m]", through, 0.0, source),
    ]


def thrown_bodies() -> list[Figure]:
    """A free rigid body of each shape thrown at free matter of each kind, without gravity."""
    scene = world(0.0, (-1.0, -1.0, -0.6), (1.0, 1.0, 0.6), max_density_solver_iterations=4)
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        for k in range(6):
            kind, (shape, geom) = KINDS[k % 3], list(SHAPES.items())[k % len(SHAPES)]
            path = Path(folder) / f"{shape}.xml"
            path.write_text(
                f"<mujoco><asset>{STONE if shape == 'mesh' else ''}</asset><default>"
                f'<geom density="1000" euler="20 30 40"/></default><worldbody><body><freejoint/>'
                f"{geom}</body></worldbody></mujoco>"
            )
            x, y = 0.45 * (k % 3 - 1), 0.45 * (k // 3 - 0.5)
            body = scene.add_entity(
                gs.morphs.MJCF(file=path, pos=(x + 0.04, y - 0.03, 0.13)),
                gs.materials.Rigid(coup_friction=0.4),
            )
            pairs.append((f"{shape}, {kind}", body, add_matter(scene, kind, x, y, 0.03)))
        scene.build()
    for _, body, _ in pairs:
        body.set_dofs_velocity([0.3, -0.2, -2.0, 2.0, 1.0, -3.0])
    parts = [(Matter(matter), Body(body)) for _, body, matter in pairs]
    centres = [m.centre for m, _ in parts]

    def total(k: int) -> np.ndarray:
        m, b = parts[k]
        return m.momentum(centres[k]) + b.momentum(centres[k].numpy())

    before = [total(k) for k in range(len(pairs))]
    run(scene, 0.08)
    change = [(total(k) - before[k]) for k in range(len(pairs))]
    limit = 1e-9 if gs.tc_float == torch.float64 else 1e-5
    names = [name for name, _, _ in pairs]
    figures = []
    for what, part in (("linear", slice(0, 3)), ("angular", slice(3, 6))):
        off = [
            float(np.linalg.norm(c[part]) / np.linalg.norm(b[part]))
            for c, b in zip(change, before, strict=True)
        ]
        source = f"conservation; thrown at 3 kinds of matter, the worst is {names[np.argmax(off)]}"
        figures.append(most(f"change of {what} momentum in contact", off, limit, source))
    return figures


def hung_up() -> list[Figure]:
    """Boxes that hang on strips: how deep; and the momentum of both where the strip is free."""
    figures = []
    limit = 1e-9 if gs.tc_float == torch.float64 else 1e-5
    length, edge = 0.5, 0.06
    for held in (True, False):
        scene = gs.Scene(
            sim_options=gs.options.SimOptions(
                dt=4e-3, substeps=10, gravity=(0.0, 0.0, -G if held else 0.0)
            ),
            pbd_options=gs.options.PBDOptions(lower_bound=(-2, -2, -2), upper_bound=(2, 2, 2)),
        )
        strips, boxes = [], []
        masses = (0.005, 0.02, 0.1)
        for k, mass in enumerate(masses):
            y = 0.3 * (k - 1)
            sheet = gs.morphs.Mesh(
                file=sheet_file(26, 3, length / 25), pos=(0.0, y, 0.0), euler=(0.0, 90.0, 0.0)
            )
            strips.append(scene.add_entity(sheet, PBD.Cloth(rho=0.5, air_resistance=0.0)))
            box = gs.morphs.Box(pos=(0.0, y, -0.5 * (length + edge)), size=(edge, edge, edge))
            boxes.append(scene.add_entity(box, gs.materials.Rigid(rho=mass / edge**3)))
        scene.build()
        for strip, box in zip(strips, boxes, strict=True):
            z = strip.get_particles_pos()[:, 2]
            low = (z < -0.49 * length).nonzero().squeeze(1)
            strip.fix_particles_to_link(box.links[0].idx, low)
            if held:
                strip.fix_particles((z > 0.49 * length).nonzero().squeeze(1))
            else:
                box.set_dofs_velocity([0.3, 0.2, -0.5, 1.0, 2.0, 0.0])
        parts = [(Matter(strip), Body(box)) for strip, box in zip(strips, boxes, strict=True)]
        origin = torch.zeros(3, dtype=torch.float64)
        before = [(m.momentum(origin) + b.momentum(origin.numpy()))[:3] for m, b in parts]
        heights = []
        for t in moments(scene, 2.0 if held else 1.0):
            if t > 1.0:
                heights.append([float(b.now().x[2]) for _, b in parts])
        if held:
            deep = -0.5 * (length + edge) - np.mean(heights, axis=0)
            figures.append(
                most(
                    "stretch of a strip that a box hangs on, heaviest of 1 to 20 times its weight",
                    float(np.abs(deep).max() / length),
                    0.03,
                    "next to none, compliance 1e-7",
                )
            )
            continue
        change = [
            float(
                np.linalg.norm((m.momentum(origin) + b.momentum(origin.numpy()))[:3] - p)
                / np.linalg.norm(p)
            )
            for (m, b), p in zip(parts, before, strict=True)
        ]
        source = "conservation; boxes of 1 to 20 times the strip's mass"
        figures.append(most("change of momentum of a box on a strip", change, limit, source))
    return figures


def floats() -> list[Figure]:
    """A box of half the density of the water that it floats on, let go above it."""
    wide, deep, edge = 0.28, 0.16, 0.12
    scene = world(
        G,
        (-0.5 * wide, -0.5 * wide, -0.1),
        (0.5 * wide, 0.5 * wide, 0.6),
        max_density_solver_iterations=4,
    )
    scene.add_entity(gs.morphs.Plane())
    water = gs.morphs.Box(
        lower=(-0.5 * wide, -0.5 * wide, 0.0), upper=(0.5 * wide, 0.5 * wide, deep)
    )
    scene.add_entity(water, PBD.Liquid(density_relaxation=1.0))
    box = scene.add_entity(
        gs.morphs.Box(pos=(0.0, 0.0, deep + 0.5 * edge), size=(edge, edge, edge)),
        gs.materials.Rigid(rho=500.0),
    )
    scene.build()
    run(scene, 1.5)
    heights = [float(Body(box).now().x[2]) for _ in moments(scene, 0.5)]
    return [
        Figure(
            "height of a floating box of half the density of water [m]",
            float(np.mean(heights)),
            deep + 0.5 * edge**3 / wide**2,
            0.05,
            "Archimedes",
        )
    ]
