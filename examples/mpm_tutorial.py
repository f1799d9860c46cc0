"""Genesis' tutorial scene: an elastic cube, a block of water and a plastic ball fall.

The same bodies and settings as its `examples/tutorials/mpm.py`. Matter comes to rest on the bottom
of the domain, three cells above `lower_bound`, so that it does not reach the plane.
"""

from typing import Any

import matter_pictures as pictures
import numpy as np
from tqdm import tqdm

import genesis_state as gs

TWICE = 10  # steps that are taken twice


def stretch(body: Any) -> np.ndarray:
    """How large a body is, as parts of what it was to begin with, along x, y and z."""
    return np.ptp(body.get_particles_pos().numpy(), axis=0) / np.ptp(body.init_particles, axis=0)


if __name__ == "__main__":
    parser = pictures.arguments(__doc__)
    parser.add_argument("--steps", type=int, default=1000, help="80 or more: then all have landed")
    options = parser.parse_args()

    gs.init()
    scene = gs.Scene(
        sim_options=gs.options.SimOptions(dt=4e-3, substeps=10),
        mpm_options=gs.options.MPMOptions(lower_bound=(-0.5, -1.0, 0.0), upper_bound=(0.5, 1.0, 1)),
    )
    scene.add_entity(morph=gs.morphs.Plane())
    elastic = scene.add_entity(
        material=gs.materials.MPM.Elastic(),
        morph=gs.morphs.Box(pos=(0.0, -0.5, 0.25), size=(0.2, 0.2, 0.2)),
    )
    liquid = scene.add_entity(
        material=gs.materials.MPM.Liquid(),
        morph=gs.morphs.Box(pos=(0.0, 0.0, 0.25), size=(0.3, 0.3, 0.3)),
    )
    plastic = scene.add_entity(
        material=gs.materials.MPM.ElastoPlastic(),
        morph=gs.morphs.Sphere(pos=(0.0, 0.5, 0.35), radius=0.1),
    )
    scene.build()

    strip = pictures.Strip(scene, across=(-0.95, 0.95), up=(-0.03, 0.6), plane="yz")
    strip.take("0.00 s")
    for step in tqdm(range(options.steps - TWICE), unit="step"):
        if step in (45, 80, 200):
            strip.take(f"{scene.t * scene.dt:.2f} s")
        scene.step()

    before = scene.get_state()
    for _ in range(TWICE):
        scene.step()
    after = scene.get_state()
    strip.take(f"{scene.t * scene.dt:.2f} s")
    scene.reset(before)
    for _ in range(TWICE):
        scene.step()
    assert scene.get_state().equal(after), "the last steps again: no bit differs"

    for body in (elastic, liquid, plastic):
        print(body.name, "is", *(f"{part:.2f}" for part in stretch(body)), "times as large")
    assert (abs(stretch(elastic) - 1) < 0.1).all(), "it springs back"
    assert (stretch(liquid)[:2] > 2).all(), "it spreads over the ground"
    assert 0.7 < stretch(plastic)[2] < 0.95, "its impact has left a flat"
    assert not scene.mpm_solver.get_error_envs_mask().any()
    strip.save(options.picture)
