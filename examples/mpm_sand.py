"""A column of sand collapses; how far it runs out, and how steep the heap is that it leaves.

A round column of radius r and height h < 1.7 r runs out by 1.24 h on a plane, whatever the grains:
measured by Lube, Huppert, Sparks and Hallworth, "Axisymmetric collapses of granular columns",
Journal of Fluid Mechanics 508 (2004). Here the thin edge of the heap, less than a cell high, is
missing.
"""

import math

import matter_pictures as pictures
import torch

import genesis_state as gs

RADIUS = HEIGHT = 0.08
ANGLE = 30.0  # of internal friction [degrees]
STEPS = 100
RING = 0.02

if __name__ == "__main__":
    options = pictures.arguments(__doc__).parse_args()
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=12),
        mpm_options=gs.options.MPMOptions(
            grid_density=100, lower_bound=(-0.25, -0.25, -0.05), upper_bound=(0.25, 0.25, 0.15)
        ),
    )
    scene.add_entity(gs.morphs.Plane(), gs.materials.Rigid(coup_friction=0.5))
    sand = scene.add_entity(
        gs.morphs.Cylinder(pos=(0.0, 0.0, HEIGHT / 2), radius=RADIUS, height=HEIGHT),
        gs.materials.MPM.Sand(E=3e5, friction_angle=ANGLE, sampler="random"),
    )
    scene.build()
    strip = pictures.Strip(scene, across=(-0.18, 0.18), up=(-0.02, 0.1), speed=0.7)
    for step in range(STEPS):
        if step in (0, 20, 40):
            strip.take(f"{scene.t * scene.dt:.2f} s")
        scene.step()
    strip.take(f"{scene.t * scene.dt:.2f} s")

    pos = sand.get_particles_pos()
    radius, z = pos[:, :2].norm(dim=1), pos[:, 2]
    run_out = (radius.quantile(0.999).item() - RADIUS) / HEIGHT
    rings = torch.arange(0, RADIUS + run_out * HEIGHT, RING).tolist()
    tops = [z[(radius >= r) & (radius < r + RING)].quantile(0.995).item() for r in rings]
    slopes = [
        math.degrees(math.atan((a - b) / (2 * RING))) for a, b in zip(tops, tops[2:], strict=False)
    ]
    print(f"{sand.n_particles} particles run out by {run_out:.2f} times the column's height")
    print("slope of the heap, inside to outside:", *(f"{slope:.0f}" for slope in slopes))

    assert sand.get_particles_vel().norm(dim=1).mean() < 5e-3, "it came to rest"
    assert 0.7 < run_out < 1.24
    assert 0.5 * ANGLE < max(slopes) < ANGLE
    strip.save(options.picture)
