"""Matter by itself: what is conserved, how it falls, bounces, vibrates and runs out."""

from __future__ import annotations

import math

import numpy as np
import torch

import genesis_state as gs
from tests.experiment import moments, run
from tests.figures import Figure, frequency, most
from tests.mpm_matter import MPM, every_material, matter, scene

G = 9.81


def momentum() -> list[Figure]:
    """A cube of each material that flies, spins and vibrates, away from everything."""
    limit = 1e-9 if gs.tc_float == torch.float64 else 1e-6
    world = scene(substep=2e-4)
    for i, material in enumerate(every_material(E=1e5).values()):
        place = (-0.45 + 0.3 * (i % 4), -0.2 + 0.4 * (i // 4), 0.0)
        world.add_entity(gs.morphs.Box(pos=place, size=(0.16,) * 3), material=material)
    world.build()
    for cube in world.entities:
        r = matter(cube).x - matter(cube).centre
        turning = torch.linalg.cross(torch.tensor([[1.0, -2.0, 3.0]], dtype=r.dtype), r)
        flying = torch.tensor([0.3, -0.2, 0.25], dtype=r.dtype)
        stretching = 3.0 * r * torch.tensor([1.0, -1.0, 0.0], dtype=r.dtype)
        cube.set_particles_vel(flying + turning + stretching)
    before = [matter(cube) for cube in world.entities]
    run(world, 0.06)
    linear, angular = [], []
    for cube, old in zip(world.entities, before, strict=True):
        new = matter(cube)
        linear.append(float((new.momentum - old.momentum).norm() / old.momentum.norm()))
        spin = old.spin(old.centre)
        angular.append(float((new.spin(old.centre) - spin).norm() / spin.norm()))
    names = tuple(every_material(E=1e5))
    source = "conservation, 300 substeps, each material; the worst is "
    return [
        most("change of linear momentum", linear, limit, source + names[np.argmax(linear)]),
        most("change of angular momentum", angular, limit, source + names[np.argmax(angular)]),
    ]


def free_fall() -> list[Figure]:
    """A cube of each material, thrown."""
    world = scene(substep=5e-4, gravity=G)
    for i, material in enumerate(every_material(E=1e5).values()):
        place = (-0.6 + 0.4 * (i % 4), -0.3 + 0.6 * (i // 4), 0.3)
        world.add_entity(gs.morphs.Box(pos=place, size=(0.16,) * 3), material=material)
    world.build()
    for cube in world.entities:
        cube.set_particles_vel((0.2, -0.1, 1.0))
    before = [matter(cube) for cube in world.entities]
    seconds, h = 0.4, 5e-4
    run(world, seconds)
    n = round(seconds / h)
    start, fall = torch.tensor([[0.2, -0.1, 1.0], [0.0, 0.0, -G]], dtype=torch.float64)
    speed, place, bent = [], [], []
    for cube, old in zip(world.entities, before, strict=True):
        new = matter(cube)
        speed.append(float((new.v - start - n * h * fall).abs().max()))
        # Symplectic Euler: velocities first, then positions with the new ones.
        moved = n * h * start + 0.5 * n * (n + 1) * h**2 * fall
        place.append(float((new.x - old.x - moved).abs().max()))
        bent.append(float((new.F - torch.eye(3, dtype=new.F.dtype)).abs().max()))
    limit = 1e-11 if gs.tc_float == torch.float64 else 5e-5
    source = "symplectic Euler, n h v + n (n + 1) / 2 h^2 g; after 0.4 s, each material"
    return [
        most("velocity in free fall, error [m/s]", speed, limit, source),
        most("position in free fall, error [m]", place, limit, source),
        most("F - 1 in free fall", bent, limit, "no force bends it"),
    ]


def bounces() -> list[Figure]:
    """Elastic cubes that hit a rigid floor, and others that fly to and fro between walls."""
    figures = []
    for gravity, name in ((G, "on the floor"), (0.0, "between the walls")):
        bottom = -0.125 if gravity else -0.5
        world = scene(
            substep=2e-4,
            gravity=gravity,
            lower=(-0.5, -0.5, bottom),
            upper=(0.5, 0.5, 0.75 + bottom),
        )
        if gravity:
            world.add_entity(gs.morphs.Plane())
        for i, model in enumerate(("corotation", "neohooken")):
            world.add_entity(
                gs.morphs.Box(
                    pos=(0.2 - 0.4 * i, 0.0, 0.375 + bottom),
                    size=(0.16,) * 3,
                    quat=(0.95, 0.2, 0.1, 0.05),
                ),
                material=MPM.Elastic(E=1e5, model=model),
            )
        world.build()
        cubes = world.entities[-2:]
        for cube in cubes:
            cube.set_particles_vel((0.0, 1.5, 2.0) if not gravity else (0.0, 0.0, -1.0))

        def energy(cube, gravity=gravity):
            now = matter(cube)
            return now.kinetic + now.elastic + now.weight_energy(gravity)

        start = [energy(cube) for cube in cubes]
        excess = 0.0
        turned = False
        for t in moments(world, 0.6):
            if round(t / world.dt) % 5:
                continue
            for cube, first in zip(cubes, start, strict=True):
                excess = max(excess, energy(cube) / first - 1)
                turned |= bool(matter(cube).momentum[2] * (1 if gravity else -1) > 0)
        assert turned
        source = "kinetic + elastic + potential, both elastic laws; never above its start"
        figures.append(most(f"gain of energy, bouncing {name}", excess, 0.01, source))
    return figures


def axial_mode() -> list[Figure]:
    """A free bar without Poisson's ratio that vibrates along its axis."""
    length, E, rho = 1.0, 1e5, 1000.0
    world = scene(substep=4e-4, lower=(-0.75, -0.25, -0.25), upper=(0.75, 0.25, 0.25), substeps=5)
    bar = world.add_entity(
        gs.morphs.Box(size=(length, 0.125, 0.125)), material=MPM.Elastic(E=E, nu=0.0, rho=rho)
    )
    world.build()
    x0 = matter(bar).x[:, 0]
    # Particles stand for matter up to the ends, half a spacing beyond the last ones.
    shape = torch.sin(math.pi * x0 / length)
    bar.set_particles_vel(torch.stack((0.02 * shape, 0 * shape, 0 * shape), dim=-1))
    expected = math.sqrt(E / rho) / (2 * length)
    times, amplitude = [0.0], [float((matter(bar).v[:, 0] * shape).mean())]
    for t in moments(world, 3.2 / expected):
        times.append(t)
        amplitude.append(float((matter(bar).v[:, 0] * shape).mean()))
    return [
        Figure(
            "first axial frequency of a free bar, 32 cells long [Hz]",
            frequency(np.array(times), np.array(amplitude)),
            expected,
            0.05,
            "sqrt(E / rho) / (2 L), nu = 0, L the length of the box",
        )
    ]


def run_out(aspect: float, friction_angle: float = 22.0) -> Figure:
    """A column of sand that is let go on a rough floor.

    The front is where the deposit ends: the median over 12 sectors of the radius within which 99 %
    of the sector's sand lies. The cone of `Sand` goes through the friction angle in triaxial
    compression; where sand spreads in one direction alone, 22 degrees of it are as much as 30
    degrees of a Coulomb material, and 30 as much as 44.
    """
    radius, cell = 0.1, 0.0125
    reach = radius * (1 + 1.24 * aspect) + 0.1
    world = scene(
        substep=4e-4,
        density=1 / cell,
        gravity=G,
        lower=(-reach, -reach, -0.05),
        upper=(reach, reach, radius * aspect + 0.1),
    )
    rough = math.tan(math.radians(friction_angle))
    world.add_entity(gs.morphs.Plane(), material=gs.materials.Rigid(coup_friction=rough))
    height = radius * aspect
    sand = world.add_entity(
        gs.morphs.Cylinder(pos=(0.0, 0.0, 0.5 * height), radius=radius, height=height),
        material=MPM.Sand(E=2e5, friction_angle=friction_angle),
    )
    world.build()
    # 3.3 is the time that spreading takes, in sqrt(height / g), by the same experiments.
    run(world, 2 * 3.3 * math.sqrt(height / G))
    return Figure(
        f"run-out of a column of sand, height / radius {aspect:g}, {friction_angle:g} degrees",
        front(matter(sand).x.numpy()) / radius,
        1 + 1.24 * aspect,
        0.2,
        "Lube et al. 2004, 1 + 1.24 height / radius, whatever the sand",
    )


def column() -> list[Figure]:
    """Columns of sand as high as half their radius, their radius, and more."""
    return [run_out(aspect) for aspect in (0.5, 1.0, 1.4)]


def front(x: np.ndarray) -> float:
    """Radius at which a round heap ends."""
    r = np.hypot(x[:, 0], x[:, 1])
    sector = ((np.arctan2(x[:, 1], x[:, 0]) / (2 * math.pi) + 0.5) * 12).astype(int) % 12
    return float(np.median([np.quantile(r[sector == k], 0.99) for k in range(12)]))
